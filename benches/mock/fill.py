"""Fills an unsigned mock: so many meetings with so many attendees each, in batches of a hundred."""

import http.client
import json
import sys

port, meetings, seats = map(int, sys.argv[1:4])
connection = http.client.HTTPConnection("127.0.0.1", port)


def post(target, body):
    connection.request("POST", target, json.dumps(body), {"content-type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 200, text
    return json.loads(text)


for m in range(meetings):
    made = post("/meetings", {"ClientRequestToken": f"meeting-{m}", "MediaRegion": "us-east-1", "ExternalMeetingId": f"room {m}"})
    meeting = made["Meeting"]["MeetingId"]
    for start in range(0, seats, 100):
        users = [{"ExternalUserId": f"somebody.{m}.{n}@example.com"} for n in range(start, min(start + 100, seats))]
        assert not post(f"/meetings/{meeting}/attendees?operation=batch-create", {"Attendees": users})["Errors"]
connection.request("GET", "/_mock/state")
print(connection.getresponse().read().decode())
