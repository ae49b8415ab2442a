//! What a peer asks its host for beside sending datagrams: names and TCP.

use std::net::{IpAddr, SocketAddr};

/// Names a TCP socket of a peer. The peer chooses those that it connects or listens with, below 2³²; the host those
/// that it accepts, from 2³² on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TcpSocket(pub u64);

/// Something that a peer asks its host for. What comes of it arrives as an [`crate::Input`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkRequest {
    /// Resolves a name, by multicast DNS (RFC 6762) where it ends in `.local`. [`crate::Input::Resolved`] follows.
    Resolve {
        /// Names the query; chosen by the peer, never twice.
        query: u64,
        /// The name.
        name: String,
    },
    /// Answers for a name of multicast DNS from here on.
    Register {
        /// The name, which ends in `.local`.
        name: String,
        /// The address of the host that it stands for.
        address: IpAddr,
    },
    /// Opens a connection. [`crate::Input::TcpConnected`] or [`crate::Input::TcpClosed`] follows.
    TcpConnect {
        /// The new socket.
        socket: TcpSocket,
        /// The address to connect from; the port may be 0 for any.
        local: SocketAddr,
        /// Whom to connect to.
        remote: SocketAddr,
    },
    /// Accepts connections. [`crate::Input::TcpAccepted`] follows for each.
    TcpListen {
        /// The new socket.
        socket: TcpSocket,
        /// Where.
        local: SocketAddr,
    },
    /// Sends on a connection.
    TcpSend {
        /// The socket.
        socket: TcpSocket,
        /// What to send.
        data: Vec<u8>,
    },
    /// Closes a connection or stops accepting. Nothing comes of the socket after this.
    TcpClose {
        /// The socket.
        socket: TcpSocket,
    },
}
