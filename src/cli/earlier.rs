//! A run that is there already: found by its directory or its tokens file, and asked about only where it was made.
//!
//! Holds [`Earlier`], [`Asking`], the arguments of whoever asks on its behalf, and the words of what could not be done. Called by
//! `reconcile` and `cleanup`.

use super::failure::{Exit, Failure};
use super::progress::LINE_EVERY;
use super::provision::failures::{dir_failure, elsewhere, ledger_failure};
use super::say::Voice;
use super::service::{self, Service, Whom};
use super::values::{Span, counted, grouped};
use crate::bucket::Rate;
use crate::chime::class::Class;
use crate::client::attempt::Client;
use crate::client::retry::Backoff;
use crate::client::transport::Http;
use crate::clock::Wall;
use crate::ledger::schema::Ledger;
use crate::reconcile::Done;
use crate::reconcile::round::{Ending, Pacing};
use crate::run_dir::{LEDGER, RunDir};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// The default share of the published 10 requests a second: others who use the account still can.
const DEFAULT_RATE: f64 = 8.0;
/// Failures beyond this many are counted, not shown.
const SHOWN: usize = 5;

/// How a service is asked about a run.
#[derive(Debug, clap::Args)]
pub struct Asking {
    /// Requests a second, all operations and retries included [default: the run's own, else 8/s]
    #[arg(long, value_name = "RATE", help_heading = "Calls")]
    pub rate: Option<Rate>,

    /// Requests under way at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "Calls")]
    pub concurrency: u32,

    /// Time for one request, from its first byte to the answer's last
    #[arg(long, value_name = "TIME", default_value = "10s", help_heading = "Calls")]
    pub timeout: Span,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub whom: Whom,
}

impl Asking {
    /// How fast to ask.
    pub fn rate(&self, kept: &Earlier) -> Rate {
        let own = || kept.manifest["rate"].as_str()?.parse().ok();
        self.rate.or_else(own).unwrap_or_else(|| Rate::per_second(DEFAULT_RATE).expect("a positive rate"))
    }

    /// How to ask.
    pub fn pacing(&self, kept: &Earlier) -> Pacing {
        Pacing {
            rate: self.rate(kept),
            burst: 8.0,
            concurrency: self.concurrency as usize,
            attempts: 5,
            backoff: Backoff::STANDARD,
            seed: 42,
        }
    }

    /// A client of the service.
    pub fn client(&self, service: &Service) -> Result<Client<Http>, Failure> {
        service.client(Duration::from_secs(3), self.timeout.0, Wall::System)
    }

    /// The service, if it is the one that this ledger is tied to.
    pub async fn service_of(&self, ledger: &Ledger) -> Result<Service, Failure> {
        let place = ledger.meta("place").map_err(ledger_failure)?;
        let place = place.ok_or_else(|| Failure::new(Exit::Usage, "this run has never asked a service for anything"))?;
        not_embedded(&place)?;
        let service = Service::configured(&self.whom).await?;
        ledger
            .belongs(&service.place, service.account().as_deref())
            .map_err(|error| elsewhere(error).hint("ask where the run was made: --endpoint-url, or --region and --profile"))?;
        Ok(service)
    }

    /// The service, if it is the one that this load run has asked.
    pub async fn service_of_load(&self, manifest: &Value) -> Result<Service, Failure> {
        let Some(place) = manifest["endpoint"].as_str() else {
            return Err(Failure::new(Exit::Usage, "this run was merged of runs that asked different services")
                .hint("clean up each of those; run.json lists them under merged"));
        };
        not_embedded(place)?;
        let service = Service::configured(&self.whom).await?;
        let (owner, account) = (manifest["account"].as_str(), service.account());
        let other = matches!((owner, account.as_deref()), (Some(a), Some(b)) if a != b);
        if service.shown() != place || other {
            let of = |account: Option<&str>| account.map_or_else(String::new, |id| format!(" (account {id})"));
            let (bound, asked) = (crate::safe::line(place, 200), service.shown());
            let what = format!("this run belongs to {bound}{}, not to {asked}{}", of(owner), of(account.as_deref()));
            return Err(
                Failure::new(Exit::Usage, what).hint("ask where the run was made: --endpoint-url, or --region and --profile")
            );
        }
        Ok(service)
    }
}

fn not_embedded(place: &str) -> Result<(), Failure> {
    match place.starts_with(service::MOCK) {
        true => Err(Failure::new(Exit::Usage, format!("this run was made on {}, which ended with it", service::MOCK))
            .hint("there is nothing to ask; try it with `headcount mock` in another terminal, and --endpoint-url")),
        false => Ok(()),
    }
}

/// A run that is there.
pub struct Earlier {
    /// Its directory, locked.
    pub dir: RunDir,
    /// `run.json`, as far as it can be read.
    pub manifest: Value,
}

impl Earlier {
    /// Finds a run by its directory, or by the tokens file that stands beside it.
    ///
    /// # Errors
    /// There is none, or somebody works in it.
    pub fn open(run: &Path) -> Result<Earlier, Failure> {
        let place = if run.is_dir() { run.to_owned() } else { beside(run) };
        if ![LEDGER, "run.json"].iter().any(|name| place.join(name).is_file()) {
            let shown = crate::safe::line(&run.to_string_lossy(), 200);
            return Err(Failure::new(Exit::Usage, format!("{shown} is no run of headcount's, and has none beside it"))
                .hint("name the run's directory (tokens.csv.run) or its tokens file"));
        }
        let dir = RunDir::open(&place).map_err(dir_failure)?;
        let manifest = std::fs::read(dir.file("run.json")).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(Earlier { dir, manifest: manifest.unwrap_or_default() })
    }

    /// Whether it is a load run, which has no ledger.
    pub fn is_load(&self) -> bool {
        !self.dir.file(LEDGER).is_file()
    }

    /// Its ledger.
    ///
    /// # Errors
    /// It has none, or one that cannot be used.
    pub fn ledger(&self) -> Result<Ledger, Failure> {
        if self.is_load() {
            return Err(Failure::new(Exit::Usage, format!("{} is a load run: it has no ledger", self.dir.path().display())));
        }
        Ledger::open(&self.dir.file(LEDGER)).map_err(ledger_failure)
    }
}

fn beside(tokens: &Path) -> PathBuf {
    let name = tokens.file_name().unwrap_or_default().to_string_lossy();
    tokens.with_file_name(format!("{name}.run"))
}

/// Says how far a round has come, every few seconds.
pub fn telling(voice: Voice, of: u64, what: &'static str) -> impl FnMut(u64) {
    let mut last = Instant::now();
    move |done| {
        if last.elapsed() >= LINE_EVERY {
            last = Instant::now();
            voice.say(format_args!("{} of {} {what}", grouped(done), grouped(of)));
        }
    }
}

/// Why nothing is pruned while the roster has faulty rows.
pub fn rejected(rows: u64) -> String {
    format!(
        "nothing was pruned: {} rejected, and may name those who would be deleted; mend the roster first",
        if rows == 1 { "a row of the roster is".to_owned() } else { format!("{} of the roster are", counted(rows, "row")) }
    )
}

/// Why a round did not come to its end; `None` if it did.
pub fn cut_short(ending: &Ending) -> Option<Failure> {
    let reason = |fault: &crate::call::Fault| {
        if fault.message.is_empty() { fault.code.clone() } else { format!("{}: {}", fault.code, fault.message) }
    };
    let go_on = "run the same command to go on; what is done stays done";
    Some(match ending {
        Ending::Finished => return None,
        Ending::Stopped => Failure::new(Exit::Incomplete, "stopped before the end").hint(go_on),
        Ending::Abandoned => Failure::new(Exit::Killed, "left at once").hint(go_on),
        Ending::NotLetIn(fault) => {
            let hint = match fault.class {
                Class::Expired => "refresh the credentials, then run the same command",
                Class::Forbidden => {
                    "the policy must allow chime:ListAttendees, and for changes chime:DeleteAttendee, chime:DeleteMeeting and chime:UpdateAttendeeCapabilities"
                }
                _ => "check AWS_PROFILE, the keys and the region",
            };
            Failure::new(Exit::Credentials, format!("the service does not let us in: {}", reason(fault))).hint(hint)
        }
        Ending::Unreachable(fault) => Failure::new(Exit::Incomplete, format!("the service cannot be reached: {}", reason(fault)))
            .hint(fault.class.meaning()),
        Ending::Disk(why) => Failure::new(Exit::Incomplete, format!("stopped because the disk failed: {why}")).hint(go_on),
    })
}

/// Says what could not be done, a few of them; and why there is something left, if there is.
pub fn undone(done: &Done, ending: &Ending, voice: Voice) -> Option<Failure> {
    faults(&done.failed, voice);
    cut_short(ending).or_else(|| {
        let left = done.failed.len() as u64;
        (left > 0).then(|| {
            Failure::new(Exit::Incomplete, format!("{left} could not be done")).hint("run the same command to try again")
        })
    })
}

/// Says what was refused, meeting by meeting, a few of them.
pub fn faults(failed: &[(crate::chime::id::MeetingId, crate::call::Fault)], voice: Voice) {
    for (meeting, fault) in failed.iter().take(SHOWN) {
        voice.warn(format_args!("meeting {meeting}: {} ({})", crate::safe::line(&fault.message, 200), fault.code));
    }
    if failed.len() > SHOWN {
        voice.warn(format_args!("and {} more", failed.len() - SHOWN));
    }
}
