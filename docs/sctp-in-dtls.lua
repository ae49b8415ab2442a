-- Tells Wireshark and tshark to look for SCTP inside DTLS, as WebRTC has it (RFC 8261).
DissectorTable.get("dtls.port"):add("1-65535", Dissector.get("sctp"))
