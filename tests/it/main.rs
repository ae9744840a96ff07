//! All integration tests in one binary; one sentence per module says what belongs there.

/// The program and the engine are killed at every call of an update; a container is never lost.
mod crash;
/// The lab itself: engines, registries and faults are what the other tests take them for.
mod lab;
mod support;
