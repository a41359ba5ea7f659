//! The service's exceptions: their names, their statuses, and what class a name means.
//!
//! Holds [`Exception`] (the modelled ones, as the mock answers them) and [`classify`] (every spelling a client may meet).
//! Called by the client to read and by the mock to write. The type is the header, cut at `:` and after `#`; the status alone
//! cannot tell a full meeting (LimitExceeded, 400) from a bad request (400).

use super::class::Class;

macro_rules! exceptions {
    ($($(#[$doc:meta])* $name:ident $status:literal $code:literal;)*) => {
        /// A modelled exception (botocore 1.44.5, chime-sdk-meetings 2021-07-15).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Exception { $($(#[$doc])* $name),* }

        impl Exception {
            /// Every modelled exception.
            pub const ALL: &'static [Exception] = &[$(Exception::$name),*];

            /// The type name, as `x-amzn-ErrorType` carries it.
            pub fn type_name(self) -> &'static str {
                match self { $(Exception::$name => concat!(stringify!($name), "Exception")),* }
            }

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Exception::$name => $status),* }
            }

            /// The short `Code` of the body, as real answers show it.
            pub fn code(self) -> &'static str {
                match self { $(Exception::$name => $code),* }
            }
        }
    };
}

exceptions! {
    /// Parameters do not match the service's restrictions.
    BadRequest 400 "BadRequest";
    /// A resource limit: for attendees, the meeting is full.
    LimitExceeded 400 "ResourceLimitExceeded";
    /// Too many tags.
    TooManyTags 400 "TooManyTags";
    /// Not authorised.
    Unauthorized 401 "Unauthorized";
    /// Permanently forbidden.
    Forbidden 403 "Forbidden";
    /// No such resource.
    NotFound 404 "NotFound";
    /// No such resource, for tags.
    ResourceNotFound 404 "NotFound";
    /// Several of the same request at the same time.
    Conflict 409 "Conflict";
    /// Well-formed, but impossible.
    UnprocessableEntity 422 "Unprocessable";
    /// Over the request rate.
    Throttling 429 "Throttling";
    /// The service failed.
    ServiceFailure 500 "ServiceFailure";
    /// The service is unavailable; may carry `Retry-After`.
    ServiceUnavailable 503 "ServiceUnavailable";
}

impl Exception {
    /// The exception of this name, with or without "Exception".
    pub fn from_name(name: &str) -> Option<Exception> {
        let short = name.strip_suffix("Exception").unwrap_or(name);
        Exception::ALL.iter().copied().find(|e| e.type_name().strip_suffix("Exception") == Some(short))
    }
}

/// The bare name in an error type as it stands on the wire: `aws.chime#NotFoundException:http://…` is `NotFoundException`.
pub fn bare_type(raw: &str) -> &str {
    let name = raw.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default().trim()
}

/// The class of an error answer: by its type where that is known, by its status only where it is not.
pub fn classify(error_type: Option<&str>, status: u16) -> Class {
    error_type.and_then(by_name).unwrap_or_else(|| by_status(status))
}

fn by_name(name: &str) -> Option<Class> {
    Some(match name.strip_suffix("Exception").unwrap_or(name) {
        "LimitExceeded" | "ResourceLimitExceeded" => Class::Capacity,
        "Throttling"
        | "Throttled"
        | "ThrottledClient"
        | "TooManyRequests"
        | "RequestThrottled"
        | "RequestLimitExceeded"
        | "ProvisionedThroughputExceeded"
        | "TransactionInProgress"
        | "BandwidthLimitExceeded"
        | "SlowDown"
        | "EC2Throttled" => Class::Throttled,
        "BadRequest" | "Validation" | "ValidationError" | "Serialization" | "TooManyTags" => Class::BadRequest,
        "UnprocessableEntity" | "Unprocessable" => Class::Unprocessable,
        "NotFound" | "ResourceNotFound" => Class::NotFound,
        "Conflict" => Class::Conflict,
        "ServiceFailure" | "InternalFailure" | "InternalServerError" | "InternalError" => Class::ServiceFailure,
        "ServiceUnavailable" | "RequestTimeout" | "PriorRequestNotComplete" => Class::Unavailable,
        "Unauthorized"
        | "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "IncompleteSignature"
        | "InvalidSignature"
        | "SignatureDoesNotMatch"
        | "AuthFailure" => Class::Unauthorized,
        "Forbidden" | "AccessDenied" => Class::Forbidden,
        "ExpiredToken" => Class::Expired,
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" | "SignatureExpired" => Class::Skew,
        _ => return None,
    })
}

fn by_status(status: u16) -> Class {
    match status {
        401 => Class::Unauthorized,
        403 => Class::Forbidden,
        404 => Class::NotFound,
        408 | 503 => Class::Unavailable,
        409 => Class::Conflict,
        422 => Class::Unprocessable,
        429 => Class::Throttled,
        400..=499 => Class::BadRequest,
        500..=599 => Class::ServiceFailure,
        _ => Class::Protocol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_outranks_the_status() {
        assert_eq!(classify(Some("LimitExceededException"), 400), Class::Capacity);
        assert_eq!(classify(Some("BadRequestException"), 400), Class::BadRequest);
        assert_eq!(classify(Some("ThrottledClientException"), 429), Class::Throttled);
        assert_eq!(classify(Some("ThrottlingException"), 400), Class::Throttled);
        assert_eq!(classify(Some("SomethingNew"), 429), Class::Throttled);
        assert_eq!(classify(None, 503), Class::Unavailable);
        assert_eq!(classify(None, 302), Class::Protocol);
    }

    #[test]
    fn types_are_cut_as_sdks_cut_them() {
        for raw in [
            "NotFoundException",
            "NotFoundException:http://internal.amazon.com/coral/",
            "com.amazonaws.chime#NotFoundException",
            "a#NotFoundException:x",
        ] {
            assert_eq!(bare_type(raw), "NotFoundException");
        }
    }

    #[test]
    fn every_modelled_exception_is_told_apart_by_name_and_agrees_with_its_status() {
        for e in Exception::ALL {
            assert_eq!(Exception::from_name(e.type_name()), Some(*e));
            let by_type = classify(Some(e.type_name()), 599);
            if *e != Exception::LimitExceeded {
                assert_eq!(by_type, classify(None, e.status()), "{e:?}");
            }
        }
    }
}
