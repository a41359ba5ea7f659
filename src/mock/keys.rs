//! Who may call the mock.
//!
//! Holds [`Key`], [`KeyRing`] and the documented default pair. Called by the verifier. Secrets are wiped when dropped and never
//! printed. A file of keys is read by the command line and handed in as values.

use super::operation::Operation;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// The access key every mock knows unless it is told others. It opens nothing but this mock.
pub const DEFAULT_ACCESS_KEY: &str = "AKIDHEADCOUNTMOCK";
/// The secret that goes with [`DEFAULT_ACCESS_KEY`].
pub const DEFAULT_SECRET_KEY: &str = "headcount-mock-secret-key-EXAMPLE-0000000";
/// The account a key belongs to unless it says otherwise.
pub const DEFAULT_ACCOUNT: &str = "111122223333";
/// The region that unsigned requests are taken to be for.
pub const DEFAULT_REGION: &str = "us-east-1";

/// A key pair, what goes with it, and what it may do.
#[derive(Clone)]
pub struct Key {
    /// AccessKeyId.
    pub id: String,
    /// SecretAccessKey.
    pub secret: Zeroizing<String>,
    /// Account id.
    pub account: String,
    /// The session token that must come with it; a key without one must come without.
    pub session_token: Option<Zeroizing<String>>,
    /// When it stops being accepted.
    pub expires: Option<SystemTime>,
    /// The operations it may call; all of them if nothing is said.
    pub allow: Option<Vec<Operation>>,
    /// Whether its account may use the service at all.
    pub subscribed: bool,
}

impl Key {
    /// A key that may do everything, for ever.
    pub fn new(id: &str, secret: &str) -> Key {
        Key {
            id: id.to_owned(),
            secret: Zeroizing::new(secret.to_owned()),
            account: DEFAULT_ACCOUNT.to_owned(),
            session_token: None,
            expires: None,
            allow: None,
            subscribed: true,
        }
    }
}

impl Default for Key {
    fn default() -> Self {
        Key::new(DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("account", &self.account).finish_non_exhaustive()
    }
}

/// The keys a mock knows.
#[derive(Debug, Clone)]
pub struct KeyRing(HashMap<String, Arc<Key>>);

impl KeyRing {
    /// A ring of these keys; a later key of the same id replaces an earlier one.
    pub fn new(keys: impl IntoIterator<Item = Key>) -> KeyRing {
        KeyRing(keys.into_iter().map(|key| (key.id.clone(), Arc::new(key))).collect())
    }

    /// The key of this id.
    pub fn get(&self, id: &str) -> Option<&Arc<Key>> {
        self.0.get(id)
    }
}

impl Default for KeyRing {
    fn default() -> Self {
        KeyRing::new([Key::default()])
    }
}
