//! The real program short of disk, of descriptors, and of anybody to talk to.

use super::act::Act;
use super::binary::{Here, arguments, finish};
use super::tcp::Server;
use super::world::{World, roster};

/// What one stop may make be asked again at 1,000 requests a second, 8 at once.
const AT_STAKE: u32 = 8 + 100;

/// Files may grow to so many blocks and no further, as if the disk were full.
#[test]
fn a_full_disk_stops_the_run_and_the_same_command_goes_on() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(8, 200)));
    let (mut stops, mut midway) = (0, 0);
    for blocks in [0, 64, 512, 700, 850, 1000, 1200, 1400, 1700, 2000, 2800, 4000, 6000] {
        let calls = world.calls();
        let mut shell = here.shell(&format!("ulimit -f {blocks}; exec \"$0\" \"$@\""));
        let ended = finish(shell.args(arguments(&server.url(), &[])).spawn().unwrap());
        match ended.code() {
            Some(0) => break,
            code => assert_eq!(code, Some(75), "{blocks} blocks: {ended:?}"),
        }
        assert!(ended.stderr.contains("error:") && ended.stderr.contains("hint:"), "{blocks} blocks: {}", ended.stderr);
        stops += 1;
        midway += u32::from(world.calls() > calls);
    }
    assert!(stops >= 3 && midway >= 1, "{stops} stops, {midway} of them on the way");
    let ended = here.run(&server, &world, &[]);
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    assert!(world.repeats() <= midway * AT_STAKE, "{} repeats after {midway} stops", world.repeats());
}

/// A small disk that really fills up, then is made larger. Needs a mount of its own; where none may be made, file limits must do.
#[test]
fn a_disk_that_really_fills_up_stops_the_run_and_the_same_command_goes_on() {
    for size in ["300k", "500k", "600k", "700k"] {
        let world = World::real(|_| Act::Well);
        let (server, here) = (Server::new(&world), Here::new(&roster(4, 200)));
        std::fs::create_dir(here.path().join("disk")).unwrap();
        let script = format!(
            "mount -t tmpfs -o size={size} tmpfs disk || exit 99\n\"$0\" \"$@\"; first=$?\n\
             mount -o remount,size=64m disk; \"$0\" \"$@\" || exit $?\ncp -p disk/*.csv . && exit $first"
        );
        let mut shell = here.shell(&format!("exec unshare -rm /bin/sh -c '{script}' \"$0\" \"$@\""));
        let Ok(child) = shell.args(arguments(&server.url(), &["-o", "disk/tokens.csv"])).spawn() else { return };
        let ended = finish(child);
        if ended.code() == Some(99) || ended.stderr.contains("unshare") {
            return;
        }
        assert_eq!(ended.code(), Some(75), "{size}: {ended:?}");
        assert!(ended.stderr.contains("error: ") && ended.stderr.contains("hint: make room"), "{size}: {}", ended.stderr);
        assert_eq!(here.outputs().tokens.len(), 800);
        assert!(world.calls() >= 800 && world.repeats() <= AT_STAKE, "{size}: {} repeats", world.repeats());
    }
}

/// Few file descriptors, nobody listening to stderr, a terminal that is full: the run ends as it would have.
#[test]
fn scarce_descriptors_and_a_deaf_stderr_lose_nothing() {
    for limits in ["ulimit -n 20", "exec 2>&-", "exec 2>/dev/full", "exec 2>/dev/full >&-"] {
        let world = World::real(|_| Act::Well);
        let (server, here) = (Server::new(&world), Here::new(&roster(2, 50)));
        let mut shell = here.shell(&format!("{limits}; exec \"$0\" \"$@\""));
        let ended = finish(shell.args(arguments(&server.url(), &["--concurrency", "32", "-v"])).spawn().unwrap());
        here.check(&world, &ended);
        assert_eq!((ended.code(), world.calls()), (Some(0), 100), "{limits}: {}", ended.stderr);
    }
}
