//! All integration tests in one binary; one sentence per module says what belongs there.

/// Real engines: containers made anew are the same again.
mod docker_recreate;
/// The lab itself: engines, registries and faults are what the other tests take them for.
mod lab;
/// Containers as engines show them, and the bodies that make them anew.
mod recreate;
mod support;
