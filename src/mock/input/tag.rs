//! What the tag operations are asked.
//!
//! Holds [`Tag`] and the bodies of TagResource, UntagResource and the query of ListTagsForResource.

use super::{Broken, Form};
use crate::mock::fault::Fault;
use crate::mock::operation::Route;
use crate::mock::sides::BadInput;
use std::collections::HashSet;

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    /// 1 to 128 characters.
    pub key: String,
    /// 0 to 256 characters.
    pub value: String,
}

/// In this class `+-=` is a range, so digits and `, - . / : ; <` are inside.
const KEY: (&str, fn(&str) -> bool) = ("^[a-zA-Z+-=._:/]+$", |text| {
    text.bytes().all(|b| b.is_ascii_alphabetic() || (b'+'..=b'=').contains(&b) || matches!(b, b'.' | b'_' | b':' | b'/'))
});
/// Here too; and `\w` and `\s` are read as ASCII.
const VALUE: (&str, fn(&str) -> bool) = (r"[\s\w+-=\.:/@]*", |text| {
    text.bytes().all(|b| {
        b.is_ascii_alphanumeric()
            || (b'+'..=b'=').contains(&b)
            || matches!(b, b'_' | b'.' | b':' | b'/' | b'@' | b' ' | b'\t'..=b'\r')
    })
});
const ARN: (&str, fn(&str) -> bool) = ("^arn:.*", |text| text.starts_with("arn:") && !text.contains(['\n', '\r']));

/// The optional member `Tags`. A key stands in it once: whoever asked for two values of one key would get neither surely.
pub fn tags(form: Form<'_>) -> Option<Vec<Tag>> {
    let tags = form.objects("Tags", 0..=50, |item| {
        let key = item.require("Key", item.text("Key", 1..=128, KEY));
        let value = item.require("Value", item.text("Value", 0..=256, VALUE));
        Some(Tag { key: key?.to_owned(), value: value?.to_owned() })
    })?;
    let mut keys = HashSet::new();
    if !tags.iter().all(|tag| keys.insert(tag.key.as_str())) {
        form.broken.constraint(form.at("Tags"), "have unique keys");
    }
    Some(tags)
}

fn arn<'a>(form: &Form<'a>) -> Option<&'a str> {
    form.require("ResourceARN", form.text("ResourceARN", 1..=1011, ARN))
}

/// Body of TagResource.
pub fn tag_resource(form: Form<'_>) -> Option<(String, Vec<Tag>)> {
    let (arn, tags) = (arn(&form), form.require("Tags", tags(form)));
    Some((arn?.to_owned(), tags?))
}

/// Body of UntagResource.
pub fn untag_resource(form: Form<'_>) -> Option<(String, Vec<String>)> {
    let (arn, keys) = (arn(&form), form.require("TagKeys", form.texts("TagKeys", 0..=50, 1..=128, KEY)));
    Some((arn?.to_owned(), keys?))
}

/// Query of ListTagsForResource.
pub fn list_tags(route: &Route, side: BadInput) -> Result<String, Fault> {
    let broken = Broken::default();
    let arn = route.parameter("arn");
    match arn {
        None => broken.constraint("resourceARN", "not be null"),
        Some("") => broken.constraint("resourceARN", "have length greater than or equal to 1"),
        Some(text) if text.chars().count() > 1011 => broken.constraint("resourceARN", "have length less than or equal to 1011"),
        Some(text) if !(ARN.1)(text) => {
            broken.constraint("resourceARN", format_args!("satisfy regular expression pattern: {}", ARN.0));
        }
        Some(_) => {}
    }
    broken.or(Some(arn.unwrap_or_default().to_owned()), side)
}
