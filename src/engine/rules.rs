//! The rules that people store: listed, checked before they are stored, removed.

use crate::core::rule::Rule;
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
}
