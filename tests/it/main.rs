//! All integration tests in one binary; one sentence per module says what belongs there.

/// The lab itself: engines, registries and faults are what the other tests take them for.
mod lab;
mod support;
