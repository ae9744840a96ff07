//! docker-auto in a container replaces itself, and comes back whatever happens meanwhile.

mod bad;
mod crash;
mod good;
mod house;
mod interrupted;
mod look;
mod neighbour;
mod refused;
