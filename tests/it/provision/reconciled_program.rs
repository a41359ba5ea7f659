//! The real program reconciling, pruning and cleaning up.

use super::act::Act;
use super::binary::{Ended, Here, finish};
use super::reconciled::{attendee_of, client};
use super::tcp::Server;
use super::world::{World, meeting, roster};
use headcount::chime::id::MeetingId;
use headcount::client::attempt::Try;
use headcount::mock::{DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Runs the program with credentials, in this directory.
fn headcount(here: &Here, dir: &Path, url: &str, args: &[&str]) -> Ended {
    let mut command = here.bare(env!("CARGO_BIN_EXE_headcount"));
    command.env("AWS_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", DEFAULT_SECRET_KEY);
    command.current_dir(dir).args(args).args(["--endpoint-url", url]);
    finish(command.spawn().unwrap())
}

/// Somebody else deletes an attendee.
fn delete(world: &World, user: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let id = attendee_of(world, &meeting(0), user);
    let meeting = MeetingId::parse(&meeting(0)).unwrap();
    runtime.block_on(client(world).delete_attendee(&meeting, &id, Try { number: 1, most: 1 }));
}

#[test]
fn a_run_is_held_against_the_service_and_mended_from_anywhere() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(2, 60)));
    assert_eq!(here.run(&server, &world, &[]).code(), Some(0));
    let elsewhere = here.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let reconcile = |more: &[&str]| headcount(&here, here.path(), &server.url(), &[&["reconcile", "tokens.csv"], more].concat());
    let clean = reconcile(&[]);
    assert!(clean.code() == Some(0) && clean.stderr.contains("clean"), "{clean:?}");

    delete(&world, "user-00004");
    let found = reconcile(&["--emit", "missing.csv"]);
    assert!(found.code() == Some(3) && found.stderr.contains("1 missing") && found.stderr.contains("--repair"), "{found:?}");
    assert!(!found.stderr.contains("user-00004"), "ids stand in the file alone: {found:?}");
    let missing = std::fs::read_to_string(here.path().join("missing.csv")).unwrap();
    assert!(missing.lines().count() == 2 && missing.contains("user-00004") && missing.contains("headcount.reason"), "{missing}");
    let file = here.path().join("tokens.csv.run/differences.csv");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let differences = std::fs::read_to_string(file).unwrap();
    assert!(differences.contains(&format!("missing,{},user-00004,", meeting(0))), "{differences}");
    assert_eq!(reconcile(&["--emit", "missing.csv"]).code(), Some(2), "a file that is there is left alone");

    world.forget_calls();
    let repair = ["reconcile", "../tokens.csv.run", "--repair"];
    let mended = headcount(&here, &elsewhere, &server.url(), &repair);
    assert_eq!((mended.code(), world.calls()), (Some(0), 1), "{mended:?}");
    here.check(&world, &mended);
    assert_eq!(reconcile(&[]).code(), Some(0));

    let other = Server::new(&world);
    let foreign = headcount(&here, here.path(), &other.url(), &["reconcile", "tokens.csv", "--repair", "--yes"]);
    assert!(foreign.code() == Some(2) && foreign.stderr.contains("belongs to"), "{foreign:?}");
    let foreign = headcount(&here, here.path(), &other.url(), &["cleanup", "tokens.csv", "--attendees", "--yes"]);
    assert!(foreign.code() == Some(2) && foreign.stderr.contains("belongs to"), "{foreign:?}");
}

#[test]
fn a_late_roster_is_pruned_in_the_same_run_and_never_by_mistake() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(2, 60)));
    assert_eq!(here.run(&server, &world, &[]).code(), Some(0));
    let edit = |text: &str| std::fs::write(here.path().join("roster.csv"), text).unwrap();
    let again = |more: &[&str]| finish(here.provision(&server.url(), more).spawn().unwrap());
    let reconcile = || headcount(&here, here.path(), &server.url(), &["reconcile", "tokens.csv"]);

    edit(&format!("{},\n", roster(2, 40).trim_end().replace("user-00003,", "user-00003!,")));
    let faulty = again(&["--prune", "--yes"]);
    assert!(faulty.code() == Some(3) && faulty.stderr.contains("nothing was pruned"), "{faulty:?}");
    edit(&roster(2, 40));
    world.forget_calls();
    let unasked = again(&["--prune"]);
    assert!(unasked.code() == Some(2) && unasked.stderr.contains("nobody to ask") && world.calls() == 0, "{unasked:?}");
    assert!(reconcile().stderr.contains("40 dropped"));
    let pruned = again(&["--prune", "--yes"]);
    assert!(pruned.code() == Some(0) && pruned.stderr.contains("40 attendees deleted"), "{pruned:?}");
    let clean = reconcile();
    assert!(clean.code() == Some(0) && clean.stderr.contains("80 attendees in 2 meetings"), "{clean:?}");

    let cleanup = |more: &[&str]| headcount(&here, here.path(), &server.url(), &[&["cleanup", "tokens.csv"], more].concat());
    assert_eq!(cleanup(&["--attendees"]).code(), Some(2), "it asks first");
    let none = cleanup(&["--yes"]);
    assert!(none.code() == Some(0) && none.stderr.contains("nothing to delete"), "named meetings stay: {none:?}");
    let gone = cleanup(&["--attendees", "--yes"]);
    assert!(gone.code() == Some(0) && gone.stderr.contains("80 attendees deleted"), "{gone:?}");
    let after = reconcile();
    assert!(after.code() == Some(3) && after.stderr.contains("0 attendees in 2 meetings"), "{after:?}");
    assert!(after.stderr.contains("the tokens file is older"), "{after:?}");
    assert!(cleanup(&["--attendees", "--yes"]).stderr.contains("nothing to delete"));
}

#[test]
fn what_a_killed_load_left_over_is_deleted() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(1, 1)));
    let run = here.path().join("load.run");
    std::fs::create_dir(&run).unwrap();
    let manifest =
        serde_json::json!({ "version": 1, "kind": "load", "state": "running", "endpoint": server.url(), "account": null });
    std::fs::write(run.join("run.json"), manifest.to_string()).unwrap();
    let event = |what: &str, n: usize| serde_json::json!({ "at_s": 0.1, "event": what, "of": meeting(n) }).to_string();
    let events = [event("meeting-made", 0), event("meeting-made", 1), event("meeting-deleted", 0), "{\"at_s\": 1".to_owned()];
    std::fs::write(run.join("events.jsonl"), events.join("\n")).unwrap();
    let cleanup = |url: &str| headcount(&here, here.path(), url, &["cleanup", "load.run", "--yes"]);
    let other = Server::new(&world);
    assert_eq!(cleanup(&other.url()).code(), Some(2));
    let done = cleanup(&server.url());
    assert!(done.code() == Some(0) && done.stderr.contains("1 meeting deleted"), "{done:?}");
    let again = cleanup(&server.url());
    assert!(again.code() == Some(0) && again.stderr.contains("nothing to delete") && world.looks() == 1, "{again:?}");
}
