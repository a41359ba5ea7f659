//! `headcount probe`: what no document says of the service, asked of it.
//!
//! Holds the verb's course: service found, guarded as a load is, asked, findings written and shown. Called by `cli`.

use super::End;
use super::failure::{Exit, Failure};
use super::say::{self, Voice};
use super::service::{Service, Whom};
use super::shown::Shown;
use super::signals;
use super::values::{Span, counted};
use crate::client::attempt::Client;
use crate::client::transport::{Http, HttpOptions};
use crate::clock::Wall;
use crate::drive::pump::Stop;
use crate::load::guard;
use crate::probe::course::{CALLS, Halt, Probed, probe};
use crate::probe::{Findings, QUESTIONS, VERSION};
use crate::run_dir::{check_publishable, publish};
use crate::seed::Seed;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two calls to a service that others use, too.
const PAUSE: Duration = Duration::from_millis(150);
/// Time for name, TCP and TLS.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// Ask the service what no document says of it, in under 20 calls
///
/// Makes a meeting of seven seats and a few attendees, sees how repetitions, batches, a full meeting and deletions are answered, and
/// deletes what it made, also on Ctrl-C. The file it writes makes the mock behave alike: headcount mock --like-probe FILE.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 everything was asked; 75 not everything, run it again; 77 credentials refused; 2 usage; 1 internal failure."
)]
pub struct Args {
    /// Where the findings go
    #[arg(short, long, value_name = "FILE", default_value = "probe.json")]
    output: PathBuf,

    /// The account that may be probed, where the endpoint is not this machine; compared with the credentials' own
    #[arg(long, value_name = "ID")]
    allow_account: Vec<String>,

    /// Time for one request, from its first byte to the answer's last
    #[arg(long, value_name = "TIME", default_value = "10s")]
    timeout: Span,

    #[allow(missing_docs)]
    #[command(flatten)]
    whom: Whom,

    #[allow(missing_docs)]
    #[command(flatten)]
    shown: Shown,
}

/// Runs the verb.
pub fn run(args: Args) -> End {
    super::alone(course(args))?
}

async fn course(args: Args) -> End {
    say::log(args.shown.loud.verbose);
    let (voice, wall) = (args.shown.voice(), Wall::System);
    writable(&args.output)?;
    let service = Service::configured(&args.whom).await?;
    guarded(&args, &service, voice)?;
    let options = HttpOptions {
        connect_timeout: CONNECT_WITHIN,
        ca_bundle: service.configured.ca_bundle()?,
        direct: service.endpoint.is_loopback(),
    };
    let http = Http::new(&options).map_err(|e| Failure::new(Exit::Usage, e))?;
    let client = Client::new(http, service.endpoint.clone(), service.credentials.clone(), wall, args.timeout.0)
        .map_err(|e| Failure::new(Exit::Credentials, e))?;
    let time = jiff::Timestamp::try_from(wall.now()).unwrap_or_default();
    let mut signals = signals::listen().map_err(|e| Failure::new(Exit::Internal, e))?;
    let pause = if service.endpoint.is_loopback() { Duration::ZERO } else { PAUSE };
    let mut stop = signals.stop.clone();
    let name = name(time);
    let Some(probed) = signals.unless_left(probe(&client, &name, pause, &mut stop)).await else {
        voice.warn(format_args!("left at once; a meeting {name:?} may be left, and ends by itself after five minutes"));
        return Ok(signals.left());
    };
    let findings = Findings {
        version: VERSION,
        kind: "probe".to_owned(),
        headcount: env!("CARGO_PKG_VERSION").to_owned(),
        time: time.to_string(),
        endpoint: service.place.clone(),
        region: service.endpoint.region().to_string(),
        calls: probed.calls,
        findings: probed.findings.clone(),
    };
    conclude(&args.output, &findings, &probed, *stop.borrow() > Stop::No, voice)
}

/// Tells the meeting and ids of this probe from all others.
fn name(time: jiff::Timestamp) -> String {
    let digest = Seed(u64::from(std::process::id())).digest(&[b"probe", &time.as_nanosecond().to_le_bytes()]);
    let name: String = digest[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("headcount-probe-{name}")
}

/// A place that can be written, and holds nothing but earlier findings.
fn writable(path: &Path) -> Result<(), Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) if Findings::read(&text).is_ok() => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        _ => {
            let message = format!("{} is there, and holds no findings of a probe", path.display());
            return Err(Failure::new(Exit::Usage, message).hint("move it away, or name another file with -o; nothing was asked"));
        }
    }
    check_publishable(path)
        .map_err(|e| Failure::new(Exit::Usage, format!("{} cannot be written: {e}", path.display())).hint("nothing was asked"))
}

/// A service that is not this machine is shown, and asked only if its account was named.
fn guarded(args: &Args, service: &Service, voice: Voice) -> Result<(), Failure> {
    let account = service.account();
    let shown = format!(
        "at most {CALLS} calls and two meetings in {}, region {}, account {}",
        service.endpoint,
        service.endpoint.region(),
        account.as_deref().unwrap_or("unknown")
    );
    if !service.endpoint.is_loopback() {
        guard::allowed(account.as_deref(), &args.allow_account).map_err(|e| {
            let hint = match &account {
                Some(id) => format!("this means {shown}; if you mean it: --allow-account {id}"),
                None => format!("this means {shown}; the credentials do not tell their account: set AWS_ACCOUNT_ID, or aws_account_id in the profile"),
            };
            Failure::new(Exit::Usage, e).hint(hint)
        })?;
    }
    voice.say(shown);
    Ok(())
}

fn conclude(path: &Path, findings: &Findings, probed: &Probed, stopped: bool, voice: Voice) -> End {
    for meeting in &probed.left {
        voice.warn(format_args!(
            "meeting {meeting} could not be deleted; it ends by itself after five minutes, or: aws chime-sdk-meetings delete-meeting --meeting-id {meeting}"
        ));
    }
    let asked = probed.findings.values().filter(|finding| finding.seen.is_some()).count();
    for (question, what, _) in QUESTIONS {
        let finding = &probed.findings[question];
        match (&finding.answer, &finding.seen) {
            (Some(answer), Some(seen)) => voice.say(format_args!("{question:<14} {answer:<12} {what} ({seen})")),
            (None, Some(seen)) => voice.warn(format_args!("{question}: no word for it: {what} ({seen})")),
            (_, None) => {}
        }
    }
    if asked > 0 {
        let write = |out: &mut dyn Write| {
            serde_json::to_writer_pretty(&mut *out, findings)?;
            out.write_all(b"\n")
        };
        publish::<std::io::Error>(path, write, |_| Ok(()))
            .map_err(|e| Failure::new(Exit::Incomplete, format!("{} cannot be written: {e}", path.display())))?;
        voice.say(format_args!(
            "{}: {} of {}, in {}",
            path.display(),
            asked,
            QUESTIONS.len(),
            counted(probed.calls.into(), "call")
        ));
    }
    let incomplete = |why: String| Err(Failure::new(Exit::Incomplete, why).hint("what was made is deleted; run it again"));
    match &probed.halt {
        None => Ok(Exit::Done),
        Some(Halt::NotLetIn(why)) => Err(Failure::new(Exit::Credentials, format!("the service does not let us in: {why}"))
            .hint("the policy must allow chime:CreateMeeting, GetMeeting, DeleteMeeting, CreateAttendee, BatchCreateAttendee, GetAttendee and DeleteAttendee")),
        Some(Halt::Stopped) if stopped => incomplete(format!("stopped with {asked} of {} asked", QUESTIONS.len())),
        Some(Halt::Stopped | Halt::Spent) => incomplete(format!("{CALLS} calls were not enough: {asked} of {} asked", QUESTIONS.len())),
        Some(Halt::Failed(fault)) => incomplete(format!("the service said nothing of it: {} ({}): {}", fault.class, fault.code, fault.message)),
        Some(Halt::Refused(what, seen)) => incomplete(format!("{what} was refused ({seen}): nothing more can be asked")),
    }
}
