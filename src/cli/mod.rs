//! The command line: what was asked, who answers it, how it is shown, and the exit code.

pub mod arguments;
pub mod backend;
pub mod control;
pub mod migrate;
pub mod run;
pub mod show;

pub use self::migrate::migrate;
pub use self::run::{CommandError, INTERRUPTED, healthcheck, print, probe, run, warn};
