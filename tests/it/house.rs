//! The house rules that a machine can see: import directions, file lengths, heads.
//!
//! Holds the map of who may import whom (docs/ARCHITECTURE.md draws it). It reads the sources as text; whoever breaks a rule is
//! told the file, the line and what would be right.

use std::fs;
use std::path::{Path, PathBuf};

/// A room and what it may name of the crate. `cli` may name everything.
const MAY: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    (
        "provision",
        &[
            "client", "drive", "ledger", "roster", "run_dir", "stats", "call", "chime", "seed", "bucket", "safe", "clock",
            "timer", "template",
        ],
    ),
    (
        "load",
        &["scenario", "client", "drive", "schedule", "stats", "behaviour", "call", "chime", "seed", "bucket", "timer", "safe"],
    ),
    ("merge", &["load", "scenario", "client", "stats", "chime", "safe"]),
    ("capacity", &["load", "scenario", "schedule", "client", "stats", "call", "chime", "seed", "bucket"]),
    ("compare", &["stats", "chime", "seed", "safe"]),
    ("plan", &["behaviour", "bucket", "chime", "ledger"]),
    ("probe", &["client", "drive", "call", "chime"]),
    ("report", &["capacity", "stats", "chime", "safe"]),
    ("twin", &["report", "client", "behaviour", "stats", "chime", "safe"]),
    ("reconcile", &["client", "drive", "ledger", "call", "chime", "seed", "bucket", "timer"]),
    ("run_dir", &["stats"]),
    ("client", &["call", "chime", "clock", "seed", "bucket", "safe"]),
    ("mock", &["behaviour", "bucket", "stats", "yaml", "chime", "clock", "seed", "safe", "timer"]),
    ("ledger", &["call", "chime", "safe"]),
    ("stats", &["call", "chime"]),
    ("roster", &["yaml", "call", "chime", "safe", "template"]),
    ("behaviour", &["chime", "yaml", "bucket", "seed"]),
    ("scenario", &["behaviour", "schedule", "stats", "yaml", "chime", "seed", "bucket", "safe", "template"]),
    ("schedule", &["seed"]),
    ("drive", &["timer"]),
    ("timer", &[]),
    ("call", &["chime"]),
    ("yaml", &["safe"]),
    ("chime", &[]),
    ("clock", &[]),
    ("seed", &[]),
    ("bucket", &[]),
    ("safe", &[]),
    ("template", &["safe"]),
];

fn sources() -> Vec<(String, PathBuf, String)> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).unwrap().to_path_buf();
            let room = inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            (room, inside, text)
        })
        .collect()
}

/// The code of a file: without comments, and without the tests at its end, which may hold both ends of a wire.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let until = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
    text[..until].lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn imports_go_one_way() {
    let mut broken = Vec::new();
    for (room, path, text) in sources() {
        if room == "cli" || room == "lib" {
            continue;
        }
        let Some((_, may)) = MAY.iter().find(|(name, _)| *name == room) else {
            broken.push(format!("src/{}: a new room; say in MAY and in docs/ARCHITECTURE.md what it may import", path.display()));
            continue;
        };
        for (n, line) in code(&text) {
            for named in line.split("crate::").skip(1) {
                let named: String = named.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                if named != room && !may.contains(&named.as_str()) {
                    broken.push(format!("src/{}:{}: {room} may not import {named}", path.display(), n + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_hold() {
    let mut broken = Vec::new();
    for (_, path, text) in sources() {
        let lines = text.lines().count();
        if lines > 400 {
            broken.push(format!("src/{}: {lines} lines; 400 at most", path.display()));
        }
        if !text.starts_with("//!") {
            broken.push(format!("src/{}: begins without saying what it holds", path.display()));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_core_is_without_terminal_and_environment() {
    let mut broken = Vec::new();
    for (room, path, text) in sources() {
        if room == "cli" || room == "main" {
            continue;
        }
        for (n, line) in code(&text) {
            for word in ["clap::", "indicatif::", "anstream::", "println!", "eprint", "env::var", "unsafe "] {
                if line.contains(word) {
                    broken.push(format!("src/{}:{}: {word} belongs to cli", path.display(), n + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
