//! Statistics: the dictionaries of webrtc-stats, and the reports made of them.
//!
//! [`dictionaries`] has the dictionaries with the members that the engine knows truthfully; a member that it does not know of
//! an object is none and stays out. [`Report`] collects them under their ids and selects (webrtc-pc#dfn-stats-selection-algorithm).
//! What the numbers are is told by the rooms that count them; the connection puts both together.

mod dictionaries;
mod report;

pub(crate) use dictionaries::{
    AudioSource, CandidatePair, CandidatePairState, Certificate, Codec, DataChannel, DtlsRole, IceCandidate,
    InboundRtp, OutboundRtp, PeerConnection, RemoteInboundRtp, RemoteOutboundRtp, Statistics, Transport,
    VideoSource,
};
pub(crate) use report::Report;
