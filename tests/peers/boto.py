"""boto3, unmodified, against a running mock: every operation, every modelled exception by its class, pages, retries.

    python3 tests/peers/boto.py PORT

Prints each check that fails and, at the end, how many held. The mock's rules of mischief are set through its own endpoint.
"""

import sys
import urllib.request

import boto3
import botocore.exceptions
from botocore.config import Config

PORT = sys.argv[1]
KEY, SECRET = "AKIDHEADCOUNTMOCK", "headcount-mock-secret-key-EXAMPLE-0000000"
NOBODY = "00000000-0000-0000-0000-000000000000"
held = failed = 0


def client(secret=SECRET, key=KEY, region="us-east-1", attempts=1, **more):
    return boto3.client(
        "chime-sdk-meetings", region_name=region, endpoint_url=f"http://127.0.0.1:{PORT}", aws_access_key_id=key,
        aws_secret_access_key=secret, config=Config(retries={"total_max_attempts": attempts, "mode": "standard"},
                                                    parameter_validation=more.pop("validate", True)), **more)


def check(name, condition, shown=""):
    global held, failed
    if condition:
        held += 1
    else:
        failed += 1
        print(f"FAILED {name} {shown}")


def refused(name, kind, call, status=None, at=None):
    c = at or chime
    try:
        shown = call()
    except botocore.exceptions.ClientError as error:
        typed = getattr(c.exceptions, kind, None)
        right = isinstance(error, typed) if typed else error.response["Error"]["Code"] == kind
        meta = error.response["ResponseMetadata"]
        check(name, right and (status in (None, meta["HTTPStatusCode"])) and len(meta["RequestId"]) == 36, repr(error))
        return error
    check(name, False, f"no error but {shown}")


def mischief(text):
    body = ("version: 1\nmischief:\n" + text).encode()
    urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{PORT}/_mock/mischief", body, method="PUT"))


chime = client()
lax = client(validate=False)

# Meetings
made = chime.create_meeting(MediaRegion="us-east-1", ExternalMeetingId="room", ClientRequestToken="boto-1", Tags=[{"Key": "a", "Value": "1"}])
meeting, arn = made["Meeting"]["MeetingId"], made["Meeting"]["MeetingArn"]
check("create meeting", made["ResponseMetadata"]["HTTPStatusCode"] == 200)
check("get meeting", chime.get_meeting(MeetingId=meeting)["Meeting"] == made["Meeting"])
check("same token, same meeting", chime.create_meeting(MediaRegion="eu-west-1", ExternalMeetingId="other", ClientRequestToken="boto-1")["Meeting"] == made["Meeting"])
check("media placement", set(made["Meeting"]["MediaPlacement"]) == {"AudioHostUrl", "AudioFallbackUrl", "SignalingUrl", "TurnControlUrl", "ScreenDataUrl", "ScreenViewingUrl", "ScreenSharingUrl", "EventIngestionUrl"})
check("a token is made up where none is given", chime.create_meeting(MediaRegion="us-east-1", ExternalMeetingId="room")["Meeting"]["MeetingId"] != meeting)
refused("get nobody's meeting", "NotFoundException", lambda: chime.get_meeting(MeetingId=NOBODY), 404)
refused("no guid", "BadRequestException", lambda: chime.get_meeting(MeetingId="zz"), 400)
refused("a meeting id with blanks and slashes", "BadRequestException", lambda: chime.get_meeting(MeetingId="a b/c%d"), 400)
replica = chime.create_meeting(MediaRegion="us-east-1", ExternalMeetingId="room", PrimaryMeetingId=meeting)["Meeting"]
check("replica", replica["PrimaryMeetingId"] == meeting)
refused("replica of a replica", "BadRequestException", lambda: chime.create_meeting(MediaRegion="us-east-1", ExternalMeetingId="room", PrimaryMeetingId=replica["MeetingId"]))
hd = chime.create_meeting(MediaRegion="us-east-1", ExternalMeetingId="hd", MeetingFeatures={"Video": {"MaxResolution": "FHD"}, "Attendee": {"MaxCount": 25}})
check("features are echoed", hd["Meeting"]["MeetingFeatures"] == {"Video": {"MaxResolution": "FHD"}, "Attendee": {"MaxCount": 25}})
refused("too many in high definition", "BadRequestException", lambda: chime.create_meeting(MediaRegion="us-east-1", ExternalMeetingId="hd", MeetingFeatures={"Video": {"MaxResolution": "FHD"}, "Attendee": {"MaxCount": 26}}))

# Attendees: all 64 sets in the four kinds of meeting
D = ["SendReceive", "Send", "Receive", "None"]
for kind, (video_off, content_off) in enumerate([(0, 0), (1, 0), (0, 1), (1, 1)]):
    features = {}
    if video_off:
        features["Video"] = {"MaxResolution": "None"}
    if content_off:
        features["Content"] = {"MaxResolution": "None"}
    m = chime.create_meeting(MediaRegion="us-east-1", ExternalMeetingId="kind", MeetingFeatures=features)["Meeting"]["MeetingId"]
    for n in range(64):
        audio, video, content = D[n // 16], D[n // 4 % 4], D[n % 4]
        caps = {"Audio": audio, "Video": video, "Content": content}
        fine = not (video_off and video != "None") and not (content_off and content != "None") and not (content in ("SendReceive", "Receive") and video not in ("SendReceive", "Receive"))
        ask = lambda: chime.create_attendee(MeetingId=m, ExternalUserId=f"user-{n}", Capabilities=caps)
        if fine:
            check(f"kind {kind} {caps}", ask()["Attendee"]["Capabilities"] == caps)
        else:
            refused(f"kind {kind} {caps}", "BadRequestException", ask, 400)
    default = chime.create_attendee(MeetingId=m, ExternalUserId="plain")["Attendee"]["Capabilities"]
    want = [("SendReceive", "SendReceive"), ("Receive", "SendReceive"), ("SendReceive", "None"), ("None", "None")][kind]
    check(f"kind {kind} default", (default["Video"], default["Content"]) == want, default)

# Attendees: ids at each bound
for user in ["ab", "x" * 64, "é" * 64, "Zoë «ß» #1", "-_&@+=,(){}[]/.:|'\"", "aws-x", "tab\there"]:
    check(f"id {user!r}", chime.create_attendee(MeetingId=meeting, ExternalUserId=user)["Attendee"]["ExternalUserId"] == user)
for user in ["x" * 65, "é" * 65, "aws:x", "AWS:x", "a%b", "日本語", "a\u00a0b", "a\0b"]:
    refused(f"id {user!r}", "BadRequestException", lambda: chime.create_attendee(MeetingId=meeting, ExternalUserId=user), 400)
refused("one character", "BadRequestException", lambda: lax.create_attendee(MeetingId=meeting, ExternalUserId="x"), 400, lax)
refused("bad enum", "BadRequestException", lambda: chime.create_attendee(MeetingId=meeting, ExternalUserId="ok", Capabilities={"Audio": "foo", "Video": "None", "Content": "None"}))
refused("half of the capabilities", "BadRequestException", lambda: lax.create_attendee(MeetingId=meeting, ExternalUserId="ok", Capabilities={"Audio": "None"}), 400, lax)
refused("nobody's meeting", "NotFoundException", lambda: chime.create_attendee(MeetingId=NOBODY, ExternalUserId="ok"), 404)
one = chime.create_attendee(MeetingId=meeting, ExternalUserId="Ada")["Attendee"]
check("idempotent", chime.create_attendee(MeetingId=meeting, ExternalUserId="Ada")["Attendee"] == one)
check("idempotent in another case", chime.create_attendee(MeetingId=meeting, ExternalUserId="ADA")["Attendee"] == one)
check("shapes", len(one["JoinToken"]) == 98 and len(one["AttendeeId"]) == 36)
check("get attendee", chime.get_attendee(MeetingId=meeting, AttendeeId=one["AttendeeId"])["Attendee"] == one)
refused("get nobody", "NotFoundException", lambda: chime.get_attendee(MeetingId=meeting, AttendeeId=NOBODY), 404)

# Batches and pages
batch = chime.batch_create_attendee(MeetingId=hd["Meeting"]["MeetingId"], Attendees=[{"ExternalUserId": f"b{i}"} for i in range(30)] + [{"ExternalUserId": "aws:x"}])
check("a batch fills the meeting", (len(batch["Attendees"]), len(batch["Errors"])) == (25, 6))
check("errors of a batch", {e["ErrorCode"] for e in batch["Errors"]} == {"ResourceLimitExceeded", "BadRequest"})
refused("full", "LimitExceededException", lambda: chime.create_attendee(MeetingId=hd["Meeting"]["MeetingId"], ExternalUserId="late"), 400)
refused("101 items", "BadRequestException", lambda: chime.batch_create_attendee(MeetingId=meeting, Attendees=[{"ExternalUserId": f"b{i}"} for i in range(101)]))
refused("0 items", "BadRequestException", lambda: lax.batch_create_attendee(MeetingId=meeting, Attendees=[]), 400, lax)
users, token, pages = [], None, 0
while True:
    page = chime.list_attendees(MeetingId=hd["Meeting"]["MeetingId"], MaxResults=7, **({"NextToken": token} if token else {}))
    users += [a["ExternalUserId"] for a in page["Attendees"]]
    token, pages = page.get("NextToken"), pages + 1
    if not token:
        break
check("pages", users == [f"b{i}" for i in range(25)] and pages == 4)
refused("MaxResults 101", "BadRequestException", lambda: chime.list_attendees(MeetingId=meeting, MaxResults=101))
refused("a made-up token", "BadRequestException", lambda: chime.list_attendees(MeetingId=meeting, NextToken="a b+c/=&"))

# Capabilities
none = {"Audio": "None", "Video": "None", "Content": "None"}
check("update", chime.update_attendee_capabilities(MeetingId=meeting, AttendeeId=one["AttendeeId"], Capabilities=none)["Attendee"]["Capabilities"] == none)
check("update all but", chime.batch_update_attendee_capabilities_except(MeetingId=meeting, ExcludedAttendeeIds=[{"AttendeeId": one["AttendeeId"]}], Capabilities=none)["ResponseMetadata"]["HTTPStatusCode"] == 200)
refused("update against R3", "BadRequestException", lambda: chime.update_attendee_capabilities(MeetingId=meeting, AttendeeId=one["AttendeeId"], Capabilities={**none, "Content": "Receive"}))
refused("update nobody", "NotFoundException", lambda: chime.update_attendee_capabilities(MeetingId=meeting, AttendeeId=NOBODY, Capabilities=none))
refused("251 exclusions", "BadRequestException", lambda: chime.batch_update_attendee_capabilities_except(MeetingId=meeting, ExcludedAttendeeIds=[{"AttendeeId": NOBODY}] * 251, Capabilities=none))

# Transcription and tags
chime.start_meeting_transcription(MeetingId=meeting, TranscriptionConfiguration={"EngineTranscribeSettings": {"LanguageCode": "en-US"}})
chime.start_meeting_transcription(MeetingId=meeting, TranscriptionConfiguration={"EngineTranscribeMedicalSettings": {"LanguageCode": "en-US", "Specialty": "UROLOGY", "Type": "DICTATION"}})
check("stop", chime.stop_meeting_transcription(MeetingId=meeting)["ResponseMetadata"]["HTTPStatusCode"] == 200)
refused("stop again", "UnprocessableEntityException", lambda: chime.stop_meeting_transcription(MeetingId=meeting), 422)
refused("no engine", "BadRequestException", lambda: chime.start_meeting_transcription(MeetingId=meeting, TranscriptionConfiguration={}))
check("tag", chime.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "two words"}])["ResponseMetadata"]["HTTPStatusCode"] == 204)
check("list tags", chime.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "two words"}])
check("untag", chime.untag_resource(ResourceARN=arn, TagKeys=["a"])["ResponseMetadata"]["HTTPStatusCode"] == 204)
error = refused("too many tags", "TooManyTagsException", lambda: chime.tag_resource(ResourceARN=arn, Tags=[{"Key": f"k{i}", "Value": ""} for i in range(50)]), 400)
check("its resource", error.response.get("ResourceName") == arn, error.response)
error = refused("no such resource", "ResourceNotFoundException", lambda: chime.list_tags_for_resource(ResourceARN=arn[:-1] + "x"), 404)

# Deleting
both = chime.create_meeting_with_attendees(MediaRegion="us-east-1", ExternalMeetingId="room", Attendees=[{"ExternalUserId": f"w{i}"} for i in range(20)])
check("meeting with attendees", len(both["Attendees"]) == 20 and both["Errors"] == [])
refused("meeting with 21", "BadRequestException", lambda: chime.create_meeting_with_attendees(MediaRegion="us-east-1", ExternalMeetingId="room", Attendees=[{"ExternalUserId": f"w{i}"} for i in range(21)]))
check("delete attendee", chime.delete_attendee(MeetingId=meeting, AttendeeId=one["AttendeeId"])["ResponseMetadata"]["HTTPStatusCode"] == 204)
refused("delete nobody", "NotFoundException", lambda: chime.delete_attendee(MeetingId=meeting, AttendeeId=one["AttendeeId"]))
check("somebody else", chime.create_attendee(MeetingId=meeting, ExternalUserId="Ada")["Attendee"]["AttendeeId"] != one["AttendeeId"])
for _ in range(2):
    check("delete meeting", chime.delete_meeting(MeetingId=meeting)["ResponseMetadata"]["HTTPStatusCode"] == 204)
error = refused("ended", "NotFoundException", lambda: chime.create_attendee(MeetingId=meeting, ExternalUserId="Ada"))
check("its message", error.response["Error"]["Message"] == "The meeting has ended")
refused("its replica", "NotFoundException", lambda: chime.get_meeting(MeetingId=replica["MeetingId"]))

# The front end
refused("wrong secret", "InvalidSignatureException", lambda: client(secret="x").get_meeting(MeetingId=NOBODY), 403)
refused("unknown key", "UnrecognizedClientException", lambda: client(key="AKIDX").get_meeting(MeetingId=NOBODY), 403)
refused("a session token nobody gave", "UnrecognizedClientException", lambda: client(aws_session_token="tok").get_meeting(MeetingId=NOBODY), 403)
refused("another region", "NotFoundException", lambda: client(region="eu-central-1").get_meeting(MeetingId=hd["Meeting"]["MeetingId"]), 404)

# Exceptions that only mischief brings about, and what boto3 makes of them
m = both["Meeting"]["MeetingId"]
for kind, status in [("UnauthorizedException", 401), ("ForbiddenException", 403), ("UnprocessableEntityException", 422), ("LimitExceededException", 400), ("ThrottlingException", 429), ("ServiceFailureException", 500), ("ServiceUnavailableException", 503), ("NotFoundException", 404), ("BadRequestException", 400)]:
    mischief(f"  - name: x\n    do: {{ error: {{ type: {kind}, retry_after: \"7\" }} }}\n")
    error = refused(f"mischief {kind}", kind, lambda: chime.create_attendee(MeetingId=m, ExternalUserId="ok"), status)
check("retry after", error.response["ResponseMetadata"]["HTTPHeaders"].get("retry-after") == "7")
mischief("  - name: x\n    do: { error: { type: ConflictException } }\n")
refused("mischief conflict", "ConflictException", lambda: chime.create_meeting(MediaRegion="us-east-1", ExternalMeetingId="room"), 409)
mischief("  - name: x\n    first_per_key: 2\n    do: { error: { type: ThrottlingException, retry_after_ms: \"10\" } }\n")
got = client(attempts=3).create_attendee(MeetingId=m, ExternalUserId="again")
check("boto3 retries a throttle twice", got["ResponseMetadata"]["RetryAttempts"] == 2, got)
mischief("  - name: x\n    first_per_key: 1\n    do: { reset: after_work }\n")
got = client(attempts=3).create_attendee(MeetingId=m, ExternalUserId="reset")
check("boto3 retries a reset", got["ResponseMetadata"]["RetryAttempts"] == 1, got)
mischief("  - name: x\n    active: false\n    do: close\n")

print(f"boto3: {held} checks held, {failed} failed")
sys.exit(failed > 0)
