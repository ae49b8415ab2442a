//! The catalogue against a peer of your own: here the reference engine, with one fault planted.
//!
//! `cargo run -p own-peer -- run --peer own --peer reference` shows the clause that the fault breaks.

use std::process::ExitCode;

use glare_peer::{
    About, Attribute, Called, Configuration, CreateError, EventKind, Handle, HostView, Implementation, Input,
    Operation, OperationId, Outbox, Peer, SimTime, Step, Unsupported, Value,
};
use glare_reference::Reference;

fn main() -> ExitCode {
    glare::main(glare::Registry::standard().with(Own(Reference)))
}

struct Own(Reference);

impl Implementation for Own {
    fn about(&self) -> About {
        About {
            name: "own".to_owned(),
            ..self.0.about()
        }
    }

    fn create(&self, host: HostView, configuration: Configuration) -> Result<Box<dyn Peer>, CreateError> {
        Ok(Box::new(OwnPeer(self.0.create(host, configuration)?)))
    }
}

struct OwnPeer(Box<dyn Peer>);

impl Peer for OwnPeer {
    fn call(&mut self, now: SimTime, id: OperationId, operation: Operation) -> Called {
        self.0.call(now, id, operation)
    }

    fn input(&mut self, now: SimTime, input: Input) {
        self.0.input(now, input);
    }

    /// The fault: listeners never hear that the signalling state changed.
    fn step(&mut self, now: SimTime, out: &mut Outbox) -> Step {
        loop {
            match self.0.step(now, out) {
                Step::Fired(event) if event.kind == EventKind::SignalingStateChange => {}
                step => return step,
            }
        }
    }

    fn read(&self, object: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        self.0.read(object, attribute)
    }
}
