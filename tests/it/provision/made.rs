//! Ids made by `--id`, through a whole run: what the service is asked, what rides along, and rejects that are a roster again.
//!
//! Holds a case a promise, each with the real program.

use super::act::Act;
use super::binary::{Here, finish};
use super::outputs::{Row, rows};
use super::tcp::Server;
use super::world::{World, meeting};

/// Runs the verb without the harness' comparison of ids, since the roster does not hold them.
fn run(here: &Here, server: &Server, more: &[&str]) -> (Option<i32>, String) {
    let ended = finish(here.provision(&server.url(), more).spawn().unwrap());
    (ended.code(), ended.stderr)
}

fn read(here: &Here, name: &str) -> Vec<Row> {
    rows(&std::fs::read_to_string(here.path().join(name)).unwrap())
}

#[test]
fn made_ids_are_asked_for_and_everything_rides_along() {
    let world = World::real(|_| Act::Well);
    let server = Server::new(&world);
    let m = meeting(0);
    let text =
        format!("n,ExternalUserId,Email,MeetingId\n1,old1,Ann@X.org,{m}\n2,old2,,{m}\n3,,ann@x.ORG,{m}\n4,old4,bo!b,{m}\n");
    let here = Here::new(&text);
    let (code, said) = run(&here, &server, &["--id", "{Email|lower}"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("roster.csv: ids are made by --id; the column \"ExternalUserId\" is not asked for"), "{said}");
    assert!(said.contains("roster.csv:3: ExternalUserId (column \"Email\", by --id) cannot be made"), "{said}");
    let tokens = read(&here, "tokens.csv");
    let told = |row: &Row| [&row["n"], &row["ExternalUserId"], &row["roster.ExternalUserId"], &row["Status"]].map(Clone::clone);
    assert_eq!(
        tokens.iter().map(told).collect::<Vec<_>>(),
        [["1", "ann@x.org", "old1", "provisioned"], ["3", "ann@x.org", "", "duplicate"]].map(|row| row.map(str::to_owned))
    );
    assert_eq!(world.calls(), 1);
    // The same command over the rejects: one column of ids, as the roster had it, and the template makes the same of it.
    let rejects = std::fs::read_to_string(here.path().join("rejects.csv")).unwrap();
    assert!(rejects.starts_with("ExternalUserId,MeetingId,Audio,Video,Content,n,Email,headcount.status"), "{rejects}");
    assert!(rejects.contains("\nold2,") && rejects.contains("\nold4,"), "{rejects}");
    std::fs::write(here.path().join("roster.csv"), rejects.replace("bo!b", "Bob@x.org").replace(",2,,", ",2,zoe@x.org,"))
        .unwrap();
    let (code, said) = run(&here, &server, &["--id", "{Email|lower}", "-o", "late.csv", "--rejects", "later.csv"]);
    assert_eq!(code, Some(0), "{said}");
    let late: Vec<String> = read(&here, "late.csv").iter().map(|row| row["ExternalUserId"].clone()).collect();
    assert_eq!(late, ["zoe@x.org", "bob@x.org"]);
}

/// A line that is no object keeps its text, though columns come after it; and what is broken stays out when rejects are read.
#[test]
fn json_lines_keep_what_cannot_be_read() {
    let here = Here::new("n,ExternalUserId,MeetingId\n");
    // 200 rows a meeting, and more of them than are looked at before the first.
    let good =
        |n: usize, more: &str| format!("{{\"ExternalUserId\":\"user-{n}\",\"MeetingId\":\"{}\"{more}}}\n", meeting(n % 10));
    let filler: String = (1..1_999).map(|n| good(n, "")).collect();
    let text = format!("{}{{broken\n{filler}{}", good(0, ""), good(1_999, ",\"late\":\"x\""));
    std::fs::write(here.path().join("roster.jsonl"), text).unwrap();
    let run = |args: &[&str]| {
        let ended = finish(
            here.bare(env!("CARGO_BIN_EXE_headcount"))
                .arg("provision")
                .args(args)
                .args(["--mock", "--rate", "9000/s"])
                .spawn()
                .unwrap(),
        );
        (ended.code(), ended.stderr)
    };
    let (code, said) = run(&["roster.jsonl", "-o", "tokens.csv"]);
    assert_eq!(code, Some(3), "{said}");
    let rejects = read(&here, "rejects.csv");
    let told = |row: &Row| ["headcount.code", "headcount.extra", "late", "headcount.source"].map(|name| row[name].clone());
    assert_eq!(
        rejects.iter().map(told).collect::<Vec<_>>(),
        [["json", "[\"{broken\"]", "", "roster.jsonl:2"].map(str::to_owned)]
    );
    assert_eq!(read(&here, "tokens.csv").last().unwrap()["late"], "x");
    let (code, said) = run(&["rejects.csv", "-o", "late.csv", "--rejects", "later.csv"]);
    assert_eq!((code, read(&here, "later.csv")[0]["headcount.extra"].as_str()), (Some(3), "[\"{broken\"]"), "{said}");
}

/// Another template is another reading of the same bytes.
#[test]
fn the_template_is_part_of_the_rosters_fingerprint() {
    let world = World::real(|_| Act::Well);
    let server = Server::new(&world);
    let here = Here::new(&format!("Email,ExternalUserId,MeetingId\nAnn@x.org,{m0},{m0}\n", m0 = meeting(0)));
    assert_eq!(run(&here, &server, &["--id", "{Email|lower}"]).0, Some(0));
    let (code, said) = run(&here, &server, &["--id", "{Email|lower}"]);
    assert!(code == Some(0) && said.contains("unchanged"), "{said}");
    let (code, said) = run(&here, &server, &["--id", "{Email|upper}", "--force"]);
    assert_eq!((code, read(&here, "tokens.csv")[0]["ExternalUserId"].as_str()), (Some(0), "ANN@X.ORG"), "{said}");
    let (code, said) = run(&here, &server, &["--id", "{Email}", "--map", "ExternalUserId=Email"]);
    assert!(code == Some(2) && said.contains("both say what ids are"), "{said}");
}
