//! What a review has found of the program as a whole, so that it stays mended: answers cut on the wire, budgets, disks, rejects.
//!
//! Holds a case a finding, each with the real program. Its files and names are in `reviewed_files`.

use super::act::{Act, Then};
use super::binary::{Ended, Here, finish, reached, signal};
use super::outputs::rows;
use super::tcp::{Server, head, plain};
use super::world::{World, meeting, roster};
use bytes::Bytes;
use http::Response;
use rustix::process::Signal;

fn cut(response: &Response<Bytes>) -> Vec<u8> {
    let mut bytes = plain(response);
    bytes.truncate(bytes.len() - response.body().len() / 2);
    bytes
}

fn cut_chunk(response: &Response<Bytes>) -> Vec<u8> {
    let start = format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n", response.body().len());
    [head("HTTP/1.1", response).as_bytes(), start.as_bytes(), &response.body()[..40]].concat()
}

/// Cut within its body more often than a pass has attempts, an answer is a lost one: no verdict on the row.
#[test]
fn answers_cut_within_the_body_refuse_no_row() {
    for cut in [cut, cut_chunk] {
        let world = World::real(move |ask| match ask.user.as_deref() {
            Some("user-00007" | "user-00012") if ask.nth <= 5 => Act::Wrap(cut, Then::Close),
            _ => Act::Well,
        });
        let ended = Here::new(&roster(1, 20)).run(&Server::new(&world), &world, &["--max-attempts", "2"]);
        assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
        assert!(world.calls() <= 20 + 2 * 5, "{} calls", world.calls());
    }
}

/// A finished job, and a gateway that has lost its way to the service.
#[test]
fn a_gateways_404_makes_no_row_void() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(2, 20)));
    assert_eq!(here.run(&server, &world, &[]).code(), Some(0));
    let before = here.outputs();
    let page = |_: &Response<Bytes>| {
        let body = "<html><h1>404 Not Found</h1></html>";
        let head = "HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\n";
        format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    };
    world.script(move |ask| if ask.is_seat() { Act::Well } else { Act::Wrap(page, Then::Keep) });
    let ended = here.run(&server, &world, &[]);
    assert!(ended.code() == Some(0) && !ended.stderr.contains("VOID"), "{}", ended.stderr);
    assert_eq!(here.outputs(), before);
}

/// Rows refused in earlier sessions have no seat either.
#[test]
fn the_error_budget_counts_earlier_sessions() {
    let world = World::real(|ask| match ask.user.as_deref() {
        Some(user) if user < "user-00006" || user.ends_with("50") => Act::Refuse(400, "BadRequestException"),
        _ => Act::Well,
    });
    let (server, here) = (Server::new(&world), Here::new(&roster(2, 200)));
    let budget = ["--max-errors", "6", "--concurrency", "1"];
    let canary = [&budget[..], &["--limit", "10"]].concat();
    assert_eq!(here.run(&server, &world, &canary).code(), Some(75));
    // The seventh is row 50; whoever counts from nought goes on to the end.
    let ended = here.run(&server, &world, &budget);
    assert_eq!(ended.code(), Some(4), "{}", ended.stderr);
    assert_eq!(world.calls(), 51);
}

/// Told to stop, and then the disk fails before what was in flight is written: what is said must not promise that it was.
#[test]
fn a_disk_that_fails_after_a_stop_is_told() {
    let world = World::real(|_| Act::Well).slow(500);
    let (server, here) = (Server::new(&world), Here::new(&roster(1, 100)));
    assert_eq!(here.run(&server, &world, &["--limit", "5", "--timeout", "20s"]).code(), Some(75));
    let ledger = rusqlite::Connection::open(here.path().join("tokens.csv.run/ledger.sqlite")).unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON outcome BEGIN SELECT RAISE(ABORT, 'no room'); END";
    ledger.execute_batch(full).unwrap();
    drop(ledger);
    let mut child = here.provision(&server.url(), &["--timeout", "20s"]).spawn().unwrap();
    assert!(reached(&world, 10, &mut child));
    signal(&child, Signal::INT);
    let ended = finish(child);
    assert_eq!(ended.code(), Some(75), "{}", ended.stderr);
    assert!(ended.stderr.contains("the disk failed") && ended.stderr.contains("hint: make room"), "{}", ended.stderr);
}

fn ask(here: &Here, server: &Server, more: &[&str]) -> Ended {
    finish(here.provision(&server.url(), more).spawn().unwrap())
}

/// Rosters with columns of different names, and a meeting from the command line: the rejects stand alone.
#[test]
fn rejects_of_differing_rosters_read_back_say_the_same() {
    let script = |ask: &super::act::Ask| match ask.user.as_deref() {
        Some("anna" | "dora") => Act::Refuse(422, "UnprocessableEntityException"),
        _ => Act::Well,
    };
    let world = World::real(script);
    let (server, here) = (Server::new(&world), Here::new(&roster(1, 1)));
    let other = meeting(1);
    std::fs::write(here.path().join("roster.csv"), "n,external_user_id,Note\n1,anna,x\n2,bert,y\n3,,z\n").unwrap();
    let second = format!("ExternalUserId,N,Meeting-ID\ncora,4,{other}\ndora,5,{other}\nemil,6,\n{},7,{other}\n", "f".repeat(99));
    std::fs::write(here.path().join("second.csv"), second).unwrap();
    let ended = ask(&here, &server, &["second.csv", "--meeting-id", &meeting(0)]);
    assert_eq!(ended.code(), Some(3), "{}", ended.stderr);
    let rejects = std::fs::read_to_string(here.path().join("rejects.csv")).unwrap();
    let first = rows(&rejects);
    assert_eq!(first.len(), 4, "{rejects}");
    // Read back, without the flag, in a directory of its own.
    let again = World::real(script);
    let (server, there) = (Server::new(&again), Here::new(&roster(1, 1)));
    std::fs::write(there.path().join("roster.csv"), &rejects).unwrap();
    let ended = ask(&there, &server, &[]);
    assert_eq!(ended.code(), Some(3), "{}", ended.stderr);
    let second = rows(&std::fs::read_to_string(there.path().join("rejects.csv")).unwrap());
    let told = |rows: &[super::outputs::Row]| {
        let mut told: Vec<_> = rows.iter().map(|row| (row["headcount.status"].clone(), row["headcount.code"].clone())).collect();
        told.sort();
        told
    };
    assert_eq!(told(&second), told(&first), "{rejects}");
    let calls = |world: &World| [(meeting(0), "anna"), (other.clone(), "dora")].map(|(m, user)| world.calls_of(&m, user));
    assert_eq!((calls(&again), again.calls()), ([1, 1], 2));
    assert_eq!(calls(&world), [1, 1]);
    // Mended, the same rows have their seats in the same meetings.
    again.script(|_| Act::Well);
    let ended = ask(&there, &server, &["--replay", "retry"]);
    assert_eq!(ended.code(), Some(3), "{}", ended.stderr);
    assert!(again.issued().contains_key(&(meeting(0), "anna".to_owned())));
    assert!(again.issued().contains_key(&(other, "dora".to_owned())));
}
