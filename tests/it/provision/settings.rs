//! What the AWS configuration says, as boto3 and the AWS CLI read it: endpoints, profiles, retries, trust.
//!
//! Holds a case a setting, each with the real program; a file of settings stands in the directory's own `.aws`.

use super::act::Act;
use super::binary::{Ended, Here, finish};
use super::tcp::Server;
use super::world::{World, roster};
use headcount::mock::{DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY};
use std::process::Command;

/// A service that does well, and a directory with ten rows and this AWS configuration.
fn configured(config: &str) -> (World, Server, Here) {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(1, 10)));
    std::fs::create_dir(here.path().join(".aws")).unwrap();
    std::fs::write(here.path().join(".aws/config"), config.replace("URL", &server.url())).unwrap();
    (world, server, here)
}

/// `headcount provision` with good keys in the environment, told of no endpoint.
fn program(here: &Here, more: &[&str]) -> Command {
    let mut command = here.bare(env!("CARGO_BIN_EXE_headcount"));
    command.env("AWS_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", DEFAULT_SECRET_KEY);
    command.args(["provision", "roster.csv", "-o", "tokens.csv", "--rate", "1000/s", "--max-duration", "20s"]).args(more);
    command
}

fn go(command: &mut Command) -> Ended {
    finish(command.spawn().unwrap())
}

/// A port at which nobody listens.
fn nobody() -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!("http://{free}")
}

#[test]
fn an_endpoint_is_found_wherever_aws_users_write_it() {
    const OF_SERVICE: &str = "AWS_ENDPOINT_URL_CHIME_SDK_MEETINGS";
    let plain = "[default]\nendpoint_url = URL\n";
    let section = "[default]\nservices = mine\n[services mine]\nchime_sdk_meetings =\n  endpoint_url = URL\n";
    type Set = for<'a> fn(&'a mut Command, &str) -> &'a mut Command;
    let cases: [(&str, &str, Set); 5] = [
        ("of the service", "", |c, url| c.env(OF_SERVICE, url)),
        ("of all services", "", |c, url| c.env("AWS_ENDPOINT_URL", url)),
        ("of the service before that of all", "", |c, url| c.env(OF_SERVICE, url).env("AWS_ENDPOINT_URL", nobody())),
        ("of the profile", plain, |c, _| c),
        ("of the profile's services", section, |c, _| c),
    ];
    for (what, config, set) in cases {
        let (world, server, here) = configured(config);
        let mut command = program(&here, &[]);
        set(&mut command, &server.url());
        let ended = go(&mut command);
        assert_eq!((ended.code(), world.calls()), (Some(0), 10), "{what}: {}", ended.stderr);
    }
}

/// Settings that say nothing usable are told before anything is asked, by a dry run too; good ones in any letter case are taken.
#[test]
fn retry_settings_are_read_or_told() {
    for (name, value, code) in [
        ("AWS_MAX_ATTEMPTS", "0", 2),
        ("AWS_MAX_ATTEMPTS", "many", 2),
        ("AWS_MAX_ATTEMPTS", "3", 0),
        ("AWS_RETRY_MODE", "sometimes", 2),
        ("AWS_RETRY_MODE", "LEGACY", 0),
        ("AWS_RETRY_MODE", "Adaptive", 0),
    ] {
        let (world, server, here) = configured("");
        let dry = go(program(&here, &["--dry-run", "--endpoint-url", &server.url()]).env(name, value));
        assert_eq!((dry.code(), world.calls()), (Some(code), 0), "{name}={value}: {}", dry.stderr);
        let ended = go(program(&here, &["--endpoint-url", &server.url()]).env(name, value));
        assert_eq!(ended.code(), Some(code), "{name}={value}: {}", ended.stderr);
        assert!(code == 0 || (ended.stderr.contains(name) && world.calls() == 0), "{}", ended.stderr);
    }
    for (line, told) in
        [("max_attempts = 0", "max_attempts"), ("retry_mode = never", "retry_mode"), ("ca_bundle = no.pem", "no.pem")]
    {
        let (world, server, here) = configured(&format!("[default]\n{line}\n"));
        for dry in [&["--dry-run"][..], &[]] {
            let ended = go(program(&here, &["--endpoint-url", &server.url()]).args(dry));
            assert_eq!((ended.code(), world.calls()), (Some(2), 0), "{line}: {}", ended.stderr);
            assert!(ended.stderr.contains(told), "{}", ended.stderr);
        }
    }
}

/// Somebody who names a profile means its keys, whatever the environment holds; `AWS_PROFILE` does not outrank keys beside it.
#[test]
fn a_profile_asked_for_by_name_outranks_keys_of_the_environment() {
    let config = format!(
        "[profile good]\naws_access_key_id = {DEFAULT_ACCESS_KEY}\naws_secret_access_key = {DEFAULT_SECRET_KEY}\n\
         [profile bad]\naws_access_key_id = AKIDNOBODY\naws_secret_access_key = nothing\n"
    );
    for (profile, by_name, keys, code) in
        [("good", true, "AKIDNOBODY", 0), ("bad", true, DEFAULT_ACCESS_KEY, 77), ("bad", false, DEFAULT_ACCESS_KEY, 0)]
    {
        let (_world, server, here) = configured(&config);
        let mut command = program(&here, &["--endpoint-url", &server.url()]);
        command.env("AWS_ACCESS_KEY_ID", keys);
        match by_name {
            true => command.args(["--profile", profile]),
            false => command.env("AWS_PROFILE", profile),
        };
        let ended = go(&mut command);
        assert_eq!(ended.code(), Some(code), "{profile} {by_name}: {}", ended.stderr);
    }
}
