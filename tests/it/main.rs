//! All integration tests in one binary; one sentence per module says what belongs there.
#![cfg(test)]

/// The house's rules about its own text.
mod architecture;
/// Data that is saved before an update, and comes back with a rollback.
mod backup;
/// The command line as people and scripts use it.
mod command;
/// Docker Compose beside us: what it makes of containers that we have updated.
mod compose;
/// Compose files as text: what is written when a version moves, and what is left to people.
mod compose_file;
/// Environment variables → configuration and problems.
mod config;
/// The program and the engine are killed at every call of an update; a container is never lost.
mod crash;
/// Stories of containers → decisions with their reasons.
mod decide;
/// The examples are what they say, and work.
mod demo;
/// Containers that need one another: made anew, restarted and brought back together, in order.
mod dependency;
/// What is taken for newer, and what is not: digests, indexes, local images, registries in trouble.
mod detection;
/// What is asked of an engine: versions, facts, inventory and inspects.
mod docker_host;
/// Pulls: progress, verification, and registries that misbehave.
mod docker_pull;
/// Real engines: containers made anew are the same again.
mod docker_recreate;
/// Each step of a plan, twice, on each kind of engine.
mod docker_step;
/// Engines that are dead, frozen, closed, out of date or no engines at all.
mod docker_trouble;
/// Each variable and label of the README's tables: what is different with it.
mod effects;
/// Updates by the program: what was asked for stays, what the image brought changes with it.
mod fidelity;
/// The image as it is shipped, beside a container that it updates.
mod image;
/// Every crash, fault and neighbour at every call of an operation, over a model of the engine.
mod journal;
/// The lab itself: engines, registries and faults are what the other tests take them for.
mod lab;
/// What other tools were told on a host, and what it means here.
mod migrate;
/// Containers as engines show them, and the bodies that make them anew.
mod recreate;
/// The registry client against scripted and real registries.
mod registry;
/// docker-auto in a container replaces itself, and comes back whatever happens meanwhile.
mod self_update;
/// The server: when it works, what it may change, how it answers and ends.
mod serve;
/// The binary is one file that needs nothing else.
mod static_binary;
/// Real files: what is stored is read back, whatever happened to the files meanwhile.
mod store;
mod support;
/// Bad input and faults all around: named with their cure, and no container the worse for it.
mod trouble;
/// Updates by the program: what stops them, what takes them back, who interferes.
mod update;
/// Versions: real tags of repositories, and which of them may take another's place.
mod version;
/// Schedules, across clock changes too, and missed runs.
/// Schedules, windows and dates, across clock changes too, and missed runs.
mod window;
