//! Whom to ask, as AWS users expect it: the arguments, the environment, the AWS configuration.
//!
//! Holds [`Whom`], the arguments, and [`Service`], what they mean. Called by every verb that asks a service. This is where the
//! environment is read; nothing below sees it.

use super::failure::{Exit, Failure};
use super::profiles;
use crate::client::attempt::Client;
use crate::client::credentials::{self, Source};
use crate::client::endpoint::Endpoint;
use crate::client::transport::{Http, HttpOptions};
use crate::clock::Wall;
use crate::mock;
use aws_credential_types::Credentials;
use std::path::PathBuf;
use std::time::Duration;

/// Whom to ask, as written.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Endpoint and credentials")]
pub struct Whom {
    /// A service of one's own; http is for this machine alone [env: AWS_ENDPOINT_URL_CHIME_SDK_MEETINGS, AWS_ENDPOINT_URL]
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,

    /// The control region [env: AWS_REGION, AWS_DEFAULT_REGION]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    /// The profile in the AWS config files [env: AWS_PROFILE]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// PEM certificates to trust beside the system's [env: AWS_CA_BUNDLE]
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
}

/// What the AWS configuration says of retries and trust, as written.
#[derive(Debug, Clone, Default)]
pub struct Configured {
    /// Attempts: `AWS_MAX_ATTEMPTS`, or the profile's `max_attempts`.
    pub max_attempts: Option<String>,
    /// Their manner: `AWS_RETRY_MODE`, or the profile's `retry_mode`.
    pub retry_mode: Option<String>,
    /// Certificates: `--ca-bundle`, `AWS_CA_BUNDLE`, or the profile's `ca_bundle`.
    ca_bundle: Option<PathBuf>,
}

impl Configured {
    /// What holds beside the embedded mock: the environment alone.
    pub fn beside_mock() -> Configured {
        let (max_attempts, retry_mode) = (environment("AWS_MAX_ATTEMPTS"), environment("AWS_RETRY_MODE"));
        Configured { max_attempts, retry_mode, ca_bundle: None }
    }

    /// The CA bundle's bytes.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn ca_bundle(&self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(path) = &self.ca_bundle else { return Ok(None) };
        std::fs::read(path)
            .map(Some)
            .map_err(|e| Failure::new(Exit::Usage, format!("the CA bundle {} cannot be read: {e}", path.display())))
    }
}

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
    /// What the AWS configuration says beside.
    pub configured: Configured,
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
        let configured = Configured::beside_mock();
        Ok(Service { endpoint, source: Source::Fixed(credentials.clone()), credentials, configured, place })
    }

    /// A client of it. `connect` bounds name, TCP and TLS, `timeout` one whole request.
    ///
    /// # Errors
    /// The CA bundle cannot be used, or the credentials not be signed with.
    pub fn client(&self, connect: Duration, timeout: Duration, wall: Wall) -> Result<Client<Http>, Failure> {
        let options = HttpOptions {
            connect_timeout: connect,
            ca_bundle: self.configured.ca_bundle()?,
            direct: self.endpoint.is_loopback(),
        };
        let http = Http::new(&options).map_err(|e| Failure::new(Exit::Usage, e))?;
        Client::new(http, self.endpoint.clone(), self.credentials.clone(), wall, timeout)
            .map_err(|e| Failure::new(Exit::Credentials, e))
    }

    /// The configured service, with its credentials.
    pub async fn configured(whom: &Whom) -> Result<Service, Failure> {
        let Place { endpoint, profile, configured } = Service::where_to(whom).await?;
        if let Some(known) = profile.as_deref().and_then(profiles::known_without) {
            let name = crate::safe::quoted(profile.as_deref().unwrap_or_default(), 80);
            return Err(Failure::new(Exit::Credentials, format!("the AWS config files have no profile {name}")).hint(known));
        }
        let source = whom.profile.clone().map_or(Source::Chain, Source::Profile);
        let credentials = source.load().await.map_err(|e| {
            Failure::new(Exit::Credentials, e).hint(
                "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` shows what works",
            )
        })?;
        Ok(Service { place: endpoint.to_string(), endpoint, source, credentials, configured })
    }

    /// Where the configured service is; no credentials are looked for.
    pub async fn where_to(whom: &Whom) -> Result<Place, Failure> {
        let named = environment("AWS_PROFILE").or_else(|| environment("AWS_DEFAULT_PROFILE"));
        let profile = whom.profile.clone().or(named);
        let settings = credentials::settings(profile.as_deref(), whom.region.as_deref()).await;
        let endpoint = settings.endpoint(whom.endpoint_url.as_deref()).map_err(|e| Failure::new(Exit::Usage, e))?;
        let endpoint = endpoint.ok_or_else(|| {
            Failure::new(Exit::Usage, "no region is configured, so there is no endpoint to ask")
                .hint("give --region or AWS_REGION, or try the built-in mock first: --mock")
        })?;
        let ca_bundle = whom.ca_bundle.clone().or_else(|| settings.ca_bundle.map(Into::into));
        let configured = Configured { max_attempts: settings.max_attempts, retry_mode: settings.retry_mode, ca_bundle };
        Ok(Place { endpoint, profile, configured })
    }
}

/// Where the configured service is.
pub struct Place {
    /// The endpoint.
    pub endpoint: Endpoint,
    profile: Option<String>,
    /// What the AWS configuration says beside.
    pub configured: Configured,
}

/// A variable that is set to something.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
