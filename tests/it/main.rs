//! All integration tests in one binary; one sentence per module says what belongs there.

/// Containers as engines show them, and the bodies that make them anew.
mod recreate;
