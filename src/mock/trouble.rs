//! What could not be written down, told when it happens.
//!
//! Holds [`Trouble`]. Noted by the threads that write the log and the state, read by the admin endpoints; whoever runs the mock
//! says what is done with the news. It never sees what was to be written.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

/// The files that are no longer whole, and why.
pub struct Trouble {
    first: Mutex<BTreeMap<&'static str, String>>,
    tell: Box<dyn Fn(&str) + Send + Sync>,
}

impl Trouble {
    /// None so far. The first of each file is handed to `tell` at once, as a sentence.
    pub fn told_to(tell: impl Fn(&str) + Send + Sync + 'static) -> Trouble {
        Trouble { first: Mutex::default(), tell: Box::new(tell) }
    }

    /// A file, by what it is called, cannot be written any more.
    pub fn note(&self, file: &'static str, why: impl fmt::Display) {
        let why = why.to_string();
        let first = self.lock().insert(file, why.clone()).is_none();
        if first {
            (self.tell)(&format!("the {file} is not whole any more: {why}"));
        }
    }

    /// The files and why, if any.
    pub fn list(&self) -> BTreeMap<&'static str, String> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.first.lock().expect("nothing panics while it notes")
    }
}

/// Nobody is told but those who ask.
impl Default for Trouble {
    fn default() -> Self {
        Trouble::told_to(|_| {})
    }
}

impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trouble").field(&self.list()).finish()
    }
}
