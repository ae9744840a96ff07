//! The shapes on the wire: their own types, so that the core may change without them.

pub mod container;
pub mod hook;
pub mod image;
pub mod operation;
pub mod registry;
pub mod verdict;
pub mod why;
