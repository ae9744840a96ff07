//! The registry client against scripted registries in the test's own process and real ones in the lab.

mod artifacts;
mod connect;
mod counts;
mod credentials;
mod door;
mod fake;
mod faults;
mod fleet;
mod guess;
mod hub;
mod images;
mod mirrors;
mod names;
mod providers;
mod real;
mod routes;
mod tags;
mod tokens;
