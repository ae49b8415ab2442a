//! ICE: a full agent (RFC 8445) with trickle (RFC 8838), restart and consent (RFC 7675).
