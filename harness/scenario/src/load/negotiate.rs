//! `negotiate`: the offer/answer exchange as one step, or its listeners for the rest of the run.

use super::steps::Verb;
use crate::report::{Checked, Report};
use crate::scope::{Kind, Scope};
use crate::script::{
    Action, Call, Completion, Condition, Expected, Given, Located, Matcher, Member, MessageKind, Outcome,
    Path, Position, Root, Signalled, Target, Template, Wait,
};
use glare_peer::{Attribute, Interface};

/// The keys of `negotiate`.
pub(crate) const KEYS: &[&str] = &["offer", "answer", "trickle", "iceRestart", "polite", "impolite"];

pub(super) fn actions(report: &Report, scope: &mut Scope, verb: &Verb<'_>) -> Checked<Vec<Action>> {
    let fields = report.fields(verb.value, "`negotiate`", KEYS)?;
    let (key, first) = fields.one_of(report, &["offer", "polite"])?;
    let exchange = key.text == "offer";
    let foreign: &[&str] = if exchange {
        &["impolite", "polite"]
    } else {
        &["answer", "offer", "trickle", "iceRestart"]
    };
    for name in foreign {
        if let Some((other, _)) = fields.entry(name) {
            let message = format!("`{}` does not stand beside `{}`", other.text, key.text);
            return Err(report.error(other.position, message));
        }
    }
    let other = fields.require(report, if exchange { "answer" } else { "impolite" })?;
    let (one, two) = scope.two_roles(report, first, other)?;
    let pairs = [(one.clone(), two.clone()), (two.clone(), one.clone())];
    if pairs.iter().any(|pair| scope.negotiating.contains(pair)) {
        let message =
            format!("the listeners of an earlier `negotiate` negotiate between {one:?} and {two:?} already");
        return Err(report.error(verb.value.position, message));
    }
    if !exchange {
        if pairs.iter().any(|pair| scope.trickles.contains(pair)) {
            let message =
                format!("candidates trickle between {one:?} and {two:?} already; the listeners do that too");
            return Err(report.error(verb.value.position, message));
        }
        scope.negotiating.extend(pairs);
        return Ok(vec![Action::PerfectNegotiation {
            polite: one,
            impolite: two,
        }]);
    }
    let trickle = fields
        .read("trickle", |node| report.boolean(node))?
        .unwrap_or(true);
    let ice_restart = fields
        .read("iceRestart", |node| report.boolean(node))?
        .unwrap_or(false);
    let mut exchange = Exchange {
        scope,
        position: verb.node.position,
        trickle,
        actions: Vec::new(),
    };
    exchange.run(&one, &two, ice_restart);
    Ok(exchange.actions)
}

/// One offer/answer exchange as the steps it comes to.
struct Exchange<'s> {
    scope: &'s mut Scope,
    position: Position,
    trickle: bool,
    actions: Vec<Action>,
}

impl Exchange<'_> {
    fn run(&mut self, offerer: &str, answerer: &str, ice_restart: bool) {
        const NAMES: [&str; 6] = [
            "offer",
            "gathered-offer",
            "received-offer",
            "answer",
            "gathered-answer",
            "received-answer",
        ];
        let prefix = (1u32..)
            .map(|number| format!("negotiation-{number}"))
            .find(|prefix| {
                NAMES
                    .iter()
                    .all(|name| self.scope.is_free(&format!("{prefix}-{name}")))
            })
            .unwrap_or_default();
        let [
            offer,
            gathered_offer,
            received_offer,
            answer,
            gathered_answer,
            received_answer,
        ] = NAMES.map(|name| format!("{prefix}-{name}"));
        if self.trickle {
            self.start_trickle(offerer, answerer);
            self.start_trickle(answerer, offerer);
        }
        let options = ice_restart
            .then(|| Template::Dictionary(vec![("iceRestart".to_owned(), Template::Boolean(true))]));
        self.local(offerer, "createOffer", options, [&offer, &gathered_offer]);
        self.remote(
            offerer,
            answerer,
            if self.trickle { &offer } else { &gathered_offer },
            &received_offer,
        );
        self.local(answerer, "createAnswer", None, [&answer, &gathered_answer]);
        self.remote(
            answerer,
            offerer,
            if self.trickle { &answer } else { &gathered_answer },
            &received_answer,
        );
    }

    fn start_trickle(&mut self, from: &str, to: &str) {
        if self.scope.trickles.insert((from.to_owned(), to.to_owned())) {
            self.actions.push(Action::Trickle {
                from: from.to_owned(),
                to: to.to_owned(),
            });
        }
    }

    /// Creates a description and applies it where it was created; without trickle, waits for its candidates.
    fn local(&mut self, role: &str, create: &str, options: Option<Template>, [created, gathered]: [&str; 2]) {
        self.call(role, create, options, Some(created));
        self.call(role, "setLocalDescription", Some(variable(created)), None);
        if self.trickle {
            return;
        }
        let complete = Condition::Value {
            path: Path::of_peer(role, Attribute::IceGatheringState),
            matcher: Matcher::Is(Expected::Text("complete".to_owned())),
        };
        let conditions = vec![Located {
            position: self.position,
            value: complete,
        }];
        self.actions.push(Action::Wait(Wait::For {
            conditions,
            within: None,
            save: Vec::new(),
        }));
        let save = self.set(gathered);
        self.actions.push(Action::Read {
            path: Path::of_peer(role, Attribute::LocalDescription),
            save,
        });
    }

    /// Signals a description and applies it where it arrives.
    fn remote(&mut self, from: &str, to: &str, sent: &str, received: &str) {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.scope
            .signalled
            .insert((from.clone(), to.clone(), MessageKind::Description));
        let send = Signalled::Description(sent.to_owned());
        self.actions.push(Action::Signal {
            from: from.clone(),
            to: to.clone(),
            send,
        });
        let save = Some(self.set(received));
        let kind = MessageKind::Description;
        self.actions.push(Action::Receive {
            at: to.clone(),
            from,
            kind,
            within: None,
            save,
        });
        self.call(&to, "setRemoteDescription", Some(variable(received)), None);
    }

    /// Calls a method of the connection that takes at most one argument.
    fn call(&mut self, role: &str, name: &str, argument: Option<Template>, save: Option<&str>) {
        let interface = Interface::PeerConnection;
        let Some(method) = interface.method(name) else {
            return;
        };
        let save = save.map(|name| self.set(name));
        let given = argument.zip(method.arguments.first());
        self.actions.push(Action::Call(Call {
            target: Target::peer(role),
            interface,
            member: Member::Method(method),
            arguments: given
                .map(|(value, argument)| Given {
                    name: argument.name,
                    holds: argument.holds,
                    value,
                })
                .into_iter()
                .collect(),
            completion: Completion::Await(Outcome::Success),
            save,
        }));
    }

    fn set(&mut self, name: &str) -> String {
        self.scope.set_new(name, self.position, Kind::DESCRIPTION);
        name.to_owned()
    }
}

fn variable(name: &str) -> Template {
    Template::Path(Path {
        root: Root::Variable(name.to_owned()),
        members: Vec::new(),
        role: None,
    })
}
