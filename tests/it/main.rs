//! All integration tests in one binary; one sentence per module says what belongs there.

/// Every crash, fault and neighbour at every call of an operation, over a model of the engine.
mod journal;
mod support;
