//! The flow: discover, check, decide, plan, execute, record.

pub mod execute;
pub mod limits;
