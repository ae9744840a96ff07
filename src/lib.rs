//! docker-auto keeps Docker containers up to date and never loses one.
#![forbid(unsafe_code)]

pub mod connect;
pub mod core;
pub mod registry;
