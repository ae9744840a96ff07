//! docker-auto keeps Docker containers up to date and never loses one.
#![forbid(unsafe_code)]

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connect;
pub mod core;
pub mod docker;
pub mod engine;
pub mod http;
pub mod logging;
pub mod registry;
pub mod shutdown;
pub mod store;
