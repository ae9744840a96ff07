//! All integration tests in one binary; one sentence per module says what belongs there.
#![cfg(test)]

/// The house's rules about its own text.
mod architecture;
/// Real files: what is stored is read back, whatever happened to the files meanwhile.
mod store;
