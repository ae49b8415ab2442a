-- Looks for SCTP inside DTLS, which tshark 4.0 and Wireshark 4.0 do not by themselves:
--   tshark -X lua_script:dtls_sctp.lua -r capture.pcapng
DissectorTable.get("dtls.port"):add("1-65535", Dissector.get("sctp"))
