//! docker-auto keeps Docker containers up to date and never loses one.
#![forbid(unsafe_code)]

pub mod cli;
pub mod core;
pub mod engine;
