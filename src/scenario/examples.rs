//! The scenarios that are shipped.
//!
//! Holds [`EXAMPLES`], the texts of `scenarios/*.yaml`, and [`companion`], the files they name. Called by `headcount example` and by
//! tests. It never reads them.

/// A shipped scenario: its name and its text.
pub type Example = (&'static str, &'static str);

macro_rules! examples {
    ($($name:literal),* $(,)?) => {
        /// Every shipped scenario, simple ones first.
        pub static EXAMPLES: &[Example] = &[$(($name, include_str!(concat!("../../scenarios/", $name, ".yaml")))),*];
    };
}

examples!["smoke", "doors-open", "spike", "soak", "quota-wall", "closed-loop", "trace", "stall"];

/// The text of a scenario, by its name.
pub fn example(name: &str) -> Option<&'static str> {
    EXAMPLES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The text of a file that a shipped scenario names.
pub fn companion(file: &str) -> Option<&'static str> {
    (file == "trace.csv").then_some(include_str!("../../scenarios/trace.csv"))
}

/// What a scenario is for: the value of its `about:` line.
pub fn about(text: &str) -> &str {
    text.lines().find_map(|line| line.strip_prefix("about: ")).unwrap_or_default().trim_matches('"')
}
