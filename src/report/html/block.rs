//! What a page is made of: sections of tiles, plots, tables and words.
//!
//! Holds [`Page`], [`Section`], [`Block`] and what they hold. Made by the sections, set by the frame. All text is plain: the frame
//! escapes it.

use serde_json::Value;

/// A whole page.
#[derive(Debug)]
pub struct Page {
    /// What it is called, in the window and at its top.
    pub title: String,
    /// Beneath the title: what was run, where, when.
    pub subtitle: String,
    /// What each run came to.
    pub verdicts: Vec<Verdict>,
    /// The numbers to look at first.
    pub tiles: Vec<Tile>,
    /// The rest.
    pub sections: Vec<Section>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Verdict {
    /// `pass`, `fail`, `invalid`, `done` or `open`: how it looks.
    pub look: &'static str,
    /// The word.
    pub word: String,
    /// Which run, where there are several.
    pub label: Option<String>,
    /// Why, in one sentence.
    pub why: String,
    /// What else there is to say, a sentence each.
    pub more: Vec<String>,
}

/// A number that stands out.
#[derive(Debug)]
pub struct Tile {
    /// What it is.
    pub name: String,
    /// The number, with its unit.
    pub value: String,
    /// A few words beneath.
    pub note: String,
}

/// A part of the page with a heading.
#[derive(Debug)]
pub struct Section {
    /// Its anchor.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What it shows, for somebody who sees it for the first time.
    pub lead: String,
    /// What is in it.
    pub blocks: Vec<Block>,
}

/// Something in a section.
#[derive(Debug)]
pub enum Block {
    /// A plot, with its numbers beneath it.
    Figure(Figure),
    /// A table.
    Table(Table),
    /// Sentences.
    Words(Vec<String>),
    /// A text as it was written.
    Verbatim(String, String),
    /// A heading within the section.
    Head(String),
}

/// A plot.
#[derive(Debug)]
pub struct Figure {
    /// Its anchor.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// What a reader sees in it, for those who do not see it.
    pub alt: String,
    /// The options of the charting library, without colours and functions: the page's script puts these in.
    pub option: Value,
    /// What can be shown and hidden.
    pub legend: Vec<Key>,
    /// Alternatives of which one is shown.
    pub choices: Vec<Choice>,
    /// The same numbers, to be read.
    pub table: Table,
}

/// A line of a legend.
#[derive(Debug, Clone)]
pub struct Key {
    /// The series' name.
    pub name: String,
    /// Its colour's name.
    pub tone: String,
    /// `solid`, `dashed`, `dotted` or `fill`.
    pub line: &'static str,
    /// Whether it is shown at first.
    pub on: bool,
}

/// A button that changes what a plot shows.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What it says.
    pub name: String,
    /// What it does: `log`, `linear`, or `set:` and the number of the data set.
    pub does: String,
    /// Whether it is chosen at first.
    pub on: bool,
}

/// A table.
#[derive(Debug, Default)]
pub struct Table {
    /// Its anchor.
    pub id: String,
    /// What it shows.
    pub caption: String,
    /// Columns.
    pub head: Vec<Column>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it holds numbers.
    pub number: bool,
}

impl Table {
    /// A table whose named columns hold numbers where the name begins with `#`, which is not shown.
    pub fn new(id: &str, caption: &str, head: &[&str]) -> Table {
        let column = |name: &&str| match name.strip_prefix('#') {
            Some(name) => Column { name: name.to_owned(), number: true },
            None => Column { name: (*name).to_owned(), number: false },
        };
        Table { id: id.to_owned(), caption: caption.to_owned(), head: head.iter().map(column).collect(), rows: Vec::new() }
    }

    /// With one more row.
    pub fn row(&mut self, cells: Vec<String>) -> &mut Table {
        self.rows.push(cells);
        self
    }
}
