//! The command line as people and scripts use it.

mod decide;
mod harmless;
mod output;
mod secrets;
mod usage;
