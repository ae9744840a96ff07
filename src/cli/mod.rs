//! The command line: what was asked, who answers it, how it is shown, and the exit code.

pub mod arguments;
pub mod control;
pub mod show;
