//! The service as the tests see it: the mock, and a script that spoils what it does.
//!
//! Holds [`World`]. Called by both wires with each request. It remembers every call and every attendee
//! that was really issued, which is what outputs are held against. It never sees the program's own files.

use super::act::{Act, Ask};
use headcount::chime::id::MeetingId;
use headcount::clock::Wall;
use headcount::mock::{Mock, Options};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio::time::Instant;

type Script = Arc<dyn Fn(&Ask) -> Act + Send + Sync>;
/// Meeting and id, exactly as asked.
pub type Key = (String, String);

/// The service, its mischief, and its memory. Clones are the same world.
#[derive(Clone)]
pub struct World {
    mock: Arc<Mock>,
    /// The service's own clock.
    wall: Wall,
    started: Instant,
    script: Arc<Mutex<Script>>,
    memory: Arc<Mutex<Memory>>,
    count: Arc<watch::Sender<u32>>,
    /// How long an answer takes.
    pub latency: Duration,
}

#[derive(Default)]
struct Memory {
    calls: HashMap<Key, u32>,
    looks: BTreeMap<String, u32>,
    /// Every call of CreateMeeting, answered or not.
    makings: u32,
    issued: HashMap<Key, Issued>,
    /// When each call for seats came, and for whom, or whom first.
    log: Vec<(Duration, Key)>,
}

/// What the service has really issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    pub attendee: String,
    pub token: String,
}

/// The n-th meeting; the world knows the first hundred.
pub fn meeting(n: usize) -> String {
    format!("{n:08x}-2222-4333-8444-555555555555")
}

/// A roster of so many meetings with so many rows each, its rows numbered from 1 in a column of its own.
pub fn roster(meetings: usize, each: usize) -> String {
    let mut text = "n,ExternalUserId,MeetingId\n".to_owned();
    for row in 0..meetings * each {
        text.push_str(&format!("{},user-{row:05},{}\n", row + 1, meeting(row % meetings)));
    }
    text
}

impl World {
    /// One that does everything well. Its clock is the given one.
    pub fn new(wall: Wall) -> World {
        World::with(wall, Options::default())
    }

    /// One with a mock of these options.
    pub fn with(wall: Wall, options: Options) -> World {
        let mock = Mock::new(options);
        (0..100).for_each(|n| mock.adopt(&MeetingId::parse(&meeting(n)).unwrap()));
        World {
            mock: Arc::new(mock),
            wall,
            started: Instant::now(),
            script: Arc::new(Mutex::new(Arc::new(|_| Act::Well))),
            memory: Arc::default(),
            count: Arc::new(watch::Sender::new(0)),
            latency: Duration::from_millis(5),
        }
    }

    /// One in paused time, a paused date included.
    pub fn paused() -> World {
        World::new(Wall::fixed(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)))
    }

    /// One in real time, for sockets.
    pub fn real(script: impl Fn(&Ask) -> Act + Send + Sync + 'static) -> World {
        let world = World { latency: Duration::ZERO, ..World::new(Wall::System) };
        world.script(script);
        world
    }

    /// The same, spoilt.
    pub fn spoilt(script: impl Fn(&Ask) -> Act + Send + Sync + 'static) -> World {
        let world = World::paused();
        world.script(script);
        world
    }

    /// From here on, this happens to requests.
    pub fn script(&self, script: impl Fn(&Ask) -> Act + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Arc::new(script);
    }

    /// The same, slower.
    pub fn slow(self, millis: u64) -> World {
        World { latency: Duration::from_millis(millis), ..self }
    }

    /// The service's clock.
    pub fn wall(&self) -> Wall {
        self.wall
    }

    /// Takes a request in: says what becomes of it, and the answer that the service would give (`None` if it did nothing).
    pub fn meet(&self, parts: &http::request::Parts, body: &[u8]) -> (Act, Option<http::Response<bytes::Bytes>>) {
        let signed = parts.headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default();
        let signer = signed.split("Credential=").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let ask = Ask { signer: signer.to_owned(), ..self.remember(parts, body) };
        let script = self.script.lock().unwrap().clone();
        let act = script(&ask);
        if matches!(act, Act::Refuse(..) | Act::RefuseWith(..) | Act::Break(_)) {
            return (act, None);
        }
        let response = self.mock.answer(Instant::now(), self.wall.now(), parts, body).response;
        if ask.is_seat() && response.status().is_success() {
            let body: Value = serde_json::from_slice(response.body()).unwrap();
            let one = std::slice::from_ref(&body["Attendee"]);
            for attendee in if ask.user.is_some() { one } else { body["Attendees"].as_array().unwrap() } {
                let text = |name: &str| attendee[name].as_str().unwrap().to_owned();
                // Ids equal but for case may be answered with one attendee: it is theirs who asked.
                let same = |user: &&str| user.to_lowercase() == text("ExternalUserId").to_lowercase();
                let user = ask.users().find(same).unwrap().to_owned();
                let issued = Issued { attendee: text("AttendeeId"), token: text("JoinToken") };
                self.memory.lock().unwrap().issued.insert((ask.meeting.clone(), user), issued);
            }
        }
        (act, Some(response))
    }

    fn remember(&self, parts: &http::request::Parts, body: &[u8]) -> Ask {
        let meeting = parts.uri.path().split('/').nth(2).unwrap_or_default().to_owned();
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let user = body["ExternalUserId"].as_str().map(str::to_owned);
        let name = |item: &Value| item["ExternalUserId"].as_str().map(str::to_owned);
        let batch: Vec<String> = body["Attendees"].as_array().into_iter().flatten().filter_map(name).collect();
        let at = self.started.elapsed();
        let mut memory = self.memory.lock().unwrap();
        let nth = match user.iter().chain(&batch).next() {
            Some(first) => {
                memory.log.push((at, (meeting.clone(), first.clone())));
                for user in user.iter().chain(&batch) {
                    *memory.calls.entry((meeting.clone(), user.clone())).or_default() += 1;
                }
                memory.calls[&(meeting.clone(), first.clone())]
            }
            None if parts.method == http::Method::POST => {
                memory.makings += 1;
                memory.makings
            }
            None => {
                let looks = memory.looks.entry(meeting.clone()).or_default();
                *looks += 1;
                *looks
            }
        };
        let count = memory.log.len() as u32;
        drop(memory);
        self.count.send_replace(count);
        Ask { meeting, user, batch, signer: String::new(), nth, count, at }
    }

    /// How often seats were asked for.
    pub fn calls(&self) -> u32 {
        self.memory.lock().unwrap().log.len() as u32
    }

    /// Done when CreateAttendee has been called so often.
    pub async fn reached(&self, calls: u32) {
        self.count.subscribe().wait_for(|count| *count >= calls).await.unwrap();
    }

    /// How often it was called beyond once for each key.
    pub fn repeats(&self) -> u32 {
        let memory = self.memory.lock().unwrap();
        (memory.log.len() - memory.calls.len()) as u32
    }

    /// The most calls that any one key took.
    pub fn most_calls(&self) -> u32 {
        self.memory.lock().unwrap().calls.values().copied().max().unwrap_or(0)
    }

    /// How often this key was called.
    pub fn calls_of(&self, meeting: &str, user: &str) -> u32 {
        self.memory.lock().unwrap().calls.get(&(meeting.to_owned(), user.to_owned())).copied().unwrap_or(0)
    }

    /// How often GetMeeting was called.
    pub fn looks(&self) -> u32 {
        self.memory.lock().unwrap().looks.values().sum()
    }

    /// How often CreateMeeting was called.
    pub fn makings(&self) -> u32 {
        self.memory.lock().unwrap().makings
    }

    /// When CreateAttendee was called, and for whom.
    pub fn log(&self) -> Vec<(Duration, Key)> {
        self.memory.lock().unwrap().log.clone()
    }

    /// Everything issued.
    pub fn issued(&self) -> HashMap<Key, Issued> {
        self.memory.lock().unwrap().issued.clone()
    }

    /// Forgets the calls; what was issued stays.
    pub fn forget_calls(&self) {
        let mut memory = self.memory.lock().unwrap();
        memory.calls.clear();
        memory.looks.clear();
        memory.makings = 0;
        memory.log.clear();
        drop(memory);
        self.count.send_replace(0);
    }
}
