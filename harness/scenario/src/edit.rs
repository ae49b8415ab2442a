//! Edits of a session description, by what they mean.

use crate::expectation::MediaDirection;

/// An edit step: a description in, a new one of the same type out.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// The variable of the description.
    pub description: String,
    /// The edits, in the order of the file; at least one.
    pub edits: Vec<EditKind>,
    /// The variable for the result.
    pub save: String,
}

/// One edit. One that finds nothing to edit fails the scenario as a fault of its own, not of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditKind {
    /// Changes every `a=fingerprint`.
    Fingerprint(FingerprintEdit),
    /// Changes every `a=ice-pwd`.
    IcePwd(PasswordEdit),
    /// Sets every `a=ice-ufrag`.
    IceUfrag(String),
    /// Sets every `a=setup`.
    Setup(Setup),
    /// Removes every line that starts so.
    RemoveLine(String),
    /// Replaces every line that starts so.
    ReplaceLine {
        /// How the line starts.
        starts: String,
        /// The new line.
        with: String,
    },
    /// Inserts a line after the first that starts so.
    InsertLine {
        /// How the line before starts.
        after: String,
        /// The new line.
        line: String,
    },
    /// Sets every `a=max-message-size`, in bytes.
    MaxMessageSize(u64),
    /// Removes every `a=candidate` and `a=end-of-candidates`.
    RemoveCandidates,
    /// Keeps only this many lines.
    TruncateAtLine(u32),
    /// Sets the direction of a media description, by its index from 0.
    Direction(u32, MediaDirection),
    /// Sets the port of a media description, by its index from 0, to 0.
    Reject(u32),
    /// Removes a codec, by its name, from a media description, by its index from 0: its payload types, and those of its
    /// retransmissions.
    RemoveCodec(u32, String),
    /// Sets the mids of the BUNDLE group; none of them removes it.
    Bundle(Vec<String>),
    /// Sets the `a=msid` of a media description, by its index from 0; none removes it.
    Msid(u32, Option<String>),
}

/// How a fingerprint changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FingerprintEdit {
    /// The first hexadecimal digit of the hash becomes another.
    Wrong,
    /// This hash function and value.
    Value(String),
}

/// How a password changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordEdit {
    /// The first character becomes another.
    Wrong,
    /// This password.
    Value(String),
}

/// `a=setup` (RFC 4145, RFC 8842).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// Either.
    Actpass,
    /// The DTLS client.
    Active,
    /// The DTLS server.
    Passive,
}

impl Setup {
    /// All values.
    pub const ALL: &'static [Setup] = &[Setup::Actpass, Setup::Active, Setup::Passive];
    /// All values as SDP spells them, in the same order.
    pub const NAMES: &'static [&'static str] = &["actpass", "active", "passive"];

    /// The value as SDP spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Setup::Actpass => "actpass",
            Setup::Active => "active",
            Setup::Passive => "passive",
        }
    }
}
