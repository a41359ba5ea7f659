// The JavaScript SDK v3, unmodified, against a running mock: every operation, typed exceptions, pages.
//
//     node tests/peers/sdk.mjs PORT          (with @aws-sdk/client-chime-sdk-meetings beside it; see tests/peers/run)

import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), ".peers/node/package.json"));
const chime = require("@aws-sdk/client-chime-sdk-meetings");
const port = process.argv[2];
let held = 0, failed = 0;

function check(name, condition, shown) {
  if (condition) { held += 1; return; }
  failed += 1;
  console.log(`FAILED ${name}`, shown ?? "");
}

function client(secretAccessKey, maxAttempts = 1) {
  return new chime.ChimeSDKMeetingsClient({
    region: "us-east-1", endpoint: `http://127.0.0.1:${port}`, maxAttempts,
    credentials: { accessKeyId: "AKIDHEADCOUNTMOCK", secretAccessKey },
  });
}

const sdk = client("headcount-mock-secret-key-EXAMPLE-0000000");
const ask = (name, input, by = sdk) => by.send(new chime[`${name}Command`](input));

async function refused(name, kind, status, promise) {
  try {
    check(name, false, await promise);
  } catch (error) {
    const typed = chime[kind] ? error instanceof chime[kind] : error.name === kind;
    check(name, typed && error.$metadata.httpStatusCode === status && error.$metadata.requestId?.length === 36, error);
    return error;
  }
}

const none = { Audio: "None", Video: "None", Content: "None" };
const room = { MediaRegion: "us-east-1", ExternalMeetingId: "room" };
const made = await ask("CreateMeeting", { ...room, MeetingFeatures: { Attendee: { MaxCount: 30 } }, Tags: [{ Key: "a", Value: "1" }] });
const { MeetingId, MeetingArn } = made.Meeting;
check("CreateMeeting", made.$metadata.httpStatusCode === 200 && made.Meeting.MeetingFeatures.Attendee.MaxCount === 30, made);
check("GetMeeting", JSON.stringify((await ask("GetMeeting", { MeetingId })).Meeting) === JSON.stringify(made.Meeting));
const ada = (await ask("CreateAttendee", { MeetingId, ExternalUserId: "Zoë «ada» #1" })).Attendee;
check("CreateAttendee", ada.ExternalUserId === "Zoë «ada» #1" && ada.JoinToken.length === 98 && ada.Capabilities.Audio === "SendReceive", ada);
const { AttendeeId } = ada;
check("idempotent", (await ask("CreateAttendee", { MeetingId, ExternalUserId: "Zoë «ada» #1", Capabilities: none })).Attendee.JoinToken === ada.JoinToken);
check("GetAttendee", (await ask("GetAttendee", { MeetingId, AttendeeId })).Attendee.JoinToken === ada.JoinToken);
const batch = await ask("BatchCreateAttendee", { MeetingId, Attendees: [{ ExternalUserId: "bob" }, { ExternalUserId: "aws:x" }, { ExternalUserId: "eve", Capabilities: none }] });
check("BatchCreateAttendee", batch.Attendees.length === 2 && batch.Errors.length === 1 && batch.Errors[0].ErrorCode === "BadRequest", batch);
const users = [];
for await (const page of pages()) users.push(...page.Attendees.map((a) => a.ExternalUserId));
async function* pages() {
  let NextToken;
  do {
    const page = await ask("ListAttendees", { MeetingId, MaxResults: 1, NextToken });
    NextToken = page.NextToken;
    yield page;
  } while (NextToken);
}
check("ListAttendees", JSON.stringify(users) === JSON.stringify(["Zoë «ada» #1", "bob", "eve"]), users);
check("UpdateAttendeeCapabilities", (await ask("UpdateAttendeeCapabilities", { MeetingId, AttendeeId, Capabilities: none })).Attendee.Capabilities.Video === "None");
check("BatchUpdateAttendeeCapabilitiesExcept", (await ask("BatchUpdateAttendeeCapabilitiesExcept", { MeetingId, ExcludedAttendeeIds: [{ AttendeeId }], Capabilities: none })).$metadata.httpStatusCode === 200);
check("StartMeetingTranscription", (await ask("StartMeetingTranscription", { MeetingId, TranscriptionConfiguration: { EngineTranscribeSettings: { LanguageCode: "en-US" } } })).$metadata.httpStatusCode === 200);
check("StopMeetingTranscription", (await ask("StopMeetingTranscription", { MeetingId })).$metadata.httpStatusCode === 200);
await refused("stop again", "UnprocessableEntityException", 422, ask("StopMeetingTranscription", { MeetingId }));
check("TagResource", (await ask("TagResource", { ResourceARN: MeetingArn, Tags: [{ Key: "b", Value: "two words" }] })).$metadata.httpStatusCode === 204);
check("ListTagsForResource", (await ask("ListTagsForResource", { ResourceARN: MeetingArn })).Tags.length === 2);
check("UntagResource", (await ask("UntagResource", { ResourceARN: MeetingArn, TagKeys: ["a"] })).$metadata.httpStatusCode === 204);
await refused("unknown resource", "ResourceNotFoundException", 404, ask("ListTagsForResource", { ResourceARN: `${MeetingArn}x` }));
const tags = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: "" }));
const tooMany = await refused("too many tags", "TooManyTagsException", 400, ask("TagResource", { ResourceARN: MeetingArn, Tags: tags }));
check("its resource", tooMany.ResourceName === MeetingArn, tooMany);
const both = await ask("CreateMeetingWithAttendees", { ...room, Attendees: [{ ExternalUserId: "w1" }, { ExternalUserId: "w2" }] });
check("CreateMeetingWithAttendees", both.Attendees.length === 2 && both.Errors.length === 0, both);
await refused("bad id", "BadRequestException", 400, ask("CreateAttendee", { MeetingId, ExternalUserId: "aws:x" }));
await refused("bad meeting", "BadRequestException", 400, ask("CreateAttendee", { MeetingId: "a b%c", ExternalUserId: "ok" }));
await refused("nobody's meeting", "NotFoundException", 404, ask("GetMeeting", { MeetingId: "00000000-0000-0000-0000-000000000000" }));
await refused("wrong secret", "InvalidSignatureException", 403, ask("GetMeeting", { MeetingId }, client("wrong")));
for (const [kind, status] of [["UnauthorizedException", 401], ["ForbiddenException", 403], ["LimitExceededException", 400], ["ThrottlingException", 429], ["ServiceFailureException", 500], ["ServiceUnavailableException", 503]]) {
  await mischief(`  - name: x\n    do: { error: { type: ${kind} } }\n`);
  await refused(kind, kind, status, ask("CreateAttendee", { MeetingId, ExternalUserId: "ok" }));
}
await mischief("  - name: x\n    do: { error: { type: ConflictException } }\n");
await refused("ConflictException", "ConflictException", 409, ask("CreateMeeting", room));
await mischief("  - name: x\n    first_per_key: 2\n    do: { error: { type: ServiceUnavailableException } }\n");
const retried = await ask("CreateAttendee", { MeetingId, ExternalUserId: "again" }, client("headcount-mock-secret-key-EXAMPLE-0000000", 3));
check("three attempts", retried.$metadata.attempts === 3, retried.$metadata);
await mischief("  - name: x\n    active: false\n    do: close\n");
async function mischief(rules) {
  const answer = await fetch(`http://127.0.0.1:${port}/_mock/mischief`, { method: "PUT", body: `version: 1\nmischief:\n${rules}` });
  if (!answer.ok) throw new Error(await answer.text());
}
check("DeleteAttendee", (await ask("DeleteAttendee", { MeetingId, AttendeeId })).$metadata.httpStatusCode === 204);
await refused("deleted", "NotFoundException", 404, ask("GetAttendee", { MeetingId, AttendeeId }));
check("DeleteMeeting", (await ask("DeleteMeeting", { MeetingId })).$metadata.httpStatusCode === 204);
const ended = await refused("ended", "NotFoundException", 404, ask("CreateAttendee", { MeetingId, ExternalUserId: "late" }));
check("its message", ended.message === "The meeting has ended", ended);

console.log(`JavaScript SDK: ${held} checks held, ${failed} failed`);
process.exit(failed ? 1 : 0);
