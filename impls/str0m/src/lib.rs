//! str0m behind the peer contract.
