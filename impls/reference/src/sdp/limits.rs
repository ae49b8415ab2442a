//! How much a description may hold. Nothing that a browser or a conference server writes comes near; a description that
//! goes beyond is refused as one that cannot be parsed, so that the time and the memory that any text takes are linear
//! in its length.

/// The longest text, in bytes.
pub(super) const MAX_TEXT: usize = 2 * 1024 * 1024;

/// The longest line, in bytes. Identity assertions are the longest that occur.
pub(super) const MAX_LINE: usize = 64 * 1024;

/// The most media sections.
pub(super) const MAX_MEDIA_SECTIONS: usize = 1024;

/// The most `a=group` lines.
pub(super) const MAX_GROUPS: usize = 1024;

/// The most `a=fingerprint` lines of one level: those of the session are inherited by every section.
pub(super) const MAX_FINGERPRINTS: usize = 32;

/// The longest `a=ice-options` line, in bytes: that of the session is inherited by every section.
pub(super) const MAX_ICE_OPTIONS: usize = 1024;

/// The most `a=rtcp-fb:*` lines of a section: each holds for every format.
pub(super) const MAX_WILDCARD_FEEDBACK: usize = 64;

/// The most `a=msid` lines of a section that are kept; a track in more streams is in these.
pub(super) const MAX_MSIDS: usize = 256;
