//! All integration tests in one binary; one sentence per module says what belongs there.

/// Environment variables → configuration and problems.
mod config;
/// Stories of containers → decisions with their reasons.
mod decide;
/// The lab itself: engines, registries and faults are what the other tests take them for.
mod lab;
mod support;
/// Schedules, across clock changes too, and missed runs.
mod window;
