//! The simulated internet: hosts, links, IP packets, one event heap, capture to pcapng.
