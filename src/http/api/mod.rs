//! Handlers, one file per resource: each parses, asks the engine or the store, and shapes a view.

pub mod health;
pub mod history;
pub mod images;
pub mod operations;
pub mod registries;
pub mod rules;
pub mod verdicts;
