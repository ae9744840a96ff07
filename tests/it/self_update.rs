//! docker-auto in a container replaces itself, and comes back whatever happens meanwhile.

mod bad;
mod good;
mod house;
mod interrupted;
mod refused;
