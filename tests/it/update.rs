//! Updates by the program itself on real engines: what stops them before anything happens, what takes
//! them back, in which order they go, and what becomes of them when somebody else interferes.

mod broken;
mod disk;
mod hooks;
mod images;
mod meddling;
mod order;
mod outage;
mod planned;
mod ports;
mod probes;
mod refused;
mod vanished;
mod versions;
