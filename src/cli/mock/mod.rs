//! `headcount mock`: the service, on a local port.
//!
//! Holds the flags and the running of the server. Called by `main`'s dispatch. It never answers a request; `settings` turns
//! flags into the mock's options.

mod health;
mod keys;
mod settings;

use super::failure::{Exit, Failure};
use crate::clock::Wall;
use crate::mock::server::audit::Audit;
use crate::mock::server::{Bounds, Server, tls};
use crate::mock::sides::Side;
use crate::mock::state::{StateError, StateFile};
use crate::mock::trouble::Trouble;
use crate::mock::{Auth, Mock};
use crate::twin::Twin;
use std::fmt::Display;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Stand in for Amazon Chime SDK Meetings on a local port
///
/// Any AWS SDK can be pointed at it: set AWS_ENDPOINT_URL_CHIME_SDK_MEETINGS to the address it prints. docs/mock.md says how it
/// differs from the service and what every option does.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen; port 0 takes a free one. Addresses other machines can reach need signatures
    #[arg(long, default_value = "127.0.0.1:8787", value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// Ask the mock that runs there whether it is well, and leave: 0 if it is, 1 if not
    #[arg(long, value_name = "ADDR:PORT", exclusive = true)]
    health: Option<SocketAddr>,
    /// Write the port taken to this file once it is open
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
    /// Serve over TLS; the certificate of the self-made authority to trust is written to this file
    #[arg(long, value_name = "FILE")]
    tls: Option<PathBuf>,
    /// A further name or address for the TLS certificate, beside localhost, 127.0.0.1 and ::1
    #[arg(long, value_name = "NAME", requires = "tls")]
    tls_name: Vec<String>,
    /// Connections at once
    #[arg(long, default_value_t = 4096, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,
    /// Threads that serve; as many as there are processors by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(..=1024))]
    threads: Option<u16>,
    /// Write every request and answer to this new file, as JSON lines; it names users
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Keep meetings and attendees in this file, over restarts
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    manners: Manners,
}

/// Who may call.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Who may call")]
struct Who {
    /// Whether requests must be signed
    #[arg(long, default_value = "on", value_name = "on|off")]
    auth: Switch,
    /// An access key instead of the documented pair
    #[arg(long, value_name = "ID", requires = "secret_key_env")]
    access_key: Option<String>,
    /// The environment variable that holds its secret
    #[arg(long, value_name = "VAR", requires = "access_key")]
    secret_key_env: Option<String>,
    /// A YAML file of keys, with accounts, session tokens, expiry and what each may do
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
}

/// How it behaves.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How it behaves")]
struct Manners {
    /// The same seed gives the same ids and tokens, whatever the order of calls
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Whether ids that differ only in letter case are one
    #[arg(long, value_name = "fold|exact")]
    ids: Option<String>,
    /// Take another side where the service is not documented; see docs/mock.md
    #[arg(long, value_name = "NAME=VALUE")]
    side: Vec<Side>,
    /// Take the sides that `headcount probe` has found and written to this file; --side outranks it
    #[arg(long, value_name = "FILE")]
    like_probe: Option<PathBuf>,
    /// Answer as the service did in this run (its directory, or what `report --format twin` has written): latencies, faults, quota.
    /// --latency, --workers and --quota outrank it
    #[arg(long, value_name = "RUN")]
    like: Option<PathBuf>,
    /// Make a meeting of this id exist
    #[arg(long, value_name = "MEETING-ID")]
    adopt: Vec<String>,
    /// off, published or a file, and single ones: published,replicas=40,create_attendee=20/40 [default: off]
    #[arg(long, value_name = "QUOTA")]
    quota: Option<String>,
    /// Say in x-amz-retry-after how long a throttled caller should wait
    #[arg(long)]
    retry_hints: bool,
    /// Whether meetings end by themselves: after five minutes without anybody, and after a day [on with a published quota]
    #[arg(long, value_name = "on|off")]
    lifetime: Option<Switch>,
    /// How much faster than in life they do, as in 60x
    #[arg(long, default_value = "1x", value_name = "Nx")]
    time_scale: String,
    /// 20ms, uniform:10ms..50ms, exponential:20ms, lognormal:20ms/120ms, bimodal:20ms/900ms@0.02 or recorded:FILE [default: 0s]
    #[arg(long, value_name = "LATENCY")]
    latency: Option<String>,
    /// Requests at work at once; the others wait in line
    #[arg(long, value_name = "K", requires = "service")]
    workers: Option<usize>,
    /// How long one request keeps a worker; spelt as a latency
    #[arg(long, value_name = "LATENCY", requires = "workers")]
    service: Option<String>,
    /// A file of mischief, such as those in scenarios/mischief
    #[arg(long, value_name = "FILE")]
    mischief: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Switch {
    On,
    Off,
}

/// A failure of the command line's making.
fn usage(message: impl Display) -> Failure {
    Failure::new(Exit::Usage, message)
}

/// Serves until interrupted.
pub fn run(args: Args) -> super::End {
    if let Some(address) = args.health {
        return health::ask(address);
    }
    let twin = args.manners.like.as_deref().map(super::like::twin).transpose()?;
    let options = settings::options(&args, twin.as_ref())?;
    if !args.listen.ip().is_loopback() && options.auth == Auth::Off {
        return Err(usage(format!("{} can be reached by other machines, and signatures are off", args.listen))
            .hint("listen on 127.0.0.1, or leave --auth on"));
    }
    // Each connection takes a file descriptor; what the system grants is all there is.
    let _ = rlimit::increase_nofile_limit(u64::from(args.max_connections) + 64);
    let runtime = runtime(args.threads).map_err(|e| Failure::new(Exit::Internal, format!("cannot start: {e}")))?;
    // Before any file is made: a mock that finds its address taken leaves nothing behind.
    let listener = runtime.block_on(tokio::net::TcpListener::bind(args.listen)).map_err(|e| {
        usage(format!("cannot listen on {}: {e}", args.listen)).hint("choose another --listen; port 0 is always free")
    })?;
    let trouble = Arc::new(Trouble::told_to(|news| {
        // Nobody is left to tell when stderr is gone; the health endpoint still says it.
        let _ = anstream::stderr().write_all(format!("mock: {news}\n").as_bytes());
    }));
    let state = args.state.as_deref().map(|path| open_state(path, &options, &trouble)).transpose()?;
    let (watcher, before) = match &state {
        Some(state) => (Some(state.watcher()), state.before()),
        None => (None, Duration::ZERO),
    };
    let mock = Mock::open(options, watcher, before).map_err(usage)?;
    if let Some(state) = &state {
        state.load(mock.service()).map_err(|e| Failure::new(Exit::BadInput, e))?;
    }
    mock.adopt_named();
    let audit = match &args.log {
        Some(path) => Some(Arc::new(
            Audit::create(path, Arc::clone(&trouble)).map_err(|e| usage(format!("cannot make {}: {e}", path.display())))?,
        )),
        None => None,
    };
    let mock = Arc::new(mock);
    let mut server = Server::new(Arc::clone(&mock), Wall::System);
    (server.audit, server.trouble) = (audit.clone(), trouble);
    runtime.block_on(serve(&args, twin.as_ref(), listener, server))?;
    // Everything that tells the log and the state must be gone before they can say that they are whole.
    drop((runtime, mock));
    let log = audit.and_then(Arc::into_inner).map_or(Ok(()), Audit::close);
    // A log that has failed is no reason not to write the state down.
    state.map_or(Ok(()), StateFile::close).map_err(|e| Failure::new(Exit::Incomplete, e))?;
    log.map_err(|e| Failure::new(Exit::Incomplete, format!("the log is not whole: {e}")))?;
    Ok(Exit::Done)
}

impl Manners {
    /// The flags that say something else than a twin.
    fn outranking(&self) -> Vec<&'static str> {
        let given = [
            (self.latency.is_some(), "--latency (for its latencies)"),
            (self.workers.is_some(), "--workers (for its latencies)"),
            (self.quota.is_some(), "--quota (for its quota)"),
        ];
        given.into_iter().filter(|(given, _)| *given).map(|(_, flag)| flag).collect()
    }
}

impl Args {
    /// Whether the documented pair is what clients sign with.
    fn uses_built_in_keys(&self) -> bool {
        self.who.auth == Switch::On && self.who.access_key.is_none() && self.who.credentials.is_none()
    }
}

/// Where the serving runs. One thread needs none to hand its work to.
fn runtime(threads: Option<u16>) -> std::io::Result<tokio::runtime::Runtime> {
    let mut runtime = match threads {
        Some(0 | 1) => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    if let Some(threads) = threads {
        runtime.worker_threads(usize::from(threads.max(1)));
    }
    runtime.enable_all().build()
}

async fn serve(args: &Args, twin: Option<&Twin>, listener: tokio::net::TcpListener, mut server: Server) -> Result<(), Failure> {
    // Before anybody can know that there is something to stop.
    let stop = asked_to_stop().map_err(|e| Failure::new(Exit::Internal, format!("cannot listen for signals: {e}")))?;
    server.bounds = Bounds { connections: args.max_connections as usize, ..server.bounds };
    let mut scheme = "http";
    if let Some(path) = &args.tls {
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        names.extend(args.tls_name.iter().cloned());
        let (acceptor, authority) = tls::acceptor(&names).map_err(usage)?;
        publish(path, &authority)?;
        (server.tls, scheme) = (Some(acceptor), "https");
    }
    let here = listener.local_addr().map_err(|e| Failure::new(Exit::Internal, e))?;
    if let Some(path) = &args.port_file {
        publish(path, &format!("{}\n", here.port()))?;
    }
    let mut told = format!("mock: {scheme}://{here} (Ctrl-C ends it)\n");
    if args.uses_built_in_keys() {
        told.push_str(&format!(
            "mock: AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={} (made up, for this mock alone)\n",
            crate::mock::DEFAULT_ACCESS_KEY,
            crate::mock::DEFAULT_SECRET_KEY
        ));
    }
    if !args.listen.ip().is_loopback() {
        told.push_str("mock: other machines can reach this address; its keys are all that keeps them out\n");
    }
    if let Some(twin) = twin {
        told.push_str(&super::like::told(twin));
        let outranked = args.manners.outranking();
        if !outranked.is_empty() {
            told.push_str(&format!("mock: outranked by {}\n", outranked.join(", ")));
        }
    }
    // Nobody is left to tell when stderr is gone; the mock goes on.
    let _ = anstream::stderr().write_all(told.as_bytes());
    server.run(listener, stop).await;
    Ok(())
}

fn open_state(path: &Path, options: &crate::mock::Options, trouble: &Arc<Trouble>) -> Result<StateFile, Failure> {
    let ids = format!("{:?}", options.sides.ids).to_lowercase();
    StateFile::open(path, options.seed.0, &ids, Wall::System.now(), Arc::clone(trouble)).map_err(|e| {
        let hint = match &e {
            StateError::Foreign(_) => "give --state a file that does not exist yet, or one that a mock has made",
            StateError::Taken => "stop the other mock, or give this one a --state of its own",
            StateError::Other { name: "version", .. } => "remove the file if nothing in it is wanted, or give another --state",
            _ => "use another --state, or the --seed and --ids it was made with",
        };
        Failure::new(Exit::BadInput, format!("{}: {e}", path.display())).hint(hint)
    })
}

/// Writes a small file whole or not at all: whoever waits for it never reads half of it.
fn publish(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |e: std::io::Error| usage(format!("cannot write {}: {e}", path.display()));
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    // A port and a certificate are for others to read.
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(everybody).map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

/// Ctrl-C, or what a container is stopped with. Listened for from here on, not only once somebody waits.
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
