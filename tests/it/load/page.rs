//! `headcount report --html` as a person runs it. What a browser makes of the page is seen by tests/peers/page; here it is what the file
//! says, that the same run makes the same bytes, and that bad input is told.

use crate::person::{headcount, told};
use std::path::Path;

fn run(dir: &Path, args: &[&str]) -> (i32, String, String) {
    told(headcount(dir).args(args))
}

/// A run of a call a tenth of a second, kept small: what matters here is what is told of it.
fn loaded(dir: &Path, name: &str) {
    let (code, _, err) = run(dir, &["load", "--rate", "10/s", "--duration", "1s", "--run-dir", name]);
    assert!(matches!(code, 0 | 96), "{err}");
}

#[test]
fn a_page_is_one_file_the_same_each_time_and_lets_nothing_else_run() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run(dir.path(), args);
    loaded(dir.path(), "r.run");
    let (code, out, err) = run(&["report", "r.run", "--html", "page.html"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""));
    let page = std::fs::read_to_string(dir.path().join("page.html")).unwrap();
    let (_, again, _) = run(&["report", "r.run/", "--html", "-"]);
    assert!(page == again, "the same run, other bytes");
    let scripts: Vec<&str> = page.matches("<script").collect();
    assert_eq!(scripts.len(), 3, "the data, the library, the page's own");
    let policy = page.split("Content-Security-Policy\" content=\"").nth(1).unwrap().split("\">").next().unwrap();
    assert!(policy.starts_with("default-src &#39;none&#39;; script-src &#39;sha256-"), "{policy}");
    assert!(!policy.contains("unsafe-eval") && !policy.contains("http"), "{policy}");
    let body = page.split("<body>").nth(1).unwrap().split("<script").next().unwrap();
    assert!(!body.contains("src=") && !body.contains("href=\"http"), "a page fetches nothing");
    assert!(body.contains("Load test: command-line") && body.contains(">10 of 10 calls<"), "{body}");
}

#[test]
fn text_of_a_run_is_never_markup() {
    let dir = tempfile::tempdir().unwrap();
    loaded(dir.path(), "r.run");
    let path = dir.path().join("r.run").join("summary.json");
    let bad = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\\\"'";
    let summary = std::fs::read_to_string(&path).unwrap().replace("\"command-line\"", &format!("\"{bad}\""));
    std::fs::write(&path, summary).unwrap();
    let label = "<b>&.run";
    std::fs::rename(dir.path().join("r.run"), dir.path().join(label)).unwrap();
    loaded(dir.path(), "other.run");
    let (code, page, err) = run(dir.path(), &["report", label, "other.run", "--html", "-"]);
    assert_eq!(code, 0, "{err}");
    let (code, alone, _) = run(dir.path(), &["report", label, "--html", "-"]);
    assert_eq!(code, 0);
    assert!(
        alone.contains("&lt;/script&gt;&lt;script&gt;alert(1)") || alone.contains("&#60;/script&#62;&#60;script&#62;alert(1)")
    );
    for page in [page, alone] {
        assert!(!page.contains("<b>&") && !page.contains("<img ") && !page.contains("<script>alert"));
        assert_eq!(page.matches("<script").count(), 3);
    }
}

#[test]
fn runs_that_no_page_can_be_made_of_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run(dir.path(), args);
    loaded(dir.path(), "r.run");
    std::fs::write(
        dir.path().join("roster.csv"),
        "ExternalUserId,MeetingId\nann@example.com,1b0c5d8e-5ea7-4c1b-9d02-0e0d40c12713\nx,\n",
    )
    .unwrap();
    let (code, _, err) = run(&["provision", "roster.csv", "--mock", "-o", "t.csv", "--run-dir", "p.run", "--yes"]);
    assert_eq!(code, 3, "{err}");
    let (code, page, err) = run(&["report", "p.run", "--html", "-"]);
    assert_eq!(code, 0, "{err}");
    let said = "1 of 2 rows have a token, 1 has none.";
    assert!(page.contains(said) && page.contains(">id-length<") && !page.contains("ann@example.com"), "counted, not named");
    std::fs::create_dir(dir.path().join("empty.run")).unwrap();
    for (args, code, words) in [
        (&["report", "--html", "x.html"][..], 2, "<RUN>"),
        (&["report", "r.run", "p.run", "--html", "x.html"], 2, "not of several kinds"),
        (&["report", "r.run", "r.run"], 2, "--html FILE makes a page of several"),
        (&["report", "r.run", "r.run", "r.run", "r.run", "r.run", "r.run", "r.run", "--html", "x.html"], 2, "one to 6 runs"),
        (&["report", "r.run", "--html", "x.html", "--format", "md"], 2, "cannot be used with"),
        (&["report", "empty.run", "--html", "x.html"], 104, "cannot be read"),
        (&["report", "r.run", "--html", "no/such/place.html"], 75, "cannot be written"),
    ] {
        let (was, _, err) = run(args);
        assert!(was == code && err.contains(words), "{args:?}: {was} {err}");
    }
    // A series whose columns are gone, and a log that was torn by a kill: one is refused, the other told and done without.
    let series = dir.path().join("r.run").join("series.csv");
    let kept = std::fs::read_to_string(&series).unwrap();
    std::fs::write(&series, "a,b\n1,2\n").unwrap();
    let (code, _, err) = run(&["report", "r.run", "--html", "x.html"]);
    assert!(code == 104 && err.contains("series.csv: it has no column second"), "{err}");
    std::fs::write(&series, format!("{kept}7,1")).unwrap();
    let log = dir.path().join("r.run").join("latency.hlog");
    let torn = std::fs::read_to_string(&log).unwrap() + "Tag=response,1.000,1.000,2174";
    std::fs::write(&log, torn).unwrap();
    let (code, page, err) = run(&["report", "r.run", "--html", "-"]);
    assert!(code == 0 && page.contains("2 lines of the run&#39;s logs could not be read"), "{err}");
    assert!(!dir.path().join("x.html").exists(), "nothing was left behind");
}
