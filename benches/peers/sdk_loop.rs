//! The peer of `provision` in Rust: a loop over the AWS SDK, as one would write it in an afternoon.
//!
//! `sdk_loop ROSTER.csv TOKENS.csv ENDPOINT_URL CONCURRENCY`. Run by benches/provision.py, which measures its CPU. It resumes
//! nothing, measures nothing and checks nothing: it reads, asks and writes.

use aws_sdk_chimesdkmeetings::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_chimesdkmeetings::types::{AttendeeCapabilities, MediaCapabilities};
use aws_sdk_chimesdkmeetings::{Client, Config};
use futures::StreamExt;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [roster, tokens, endpoint, concurrency] = args.as_slice() else {
        // Run without arguments by `cargo test --all-targets`: nothing to do then.
        return;
    };
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new(
            headcount::mock::DEFAULT_ACCESS_KEY,
            headcount::mock::DEFAULT_SECRET_KEY,
            None,
            None,
            "bench",
        ))
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(Client::from_conf(config), roster, tokens, concurrency.parse().expect("a number")));
}

async fn run(client: Client, roster: &str, tokens: &str, concurrency: usize) {
    let mut reader = csv::Reader::from_path(roster).expect("a roster");
    let mut writer = csv::Writer::from_path(tokens).expect("an output");
    let rows = reader.records().map(|row| row.expect("a row"));
    let asked = futures::stream::iter(rows.map(|row| {
        let client = client.clone();
        async move {
            let audience = AttendeeCapabilities::builder()
                .audio(MediaCapabilities::Receive)
                .video(MediaCapabilities::Receive)
                .content(MediaCapabilities::Receive);
            let asked = client
                .create_attendee()
                .meeting_id(&row[0])
                .external_user_id(&row[1])
                .capabilities(audience.build().expect("complete"));
            let reply = asked.send().await.expect("an attendee");
            let attendee = reply.attendee.expect("an attendee");
            [attendee.external_user_id, attendee.attendee_id, attendee.join_token].map(Option::unwrap_or_default)
        }
    }));
    let mut answers = asked.buffer_unordered(concurrency);
    while let Some(answer) = answers.next().await {
        writer.write_record(&answer).expect("written");
    }
    writer.flush().expect("written");
}
