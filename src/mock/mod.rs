//! The other side of the wire: a faithful stand-in for Amazon Chime SDK Meetings.
//!
//! Holds [`Mock`], which answers one request in memory: verified, limited, answered and spoilt as it is told. Called by
//! [`server`], which puts it on a socket, and by tests under a paused clock. It shares the service's words (`crate::chime`)
//! with the client and never a decision: neither imports the other.
//!
//! bytes → [`operation`] (what is it) → [`mischief`] (what has it coming) → [`verify`] (who is it) → [`limits`] (may it now) →
//! [`service`] (what is the answer) → [`spoil`] → bytes

pub mod answer;
pub mod fault;
pub mod ids;
pub mod input;
pub mod keys;
pub mod limits;
pub mod mischief;
pub mod operation;
pub mod options;
pub mod paces;
pub mod server;
pub mod service;
pub mod sides;
pub mod spoil;
pub mod state;
pub mod trouble;
pub mod verify;
pub mod workers;

pub use answer::{Answer, Told};
pub use keys::{DEFAULT_ACCESS_KEY, DEFAULT_ACCOUNT, DEFAULT_REGION, DEFAULT_SECRET_KEY};
pub use options::{Auth, Options};

use crate::behaviour::draw::Draw;
use crate::behaviour::mischief::Trick;
use crate::behaviour::{BadBehaviour, Behaviour};
use crate::chime::id::MeetingId;
use answer::Dates;
use bytes::Bytes;
use fault::Fault;
use ids::{Guid, request_id};
use limits::Limits;
use mischief::{Mischief, Spell};
use operation::{Operation, Route};
use options::{Hints, Lifetime};
use paces::Paces;
use service::meeting::Realm;
use service::reply::Reply;
use service::{Rules, Service, Watcher};
use spoil::Wire;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use verify::canonical::Received;
use verify::{Caller, Verifier};
use workers::Workers;

/// The service, on the other end of a call.
pub struct Mock {
    options: Options,
    started: Instant,
    /// What the mock's clock said when it was started: zero, or where a state file left off.
    before: Duration,
    /// Microseconds after the start at which the timeline of mischief begins.
    timeline: AtomicU64,
    asked: AtomicU64,
    verifier: Verifier,
    limits: Limits,
    paces: RwLock<Paces>,
    workers: Option<Workers>,
    mischief: Mischief,
    service: Service,
    dates: Dates,
    nobody: Arc<Realm>,
}

impl Mock {
    /// A mock in its first state. Its clock starts now.
    ///
    /// # Panics
    /// If the options ask for what cannot be ([`Mock::open`] returns that as an error). The default ones never do.
    pub fn new(options: Options) -> Mock {
        Mock::open(options, None, Duration::ZERO).expect("the options of a mock must be possible")
    }

    /// A mock whose changes somebody keeps, and whose clock goes on from `before`.
    ///
    /// # Errors
    /// A quota for no operation, mischief that contradicts itself, a latency recording that cannot be read.
    pub fn open(options: Options, watcher: Option<Watcher>, before: Duration) -> Result<Mock, BadBehaviour> {
        let rules = Rules {
            seed: options.seed,
            sides: options.sides,
            meetings: options.quota.meetings,
            replicas: options.quota.replicas,
            lifetime: match options.lifetime {
                Lifetime::On { scale } if scale > 0.0 => Some(scale),
                _ => None,
            },
        };
        let workers = match &options.capacity {
            Some(capacity) => Some(Workers::new(capacity.workers, Draw::new(capacity.service.clone(), options.seed, "service")?)),
            None => None,
        };
        Ok(Mock {
            started: Instant::now(),
            before,
            timeline: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            verifier: Verifier::new(options.keys.clone()),
            limits: Limits::new(&options.quota, options.sides, options.hints == Hints::On)?,
            paces: RwLock::new(Paces::new(&options.times, &options.latency, options.seed)?),
            workers,
            mischief: Mischief::new(&options.mischief, options.seed)?,
            service: Service::new(rules, watcher),
            dates: Dates::default(),
            nobody: Arc::new(Realm { account: DEFAULT_ACCOUNT.to_owned(), region: DEFAULT_REGION.to_owned() }),
            options,
        })
    }

    /// Makes a meeting of this id exist, for every caller and without an end of its own: for rosters that name their meetings.
    pub fn adopt(&self, meeting: &MeetingId) {
        if let Some(id) = Guid::parse(meeting.as_str()) {
            self.service.adopt(self.clock(Instant::now()), id);
        }
    }

    /// Adopts the meetings that its options name: once what a state file remembers is back, and after a reset.
    pub fn adopt_named(&self) {
        self.options.adopt.iter().for_each(|meeting| self.adopt(meeting));
    }

    /// The state behind the operations.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// What it was told when it was made.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// When it was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// How often, at the least, a signature came again.
    pub fn replays(&self) -> u64 {
        self.verifier.replays()
    }

    /// The rules of mischief.
    pub fn mischief(&self) -> &Mischief {
        &self.mischief
    }

    /// Behaves as this file says from now on, in the place of the files it was started with: the rules, and the latency, which
    /// is the one it was started with if the file has none. Nothing changes if the file is no good.
    ///
    /// # Errors
    /// Behaviour that contradicts itself, a latency recording that cannot be read.
    pub fn behave(&self, file: &Behaviour) -> Result<(), BadBehaviour> {
        file.check()?;
        // A latency for everything sets aside those of some kinds.
        let (times, usual) = match &file.latency {
            Some(latency) => (&[][..], latency),
            None => (&self.options.times[..], &self.options.latency),
        };
        let paces = Paces::new(times, usual, self.options.seed)?;
        self.mischief.replace(&file.mischief)?;
        *self.paces.write().expect("nothing panics while it holds the latencies") = paces;
        Ok(())
    }

    /// What the mock's clock says at an instant.
    pub fn clock(&self, now: Instant) -> Duration {
        self.before + now.saturating_duration_since(self.started)
    }

    /// Ends what is over by now: for whoever looks at the state, or changes it, from beside the service.
    pub fn catch_up(&self) {
        self.service.sweep(self.clock(Instant::now()));
    }

    /// Forgets meetings but those its options name, buckets and mischief done; the timeline of mischief starts again.
    pub fn reset(&self) {
        self.service.reset();
        self.adopt_named();
        self.limits.reset();
        self.begin_timeline();
    }

    /// The timeline of mischief, and its counts, start here: a load test's stages and its mock's mischief tell one time.
    pub fn begin_timeline(&self) {
        self.mischief.reset();
        let since = self.started.elapsed().as_micros();
        self.timeline.store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Answers a request that arrived at `now`, while the wall clock says `wall`. The work is done when this returns; sending
    /// the answer [`Answer::after`] its arrival, and doing what [`Answer::wire`] says, is the caller's.
    pub fn answer(&self, now: Instant, wall: SystemTime, request: &http::request::Parts, body: &[u8]) -> Answer {
        let n = self.asked.fetch_add(1, Ordering::Relaxed);
        let request_id = request_id(self.options.seed, n);
        let (path, query) = (request.uri.path(), request.uri.query().unwrap_or_default());
        let route = Route::find(request.method.as_str(), path, query);
        let offset = now.saturating_duration_since(self.started);
        let timeline = offset.saturating_sub(Duration::from_micros(self.timeline.load(Ordering::Relaxed)));
        let mut spell = route.as_ref().map_or_else(Spell::default, |route| {
            self.mischief.cast(timeline, n, route.operation, || {
                // Two operations may share a path and have no body.
                let method = request.method.as_str().as_bytes();
                let digest = self.options.seed.digest(&[method, path.as_bytes(), query.as_bytes(), body]);
                digest[..8].iter().fold(0, |n, b| n << 8 | u64::from(*b))
            })
        });
        let wall = shifted(wall, spell.clock);
        let done = match &route {
            // Strangers are told that they are strangers, not what there is.
            None => self
                .identify(wall, request, body)
                .and_then(|_| Err(Fault::front_end("UnknownOperationException", 404, "The service has no such operation"))),
            Some(route) => self.work(now, wall, request, body, route, &mut spell),
        };
        let mut told = Told::of(route.as_ref(), request_id, request);
        match &done {
            Ok(reply) => (told.tally, told.meeting) = (reply.tally, reply.meeting.or(told.meeting)),
            Err(fault) => told.outcome = fault.kind,
        }
        if spell.end_meeting {
            spell.missed(|trick| matches!(trick, Trick::EndMeeting));
        }
        if spell.behind_quota {
            spell.not_let_in();
        }
        let after = self.after(timeline, offset, n, &spell, told.operation, &done);
        let (response, wire) = self.show(request_id, wall, done, &mut spell, told.meeting);
        (told.status, told.mischief) = (response.status().as_u16(), spell.name());
        Answer { response, after, wire, told }
    }

    /// What a request gets that is not even looked at: what is told of it, in the order of all requests.
    pub fn turn_away(&self, request: &http::request::Parts, status: http::StatusCode) -> Told {
        let n = self.asked.fetch_add(1, Ordering::Relaxed);
        let (path, query) = (request.uri.path(), request.uri.query().unwrap_or_default());
        let route = Route::find(request.method.as_str(), path, query);
        let told = Told::of(route.as_ref(), request_id(self.options.seed, n), request);
        Told { outcome: answer::NOTHING, status: status.as_u16(), ..told }
    }

    /// The answer as it is shown, spoilt by whatever struck and found something to spoil.
    fn show(
        &self,
        request_id: Guid,
        wall: SystemTime,
        done: Result<Reply, Fault>,
        spell: &mut Spell,
        meeting: Option<Guid>,
    ) -> (http::Response<Bytes>, Wire) {
        let good = done.is_ok();
        let shown = match &spell.cover {
            Some(cover) if good => Err(cover.clone()),
            _ => done,
        };
        let honest = self.dates.respond(request_id, wall, shown);
        let spoilt = spell.after.as_ref().filter(|_| good || spell.instead.is_some()).and_then(|trick| {
            let other = meeting.and_then(|meeting| self.service.first_attendee(meeting));
            spoil::spoil(trick, other, &honest)
        });
        // An error in itself is neither covered nor spoilt.
        if spoilt.is_none() && (spell.after.is_some() || spell.cover.is_some() && !good) {
            spell.missed(Trick::answers);
        }
        spoilt.unwrap_or((honest, spell.wire))
    }

    /// Verifies, limits and does what is asked, unless mischief answers instead.
    fn work(
        &self,
        now: Instant,
        wall: SystemTime,
        request: &http::request::Parts,
        body: &[u8],
        route: &Route,
        spell: &mut Spell,
    ) -> Result<Reply, Fault> {
        if let Some(fault) = spell.instead.as_ref().filter(|_| !spell.behind_quota) {
            return Err(fault.clone());
        }
        let caller = self.identify(wall, request, body)?;
        if let Some(allow) = caller.key.as_ref().and_then(|key| key.allow.as_ref())
            && !allow.contains(&route.operation)
        {
            let message = format!("The caller is not authorized to perform: chime:{}", route.operation.name());
            return Err(Fault::front_end("AccessDeniedException", 403, message));
        }
        let clock = self.clock(now);
        self.limits.admit(clock, &caller.realm, route.operation)?;
        if std::mem::take(&mut spell.behind_quota)
            && let Some(fault) = &spell.instead
        {
            return Err(fault.clone());
        }
        if spell.end_meeting
            && let Some(id) = route.meeting.as_deref().and_then(Guid::parse)
        {
            spell.end_meeting = !self.service.end(id);
        }
        self.service.answer(clock, &caller.realm, route, body)
    }

    /// Latency, time in line and what mischief adds. A request turned away at the door takes no worker.
    fn after(
        &self,
        timeline: Duration,
        offset: Duration,
        n: u64,
        spell: &Spell,
        operation: Option<Operation>,
        done: &Result<Reply, Fault>,
    ) -> Duration {
        let paces =
            || self.paces.read().expect("nothing panics while it holds the latencies").at(n, operation, || spell.class(done));
        let own = spell.latency.unwrap_or_else(paces);
        let turned_away = spell.instead.is_some() || done.as_ref().is_err_and(|f| matches!(f.status, 403 | 429));
        let line = match &self.workers {
            Some(workers) if !turned_away => workers.done_after(offset, n),
            _ => Duration::ZERO,
        };
        let held = spell.hold_until.saturating_sub(timeline);
        held + (own + line).mul_f64(spell.slow.unwrap_or(1.0).clamp(0.0, 1e6))
    }

    /// Who is calling.
    fn identify(&self, wall: SystemTime, request: &http::request::Parts, body: &[u8]) -> Result<Caller, Fault> {
        if self.options.auth == Auth::Off {
            return Ok(Caller { realm: Arc::clone(&self.nobody), key: None });
        }
        let received = Received {
            method: request.method.as_str(),
            path: request.uri.path(),
            query: request.uri.query().unwrap_or_default(),
            headers: &request.headers,
            authority: request.uri.authority().map(http::uri::Authority::as_str),
            body,
        };
        self.verifier.verify(&received, wall)
    }
}

fn shifted(wall: SystemTime, seconds: i64) -> SystemTime {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let moved = if seconds < 0 { wall.checked_sub(by) } else { wall.checked_add(by) };
    moved.unwrap_or(wall)
}
