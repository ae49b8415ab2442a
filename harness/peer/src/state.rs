//! The states of the specification, in its spelling.

/// A string that is not a value of the enumeration it was read as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a value of {enumeration}; its values are {}", values.join(", "))]
pub struct UnknownValue {
    /// What was read.
    pub found: String,
    /// The enumeration of the specification, such as `RTCSignalingState`.
    pub enumeration: &'static str,
    /// All values it has.
    pub values: &'static [&'static str],
}

/// Declares an enumeration of the specification with its exact strings.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident = $idl:literal { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// All values, in the order of the specification.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// All values as the specification spells them, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// The value as the specification spells it.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::state::UnknownValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok($name::$variant),)+
                    _ => Err($crate::state::UnknownValue {
                        found: text.to_owned(),
                        enumeration: $idl,
                        values: Self::NAMES,
                    }),
                }
            }
        }
    };
}
pub(crate) use enumeration;

enumeration! {
    /// `RTCSignalingState` (webrtc-pc#rtcsignalingstate-enum).
    SignalingState = "RTCSignalingState" {
        /// No offer/answer exchange is in progress.
        Stable = "stable",
        /// A local offer has been applied.
        HaveLocalOffer = "have-local-offer",
        /// A remote offer has been applied.
        HaveRemoteOffer = "have-remote-offer",
        /// A remote offer and a local provisional answer have been applied.
        HaveLocalPranswer = "have-local-pranswer",
        /// A local offer and a remote provisional answer have been applied.
        HaveRemotePranswer = "have-remote-pranswer",
        /// The connection is closed.
        Closed = "closed",
    }
}

enumeration! {
    /// `RTCIceGatheringState` (webrtc-pc#rtcicegatheringstate-enum).
    IceGatheringState = "RTCIceGatheringState" {
        /// No transport has begun to gather.
        New = "new",
        /// Some transport is gathering.
        Gathering = "gathering",
        /// All transports have gathered.
        Complete = "complete",
    }
}

enumeration! {
    /// `RTCPeerConnectionState` (webrtc-pc#rtcpeerconnectionstate-enum).
    PeerConnectionState = "RTCPeerConnectionState" {
        /// The connection is closed.
        Closed = "closed",
        /// Some transport has failed.
        Failed = "failed",
        /// Some transport is disconnected.
        Disconnected = "disconnected",
        /// No transport has begun.
        New = "new",
        /// Some transport is connecting.
        Connecting = "connecting",
        /// All transports are connected or closed.
        Connected = "connected",
    }
}

enumeration! {
    /// `RTCIceConnectionState` (webrtc-pc#rtciceconnectionstate-enum).
    IceConnectionState = "RTCIceConnectionState" {
        /// The connection is closed.
        Closed = "closed",
        /// Some ICE transport has failed.
        Failed = "failed",
        /// Some ICE transport is disconnected.
        Disconnected = "disconnected",
        /// No ICE transport has begun.
        New = "new",
        /// Some ICE transport is checking.
        Checking = "checking",
        /// All ICE transports have completed or are closed.
        Completed = "completed",
        /// All ICE transports are connected, completed or closed.
        Connected = "connected",
    }
}

enumeration! {
    /// `RTCIceTransportState` (webrtc-pc#rtcicetransportstate).
    IceTransportState = "RTCIceTransportState" {
        /// Shut down.
        Closed = "closed",
        /// Finished gathering and checking without a working pair, or lost consent.
        Failed = "failed",
        /// Lost connectivity for now.
        Disconnected = "disconnected",
        /// Gathering, or waiting for remote candidates.
        New = "new",
        /// Checking pairs, none of which works yet.
        Checking = "checking",
        /// Finished, with a working pair.
        Completed = "completed",
        /// A working pair was found, checking goes on.
        Connected = "connected",
    }
}

enumeration! {
    /// `RTCIceRole` (webrtc-pc#rtcicerole).
    IceRole = "RTCIceRole" {
        /// Not yet determined.
        Unknown = "unknown",
        /// Nominates the pair to use.
        Controlling = "controlling",
        /// Follows the other side's nomination.
        Controlled = "controlled",
    }
}

enumeration! {
    /// `RTCDtlsTransportState` (webrtc-pc#rtcdtlstransportstate-enum).
    DtlsTransportState = "RTCDtlsTransportState" {
        /// Negotiation has not begun.
        New = "new",
        /// Negotiating, and verifying the remote fingerprint.
        Connecting = "connecting",
        /// Negotiated, fingerprint verified.
        Connected = "connected",
        /// Closed on purpose, by `close_notify` or `close()`.
        Closed = "closed",
        /// Failed, for an error of the handshake or a wrong fingerprint.
        Failed = "failed",
    }
}

enumeration! {
    /// `RTCSctpTransportState` (webrtc-pc#rtcsctptransportstate).
    SctpTransportState = "RTCSctpTransportState" {
        /// The association is being negotiated.
        Connecting = "connecting",
        /// The association is established.
        Connected = "connected",
        /// The association ended.
        Closed = "closed",
    }
}

enumeration! {
    /// `RTCDataChannelState` (webrtc-pc#dom-rtcdatachannelstate).
    DataChannelState = "RTCDataChannelState" {
        /// Not yet established.
        Connecting = "connecting",
        /// Data can be sent and received.
        Open = "open",
        /// Being shut down.
        Closing = "closing",
        /// Closed, or could not be established.
        Closed = "closed",
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;

    #[test]
    fn every_state_reads_back_as_it_is_spelled() {
        for state in SignalingState::ALL {
            assert_eq!(SignalingState::from_str(state.as_str()), Ok(*state));
        }
        let error = "have-offer".parse::<SignalingState>().unwrap_err();
        assert!(error.to_string().contains("have-local-offer"), "{error}");
    }
}
