//! Which implementations there are to cast.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use glare_peer::Implementation;
use glare_saboteur::Saboteur;

use crate::exit::Problem;

/// The implementations that a glare can cast, by name.
#[derive(Clone, Default)]
pub struct Registry {
    implementations: BTreeMap<String, Arc<dyn Implementation>>,
    /// Those that play only where they are named.
    on_request: BTreeSet<String>,
}

impl Registry {
    /// No implementations.
    pub fn new() -> Registry {
        Registry::default()
    }

    /// The implementations that come with glare: `reference` and `str0m`, and on request `rtc`.
    pub fn standard() -> Registry {
        Registry::new()
            .with(glare_reference::Reference)
            .with(glare_str0m::Str0m)
            .on_request(glare_webrtc::WebrtcRs)
    }

    /// Adds an implementation under the name that it gives; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, implementation: impl Implementation + 'static) -> Registry {
        let name = implementation.about().name;
        self.on_request.remove(&name);
        self.implementations.insert(name, Arc::new(implementation));
        self
    }

    /// Adds an implementation that plays only where it is named: its departures are not in the ledger.
    #[must_use]
    pub fn on_request(mut self, implementation: impl Implementation + 'static) -> Registry {
        let name = implementation.about().name;
        self.on_request.insert(name.clone());
        self.implementations.insert(name, Arc::new(implementation));
        self
    }

    /// The names of those that play where none is named.
    pub(crate) fn by_default(&self) -> impl Iterator<Item = &str> {
        self.names().filter(|name| !self.on_request.contains(*name))
    }

    /// The names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.implementations.keys().map(String::as_str)
    }

    /// All implementations, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<dyn Implementation>> {
        self.implementations.values()
    }

    /// The implementation of this name; of a name `peer+sabotage` that peer with one thing broken.
    pub(crate) fn get(&self, name: &str) -> Result<Arc<dyn Implementation>, Problem> {
        if !self.implementations.contains_key(name)
            && let Some((peer, sabotage)) = name.split_once('+')
        {
            let sabotage = crate::sabotage::find(sabotage)?;
            return Ok(Arc::new(Saboteur::new(self.get(peer)?, sabotage)));
        }
        self.implementations.get(name).cloned().ok_or_else(|| {
            let names: Vec<&str> = self.names().collect();
            Problem::input(format!(
                "there is no peer {name:?}; the peers are {}",
                names.join(", ")
            ))
        })
    }
}
