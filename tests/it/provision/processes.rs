//! The real program killed, interrupted and doubled: it goes on where it stopped.

use super::act::Act;
use super::binary::{Here, finish, reached, signal};
use super::tcp::Server;
use super::world::{World, roster};
use headcount::chime::class::Class;
use headcount::seed::Seed;
use rand::RngExt;
use rustix::process::Signal;

/// What one kill may make be asked again at 1,000 requests a second, 8 at once.
const AT_STAKE: u32 = 8 + 100;

#[test]
fn a_program_killed_by_chance_goes_on() {
    for spoilt in [false, true] {
        let world = World::real(move |ask| match (spoilt, (ask.chance(9) * 100.0) as u32) {
            (true, 0..5) => Act::Refuse(503, "ServiceUnavailableException"),
            (true, 5..10) => Act::Lose(Class::Reset),
            (true, 10..15) => Act::Refuse(500, "ServiceFailureException"),
            (true, 15..18) => Act::Break(Class::Reset),
            _ => Act::Well,
        });
        let (server, here) = (Server::new(&world), Here::new(&roster(6, 150)));
        let mut chance = Seed(u64::from(spoilt)).stream("kills");
        let mut kills = 0;
        for _ in 0..10 {
            let mut child = here.provision(&server.url(), &[]).spawn().unwrap();
            let at = world.calls() + chance.random_range(1..140);
            if !reached(&world, at, &mut child) {
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
        }
        assert!(kills >= 5, "{kills} kills");
        let ended = here.run(&server, &world, &[]);
        assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
        let lost = if spoilt { world.calls() / 2 } else { 0 };
        assert!(world.repeats() <= kills * AT_STAKE + lost, "{} repeats after {kills} kills", world.repeats());
        world.forget_calls();
        assert_eq!((here.run(&server, &world, &[]).code(), world.calls()), (Some(0), 0));
    }
}

#[test]
fn one_signal_drains_and_nothing_is_asked_again() {
    for sent in [Signal::INT, Signal::TERM] {
        let world = World::real(|_| Act::Well).slow(20);
        let (server, here) = (Server::new(&world), Here::new(&roster(4, 100)));
        let mut child = here.provision(&server.url(), &[]).spawn().unwrap();
        assert!(reached(&world, 60, &mut child));
        signal(&child, sent);
        let ended = finish(child);
        assert_eq!(ended.code(), Some(75), "{}", ended.stderr);
        let outputs = here.check(&world, &ended);
        assert_eq!(outputs.tokens.len(), world.calls() as usize, "what was in flight is published");
        assert!(ended.stderr.contains("same command"), "{}", ended.stderr);
        assert_eq!(here.run(&server, &world, &[]).code(), Some(0));
        assert_eq!(world.repeats(), 0);
    }
}

#[test]
fn a_second_signal_leaves_at_once() {
    for (sent, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let world = World::real(|ask| if ask.count > 47 { Act::Hang } else { Act::Well });
        let (server, here) = (Server::new(&world), Here::new(&roster(4, 50)));
        let mut child = here.provision(&server.url(), &["--timeout", "10m", "--max-duration", "1h"]).spawn().unwrap();
        assert!(reached(&world, 52, &mut child));
        // Signals of one kind do not queue up: a second that came before the first was taken would be lost, so more follow.
        while child.try_wait().unwrap().is_none() {
            signal(&child, sent);
            (0..50).for_each(|_| super::binary::pause());
        }
        assert_eq!(finish(child).code(), Some(code));
        world.script(|_| Act::Well);
        assert_eq!(here.run(&server, &world, &[]).code(), Some(0));
        assert!(world.repeats() <= AT_STAKE);
    }
}

#[test]
fn a_second_program_on_one_output_is_refused() {
    let world = World::real(|_| Act::Well).slow(40);
    let (server, here) = (Server::new(&world), Here::new(&roster(4, 100)));
    let mut first = here.provision(&server.url(), &[]).spawn().unwrap();
    assert!(reached(&world, 20, &mut first));
    let second = finish(here.provision(&server.url(), &[]).spawn().unwrap());
    assert_eq!(second.code(), Some(2), "{}", second.stderr);
    assert!(second.stderr.contains("in use by another headcount"), "{}", second.stderr);
    let ended = finish(first);
    here.check(&world, &ended);
    assert_eq!((ended.code(), world.calls(), world.most_calls()), (Some(0), 400, 1));
}

/// Killed while it publishes: the tokens that stood there stand there still, and nothing half written stays for good.
#[test]
fn a_program_killed_while_it_publishes_leaves_what_was_there() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(8, 200)));
    assert_eq!(here.run(&server, &world, &["--rate", "unlimited"]).code(), Some(0));
    let before = std::fs::read(here.path().join("tokens.csv")).unwrap();
    let unfinished = || {
        let names = std::fs::read_dir(here.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".tmp")).count()
    };
    let mut caught = 0;
    for _ in 0..60 {
        let mut child = here.provision(&server.url(), &[]).spawn().unwrap();
        while unfinished() == 0 && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        caught += unfinished();
        assert_eq!(std::fs::read(here.path().join("tokens.csv")).unwrap(), before);
        if caught > 0 {
            break;
        }
    }
    assert!(caught > 0, "no kill met a publication");
    assert_eq!(here.run(&server, &world, &[]).code(), Some(0));
    assert_eq!((world.calls(), unfinished()), (1600, 0));
}

/// A ledger torn in the middle: told with what to do, and nothing is asked until it is done.
#[test]
fn a_torn_ledger_is_told_with_what_to_do() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(4, 100)));
    assert_eq!(here.run(&server, &world, &[]).code(), Some(0));
    let ledger = here.path().join("tokens.csv.run/ledger.sqlite");
    let whole = std::fs::read(&ledger).unwrap();
    world.forget_calls();
    let mut torn = whole.clone();
    torn[4096..].iter_mut().for_each(|byte| *byte = 0x5a);
    for bytes in [&whole[..100], &whole[..whole.len() / 2], &torn, b"not a ledger"] {
        std::fs::write(&ledger, bytes).unwrap();
        let ended = finish(here.provision(&server.url(), &[]).spawn().unwrap());
        assert_eq!(ended.code(), Some(1), "{ended:?}");
        assert!(ended.stderr.contains("ledger.sqlite") && ended.stderr.contains("hint: move"), "{}", ended.stderr);
    }
    assert_eq!((world.calls(), world.looks()), (0, 0));
}
