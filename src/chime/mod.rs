//! The service's words, spoken by the client and the mock alike; pure, and serde at most.
//!
//! Everything here is published: the service model in botocore (API version 2021-07-15), the API reference and the Developer
//! Guide. Decisions (what to retry, whom to believe) belong to the rooms that take them, never here.

pub mod capability;
pub mod class;
pub mod fault;
pub mod id;
pub mod message;
pub mod operation;
pub mod quota;
pub mod template;
