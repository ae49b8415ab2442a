//! SCTP over DTLS (RFC 8261) and the data channel establishment protocol (RFC 8832).
