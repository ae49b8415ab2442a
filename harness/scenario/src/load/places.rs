//! Hosts, links, signalling and faults.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use crate::report::{Checked, Report};
use crate::scope::Scope;
use crate::script::{
    Blocks, Fault, FaultAction, HostPlan, LinkChange, LinkPlan, LinkSettings, Position, SignalKind,
    SignalPattern, SignallingPlan,
};
use crate::tree::{Key, Kind, Node};

/// The keys of a host.
pub(crate) const HOST_KEYS: &[&str] = &["peers", "addresses"];
/// The keys of a link.
pub(crate) const LINK_KEYS: &[&str] = &[
    "id", "between", "delay", "jitter", "loss", "rate", "queue", "reorder", "blocks", "forward", "backward",
];
/// The keys that say what one direction of a link is like.
pub(crate) const LINK_SETTINGS: &[&str] = &["delay", "jitter", "loss", "rate", "queue", "reorder", "blocks"];
/// The keys of signalling.
pub(crate) const SIGNALLING_KEYS: &[&str] = &["between", "delay"];
/// The keys of a fault.
pub(crate) const FAULT_KEYS: &[&str] = &["on", "do"];

/// The hosts; one for each peer, named like it, where the file has none.
pub(super) fn hosts(
    report: &Report,
    scope: &mut Scope,
    whole: Position,
    node: Option<&Node>,
) -> Checked<Vec<HostPlan>> {
    let hosts = match node {
        Some(node) => given_hosts(report, scope, node)?,
        None => (scope.roles.iter().zip(1u32..))
            .map(|(role, number)| HostPlan {
                name: role.clone(),
                peers: vec![role.clone()],
                addresses: vec![default_address(number)],
            })
            .collect(),
    };
    for role in &scope.roles {
        if !hosts.iter().any(|host| host.peers.contains(role)) {
            return Err(report.error(
                super::place(node, whole),
                format!("the peer {role:?} is on no host"),
            ));
        }
    }
    scope.hosts = hosts.iter().map(|host| host.name.clone()).collect();
    Ok(hosts)
}

fn given_hosts(report: &Report, scope: &Scope, node: &Node) -> Checked<Vec<HostPlan>> {
    let entries = report.entries(node, "the hosts")?;
    let mut homes: BTreeMap<String, &str> = BTreeMap::new();
    let mut owners: BTreeMap<IpAddr, &str> = BTreeMap::new();
    let mut hosts = Vec::new();
    for ((key, node), number) in entries.iter().zip(1u32..) {
        report.check_name(key.position, &key.text, "a host")?;
        let fields = report.fields(node, "a host", HOST_KEYS)?;
        let mut peers = Vec::new();
        for item in report.some_items(fields.require(report, "peers")?, "roles")? {
            let role = scope.role(report, item)?;
            if let Some(home) = homes.insert(role.clone(), &key.text) {
                return Err(report.error(
                    item.position,
                    format!("the peer {role:?} is on the host {home:?} already"),
                ));
            }
            peers.push(role);
        }
        let mut addresses = Vec::new();
        let given = fields.read("addresses", |node| super::servers::addresses(report, node))?;
        for (position, address) in given.unwrap_or_default() {
            if let Some(owner) = owners.insert(address, &key.text) {
                let message = format!("the host {owner:?} has the address {address} already");
                return Err(report.error(position, message));
            }
            addresses.push(address);
        }
        if addresses.is_empty() {
            let address = default_address(number);
            if let Some(owner) = owners.insert(address, &key.text) {
                let message =
                    format!("the host {owner:?} has {address} already, which is what a host here gets");
                return Err(report.error_with_help(
                    key.position,
                    message,
                    "give this host `addresses` of its own",
                ));
            }
            addresses.push(address);
        }
        hosts.push(HostPlan {
            name: key.text.clone(),
            peers,
            addresses,
        });
    }
    Ok(hosts)
}

/// The address of a host for which the file gives none: 10.0.0.n for the nth.
fn default_address(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 0).to_bits() + number))
}

/// The links; one between each two hosts, those of the servers among them, named `here-there`, where the file has none.
pub(super) fn links(report: &Report, scope: &mut Scope, node: Option<&Node>) -> Checked<Vec<LinkPlan>> {
    let links = match node {
        Some(node) => given_links(report, scope, node)?,
        None => pairs(&scope.hosts)
            .map(|(one, two)| LinkPlan {
                id: format!("{one}-{two}"),
                between: [one.clone(), two.clone()],
                forward: LinkSettings::DEFAULT,
                backward: LinkSettings::DEFAULT,
            })
            .collect(),
    };
    scope.links = links.iter().map(|link| link.id.clone()).collect();
    Ok(links)
}

fn given_links(report: &Report, scope: &Scope, node: &Node) -> Checked<Vec<LinkPlan>> {
    let mut links: Vec<LinkPlan> = Vec::new();
    for item in report.items(node, "links")? {
        let fields = report.fields(item, "a link", LINK_KEYS)?;
        let name = fields.require(report, "id")?;
        let id = link_name(report, name)?;
        if links.iter().any(|link| link.id == id) {
            return Err(report.error(name.position, format!("a second link is called {id:?}")));
        }
        let between = fields.require(report, "between")?;
        let ends = report.items(between, "two hosts")?;
        let [first, second] = ends else {
            return Err(report.error(
                between.position,
                format!("a link has two ends, not {}", ends.len()),
            ));
        };
        let (one, two) = (host(report, scope, first)?, host(report, scope, second)?);
        if one == two {
            return Err(report.error(second.position, format!("the link joins {two:?} to itself")));
        }
        let pair = [one, two];
        let joined = |link: &&LinkPlan| pair.iter().all(|end| link.between.contains(end));
        if let Some(other) = links.iter().find(joined) {
            let message = format!("the link {:?} joins these hosts already", other.id);
            return Err(report.error(between.position, message));
        }
        let both = apply(LinkSettings::DEFAULT, settings(report, item)?);
        let one_way = |key| {
            let given = fields.read(key, |node| {
                report.fields(node, "a direction of a link", LINK_SETTINGS)?;
                Ok((node.position, apply(both, settings(report, node)?)))
            })?;
            let (position, lane) = given.unwrap_or((item.position, both));
            check_jitter(report, position, lane)?;
            Ok(lane)
        };
        links.push(LinkPlan {
            id,
            between: pair,
            forward: one_way("forward")?,
            backward: one_way("backward")?,
        });
    }
    Ok(links)
}

/// The name of a link: a name that may have dots too, as where it is made of the name of a server.
fn link_name(report: &Report, node: &Node) -> Checked<String> {
    let text = report.text(node, "a link")?;
    report.check_name(node.position, &text.replace('.', "-"), "a link")?;
    Ok(text.to_owned())
}

fn check_jitter(report: &Report, position: Position, lane: LinkSettings) -> Checked<()> {
    match lane.jitter > lane.delay {
        true => Err(report.error(
            position,
            "the jitter is above the delay: a packet would arrive before it is sent",
        )),
        false => Ok(()),
    }
}

fn host(report: &Report, scope: &Scope, node: &Node) -> Checked<String> {
    let text = report.text(node, "a host")?;
    match scope.hosts.iter().any(|host| host == text) {
        true => Ok(text.to_owned()),
        false => Err(report.unknown(
            node.position,
            "host",
            text,
            scope.hosts.iter().map(String::as_str),
        )),
    }
}

/// What a mapping says of the settings of a link; its other keys are the caller's.
pub(super) fn settings(report: &Report, node: &Node) -> Checked<LinkChange> {
    let entries = report.entries(node, "what a link is like")?;
    let get = |name: &str| {
        entries
            .iter()
            .find(|(key, _)| key.text == name)
            .map(|(_, value)| value)
    };
    Ok(LinkChange {
        delay: get("delay").map(|node| report.duration(node)).transpose()?,
        jitter: get("jitter").map(|node| report.duration(node)).transpose()?,
        loss: get("loss").map(|node| report.share(node)).transpose()?,
        rate: get("rate").map(|node| report.rate(node)).transpose()?,
        queue: get("queue").map(|node| report.size(node)).transpose()?,
        reorder: get("reorder").map(|node| report.boolean(node)).transpose()?,
        outage: None,
        blocks: get("blocks").map(|node| blocks(report, node)).transpose()?,
    })
}

fn blocks(report: &Report, node: &Node) -> Checked<Blocks> {
    const VALUES: &[Blocks] = &[
        Blocks {
            udp: true,
            tcp: false,
        },
        Blocks {
            udp: false,
            tcp: true,
        },
    ];
    let mut all = Blocks::default();
    for item in report.items(node, "protocols")? {
        let one = report.word(item, "protocol", Blocks::NAMES, VALUES)?;
        all.udp |= one.udp;
        all.tcp |= one.tcp;
    }
    Ok(all)
}

fn apply(settings: LinkSettings, change: LinkChange) -> LinkSettings {
    LinkSettings {
        delay: change.delay.unwrap_or(settings.delay),
        jitter: change.jitter.unwrap_or(settings.jitter),
        loss: change.loss.unwrap_or(settings.loss),
        rate: change.rate.or(settings.rate),
        queue: change.queue.or(settings.queue),
        reorder: change.reorder.unwrap_or(settings.reorder),
        blocks: change.blocks.unwrap_or(settings.blocks),
    }
}

/// The signalling between each two peers.
pub(super) fn signalling(
    report: &Report,
    scope: &Scope,
    node: Option<&Node>,
) -> Checked<Vec<SignallingPlan>> {
    let mut given: Vec<SignallingPlan> = Vec::new();
    for item in node
        .map(|node| report.items(node, "signalling paths"))
        .transpose()?
        .unwrap_or_default()
    {
        let fields = report.fields(item, "signalling", SIGNALLING_KEYS)?;
        let between = fields.require(report, "between")?;
        let ends = report.items(between, "two roles")?;
        let [first, second] = ends else {
            return Err(report.error(
                between.position,
                format!("signalling joins two roles, not {}", ends.len()),
            ));
        };
        let (one, two) = scope.two_roles(report, first, second)?;
        let pair = [one, two];
        if given
            .iter()
            .any(|plan| pair.iter().all(|end| plan.between.contains(end)))
        {
            return Err(report.error(between.position, "the signalling of these roles is given twice"));
        }
        let delay = report.duration(fields.require(report, "delay")?)?;
        given.push(SignallingPlan { between: pair, delay });
    }
    let plans = pairs(&scope.roles).map(|(one, two)| {
        let plan = given
            .iter()
            .find(|plan| plan.between.contains(one) && plan.between.contains(two));
        plan.cloned().unwrap_or_else(|| SignallingPlan {
            between: [one.clone(), two.clone()],
            delay: SignallingPlan::DEFAULT_DELAY,
        })
    });
    Ok(plans.collect())
}

fn pairs<T>(items: &[T]) -> impl Iterator<Item = (&T, &T)> {
    items
        .iter()
        .enumerate()
        .flat_map(|(index, one)| items[index + 1..].iter().map(move |two| (one, two)))
}

/// What befalls signalling messages.
pub(super) fn faults(report: &Report, scope: &Scope, node: Option<&Node>) -> Checked<Vec<Fault>> {
    let items = node
        .map(|node| report.items(node, "faults"))
        .transpose()?
        .unwrap_or_default();
    let fault = |item: &Node| {
        let fields = report.fields(item, "a fault", FAULT_KEYS)?;
        let on = fields.require(report, "on")?;
        Ok(Fault {
            on: signal_pattern(report, scope, on, &["signal", "from", "to", "nth"])?,
            action: fault_action(report, scope, fields.require(report, "do")?)?,
        })
    };
    items.iter().map(fault).collect()
}

/// Which signalling messages a mapping means.
pub(super) fn signal_pattern(
    report: &Report,
    scope: &Scope,
    node: &Node,
    keys: &[&str],
) -> Checked<SignalPattern> {
    let fields = report.fields(node, "a signal", keys)?;
    let kind = fields.require(report, "signal")?;
    let kind = report.word(kind, "kind of signal", SignalKind::NAMES, SignalKind::ALL)?;
    let from = fields.require(report, "from")?;
    let (from, to) = match fields.get("to") {
        Some(to) => {
            let (from, to) = scope.two_roles(report, from, to)?;
            (from, Some(to))
        }
        None => (scope.role(report, from)?, None),
    };
    let nth = fields.read("nth", |node| {
        report.integer(node, "a number", 1, u64::from(u32::MAX))
    })?;
    Ok(SignalPattern { kind, from, to, nth })
}

/// What a fault does, as a word or with its argument.
pub(crate) const FAULT_WORDS: &[&str] = &["drop", "duplicate"];
/// What a fault does with an argument.
pub(crate) const FAULT_ARGUMENTS: &[&str] = &["delay", "after", "behind"];

fn fault_action(report: &Report, scope: &Scope, node: &Node) -> Checked<FaultAction> {
    if let Kind::Scalar(scalar) = &node.kind {
        return match scalar.text.as_str() {
            "drop" => Ok(FaultAction::Drop),
            "duplicate" => Ok(FaultAction::Duplicate),
            other if FAULT_ARGUMENTS.contains(&other) => Err(report.error(
                node.position,
                format!("`{other}` needs an argument: `{{ {other}: … }}`"),
            )),
            other => {
                let known = FAULT_WORDS.iter().chain(FAULT_ARGUMENTS).copied();
                Err(report.unknown(node.position, "fault", other, known))
            }
        };
    }
    let fields = report.fields(node, "a fault's `do`", FAULT_ARGUMENTS)?;
    let (Key { text, .. }, value) = fields.one_of(report, FAULT_ARGUMENTS)?;
    match text.as_str() {
        "delay" => Ok(FaultAction::Delay(report.duration(value)?)),
        "after" => {
            signal_pattern(report, scope, value, &["signal", "from", "to", "nth"]).map(FaultAction::After)
        }
        _ => Ok(FaultAction::Behind(report.integer(
            value,
            "how many messages",
            1,
            u64::from(u32::MAX),
        )?)),
    }
}
