//! What the tests are built from: the lab's engines and registries, faults, and the program itself.

pub(crate) mod fake_host;
