//! The registry client against scripted registries in the test's own process and real ones in the lab.

mod connect;
mod counts;
mod credentials;
mod door;
mod fake;
mod faults;
mod guess;
mod images;
mod mirrors;
mod real;
mod routes;
mod tags;
mod tokens;
