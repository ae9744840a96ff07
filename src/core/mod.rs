//! Everything the program knows and decides, without any effect: no I/O, no clock, no randomness.

pub mod digest;
pub mod event;
pub mod health;
pub mod history;
pub mod id;
pub mod inventory;
pub mod journal;
pub mod plan;
pub mod recreate;
pub mod reference;
pub mod secret;
