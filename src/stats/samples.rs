//! What went wrong, with a few examples of each kind: for the summary.
//!
//! Holds [`Samples`]. Filled by the verbs with each fault. Bounded (classes × codes × examples), and free of ids and tokens,
//! because faults are.

use crate::call::Fault;
use crate::chime::class::Class;
use std::collections::BTreeMap;

/// Examples kept of each kind of fault.
const EXAMPLES: usize = 3;
/// Kinds of fault told apart by code within a class.
const CODES: usize = 8;

/// A few words and request ids of each kind of fault.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    faults: BTreeMap<Class, BTreeMap<String, Kind>>,
    last: Option<Class>,
}

/// One kind of fault.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Kind {
    /// How often.
    pub count: u64,
    /// A few messages, safe to print.
    pub messages: Vec<String>,
    /// A few request ids.
    pub request_ids: Vec<String>,
}

impl Kind {
    fn merge(&mut self, other: &Kind) {
        self.count += other.count;
        for message in &other.messages {
            if self.messages.len() < EXAMPLES && !self.messages.contains(message) {
                self.messages.push(message.clone());
            }
        }
        let room = EXAMPLES.saturating_sub(self.request_ids.len());
        self.request_ids.extend(other.request_ids.iter().take(room).cloned());
    }
}

impl Samples {
    /// One more.
    pub fn add(&mut self, fault: &Fault) {
        self.last = Some(fault.class);
        let codes = self.faults.entry(fault.class).or_default();
        let code = if codes.len() >= CODES && !codes.contains_key(&fault.code) { "other" } else { &fault.code };
        let kind = codes.entry(code.to_owned()).or_default();
        kind.count += 1;
        if kind.messages.len() < EXAMPLES && !fault.message.is_empty() && !kind.messages.contains(&fault.message) {
            kind.messages.push(fault.message.clone());
        }
        if let Some(id) = fault.request_id.as_ref().filter(|_| kind.request_ids.len() < EXAMPLES) {
            kind.request_ids.push(id.clone());
        }
    }

    /// Adds another's counts to these; examples are kept as far as there is room.
    pub fn merge(&mut self, other: &Samples) {
        self.last = other.last.or(self.last);
        for (class, codes) in &other.faults {
            codes.iter().for_each(|(code, kind)| self.put(*class, code, kind));
        }
    }

    /// Adds one kind of fault, read back, say.
    pub fn put(&mut self, class: Class, code: &str, kind: &Kind) {
        let ours = self.faults.entry(class).or_default();
        let code = if ours.len() >= CODES && !ours.contains_key(code) { "other" } else { code };
        ours.entry(code.to_owned()).or_default().merge(kind);
    }

    /// The codes of a class.
    pub fn of(&self, class: Class) -> Option<&BTreeMap<String, Kind>> {
        self.faults.get(&class)
    }

    /// The class of the last fault.
    pub fn last_class(&self) -> Option<Class> {
        self.last
    }
}
