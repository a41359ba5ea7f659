//! Where the service is: host, scheme and region, decided once and checked before anything is sent.
//!
//! Holds [`Endpoint`]. Called by the command line (to resolve and show it) and by the client (to address requests). It never
//! sees credentials, and refuses plain http to any host but this machine.

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use std::fmt;
use std::net::IpAddr;

/// A resolved endpoint. Its text form names scheme, host and path, and can hold no user or password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    scheme: Scheme,
    authority: Authority,
    prefix: String,
    region: String,
    loopback: bool,
}

/// An endpoint that cannot or must not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It cannot be read as a URL of this service.
    #[error("the endpoint URL cannot be used: {0}")]
    Unusable(&'static str),
    /// Plain http to another machine would show tokens to the network.
    #[error("plain http is refused for {0}: only 127.0.0.0/8, ::1 and localhost may be reached without TLS")]
    PlainHttp(String),
    /// A region that could not stand in a host name.
    #[error("'{0}' is not a region name")]
    Region(String),
    /// Two settings that exclude each other (the endpoint rules of the service model say so too).
    #[error("FIPS and dual-stack endpoints cannot be combined with a custom endpoint URL")]
    VariantOfCustom,
}

impl Endpoint {
    /// The published host of a region (SERVICE.md 9.1, botocore's endpoint rules).
    pub fn of_region(region: &str, fips: bool, dual_stack: bool) -> Result<Endpoint, EndpointError> {
        check_region(region)?;
        let fips = if fips { "-fips" } else { "" };
        let suffix = match (region, dual_stack) {
            (r, true) if r.starts_with("cn-") => "api.amazonwebservices.com.cn",
            (_, true) => "api.aws",
            (r, false) if r.starts_with("cn-") => "amazonaws.com.cn",
            (r, false) if r.starts_with("eusc-") => "amazonaws.eu",
            (_, false) => "amazonaws.com",
        };
        let authority = format!("meetings-chime{fips}.{region}.{suffix}");
        let authority = authority.parse().map_err(|_| EndpointError::Region(region.to_owned()))?;
        Ok(Endpoint { scheme: Scheme::HTTPS, authority, prefix: String::new(), region: region.to_owned(), loopback: false })
    }

    /// An endpoint of one's own.
    pub fn custom(url: &str, region: &str) -> Result<Endpoint, EndpointError> {
        check_region(region)?;
        let uri: http::Uri = url.trim().parse().map_err(|_| EndpointError::Unusable("it is not a URL"))?;
        let scheme = match uri.scheme_str() {
            Some("https") => Scheme::HTTPS,
            Some("http") => Scheme::HTTP,
            _ => return Err(EndpointError::Unusable("it must begin with https:// (or http:// for this machine)")),
        };
        let authority = uri.authority().ok_or(EndpointError::Unusable("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(EndpointError::Unusable("a user or password in the URL is refused"));
        }
        if uri.query().is_some() {
            return Err(EndpointError::Unusable("a query is refused"));
        }
        let prefix = uri.path().trim_end_matches('/').to_owned();
        // Anything that percent-encoding would touch could be signed in two ways; nobody needs it in a prefix.
        if !prefix.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~'))
            || prefix.contains("/.")
        {
            return Err(EndpointError::Unusable("its path may hold letters, digits, - _ . ~ and / only"));
        }
        let loopback = is_loopback(authority.host());
        if scheme == Scheme::HTTP && !loopback {
            return Err(EndpointError::PlainHttp(authority.host().to_owned()));
        }
        // The default port is left out of Host by HTTP clients, so it must be left out of what is signed.
        let default_port = if scheme == Scheme::HTTPS { 443 } else { 80 };
        let authority = match authority.port_u16() {
            Some(port) if port == default_port => {
                authority.host().parse().map_err(|_| EndpointError::Unusable("it names no host"))?
            }
            _ => authority.clone(),
        };
        Ok(Endpoint { scheme, authority, prefix, region: region.to_owned(), loopback })
    }

    /// The value of the Host header.
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The signing region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether requests travel without TLS (loopback only).
    pub fn is_plain(&self) -> bool {
        self.scheme == Scheme::HTTP
    }

    /// The path on the wire of a path of the API.
    pub fn path(&self, api: &str) -> String {
        format!("{}{api}", self.prefix)
    }

    /// The whole URI of a path on the wire, with its query, if there is one.
    pub fn uri(&self, path: &str, query: &str) -> Uri {
        let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        // Scheme and authority were read once; only what changes is read again.
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_maybe_shared(target).expect("checked by Endpoint"));
        Uri::from_parts(parts).expect("all three parts are there")
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

fn check_region(region: &str) -> Result<(), EndpointError> {
    let fits =
        (2..=32).contains(&region.len()) && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits {
        Ok(())
    } else {
        Err(EndpointError::Region(region.chars().take(40).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()))
    }
}

/// Whether a host is this machine by its very name or number, without asking a resolver.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_hosts() {
        let host = |r, f, d| Endpoint::of_region(r, f, d).unwrap().to_string();
        assert_eq!(host("us-east-1", false, false), "https://meetings-chime.us-east-1.amazonaws.com");
        assert_eq!(host("eu-central-1", false, true), "https://meetings-chime.eu-central-1.api.aws");
        assert_eq!(host("us-gov-west-1", true, false), "https://meetings-chime-fips.us-gov-west-1.amazonaws.com");
        assert_eq!(host("us-west-2", true, true), "https://meetings-chime-fips.us-west-2.api.aws");
        assert!(Endpoint::of_region("evil.example/", false, false).is_err());
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        let to = |url| Endpoint::custom(url, "us-east-1");
        for url in
            ["http://127.0.0.1:8787", "http://127.9.9.9/", "http://[::1]:1", "http://LOCALHOST:80/x", "https://example.com"]
        {
            assert!(to(url).is_ok(), "{url}");
        }
        for url in [
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://0.0.0.0:1",
            "http://10.0.0.1",
        ] {
            assert!(matches!(to(url), Err(EndpointError::PlainHttp(_))), "{url}");
        }
        for url in [
            "",
            "ftp://x",
            "http://u:p@127.0.0.1",
            "https://u@example.com",
            "https://x/?a=b",
            "https://x/a%20b",
            "https://x/../y",
            "127.0.0.1:80",
        ] {
            assert!(matches!(to(url), Err(EndpointError::Unusable(_))), "{url}");
        }
    }

    #[test]
    fn the_host_is_what_goes_on_the_wire() {
        let to = |url| Endpoint::custom(url, "us-east-1").unwrap();
        assert_eq!(to("https://x.example:443/").authority(), "x.example");
        assert_eq!(to("http://localhost:80").authority(), "localhost");
        assert_eq!(to("http://127.0.0.1:8787/base/").path("/meetings"), "/base/meetings");
    }
}
