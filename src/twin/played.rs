//! A twin in the words of behaviour: what a mock is to do.
//!
//! Holds [`Manners`] and [`played`]. Called by the command line, which tells a mock. Times are drawn by call and end; faults are rules of
//! mischief behind the quota, so that a throttle is the bucket's and nobody else's.

use super::recorded::reaches_the_quota;
use super::{Answers, Twin};
use crate::behaviour::mischief::{ErrorAnswer, Moment, Rule, Trick};
use crate::behaviour::quota::Allowance;
use crate::behaviour::{Latency, Quota, Span, Times};
use crate::chime::class::{Class, Tier};
use crate::chime::fault::Exception;
use crate::chime::operation::Operation;

/// How a mock is to behave.
#[derive(Debug, Clone, PartialEq)]
pub struct Manners {
    /// How long answers take of which nothing else is known.
    pub latency: Latency,
    /// How long the others take.
    pub times: Vec<Times>,
    /// What is let in.
    pub quota: Quota,
    /// What goes wrong.
    pub mischief: Vec<Rule>,
}

/// A twin's manners.
pub fn played(twin: &Twin) -> Manners {
    let mut quota = Quota::off();
    if let Some(bucket) = twin.quota {
        let allowance = Allowance { rate: bucket.rate, burst: bucket.burst };
        match bucket.operation {
            Some(operation) => drop(quota.operations.insert(snake(operation), allowance)),
            None => quota.all = Some(allowance),
        }
    }
    let operations = twin.operations();
    Manners {
        latency: Latency::Counted(twin.ok()),
        times: operations.iter().flat_map(|operation| times(twin, *operation)).collect(),
        quota,
        mischief: operations.iter().flat_map(|operation| faults(twin, *operation)).collect(),
    }
}

/// The mock's spelling.
fn snake(operation: Operation) -> String {
    operation.name().replace('-', "_")
}

/// Of a call: each end of its own, and what has none as the ok.
fn times(twin: &Twin, operation: Option<Operation>) -> Vec<Times> {
    let of = |class, latency| Times { operation: operation.map(snake), class, latency };
    let counted = |answers: &&Answers| answers.service_us.total() > 0;
    let known = twin.about(operation).filter(|answers| reaches_the_quota(answers.class) || answers.class.tier() == Tier::Auth);
    let mut times: Vec<Times> = known
        // How long a caller waits for nothing is the caller's own.
        .filter(|answers| answers.class != Class::ReadTimeout)
        .filter(counted)
        .map(|answers| of(Some(answers.class), Latency::Counted(answers.service_us.clone())))
        .collect();
    times.push(of(Some(Class::ReadTimeout), Latency::Fixed(Span::default())));
    let ok = twin.about(operation).filter(|answers| answers.class == Class::Ok).find(counted);
    times.extend(ok.map(|answers| of(None, Latency::Counted(answers.service_us.clone()))));
    times
}

/// Whether a mock plays calls that end so: what the service or the way to it does by itself.
pub(super) fn is_played(class: Class) -> bool {
    matches!(
        class,
        Class::Conflict | Class::ServiceFailure | Class::Unavailable | Class::Reset | Class::ReadTimeout | Class::Protocol
    )
}

/// Calls about an operation that the quota let in, as far as can be known.
pub(super) fn let_in(twin: &Twin, operation: Option<Operation>) -> u64 {
    let there = |answers: &&Answers| reaches_the_quota(answers.class) && answers.class != Class::Throttled;
    twin.about(operation).filter(there).map(|answers| answers.calls).sum()
}

/// The faults of a call. Each rule is tried once those before it have passed: its share is of what they leave.
fn faults(twin: &Twin, operation: Option<Operation>) -> Vec<Rule> {
    let mut left = let_in(twin, operation) as f64;
    let mut rules = Vec::new();
    for answers in twin.about(operation).filter(|answers| is_played(answers.class) && answers.calls > 0) {
        let tricks = tricks(answers);
        for (n, (weight, trick)) in tricks.iter().enumerate() {
            let calls = answers.calls as f64 * weight;
            let call = operation.map_or("any-call", Operation::name);
            let number = if tricks.len() > 1 { format!("-{}", n + 1) } else { String::new() };
            rules.push(Rule {
                name: format!("like-{call}-{}{number}", answers.class),
                from: Span::default(),
                until: None,
                operations: operation.map(snake).into_iter().collect(),
                share: (calls / left.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0),
                first_per_key: None,
                sticky: false,
                after: 0,
                at_most: None,
                behind_quota: true,
                active: true,
                trick: trick.clone(),
            });
            left -= calls;
        }
    }
    rules
}

/// What plays a fault, each with its share of the class.
fn tricks(answers: &Answers) -> Vec<(f64, Trick)> {
    match answers.class {
        Class::Reset => vec![(1.0, Trick::Reset(Moment::AfterWork))],
        Class::ReadTimeout => vec![(1.0, Trick::Hang(Moment::AfterWork))],
        Class::Protocol => vec![(1.0, Trick::NotJson)],
        class => {
            let total = answers.codes.values().sum::<u64>();
            if total == 0 {
                return vec![(1.0, error("", class))];
            }
            let share = |count: u64| count as f64 / total as f64;
            answers
                .codes
                .iter()
                .filter(|(_, count)| **count > 0)
                .map(|(code, count)| (share(*count), error(code, class)))
                .collect()
        }
    }
}

/// The error of this code; one of its class, where the code is none that a mock can answer with.
fn error(code: &str, class: Class) -> Trick {
    // What is told by its status alone is a gateway's page.
    if let Some(status) = code.parse::<u16>().ok().filter(|status| (500..600).contains(status)) {
        return Trick::Html(status);
    }
    let usual = match class {
        Class::Conflict => Exception::Conflict,
        Class::Unavailable => Exception::ServiceUnavailable,
        _ => Exception::ServiceFailure,
    };
    let kind = if code == "InternalFailure" { code } else { Exception::from_name(code).unwrap_or(usual).type_name() };
    Trick::Error(ErrorAnswer {
        kind: kind.to_owned(),
        at: Moment::BeforeWork,
        message: None,
        retry_after: None,
        retry_after_ms: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behaviour::Counted;
    use crate::twin::Of;
    use proptest::prelude::*;

    /// A class, how many calls ended so, and the codes behind it.
    type Row<'a> = (Class, u64, &'a [(&'a str, u64)]);

    fn twin(operation: Option<Operation>, answers: &[Row]) -> Twin {
        let of = |(class, calls, codes): &Row| Answers {
            operation,
            class: *class,
            calls: *calls,
            codes: codes.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect(),
            service_us: Counted::default(),
        };
        let of_run = Of { kind: "load".to_owned(), name: "x".to_owned(), started: None };
        let answers = answers.iter().map(of).collect();
        let (together_us, notes) = (Counted::default(), Vec::new());
        Twin { version: 1, kind: "twin".to_owned(), of: of_run, answers, together_us, quota: None, unthrottled: None, notes }
    }

    proptest! {
        /// Tried one after the other, the rules strike as often as was recorded, of what the quota let in; throttles are in none of it.
        #[test]
        fn rules_in_a_row_have_the_recorded_shares(ok in 1u64..1000, counts in prop::array::uniform4(0u64..500), throttled in 0u64..5000) {
            let [unavailable, reset, hung, odd] = counts;
            let codes: &[(&str, u64)] = &[("503", 3), ("ServiceUnavailableException", 1)];
            let twin = twin(Some(Operation::CreateAttendee), &[
                (Class::Ok, ok, &[]), (Class::Throttled, throttled, &[]), (Class::Dropped, 70, &[]),
                (Class::Unavailable, unavailable, codes), (Class::Reset, reset, &[]), (Class::ReadTimeout, hung, &[]), (Class::Protocol, odd, &[]),
            ]);
            let rules = played(&twin).mischief;
            let let_in = (ok + counts.iter().sum::<u64>()) as f64;
            let mut passed = 1.0;
            let mut shares = Vec::new();
            for rule in &rules {
                prop_assert!(rule.behind_quota && rule.check().is_ok(), "{rule:?}");
                shares.push(passed * rule.share);
                passed *= 1.0 - rule.share;
            }
            let quarter = unavailable as f64 / 4.0;
            let wanted = [3.0 * quarter, quarter, reset as f64, hung as f64, odd as f64];
            let wanted: Vec<f64> = wanted.into_iter().filter(|calls| *calls > 0.0).map(|calls| calls / let_in).collect();
            prop_assert_eq!(shares.len(), wanted.len());
            for (got, want) in shares.iter().zip(&wanted) {
                prop_assert!((got - want).abs() < 1e-9, "{shares:?} {wanted:?}");
            }
            prop_assert!((passed - ok as f64 / let_in).abs() < 1e-9);
        }
    }

    #[test]
    fn codes_are_played_as_they_were_or_as_their_class() {
        let codes: &[(&str, u64)] =
            &[("502", 1), ("InternalFailure", 1), ("InternalServerError", 1), ("ServiceFailureException", 1)];
        let rules = played(&twin(None, &[(Class::Ok, 6, &[]), (Class::ServiceFailure, 4, codes)])).mischief;
        let kind = |rule: &Rule| match &rule.trick {
            Trick::Error(error) => error.kind.clone(),
            Trick::Html(status) => status.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            rules.iter().map(kind).collect::<Vec<_>>(),
            ["502", "InternalFailure", "ServiceFailureException", "ServiceFailureException"]
        );
        assert!(rules.iter().all(|rule| rule.operations.is_empty()));
        assert_eq!(rules[0].name, "like-any-call-service-failure-1");
    }
}
