//! Whether a load test's memory is flat: ten million calls in one process, answered in memory, resident memory looked at each second.
//!
//! `cargo bench --bench load_memory [-- CALLS]`. Exits with 1 if it grew by more than 5 MiB between the first second and the last.
//! Everything but the socket is the program's own: schedule, ids, signatures, meetings, checks, histograms, conductor.

use aws_credential_types::Credentials;
use bytes::Bytes;
use headcount::bucket::Rate;
use headcount::client::attempt::Client;
use headcount::client::credentials::Source;
use headcount::client::endpoint::Endpoint;
use headcount::client::transport::{Reply, Transport, WireFault};
use headcount::clock::Wall;
use headcount::drive::pump::Stop;
use headcount::load::board::board;
use headcount::load::conductor::Score;
use headcount::load::hands::Hands;
use headcount::load::people;
use headcount::load::run::Run;
use headcount::scenario::file::Data;
use headcount::scenario::{Surroundings, read};
use headcount::timer::Grain;
use http::{HeaderMap, Request, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// What may be added while nothing new is learnt.
const MOST: u64 = 5 << 20;

/// Answers what is asked, from what is asked.
struct Memory {
    nth: AtomicU64,
}

impl Transport for Memory {
    async fn send(&self, request: Request<Bytes>) -> Result<Reply, WireFault> {
        tokio::task::yield_now().await;
        let id = format!("{:08x}-1111-4222-8333-444444444444", self.nth.fetch_add(1, Ordering::Relaxed));
        let text = std::str::from_utf8(request.body()).unwrap_or_default();
        let user = text.split("\"ExternalUserId\":\"").nth(1).and_then(|rest| rest.split('"').next());
        let body = match user {
            Some(user) => format!(
                r#"{{"Attendee":{{"ExternalUserId":"{user}","AttendeeId":"{id}","JoinToken":"token-{id}","Capabilities":{{"Audio":"SendReceive","Video":"SendReceive","Content":"SendReceive"}}}}}}"#
            ),
            None => format!(r#"{{"Meeting":{{"MeetingId":"{id}"}}}}"#),
        };
        Ok(Reply { status: StatusCode::OK, headers: HeaderMap::new(), body: body.into() })
    }
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) << 10
}

#[expect(clippy::print_stdout, reason = "a bench tells what it has seen")]
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let calls: u64 = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(10_000_000);
    let text = format!(
        "version: 1\ntarget: {{ region: us-east-1 }}\nload: {{ shared: {{ calls: {calls}, max_in_flight: 64 }} }}\nthresholds: [errors.rate <= 0%]\n"
    );
    let around =
        Surroundings { env: &|_| None, files: &|_| unreachable!("the scenario names no file"), endpoint_url: None, set: &[] };
    let plan = Arc::new(read("memory", &text, &around).expect("a scenario"));
    let Data::Generated(template) = plan.data.clone() else { unreachable!("users are generated unless said otherwise") };
    let run = Run {
        plan: plan.clone(),
        id: "0badcafe".to_owned(),
        lanes: 1,
        people: people::Source::Made(template),
        setup_rate: Rate::UNLIMITED,
        max_calls: None,
        paced: headcount::load::Paced::ByPlan,
        grain: Grain::Fine,
        cpu: || None,
        begins: Arc::new(|| ()),
    };
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "bench");
    let endpoint = Endpoint::custom("http://127.0.0.1:1", "us-east-1").expect("an address");
    let memory = Memory { nth: AtomicU64::new(0) };
    let client = Client::new(memory, endpoint, credentials.clone(), Wall::System, plan.timeout).expect("sane credentials");
    let hands = Hands { client, source: Source::Fixed(credentials), name: run.name(0) };
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let keep = seen.clone();
    let score = Score {
        log: Box::new(move |_, _| {
            keep.borrow_mut().push(resident());
            Ok(())
        }),
        ..run.score()
    };
    let ((_tell, signals), (teller, _watching)) = (watch::channel(Stop::No), board());
    let ran = run.here(hands, score, signals, teller).await.expect("a run");
    let judgement = ran.judge(&run, None);
    let summary = serde_json::to_value(ran.summary(&run, judgement, None, None)).expect("a summary");
    let seen = seen.borrow();
    let (first, last) = (seen.first().copied().unwrap_or(0), seen.last().copied().unwrap_or(0));
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!(
        "{} calls in {:.1} s; classes {}",
        summary["counts"]["done"],
        Duration::as_secs_f64(&ran.lasted),
        summary["classes"]
    );
    println!(
        "resident after the first second {:.1} MiB, after the last {:.1} MiB, the most {:.1} MiB",
        mib(first),
        mib(last),
        mib(seen.iter().copied().max().unwrap_or(0))
    );
    let grown = last.saturating_sub(first);
    println!("grown by {:.2} MiB (at most {:.0})", mib(grown), mib(MOST));
    assert_eq!(summary["classes"]["ok"], calls, "every call ends well");
    std::process::exit(i32::from(grown > MOST));
}
