//! From the places of a scenario to those of the simulated internet: hosts, servers, names and links.

use std::collections::BTreeMap;
use std::net::IpAddr;

use glare_net::server::{RequestKind, ServerFault, ServerFaultAction, ServerPlan, Transport, TurnPlan};
use glare_net::tcp::TcpError;
use glare_net::{Blocks, HostPlan, LinkPlan, LinkProperties, Network, Topology};
use glare_scenario::Scenario;
use glare_scenario::script::{
    LinkSettings, ServerFaultAction as FaultAction, ServerPlan as Server, ServerRequest, ServerTransport,
};

use crate::host::Host;
use crate::play::derive;

/// Hosts, those of the servers after the others, and links.
pub(crate) fn topology(scenario: &Scenario) -> Topology {
    let properties = |settings: &LinkSettings| LinkProperties {
        delay: settings.delay,
        jitter: settings.jitter,
        reorder: settings.reorder,
        loss: settings.loss,
        rate: settings.rate,
        queue: settings.queue,
        outage: false,
        blocks: Blocks {
            udp: settings.blocks.udp,
            tcp: settings.blocks.tcp,
        },
    };
    Topology {
        hosts: scenario
            .hosts
            .iter()
            .map(|host| (&host.name, &host.addresses))
            .chain(
                scenario
                    .servers
                    .iter()
                    .map(|server| (&server.name, &server.addresses)),
            )
            .map(|(name, addresses)| HostPlan {
                name: name.clone(),
                addresses: addresses.clone(),
            })
            .collect(),
        links: scenario
            .links
            .iter()
            .map(|link| LinkPlan {
                name: link.id.clone(),
                between: link.between.clone(),
                forward: properties(&link.forward),
                backward: properties(&link.backward),
            })
            .collect(),
    }
}

/// What lives on each host of the network.
///
/// # Errors
///
/// A server cannot listen.
pub(crate) fn hosts(scenario: &Scenario, network: &Network, seed: u64) -> Result<Vec<Host>, TcpError> {
    network
        .hosts()
        .map(|(_, plan)| {
            let server = scenario.servers.iter().find(|server| server.name == plan.name);
            let seed = derive(seed, &format!("host {}", plan.name));
            Host::new(&plan.addresses, server.map(self::server), seed)
        })
        .collect()
}

/// What names resolve to.
pub(crate) fn names(scenario: &Scenario) -> BTreeMap<String, Vec<IpAddr>> {
    let servers = scenario.servers.iter().map(|plan| (&plan.name, &plan.addresses));
    let names = scenario.names.iter().map(|plan| (&plan.name, &plan.addresses));
    servers
        .chain(names)
        .map(|(name, addresses)| (name.clone(), addresses.clone()))
        .collect()
}

fn server(plan: &Server) -> ServerPlan {
    let transport = |transport: &ServerTransport| match transport {
        ServerTransport::Udp => Transport::Udp,
        ServerTransport::Tcp => Transport::Tcp,
    };
    ServerPlan {
        port: plan.port,
        transports: plan.transports.iter().map(transport).collect(),
        stun: plan.stun,
        turn: plan.turn.as_ref().map(|turn| TurnPlan {
            realm: turn.realm.clone(),
            users: turn.users.iter().cloned().collect(),
            lifetime: turn.lifetime,
            nonce_lifetime: turn.nonce_lifetime,
            quota: turn.quota,
        }),
        faults: plan
            .faults
            .iter()
            .map(|fault| ServerFault {
                on: match fault.on {
                    ServerRequest::Any => RequestKind::Any,
                    ServerRequest::Binding => RequestKind::Binding,
                    ServerRequest::Allocate => RequestKind::Allocate,
                    ServerRequest::Refresh => RequestKind::Refresh,
                    ServerRequest::CreatePermission => RequestKind::CreatePermission,
                    ServerRequest::ChannelBind => RequestKind::ChannelBind,
                },
                nth: fault.nth,
                action: match fault.action {
                    FaultAction::Silent => ServerFaultAction::Silent,
                    FaultAction::Reject { code, alternate } => ServerFaultAction::Reject { code, alternate },
                },
            })
            .collect(),
    }
}
