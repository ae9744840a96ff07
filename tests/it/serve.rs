//! The server: when it works, what it may change, how it answers, ends, and lives with engines in trouble.

mod away;
mod consent;
mod control;
mod ending;
mod hooks;
mod instance;
mod noise;
mod notices;
mod people;
mod times;
mod timing;

pub(crate) use consent::changes;
pub(crate) use timing::{Loop, midnight};
