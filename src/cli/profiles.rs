//! Whether a named profile exists, so that a slip of the pen is told as one.
//!
//! Holds [`known_without`]. Called before credentials are looked for: the chain's own words for a missing profile are five lines
//! about five providers. It reads names of sections and nothing else.

use super::service::environment;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// If the AWS config files have no such profile: which ones they have, as a hint.
pub fn known_without(profile: &str) -> Option<String> {
    let home = environment("HOME").map(PathBuf::from).unwrap_or_default();
    let file = |variable: &str, usual: &str| environment(variable).map_or_else(|| home.join(".aws").join(usual), PathBuf::from);
    let mut names = BTreeSet::new();
    for (path, prefix) in
        [(file("AWS_CONFIG_FILE", "config"), "profile "), (file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), "")]
    {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        names.extend(sections(&text, prefix));
    }
    if names.contains(profile) {
        return None;
    }
    let shown: Vec<String> = names.iter().take(12).map(|name| crate::safe::line(name, 40)).collect();
    Some(if shown.is_empty() { "they are missing, or name none".to_owned() } else { format!("they have: {}", shown.join(", ")) })
}

/// The profiles a file names: `[profile x]` in one kind of file, `[x]` in the other, `[default]` in both.
fn sections(text: &str, prefix: &str) -> Vec<String> {
    let header = |line: &str| line.trim().strip_prefix('[')?.split(']').next().map(|name| name.trim().to_owned());
    let named =
        |name: String| if name == "default" { Some(name) } else { name.strip_prefix(prefix).map(|n| n.trim().to_owned()) };
    text.lines().filter_map(header).filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_of_both_kinds_of_file() {
        let config = "[default]\nregion=x\n[profile events]\n [ profile  ops ]\n[sso-session y]\n# [profile no]\n";
        assert_eq!(sections(config, "profile "), ["default", "events", "ops"]);
        assert_eq!(sections("[default]\n[events]", ""), ["default", "events"]);
    }
}
