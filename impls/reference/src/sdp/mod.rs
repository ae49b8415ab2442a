//! Session descriptions: parsed, made and compared as JSEP (RFC 9429) says.
//!
//! Read `description` first: it is what a parsed description is, with `codec`, `extension`, `simulcast` and `media` for its
//! parts. `line` and `attribute` hold the grammar of one line, `attribute_list` that of a level; `parse` and
//! `media_attributes` put the lines together (RFC 9429 sections 5.8.1 and 5.8.2) within `limits`, `verify` checks what they
//! mean (section 5.8.3) and `compare` holds a description against those before it.
//!
//! To make a description (sections 5.2 and 5.3), `offer` and `answer` draw up a [`DescriptionPlan`]: `layout` says whose
//! each media section is, `payload_types` what the numbers mean, `negotiate` what is common, `lip_sync` what is played in
//! step. The plan tells which transports it needs; with those it is written (`text`). `candidates` adds what trickles in
//! after a description was made.
//!
//! Failures come in two classes, because webrtc-pc#set-description tells them apart: an [`SdpError`] is invalid syntax
//! (an `RTCError` with `sdp-syntax-error` and the line), a [`ContentError`] is valid syntax that cannot be applied
//! (an `InvalidAccessError`).

mod answer;
mod attribute;
mod attribute_list;
mod candidates;
mod codec;
mod compare;
mod description;
mod error;
mod extension;
#[cfg(test)]
mod fixtures;
mod format;
mod layout;
mod limits;
mod line;
mod lip_sync;
mod media;
mod media_attributes;
mod negotiate;
mod offer;
mod parse;
mod payload_types;
mod plan;
mod simulcast;
#[cfg(test)]
mod tests;
mod text;
mod verify;

pub(crate) use answer::{AnswerInput, RejectedTag, plan_answer};
pub(crate) use candidates::{add_remote_candidate, with_candidates, with_candidates_at};
pub(crate) use codec::{Codec, CodecRole};
pub(crate) use compare::{
    check_answer_against, check_dtls_role, check_ice_lite, check_ice_of_answer, check_subsequent_offer,
    negotiated_ice_credentials, restarts_ice,
};
pub(crate) use description::{
    Attribute, Description, Direction, Group, Lined, MediaKind, MediaSection, Origin, SdpFingerprint, Setup,
};
pub(crate) use error::{ContentError, SdpError};
pub(crate) use extension::{HeaderExtension, answer_header_extensions};
pub(crate) use media::{Bandwidth, Msid, Ssrc, SsrcGroup, max_bitrate};
pub(crate) use negotiate::{answer_codecs, codecs_to_receive, codecs_to_send, in_preferred_order};
pub(crate) use offer::{Negotiated, OfferInput, next_mid, plan_offer};
pub(crate) use plan::{DescriptionPlan, SectionOwner, TransceiverInput, TransportRequest};
pub(crate) use simulcast::{
    RidDescription, RidDirection, SendEncoding, Simulcast, SimulcastEncoding, SimulcastStream,
};
pub(crate) use text::LocalTransport;
