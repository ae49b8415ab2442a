//! What a peer connection is: the W3C vocabulary, and the contract that an implementation fulfils to be cast in a
//! scenario.
//!
//! Read [`contract`] first: it is the whole interface between the harness and an implementation. [`operation`],
//! [`event`] and [`value`] are what crosses it; [`interface`] is the table of every member; the rest is the vocabulary of the specification, spelled as the
//! specification spells it.

mod candidate;
mod certificate;
mod configuration;
pub mod contract;
mod data_channel;
mod description;
pub mod event;
mod exception;
pub mod identity;
pub mod interface;
mod media;
pub mod network;
pub mod operation;
mod state;
mod time;
pub mod value;

pub use candidate::{
    IceCandidate, IceCandidateAttributes, IceCandidateType, IceComponent, IceProtocol,
    IceServerTransportProtocol, IceTcpCandidateType,
};
pub use certificate::{CertificateSource, KeygenAlgorithm};
pub use configuration::{
    BundlePolicy, Configuration, DtlsVersion, IceServer, IceTransportPolicy, RtcpMuxPolicy,
};
pub use contract::{
    About, Called, CreateError, Datagram, Granularity, HostView, Implementation, Input, OperationId, Outbox,
    Peer, Step, Unsupported,
};
pub use data_channel::{DataChannelInit, MessageData};
pub use description::{LocalDescriptionInit, SdpType, SessionDescription};
pub use event::{Event, EventKind};
pub use exception::{Exception, ExceptionName, RtcErrorDetail};
pub use identity::{IdentityAnswer, IdentityProviderOptions, IdentityRequest, IdentityRequestKind};
pub use interface::Interface;
pub use media::{
    MediaKind, MediaStreamTrackState, RtcpParameters, RtpCapabilities, RtpCodec, RtpCodecParameters,
    RtpContributingSource, RtpEncodingParameters, RtpHeaderExtensionCapability, RtpHeaderExtensionParameters,
    RtpReceiveParameters, RtpSendParameters, RtpTransceiverDirection, RtpTransceiverInit, TrackOrKind,
};
pub use network::{NetworkRequest, TcpSocket};
pub use operation::{OfferOptions, Operation};
pub use state::{
    DataChannelState, DtlsTransportState, IceConnectionState, IceGatheringState, IceRole, IceTransportState,
    PeerConnectionState, SctpTransportState, SignalingState,
};
pub use time::SimTime;
pub use value::{Attribute, Handle, Value};
