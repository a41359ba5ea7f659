//! The scenario format, version 1: every key there is.
//!
//! Holds the [`Shape`]s. Called by the readers of each part, by `schema`, and by a test that holds docs/scenarios.md to them. A key
//! is added here and read in its part's reader; forgetting either fails the first debug build that reads a scenario.

use super::shape::Kind::{
    Check, Choice, Count, Either, Factor, Flag, Latency, List, Map, Mischief, Name, OneOf, Rate, RateRamp, Share, Span, Text,
    Users,
};
use super::shape::{Shape, may, must};

/// The form of the file.
pub const VERSION: u64 = 1;

const MANY: u64 = 1_000_000;

/// The whole file.
pub static SCENARIO: Shape = Shape {
    path: "",
    about: "A load test of Amazon Chime SDK Meetings, for headcount.",
    keys: &[
        must("version", Count(VERSION, VERSION), "The form of the file: 1."),
        may("name", Name, "What the scenario is called. Default: the file's name."),
        may("about", Text, "One sentence on what it is for."),
        may("env", List(&Name), "Environment variables the file uses as ${NAME}. None but these are looked at."),
        may("target", Map(&TARGET), "The service to ask, and its meetings."),
        may("mock", Map(&MOCK), "An embedded mock to ask instead of a service."),
        may("data", OneOf(&DATA), "Who asks for seats. Default: generated users, lt-{run}-{seq:06}."),
        must("load", OneOf(&LOAD), "When calls are made, in one of four models."),
        may("operations", OneOf(&OPERATIONS), "Which calls are made. Default: create-attendee alone."),
        may(
            "retry",
            Either(&[Choice(&["off", "standard", "legacy"]), Map(&RETRY)]),
            "Whether a failed call is tried again. Default: off.",
        ),
        may("timeout", Span, "When an attempt is given up. Default: 30s."),
        may("seed", Count(0, u64::MAX), "Where all chance comes from. Default: 42."),
        may("thresholds", List(&Either(&[Check, Map(&THRESHOLD)])), "What the run is held to."),
    ],
};

/// Whom to ask.
pub static TARGET: Shape = Shape {
    path: "target",
    about: "The service to ask.",
    keys: &[
        may("region", Text, "An AWS region. Default: the region of the AWS settings."),
        may("endpoint_url", Text, "Another address of the service, http:// or https://. Not together with mock."),
        may("meetings", Map(&MEETINGS), "Where the attendees are put."),
    ],
};

/// Where attendees are put.
pub static MEETINGS: Shape = Shape {
    path: "target.meetings",
    about: "Meetings made for the run, or meetings that exist. Default: create: auto; with a roster, the meetings of its rows.",
    keys: &[
        may("create", Either(&[Count(1, MANY), Choice(&["auto"])]), "How many are made ahead, or auto: as the load needs them."),
        may(
            "renew",
            Either(&[Span, Choice(&["off"])]),
            "Age at which a made meeting is replaced, below the 5 minutes after which an empty one ends. Default: 4m.",
        ),
        may("share", Share, "Share of the rate that making, renewing and deleting meetings may take. Default: 10%."),
        may("max_attendees", Count(1, 250), "Attendees put into one meeting. Default: 250, the service's limit."),
        may("ids", List(&Text), "MeetingIds that exist, instead of create."),
    ],
};

/// The embedded mock.
pub static MOCK: Shape = Shape {
    path: "mock",
    about: "An embedded mock of the service; its words are those of headcount mock.",
    keys: &[
        may(
            "latency",
            Latency,
            "How long answers take: 20ms, lognormal:35ms/180ms, or { lognormal: { p50: 35ms, p99: 180ms } }. Default: 0s.",
        ),
        may("quota", Text, "off, published, or single limits such as published,create_attendee=20/40. Default: off."),
        may(
            "lifetime",
            Flag,
            "Whether meetings end by themselves: after five minutes without anybody, and after a day. Default: true with a published quota.",
        ),
        may("time_scale", Factor, "How much faster than in life they do. Default: 1."),
        may("workers", Count(1, MANY), "Requests at work at once; the others wait in line. Needs service."),
        may("service", Latency, "How long one request keeps a worker. Needs workers."),
        may("ids", Choice(&["fold", "exact"]), "Whether ids that differ only in letter case are one. Default: fold."),
        may("retry_hints", Flag, "Whether a 429 says how long to wait. Default: false."),
        may("mischief", List(&Mischief), "What goes wrong, and when; docs/mock.md has every trick."),
    ],
};

/// Who asks.
pub static DATA: Shape = Shape {
    path: "data",
    about: "Who asks for seats.",
    keys: &[may("generate", Map(&GENERATE), "Made-up users."), may("roster", Map(&ROSTER), "The rows of a roster.")],
};

/// Made-up users.
pub static GENERATE: Shape = Shape {
    path: "data.generate",
    about: "Made-up users.",
    keys: &[must(
        "external_user_id",
        Text,
        "A template: {run} is the run's id (8 characters), {seq} the user's number, {seq:06} with leading zeros.",
    )],
};

/// A roster's rows.
pub static ROSTER: Shape = Shape {
    path: "data.roster",
    about: "The rows of a roster, in order.",
    keys: &[
        must("file", Text, "The roster, from the scenario's own folder."),
        may(
            "use",
            Choice(&["unique", "repeat"]),
            "unique: each row once, and the run ends with them; repeat: from the top again. Default: unique.",
        ),
    ],
};

/// The four models.
pub static LOAD: Shape = Shape {
    path: "load",
    about: "When calls are made.",
    keys: &[
        may("open", Map(&OPEN), "Calls come at a rate, whether or not earlier ones were answered: as people do."),
        may("closed", Map(&CLOSED), "A number of users, each asking, thinking, and asking again."),
        may("trace", Map(&TRACE), "Calls come at instants read from a file."),
        may("shared", Map(&SHARED), "A number of calls, made as fast as allowed."),
    ],
};

const IN_FLIGHT: &str = "Calls in flight at once. Default: 500.";
const GRACE: &str = "How long calls in flight at the end may take before they count as aborted. Default: 30s.";
const SATURATION: &str =
    "What becomes of an arrival that finds no free slot: queue (it waits, and the wait counts) or drop. Default: queue.";
const QUEUE: &str = "Arrivals that may wait; beyond it they are dropped, and counted. Default: 100000.";

/// An open model.
pub static OPEN: Shape = Shape {
    path: "load.open",
    about: "Calls come at a rate.",
    keys: &[
        may("arrivals", Choice(&["uniform", "poisson"]), "Evenly, or as independent people come. Default: uniform."),
        may("max_in_flight", Count(1, MANY), IN_FLIGHT),
        may("on_saturation", Choice(&["queue", "drop"]), SATURATION),
        may("max_queue", Count(1, 100 * MANY), QUEUE),
        may("grace", Span, GRACE),
        must("stages", List(&Map(&STAGE)), "Stretches of time, one after another."),
    ],
};

/// A stage of an open model.
pub static STAGE: Shape = Shape {
    path: "load.open.stages",
    about: "A stretch of time with a rate.",
    keys: &[
        may("name", Name, "What it is called. Default: stage-1, stage-2, …"),
        must("rate", RateRamp, "40/s, or a ramp 5/s..40/s; 0/s is a pause."),
        must("duration", Span, "How long it lasts."),
        may("warmup", Flag, "Kept, but not judged. Default: false."),
    ],
};

/// A closed model.
pub static CLOSED: Shape = Shape {
    path: "load.closed",
    about: "A number of users, each waiting for its answer before it asks again.",
    keys: &[
        may("think", Latency, "What a user waits between an answer and the next call: 2s, exponential:2s. Default: 0s."),
        may("grace", Span, GRACE),
        must("stages", List(&Map(&USER_STAGE)), "Stretches of time, one after another."),
    ],
};

/// A stage of a closed model.
pub static USER_STAGE: Shape = Shape {
    path: "load.closed.stages",
    about: "A stretch of time with a number of users.",
    keys: &[
        may("name", Name, "What it is called. Default: stage-1, stage-2, …"),
        must("users", Users, "50, or a ramp 1..50."),
        must("duration", Span, "How long it lasts."),
        may("warmup", Flag, "Kept, but not judged. Default: false."),
    ],
};

/// Recorded arrivals.
pub static TRACE: Shape = Shape {
    path: "load.trace",
    about: "Calls come at instants read from a file.",
    keys: &[
        must(
            "file",
            Text,
            "Seconds from the start, a line each, or what headcount schedule prints; from the scenario's own folder.",
        ),
        may("speed", Factor, "How much faster than recorded. Default: 1."),
        may("max_in_flight", Count(1, MANY), IN_FLIGHT),
        may("on_saturation", Choice(&["queue", "drop"]), SATURATION),
        may("max_queue", Count(1, 100 * MANY), QUEUE),
        may("grace", Span, GRACE),
    ],
};

/// A number of calls.
pub static SHARED: Shape = Shape {
    path: "load.shared",
    about: "A number of calls, made as fast as allowed.",
    keys: &[
        must("calls", Count(1, 1000 * MANY), "How many."),
        may("max_in_flight", Count(1, MANY), IN_FLIGHT),
        may("rate", Rate, "At most so many a second. Default: unlimited."),
        may("max_duration", Span, "When to stop although calls are left. Default: 1h."),
        may("grace", Span, GRACE),
    ],
};

/// The names of the calls.
pub static CALLS: [&str; 6] =
    ["create-attendee", "batch-create-attendee", "create-meeting", "get-attendee", "list-attendees", "delete-attendee"];

const WEIGHT: &str = "Its weight among the others.";

/// Which calls.
pub static OPERATIONS: Shape = Shape {
    path: "operations",
    about: "Which calls are made.",
    keys: &[
        may("weights", Map(&WEIGHTS), "Each call is one of these, by weight."),
        may("sequence", List(&Choice(&CALLS)), "Each arrival (or turn of a user) makes all of these, in order, for one user."),
    ],
};

/// Calls by weight.
pub static WEIGHTS: Shape = Shape {
    path: "operations.weights",
    about: "Calls by weight.",
    keys: &[
        may("create-attendee", Count(1, MANY), WEIGHT),
        may("batch-create-attendee", Count(1, MANY), "Its weight; a batch asks for up to 100 users."),
        may("create-meeting", Count(1, MANY), WEIGHT),
        may("get-attendee", Count(1, MANY), "Its weight; asks for an attendee made earlier in the run."),
        may("list-attendees", Count(1, MANY), WEIGHT),
        may("delete-attendee", Count(1, MANY), "Its weight; deletes an attendee made earlier in the run."),
    ],
};

/// Trying again.
pub static RETRY: Shape = Shape {
    path: "retry",
    about: "How a failed call is tried again.",
    keys: &[
        must("mode", Choice(&["standard", "legacy"]), "The SDKs' rules of 2026, or boto3's old ones."),
        may("max_attempts", Count(2, 100), "Attempts in all, the first included. Default: 3, and 5 for legacy."),
    ],
};

/// A threshold.
pub static THRESHOLD: Shape = Shape {
    path: "thresholds",
    about: "What the run is held to.",
    keys: &[
        must("check", Check, "response.p99 < 800ms, errors.rate < 0.1%, achieved/planned > 99% …"),
        may("stage", Name, "Only this stage. Default: all but warm-up."),
        may("operation", Choice(&CALLS), "Only this call. Default: all of them."),
        may("class", Text, "Only calls that ended in this class, such as unavailable. Default: all."),
        may("over", Span, "Judged over every stretch of this length, not over the whole."),
        may("for", Count(1, 10_000), "So many such stretches in a row must fail. Needs over. Default: 1."),
        may("after", Span, "Not judged before this much of the run (or of the stage) has passed. Default: 0s."),
        may("abort", Flag, "Whether failing ends the run at once. Default: false."),
    ],
};
