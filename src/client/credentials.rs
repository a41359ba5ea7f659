//! Credentials and settings as AWS users expect them: the default chain, asked anew each time.
//!
//! Holds [`Source`] and [`Settings`]. Called by the command line before a run, and by a run whose credentials have expired.
//! It never prints or keeps a secret. aws-config's own provider chain does all the looking (environment, profiles, SSO, web
//! identity, containers, instance metadata, processes); it is built anew for each look, because a built one remembers the
//! files it has read.

use super::endpoint::{Endpoint, EndpointError};
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_types::service_config::ServiceConfigKey;
use std::time::Duration;

/// Where credentials come from.
#[derive(Clone)]
pub enum Source {
    /// Given; they never change.
    Fixed(Credentials),
    /// The default chain; `AWS_PROFILE` names its profile.
    Chain,
    /// The profile that somebody asked for by name. Keys in the environment do not count then, as in boto3 and the AWS CLI.
    Profile(String),
}

/// What the chain says beside credentials.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where to ask, if a region or an endpoint is configured.
    pub region: Option<String>,
    /// A configured endpoint of this service, or of all.
    pub endpoint_url: Option<String>,
    /// FIPS endpoints wanted.
    pub fips: bool,
    /// Dual-stack endpoints wanted.
    pub dual_stack: bool,
    /// `AWS_MAX_ATTEMPTS` or the profile's `max_attempts`, as written.
    pub max_attempts: Option<String>,
    /// `AWS_RETRY_MODE` or the profile's `retry_mode`, as written.
    pub retry_mode: Option<String>,
    /// `AWS_CA_BUNDLE` or the profile's `ca_bundle`.
    pub ca_bundle: Option<String>,
}

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// Nothing in the chain has any.
    #[error("no credentials: {0}")]
    None(String),
    /// The chain did not answer.
    #[error("looking for credentials took longer than {0:?}")]
    Slow(Duration),
}

/// The service as the AWS configuration names it: `AWS_ENDPOINT_URL_CHIME_SDK_MEETINGS`, `chime_sdk_meetings` in a profile's
/// services. Its service id "Chime SDK Meetings" would be looked for there as `chime-sdk-meetings` by aws-runtime 1.10, which
/// neither botocore nor the SDKs' reference guide knows.
const SERVICE_ID: &str = "chime_sdk_meetings";

/// The chain asks the network in places (SSO, instance metadata); nobody waits longer than this for it.
const LONGEST_LOOK: Duration = Duration::from_secs(10);

impl Source {
    /// Looks, now.
    pub async fn load(&self) -> Result<Credentials, CredentialsError> {
        let look = async {
            let found = match self {
                Source::Fixed(credentials) => return Ok(credentials.clone()),
                Source::Profile(name) => of_profile(name).await.provide_credentials().await,
                Source::Chain => match config(None, None).await.credentials_provider() {
                    None => return Err(CredentialsError::None("no provider is configured".to_owned())),
                    Some(provider) => provider.provide_credentials().await,
                },
            };
            found.map_err(|e| CredentialsError::None(why(&e)))
        };
        tokio::time::timeout(LONGEST_LOOK, look).await.unwrap_or(Err(CredentialsError::Slow(LONGEST_LOOK)))
    }

    /// Whether looking again could find others.
    pub fn may_change(&self, current: &str) -> bool {
        // What stands in the environment of a running process stays as it is.
        !matches!(self, Source::Fixed(_)) && current != "EnvironmentVariable"
    }
}

/// The provider that credentials came from, as aws-config names it.
pub fn provider_name(credentials: &Credentials) -> String {
    // aws-credential-types shows the provider's name in Debug alone, beside a redacted secret.
    let shown = format!("{credentials:?}");
    shown.split("provider_name: \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("unknown").to_owned()
}

/// Reads the configured region, endpoint, retry settings and CA bundle.
pub async fn settings(profile: Option<&str>, region: Option<&str>) -> Settings {
    let config = config(profile, region).await;
    let configured = |env: &str, profile: &str| {
        let key = ServiceConfigKey::builder().service_id(SERVICE_ID).env(env).profile(profile).build().ok()?;
        config.service_config()?.load_config(key).filter(|value| !value.is_empty())
    };
    Settings {
        region: config.region().map(|r| r.to_string()),
        endpoint_url: configured("AWS_ENDPOINT_URL", "endpoint_url"),
        fips: config.use_fips().unwrap_or(false),
        dual_stack: config.use_dual_stack().unwrap_or(false),
        max_attempts: configured("AWS_MAX_ATTEMPTS", "max_attempts"),
        retry_mode: configured("AWS_RETRY_MODE", "retry_mode"),
        ca_bundle: configured("AWS_CA_BUNDLE", "ca_bundle"),
    }
}

impl Settings {
    /// The endpoint these settings mean; `url` is an explicit one and wins.
    pub fn endpoint(&self, url: Option<&str>) -> Result<Option<Endpoint>, EndpointError> {
        match (url.or(self.endpoint_url.as_deref()), self.region.as_deref()) {
            (Some(_), _) if self.fips || self.dual_stack => Err(EndpointError::VariantOfCustom),
            // A region is needed to sign; a service of one's own has none of its own to ask for.
            (Some(url), region) => Endpoint::custom(url, region.unwrap_or("us-east-1")).map(Some),
            (None, Some(region)) => Endpoint::of_region(region, self.fips, self.dual_stack).map(Some),
            (None, None) => Ok(None),
        }
    }
}

async fn config(profile: Option<&str>, region: Option<&str>) -> SdkConfig {
    // Retries here are our own; aws-config panics on settings of them that it does not know.
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).retry_config(RetryConfig::standard());
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    loader.load().await
}

/// A profile by name; where it holds no credentials, those of the machine it runs on.
async fn of_profile(name: &str) -> CredentialsProviderChain {
    let region = config(Some(name), None).await.region().cloned();
    let provider = ProviderConfig::without_region()
        .with_region(region)
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_retry_config(RetryConfig::standard());
    let profile = ProfileFileCredentialsProvider::builder().profile_name(name).configure(&provider).build();
    CredentialsProviderChain::first_try("Profile", profile)
        .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(&provider).build())
        .or_else("Ec2InstanceMetadata", ImdsCredentialsProvider::builder().configure(&provider).build())
}

/// The chain of causes, without anything a credentials process may have printed.
fn why(error: &dyn std::error::Error) -> String {
    // A credentials process may print anything to its stderr, which aws-config quotes.
    let told = |error: &dyn std::error::Error| error.to_string().split("Stderr:").next().unwrap_or_default().to_owned();
    let mut text = told(error);
    let mut source = error.source();
    while let Some(cause) = source.filter(|_| text.len() < 600) {
        text.push_str(": ");
        text.push_str(&told(cause));
        source = cause.source();
    }
    // One line: the chain lists its attempts on lines of their own.
    crate::safe::line(&text.split_whitespace().collect::<Vec<_>>().join(" "), 600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_is_told_and_the_secret_is_not() {
        let credentials = Credentials::new("AKID", "s3cret", None, None, "EnvironmentVariable");
        assert_eq!(provider_name(&credentials), "EnvironmentVariable");
        assert!(!Source::Chain.may_change(&provider_name(&credentials)));
    }

    #[test]
    fn an_explicit_endpoint_wins_and_excludes_variants() {
        let settings = Settings {
            region: Some("eu-central-1".into()),
            endpoint_url: Some("http://localhost:1".into()),
            ..Settings::default()
        };
        assert_eq!(settings.endpoint(None).unwrap().unwrap().to_string(), "http://localhost:1");
        assert_eq!(settings.endpoint(Some("http://localhost:2")).unwrap().unwrap().to_string(), "http://localhost:2");
        assert_eq!(Settings { fips: true, ..settings }.endpoint(None), Err(EndpointError::VariantOfCustom));
        assert_eq!(Settings::default().endpoint(None), Ok(None));
    }
}
