//! A peer that breaks exactly one thing.
//!
//! A green row of a report means something only if the row would turn red where an implementation is wrong. A
//! [`Saboteur`] wraps an implementation and breaks one thing of it, chosen from [`sabotages`]: an event is dropped, a
//! promise settles too early, an error has the wrong name, a line of a description is another. The catalogue and the rules of the
//! oracle are as good as the share of sabotages that they catch.
//!
//! Everything is broken from outside, at the contract that every implementation fulfils, so any can be wrapped and none
//! has to know. [`fault`] says what can be broken, `peer` breaks it, `sabotages` lists what is.

pub mod fault;
mod peer;
mod sabotages;
mod sdp;

use std::sync::Arc;

use glare_peer::{About, Configuration, CreateError, HostView, Implementation, Peer};

use crate::fault::{Construction, Fault};
use crate::peer::SabotagedPeer;

pub use sabotages::sabotages;

/// What a peer says, as a note in the trace, when it has broken something for the first time.
pub const NOTE: &str = "sabotage: ";

/// One thing to break.
#[derive(Debug)]
pub struct Sabotage {
    /// Its name, in kebab-case; never given to another.
    pub name: &'static str,
    /// The member of the interface that it breaks, such as `RTCPeerConnection.createOffer`.
    pub member: String,
    /// The clause that it breaks.
    pub clause: &'static str,
    /// What it does, in one sentence.
    pub what: &'static str,
    /// How.
    pub fault: Fault,
}

/// The sabotage of this name.
pub fn sabotage(name: &str) -> Option<&'static Sabotage> {
    sabotages().iter().find(|sabotage| sabotage.name == name)
}

/// An implementation with one thing broken.
pub struct Saboteur {
    inner: Arc<dyn Implementation>,
    sabotage: &'static Sabotage,
}

impl Saboteur {
    /// Breaks one thing of an implementation.
    pub fn new(inner: Arc<dyn Implementation>, sabotage: &'static Sabotage) -> Saboteur {
        Saboteur { inner, sabotage }
    }
}

impl Implementation for Saboteur {
    /// As the implementation itself, under the name `inner+sabotage`.
    fn about(&self) -> About {
        let about = self.inner.about();
        About {
            name: format!("{}+{}", about.name, self.sabotage.name),
            ..about
        }
    }

    fn create(&self, host: HostView, configuration: Configuration) -> Result<Box<dyn Peer>, CreateError> {
        let (configuration, mut broken) = match &self.sabotage.fault {
            Fault::Construct(Construction::Configuration(change)) => {
                let mut changed = configuration.clone();
                change(&mut changed);
                let broken = changed != configuration;
                (changed, broken)
            }
            _ => (configuration, false),
        };
        let created = match (
            self.inner.create(host.clone(), configuration),
            &self.sabotage.fault,
        ) {
            (Err(CreateError::Threw(mut exception)), Fault::Construct(Construction::Error(name))) => {
                exception.name = *name;
                Err(CreateError::Threw(exception))
            }
            (Err(CreateError::Threw(_)), Fault::Construct(Construction::Accept)) => {
                broken = true;
                self.inner.create(host, Configuration::default())
            }
            (created, _) => created,
        };
        Ok(Box::new(SabotagedPeer::new(created?, self.sabotage, broken)))
    }
}

#[cfg(test)]
mod tests;
