//! docker-auto keeps Docker containers up to date and never loses one.
#![forbid(unsafe_code)]

pub mod cli;
pub mod clock;
pub mod connect;
pub mod core;
pub mod docker;
pub mod engine;
pub mod logging;
pub mod shutdown;
