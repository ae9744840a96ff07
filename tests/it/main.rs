//! All integration tests in one binary; one sentence per module says what belongs there.

/// Every crash, fault and neighbour at every call of an operation, over a model of the engine.
mod journal;
/// The lab itself: engines, registries and faults are what the other tests take them for.
mod lab;
mod support;
