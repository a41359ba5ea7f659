//! What the arguments mean, once the environment and the AWS configuration have had their say.
//!
//! Holds [`Service`] (whom to ask, with which credentials) and the run's settings. Called by the verb. This is where the
//! environment is read; nothing below sees it.

use super::super::failure::{Exit, Failure};
use super::super::values::Attempts;
use super::args::{Again, Args, Conflict};
use super::profiles;
use crate::bucket::Rate;
use crate::client::credentials::{self, Source};
use crate::client::endpoint::Endpoint;
use crate::client::retry::Backoff;
use crate::ledger::load::{Fold, OnConflict, Rules};
use crate::ledger::store::Replay;
use crate::mock;
use crate::roster::options::Options;
use aws_credential_types::Credentials;

/// The default share of the published 10 requests a second: others who use the account still can.
const DEFAULT_RATE: f64 = 8.0;
/// With the mock alone: short, but watchable.
const MOCK_RATE: f64 = 500.0;

/// How the mock in this process is called.
pub const MOCK: &str = "the embedded mock";

/// Whom to ask.
pub struct Service {
    /// Where.
    pub endpoint: Endpoint,
    /// Where credentials come from.
    pub source: Source,
    /// The first ones.
    pub credentials: Credentials,
    /// Attempts, where the AWS configuration says.
    pub attempts: Option<u32>,
    /// What a ledger is bound to: the endpoint, or the mock's seed.
    pub place: String,
}

impl Service {
    /// The account, where the credentials tell.
    pub fn account(&self) -> Option<String> {
        self.credentials.account_id().map(|id| id.as_str().to_owned())
    }

    /// Where, as people are told.
    pub fn shown(&self) -> String {
        if self.place.starts_with(MOCK) { self.place.clone() } else { self.endpoint.to_string() }
    }

    /// The mock embedded in this process.
    pub fn mock(address: std::net::SocketAddr, seed: u64) -> Result<Service, Failure> {
        let endpoint =
            Endpoint::custom(&format!("http://{address}"), mock::DEFAULT_REGION).map_err(|e| Failure::new(Exit::Internal, e))?;
        let credentials = Credentials::new(mock::DEFAULT_ACCESS_KEY, mock::DEFAULT_SECRET_KEY, None, None, "mock");
        let place = format!("{MOCK} (seed {seed})");
        Ok(Service { endpoint, source: Source::Fixed(credentials.clone()), credentials, attempts: None, place })
    }

    /// The configured service, with its credentials.
    pub async fn configured(args: &Args) -> Result<Service, Failure> {
        let Place { endpoint, profile, attempts } = Service::where_to(args).await?;
        if let Some(known) = profile.as_deref().and_then(profiles::known_without) {
            let name = crate::safe::quoted(profile.as_deref().unwrap_or_default(), 80);
            return Err(Failure::new(Exit::Credentials, format!("the AWS config files have no profile {name}")).hint(known));
        }
        let source = Source::Chain { profile };
        let credentials = source.load().await.map_err(|e| {
            Failure::new(Exit::Credentials, e).hint(
                "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` shows what works",
            )
        })?;
        Ok(Service { place: endpoint.to_string(), endpoint, source, credentials, attempts })
    }

    /// Where the configured service is; no credentials are looked for.
    pub async fn where_to(args: &Args) -> Result<Place, Failure> {
        let named = environment("AWS_PROFILE").or_else(|| environment("AWS_DEFAULT_PROFILE"));
        let profile = args.endpoint.profile.clone().or(named);
        let settings = credentials::settings(profile.as_deref(), args.endpoint.region.as_deref()).await;
        let endpoint = settings.endpoint(args.endpoint.endpoint_url.as_deref()).map_err(|e| Failure::new(Exit::Usage, e))?;
        let endpoint = endpoint.ok_or_else(|| {
            Failure::new(Exit::Usage, "no region is configured, so there is no endpoint to ask")
                .hint("give --region or AWS_REGION, or try the built-in mock first: --mock")
        })?;
        // The SDKs' own default says nothing about what anybody wants here.
        let attempts = settings.max_attempts.filter(|n| *n != 3);
        Ok(Place { endpoint, profile, attempts })
    }
}

/// Where the configured service is.
pub struct Place {
    /// The endpoint.
    pub endpoint: Endpoint,
    profile: Option<String>,
    attempts: Option<u32>,
}

/// How rosters are read.
pub fn roster_options(args: &Args) -> (Options, Rules) {
    let options = args.input.options();
    let on_conflict = match args.roster.on_conflict {
        Conflict::Reject => OnConflict::Reject,
        Conflict::First => OnConflict::First,
        Conflict::Last => OnConflict::Last,
    };
    (options, Rules { on_conflict, fold: if args.input.fold_case { Fold::Case } else { Fold::Exact } })
}

/// The asked rate.
pub fn rate(args: &Args) -> Rate {
    let default = if args.mock { MOCK_RATE } else { DEFAULT_RATE };
    args.calls.rate.unwrap_or_else(|| Rate::per_second(default).expect("a positive constant"))
}

/// What earlier outcomes mean.
pub fn replay(args: &Args) -> Replay {
    match args.goes_on.replay {
        Again::Resume => Replay::Resume,
        Again::Retry => Replay::Retry,
        Again::All => Replay::All,
    }
}

/// Attempts in one pass: the flag, `AWS_MAX_ATTEMPTS`, the AWS configuration, or five.
pub fn attempts(args: &Args, configured: Option<u32>) -> Result<u32, Failure> {
    if let Some(Attempts(n)) = args.calls.max_attempts {
        return Ok(n);
    }
    match environment("AWS_MAX_ATTEMPTS") {
        None => Ok(configured.unwrap_or(5)),
        Some(text) => text.parse().map(|Attempts(n)| n).map_err(|e| Failure::new(Exit::Usage, format!("AWS_MAX_ATTEMPTS {e}"))),
    }
}

/// `AWS_RETRY_MODE`: the waits, and whether the retry quota applies.
pub fn retry_mode() -> Result<(Backoff, bool), Failure> {
    match environment("AWS_RETRY_MODE").as_deref() {
        None | Some("standard" | "adaptive") => Ok((Backoff::STANDARD, true)),
        Some("legacy") => Ok((Backoff::LEGACY, false)),
        Some(_) => Err(Failure::new(Exit::Usage, "AWS_RETRY_MODE must be standard, adaptive or legacy")),
    }
}

/// The CA bundle's bytes: the flag, or `AWS_CA_BUNDLE`.
pub fn ca_bundle(args: &Args) -> Result<Option<Vec<u8>>, Failure> {
    let path = args.endpoint.ca_bundle.clone().or_else(|| environment("AWS_CA_BUNDLE").map(Into::into));
    let Some(path) = path.filter(|_| !args.mock) else { return Ok(None) };
    std::fs::read(&path)
        .map(Some)
        .map_err(|e| Failure::new(Exit::Usage, format!("the CA bundle {} cannot be read: {e}", path.display())))
}

/// A variable that is set to something.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
