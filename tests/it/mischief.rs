//! `provision` through every file of `scenarios/mischief`: no row lost, none doubled, every row's end right.
//!
//! Holds one test a file. Each starts a mock with the file's behaviour, lets the program provision a roster through it, and then
//! asks the mock's own state what is true. Only what the program left on disk is believed of the program.

use crate::mock::served::Served;
use headcount::behaviour::Behaviour;
use headcount::chime::id::MeetingId;
use headcount::mock::operation::Route;
use headcount::mock::service::meeting::Realm;
use headcount::mock::{DEFAULT_ACCESS_KEY, DEFAULT_ACCOUNT, DEFAULT_SECRET_KEY, Options};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const MEETINGS: [&str; 3] =
    ["11111111-2222-3333-4444-555555555550", "11111111-2222-3333-4444-555555555551", "11111111-2222-3333-4444-555555555552"];
const ROWS: usize = 180;

type Seat = (String, String);

fn wanted() -> Vec<Seat> {
    (0..ROWS).map(|n| (MEETINGS[n % MEETINGS.len()].to_owned(), format!("User {n}"))).collect()
}

/// What the mock knows: who is in which meeting, under which id and token.
fn truth(served: &Served) -> HashMap<Seat, (String, String)> {
    let realm = Arc::new(Realm { account: DEFAULT_ACCOUNT.into(), region: "us-east-1".into() });
    let mut all = HashMap::new();
    for meeting in MEETINGS {
        let route = Route::find("GET", &format!("/meetings/{meeting}/attendees"), "").unwrap();
        // A meeting that has ended has nobody in it.
        let Ok(reply) = served.mock.service().answer(Duration::ZERO, &realm, &route, b"") else { continue };
        let list: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        for attendee in list["Attendees"].as_array().unwrap() {
            let text = |name: &str| attendee[name].as_str().unwrap().to_owned();
            all.insert((meeting.to_owned(), text("ExternalUserId")), (text("AttendeeId"), text("JoinToken")));
        }
    }
    all
}

/// Rows of a CSV, as (meeting, user), with two more cells by name.
fn rows(path: &Path, cells: [&str; 2]) -> Vec<(Seat, String, String)> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let head = reader.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|h| h == name).unwrap_or_else(|| panic!("no {name} in {head:?}"));
    let places = [at("MeetingId"), at("ExternalUserId"), at(cells[0]), at(cells[1])];
    let read = |record: csv::StringRecord| {
        let [meeting, user, a, b] = places.map(|place| record[place].to_owned());
        ((meeting, user), a, b)
    };
    reader.records().map(|record| read(record.unwrap())).collect()
}

/// Provisions through a file of mischief, checks what must hold whatever happens, and says how many rows have a token and with
/// which code the program left.
async fn through(name: &str) -> (usize, i32, HashMap<String, usize>) {
    let path = format!("{}/scenarios/mischief/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let file: Behaviour = headcount::yaml::parse(name, &std::fs::read_to_string(path).unwrap()).unwrap();
    let options = Options { mischief: file.mischief, latency: file.latency.unwrap_or_default(), ..Options::default() };
    let served = Served::start(options, |_| {}).await;
    MEETINGS.iter().for_each(|id| served.mock.adopt(&MeetingId::parse(id).unwrap()));

    let folder = tempfile::tempdir().unwrap();
    let roster: String = wanted().iter().map(|(meeting, user)| format!("{meeting},{user}\n")).collect();
    std::fs::write(folder.path().join("roster.csv"), format!("MeetingId,ExternalUserId\n{roster}")).unwrap();
    let mut command = assert_cmd::Command::cargo_bin("headcount").unwrap();
    command.env_clear().env("HOME", folder.path()).env("AWS_EC2_METADATA_DISABLED", "true").current_dir(folder.path());
    command.env("AWS_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", DEFAULT_SECRET_KEY);
    let url = format!("http://{}", served.address);
    command.args(["provision", "roster.csv", "-o", "tokens.csv", "--yes", "--region", "us-east-1", "--endpoint-url", &url]);
    command.args(["--rate", "unlimited", "--timeout", "1s", "--max-attempts", "8", "--concurrency", "16"]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");

    let tokens = rows(&folder.path().join("tokens.csv"), ["AttendeeId", "JoinToken"]);
    let rejects = rows(&folder.path().join("rejects.csv"), ["headcount.class", "headcount.code"]);
    // No row lost, none doubled: tokens and rejects together are the roster.
    let mut both: Vec<Seat> = tokens.iter().map(|r| r.0.clone()).chain(rejects.iter().map(|r| r.0.clone())).collect();
    let mut roster = wanted();
    both.sort();
    roster.sort();
    assert_eq!(both, roster, "{name}: {said}");
    // Every token is the one that the service has given to just this seat.
    let truth = truth(&served);
    for (seat, id, token) in &tokens {
        assert_eq!(truth.get(seat), Some(&(id.clone(), token.clone())), "{name}: {seat:?}\n{said}");
    }
    assert_eq!(tokens.iter().map(|row| &row.1).collect::<HashSet<_>>().len(), tokens.len(), "{name}: an AttendeeId twice");
    // Nobody is there whom the roster does not ask for.
    let asked: HashSet<Seat> = wanted().into_iter().collect();
    assert!(truth.keys().all(|seat| asked.contains(seat)), "{name}");
    let code = output.status.code().unwrap_or_default();
    assert_eq!(code == 0, tokens.len() == ROWS, "{name}: leaves with 0 exactly when every row has its token\n{said}");
    assert!(served.mock.mischief().list().iter().any(|(_, _, n)| *n > 0), "{name} never struck");
    served.stop().await;
    let mut classes = HashMap::new();
    rejects.into_iter().for_each(|(_, class, _)| *classes.entry(class).or_insert(0) += 1);
    (tokens.len(), code, classes)
}

macro_rules! files {
    ($($(#[$attribute:meta])* $test:ident $file:literal $check:expr;)*) => {
        $($(#[$attribute])* #[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            let end: (usize, i32, HashMap<String, usize>) = through($file).await;
            let check: fn(usize, i32, HashMap<String, usize>) -> bool = $check;
            assert!(check(end.0, end.1, end.2.clone()), "{}: {end:?}", $file);
        })*

        #[test]
        fn every_file_is_run() {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/mischief");
            let there: HashSet<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|e| e.unwrap().path().file_stem().unwrap().display().to_string())
                .collect();
            assert_eq!(there, HashSet::from([$($file.to_owned()),*]));
        }
    };
}

/// Everybody has a token in the end.
fn all(tokens: usize, code: i32, _: HashMap<String, usize>) -> bool {
    (tokens, code) == (ROWS, 0)
}

/// Some rows are refused, all of them under this class.
fn only(class: &str, code: i32, tokens: usize, classes: &HashMap<String, usize>) -> bool {
    code == 3 && tokens < ROWS && classes.keys().all(|c| c == class)
}

/// A reply that cannot be believed is asked for once more; whoever meets two in a row is refused, and may be asked again.
fn all_but_doubtful(tokens: usize, code: i32, classes: HashMap<String, usize>) -> bool {
    (tokens, code) == (ROWS, 0) || only("protocol", code, tokens, &classes) && tokens > ROWS / 2
}

files! {
    throttle_storm "throttle-storm" all;
    throttle_hints "throttle-hints" all;
    throttle_hostile_hints "throttle-hostile-hints" all;
    throttle_a_year "throttle-a-year" all;
    brown_out "brown-out" all;
    failure_burst "failure-burst" all;
    failure_after_work "failure-after-work" all;
    reset_before_work "reset-before-work" all;
    reset_after_work "reset-after-work" all;
    hang "hang" all;
    drip "drip" all;
    truncated "truncated" all_but_doubtful;
    mislabelled "mislabelled" all_but_doubtful;
    oversize "oversize" all_but_doubtful;
    html_error_page "html-error-page" all_but_doubtful;
    not_json "not-json" all_but_doubtful;
    wrong_user "wrong-user" all_but_doubtful;
    bad_token "bad-token" all_but_doubtful;
    clock_ahead "clock-ahead" all;
    clock_behind "clock-behind" all;
    stall "stall" all;
    redirect "redirect" all_but_doubtful;
    closing "closing" all;
    soup "soup" all_but_doubtful;
    answer_conflict "answer-conflict" all;
    answer_bad_request "answer-bad-request" |t, code, c| only("bad-request", code, t, &c) && t > 0;
    answer_unprocessable "answer-unprocessable" |t, code, c| only("unprocessable", code, t, &c) && t > 0;
    answer_limit_exceeded "answer-limit-exceeded" |t, code, c| only("capacity", code, t, &c);
    answer_not_found "answer-not-found" |t, code, c| only("not-found", code, t, &c);
    // The rows of one meeting are void, those of the other two are whole.
    meeting_ended "meeting-ended" |t, code, c| only("not-found", code, t, &c) && t == ROWS / 3 * 2;
    // An id that somebody else has is never written; whoever was told it may be asked again by the next run.
    shared_attendee "shared-attendee" all_but_doubtful;
    // Who is refused by name is refused; what is left of the run stops.
    answer_forbidden "answer-forbidden" |t, code, _| matches!(code, 3 | 77) && t < ROWS;
    answer_unauthorized "answer-unauthorized" |t, code, _| matches!(code, 3 | 77) && t < ROWS;
    expired_token "expired-token" |t, code, _| code == 77 && t > 0 && t < ROWS;
}
