//! The command line as people and scripts use it.

mod harmless;
mod output;
mod secrets;
mod usage;
