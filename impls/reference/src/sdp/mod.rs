//! Session descriptions: parsed, made and compared as JSEP (RFC 9429) says.
//!
//! Read `description` first: it is what a parsed description is. `line` and `attribute` hold the grammar of one line,
//! `parse` puts the lines together (RFC 9429 sections 5.8.1 and 5.8.2), `verify` checks what they mean (section 5.8.3)
//! and compares descriptions with those before them. `write` makes offers and answers (sections 5.2 and 5.3), and
//! `candidates` adds to a description what trickles in after it was made.
//!
//! Failures come in two classes, because webrtc-pc#set-description tells them apart: an [`SdpError`] is invalid syntax
//! (an `RTCError` with `sdp-syntax-error` and the line), a [`ContentError`] is valid syntax that cannot be applied
//! (an `InvalidAccessError`).

mod attribute;
mod candidates;
mod description;
mod error;
#[cfg(test)]
mod fixtures;
mod line;
mod parse;
mod verify;
mod write;

pub(crate) use candidates::{add_remote_candidate, with_candidates, with_candidates_at};
pub(crate) use description::{
    Attribute, Description, Direction, Group, Lined, MediaKind, MediaSection, Origin, SdpFingerprint, Setup,
};
pub(crate) use error::{ContentError, SdpError};
pub(crate) use verify::{
    check_answer_against, check_dtls_role, check_ice_of_answer, check_subsequent_offer, restarts_ice,
};
pub(crate) use write::{AnswerInput, LocalTransport, OfferInput, RejectedTag, create_answer, create_offer};
