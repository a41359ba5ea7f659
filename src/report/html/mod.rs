//! The page itself: one file that fetches nothing.
//!
//! Holds [`set`]. Called with what stands on the page. Text is escaped by the template, data by [`data`]; scripts are the charting
//! library's and the page's own, known to the browser by their sums, so that nothing else in the file can run.

pub mod block;

use askama::Template;
use base64::Engine;
use block::{Block, Page, Table};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

const LIBRARY: &str = include_str!("../library/echarts.min.js");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("style.css");

#[derive(Template)]
#[template(path = "page.html", config = ".askama.toml")]
struct Frame<'a> {
    page: &'a Page,
    policy: String,
    plots: String,
    version: &'static str,
    library: &'static str,
    script: &'static str,
    style: &'static str,
}

/// Sets a page.
pub fn set(page: &Page) -> String {
    let figures = page.sections.iter().flat_map(|section| &section.blocks).filter_map(|block| match block {
        Block::Figure(figure) => Some((figure.id.clone(), figure.option.clone())),
        _ => None,
    });
    let frame = Frame {
        page,
        policy: format!(
            "default-src 'none'; script-src {} {}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
            sum(LIBRARY),
            sum(SCRIPT)
        ),
        plots: data(&Value::Object(figures.collect::<Map<_, _>>())),
        version: env!("CARGO_PKG_VERSION"),
        library: LIBRARY,
        script: SCRIPT,
        style: STYLE,
    };
    frame.render().expect("writing to a String does not fail, and the template has no other way to")
}

/// What a browser knows a script by.
fn sum(script: &str) -> String {
    format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(script.as_bytes())))
}

/// Data as it may stand in a script element: no text of it can end the element or begin another.
fn data(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// A page of one run needs no column that names it.
pub fn without_labels(page: &mut Page) {
    let strip = |table: &mut Table| {
        if table.head.first().is_some_and(|column| column.name == "run") {
            table.head.remove(0);
            table.rows.iter_mut().for_each(|row| drop(row.remove(0)));
        }
    };
    for block in page.sections.iter_mut().flat_map(|section| &mut section.blocks) {
        match block {
            Block::Table(table) => strip(table),
            Block::Figure(figure) => strip(&mut figure.table),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn data_cannot_leave_its_element() {
        let set = data(&json!({ "a": "</script><script>alert(1)//", "b": "<!--", "c": "&amp;\u{2028}" }));
        assert!(!set.contains('<') && !set.contains('>') && !set.contains('&'), "{set}");
        assert_eq!(serde_json::from_str::<Value>(&set).unwrap()["b"], "<!--");
    }

    #[test]
    fn scripts_of_ours_cannot_end_their_element() {
        for text in [LIBRARY, SCRIPT] {
            assert!(!text.contains("</script") && !text.contains("<!--"));
        }
        assert!(!STYLE.contains("</style"));
    }
}
