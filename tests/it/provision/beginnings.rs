//! Runs that cannot begin, or must not: no credentials, nobody there, outputs that are not ours. Told clearly, and nothing is asked.

use super::act::Act;
use super::binary::{Ended, Here, finish};
use super::tcp::Server;
use super::world::{World, roster};
use headcount::clock::Wall;
use headcount::mock::server::{Server as Tls, tls};
use headcount::mock::{DEFAULT_ACCESS_KEY, Mock, Options};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What a person needs to see: what is wrong, and what to do.
fn says(ended: &Ended, words: &str) {
    assert!(ended.stderr.contains("error:") && ended.stderr.contains(words), "{words:?} is not in: {}", ended.stderr);
}

/// Outputs that are not ours to write: refused, left alone, and nothing is asked.
#[test]
fn foreign_outputs_are_refused_and_left_alone() {
    type Prepare = fn(&Here);
    let cases: [(&str, Prepare, &[&str]); 8] = [
        ("a file of somebody's", |here| std::fs::write(here.path().join("tokens.csv"), "mine").unwrap(), &[]),
        ("rejects of somebody's", |here| std::fs::write(here.path().join("rejects.csv"), "mine").unwrap(), &[]),
        ("a link to a file", |here| linked(here, "tokens.csv"), &[]),
        ("a link to a file, forced", |here| linked(here, "tokens.csv"), &["--force"]),
        ("a link for rejects", |here| linked(here, "rejects.csv"), &["--force"]),
        ("a directory", |here| std::fs::create_dir(here.path().join("tokens.csv")).unwrap(), &["--force"]),
        ("a full device", |here| symlink("/dev/full", here.path().join("tokens.csv")).unwrap(), &["--force"]),
        ("a run directory that is a file", |here| std::fs::write(here.path().join("tokens.csv.run"), "mine").unwrap(), &[]),
    ];
    let world = World::real(|_| Act::Well);
    let server = Server::new(&world);
    for (what, prepare, more) in cases {
        let here = Here::new(&roster(1, 5));
        prepare(&here);
        let ended = finish(here.provision(&server.url(), more).spawn().unwrap());
        assert!(matches!(ended.code(), Some(2 | 75)), "{what}: {ended:?}");
        says(&ended, "");
        for name in ["tokens.csv", "rejects.csv", "target", "tokens.csv.run"] {
            let path = here.path().join(name);
            // A device has no end to read to.
            if path.is_file() {
                assert_eq!(std::fs::read_to_string(path).unwrap(), "mine", "{what}: {name} was written");
            }
        }
    }
    for name in ["/dev/full", "nowhere/tokens.csv", "tokens.docx"] {
        let here = Here::new(&roster(1, 5));
        let ended = finish(here.provision(&server.url(), &["-o", name]).spawn().unwrap());
        assert!(matches!(ended.code(), Some(2 | 75)), "{name}: {ended:?}");
    }
    assert_eq!((world.calls(), world.looks()), (0, 0), "nothing was asked");
}

fn linked(here: &Here, name: &str) {
    std::fs::write(here.path().join("target"), "mine").unwrap();
    symlink(here.path().join("target"), here.path().join(name)).unwrap();
}

#[test]
fn force_takes_a_foreign_file_over_and_everything_is_private() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(1, 5)));
    std::fs::write(here.path().join("tokens.csv"), "mine").unwrap();
    std::fs::set_permissions(here.path().join("tokens.csv"), std::fs::Permissions::from_mode(0o666)).unwrap();
    let ended = here.run(&server, &world, &["--force"]);
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let mode = |name: &str| std::fs::metadata(here.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("tokens.csv.run"), 0o700);
    for entry in std::fs::read_dir(here.path().join("tokens.csv.run")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert_eq!(mode(&format!("tokens.csv.run/{name}")), 0o600, "{name}");
    }
}

#[test]
fn without_credentials_nothing_is_asked() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(1, 5)));
    let mut command = here.provision(&server.url(), &[]);
    let ended = finish(command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").spawn().unwrap());
    assert_eq!(ended.code(), Some(77), "{ended:?}");
    says(&ended, "hint: set AWS_PROFILE or AWS_ACCESS_KEY_ID");
    assert_eq!((world.calls(), world.looks()), (0, 0));
}

#[test]
fn a_wrong_key_ends_the_run_with_its_own_code() {
    let world = World::real(|_| Act::Well);
    for (key, secret) in [("AKIDNOBODY", "nothing"), (DEFAULT_ACCESS_KEY, "wrong")] {
        let (server, here) = (Server::new(&world), Here::new(&roster(12, 250)));
        let mut command = here.provision(&server.url(), &[]);
        let ended = finish(command.env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", secret).spawn().unwrap());
        assert_eq!(ended.code(), Some(77), "{ended:?}");
        says(&ended, "the service does not let us in");
        here.check(&world, &ended);
    }
    assert!(world.calls() + world.looks() <= 2 * 20, "{} calls of 3,000 rows", world.calls());
}

/// Nobody there: the class is told, no row is blamed, and the same command goes on once somebody is.
#[test]
fn nobody_there_is_told_as_what_it_is() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // A label longer than any name may have: no resolver is asked, and the name does not resolve.
    let nameless = format!("https://{}.invalid", "x".repeat(64));
    for (url, class) in [(format!("http://{free}"), "refused"), (format!("https://{free}"), "refused"), (nameless, "dns")] {
        let here = Here::new(&roster(2, 20));
        let ended = finish(here.provision(&url, &["--yes", "--max-duration", "1500ms"]).spawn().unwrap());
        assert_eq!(ended.code(), Some(75), "{url}: {ended:?}");
        assert!(ended.stderr.contains(class), "{url}: {}", ended.stderr);
        let outputs = here.check(&World::real(|_| Act::Well), &ended);
        assert!(outputs.rejects.iter().all(|row| row["headcount.status"] == "unprocessed"));
    }
}

/// A mock behind TLS, on a thread of its own; answers its URL and its authority's certificate.
fn behind_tls() -> (String, String, oneshot::Sender<()>) {
    let (acceptor, authority) = tls::acceptor(&["127.0.0.1".to_owned()]).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mock = Arc::new(Mock::new(Options::default()));
            mock.adopt(&headcount::chime::id::MeetingId::parse(&super::world::meeting(0)).unwrap());
            let mut server = Tls::new(mock, Wall::System);
            server.tls = Some(acceptor);
            server.run(tokio::net::TcpListener::from_std(listener).unwrap(), async { drop(stopped.await) }).await;
        });
    });
    (url, authority, stop)
}

#[test]
fn a_certificate_nobody_vouches_for_is_not_believed() {
    let (url, authority, _stop) = behind_tls();
    let here = Here::new(&roster(1, 20));
    let ended = finish(here.provision(&url, &[]).spawn().unwrap());
    assert_eq!(ended.code(), Some(75), "{ended:?}");
    says(&ended, "tls");
    assert!(std::fs::read_to_string(here.path().join("tokens.csv")).unwrap().lines().count() == 1);
    // The same command with the authority's certificate goes on.
    std::fs::write(here.path().join("ca.pem"), authority).unwrap();
    let ended = finish(here.provision(&url, &["--ca-bundle", "ca.pem"]).spawn().unwrap());
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    std::fs::write(here.path().join("ca.pem"), "no certificate").unwrap();
    assert_eq!(finish(here.provision(&url, &["--ca-bundle", "ca.pem"]).spawn().unwrap()).code(), Some(2));
}

/// TLS wanted of somebody who speaks none: not a byte of a request is shown to him.
#[test]
fn plain_http_is_never_spoken_where_tls_was_asked_for() {
    let world = World::real(|_| Act::Well);
    let (server, here) = (Server::new(&world), Here::new(&roster(1, 20)));
    let ended = finish(here.provision(&server.url().replace("http", "https"), &["--max-duration", "2s"]).spawn().unwrap());
    assert_eq!((ended.code(), world.calls(), world.looks()), (Some(75), 0, 0), "{}", ended.stderr);
}
