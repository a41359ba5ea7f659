//! What a second review has found, as strangers to the program: so that it stays mended.
//!
//! Holds a case a finding, each with the real program.

use super::act::Act;
use super::binary::{Here, finish, reached};
use super::job::Job;
use super::outputs::rows;
use super::tcp::Server;
use super::world::{World, meeting, roster};

/// Two runs with directories of their own, and one output between them.
#[test]
fn two_programs_never_write_one_output() {
    let world = World::real(|_| Act::Well).slow(40);
    let (server, here) = (Server::new(&world), Here::new(&roster(4, 100)));
    let mut first = here.provision(&server.url(), &[]).spawn().unwrap();
    assert!(reached(&world, 20, &mut first));
    for (more, path) in [(&["--run-dir", "other.run"][..], "tokens.csv"), (&["-o", "others.csv"][..], "rejects.csv")] {
        let second = finish(here.provision(&server.url(), more).spawn().unwrap());
        assert_eq!(second.code(), Some(2), "{}", second.stderr);
        assert!(second.stderr.contains(&format!("{path} is in use by another headcount")), "{}", second.stderr);
        assert!(!here.path().join("other.run").exists(), "a refused run leaves no directory");
    }
    let own = ["-o", "others.csv", "--rejects", "other-rejects.csv"];
    let beside = finish(here.provision(&server.url(), &own).spawn().unwrap());
    assert_eq!(beside.code(), Some(0), "{}", beside.stderr);
    assert_eq!(finish(first).code(), Some(0));
}

/// A roster that is refused, or an answer of no, leaves no run behind and ties nothing to anywhere.
#[test]
fn what_did_not_begin_leaves_nothing() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(1, 10)));
    std::fs::write(here.path().join("roster.csv"), "name\nbob\n").unwrap();
    let ended = finish(here.provision(&server.url(), &[]).spawn().unwrap());
    assert!(ended.code() == Some(104) && !here.path().join("tokens.csv.run").exists(), "{}", ended.stderr);
    std::fs::write(here.path().join("roster.csv"), roster(1, 10)).unwrap();
    let mut command = here.provision("https://nowhere.example", &[]);
    let ended = finish(command.spawn().unwrap());
    assert!(ended.code() == Some(2) && ended.stderr.contains("nobody to ask"), "{}", ended.stderr);
    let ended = finish(here.provision(&server.url(), &[]).spawn().unwrap());
    assert_eq!((ended.code(), world.calls()), (Some(0), 10), "{}", ended.stderr);
}

/// Every roster that cannot be read is named, not the first alone.
#[test]
fn every_unreadable_roster_is_named() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(1, 10)));
    std::fs::write(here.path().join("a.csv"), "name\nbob\n").unwrap();
    std::fs::write(here.path().join("b.csv"), b"ExternalUserId,MeetingId\nb\xffb,\n").unwrap();
    for (rosters, told) in
        [(["a.csv", "b.csv"], ["a.csv: no column", "b.csv:2: is not UTF-8"]), (["c.csv", "d.csv"], ["c.csv", "d.csv"])]
    {
        let mut command = here.provision(&server.url(), &rosters);
        let ended = finish(command.spawn().unwrap());
        assert_eq!(ended.code(), Some(104), "{}", ended.stderr);
        assert!(told.iter().all(|told| ended.stderr.contains(told)), "{}", ended.stderr);
    }
    assert_eq!(world.calls(), 0);
}

/// What a reason that may pass has refused: the summary says how to ask again. What no asking mends is not pointed at.
#[test]
fn rows_worth_asking_again_are_pointed_at() {
    for (status, kind, retryable) in [(409, "ConflictException", 1), (400, "BadRequestException", 0)] {
        let world = World::real(move |ask| match ask.user.as_deref() {
            Some("user-00003") => Act::Refuse(status, kind),
            _ => Act::Well,
        });
        let (server, here) = (Server::new(&world), Here::new(&roster(2, 10)));
        let ended = here.run(&server, &world, &[]);
        assert_eq!(ended.code(), Some(3), "{}", ended.stderr);
        let rejects = rows(&std::fs::read_to_string(here.path().join("rejects.csv")).unwrap());
        assert_eq!(rejects.iter().filter(|row| row["headcount.retryable"] == "yes").count(), retryable, "{kind}");
        assert_eq!(ended.stderr.contains("1 row was refused for a reason that may pass"), retryable == 1, "{}", ended.stderr);
        assert_eq!(ended.stderr.contains("--replay retry"), retryable == 1, "{}", ended.stderr);
    }
}

/// Ids that differ in letter case alone, of which the service makes one person: said once it is known.
#[test]
fn attendees_that_twins_share_are_told() {
    let m = meeting(0);
    let world = World::real(|_| Act::Well);
    let (server, here) =
        (Server::new(&world), Here::new(&format!("n,ExternalUserId,MeetingId\n1,Carol,{m}\n2,carol,{m}\n3,dave,{m}\n")));
    for _ in 0..2 {
        let ended = here.run(&server, &world, &[]);
        assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
        assert!(ended.stderr.contains("1 attendee is shared by ids that differ only in letter case"), "{}", ended.stderr);
    }
}

/// Of many rows alike, the one that differs is named.
#[tokio::test(start_paused = true)]
async fn a_conflict_names_the_row_that_differs() {
    let m = meeting(0);
    let mut text = String::from("n,ExternalUserId,MeetingId,Audio,Video,Content\n");
    (0..6).for_each(|n| text.push_str(&format!("{n},torn,{m},Receive,Receive,Receive\n")));
    text.push_str(&format!("6,torn,{m},Send,Send,Send\n"));
    let ran = Job::new(&text).run(&World::paused()).await;
    let told = "roster.csv:2 and roster.csv:8 ask for the same seat with different capabilities";
    assert!(ran.outputs.rejects.iter().all(|row| row["headcount.reason"] == told), "{:?}", ran.outputs.reasons());
}

/// Columns of one name: each has a name of its own in the tokens file, so that nothing is lost to who reads by name.
#[tokio::test(start_paused = true)]
async fn columns_of_one_name_are_told_apart() {
    let m = meeting(0);
    let text = format!("n,ExternalUserId,MeetingId,note,Note,note,note.2,status\n1,ann-1,{m},a,b,c,d,e\n");
    let job = Job::new(&text);
    assert!(job.run(&World::paused()).await.done());
    let tokens = std::fs::read_to_string(job.path().join("tokens.csv")).unwrap();
    assert!(tokens.starts_with("n,note,Note.3,note.4,note.2,roster.status,MeetingId,"), "{tokens}");
}
