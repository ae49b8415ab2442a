//! STUN and TURN servers: their URLs (RFC 7064, RFC 7065) and the checks that webrtc-pc asks for.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The port of STUN and TURN without TLS (RFC 7064 section 3.2, RFC 7065 section 3.2).
const DEFAULT_PORT: u16 = 3478;
/// The port of STUN and TURN over TLS.
const DEFAULT_TLS_PORT: u16 = 5349;
/// The greatest length of a `USERNAME` in bytes (RFC 8489 section 14.3: less than 509).
const MAXIMUM_USERNAME_LENGTH: usize = 508;

/// The scheme of a server URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ServerScheme {
    /// STUN over UDP (RFC 7064).
    Stun,
    /// STUN over TLS (RFC 7064).
    Stuns,
    /// TURN over UDP or TCP (RFC 7065).
    Turn,
    /// TURN over TLS (RFC 7065).
    Turns,
}

/// How the agent talks to a server; `RTCIceServerTransportProtocol` for relayed candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ServerTransport {
    /// Datagrams.
    Udp,
    /// A TCP connection.
    Tcp,
    /// TLS over a TCP connection.
    Tls,
    /// DTLS over datagrams, which `turns:` with `transport=udp` asks for (RFC 7350).
    Dtls,
}

impl fmt::Display for ServerTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ServerTransport::Udp => "udp",
            ServerTransport::Tcp => "tcp",
            ServerTransport::Tls => "tls",
            ServerTransport::Dtls => "dtls",
        })
    }
}

/// The host of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServerHost {
    /// An address.
    Ip(IpAddr),
    /// A name, in lower case, which has to be resolved.
    Name(String),
}

/// A STUN or TURN URL. One that exists is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    /// What is spoken.
    pub scheme: ServerScheme,
    /// Where the server is.
    pub host: ServerHost,
    /// Its port: that of the URL, or the default of the scheme.
    pub port: u16,
    /// What carries it: from the scheme, and for TURN from `transport`.
    pub transport: ServerTransport,
    text: String,
}

/// One URL of an `RTCIceServer`, with what authenticates its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IceServer {
    /// Where the server is.
    pub url: ServerUrl,
    /// The user name for TURN; empty for STUN.
    pub username: String,
    /// The password for TURN; empty for STUN.
    pub credential: String,
}

/// Why a server is refused, by what webrtc-pc#set-a-configuration throws.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IceServerError {
    /// A `SyntaxError`: it is no STUN or TURN URL, or there is none.
    #[error("{0}")]
    Syntax(String),
    /// An `InvalidAccessError`: what authenticates the user is missing or malformed.
    #[error("{0}")]
    InvalidAccess(String),
}

impl IceServer {
    /// webrtc-pc#set-a-configuration, the steps that validate one `RTCIceServer`: a server for each of its URLs. Every
    /// scheme is implemented, so the `NotSupportedError` of step 3 of "validate an ICE server URL" never comes up.
    ///
    /// # Errors
    ///
    /// What the algorithm throws, for the first URL that is wrong.
    pub(crate) fn validate(
        urls: &[String],
        username: Option<&str>,
        credential: Option<&str>,
    ) -> Result<Vec<IceServer>, IceServerError> {
        if urls.is_empty() {
            return Err(IceServerError::Syntax(
                "urls of an ICE server is empty".to_owned(),
            ));
        }
        urls.iter()
            .map(|text| {
                let url: ServerUrl = text.parse()?;
                // Step 7 of "validate an ICE server URL".
                let (username, credential) = match url.scheme {
                    ServerScheme::Stun | ServerScheme::Stuns => ("", ""),
                    ServerScheme::Turn | ServerScheme::Turns => (
                        check_username(&url, username)?,
                        check_credential(&url, credential)?,
                    ),
                };
                Ok(IceServer {
                    url,
                    username: username.to_owned(),
                    credential: credential.to_owned(),
                })
            })
            .collect()
    }
}

fn check_username<'a>(url: &ServerUrl, username: Option<&'a str>) -> Result<&'a str, IceServerError> {
    let username =
        username.ok_or_else(|| IceServerError::InvalidAccess(format!("{url} needs a username")))?;
    if username.len() > MAXIMUM_USERNAME_LENGTH {
        return Err(IceServerError::InvalidAccess(format!(
            "the username for {url} has {} bytes, at most {MAXIMUM_USERNAME_LENGTH} are allowed",
            username.len()
        )));
    }
    opaque_string(username, "username", url)
}

fn check_credential<'a>(url: &ServerUrl, credential: Option<&'a str>) -> Result<&'a str, IceServerError> {
    let credential =
        credential.ok_or_else(|| IceServerError::InvalidAccess(format!("{url} needs a credential")))?;
    opaque_string(credential, "credential", url)
}

/// RFC 8265 section 4.1: an opaque string is not empty and has no control characters. Its mapping of other spaces and
/// its normalisation are left to the application.
fn opaque_string<'a>(text: &'a str, what: &str, url: &ServerUrl) -> Result<&'a str, IceServerError> {
    if text.is_empty() {
        return Err(IceServerError::InvalidAccess(format!(
            "the {what} for {url} is empty"
        )));
    }
    if text.chars().any(char::is_control) {
        return Err(IceServerError::InvalidAccess(format!(
            "the {what} for {url} has a control character"
        )));
    }
    Ok(text)
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for ServerUrl {
    type Err = IceServerError;

    /// webrtc-pc#set-a-configuration, "validate an ICE server URL", steps 1 to 6. The URL parser is that of the URL
    /// standard as far as these schemes reach: the scheme in any case, ASCII tab and newline left out, control
    /// characters and spaces at the ends stripped.
    fn from_str(text: &str) -> Result<ServerUrl, IceServerError> {
        let syntax = |why: &str| IceServerError::Syntax(format!("{text:?} is no ICE server URL: {why}"));
        let cleaned: String = text
            .trim_matches(|character: char| character <= ' ')
            .chars()
            .filter(|character| !matches!(character, '\t' | '\n' | '\r'))
            .collect();
        // Step 1: parse the URL. Step 2: its scheme.
        let (scheme, rest) = cleaned
            .split_once(':')
            .ok_or_else(|| syntax("it has no scheme"))?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "stun" => ServerScheme::Stun,
            "stuns" => ServerScheme::Stuns,
            "turn" => ServerScheme::Turn,
            "turns" => ServerScheme::Turns,
            _ => return Err(syntax("its scheme is neither stun, stuns, turn nor turns")),
        };
        if rest.contains('#') {
            return Err(syntax("it has a fragment"));
        }
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        if path.starts_with('/') {
            return Err(syntax("it has slashes after the scheme"));
        }
        if path.contains(['/', '@']) {
            return Err(syntax("there is a \"/\" or \"@\" in it"));
        }
        let is_stun = matches!(scheme, ServerScheme::Stun | ServerScheme::Stuns);
        if is_stun && query.is_some() {
            return Err(syntax("a STUN URL has no query"));
        }
        // Step 3 has nothing to refuse. Steps 4 and 5: host and port.
        let (host, port) = host_and_port(path).map_err(syntax)?;
        // Step 6: the query.
        let is_tls = matches!(scheme, ServerScheme::Stuns | ServerScheme::Turns);
        let transport = match (query, is_tls) {
            (None, false) | (Some("transport=udp"), false) => ServerTransport::Udp,
            (Some("transport=tcp"), false) => ServerTransport::Tcp,
            (None, true) | (Some("transport=tcp"), true) => ServerTransport::Tls,
            (Some("transport=udp"), true) => ServerTransport::Dtls,
            (Some(_), _) => {
                return Err(syntax(
                    "its query is neither \"transport=udp\" nor \"transport=tcp\"",
                ));
            }
        };
        let port = port.unwrap_or(if is_tls { DEFAULT_TLS_PORT } else { DEFAULT_PORT });
        Ok(ServerUrl {
            scheme,
            host,
            port,
            transport,
            text: text.to_owned(),
        })
    }
}

/// Steps 4 and 5 of "validate an ICE server URL": the host and the port as the URL standard reads them after `https://`.
fn host_and_port(path: &str) -> Result<(ServerHost, Option<u16>), &'static str> {
    let (host, port) = if let Some(rest) = path.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or("the \"[\" is not closed")?;
        let address: Ipv6Addr = host
            .parse()
            .map_err(|_| "there is no IPv6 address in the \"[]\"")?;
        let port = match rest.strip_prefix(':') {
            Some(port) => port,
            None if rest.is_empty() => "",
            None => return Err("something follows the \"]\""),
        };
        (ServerHost::Ip(IpAddr::V6(address)), port)
    } else {
        let (host, port) = path.split_once(':').unwrap_or((path, ""));
        (parse_host(host)?, port)
    };
    if port.is_empty() {
        return Ok((host, None));
    }
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("its port is no number");
    }
    // Leading zeros are no error in the URL standard; a number that fits in 16 bits is.
    match port.trim_start_matches('0') {
        "" => Ok((host, Some(0))),
        digits => match digits.parse() {
            Ok(port) => Ok((host, Some(port))),
            Err(_) => Err("its port is greater than 65535"),
        },
    }
}

/// The host parser of the URL standard for domains and IPv4 addresses. Names beyond ASCII would need the tables of
/// UTS #46 and are refused.
fn parse_host(host: &str) -> Result<ServerHost, &'static str> {
    if host.is_empty() {
        return Err("it has no host");
    }
    let forbidden = |byte: u8| byte <= b' ' || byte == 0x7f || b"#%/:<>?@[\\]^|".contains(&byte);
    if !host.is_ascii() {
        return Err("its host is not ASCII");
    }
    if host.bytes().any(forbidden) {
        return Err("a character of its host is forbidden");
    }
    let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next();
    let ends_in_a_number =
        last.is_some_and(|label| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit()));
    if !ends_in_a_number {
        return Ok(ServerHost::Name(host.to_ascii_lowercase()));
    }
    host.strip_suffix('.')
        .unwrap_or(host)
        .parse::<Ipv4Addr>()
        .map(|address| ServerHost::Ip(IpAddr::V4(address)))
        .map_err(|_| "its host ends in a number and is no IPv4 address")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> ServerUrl {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn urls_of_rfc_7064_and_rfc_7065_are_read() {
        for (text, scheme, host, port, transport) in [
            (
                "stun:example.org",
                ServerScheme::Stun,
                "example.org",
                3478,
                ServerTransport::Udp,
            ),
            (
                "stuns:example.org",
                ServerScheme::Stuns,
                "example.org",
                5349,
                ServerTransport::Tls,
            ),
            (
                "stun:Example.org:8000",
                ServerScheme::Stun,
                "example.org",
                8000,
                ServerTransport::Udp,
            ),
            (
                "turn:example.org",
                ServerScheme::Turn,
                "example.org",
                3478,
                ServerTransport::Udp,
            ),
            (
                "turns:example.org",
                ServerScheme::Turns,
                "example.org",
                5349,
                ServerTransport::Tls,
            ),
            (
                "turn:example.org:8000?transport=tcp",
                ServerScheme::Turn,
                "example.org",
                8000,
                ServerTransport::Tcp,
            ),
            (
                "TURN:example.org?transport=udp",
                ServerScheme::Turn,
                "example.org",
                3478,
                ServerTransport::Udp,
            ),
            (
                "turns:example.org?transport=tcp",
                ServerScheme::Turns,
                "example.org",
                5349,
                ServerTransport::Tls,
            ),
            (
                "turns:example.org?transport=udp",
                ServerScheme::Turns,
                "example.org",
                5349,
                ServerTransport::Dtls,
            ),
        ] {
            let url = url(text);
            assert_eq!(url.scheme, scheme, "{text}");
            assert_eq!(url.host, ServerHost::Name(host.to_owned()), "{text}");
            assert_eq!(url.port, port, "{text}");
            assert_eq!(url.transport, transport, "{text}");
            assert_eq!(url.to_string(), text);
        }
    }

    #[test]
    fn addresses_are_told_from_names() {
        assert_eq!(
            url("stun:192.0.2.1").host,
            ServerHost::Ip("192.0.2.1".parse().unwrap())
        );
        assert_eq!(
            url("stun:[2001:db8::1]:99").host,
            ServerHost::Ip("2001:db8::1".parse().unwrap())
        );
        assert_eq!(url("stun:[2001:db8::1]:99").port, 99);
        assert_eq!(url("stun:[2001:db8::1]").port, 3478);
    }

    #[test]
    fn what_is_no_server_url_is_a_syntax_error_that_says_why() {
        for (text, why) in [
            ("", "no scheme"),
            ("example.org", "no scheme"),
            ("http:example.org", "scheme is neither"),
            ("relative-url", "no scheme"),
            ("stun://example.org", "slashes"),
            ("stun:example.org/path", "\"/\" or \"@\""),
            ("turn:user@example.org", "\"/\" or \"@\""),
            ("stun:example.org#here", "fragment"),
            ("stun:example.org?transport=udp", "no query"),
            ("stun:example.org?", "no query"),
            ("turn:example.org?transport=sctp", "query"),
            ("turn:example.org?", "query"),
            ("turn:example.org?transport=udp&transport=tcp", "query"),
            ("stun:", "no host"),
            ("stun::3478", "no host"),
            ("stun:exa mple.org", "forbidden"),
            ("stun:example.org:port", "no number"),
            ("stun:example.org:99999", "greater"),
            ("stun:[2001:db8::1", "not closed"),
            ("stun:[2001:db8::x]", "IPv6"),
            ("stun:[::1]x", "follows"),
            ("stun:192.0.2.256", "IPv4"),
        ] {
            match text.parse::<ServerUrl>() {
                Err(IceServerError::Syntax(message)) => assert!(message.contains(why), "{text}: {message}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_turn_server_needs_a_username_and_a_credential() {
        let urls = ["turn:example.org".to_owned()];
        let long = "x".repeat(509);
        for (username, credential) in [
            (None, None),
            (Some("user"), None),
            (None, Some("secret")),
            (Some(""), Some("secret")),
            (Some("user"), Some("")),
            (Some("us\u{7}er"), Some("secret")),
            (Some(long.as_str()), Some("secret")),
        ] {
            let error = IceServer::validate(&urls, username, credential).unwrap_err();
            assert!(matches!(error, IceServerError::InvalidAccess(_)), "{error:?}");
        }
        let servers = IceServer::validate(&urls, Some(&long[..508]), Some("secret")).unwrap();
        assert_eq!(servers[0].credential, "secret");
    }

    #[test]
    fn a_stun_server_needs_neither_and_a_server_without_urls_is_refused() {
        let urls = ["stun:a.example".to_owned(), "stun:b.example".to_owned()];
        assert_eq!(IceServer::validate(&urls, None, None).unwrap().len(), 2);
        assert!(matches!(
            IceServer::validate(&[], None, None),
            Err(IceServerError::Syntax(_))
        ));
    }
}
