//! Bad input and faults of everything around: named with their cure, and no container the worse for it.

mod answers;
mod data;
mod labels;
mod registries;
