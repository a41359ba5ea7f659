//! Mischief at work.
//!
//! Holds [`Mischief`], the rules in force with what they have done so far, and [`Spell`], what they do to one request. Called
//! before the work (which rules strike?) and after it ([`super::spoil`]). Whether a rule strikes follows from the seed, the
//! rule, the request and how often that request was seen, never from the order of arrival: a run replays.

use super::fault::Fault;
use super::operation::Operation;
use super::service::reply::Reply;
use super::spoil::Wire;
use crate::behaviour::BadBehaviour;
use crate::behaviour::draw::Draw;
use crate::behaviour::mischief::{ErrorAnswer, Moment, Rule, Trick};
use crate::chime::class::Class;
use crate::chime::fault::{Exception, classify};
use crate::seed::Seed;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

/// Different requests whose repetitions a rule counts; later ones are taken to be new.
const KEYS_AT_MOST: usize = 1_000_000;

/// A rule in force.
struct Active {
    rule: Rule,
    operations: Vec<Operation>,
    error: Option<Fault>,
    latency: Option<Draw>,
    on: AtomicBool,
    matched: AtomicU64,
    struck: AtomicU64,
    seen: Mutex<HashMap<u64, u32>>,
}

/// All rules in force.
pub struct Mischief {
    seed: Seed,
    rules: RwLock<Rules>,
}

type Rules = Arc<Vec<Arc<Active>>>;

/// What one request has coming.
#[derive(Default)]
pub struct Spell {
    /// The rules that struck, in order.
    struck: Vec<Arc<Active>>,
    /// Answered with this, and nothing is done.
    pub instead: Option<Fault>,
    /// What is done to the answer once the work is done.
    pub after: Option<Trick>,
    /// An error that hides work that was done.
    pub cover: Option<Fault>,
    /// What the wire does whatever the answer is.
    pub wire: Wire,
    /// The meeting is to end first; still set afterwards, if none has.
    pub end_meeting: bool,
    /// Seconds that the mock's clock is ahead.
    pub clock: i64,
    /// Nothing is answered before this offset.
    pub hold_until: Duration,
    /// Answers take so many times as long.
    pub slow: Option<f64>,
    /// Answers take this long.
    pub latency: Option<Duration>,
    /// What answers has its word only once the quota has let the request in; not set any more when it has.
    pub behind_quota: bool,
    decided: bool,
}

impl Mischief {
    /// Puts rules in force, refusing what cannot be.
    pub fn new(rules: &[Rule], seed: Seed) -> Result<Mischief, BadBehaviour> {
        Ok(Mischief { seed, rules: RwLock::new(Arc::new(ready(rules, seed)?)) })
    }

    /// Replaces the rules.
    pub fn replace(&self, rules: &[Rule]) -> Result<(), BadBehaviour> {
        let ready = Arc::new(ready(rules, self.seed)?);
        *self.rules.write().expect("nothing panics while it holds the rules") = ready;
        Ok(())
    }

    fn rules(&self) -> Rules {
        Arc::clone(&self.rules.read().expect("nothing panics while it holds the rules"))
    }

    /// Switches a rule on or off; says whether there is one of that name.
    pub fn switch(&self, name: &str, on: bool) -> bool {
        let rules = self.rules();
        let named: Vec<_> = rules.iter().filter(|active| active.rule.name == name).collect();
        named.iter().for_each(|active| active.on.store(on, Ordering::Relaxed));
        !named.is_empty()
    }

    /// Names, whether each is on, and how often it has struck.
    pub fn list(&self) -> Vec<(String, bool, u64)> {
        let row = |a: &Arc<Active>| (a.rule.name.clone(), a.on.load(Ordering::Relaxed), a.struck.load(Ordering::Relaxed));
        self.rules().iter().map(row).collect()
    }

    /// Forgets what has happened.
    pub fn reset(&self) {
        for active in self.rules().iter() {
            active.matched.store(0, Ordering::Relaxed);
            active.struck.store(0, Ordering::Relaxed);
            active.seen.lock().expect("nothing panics while it holds the counts").clear();
        }
    }

    /// What comes over the n-th request, which arrives at `now` and is recognised by `key`.
    pub fn cast(&self, now: Duration, n: u64, operation: Operation, key: impl Fn() -> u64) -> Spell {
        let mut spell = Spell::default();
        let rules = self.rules();
        if rules.is_empty() {
            return spell;
        }
        let key = key();
        for active in rules.iter() {
            // A rule that comes too late to answer has not seen the request: its turn comes when the request is repeated.
            if spell.decided && active.rule.trick.answers() {
                continue;
            }
            if active.strikes(self.seed, now, operation, key) {
                spell.take(active, n);
            }
        }
        spell
    }
}

fn ready(rules: &[Rule], seed: Seed) -> Result<Vec<Arc<Active>>, BadBehaviour> {
    rules.iter().map(|rule| Active::new(rule.clone(), seed).map(Arc::new)).collect()
}

impl Active {
    fn new(rule: Rule, seed: Seed) -> Result<Active, BadBehaviour> {
        rule.check()?;
        let bad = |what: String| BadBehaviour(format!("mischief '{}': {what}", rule.name));
        let operation = |name: &String| Operation::from_name(name).ok_or_else(|| bad(format!("'{name}' is no operation")));
        let operations = rule.operations.iter().map(operation).collect::<Result<_, _>>()?;
        let error = match &rule.trick {
            Trick::Error(answer) => {
                Some(error(answer).ok_or_else(|| bad(format!("'{}' is no error of the service", answer.kind)))?)
            }
            _ => None,
        };
        let latency = match &rule.trick {
            Trick::Latency(latency) => Some(Draw::new(latency.clone(), seed, "mischief")?),
            _ => None,
        };
        let on = AtomicBool::new(rule.active);
        let (matched, struck) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Active { rule, operations, error, latency, on, matched, struck, seen: Mutex::default() })
    }

    fn strikes(&self, seed: Seed, now: Duration, operation: Operation, key: u64) -> bool {
        let rule = &self.rule;
        let open = now >= rule.from.0 && rule.until.is_none_or(|until| now < until.0);
        let meant = self.operations.is_empty() || self.operations.contains(&operation);
        if !open || !meant || !self.on.load(Ordering::Relaxed) {
            return false;
        }
        if self.matched.fetch_add(1, Ordering::Relaxed) < rule.after {
            return false;
        }
        if (rule.share < 1.0 || rule.first_per_key.is_some()) && !self.falls_on(seed, key) {
            return false;
        }
        let most = rule.at_most.unwrap_or(u64::MAX);
        self.struck.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < most).then_some(n + 1)).is_ok()
    }

    /// Chance, and the count of repetitions.
    fn falls_on(&self, seed: Seed, key: u64) -> bool {
        let nth = {
            let mut seen = self.seen.lock().expect("nothing panics while it holds the counts");
            if seen.len() >= KEYS_AT_MOST && !seen.contains_key(&key) {
                0
            } else {
                let count = seen.entry(key).or_insert(0);
                *count += 1;
                *count - 1
            }
        };
        if self.rule.first_per_key.is_some_and(|first| nth >= first) {
            return false;
        }
        let throw = if self.rule.sticky { 0 } else { nth };
        let digest = seed.digest(&[b"mischief", self.rule.name.as_bytes(), &key.to_le_bytes(), &throw.to_le_bytes()]);
        let number = digest[..8].iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        ((number >> 11) as f64 / (1u64 << 53) as f64) < self.rule.share
    }
}

impl Spell {
    /// The first rule that struck, for the log.
    pub fn name(&self) -> Option<String> {
        self.struck.first().map(|active| active.rule.name.clone())
    }

    /// Rules of this kind have turned out to have nothing to act on, so they have not struck after all.
    pub fn missed(&mut self, kind: impl Fn(&Trick) -> bool) {
        self.struck.retain(|active| {
            let missed = kind(&active.rule.trick);
            if missed {
                // A reset may have set the count to nothing in between.
                let _ = active.struck.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            }
            !missed
        });
    }

    /// The request has come to its end without being let in: whatever was to answer behind the quota has not struck.
    pub fn not_let_in(&mut self) {
        self.missed(Trick::answers);
        (self.instead, self.after, self.cover, self.wire, self.behind_quota) = (None, None, None, Wire::Send, false);
    }

    /// How it ends for the caller.
    pub fn class(&self, done: &Result<Reply, Fault>) -> Class {
        let of = |fault: &Fault| classify(Some(fault.kind), fault.status);
        match (self.wire, &self.after, &self.cover) {
            (Wire::Reset, ..) => Class::Reset,
            (Wire::Hang, ..) => Class::ReadTimeout,
            (_, Some(Trick::Html(status) | Trick::Status(status)), _) => classify(None, *status),
            (_, Some(_), _) if done.is_ok() => Class::Protocol,
            (_, _, Some(cover)) if done.is_ok() => of(cover),
            _ => done.as_ref().err().map_or(Class::Ok, of),
        }
    }

    /// Adds what a rule does. Time adds up; of those that answer, the first has the word.
    fn take(&mut self, active: &Arc<Active>, n: u64) {
        self.struck.push(Arc::clone(active));
        let whole_seconds = |span: &crate::behaviour::Span| i64::try_from(span.0.as_secs()).unwrap_or(i64::MAX);
        match &active.rule.trick {
            Trick::ClockAhead(by) => self.clock = self.clock.saturating_add(whole_seconds(by)),
            Trick::ClockBehind(by) => self.clock = self.clock.saturating_sub(whole_seconds(by)),
            Trick::Stall => self.hold_until = self.hold_until.max(active.rule.until.map_or(Duration::ZERO, |until| until.0)),
            Trick::Slow(times) => self.slow = Some(self.slow.unwrap_or(1.0) * times),
            Trick::Latency(_) => self.latency = active.latency.as_ref().map(|draw| draw.at(n)),
            Trick::EndMeeting => self.end_meeting = true,
            answering => {
                (self.decided, self.behind_quota) = (true, active.rule.behind_quota);
                self.answer_with(answering, active);
            }
        }
    }

    fn answer_with(&mut self, trick: &Trick, active: &Active) {
        match trick {
            Trick::Error(answer) => match answer.at {
                Moment::BeforeWork => self.instead = active.error.clone(),
                Moment::AfterWork => self.cover = active.error.clone(),
            },
            Trick::Reset(moment) | Trick::Hang(moment) => {
                self.wire = if matches!(trick, Trick::Reset(_)) { Wire::Reset } else { Wire::Hang };
                self.instead = (*moment == Moment::BeforeWork).then(Fault::unseen);
            }
            Trick::Html(_) | Trick::Status(_) | Trick::Redirect(_) => {
                self.instead = Some(Fault::unseen());
                self.after = Some(trick.clone());
            }
            other => self.after = Some(other.clone()),
        }
    }
}

/// The fault that an error answer describes.
fn error(answer: &ErrorAnswer) -> Option<Fault> {
    const FRONT_END: [(&str, u16, &str); 9] = [
        ("ExpiredTokenException", 403, "The security token included in the request is expired"),
        ("InvalidSignatureException", 403, "The request signature we calculated does not match the signature you provided."),
        ("UnrecognizedClientException", 403, "The security token included in the request is invalid."),
        ("MissingAuthenticationTokenException", 403, "Missing Authentication Token"),
        ("IncompleteSignatureException", 403, "The request signature is incomplete."),
        ("AccessDeniedException", 403, "The caller is not authorized to perform this operation"),
        ("ThrottledClientException", 429, "Rate exceeded"),
        ("ValidationException", 400, "1 validation error detected"),
        ("InternalFailure", 500, "The service failed"),
    ];
    let usual = match FRONT_END.iter().find(|(name, _, _)| *name == answer.kind) {
        Some((name, status, message)) => Fault::front_end(name, *status, *message),
        None => {
            let exception = Exception::from_name(&answer.kind)?;
            let message = match exception {
                Exception::Throttling => "Rate exceeded",
                Exception::NotFound => "The meeting has ended",
                Exception::Forbidden => "AWS authorization failed",
                Exception::LimitExceeded => "The maximum number of attendees for this meeting has been reached",
                _ => "As mischief has it",
            };
            Fault::of(exception, message)
        }
    };
    let message = answer.message.clone().map_or(usual.message.clone(), Into::into);
    Some(Fault { message, ..usual }.hint(answer.retry_after.clone(), answer.retry_after_ms.clone()))
}
