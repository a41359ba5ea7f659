"""The AWS CLI, unmodified, against a running mock: every operation as a person would type it.

    python3 tests/peers/cli.py PORT AWS          (AWS is the program)
"""

import json
import os
import subprocess
import sys

PORT, AWS = sys.argv[1:3]
ENV = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_ACCESS_KEY_ID": "AKIDHEADCOUNTMOCK", "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
       "AWS_SECRET_ACCESS_KEY": "headcount-mock-secret-key-EXAMPLE-0000000", "AWS_ENDPOINT_URL_CHIME_SDK_MEETINGS": f"http://127.0.0.1:{PORT}", "AWS_MAX_ATTEMPTS": "1"}
held = failed = 0


def check(name, condition, shown=""):
    global held, failed
    held, failed = held + bool(condition), failed + (not condition)
    if not condition:
        print(f"FAILED {name} {shown}")


def aws(*words):
    done = subprocess.run([AWS, "chime-sdk-meetings", *words], env=ENV, capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else (None if done.returncode == 0 else done.stderr)


made = aws("create-meeting", "--media-region", "us-east-1", "--external-meeting-id", "room", "--client-request-token", "cli-1")
meeting, arn = made["Meeting"]["MeetingId"], made["Meeting"]["MeetingArn"]
one = aws("create-attendee", "--meeting-id", meeting, "--external-user-id", "Zoë #1")
attendee = one["Attendee"]["AttendeeId"]
none = "Audio=None,Video=None,Content=None"
check("create-attendee", one["Attendee"]["ExternalUserId"] == "Zoë #1", one)
check("get-meeting", aws("get-meeting", "--meeting-id", meeting) == made)
check("get-attendee", aws("get-attendee", "--meeting-id", meeting, "--attendee-id", attendee) == one)
batch = aws("batch-create-attendee", "--meeting-id", meeting, "--attendees", "ExternalUserId=bob", "ExternalUserId=aws:x")
check("batch-create-attendee", (len(batch["Attendees"]), len(batch["Errors"])) == (1, 1), batch)
page = aws("list-attendees", "--meeting-id", meeting, "--max-results", "1")
rest = aws("list-attendees", "--meeting-id", meeting, "--next-token", page["NextToken"])
check("list-attendees", [a["ExternalUserId"] for a in page["Attendees"] + rest["Attendees"]] == ["Zoë #1", "bob"])
check("update", aws("update-attendee-capabilities", "--meeting-id", meeting, "--attendee-id", attendee, "--capabilities", none)["Attendee"]["Capabilities"]["Audio"] == "None")
check("update all but", aws("batch-update-attendee-capabilities-except", "--meeting-id", meeting, "--excluded-attendee-ids", f"AttendeeId={attendee}", "--capabilities", none) is None)
check("start", aws("start-meeting-transcription", "--meeting-id", meeting, "--transcription-configuration", "EngineTranscribeSettings={LanguageCode=en-US}") is None)
check("stop", aws("stop-meeting-transcription", "--meeting-id", meeting) is None)
check("stop again", "UnprocessableEntityException" in aws("stop-meeting-transcription", "--meeting-id", meeting))
check("tag", aws("tag-resource", "--resource-arn", arn, "--tags", "Key=a,Value=1") is None)
check("list tags", aws("list-tags-for-resource", "--resource-arn", arn) == {"Tags": [{"Key": "a", "Value": "1"}]})
check("untag", aws("untag-resource", "--resource-arn", arn, "--tag-keys", "a") is None)
both = aws("create-meeting-with-attendees", "--media-region", "us-east-1", "--external-meeting-id", "room", "--attendees", "ExternalUserId=eve")
check("create-meeting-with-attendees", both["Attendees"][0]["ExternalUserId"] == "eve", both)
check("delete-attendee", aws("delete-attendee", "--meeting-id", meeting, "--attendee-id", attendee) is None)
check("deleted", "(NotFoundException)" in aws("get-attendee", "--meeting-id", meeting, "--attendee-id", attendee))
check("bad id", "(BadRequestException)" in aws("create-attendee", "--meeting-id", meeting, "--external-user-id", "aws:x"))
check("delete-meeting", aws("delete-meeting", "--meeting-id", meeting) is None)
check("ended", "The meeting has ended" in aws("create-attendee", "--meeting-id", meeting, "--external-user-id", "late"))

print(f"AWS CLI: {held} checks held, {failed} failed")
sys.exit(failed > 0)
