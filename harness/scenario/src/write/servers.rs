//! Servers and names.

use super::yaml::{Map, Yaml, duration, map};
use crate::script::{NamePlan, ServerFault, ServerFaultAction, ServerPlan, TurnPlan};

pub(super) fn servers(servers: &[ServerPlan]) -> Yaml {
    Yaml::Map(
        servers
            .iter()
            .map(|plan| (plan.name.clone(), server(plan)))
            .collect(),
    )
}

pub(super) fn names(names: &[NamePlan]) -> Yaml {
    Yaml::Map(
        names
            .iter()
            .map(|plan| (plan.name.clone(), addresses(&plan.addresses)))
            .collect(),
    )
}

fn addresses(addresses: &[std::net::IpAddr]) -> Yaml {
    Yaml::List(
        addresses
            .iter()
            .map(|address| Yaml::text(address.to_string()))
            .collect(),
    )
}

fn server(plan: &ServerPlan) -> Yaml {
    map("addresses", addresses(&plan.addresses))
        .with("port", Yaml::word(plan.port))
        .with(
            "transports",
            Yaml::texts(plan.transports.iter().map(|transport| transport.as_str())),
        )
        .with("stun", Yaml::word(plan.stun))
        .with_some("turn", plan.turn.as_ref().map(turn))
        .with_some(
            "faults",
            (!plan.faults.is_empty()).then(|| Yaml::List(plan.faults.iter().map(fault).collect())),
        )
        .yaml()
}

fn turn(plan: &TurnPlan) -> Yaml {
    let users = plan
        .users
        .iter()
        .map(|(user, password)| (user.clone(), Yaml::text(password)));
    map("users", Yaml::Map(users.collect()))
        .with("realm", Yaml::text(&plan.realm))
        .with("lifetime", duration(plan.lifetime))
        .with("nonceLifetime", duration(plan.nonce_lifetime))
        .with_some("quota", plan.quota.map(Yaml::word))
        .yaml()
}

fn fault(fault: &ServerFault) -> Yaml {
    let action = match fault.action {
        ServerFaultAction::Silent => Yaml::word("silent"),
        ServerFaultAction::Reject { code, alternate } => map("reject", Yaml::word(code))
            .with_some(
                "alternate",
                alternate.map(|address| Yaml::text(address.to_string())),
            )
            .yaml(),
    };
    Map::default()
        .with("on", Yaml::word(fault.on.as_str()))
        .with_some("nth", fault.nth.map(Yaml::word))
        .with("do", action)
        .yaml()
}
