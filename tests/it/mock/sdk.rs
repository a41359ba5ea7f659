//! The AWS SDK for Rust, unmodified: every operation, typed errors, pages, HTTP/2 where it likes.

use super::served::Served;
use aws_sdk_chimesdkmeetings::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_chimesdkmeetings::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_chimesdkmeetings::types::{
    AttendeeCapabilities, AttendeeIdItem, CreateAttendeeRequestItem, EngineTranscribeSettings, MediaCapabilities,
    MeetingFeaturesConfiguration, Tag, TranscribeLanguageCode, TranscriptionConfiguration, VideoFeatures, VideoResolution,
};
use aws_sdk_chimesdkmeetings::{Client, Config};
use headcount::mock::{DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, Options};

fn client(served: &Served, secret: &str) -> Client {
    let credentials = Credentials::new(DEFAULT_ACCESS_KEY, secret, None, None, "test");
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://{}", served.address))
        .credentials_provider(credentials)
        .build();
    Client::from_conf(config)
}

fn capabilities(audio: MediaCapabilities, video: MediaCapabilities, content: MediaCapabilities) -> AttendeeCapabilities {
    AttendeeCapabilities::builder().audio(audio).video(video).content(content).build().unwrap()
}

fn code<E: ProvideErrorMetadata, R>(result: Result<R, SdkError<E>>) -> String {
    result.err().and_then(|e| e.code().map(str::to_owned)).unwrap_or_default()
}

#[tokio::test]
async fn every_operation_of_the_rust_sdk() {
    let served = Served::start(Options::default(), |_| {}).await;
    let sdk = client(&served, DEFAULT_SECRET_KEY);
    let none = || capabilities(MediaCapabilities::None, MediaCapabilities::None, MediaCapabilities::None);
    let made = sdk.create_meeting().media_region("us-east-1").external_meeting_id("room").send().await.unwrap();
    let meeting = made.meeting().unwrap();
    let (id, arn) = (meeting.meeting_id().unwrap(), meeting.meeting_arn().unwrap());
    assert!(meeting.media_placement().unwrap().signaling_url().is_some());
    assert_eq!(sdk.get_meeting().meeting_id(id).send().await.unwrap().meeting(), Some(meeting));

    let ada = sdk.create_attendee().meeting_id(id).external_user_id("Zoë #1 «x»").send().await.unwrap();
    let ada = ada.attendee().unwrap();
    let again = sdk.create_attendee().meeting_id(id).external_user_id("Zoë #1 «x»").send().await.unwrap();
    assert_eq!(again.attendee(), Some(ada));
    let attendee = ada.attendee_id().unwrap();
    assert_eq!(sdk.get_attendee().meeting_id(id).attendee_id(attendee).send().await.unwrap().attendee(), Some(ada));
    let item = |user: &str| CreateAttendeeRequestItem::builder().external_user_id(user).build().unwrap();
    let batch = sdk.batch_create_attendee().meeting_id(id).attendees(item("bob")).attendees(item("aws:no")).send().await.unwrap();
    assert_eq!((batch.attendees().len(), batch.errors().len()), (1, 1));
    assert_eq!(batch.errors()[0].error_code(), Some("BadRequest"));

    let page = sdk.list_attendees().meeting_id(id).max_results(1).send().await.unwrap();
    let rest = sdk.list_attendees().meeting_id(id).max_results(1).next_token(page.next_token().unwrap()).send().await.unwrap();
    assert_eq!(
        (page.attendees()[0].external_user_id(), rest.attendees()[0].external_user_id()),
        (Some("Zoë #1 «x»"), Some("bob"))
    );
    assert_eq!(rest.next_token(), None);

    let updated =
        sdk.update_attendee_capabilities().meeting_id(id).attendee_id(attendee).capabilities(none()).send().await.unwrap();
    assert_eq!(updated.attendee().unwrap().capabilities(), Some(&none()));
    let except = AttendeeIdItem::builder().attendee_id(attendee).build().unwrap();
    sdk.batch_update_attendee_capabilities_except()
        .meeting_id(id)
        .excluded_attendee_ids(except)
        .capabilities(none())
        .send()
        .await
        .unwrap();

    let engine = EngineTranscribeSettings::builder().language_code(TranscribeLanguageCode::EnUs).build();
    let transcription = TranscriptionConfiguration::builder().engine_transcribe_settings(engine).build();
    sdk.start_meeting_transcription().meeting_id(id).transcription_configuration(transcription).send().await.unwrap();
    sdk.stop_meeting_transcription().meeting_id(id).send().await.unwrap();
    let stopped = sdk.stop_meeting_transcription().meeting_id(id).send().await.unwrap_err().into_service_error();
    assert!(stopped.is_unprocessable_entity_exception());

    let tag = Tag::builder().key("team").value("red").build().unwrap();
    sdk.tag_resource().resource_arn(arn).tags(tag.clone()).send().await.unwrap();
    assert_eq!(sdk.list_tags_for_resource().resource_arn(arn).send().await.unwrap().tags(), [tag]);
    sdk.untag_resource().resource_arn(arn).tag_keys("team").send().await.unwrap();
    assert!(sdk.list_tags_for_resource().resource_arn(arn).send().await.unwrap().tags().is_empty());
    let unknown = sdk.list_tags_for_resource().resource_arn("arn:aws:chime:x").send().await.unwrap_err().into_service_error();
    assert!(unknown.is_resource_not_found_exception());

    let video = VideoFeatures::builder().max_resolution(VideoResolution::None).build();
    let features = MeetingFeaturesConfiguration::builder().video(video).build();
    let both = sdk.create_meeting_with_attendees().media_region("eu-west-1").external_meeting_id("r2").attendees(item("eve"));
    let both = both.meeting_features(features).send().await.unwrap();
    assert_eq!(both.attendees()[0].capabilities().unwrap().video(), &MediaCapabilities::Receive, "rule R4");

    sdk.delete_attendee().meeting_id(id).attendee_id(attendee).send().await.unwrap();
    let gone = sdk.get_attendee().meeting_id(id).attendee_id(attendee).send().await.unwrap_err().into_service_error();
    assert!(gone.is_not_found_exception());
    sdk.delete_meeting().meeting_id(id).send().await.unwrap();
    sdk.delete_meeting().meeting_id(id).send().await.unwrap();
    let ended = sdk.create_attendee().meeting_id(id).external_user_id("late").send().await.unwrap_err().into_service_error();
    assert!(ended.is_not_found_exception() && ended.message() == Some("The meeting has ended"));
    served.stop().await;
}

#[tokio::test]
async fn typed_errors_of_the_rust_sdk() {
    let served = Served::start(Options::default(), |_| {}).await;
    let sdk = client(&served, DEFAULT_SECRET_KEY);
    let id = "00000000-0000-0000-0000-00000000000a";
    served.mock.adopt(&headcount::chime::id::MeetingId::parse(id).unwrap());
    let ask = |user: &str| sdk.create_attendee().meeting_id(id).external_user_id(user).send();
    assert!(ask("aws:x").await.unwrap_err().into_service_error().is_bad_request_exception());
    let refused = client(&served, "wrong").get_meeting().meeting_id(id).send().await;
    assert_eq!(code(refused), "InvalidSignatureException");
    // Those that only a rule of mischief brings about.
    for (kind, status) in [
        ("UnauthorizedException", 401),
        ("ForbiddenException", 403),
        ("ConflictException", 409),
        ("ThrottlingException", 429),
        ("ServiceFailureException", 500),
        ("ServiceUnavailableException", 503),
        ("LimitExceededException", 400),
    ] {
        let text = format!("name: r\nat_most: 9\ndo: {{ error: {{ type: {kind} }} }}");
        served.mock.mischief().replace(&[headcount::yaml::parse("rule", &text).unwrap()]).unwrap();
        let config = sdk.config().to_builder().retry_config(aws_sdk_chimesdkmeetings::config::retry::RetryConfig::disabled());
        let error =
            Client::from_conf(config.build()).create_attendee().meeting_id(id).external_user_id("ada").send().await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status);
        assert_eq!(error.into_service_error().code(), Some(kind));
    }
    served.stop().await;
}
