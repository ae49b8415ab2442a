//! Session descriptions: parsed, made and compared as JSEP (RFC 9429) says.
//!
//! Read `description` first: it is what a parsed description is. `line` and `attribute` hold the grammar of one line,
//! `parse` puts the lines together (RFC 9429 sections 5.8.1 and 5.8.2), `verify` checks what they mean (section 5.8.3)
//! and `compare` holds a description against those before it. `offer` and `answer` make descriptions (sections 5.2
//! and 5.3) out of `text`, and `candidates` adds what trickles in after a description was made.
//!
//! Failures come in two classes, because webrtc-pc#set-description tells them apart: an [`SdpError`] is invalid syntax
//! (an `RTCError` with `sdp-syntax-error` and the line), a [`ContentError`] is valid syntax that cannot be applied
//! (an `InvalidAccessError`).

mod answer;
mod attribute;
mod candidates;
mod compare;
mod description;
mod error;
#[cfg(test)]
mod fixtures;
mod line;
mod offer;
mod parse;
mod text;
mod verify;

pub(crate) use answer::{AnswerInput, RejectedTag, create_answer};
pub(crate) use candidates::{add_remote_candidate, with_candidates, with_candidates_at};
pub(crate) use compare::{
    check_answer_against, check_dtls_role, check_ice_of_answer, check_subsequent_offer, restarts_ice,
};
pub(crate) use description::{
    Attribute, Description, Direction, Group, Lined, MediaKind, MediaSection, Origin, SdpFingerprint, Setup,
};
pub(crate) use error::{ContentError, SdpError};
pub(crate) use offer::{OfferInput, create_offer};
pub(crate) use text::LocalTransport;
