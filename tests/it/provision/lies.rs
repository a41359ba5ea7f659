//! Answers that must not be believed: asked again, then the row is failed. Never is a lie written down.

use super::act::{Act, lie};
use super::job::Job;
use super::world::{World, meeting, roster};
use headcount::provision::Ending;
use serde_json::{Value, json};

type Liar = (&'static str, fn() -> Act);

/// Every lie, told about somebody who already has his own.
const LIES: &[Liar] = &[
    ("another's id", || lie("ExternalUserId", "user-00001")),
    ("no id", || lie("ExternalUserId", Value::Null)),
    ("an empty id", || lie("ExternalUserId", "")),
    ("no token", || lie("JoinToken", Value::Null)),
    ("a short token", || lie("JoinToken", "x")),
    ("a long token", || lie("JoinToken", "x".repeat(2049))),
    ("a token with a line end", || lie("JoinToken", "abc\ndef")),
    ("a token with a comma", || lie("JoinToken", "abc,def")),
    ("a token with a quote", || lie("JoinToken", "abc\"def")),
    ("a formula", || lie("JoinToken", "=HYPERLINK(\"http://x\",\"y\")")),
    ("an escape sequence", || lie("JoinToken", "abc\u{1b}[31m")),
    ("a bidi override", || lie("JoinToken", "abc\u{202e}def")),
    ("a number for a token", || lie("JoinToken", 7)),
    ("no AttendeeId", || lie("AttendeeId", Value::Null)),
    ("a malformed AttendeeId", || lie("AttendeeId", "../../x")),
    ("no attendee", || Act::Lie(Box::new(|body| *body = json!({})))),
    ("a list", || Act::Lie(Box::new(|body| *body = json!([body.clone()])))),
    ("nothing", || Act::Say(200, Vec::new())),
    ("no JSON", || Act::Say(200, b"OK".to_vec())),
    ("half of it", || Act::Say(200, br#"{"Attendee":{"ExternalUserId":"user-00050","#.to_vec())),
    ("nesting", || Act::Say(200, "[".repeat(100_000).into_bytes())),
    ("a redirect", || Act::Say(307, Vec::new())),
];

fn is_lied_to(user: &str) -> bool {
    matches!(user, "user-00050" | "user-00070" | "user-00099")
}

#[tokio::test(start_paused = true)]
async fn a_lie_told_once_is_asked_again() {
    for (what, told) in LIES {
        let world = World::spoilt(move |ask| match &ask.user {
            Some(user) if is_lied_to(user) && ask.nth == 1 => told(),
            _ => Act::Well,
        });
        let ran = Job::new(&roster(1, 100)).run(&world).await;
        assert!(ran.done(), "{what}: {:?}", ran.outputs.reasons());
        assert_eq!((world.calls(), ran.class("protocol")), (103, 3), "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lie_told_always_fails_its_row_and_is_never_written() {
    for (what, told) in LIES {
        let world = World::spoilt(move |ask| match &ask.user {
            Some(user) if is_lied_to(user) => told(),
            _ => Act::Well,
        });
        let job = Job::new(&roster(1, 100));
        let ran = job.run(&world).await;
        assert!(!ran.done() && ran.published.counts.refused == 3, "{what}: {:?}", ran.published.counts);
        assert_eq!(world.calls(), 97 + 3 * 5, "{what}: five attempts each");
        assert_eq!(job.run(&world).await.requests, 1, "{what}: refused is refused, run again");
    }
}

/// The AttendeeId of somebody else: two people with one of them would kick each other out.
#[tokio::test(start_paused = true)]
async fn a_shared_attendee_id_is_given_to_one() {
    for always in [false, true] {
        let world = World::paused();
        let issued = world.clone();
        world.script(move |ask| match &ask.user {
            Some(user) if is_lied_to(user) && (always || ask.nth == 1) => {
                lie("AttendeeId", issued.issued()[&(meeting(0), "user-00000".to_owned())].attendee.clone())
            }
            _ => Act::Well,
        });
        let job = Job::new(&roster(1, 100));
        let ran = job.run(&world).await;
        assert_eq!(ran.published.counts.refused, if always { 3 } else { 0 }, "{:?}", ran.outputs.reasons());
        // Whoever was told it first is asked a second time, to know that it is really theirs.
        assert_eq!(world.calls_of(&meeting(0), "user-00000"), 2);
        // Until they have answered, whoever else is told it goes to the back of the queue; of that round may be one more.
        assert!(if always { (5..=7).contains(&world.most_calls()) } else { world.most_calls() <= 3 }, "{}", world.most_calls());
        // Nor by a later session, which knows those AttendeeIds from the ledger alone.
        let more = roster(1, 100) + &format!("101,user-00101,{}\n", meeting(0));
        job.edit(&more);
        let issued = world.clone();
        world.script(move |ask| match ask.user.as_deref() {
            Some("user-00101") => lie("AttendeeId", issued.issued()[&(meeting(0), "user-00000".to_owned())].attendee.clone()),
            _ => Act::Well,
        });
        job.run(&world).await;
        assert!((5..=7).contains(&world.calls_of(&meeting(0), "user-00101")), "{}", world.calls_of(&meeting(0), "user-00101"));
    }
}

/// The first of two who are told one AttendeeId may be the one who was told wrong: both are asked again.
#[tokio::test(start_paused = true)]
async fn whoever_was_told_somebody_elses_id_first_is_asked_again_too() {
    let knows = World::paused();
    Job::new(&roster(1, 100)).run(&knows).await;
    let of_the_last = knows.issued()[&(meeting(0), "user-00099".to_owned())].attendee.clone();
    for stopped in [false, true] {
        let told = of_the_last.clone();
        let world = World::spoilt(move |ask| match (ask.user.as_deref(), ask.nth) {
            (Some("user-00003"), 1) => lie("AttendeeId", told.clone()),
            // The run ends before anybody could be asked again.
            (_, 2) if stopped => Act::Refuse(401, "UnrecognizedClientException"),
            _ => Act::Well,
        });
        let job = Job::new(&roster(1, 100));
        let ran = job.run(&world).await;
        if stopped {
            let open: Vec<&str> = ran.outputs.rejects.iter().map(|row| row["ExternalUserId"].as_str()).collect();
            assert_eq!(open, ["user-00003", "user-00099"], "neither is handed what may be somebody else's");
            world.script(|_| Act::Well);
            assert!(job.run(&world).await.done());
        } else {
            assert!(ran.done(), "{:?}", ran.outputs.reasons());
            assert!(world.calls() <= 104, "{}", world.calls());
        }
    }
}

/// Other capabilities than asked are no lie, but are told.
#[tokio::test(start_paused = true)]
async fn other_capabilities_than_asked_are_told() {
    let mut text = "n,ExternalUserId,MeetingId,Audio,Video,Content\n".to_owned();
    (1..=20).for_each(|n| text.push_str(&format!("{n},user-{n:05},{},Receive,Receive,Receive\n", meeting(0))));
    let world = World::spoilt(|ask| match ask.user.as_deref() {
        Some("user-00004") => {
            lie("Capabilities", json!({ "Audio": "SendReceive", "Video": "SendReceive", "Content": "SendReceive" }))
        }
        _ => Act::Well,
    });
    let ran = Job::new(&text).run(&world).await;
    assert!(ran.done() && ran.published.differs == 1);
    let row = &ran.outputs.tokens[3];
    assert_eq!((row["Status"].as_str(), row["Audio"].as_str()), ("differs", "SendReceive"));
    assert_eq!(world.calls(), 20);
}

/// What is merely unusual is a success at the first call.
#[tokio::test(start_paused = true)]
async fn unknown_members_and_another_letter_case_are_believed() {
    let world = World::spoilt(|ask| match ask.is_seat() {
        true => Act::Lie(Box::new(|body| {
            body["Attendee"]["ExternalUserId"] = body["Attendee"]["ExternalUserId"].as_str().unwrap().to_uppercase().into();
            body["Attendee"]["NewIn2027"] = json!({ "a": [1, 2] });
            body["Also"] = json!(null);
        })),
        false => Act::Well,
    });
    let ran = Job::new(&roster(1, 50)).run(&world).await;
    assert!(ran.done() && world.calls() == 50);
}

/// Something that is not the service answers everything: a portal, a proxy, a wrong port.
#[tokio::test(start_paused = true)]
async fn a_stranger_who_answers_everything_ends_the_run() {
    let strangers: [fn() -> Act; 3] = [
        || Act::Say(200, b"<html>Welcome to the hotel</html>".to_vec()),
        || Act::Say(200, b"{}".to_vec()),
        || Act::Say(302, Vec::new()),
    ];
    for stranger in strangers {
        let world = World::spoilt(move |_| stranger());
        let job = Job::new(&roster(4, 150));
        let ran = job.run(&world).await;
        assert!(matches!(ran.ending, Ending::Unreachable(_)), "{:?} {:?}", ran.ending, ran.published.counts);
        assert!(ran.requests <= 100 && ran.published.counts.unprocessed == 600, "{} requests", ran.requests);
        world.script(|_| Act::Well);
        assert!(job.run(&world).await.done());
    }
}
