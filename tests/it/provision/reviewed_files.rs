//! What a review has found of the program's files and names, so that it stays mended: nothing of anybody's is lost unasked.
//!
//! Holds a case a finding, each with the real program. A refusal leaves every file as it was, and asks nobody.

use super::act::Act;
use super::binary::{Ended, Here, arguments, finish, reached, signal};
use super::tcp::Server;
use super::world::{World, meeting, roster};
use rustix::process::Signal;
use std::os::unix::fs::PermissionsExt;

/// A service that does well, and a directory with so many rows in two meetings.
fn well(rows: usize) -> (World, Server, Here) {
    let world = World::real(|_| Act::Well);
    let server = Server::new(&world);
    (world, server, Here::new(&roster(2, rows / 2)))
}

/// Runs without holding the outputs to anything.
fn go(here: &Here, server: &Server, more: &[&str]) -> Ended {
    finish(here.provision(&server.url(), more).spawn().unwrap())
}

/// Runs, is refused for how it was called, and has asked nobody.
fn refused(here: &Here, server: &Server, world: &World, more: &[&str]) -> String {
    let before = (world.calls(), world.looks());
    let ended = go(here, server, more);
    assert_eq!(ended.code(), Some(2), "{more:?}: {}", ended.stderr);
    assert_eq!((world.calls(), world.looks()), before, "{more:?}");
    ended.stderr
}

fn read(here: &Here, name: &str) -> String {
    std::fs::read_to_string(here.path().join(name)).unwrap()
}

fn write(here: &Here, name: &str, text: &str) {
    std::fs::write(here.path().join(name), text).unwrap();
}

#[test]
fn outputs_that_cannot_be_are_refused_and_nothing_is_written() {
    let (world, server, here) = well(20);
    let text = read(&here, "roster.csv");
    std::os::unix::fs::symlink("roster.csv", here.path().join("link.csv")).unwrap();
    let wrong: [(&[&str], &str); 11] = [
        (&["-o", "all.csv", "--rejects", "all.csv"], "cannot both go to"),
        (&["-o", "all.csv", "--rejects", "./all.csv"], "cannot both go to"),
        (&["-o", "rejects.csv"], "cannot both go to"),
        (&["-o", "roster.csv"], "both a roster and an output"),
        (&["--rejects", "./roster.csv"], "both a roster and an output"),
        (&["--rejects", "link.csv", "--force"], "both a roster and an output"),
        (&["--rejects", "rejects.jsonl"], "rejects are written as .csv"),
        (&["-o", "tokens.txt"], "no known ending"),
        (&["--create-meetings", "--meetings", "meetings.xml"], "no known ending"),
        (&["--create-meetings", "--meetings", "roster.csv"], "both a roster and an output"),
        (&["--deadline", "2020-01-01T00:00Z"], "before the run would begin"),
    ];
    for (more, told) in wrong {
        let stderr = refused(&here, &server, &world, more);
        assert!(stderr.contains(told), "{more:?}: {stderr}");
        assert_eq!(read(&here, "roster.csv"), text, "{more:?}");
        let mut left: Vec<_> = here.path().read_dir().unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["link.csv", "roster.csv"], "{more:?}");
    }
}

/// Rejects read as a roster would be written over with what is left of them.
#[test]
fn rejects_read_in_place_are_refused() {
    let world = World::real(|ask| match ask.user.as_deref() {
        Some("user-00003") => Act::Refuse(400, "BadRequestException"),
        _ => Act::Well,
    });
    let (server, here) = (Server::new(&world), Here::new(&roster(1, 20)));
    assert_eq!(here.run(&server, &world, &[]).code(), Some(3));
    let before = here.outputs();
    let mut args = arguments(&server.url(), &["--force"]);
    args[1] = "rejects.csv".to_owned();
    let ended = finish(here.shell("exec \"$0\" \"$@\"").args(&args).spawn().unwrap());
    assert!(ended.code() == Some(2) && ended.stderr.contains("both a roster and an output"), "{}", ended.stderr);
    assert_eq!(here.outputs(), before);
}

#[test]
fn tokens_edited_by_hand_are_written_over_with_force_alone() {
    for name in ["tokens.csv", "rejects.csv"] {
        let (world, server, here) = well(20);
        assert_eq!(here.run(&server, &world, &[]).code(), Some(0));
        let published = read(&here, name);
        let edited = format!("{published}a note of mine\n");
        write(&here, name, &edited);
        let stderr = refused(&here, &server, &world, &[]);
        assert!(stderr.contains("has been changed since") && stderr.contains("--force"), "{stderr}");
        assert_eq!(read(&here, name), edited);
        assert_eq!(here.run(&server, &world, &["--force"]).code(), Some(0));
        assert_eq!((read(&here, name), world.calls()), (published, 20));
    }
}

/// Another roster under the outputs of a finished one: its tokens do not leave the file by mistake.
#[test]
fn a_roster_that_drops_most_tokens_needs_force() {
    let (world, server, here) = well(20);
    assert_eq!(here.run(&server, &world, &[]).code(), Some(0));
    let (text, tokens) = (read(&here, "roster.csv"), read(&here, "tokens.csv"));
    write(&here, "roster.csv", &text.replace("user-", "guest-"));
    let stderr = refused(&here, &server, &world, &[]);
    assert!(stderr.contains("not in this roster") && stderr.contains("--force"), "{stderr}");
    assert_eq!(read(&here, "tokens.csv"), tokens);
    write(&here, "roster.csv", &text);
    assert_eq!(here.run(&server, &world, &[]).code(), Some(0));
    assert_eq!((read(&here, "tokens.csv"), world.calls()), (tokens, 20));
    // Some rows fewer are an edit like any other, and said.
    write(&here, "roster.csv", &text.lines().take(16).map(|line| format!("{line}\n")).collect::<String>());
    let ended = go(&here, &server, &[]);
    assert!(ended.code() == Some(0) && ended.stderr.contains("5 seats with a token are not in this roster"), "{}", ended.stderr);
    assert_eq!((here.outputs().tokens.len(), world.calls()), (15, 20));
}

#[test]
fn a_moved_folder_goes_on() {
    let (world, server, here) = well(20);
    std::fs::create_dir(here.path().join("monday")).unwrap();
    let limited = go(&here, &server, &["-o", "monday/tokens.csv", "--limit", "12"]);
    assert_eq!(limited.code(), Some(75), "{}", limited.stderr);
    std::fs::rename(here.path().join("monday"), here.path().join("tuesday")).unwrap();
    for calls in [20, 20] {
        let ended = go(&here, &server, &["-o", "tuesday/tokens.csv"]);
        assert_eq!((ended.code(), world.calls(), world.repeats()), (Some(0), calls, 0), "{}", ended.stderr);
    }
}

/// What can be read only once: a named pipe, and what a shell makes of `<(…)`.
#[test]
fn a_roster_comes_through_a_pipe() {
    for (script, name) in [
        ("mkfifo pipe || exit 99; cat roster.csv > pipe & exec \"$0\" \"$@\"", "pipe"),
        ("cat roster.csv | { exec 3<&0 </dev/null; \"$0\" \"$@\"; }", "/dev/fd/3"),
        ("cat roster.csv | \"$0\" \"$@\"", "-"),
    ] {
        let (world, server, here) = well(40);
        let mut args = arguments(&server.url(), &[]);
        args[1] = name.to_owned();
        let ended = finish(here.shell(script).args(&args).spawn().unwrap());
        assert_eq!((ended.code(), world.calls()), (Some(0), 40), "{name}: {}", ended.stderr);
        here.check(&world, &ended);
    }
}

#[test]
fn a_canary_says_how_to_go_on() {
    let (world, server, here) = well(20);
    for _ in 0..2 {
        let ended = here.run(&server, &world, &["--limit", "5"]);
        assert_eq!((ended.code(), world.calls()), (Some(75), 5), "{}", ended.stderr);
        assert!(ended.stderr.contains("the canary is done") && ended.stderr.contains("without --limit"), "{}", ended.stderr);
    }
    assert_eq!((here.run(&server, &world, &[]).code(), world.calls()), (Some(0), 20));
}

/// A terminal that is closed is a wish to stop, in order.
#[test]
fn a_hangup_drains() {
    let world = World::real(|_| Act::Well).slow(20);
    let (server, here) = (Server::new(&world), Here::new(&roster(4, 100)));
    let mut child = here.provision(&server.url(), &[]).spawn().unwrap();
    assert!(reached(&world, 60, &mut child));
    signal(&child, Signal::HUP);
    let ended = finish(child);
    assert_eq!(ended.code(), Some(75), "{ended:?}");
    assert_eq!(here.check(&world, &ended).tokens.len(), world.calls() as usize, "what was in flight is published");
    assert_eq!((here.run(&server, &world, &[]).code(), world.repeats()), (Some(0), 0));
}

#[test]
fn somebodys_directory_is_no_run_directory() {
    let (world, server, here) = well(20);
    let dir = here.path().join("photos");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("cat.jpg"), "miaow").unwrap();
    for mode in [0o755, 0o775] {
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(mode)).unwrap();
        let stderr = refused(&here, &server, &world, &["--run-dir", "photos"]);
        assert!(stderr.contains("holds other files"), "{stderr}");
        assert_eq!(dir.metadata().unwrap().permissions().mode() & 0o777, mode);
        assert_eq!(dir.read_dir().unwrap().count(), 1);
    }
    // One that is empty is as good as none.
    std::fs::remove_file(dir.join("cat.jpg")).unwrap();
    assert_eq!(go(&here, &server, &["--run-dir", "photos"]).code(), Some(0));
}

/// A dry run looks at what has been done: after a part, and after all of it.
#[test]
fn a_dry_run_knows_what_is_done() {
    let (world, server, here) = well(20);
    for (more, left) in [(&["--limit", "12"][..], "8 seats to ask for"), (&[], "nothing is left to ask for")] {
        go(&here, &server, more);
        let (calls, looks, before) = (world.calls(), world.looks(), here.artefacts());
        let ended = go(&here, &server, &["--dry-run"]);
        assert!(ended.code() == Some(0) && ended.stderr.contains(left), "{}", ended.stderr);
        assert_eq!((world.calls(), world.looks(), here.artefacts()), (calls, looks, before));
    }
    assert_eq!(world.calls_of(&meeting(0), "user-00000"), 1);
}
