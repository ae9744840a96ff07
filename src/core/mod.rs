//! Everything the program knows and decides, without any effect: no I/O, no clock, no randomness.

pub mod candidate;
pub mod comparison;
pub mod compose;
pub mod decision;
pub mod dependency;
pub mod digest;
pub mod duration;
pub mod event;
pub mod health;
pub mod history;
pub mod hook;
pub mod id;
pub mod inventory;
pub mod journal;
pub mod labels;
pub mod plan;
pub mod policy;
pub mod probe;
pub mod recreate;
pub mod reference;
pub mod remote;
pub mod secret;
pub mod suggestion;
pub mod value;
pub mod window;
