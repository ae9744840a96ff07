//! All integration tests in one binary; one sentence per module says what belongs there.

/// The lab itself: engines, registries and faults are what the other tests take them for.
mod lab;
/// The registry client against scripted and real registries.
mod registry;
mod support;
