"""boto3 behind headcount's back: what it deletes, makes anew, adds and changes in a running mock, `headcount reconcile` finds and mends.

    python3 tests/peers/reconcile.py PORT HEADCOUNT
"""

import csv
import os
import subprocess
import sys
import tempfile

import boto3

PORT, HEADCOUNT = sys.argv[1], os.path.abspath(sys.argv[2])
KEY, SECRET, URL = "AKIDHEADCOUNTMOCK", "headcount-mock-secret-key-EXAMPLE-0000000", f"http://127.0.0.1:{sys.argv[1]}"
ENV = {"HOME": "/nonexistent", "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
held = failed = 0


def check(name, condition, shown=""):
    global held, failed
    held, failed = held + bool(condition), failed + (not condition)
    if not condition:
        print(f"FAILED {name} {shown}")


def headcount(*words):
    return subprocess.run([HEADCOUNT, *words, "--endpoint-url", URL, "--rate", "500/s"], env=ENV, cwd=folder, capture_output=True, text=True, timeout=120)


def rows(name):
    with open(os.path.join(folder, name), newline="") as file:
        return list(csv.DictReader(file))


def listed():
    pages = chime.get_paginator("list_attendees") if chime.can_paginate("list_attendees") else None
    if pages:
        return [a for page in pages.paginate(MeetingId=meeting) for a in page["Attendees"]]
    found, more = [], {}
    while True:
        page = chime.list_attendees(MeetingId=meeting, **more)
        found += page["Attendees"]
        if not page.get("NextToken"):
            return found
        more = {"NextToken": page["NextToken"]}


with tempfile.TemporaryDirectory() as folder:
    chime = boto3.client("chime-sdk-meetings", region_name="us-east-1", endpoint_url=URL, aws_access_key_id=KEY, aws_secret_access_key=SECRET)
    meeting = chime.create_meeting(MediaRegion="us-east-1", ExternalMeetingId="room", ClientRequestToken="reconcile-1")["Meeting"]["MeetingId"]
    people = [f"zoë #{n:03}" for n in range(230)]
    with open(os.path.join(folder, "roster.csv"), "w") as file:
        file.write("ExternalUserId,MeetingId\n" + "".join(f"{user},{meeting}\n" for user in people))
    done = headcount("provision", "roster.csv", "-o", "tokens.csv")
    check("provision", done.returncode == 0, done.stderr)
    done = headcount("reconcile", "tokens.csv")
    check("clean over three pages", done.returncode == 0 and "230 attendees" in done.stderr, done.stderr)

    ids = {row["ExternalUserId"]: row["AttendeeId"] for row in rows("tokens.csv")}
    for user in people[:2]:
        chime.delete_attendee(MeetingId=meeting, AttendeeId=ids[user])
    anew = chime.create_attendee(MeetingId=meeting, ExternalUserId=people[1])["Attendee"]
    extra = chime.create_attendee(MeetingId=meeting, ExternalUserId="a stranger")["Attendee"]
    quiet = {"Audio": "Receive", "Video": "Receive", "Content": "None"}
    chime.update_attendee_capabilities(MeetingId=meeting, AttendeeId=ids[people[2]], Capabilities=quiet)
    done = headcount("reconcile", "tokens.csv")
    found = {row["Difference"]: (row["ExternalUserId"], row["AttendeeId"]) for row in rows("tokens.csv.run/differences.csv")}
    wanted = {"missing": (people[0], ids[people[0]]), "token-lost": (people[1], anew["AttendeeId"]),
              "capabilities": (people[2], ids[people[2]]), "extra": ("a stranger", extra["AttendeeId"])}
    check("what boto3 did is found", done.returncode == 3 and found == wanted, (found, done.stderr))

    done = headcount("reconcile", "tokens.csv", "--repair", "--change-capabilities", "--yes")
    check("repair", done.returncode == 0 and "goes live" in done.stderr, done.stderr)
    tokens = {(row["ExternalUserId"], row["AttendeeId"], row["JoinToken"], row["Audio"], row["Content"]) for row in rows("tokens.csv")}
    told = {(a["ExternalUserId"], a["AttendeeId"], a["JoinToken"], a["Capabilities"]["Audio"], a["Capabilities"]["Content"])
            for a in listed() if a["ExternalUserId"] != "a stranger"}
    check("the tokens file is what boto3 lists", tokens == told, len(tokens ^ told))

    with open(os.path.join(folder, "roster.csv"), "w") as file:
        file.write("ExternalUserId,MeetingId\n" + "".join(f"{user},{meeting}\n" for user in people[30:]))
    done = headcount("provision", "roster.csv", "-o", "tokens.csv", "--prune", "--yes")
    check("prune", done.returncode == 0 and {a["ExternalUserId"] for a in listed()} == {*people[30:], "a stranger"}, done.stderr)
    done = headcount("cleanup", "tokens.csv", "--attendees", "--yes")
    check("cleanup", done.returncode == 0 and [a["ExternalUserId"] for a in listed()] == ["a stranger"], done.stderr)

print(f"reconcile against boto3: {held} checks held, {failed} failed")
sys.exit(failed > 0)
