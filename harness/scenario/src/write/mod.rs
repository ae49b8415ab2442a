//! A scenario back as YAML: one cell, resolved, with every default written out and every macro as the steps it came to.
//!
//! This file writes the head, [`steps`] the script, [`expectations`] what is expected; [`yaml`] is YAML in flow style.

mod expectations;
mod servers;
mod steps;
mod yaml;

use std::fmt::Write as _;

use glare_peer::{CertificateSource, Configuration};

use self::steps::{action, step};
use self::yaml::{Map, Yaml, duration, map};
use crate::quantity::{write_rate, write_share, write_size};
use crate::script::{
    Action, Blocks, Fault, FaultAction, HostPlan, IdentityProviderPlan, LinkChange, LinkPlan, LinkSettings,
    Scenario, SignalPattern, SignallingPlan,
};

/// Writes a scenario so that it loads again to an equal one.
pub fn to_yaml(scenario: &Scenario) -> String {
    let mut out = String::new();
    let mut top = |key: &str, value: Yaml| {
        // A list of mappings has a line for each, as people write it.
        match value {
            Yaml::List(items) if items.iter().any(|item| matches!(item, Yaml::Map(_))) => {
                let _ = writeln!(out, "{key}:");
                for item in items {
                    let _ = writeln!(out, "  - {item}");
                }
            }
            value => {
                let _ = writeln!(out, "{key}: {value}");
            }
        }
    };
    top("scenario", Yaml::text(&scenario.title));
    top(
        "spec",
        Yaml::List(
            scenario
                .spec
                .iter()
                .map(|clause| Yaml::text(clause.as_str()))
                .collect(),
        ),
    );
    top("level", Yaml::word(scenario.level.as_str()));
    if !scenario.requires.is_empty() {
        top(
            "requires",
            Yaml::List(scenario.requires.iter().map(Yaml::text).collect()),
        );
    }
    let peers = scenario
        .peers
        .iter()
        .map(|peer| (peer.role.clone(), configuration(&peer.configuration)));
    top("peers", Yaml::Map(peers.collect()));
    top(
        "hosts",
        Yaml::Map(
            scenario
                .hosts
                .iter()
                .map(|plan| (plan.name.clone(), host(plan)))
                .collect(),
        ),
    );
    if !scenario.servers.is_empty() {
        top("servers", servers::servers(&scenario.servers));
    }
    if !scenario.names.is_empty() {
        top("names", servers::names(&scenario.names));
    }
    top("links", Yaml::List(scenario.links.iter().map(link).collect()));
    top(
        "signalling",
        Yaml::List(scenario.signalling.iter().map(signalling).collect()),
    );
    if !scenario.faults.is_empty() {
        top("faults", Yaml::List(scenario.faults.iter().map(fault).collect()));
    }
    if !scenario.identity_providers.is_empty() {
        let providers = scenario.identity_providers.iter();
        top(
            "identityProviders",
            Yaml::Map(
                providers
                    .map(|plan| (plan.domain.clone(), identity_provider(plan)))
                    .collect(),
            ),
        );
    }
    top("limit", duration(scenario.limit));
    top("script", Yaml::List(scenario.script.iter().map(step).collect()));
    out
}

/// A step for people: as it is written, without the braces.
pub(crate) fn text(action: &Action) -> String {
    let text = self::action(action).to_string();
    let inner = text.strip_prefix("{ ").and_then(|text| text.strip_suffix(" }"));
    inner.unwrap_or(&text).to_owned()
}

fn configuration(configuration: &Configuration) -> Yaml {
    let default = Configuration::default();
    let servers = configuration.ice_servers.iter().map(|server| {
        map("urls", Yaml::texts(server.urls.iter().map(String::as_str)))
            .with_some("username", server.username.as_ref().map(Yaml::text))
            .with_some("credential", server.credential.as_ref().map(Yaml::text))
            .yaml()
    });
    let servers: Vec<Yaml> = servers.collect();
    let mut members =
        Map::default().with_some("iceServers", (!servers.is_empty()).then_some(Yaml::List(servers)));
    let changed = |is: &str, was: &str| (is != was).then(|| Yaml::text(is));
    let c = configuration;
    members = members
        .with_some(
            "iceTransportPolicy",
            changed(
                c.ice_transport_policy.as_str(),
                default.ice_transport_policy.as_str(),
            ),
        )
        .with_some(
            "bundlePolicy",
            changed(c.bundle_policy.as_str(), default.bundle_policy.as_str()),
        )
        .with_some(
            "rtcpMuxPolicy",
            changed(c.rtcp_mux_policy.as_str(), default.rtcp_mux_policy.as_str()),
        )
        .with_some(
            "iceCandidatePoolSize",
            (c.ice_candidate_pool_size != 0).then(|| Yaml::word(c.ice_candidate_pool_size)),
        );
    let certificates: Vec<Yaml> = c.certificates.iter().filter_map(certificate).collect();
    members = members
        .with_some(
            "certificates",
            (!certificates.is_empty()).then_some(Yaml::List(certificates)),
        )
        .with_some("peerIdentity", c.peer_identity.as_ref().map(Yaml::text));
    let flag = |set: bool| set.then(|| Yaml::word(true));
    Map::default()
        .with_some("configuration", (!members.0.is_empty()).then(|| members.yaml()))
        .with_some("iceLite", flag(c.ice_lite))
        .with_some("mdns", flag(c.mdns_host_candidates))
        .with_some("iceTcp", flag(c.ice_tcp))
        .with_some("dtls", c.dtls_version.map(|version| Yaml::text(version.as_str())))
        .yaml()
}

/// A certificate that is generated; a file has no other.
fn certificate(source: &CertificateSource) -> Option<Yaml> {
    let CertificateSource::Generate(algorithm) = source else {
        return None;
    };
    let text = |text: &Option<String>| text.as_ref().map(Yaml::text);
    let members = map("name", Yaml::text(&algorithm.name))
        .with_some("namedCurve", text(&algorithm.named_curve))
        .with_some("modulusLength", algorithm.modulus_length.map(Yaml::word))
        .with_some("publicExponent", algorithm.public_exponent.map(Yaml::word))
        .with_some("hash", text(&algorithm.hash))
        .with_some("expires", algorithm.expires.map(Yaml::word));
    Some(members.yaml())
}

fn identity_provider(plan: &IdentityProviderPlan) -> Yaml {
    map("identity", Yaml::text(&plan.identity))
        .with("assertion", Yaml::word(plan.assertion.as_str()))
        .with("validation", Yaml::word(plan.validation.as_str()))
        .with("delay", duration(plan.delay))
        .yaml()
}

fn host(plan: &HostPlan) -> Yaml {
    map("peers", Yaml::texts(plan.peers.iter().map(String::as_str)))
        .with(
            "addresses",
            Yaml::List(
                plan.addresses
                    .iter()
                    .map(|address| Yaml::text(address.to_string()))
                    .collect(),
            ),
        )
        .yaml()
}

fn link(plan: &LinkPlan) -> Yaml {
    map("id", Yaml::text(&plan.id))
        .with("between", Yaml::texts(plan.between.iter().map(String::as_str)))
        .with("forward", settings(&plan.forward))
        .with("backward", settings(&plan.backward))
        .yaml()
}

fn settings(settings: &LinkSettings) -> Yaml {
    change(&LinkChange {
        delay: Some(settings.delay),
        jitter: Some(settings.jitter),
        loss: Some(settings.loss),
        rate: settings.rate,
        queue: settings.queue,
        reorder: Some(settings.reorder),
        outage: None,
        blocks: (settings.blocks != Blocks::default()).then_some(settings.blocks),
    })
    .yaml()
}

fn change(change: &LinkChange) -> Map {
    Map::default()
        .with_some("delay", change.delay.map(duration))
        .with_some("jitter", change.jitter.map(duration))
        .with_some("loss", change.loss.map(|loss| Yaml::word(write_share(loss))))
        .with_some("rate", change.rate.map(|rate| Yaml::word(write_rate(rate))))
        .with_some("queue", change.queue.map(|size| Yaml::word(write_size(size))))
        .with_some("reorder", change.reorder.map(Yaml::word))
        .with_some("outage", change.outage.map(Yaml::word))
        .with_some("blocks", change.blocks.map(|blocks| Yaml::texts(blocks.names())))
}

fn signalling(plan: &SignallingPlan) -> Yaml {
    map("between", Yaml::texts(plan.between.iter().map(String::as_str)))
        .with("delay", duration(plan.delay))
        .yaml()
}

fn fault(fault: &Fault) -> Yaml {
    let action = match &fault.action {
        FaultAction::Drop => Yaml::word("drop"),
        FaultAction::Duplicate => Yaml::word("duplicate"),
        FaultAction::Delay(delay) => map("delay", duration(*delay)).yaml(),
        FaultAction::After(pattern) => map("after", signal_pattern(pattern).yaml()).yaml(),
        FaultAction::Behind(count) => map("behind", Yaml::word(count)).yaml(),
    };
    map("on", signal_pattern(&fault.on).yaml())
        .with("do", action)
        .yaml()
}

fn signal_pattern(pattern: &SignalPattern) -> Map {
    map("signal", Yaml::word(pattern.kind.as_str()))
        .with("from", Yaml::text(&pattern.from))
        .with_some("to", pattern.to.as_ref().map(Yaml::text))
        .with_some("nth", pattern.nth.map(Yaml::word))
}
