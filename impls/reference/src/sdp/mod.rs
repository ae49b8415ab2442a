//! Session descriptions: parsed, made and compared as JSEP (RFC 9429) says.
