//! Every crash, fault and neighbour at every call of an operation, over a model of the engine.

mod drive;
mod fingerprint;
mod invariants;
mod matrix;
mod rows;
mod scenario;
mod story;
