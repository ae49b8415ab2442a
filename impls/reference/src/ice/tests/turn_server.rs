//! The STUN and TURN server of the test's internet, and what is mended of it.

use std::net::SocketAddr;

use stun_types::attribute::XorMappedAddress;
use stun_types::message::{
    BINDING, Message, MessageClass, MessageWrite as _, MessageWriteExt as _, MessageWriteVec,
};
use turn_server_proto::api::TurnServerApi as _;
use turn_server_proto::server::TurnServer;
use turn_types::TransportType;

use super::network::address;
use crate::ice::{IceConfiguration, IceServer};

pub(super) const SERVER: &str = "198.51.100.1:3478";
pub(super) const REALM: &str = "example.org";
pub(super) const USERNAME: &str = "user";
pub(super) const CREDENTIAL: &str = "secret";

/// A server at this URL, with the credentials that the test's server knows.
pub(super) fn server(url: &str) -> IceServer {
    let urls = [url.to_owned()];
    let mut servers = IceServer::validate(&urls, Some(USERNAME), Some(CREDENTIAL)).unwrap();
    servers.remove(0)
}

pub(super) fn with_servers(urls: &[&str]) -> IceConfiguration {
    IceConfiguration {
        servers: urls.iter().map(|url| server(url)).collect(),
        ..IceConfiguration::default()
    }
}

pub(super) fn new_server(transport: TransportType) -> TurnServer {
    let mut server = TurnServer::new(transport, address(SERVER), REALM.to_owned());
    server.add_user(USERNAME.to_owned(), CREDENTIAL.to_owned());
    server
}

/// The answer to a Binding request. The server library, at 0.7.3, sends it to its own address instead of to the client.
pub(super) fn answer_binding(request: &[u8], client: SocketAddr) -> Option<Vec<u8>> {
    let request = Message::from_bytes(request).ok()?;
    if !request.has_method(BINDING) || !request.has_class(MessageClass::Request) {
        return None;
    }
    let mut answer = Message::builder_success(&request, MessageWriteVec::new());
    let mapped = XorMappedAddress::new(client, request.transaction_id());
    answer.add_attribute(&mapped).unwrap();
    Some(answer.finish())
}

fn is_channel_data(data: &[u8]) -> bool {
    data.len() >= 4 && data[0] >> 6 == 0b01
}

/// RFC 8656 section 12.5 has ChannelData padded on streams; the server library, at 0.7.3, neither expects nor sends that.
pub(super) fn without_padding(mut data: Vec<u8>) -> Vec<u8> {
    if is_channel_data(&data) {
        assert_eq!(data.len() % 4, 0, "ChannelData is padded on a stream");
        data.truncate(4 + usize::from(u16::from_be_bytes([data[2], data[3]])));
    }
    data
}

pub(super) fn with_padding(mut data: Vec<u8>) -> Vec<u8> {
    if is_channel_data(&data) {
        data.resize(data.len().next_multiple_of(4), 0);
    }
    data
}
