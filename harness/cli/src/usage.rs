//! Which members of the interface a scenario uses.
//!
//! Read off its resolved form, so that what a macro comes to counts too: every word such as `a.sctp.transport.state` is followed
//! through the table of the interfaces, from a role or from what a step named with `as`.

use std::collections::{BTreeMap, BTreeSet};

use glare_peer::Interface;
use glare_peer::interface::Type;
use glare_scenario::Scenario;
use serde_json::Value;

/// The members that a scenario uses, each as `RTCPeerConnection.createOffer`.
pub(crate) fn members(scenario: &Scenario) -> BTreeSet<String> {
    let mut reader = Reader {
        names: scenario
            .peers
            .iter()
            .map(|plan| (plan.role.clone(), Interface::PeerConnection))
            .collect(),
        used: BTreeSet::new(),
    };
    // Every scenario constructs connections; what shows the constructor is one that is given something.
    if scenario
        .peers
        .iter()
        .any(|plan| plan.configuration != glare_peer::Configuration::default())
    {
        reader.uses(Interface::PeerConnection, "constructor");
    }
    let yaml = glare_scenario::to_yaml(scenario);
    // What was written can be read: the tests of the language hold that.
    if let Ok(value) = serde_yaml::from_str::<Value>(&yaml) {
        for step in value
            .get("script")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            reader.step(step);
        }
    }
    reader.used
}

struct Reader {
    /// What the names of the scenario stand for, as far as they are objects.
    names: BTreeMap<String, Interface>,
    used: BTreeSet<String>,
}

impl Reader {
    fn uses(&mut self, interface: Interface, member: &str) {
        self.used.insert(format!("{}.{member}", interface.name()));
    }

    fn step(&mut self, step: &Value) {
        let gives = self.words(step);
        if let Some(name) = step_name(step)
            && let Some(interface) = gives
        {
            self.names.insert(name.to_owned(), interface);
        }
        for (carried, name) in carried_names(step) {
            if let Some(interface) = payload(carried) {
                self.names.insert(name.to_owned(), interface);
            }
        }
        let verbs: &[(&str, &[(Interface, &str)])] = &[
            ("send", &[(Interface::DataChannel, "send")]),
            (
                "trickle",
                &[
                    (Interface::PeerConnection, "icecandidate"),
                    (Interface::PeerConnection, "addIceCandidate"),
                    (Interface::IceCandidate, "candidate"),
                    (Interface::IceCandidate, "sdpMid"),
                    (Interface::IceCandidate, "sdpMLineIndex"),
                    (Interface::IceCandidate, "usernameFragment"),
                ],
            ),
            (
                "negotiate",
                &[
                    (Interface::PeerConnection, "negotiationneeded"),
                    (Interface::PeerConnection, "icecandidate"),
                    (Interface::PeerConnection, "addIceCandidate"),
                    (Interface::PeerConnection, "setLocalDescription"),
                    (Interface::PeerConnection, "setRemoteDescription"),
                    (Interface::PeerConnection, "localDescription"),
                    (Interface::PeerConnection, "signalingState"),
                ],
            ),
        ];
        for (_, members) in verbs.iter().filter(|(verb, _)| step.get(verb).is_some()) {
            for (interface, member) in *members {
                self.uses(*interface, member);
            }
        }
        for inner in step.get("do").and_then(Value::as_array).into_iter().flatten() {
            self.step(inner);
        }
    }

    /// Follows every word of a value; gives the object that the last one of them leads to.
    fn words(&mut self, value: &Value) -> Option<Interface> {
        let mut last = None;
        match value {
            Value::String(word) => last = self.word(word),
            Value::Array(values) => {
                for value in values {
                    last = self.words(value).or(last);
                }
            }
            Value::Object(members) => {
                if let Some(interface) = constructed(members) {
                    self.uses(interface, "constructor");
                }
                for pattern in ["rejects", "throws", "error"] {
                    for (member, _) in members
                        .get(pattern)
                        .and_then(Value::as_object)
                        .into_iter()
                        .flatten()
                    {
                        if let Some((member, _)) = find(Interface::Error, member) {
                            self.uses(Interface::Error, member);
                        }
                    }
                }
                for (name, value) in members.iter().filter(|(name, _)| *name != "do") {
                    last = self.word(name).or(last);
                    last = self.words(value).or(last);
                }
            }
            _ => {}
        }
        last
    }

    fn word(&mut self, word: &str) -> Option<Interface> {
        let word = word.trim_start_matches("${").trim_end_matches('}');
        let mut parts = word.split('.');
        let mut interface = *self.names.get(parts.next()?)?;
        let mut leads_to = None;
        for member in parts {
            // A place in a list.
            if member.parse::<usize>().is_ok() {
                continue;
            }
            // What stands below a role beside the connection: the page's devices, static methods and constructors.
            if let Some(beside) = beside(interface, member) {
                interface = beside;
                leads_to = Some(beside);
                continue;
            }
            let (member, given) = find(interface, member)?;
            self.uses(interface, member);
            leads_to = given;
            match given {
                Some(next) => interface = next,
                None => break,
            }
        }
        leads_to
    }
}

/// The interface of which `a.RTCRtpSender` or `a.mediaDevices` speaks.
fn beside(interface: Interface, name: &str) -> Option<Interface> {
    if interface != Interface::PeerConnection {
        return None;
    }
    if name == "mediaDevices" {
        return Some(Interface::MediaDevices);
    }
    Interface::ALL.iter().copied().find(|other| other.name() == name)
}

/// The interface of the object that a step constructs.
fn constructed(step: &serde_json::Map<String, Value>) -> Option<Interface> {
    let (_, name) = step.get("construct")?.as_str()?.rsplit_once('.')?;
    Interface::ALL
        .iter()
        .copied()
        .find(|interface| interface.name() == name)
}

/// The variable that a step sets, wherever it stands in it.
fn step_name(step: &Value) -> Option<&str> {
    let members = step.as_object()?;
    members
        .iter()
        .find_map(|(name, value)| match (name.as_str(), value) {
            ("as", Value::String(name)) => Some(name.as_str()),
            ("do", _) => None,
            (_, Value::Object(_)) => step_name(value),
            _ => None,
        })
}

/// The variables that a step sets to what an event carried, each with the attribute of the event.
fn carried_names(step: &Value) -> Vec<(&str, &str)> {
    let Some(members) = step.as_object() else {
        return Vec::new();
    };
    members
        .iter()
        .flat_map(|(name, value)| match (name.as_str(), value) {
            ("as", Value::Object(names)) => names
                .iter()
                .filter_map(|(carried, name)| Some((carried.as_str(), name.as_str()?)))
                .collect(),
            ("do", _) => Vec::new(),
            _ => carried_names(value),
        })
        .collect()
}

/// The object that events carry under a name, which is the same for all.
fn payload(name: &str) -> Option<Interface> {
    Interface::ALL
        .iter()
        .flat_map(|interface| interface.table().events)
        .flat_map(|event| event.payload)
        .filter(|payload| payload.name == name)
        .find_map(|payload| object(payload.holds))
}

/// A member of an interface and the object that it gives.
fn find(interface: Interface, name: &str) -> Option<(&'static str, Option<Interface>)> {
    // An attribute or a method comes before an event of its name.
    if let Some(attribute) = interface.attribute(name) {
        return Some((attribute.name, object(attribute.holds)));
    }
    if let Some(method) = interface.method(name) {
        return Some((method.name, object(method.returns)));
    }
    let event = interface.event(name)?;
    // What is named of an event is its one object: the channel, the candidate, the transceiver.
    let carried = event
        .payload
        .iter()
        .rev()
        .find_map(|payload| object(payload.holds));
    Some((event.name, carried))
}

/// The object that a value is, or that a list is of.
fn object(holds: Type) -> Option<Interface> {
    match holds {
        Type::Object(interface) => Some(interface),
        Type::Nullable(inner) | Type::List(inner) => object(*inner),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(script: &str) -> Vec<String> {
        let text = format!(
            "scenario: T\nspec: [webrtc-pc#set-description]\npeers: {{ a: {{}}, b: {{}} }}\nscript:\n{script}"
        );
        let scenarios = glare_scenario::parse("test.yaml", &text).unwrap_or_else(|wrong| panic!("{wrong}"));
        members(&scenarios[0]).into_iter().collect()
    }

    #[test]
    fn members_are_followed_from_roles_and_from_what_steps_name() {
        let used = used(
            "  - { call: a.createDataChannel, with: { label: chat }, as: chat }\n  - { wait: { for: { chat.readyState: open } } }\n  - { expect: { state: { a.sctp.transport.state: new } } }\n",
        );
        assert_eq!(
            used,
            [
                "RTCDataChannel.readyState",
                "RTCDtlsTransport.state",
                "RTCPeerConnection.createDataChannel",
                "RTCPeerConnection.sctp",
                "RTCSctpTransport.transport",
            ]
        );
    }

    #[test]
    fn devices_static_methods_and_constructors_stand_below_a_role() {
        let used = used(
            "  - { call: a.mediaDevices.getUserMedia, with: { audio: true }, as: camera }\n  - { call: camera.getTracks }\n  - { call: a.RTCRtpSender.getCapabilities, with: { kind: audio } }\n  - { construct: a.MediaStream, as: stream }\n  - { read: stream.id, as: id }\n",
        );
        assert_eq!(
            used,
            [
                "MediaDevices.getUserMedia",
                "MediaStream.constructor",
                "MediaStream.getTracks",
                "MediaStream.id",
                "RTCRtpSender.getCapabilities",
            ]
        );
    }

    #[test]
    fn what_an_event_gives_is_an_object_too() {
        let used = used(
            "  - { wait: { for: { b.datachannel: { label: chat } }, as: remote-chat } }\n  - { call: remote-chat.close }\n",
        );
        assert!(used.contains(&"RTCDataChannel.close".to_owned()), "{used:?}");
        assert!(
            used.contains(&"RTCPeerConnection.datachannel".to_owned()),
            "{used:?}"
        );
    }
}
