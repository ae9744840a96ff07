//! All integration tests in one binary; one sentence per module says what belongs there.
#![cfg(test)]

/// Real files: what is stored is read back, whatever happened to the files meanwhile.
mod store;
