//! Reading nodes into values, and remembering everything that is wrong on the way.
//!
//! Holds [`Faults`], [`At`] and [`Keys`]; `scalars` has a reader for every kind of scalar. Called by the readers of the parts. A
//! reader that returns `None` has told why; whoever called it goes on with the next key, so that one run tells every fault of a file.

use super::names::suggest;
use super::scalars::{count, either, word};
use super::shape::{Kind, Shape};
use crate::safe;
use crate::yaml::YamlError;
use crate::yaml::node::{Content, Document, Key, Node, Place};
use std::cell::{Cell, RefCell};

/// A value and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// What is wrong with a document, so far.
pub struct Faults<'a> {
    doc: &'a Document,
    list: RefCell<Vec<YamlError>>,
    /// Values whose text is not what the file means; nothing else is said of them.
    spoilt: RefCell<Vec<Place>>,
}

/// Faults that are told of one file; whoever mends these sees the others next.
const MOST: usize = 100;

impl<'a> Faults<'a> {
    /// None yet.
    pub fn of(doc: &'a Document) -> Self {
        Faults { doc, list: RefCell::default(), spoilt: RefCell::default() }
    }

    /// Something is wrong here.
    pub fn at(&self, place: Place, message: impl AsRef<str>) {
        let mut list = self.list.borrow_mut();
        if self.spoilt.borrow().contains(&place) {
            return;
        }
        match list.len() {
            0..MOST => list.push(self.doc.error(place, message.as_ref())),
            MOST => {
                list.push(self.doc.error(place, &format!("more than {MOST} faults; the others are told when these are mended")))
            }
            _ => {}
        }
    }

    /// Something is wrong here that makes the value none: whatever else is found in it is not the writer's.
    pub fn spoilt(&self, place: Place, message: impl AsRef<str>) {
        self.at(place, message);
        self.spoil(place);
    }

    /// The same, where the fault itself is told elsewhere.
    pub fn spoil(&self, place: Place) {
        self.spoilt.borrow_mut().push(place);
    }

    /// Something is wrong here, and there is no value.
    pub fn none<T>(&self, place: Place, message: impl AsRef<str>) -> Option<T> {
        self.at(place, message);
        None
    }

    /// All of them, in the order of the file.
    pub fn into_list(self) -> Vec<YamlError> {
        let mut list = self.list.into_inner();
        list.sort_by_key(|error| (error.line, error.column));
        list.dedup();
        list
    }
}

/// A mapping held to its shape.
pub struct Keys<'a> {
    shape: &'static Shape,
    entries: &'a [(Key, Node)],
    faults: &'a Faults<'a>,
    asked: Cell<u64>,
}

impl<'a> Keys<'a> {
    /// Tells what the shape does not name, and what it needs and is not there.
    pub fn open(node: &'a Node, shape: &'static Shape, faults: &'a Faults<'a>) -> Option<Self> {
        let Content::Map(entries) = &node.content else {
            let keys = shape.keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
            return faults.none(node.place, format!("{} is a mapping with {keys}; here is {}", shape.place(), node.said()));
        };
        for (key, _) in entries.iter().filter(|(key, _)| shape.key(&key.text).is_none()) {
            let (word, place) = (safe::quoted(&key.text, 40), shape.place());
            faults.at(key.place, format!("unknown key {word} in {place}: {}", suggest(&key.text, shape)));
        }
        for (key, _) in entries.iter().filter(|(key, value)| value.is_null() && shape.key(&key.text).is_some()) {
            // `mock:` with nothing behind it must not come to mean "no mock": the real service would be asked.
            let empty = matches!(shape.key(&key.text), Some(super::shape::Key { kind: Kind::Map(_), .. }));
            let write = if empty { "write {} for its defaults" } else { "give it a value" };
            faults.at(key.place, format!("{} says nothing: {write}, or leave it out", key.text));
        }
        for key in shape.keys.iter().filter(|key| key.needed) {
            if !entries.iter().any(|(there, _)| there.text == key.name) {
                faults.at(node.place, format!("{} needs {}: {}", shape.place(), key.name, key.about));
            }
        }
        Some(Keys { shape, entries, faults, asked: Cell::new(0) })
    }

    /// The same for a shape of which exactly one key stands; which, and its value.
    pub fn one(node: &'a Node, shape: &'static Shape, faults: &'a Faults<'a>) -> Option<(&'static str, &'a Node)> {
        let keys = Keys::open(node, shape, faults)?;
        let mut there = keys.entries.iter().filter_map(|(key, value)| Some((shape.key(&key.text)?.name, key, value)));
        let names = || either(shape.keys.iter().map(|key| key.name));
        match (there.next(), there.next()) {
            (Some((name, _, value)), None) => Some((name, value)),
            (Some(_), Some((_, key, _))) => faults.none(key.place, format!("{} is one of {}, not two", shape.place(), names())),
            // An unknown key has been told already.
            (None, _) if !keys.entries.is_empty() => None,
            (None, _) => faults.none(node.place, format!("{} says {}", shape.place(), names())),
        }
    }

    /// The value under a key; null is none.
    pub fn get(&self, name: &str) -> Option<&'a Node> {
        let index = self.shape.keys.iter().position(|key| key.name == name);
        debug_assert!(index.is_some(), "{name} is no key of {}: add it to scenario/format.rs", self.shape.place());
        self.asked.set(self.asked.get() | 1 << index?);
        self.entries.iter().find(|(key, value)| key.text == name && !value.is_null()).map(|(_, value)| value)
    }

    /// The value under a key, read.
    pub fn read<T>(&self, name: &str, reader: impl FnOnce(&'a Node, &'a Faults<'a>) -> Option<T>) -> Option<At<T>> {
        let node = self.get(name)?;
        reader(node, self.faults).map(|value| At { value, place: node.place })
    }

    /// The value under a key, read, or this one.
    pub fn or<T>(&self, name: &str, default: T, reader: impl FnOnce(&'a Node, &'a Faults<'a>) -> Option<T>) -> T {
        self.read(name, reader).map_or(default, |at| at.value)
    }

    /// One of the words that the shape names for this key, or this one.
    pub fn choice(&self, name: &str, default: &'static str) -> &'static str {
        let words = match self.shape.key(name).map(|key| &key.kind) {
            Some(Kind::Choice(words)) => *words,
            _ => &[],
        };
        self.or(name, default, |node, faults| word(node, words, faults))
    }

    /// A whole number within the bounds that the shape names for this key, or this one.
    pub fn count(&self, name: &str, default: u64) -> u64 {
        self.counted(name).map_or(default, |at| at.value)
    }

    /// The same, with its place, and none if it is not there.
    pub fn counted(&self, name: &str) -> Option<At<u64>> {
        let (least, most) = match self.shape.key(name).map(|key| &key.kind) {
            Some(Kind::Count(least, most)) => (*least, *most),
            _ => (0, u64::MAX),
        };
        self.read(name, |node, faults| count(node, least, most, faults))
    }

    /// Everything has been asked for. In a debug build, forgetting a key of the shape is found here.
    pub fn end(self) {
        let forgotten = |(i, _): &(usize, _)| self.asked.get() & 1 << i == 0;
        let forgotten: Vec<_> = self.shape.keys.iter().enumerate().filter(forgotten).map(|(_, key)| key.name).collect();
        debug_assert!(forgotten.is_empty(), "{} never reads {forgotten:?}", self.shape.place());
    }
}
