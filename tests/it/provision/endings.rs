//! How the real program ends, and what it leaves behind: exit codes, credentials renewed on the way, and no secret anywhere.

use super::act::Act;
use super::binary::{Here, finish, reached};
use super::tcp::Server;
use super::world::{World, meeting, roster};
use headcount::clock::Wall;
use headcount::mock::keys::{Key, KeyRing};
use headcount::mock::{DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, Options};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use zeroize::Zeroizing;

/// Every way to end, with its code. After each, the outputs partition the roster, and 0 means that all is there.
#[test]
fn each_ending_has_its_code() {
    type Case = (&'static str, Option<i32>, &'static [&'static str], fn(&super::act::Ask) -> Act);
    let refuse_one: fn(&super::act::Ask) -> Act = |ask| match ask.user.as_deref() {
        Some("user-00007") => Act::Refuse(400, "BadRequestException"),
        _ => Act::Well,
    };
    let cases: [Case; 9] = [
        ("all is there", Some(0), &[], |_| Act::Well),
        ("one is refused", Some(3), &[], refuse_one),
        ("one too many", Some(4), &["--max-errors", "0"], refuse_one),
        ("one within the budget", Some(3), &["--max-errors", "10%"], refuse_one),
        ("a canary", Some(75), &["--limit", "5"], |_| Act::Well),
        ("time is up", Some(75), &["--rate", "10/s", "--burst", "1", "--max-duration", "1s"], |_| Act::Well),
        ("the meeting is full", Some(3), &[], |ask| {
            if ask.count > 20 { Act::Refuse(400, "LimitExceededException") } else { Act::Well }
        }),
        ("the meeting has ended", Some(3), &[], |_| Act::Refuse(404, "NotFoundException")),
        ("nobody is let in", Some(77), &[], |_| Act::Refuse(403, "AccessDeniedException")),
    ];
    for (what, code, more, script) in cases {
        let world = World::real(script);
        let ended = Here::new(&roster(1, 40)).run(&Server::new(&world), &world, more);
        assert_eq!(ended.code(), code, "{what}: {}", ended.stderr);
        assert!(world.most_calls() <= 1, "{what}: {} calls for one key", world.most_calls());
    }
}

#[test]
fn void_rows_are_said_and_not_called_done() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(2, 20)));
    assert_eq!(here.run(&server, &world, &[]).code(), Some(0));
    let gone = meeting(0);
    world.script(move |ask| if ask.meeting == gone { Act::Refuse(404, "NotFoundException") } else { Act::Well });
    world.forget_calls();
    let ended = here.run(&server, &world, &[]);
    assert!(ended.code() == Some(3) && ended.stderr.contains("VOID"), "{}", ended.stderr);
    assert_eq!(world.calls(), 0);
}

/// The rejects are a roster: mended by the service, the same program reads them and provisions the rest.
#[test]
fn rejects_are_a_roster() {
    let world = World::real(|ask| match ask.user.as_deref() {
        Some("user-00003" | "user-00011") => Act::Refuse(422, "UnprocessableEntityException"),
        _ => Act::Well,
    });
    let (server, here) = (Server::new(&world), Here::new(&roster(2, 20)));
    assert_eq!(here.run(&server, &world, &[]).code(), Some(3));
    let world = World::real(|_| Act::Well);
    let server = Server::new(&world);
    let rest = Here::new(&std::fs::read_to_string(here.path().join("rejects.csv")).unwrap());
    assert_eq!((rest.run(&server, &world, &[]).code(), world.calls()), (Some(0), 2));
}

fn key(id: &str, secret: &str, token: Option<&str>) -> Key {
    Key { session_token: token.map(|t| Zeroizing::new(t.to_owned())), ..Key::new(id, secret) }
}

fn profile(id: &str, secret: &str, token: &str) -> String {
    format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\naws_session_token = {token}\n")
}

/// The token expires on the way; somebody writes a new one into the credentials file a while later.
#[test]
fn expired_credentials_refreshed_outside_are_taken_up() {
    let keys = KeyRing::new([key("AKIDFIRST", "first-secret", Some("first")), key("AKIDNEXT", "next-secret", Some("next"))]);
    let world = World::with(Wall::System, Options { keys, ..Options::default() }).slow(0);
    let refused = std::sync::Arc::new(AtomicU32::new(0));
    let counter = refused.clone();
    world.script(move |ask| match ask.signer == "AKIDFIRST" && ask.count > 100 {
        true => {
            counter.fetch_add(1, Ordering::Relaxed);
            Act::Refuse(403, "ExpiredTokenException")
        }
        false => Act::Well,
    });
    let (server, here) = (Server::new(&world), Here::new(&roster(4, 100)));
    let file = here.path().join("credentials");
    std::fs::write(&file, profile("AKIDFIRST", "first-secret", "first")).unwrap();
    let mut command = here.provision(&server.url(), &[]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").env("AWS_SHARED_CREDENTIALS_FILE", &file);
    let mut child = command.spawn().unwrap();
    assert!(reached(&world, 101, &mut child));
    (0..100).for_each(|_| super::binary::pause());
    std::fs::write(&file, profile("AKIDNEXT", "next-secret", "next")).unwrap();
    let ended = finish(child);
    here.check(&world, &ended);
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let refused = refused.load(Ordering::Relaxed);
    assert!((1..=200).contains(&refused), "{refused} refused calls");
    assert!(ended.stderr.contains("refresh them within"), "{}", ended.stderr);
}

/// What must not be read anywhere: the secret key, the session token, the JoinTokens; and ids only in outputs.
#[test]
fn no_secret_and_no_token_stands_in_any_log() {
    const SESSION: &str = "session-token-that-nobody-may-read";
    let keys = KeyRing::new([key(DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, Some(SESSION))]);
    let world = World::with(Wall::System, Options { keys, ..Options::default() }).slow(0);
    let canonical =
        format!("no user-00005, {SESSION}, {DEFAULT_SECRET_KEY}! The Canonical String was x-amz-security-token:{SESSION}");
    let body = Mutex::new(serde_json::json!({ "Message": canonical, "JoinToken": "leaked" }).to_string().into_bytes());
    world.script(move |ask| match ask.user.as_deref() {
        Some("user-00005") => Act::Say(400, body.lock().unwrap().clone()),
        Some("user-00006") if ask.nth == 1 => Act::Lose(headcount::chime::class::Class::Reset),
        Some("user-00007") => super::act::lie("JoinToken", "a token that,is none"),
        Some("user-00008") => Act::Refuse(404, "SomethingElse"),
        _ => Act::Well,
    });
    let (server, here) = (Server::new(&world), Here::new(&roster(2, 30)));
    let mut command = here.provision(&server.url(), &["-vv"]);
    let ended = finish(command.env("AWS_SESSION_TOKEN", SESSION).env("RUST_LOG", "trace").spawn().unwrap());
    here.check(&world, &ended);
    let mut artefacts = here.artefacts();
    artefacts.push(("stderr".to_owned(), ended.stderr.clone().into_bytes()));
    assert!(artefacts.len() >= 6, "{:?}", artefacts.iter().map(|(name, _)| name).collect::<Vec<_>>());
    let issued = world.issued();
    let secret = ["session-token", "that-nobody-may-read", DEFAULT_SECRET_KEY, "EXAMPLE-0000000", "is none"];
    for (name, bytes) in &artefacts {
        let text = String::from_utf8_lossy(bytes);
        for word in secret.iter().copied().chain(issued.values().map(|i| i.token.as_str())) {
            assert!(!text.contains(word), "{word:?} stands in {name}");
        }
        assert!(name == "rejects.csv" || !text.contains("user-0"), "an id stands in {name}: {text}");
    }
    // The ledger holds tokens, as it must, but no credentials.
    let ledger = std::fs::read(here.path().join("tokens.csv.run/ledger.sqlite")).unwrap();
    let ledger = String::from_utf8_lossy(&ledger);
    assert!(!ledger.contains("nobody-may-read") && !ledger.contains(DEFAULT_SECRET_KEY));
}
