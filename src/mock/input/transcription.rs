//! What StartMeetingTranscription is asked.
//!
//! Holds the model's constraints of the two engines. Nothing is kept of the settings beyond their being there: no answer of
//! the service shows them.

use super::{ANY, Form};

/// Which engine is to transcribe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// EngineTranscribeSettings.
    Transcribe,
    /// EngineTranscribeMedicalSettings.
    Medical,
}

const LANGUAGES: [&str; 14] = [
    "en-US", "en-GB", "es-US", "fr-CA", "fr-FR", "en-AU", "it-IT", "de-DE", "pt-BR", "ja-JP", "ko-KR", "zh-CN", "th-TH", "hi-IN",
];
const REGIONS: [&str; 13] = [
    "us-east-2",
    "us-east-1",
    "us-west-2",
    "ap-northeast-2",
    "ap-southeast-2",
    "ap-northeast-1",
    "ca-central-1",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "sa-east-1",
    "auto",
    "us-gov-west-1",
];
const MEDICAL_REGIONS: [&str; 7] = ["us-east-1", "us-east-2", "us-west-2", "ap-southeast-2", "ca-central-1", "eu-west-1", "auto"];
const SPECIALTIES: [&str; 6] = ["PRIMARYCARE", "CARDIOLOGY", "NEUROLOGY", "ONCOLOGY", "RADIOLOGY", "UROLOGY"];

// The service's validator matches whole values, whatever the anchors: else `[-_a-zA-Z0-9]*` of a token would refuse nothing.
const PII: (&str, fn(&str) -> bool) =
    ("^[A-Z_, ]+", |t| t.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b',' | b' ')));
const MODEL: (&str, fn(&str) -> bool) =
    ("^[0-9a-zA-Z._-]+", |t| t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')));
const OPTIONS: (&str, fn(&str) -> bool) =
    ("^[a-zA-Z-,]+", |t| t.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b',')));
const NAMES: (&str, fn(&str) -> bool) =
    ("^[a-zA-Z0-9,-._]+", |t| t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b','..=b'.' | b'_')));

/// Body of StartMeetingTranscription: at least one engine's settings.
pub fn start(form: Form<'_>) -> Option<Vec<Engine>> {
    let engines = form.object("TranscriptionConfiguration", |inner| {
        let transcribe = inner.object("EngineTranscribeSettings", transcribe).map(|()| Engine::Transcribe);
        let medical = inner.object("EngineTranscribeMedicalSettings", medical).map(|()| Engine::Medical);
        transcribe.into_iter().chain(medical).collect()
    });
    form.require("TranscriptionConfiguration", engines)
}

fn transcribe(form: Form<'_>) {
    form.choice("LanguageCode", &LANGUAGES);
    form.choice("VocabularyFilterMethod", &["remove", "mask", "tag"]);
    form.text("VocabularyFilterName", 0..=4096, ANY);
    form.text("VocabularyName", 0..=4096, ANY);
    form.choice("Region", &REGIONS);
    form.boolean("EnablePartialResultsStabilization");
    form.choice("PartialResultsStability", &["low", "medium", "high"]);
    form.choice("ContentIdentificationType", &["PII"]);
    form.choice("ContentRedactionType", &["PII"]);
    form.text("PiiEntityTypes", 1..=300, PII);
    form.text("LanguageModelName", 1..=200, MODEL);
    form.boolean("IdentifyLanguage");
    form.text("LanguageOptions", 1..=200, OPTIONS);
    form.choice("PreferredLanguage", &LANGUAGES);
    form.text("VocabularyNames", 1..=3000, NAMES);
    form.text("VocabularyFilterNames", 1..=3000, NAMES);
}

fn medical(form: Form<'_>) {
    form.require("LanguageCode", form.choice("LanguageCode", &["en-US"]));
    form.require("Specialty", form.choice("Specialty", &SPECIALTIES));
    form.require("Type", form.choice("Type", &["CONVERSATION", "DICTATION"]));
    form.text("VocabularyName", 0..=4096, ANY);
    form.choice("Region", &MEDICAL_REGIONS);
    form.choice("ContentIdentificationType", &["PHI"]);
}
