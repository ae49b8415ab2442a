//! The calls of the interface.

use serde::{Deserialize, Serialize};

use crate::{DataChannelInit, Handle, IceCandidate, LocalDescriptionInit, MessageData, SessionDescription};

/// `RTCOfferOptions` (webrtc-pc#dom-rtcofferoptions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OfferOptions {
    /// Whether the offer carries new ICE credentials.
    pub ice_restart: bool,
}

/// A method of the specification with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// `RTCPeerConnection.createOffer()`; fulfils with a description.
    CreateOffer(OfferOptions),
    /// `RTCPeerConnection.createAnswer()`; fulfils with a description.
    CreateAnswer,
    /// `RTCPeerConnection.setLocalDescription()`.
    SetLocalDescription(LocalDescriptionInit),
    /// `RTCPeerConnection.setRemoteDescription()`.
    SetRemoteDescription(SessionDescription),
    /// `RTCPeerConnection.addIceCandidate()`.
    AddIceCandidate(IceCandidate),
    /// `RTCPeerConnection.createDataChannel()`; returns the channel.
    CreateDataChannel {
        /// The channel's name.
        label: String,
        /// Everything else about it.
        init: DataChannelInit,
    },
    /// `RTCPeerConnection.restartIce()`.
    RestartIce,
    /// `RTCPeerConnection.close()`.
    Close,
    /// `RTCDataChannel.send()`.
    Send {
        /// The channel.
        channel: Handle,
        /// What to send.
        data: MessageData,
    },
    /// `RTCDataChannel.close()`.
    CloseDataChannel {
        /// The channel.
        channel: Handle,
    },
    /// `RTCDataChannel.bufferedAmountLowThreshold = threshold`, in bytes.
    SetBufferedAmountLowThreshold {
        /// The channel.
        channel: Handle,
        /// The new threshold in bytes.
        threshold: u32,
    },
}

impl Operation {
    /// The method's name in the specification.
    pub fn name(&self) -> &'static str {
        match self {
            Operation::CreateOffer(_) => "createOffer",
            Operation::CreateAnswer => "createAnswer",
            Operation::SetLocalDescription(_) => "setLocalDescription",
            Operation::SetRemoteDescription(_) => "setRemoteDescription",
            Operation::AddIceCandidate(_) => "addIceCandidate",
            Operation::CreateDataChannel { .. } => "createDataChannel",
            Operation::RestartIce => "restartIce",
            Operation::Close | Operation::CloseDataChannel { .. } => "close",
            Operation::Send { .. } => "send",
            Operation::SetBufferedAmountLowThreshold { .. } => "bufferedAmountLowThreshold",
        }
    }

    /// The object the method is called on.
    pub fn object(&self) -> Handle {
        match self {
            Operation::Send { channel, .. }
            | Operation::CloseDataChannel { channel }
            | Operation::SetBufferedAmountLowThreshold { channel, .. } => *channel,
            _ => Handle::CONNECTION,
        }
    }
}
