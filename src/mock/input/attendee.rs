//! What the attendee operations are asked.
//!
//! Holds the requests of CreateAttendee, BatchCreateAttendee, the two capability updates and ListAttendees. The rules that fail
//! one item of a batch and not the whole ([`semantic`]: pattern and reserved prefix) are apart from the model's constraints.

use super::{ANY, Broken, Form, check_range};
use crate::chime::capability::{Capabilities, Direction};
use crate::chime::id::{ExternalUserId, IdRule};
use crate::mock::fault::Fault;
use crate::mock::ids::Guid;
use crate::mock::operation::Route;
use crate::mock::sides::BadInput;

/// One attendee that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The ExternalUserId; its length is within bounds, its characters are not yet judged.
    pub user: String,
    /// What it asks to be allowed.
    pub capabilities: Option<Capabilities>,
}

const DIRECTIONS: [&str; 4] = ["SendReceive", "Send", "Receive", "None"];
/// The model's pattern of a GUID.
pub const GUID: (&str, fn(&str) -> bool) = ("[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}", crate::chime::id::is_guid);

/// Body of CreateAttendee, and an item of the batch.
pub fn wanted(form: Form<'_>) -> Option<Wanted> {
    let user = form.require("ExternalUserId", form.text("ExternalUserId", 2..=64, ANY));
    let capabilities = capabilities(form);
    Some(Wanted { user: user?.to_owned(), capabilities })
}

/// The optional member `Capabilities`, of which all three channels are required once it is there.
pub fn capabilities(form: Form<'_>) -> Option<Capabilities> {
    form.object("Capabilities", |inner| {
        let channel = |name| inner.require(name, inner.choice(name, &DIRECTIONS)).and_then(|word| word.parse::<Direction>().ok());
        let (audio, video, content) = (channel("Audio"), channel("Video"), channel("Content"));
        Some(Capabilities { audio: audio?, video: video?, content: content? })
    })
    .flatten()
}

/// Body of BatchCreateAttendee (at most 100) and the list in CreateMeetingWithAttendees (at most 20).
pub fn batch(form: Form<'_>, at_most: usize) -> Option<Vec<Wanted>> {
    form.require("Attendees", form.objects("Attendees", 1..=at_most, wanted))
}

/// Body of UpdateAttendeeCapabilities.
pub fn update(form: Form<'_>) -> Option<Capabilities> {
    form.require("Capabilities", capabilities(form))
}

/// Body of BatchUpdateAttendeeCapabilitiesExcept: who is left out, and what the others get.
pub fn update_except(form: Form<'_>) -> Option<(Vec<Guid>, Capabilities)> {
    let excluded = form.objects("ExcludedAttendeeIds", 1..=250, |item| {
        item.require("AttendeeId", item.text("AttendeeId", 0..=usize::MAX, GUID)).and_then(Guid::parse)
    });
    let excluded = form.require("ExcludedAttendeeIds", excluded);
    let capabilities = form.require("Capabilities", capabilities(form));
    Some((excluded?, capabilities?))
}

/// The query of ListAttendees: page size and opaque token, as sent.
pub fn page(route: &Route, side: BadInput) -> Result<(Option<usize>, Option<String>), Fault> {
    let broken = Broken::default();
    let mut size = None;
    if let Some(text) = route.parameter("max-results") {
        match text.parse::<i64>() {
            Ok(number) if check_range(&broken, "maxResults", number, 1..=100) => size = usize::try_from(number).ok(),
            Ok(_) => {}
            Err(_) => broken.malformed("Value at 'maxResults' must be an integer".to_owned()),
        }
    }
    let token = route.parameter("next-token").map(str::to_owned);
    if token.as_ref().is_some_and(|t| t.chars().count() > 4096) {
        broken.constraint("nextToken", "have length less than or equal to 4096");
    }
    broken.or(Some((size, token)), side)
}

/// A GUID of the path.
pub fn guid(name: &str, text: Option<&str>, side: BadInput) -> Result<Guid, Fault> {
    let broken = Broken::default();
    let found = text.and_then(Guid::parse);
    if found.is_none() {
        broken.constraint(name, format_args!("satisfy regular expression pattern: {}", GUID.0));
    }
    broken.or(found, side)
}

/// The documented rules beyond the model: the pattern and the reserved prefix. The message names no value.
pub fn semantic(what: &str, text: &str) -> Result<(), Fault> {
    match ExternalUserId::parse(text) {
        Ok(_) => Ok(()),
        Err(rules) if rules.contains(&IdRule::Reserved) => {
            Err(Fault::bad_request(format!("{what} must not begin with the reserved prefix aws:")))
        }
        Err(_) => Err(Fault::bad_request(format!(
            "{what} must match the pattern {}",
            r##"[-_&@+=,(){}\[\]\/«».:|'"#a-zA-Z0-9À-ÿ\s]*"##
        ))),
    }
}
