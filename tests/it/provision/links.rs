//! Join links: a column made of the others, told with how long it is good for, and never seen anywhere else.
//!
//! Holds a case a promise, each with the real program.

use super::act::Act;
use super::binary::{Here, finish};
use super::tcp::Server;
use super::world::{World, roster};

const LINK: &str = "https://join.example/{MeetingId}?name={ExternalUserId|url}#{JoinToken|url}";

#[test]
fn every_row_with_a_token_gets_its_link() {
    let world = World::real(|ask| match ask.user.as_deref() {
        Some("user-00003") => Act::Refuse(400, "BadRequestException"),
        _ => Act::Well,
    });
    let (server, here) = (Server::new(&world), Here::new(&roster(2, 4)));
    let ended = here.run(&server, &world, &["--link", LINK, "-vv"]);
    assert_eq!(ended.code(), Some(3), "{}", ended.stderr);
    let outputs = here.outputs();
    assert!(!outputs.tokens.is_empty() && outputs.rejects.iter().all(|row| !row.contains_key("JoinUrl")));
    for row in &outputs.tokens {
        let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let (head, token) = row["JoinUrl"].split_once('#').unwrap();
        let (head, name) = head.split_once("?name=").unwrap();
        assert_eq!(head, format!("https://join.example/{}", row["MeetingId"]));
        assert_eq!((decoded(name), decoded(token)), (row["ExternalUserId"].clone(), row["JoinToken"].clone()));
        let seen = |text: &str| text.contains(&row["JoinToken"]) || text.contains(token);
        assert!(!seen(&ended.stderr), "a link is a token, and no log's business");
        for (name, bytes) in here.artefacts() {
            assert!(!seen(&String::from_utf8_lossy(&bytes)), "{name}");
        }
    }
    assert!(ended.stderr.contains("one that nobody connects to ends 5 min after it was made"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("before the #"), "{}", ended.stderr);
}

/// The link is made when the outputs are: another one needs no call.
#[test]
fn another_link_asks_for_nothing_again() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(1, 5)));
    assert_eq!(here.run(&server, &world, &["--link", LINK]).code(), Some(0));
    let ended = here.run(&server, &world, &["--link", "app:join?t={JoinToken|url}"]);
    assert_eq!((ended.code(), world.calls()), (Some(0), 5));
    assert!(ended.stderr.contains("--link has the JoinToken before the #"), "{}", ended.stderr);
    assert!(here.outputs().tokens.iter().all(|row| row["JoinUrl"].starts_with("app:join?t=")));
    assert_eq!(here.run(&server, &world, &[]).code(), Some(0));
    assert!(here.outputs().tokens.iter().all(|row| !row.contains_key("JoinUrl")));
}

/// Nothing is asked, nothing is left, and what to write instead is said.
#[test]
fn links_that_cannot_be_made_are_told_before_anything_is_asked() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new("n,ExternalUserId,MeetingId,JoinUrl\n"));
    std::fs::write(here.path().join("roster.csv"), roster(1, 3)).unwrap();
    for (link, says) in [
        ("https://join.example/#{JoinTokn|url}", "did you mean \"JoinToken\"?"),
        ("https://join.example/#{JoinToken}", "write {JoinToken|url}, which percent-encodes it"),
        ("join.example/{JoinToken|url}", "a link begins with its scheme"),
        ("https://join.example/#{JoinToken|base64}", "\"base64\" is no filter; there is lower, upper, trim, url"),
    ] {
        let ended = finish(here.provision(&server.url(), &["--link", link]).spawn().unwrap());
        assert_eq!(ended.code(), Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(says), "{}", ended.stderr);
        assert_eq!((world.calls(), std::fs::read_dir(here.path()).unwrap().count()), (0, 1), "{link}");
    }
}

/// A roster that has a column of this name keeps it, under another.
#[test]
fn a_column_of_the_same_name_rides_along() {
    let world = World::real(|_| Act::Well);
    let plain = roster(1, 2);
    let text: String =
        plain.lines().enumerate().map(|(n, l)| format!("{l},{}\n", if n == 0 { "joinurl" } else { "x y" })).collect();
    let (server, here) = (Server::new(&world), Here::new(&text));
    let ended = here.run(&server, &world, &["--link", "https://join.example/?old={roster.joinurl|url}"]);
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    for row in here.outputs().tokens {
        assert_eq!((row["roster.joinurl"].as_str(), row["JoinUrl"].as_str()), ("x y", "https://join.example/?old=x%20y"));
    }
}
