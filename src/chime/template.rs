//! What a meeting is made with, in the service's own words.
//!
//! Holds [`MeetingTemplate`]: every optional member of CreateMeeting but the primary. Read from a person's YAML, written into requests;
//! whoever knows the API reference knows the file. It never sees a meeting that exists. (Source: the service model.)

use serde::{Deserialize, Serialize};

macro_rules! request {
    ($(#[$doc:meta])* $name:ident { $($(#[$field:meta])* $member:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
        pub struct $name { $($(#[$field])* #[serde(skip_serializing_if = "Option::is_none")] pub $member: Option<$type>,)* }
    };
}

request! {
    /// Everything a meeting may be made with, besides its token, its label and its primary.
    MeetingTemplate {
        /// Where the media go; the control region if it is not said.
        #[serde(skip_serializing)] media_region: String,
        /// Reserved by the service.
        meeting_host_id: String,
        /// Where the service tells what happens.
        notifications_configuration: Notifications,
        /// What the meeting can do.
        meeting_features: Features,
        /// 1 to 5 tenants.
        tenant_ids: Vec<String>,
        /// At most 50.
        tags: Vec<Tag>,
        /// Of the media hosts' addresses.
        media_placement_network_type: Network,
    }
}

request! {
    /// ARNs to be told.
    Notifications {
        /// A Lambda function.
        lambda_function_arn: String,
        /// A topic.
        sns_topic_arn: String,
        /// A queue.
        sqs_queue_arn: String,
    }
}

request! {
    /// Features, by channel.
    Features {
        /// Audio.
        audio: AudioFeatures,
        /// Video.
        video: VideoFeatures,
        /// Content shares.
        content: ContentFeatures,
        /// Attendees.
        attendee: AttendeeFeatures,
    }
}

request! {
    /// Of audio.
    AudioFeatures {
        /// Whether it can be had.
        echo_reduction: EchoReduction,
    }
}

request! {
    /// Of video.
    VideoFeatures {
        /// The most.
        max_resolution: VideoResolution,
    }
}

request! {
    /// Of content.
    ContentFeatures {
        /// The most.
        max_resolution: ContentResolution,
    }
}

request! {
    /// Of attendees.
    AttendeeFeatures {
        /// 1 to 250; at most 25 with FHD video or UHD content.
        max_count: u32,
    }
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Tag {
    /// 1 to 128 characters.
    pub key: String,
    /// Up to 256 characters.
    pub value: String,
}

/// Whether echo reduction can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EchoReduction {
    /// It can.
    #[serde(rename = "AVAILABLE")]
    Available,
    /// It cannot.
    #[serde(rename = "UNAVAILABLE")]
    Unavailable,
}

/// Of video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VideoResolution {
    /// No video.
    None,
    /// The default.
    #[serde(rename = "HD")]
    Hd,
    /// High definition; at most 25 attendees.
    #[serde(rename = "FHD")]
    Fhd,
}

/// Of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContentResolution {
    /// No content.
    None,
    /// The default.
    #[serde(rename = "FHD")]
    Fhd,
    /// High definition; at most 25 attendees.
    #[serde(rename = "UHD")]
    Uhd,
}

/// Of the media hosts' addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Network {
    /// IPv4.
    Ipv4Only,
    /// Both.
    DualStack,
}

impl MeetingTemplate {
    /// Whether it is a high-definition meeting, which holds 25 at most.
    pub fn is_high_definition(&self) -> bool {
        let features = self.meeting_features.as_ref();
        let video = features.and_then(|f| f.video.as_ref()?.max_resolution);
        let content = features.and_then(|f| f.content.as_ref()?.max_resolution);
        video == Some(VideoResolution::Fhd) || content == Some(ContentResolution::Uhd)
    }

    /// The cap on attendees that it asks for.
    pub fn max_count(&self) -> Option<u32> {
        self.meeting_features.as_ref()?.attendee.as_ref()?.max_count
    }

    /// Asks for a cap on attendees.
    pub fn cap(&mut self, seats: u32) {
        let features = self.meeting_features.get_or_insert_default();
        features.attendee.get_or_insert_default().max_count = Some(seats);
    }
}
