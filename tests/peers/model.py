"""The independent check of names: botocore's service-2.json, read now, against what the mock accepts, refuses and answers.

    python3 tests/peers/model.py PORT

For every operation of the model a valid request is generated from its shapes alone; the answer's members and status must be
those of the output shape; then each constraint that a shape states (required, length, range, enum, pattern) is broken by one.
"""

import sys

import boto3
import botocore.exceptions
from botocore.config import Config

PORT = sys.argv[1]
held = failed = 0


def check(name, condition, shown=""):
    global held, failed
    held, failed = held + bool(condition), failed + (not condition)
    if not condition:
        print(f"FAILED {name} {shown}")


chime = boto3.client("chime-sdk-meetings", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{PORT}", aws_access_key_id="AKIDHEADCOUNTMOCK",
                     aws_secret_access_key="headcount-mock-secret-key-EXAMPLE-0000000", config=Config(retries={"total_max_attempts": 1}, parameter_validation=False))
model = chime.meta.service_model
python = {model.operation_model(n).name: p for p, n in chime.meta.method_to_api_mapping.items()}
check("sixteen operations", len(model.operation_names) == 16)

FIXED = {"MediaRegion": "us-east-1", "ClientRequestToken": None, "PrimaryMeetingId": None, "NextToken": None, "Capabilities": {"Audio": "SendReceive", "Video": "SendReceive", "Content": "SendReceive"},
         "TenantIds": ["tenant-1"], "Tags": [{"Key": "k", "Value": "v"}], "TagKeys": ["k"], "LambdaFunctionArn": "arn:aws:x", "SnsTopicArn": "arn:aws:x", "SqsQueueArn": "arn:aws:x", "MaxCount": 20,
         "LanguageOptions": "en-US", "PiiEntityTypes": "ALL"}


def sample(shape, name=""):
    """A value of a shape, made from what the shape states."""
    if name in FIXED:
        return FIXED[name]
    if shape.type_name == "structure":
        out = {k: sample(s, k) for k, s in shape.members.items()}
        return {k: v for k, v in out.items() if v is not None}
    if shape.type_name == "list":
        return [sample(shape.member, name)]
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "x" * max(shape.metadata.get("min", 2), 2)
    return {"integer": shape.metadata.get("min", 1), "boolean": True}[shape.type_name]


count = 0


def world():
    """A meeting, an attendee and their names, fresh for each call."""
    global count
    count += 1
    meeting = chime.create_meeting(MediaRegion="us-east-1", ExternalMeetingId="room", ClientRequestToken=f"model-{count}")["Meeting"]
    attendee = chime.create_attendee(MeetingId=meeting["MeetingId"], ExternalUserId="ada")["Attendee"]
    chime.start_meeting_transcription(MeetingId=meeting["MeetingId"], TranscriptionConfiguration={"EngineTranscribeSettings": {}})
    return {"MeetingId": meeting["MeetingId"], "AttendeeId": attendee["AttendeeId"], "ResourceARN": meeting["MeetingArn"]}


def request(operation):
    global count
    names = world()
    out = {}
    for member, shape in operation.input_shape.members.items():
        value = names.get(member, sample(shape, member))
        if member == "ClientRequestToken":
            count += 1
            value = f"model-{count}"
        if member == "TranscriptionConfiguration":
            value = {"EngineTranscribeSettings": value["EngineTranscribeSettings"]}
        if member == "ExcludedAttendeeIds":
            value = [{"AttendeeId": names["AttendeeId"]}]
        if value is not None:
            out[member] = value
    return out


def walk(shape, value, path=()):
    yield path, shape, value
    if shape.type_name == "structure" and isinstance(value, dict):
        for k, s in shape.members.items():
            if k in value:
                yield from walk(s, value[k], path + (k,))
    if shape.type_name == "list" and value:
        yield from walk(shape.member, value[0], path + (0,))


def put(value, path, new, gone=object):
    """A copy of a value with one place changed, or taken away."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1 and new is gone:
        del copy[path[0]]
    else:
        copy[path[0]] = put(copy[path[0]] if (isinstance(copy, list) or path[0] in copy) else None, path[1:], new)
    return copy


def call(operation, params):
    try:
        return getattr(chime, python[operation.name])(**params), None
    except botocore.exceptions.ClientError as error:
        return None, error


def shown_right(shape, value, path):
    """Every member of an answer is one of the model, of its type; and those of Attendee and Meeting are all there."""
    if shape.type_name == "structure":
        check(f"{path} has members of the model only", set(value) <= set(shape.members), value)
        if shape.name in ("Attendee", "AttendeeCapabilities", "MediaPlacement", "CreateAttendeeError"):
            check(f"{path} is whole", set(value) == set(shape.members), value)
        for k, v in value.items():
            shown_right(shape.members[k], v, f"{path}.{k}")
    elif shape.type_name == "list":
        check(f"{path} is a list", isinstance(value, list))
        for v in value[:1]:
            shown_right(shape.member, v, path)
    else:
        check(f"{path} is a {shape.type_name}", isinstance(value, {"string": str, "integer": int, "boolean": bool}[shape.type_name]), value)


def spoilt(shape, value, where):
    """What breaks one constraint that a shape states."""
    meta = shape.metadata
    if shape.type_name == "string":
        if meta.get("min", 0) >= 1 and "ARN" not in where:
            yield "too short", "x" * (meta["min"] - 1)
        if meta.get("max"):
            yield "too long", "arn:" + "x" * (meta["max"] - 3) if "rn" in where else "x" * (meta["max"] + 1)
        if shape.enum:
            yield "no word of the set", "Nonsense"
        if meta.get("pattern"):
            yield "outside the pattern", "\u2603\u2603"
    if shape.type_name == "integer":
        yield from (("too small", meta["min"] - 1), ("too large", meta["max"] + 1))
    if shape.type_name == "list":
        if meta.get("min", 0) >= 1:
            yield "too few", []
        if meta.get("max"):
            yield "too many", value * (meta["max"] + 1)


for name in model.operation_names:
    operation = model.operation_model(name)
    params = request(operation)
    answer, error = call(operation, params)
    check(f"{name} is answered", error is None, error)
    if answer is None:
        continue
    meta = answer.pop("ResponseMetadata")
    check(f"{name} has the model's status", meta["HTTPStatusCode"] == operation.http.get("responseCode", 200), meta)
    if operation.output_shape:
        shown_right(operation.output_shape, answer, name)
        optional = {"NextToken"}
        check(f"{name} answers with every member", set(answer) >= set(operation.output_shape.members) - optional, answer)
    for path, shape, value in list(walk(operation.input_shape, params)):
        where = f"{name} {'.'.join(map(str, path))}"
        if shape.type_name == "structure":
            for required in shape.required_members:
                full = path + (required,)
                located = shape.members[required].serialization.get("location") if not path else None
                if required == "ClientRequestToken" or located == "uri":
                    continue
                _, error = call(operation, put(params, full, object))
                check(f"{where}.{required} is required", error and error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error)
        for what, bad in spoilt(shape, value, where):
            _, error = call(operation, put(params, path, bad))
            right = error and error.response["ResponseMetadata"]["HTTPStatusCode"] == 400 and error.response["Error"]["Code"] == "BadRequestException"
            check(f"{where} {what}", right, error or "accepted")

# Every error that an operation lists has the status and the type the mock knows it by.
listed = {s.name: s.metadata.get("error", {}).get("httpStatusCode") for s in model.error_shapes}
mine = {"BadRequestException": 400, "LimitExceededException": 400, "TooManyTagsException": 400, "UnauthorizedException": 401, "ForbiddenException": 403, "NotFoundException": 404,
        "ResourceNotFoundException": 404, "ConflictException": 409, "UnprocessableEntityException": 422, "ThrottlingException": 429, "ServiceFailureException": 500, "ServiceUnavailableException": 503}
check("errors of the model", listed == mine, listed)

print(f"model: {held} checks held, {failed} failed")
sys.exit(failed > 0)
