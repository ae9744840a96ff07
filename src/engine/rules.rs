//! The rules that people store: listed, checked before they are stored, removed; and what they make of
//! a container's policy.

use std::sync::{Arc, PoisonError};

use crate::core::inventory::Container;
use crate::core::policy::Policy;
use crate::core::rule::{self, Rule};
use crate::engine::{Engine, EngineError};

impl Engine {
    /// Returns the stored rules, in the order in which they are laid over one another.
    pub async fn rules(&self) -> Result<Vec<Rule>, EngineError> {
        Ok(self.store.rules().list().await?)
    }

    /// Stores a rule in place of the one of its name.
    pub async fn put_rule(&self, rule: Rule) -> Result<Rule, EngineError> {
        if let Some(problem) = rule.problem() {
            return Err(EngineError::BadRule { name: rule.name, problem });
        }
        self.store.rules().put(rule.clone()).await?;
        log::info!(action = "decide", event = "rule_stored"; "the rule {} was stored", rule.name);
        Ok(rule)
    }

    /// Removes a rule.
    pub async fn remove_rule(&self, name: &str) -> Result<(), EngineError> {
        if !self.store.rules().remove(name).await? {
            return Err(EngineError::NoRule(name.to_owned()));
        }
        log::info!(action = "decide", event = "rule_removed"; "the rule {name} was removed");
        Ok(())
    }

    /// Reads the rules anew, for what is asked until the next look at the host.
    pub(super) async fn learn_rules(&self) -> Result<(), EngineError> {
        let rules: Arc<[Rule]> = self.rules().await?.into();
        *self.known_rules.lock().unwrap_or_else(PoisonError::into_inner) = rules;
        Ok(())
    }

    /// Returns the rules as they were at the last look at the host.
    pub(super) fn known_rules(&self) -> Arc<[Rule]> {
        Arc::clone(&self.known_rules.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns a container's policy.
    pub(super) fn policy_of(&self, container: &Container) -> Policy {
        rule::policy(&self.settings.policy, &self.known_rules(), self.host.id(), container).0
    }
}
