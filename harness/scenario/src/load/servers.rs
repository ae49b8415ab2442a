//! Servers and names.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::fields::Fields;
use crate::report::{Checked, Report};
use crate::scope::Scope;
use crate::script::{
    HostPlan, NamePlan, Position, ServerFault, ServerFaultAction, ServerPlan, ServerRequest, ServerTransport,
    TurnPlan,
};
use crate::tree::{Kind, Node};

/// The keys of a server.
pub(crate) const SERVER_KEYS: &[&str] = &["addresses", "port", "transports", "stun", "turn", "faults"];
/// The keys of a server's `turn`.
pub(crate) const TURN_KEYS: &[&str] = &["users", "realm", "lifetime", "nonceLifetime", "quota"];
/// The keys of a server's fault.
pub(crate) const SERVER_FAULT_KEYS: &[&str] = &["on", "nth", "do"];
/// The keys of what a server's fault does.
pub(crate) const REJECT_KEYS: &[&str] = &["reject", "alternate"];

/// The servers, each of which becomes a host.
pub(super) fn servers(
    report: &Report,
    scope: &mut Scope,
    hosts: &[HostPlan],
    node: Option<&Node>,
) -> Checked<Vec<ServerPlan>> {
    let Some(node) = node else {
        return Ok(Vec::new());
    };
    let mut owners: BTreeMap<IpAddr, &str> = BTreeMap::new();
    for host in hosts {
        owners.extend(
            host.addresses
                .iter()
                .map(|&address| (address, host.name.as_str())),
        );
    }
    let mut servers = Vec::new();
    for ((key, node), number) in report.entries(node, "the servers")?.iter().zip(1u32..) {
        check_domain_name(report, key.position, &key.text)?;
        if scope.hosts.contains(&key.text) {
            return Err(report.error(
                key.position,
                format!(
                    "a host is called {:?} already; a server is a host of its own",
                    key.text
                ),
            ));
        }
        let fields = report.fields(node, "a server", SERVER_KEYS)?;
        let given = fields.read("addresses", |node| addresses(report, node))?;
        let default = || vec![(key.position, default_address(number))];
        let mut own = Vec::new();
        for (position, address) in given.unwrap_or_else(default) {
            if let Some(owner) = owners.insert(address, &key.text) {
                let message = format!("the host {owner:?} has the address {address} already");
                return Err(report.error(position, message));
            }
            own.push(address);
        }
        servers.push(server(report, key.text.clone(), own, &fields)?);
        scope.hosts.push(key.text.clone());
        scope.servers.push(key.text.clone());
    }
    Ok(servers)
}

fn server(report: &Report, name: String, addresses: Vec<IpAddr>, fields: &Fields<'_>) -> Checked<ServerPlan> {
    let port = fields.read("port", |node| {
        report.integer(node, "a port", 1, u64::from(u16::MAX))
    })?;
    let transports = fields.read("transports", |node| transports(report, node))?;
    let stun = fields.read("stun", |node| report.boolean(node))?;
    let turn = fields.read("turn", |node| turn(report, node))?;
    let faults = fields.read("faults", |node| {
        let items = report.items(node, "faults")?.iter();
        items.map(|item| fault(report, item)).collect::<Checked<Vec<_>>>()
    })?;
    Ok(ServerPlan {
        name,
        addresses,
        port: port.unwrap_or(ServerPlan::DEFAULT_PORT),
        transports: transports.unwrap_or_else(|| ServerTransport::ALL.to_vec()),
        stun: stun.unwrap_or(true),
        turn,
        faults: faults.unwrap_or_default(),
    })
}

fn transports(report: &Report, node: &Node) -> Checked<Vec<ServerTransport>> {
    let mut transports = Vec::new();
    for item in report.some_items(node, "transports")? {
        let transport = report.word(item, "transport", ServerTransport::NAMES, ServerTransport::ALL)?;
        if transports.contains(&transport) {
            return Err(report.error(item.position, format!("`{}` is given twice", transport.as_str())));
        }
        transports.push(transport);
    }
    Ok(transports)
}

fn turn(report: &Report, node: &Node) -> Checked<TurnPlan> {
    let fields = report.fields(node, "`turn`", TURN_KEYS)?;
    let users = fields.require(report, "users")?;
    let entries = report.entries(users, "the users")?;
    if entries.is_empty() {
        return Err(report.error(
            users.position,
            "there is no user; expected at least one, such as `alice: secret`",
        ));
    }
    let users = entries
        .iter()
        .map(|(key, node)| Ok((key.text.clone(), report.text(node, "a password")?.to_owned())))
        .collect::<Checked<Vec<_>>>()?;
    let realm = report
        .text(fields.require(report, "realm")?, "a realm")?
        .to_owned();
    let lifetime = fields.read("lifetime", |node| {
        let lifetime = report.duration(node)?;
        let whole = lifetime.subsec_nanos() == 0 && (1..=u64::from(u32::MAX)).contains(&lifetime.as_secs());
        match whole {
            true => Ok(lifetime),
            false => Err(report.error(node.position, "a lifetime is in whole seconds, at least 1s")),
        }
    })?;
    let nonce_lifetime = fields.read("nonceLifetime", |node| report.duration(node))?;
    let quota = fields.read("quota", |node| {
        report.integer(node, "how many allocations", 0, u64::from(u32::MAX))
    })?;
    Ok(TurnPlan {
        realm,
        users,
        lifetime: lifetime.unwrap_or(TurnPlan::DEFAULT_LIFETIME),
        nonce_lifetime: nonce_lifetime.unwrap_or(TurnPlan::DEFAULT_NONCE_LIFETIME),
        quota,
    })
}

fn fault(report: &Report, node: &Node) -> Checked<ServerFault> {
    let fields = report.fields(node, "a server's fault", SERVER_FAULT_KEYS)?;
    let on = report.word(
        fields.require(report, "on")?,
        "kind of request",
        ServerRequest::NAMES,
        ServerRequest::ALL,
    )?;
    let nth = fields.read("nth", |node| {
        report.integer(node, "a number", 1, u64::from(u32::MAX))
    })?;
    let action = fault_action(report, fields.require(report, "do")?)?;
    Ok(ServerFault { on, nth, action })
}

fn fault_action(report: &Report, node: &Node) -> Checked<ServerFaultAction> {
    if let Kind::Scalar(_) = &node.kind {
        return report.word(node, "fault", &["silent"], &[ServerFaultAction::Silent]);
    }
    let fields = report.fields(node, "a fault's `do`", REJECT_KEYS)?;
    let code = report.integer(fields.require(report, "reject")?, "an error code", 300, 699)?;
    let alternate = fields.read("alternate", |node| {
        let text = report.text(node, "an address with its port")?;
        text.parse::<SocketAddr>().map_err(|_| {
            report.error(
                node.position,
                format!("{text:?} is no address with a port; expected one such as \"192.0.2.2:3478\""),
            )
        })
    })?;
    Ok(ServerFaultAction::Reject { code, alternate })
}

/// The address of a server for which the file gives none: 192.0.2.n for the nth.
fn default_address(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(
        Ipv4Addr::new(192, 0, 2, 0).to_bits() + number,
    ))
}

/// The names that are no server's.
pub(super) fn names(report: &Report, scope: &Scope, node: Option<&Node>) -> Checked<Vec<NamePlan>> {
    let Some(node) = node else {
        return Ok(Vec::new());
    };
    let entries = report.entries(node, "the names")?.iter();
    let name = |(key, node): &(crate::tree::Key, Node)| {
        check_domain_name(report, key.position, &key.text)?;
        if scope.servers.contains(&key.text) {
            return Err(report.error(
                key.position,
                format!("{:?} is a server, whose name resolves to its addresses", key.text),
            ));
        }
        let addresses = addresses(report, node)?;
        Ok(NamePlan {
            name: key.text.clone(),
            addresses: addresses.into_iter().map(|(_, address)| address).collect(),
        })
    };
    entries.map(name).collect()
}

/// At least one IP address, each with where it stands.
pub(super) fn addresses(report: &Report, node: &Node) -> Checked<Vec<(Position, IpAddr)>> {
    let items = report.some_items(node, "addresses")?.iter();
    let address = |item: &Node| {
        let text = report.text(item, "an IP address")?;
        let address = text
            .parse()
            .map_err(|_| report.error(item.position, format!("{text:?} is no IP address")))?;
        Ok((item.position, address))
    };
    items.map(address).collect()
}

/// RFC 1123 section 2.1: labels of letters, digits and hyphens, joined by dots.
fn check_domain_name(report: &Report, position: Position, name: &str) -> Checked<()> {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let begins = name.starts_with(|character: char| character.is_ascii_lowercase());
    if name.len() > 253 || !begins || !name.split('.').all(is_label) {
        return Err(report.error(
            position,
            format!("{name:?} is no name of a host; expected one such as `stun.example`, in small letters"),
        ));
    }
    if name == "local" || name.ends_with(".local") {
        return Err(report.error(
            position,
            format!("{name:?} is a name of multicast DNS, which only a peer can register"),
        ));
    }
    Ok(())
}

/// What a mapping says of a server that is to change: its name, and whether it is switched off.
pub(super) fn switched(report: &Report, scope: &Scope, node: &Node) -> Checked<(String, bool)> {
    let fields = report.fields(node, "`change`", SWITCH_KEYS)?;
    let server = fields.require(report, "server")?;
    let text = report.text(server, "a server")?;
    if !scope.servers.iter().any(|known| known == text) {
        let known = scope.servers.iter().map(String::as_str);
        return Err(report.unknown(server.position, "server", text, known));
    }
    let down = report.boolean(fields.require(report, "down")?)?;
    Ok((text.to_owned(), down))
}

/// The keys of `change` for a server.
pub(crate) const SWITCH_KEYS: &[&str] = &["server", "down"];

#[cfg(test)]
mod tests {
    /// A scenario whose fourth line is this, with this step on its sixth.
    fn text(head: &str, step: &str) -> String {
        format!(
            "scenario: Test\nspec: [webrtc-pc#close]\npeers: {{ a: {{}} }}\n{head}\nscript:\n  - {step}\n"
        )
    }

    /// Line and column of the one mistake of a text, and what it says.
    fn one(text: &str) -> ((u32, u32), String) {
        let mut found = crate::parse("test.yaml", text).unwrap_err().0;
        assert_eq!(found.len(), 1, "{found:?}");
        let found = found.remove(0);
        ((found.line, found.column), found.message)
    }

    #[test]
    fn servers_and_names_are_checked() {
        let head = |servers: &str| text(servers, "{ wait: 1s }");
        for (servers, column, message) in [
            (
                "servers: { Stun: {} }",
                12,
                "\"Stun\" is no name of a host; expected one such as `stun.example`, in small letters",
            ),
            (
                "servers: { x.local: {} }",
                12,
                "\"x.local\" is a name of multicast DNS, which only a peer can register",
            ),
            (
                "servers: { a: {} }",
                12,
                "a host is called \"a\" already; a server is a host of its own",
            ),
            (
                "servers: { s: { addresses: [10.0.0.1] } }",
                29,
                "the host \"a\" has the address 10.0.0.1 already",
            ),
            (
                "servers: { s: { transports: [udp, udp] } }",
                35,
                "`udp` is given twice",
            ),
            (
                "servers: { s: { transports: [tls] } }",
                30,
                "unknown transport \"tls\"; expected udp or tcp",
            ),
            (
                "servers: { s: { turn: { realm: x } } }",
                23,
                "`turn` needs `users`",
            ),
            (
                "servers: { s: { turn: { realm: x, users: {} } } }",
                42,
                "there is no user; expected at least one, such as `alice: secret`",
            ),
            (
                "servers: { s: { turn: { realm: x, users: { u: p }, lifetime: 1500ms } } }",
                62,
                "a lifetime is in whole seconds, at least 1s",
            ),
            (
                "servers: { s: { faults: [{ on: Binding, do: { reject: 299 } }] } }",
                55,
                "expected an error code, a whole number from 300 to 699, found \"299\"",
            ),
            ("names: { s: [nowhere] }", 14, "\"nowhere\" is no IP address"),
            (
                "links: [{ id: x, between: [a, s], blocks: [icmp] }]",
                31,
                "unknown host \"s\"; expected a",
            ),
        ] {
            assert_eq!(
                one(&head(servers)),
                ((4, column), message.to_owned()),
                "{servers}"
            );
        }
        let (place, message) = one(&text(
            "servers: { stun.example: {} }",
            "{ change: { server: stun.exampel, down: true } }",
        ));
        assert_eq!(place, (6, 25));
        assert_eq!(message, "unknown server \"stun.exampel\"; expected stun.example");
    }

    #[test]
    fn a_link_may_be_named_after_a_server() {
        let head = "servers: { stun.example: {} }";
        let [scenario] = &crate::parse("test.yaml", &text(head, "{ wait: 1s }")).unwrap()[..] else {
            panic!("one cell");
        };
        assert_eq!(scenario.links[0].id, "a-stun.example");
        let again = crate::parse("test.yaml", &crate::to_yaml(scenario)).unwrap();
        assert_eq!(again[0], *scenario);
    }
}
