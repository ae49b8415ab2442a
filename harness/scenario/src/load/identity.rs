//! Who answers for identity providers.

use std::time::Duration;

use crate::report::{Checked, Report};
use crate::script::{IdentityBehaviour, IdentityProviderPlan};
use crate::tree::Node;

/// The keys of an identity provider.
pub(crate) const KEYS: &[&str] = &["identity", "assertion", "validation", "delay"];

/// How long an identity provider takes to answer where the file does not say.
pub(crate) const DEFAULT_DELAY: Duration = Duration::from_millis(20);

/// The identity providers, by their domains.
pub(super) fn providers(report: &Report, node: Option<&Node>) -> Checked<Vec<IdentityProviderPlan>> {
    let Some(node) = node else { return Ok(Vec::new()) };
    let mut providers = Vec::new();
    for (key, node) in report.entries(node, "the identity providers")? {
        let domain = &key.text;
        let is_domain = !domain.is_empty()
            && domain
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | ':'));
        if !is_domain {
            return Err(report.error(key.position, format!("{domain:?} is no domain")));
        }
        let fields = report.fields(node, "an identity provider", KEYS)?;
        let behaviour = |key: &str| {
            let given = fields.read(key, |node| {
                report.word(
                    node,
                    "behaviour",
                    IdentityBehaviour::NAMES,
                    IdentityBehaviour::ALL,
                )
            })?;
            Ok(given.unwrap_or(IdentityBehaviour::Answers))
        };
        let identity = fields.read("identity", |node| report.text(node, "an identity"))?;
        providers.push(IdentityProviderPlan {
            domain: domain.clone(),
            identity: identity.map_or_else(|| format!("user@{domain}"), str::to_owned),
            assertion: behaviour("assertion")?,
            validation: behaviour("validation")?,
            delay: fields
                .read("delay", |node| report.duration(node))?
                .unwrap_or(DEFAULT_DELAY),
        });
    }
    Ok(providers)
}
