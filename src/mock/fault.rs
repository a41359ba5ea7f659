//! An error as the service puts it on the wire.
//!
//! Holds [`Fault`]. Made by the verifier, the limits, the service and mischief; written out by [`super::answer`]. It never sees
//! what the client will make of it. Messages may name ids of meetings, never what the model calls sensitive.

use super::answer::NOTHING;
use super::ids::Guid;
use crate::chime::fault::Exception;
use std::borrow::Cow;

/// An error answer: a modelled exception, or one of the front end's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What `x-amzn-ErrorType` says.
    pub kind: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The short `Code` of the body.
    pub code: &'static str,
    /// The `Message` of the body.
    pub message: Cow<'static, str>,
    /// What few errors carry.
    pub extra: Option<Box<Extra>>,
}

/// What few errors carry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extra {
    /// `ResourceName`, which the two tag exceptions have.
    pub resource: Option<String>,
    /// The standard `Retry-After`, as it stands in the header; text, so that mischief may send nonsense.
    pub retry_after: Option<String>,
    /// `x-amz-retry-after`, in milliseconds as the 2026 SDKs read it.
    pub retry_after_ms: Option<String>,
}

impl Fault {
    /// A modelled exception.
    pub fn of(exception: Exception, message: impl Into<Cow<'static, str>>) -> Fault {
        Fault {
            kind: exception.type_name(),
            status: exception.status(),
            code: exception.code(),
            message: message.into(),
            extra: None,
        }
    }

    /// An error of the front end, outside the model (SERVICE.md 4.3).
    pub fn front_end(kind: &'static str, status: u16, message: impl Into<Cow<'static, str>>) -> Fault {
        let code = kind.strip_suffix("Exception").unwrap_or(kind);
        Fault { kind, status, code, message: message.into(), extra: None }
    }

    /// The same, about this resource.
    pub fn about(self, resource: &str) -> Fault {
        let extra = Extra { resource: Some(resource.to_owned()), ..Extra::default() };
        Fault { extra: Some(Box::new(extra)), ..self }
    }

    /// The same, with the wish to be left alone for a while: in seconds or a date, and in milliseconds.
    pub fn hint(self, retry_after: Option<String>, retry_after_ms: Option<String>) -> Fault {
        let extra = Extra { retry_after, retry_after_ms, ..Extra::default() };
        Fault { extra: Some(Box::new(extra)), ..self }
    }

    /// Stands where mischief lets nothing be done and shows something else, or nothing at all: nobody gets to see it.
    pub fn unseen() -> Fault {
        Fault::front_end(NOTHING, 503, "mischief")
    }

    /// 400 BadRequestException.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Fault {
        Fault::of(Exception::BadRequest, message)
    }

    /// 404 for a meeting of which the mock knows nothing.
    pub fn no_meeting(id: Guid) -> Fault {
        Fault::of(Exception::NotFound, format!("Meeting <{id}> not found"))
    }

    /// 404 for a meeting that was.
    pub fn meeting_ended() -> Fault {
        Fault::of(Exception::NotFound, "The meeting has ended")
    }

    /// 404 for an attendee.
    pub fn no_attendee(id: Guid) -> Fault {
        Fault::of(Exception::NotFound, format!("Attendee <{id}> not found"))
    }

    /// 403 for what is not there, where the service would rather not say so.
    pub fn forbidden() -> Fault {
        Fault::of(Exception::Forbidden, "AWS authorization failed")
    }

    /// The JSON body of the error.
    pub fn body(&self, request_id: Guid) -> Vec<u8> {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Body<'a> {
            code: &'a str,
            message: &'a str,
            request_id: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            resource_name: Option<&'a str>,
            resource: Option<&'a str>,
        }
        let body = Body {
            code: self.code,
            message: &self.message,
            request_id: request_id.to_string(),
            resource_name: self.extra.as_ref().and_then(|e| e.resource.as_deref()),
            // Real answers carry an explicit null here.
            resource: None,
        };
        serde_json::to_vec(&body).expect("text and null always serialise")
    }
}
