//! docker-auto keeps Docker containers up to date and never loses one.
//!
//! This page is the map of the house. Who reads it, then [`core::decision`], [`core::plan`],
//! [`core::journal`], [`engine::execute`] and [`http::routes`] knows the program in half an hour.
//!
//! # The idea
//!
//! ```text
//!            ┌───────────────────────────  engine  ────────────────────────────┐
//!  dockerd ─▶│ discover ──▶ check ──▶ decide ──▶ plan ──▶ execute ──▶ record   │
//!  registry ▶│ Inventory    Remote    core::     core::   Step by     store    │
//!            │ (docker)    (registry) decision   plan     step        journal  │
//!            └──────▲──────────────────────────────────────────────┬───────────┘
//!                   │ commands                                     │ events, records
//!            ┌──────┴───────────────┐                         ┌────▼────┐
//!  people ──▶│ cli · http: ROUTES   │ ◀─────────── reads ─────│  store  │ (redb, journals)
//!            └──────────────────────┘                         └─────────┘
//! ```
//!
//! Effects sit at both ends; *decide* and *plan* in the middle are plain functions. A plan is data:
//! approval, dry run, history, crash recovery and tests all fall out of that.
//!
//! # Layers
//!
//! | layer | modules | may name |
//! |---|---|---|
//! | pure | [`core`] | nothing else: no I/O, no clock, no randomness |
//! | edges | [`config`], [`store`], [`connect`], [`docker`], [`registry`] | `core`; `docker` and `registry` also `connect`; `store` also the [`clock`] |
//! | flow | [`engine`] | the layers above |
//! | face | [`http`] | `engine`, `store`, `core` |
//! | root | [`app`], [`cli`] | everything |
//!
//! [`clock`], [`logging`] and [`shutdown`] serve all layers but `core`. The tests in
//! `tests/it/architecture` read every file and hold the table to it.
//!
//! # Invariants
//!
//! 1. `core` names no effect.
//! 2. Decisions are total: bad outside data gives a value with a reason, never an error. Parsers
//!    return `Result`; reading labels gives a patch and a list of problems.
//! 3. Nothing changes a container except a [`core::plan::Step`] that stands in the journal already;
//!    only [`engine::execute`] runs steps, and a server those that make its helper. Hooks of a check
//!    are a container's own commands and change nothing that is ours.
//! 4. A plan is immutable and complete: names, bodies, networks, time-outs and order are in it, and
//!    what takes each step back. The executor chooses nothing.
//! 5. Every step is idempotent, and has an undo or stands after the point of no return.
//! 6. Only `docker` names bollard, only `store` names redb, only `config` reads the environment,
//!    only `main` ends the process.
//! 7. A handler in `http` does not decide: it parses, asks the engine or the store, shapes a view.
//! 8. Shapes on the wire are types of their own; stored shapes carry a version.
//! 9. Secrets are [`core::secret::Secret`]: no `Display`, `***` in `Debug`, never in a log line.
//! 10. Shutdown stops at a boundary of the journal; recovery at the start is the only recovery.
//!
//! # An update
//!
//! [`engine::check`] looks at the host with two list calls, asks each registry once per distinct
//! reference, and lets [`core::decision::decide`] judge; [`core::decision::explain`] is the same
//! judgement with every question kept, and [`core::text`] tells it in the languages of people. For
//! containers that follow versions it also lists their repositories' tags and lets
//! [`core::version::choose`] say which could take their place; those are looked at, the newest first,
//! as long as something stands against each of them. What lies beyond is looked at once, the newest
//! first, and told of where it could run. A scheduled check of many images asks each
//! registry in lots, spread over a part of the time to the next one; a person waits for nothing.
//!
//! For an update `engine::prepare` gathers all there is to know — the container's and the image's
//! inspect, the new image's config from the registry — and [`core::recreate`] takes apart what the
//! user, the image and the engine gave.
//! [`core::plan::recreate`] lays the steps out: pull, create beside, then the short window of stop,
//! restart policy, two renames and start, then the health gate. Until the gate opens the old
//! container is untouched but stopped; only then it is removed.
//!
//! Others may have to go along: [`core::dependency`] reads who needs whom. Whoever holds on to the old
//! object (a namespace, a link, volumes) is a sharer and is made anew on its own image; whoever asked
//! for it is a dependent and is restarted, with those that live in its namespaces, unless
//! `engine::staying` says that it stays up. All of them are members of one plan, stop before and start
//! after what they need, and come back together. Who has to run to an end before it, and asks for that
//! (`engine::reruns`), is run again while the old container still serves.
//!
//! Where a label or a person asks for it, the data is saved between the stop and the swap, through a
//! container that is made for that and never started ([`core::backup`]): by then everything else that
//! could fail has been done. A rollback can bring it back; that happens before anything is stopped,
//! into fresh volumes, so that nothing which is there is written over.
//!
//! A version that moves may be written into the container's Compose file as well: where it is said
//! there is found when planning ([`core::compose::edit`]), with everything resolved that Compose
//! resolves, and nothing is written that would mean anything else for anybody else. The step stands
//! behind the point of no return: a file says what is proven, and a failure there is a warning. The
//! new container has Compose's own mark of the changed settings, where that can be told.
//!
//! What only the object holds is kept for the day when it is gone: files of a container that the
//! engine removes (`--rm`) wait in one that is never started. Volumes that nobody named have to be
//! named to be carried; [`core::anonymous`] remembers them, and the check after the end of a `--rm`
//! container removes its own: the one thing that is removed outside of an operation.
//!
//! What happens on a host between two checks is told by its engine: [`core::notice`] reads its
//! events, and the loop of `serve` looks again at the containers that they are about, once the host
//! had time to settle.
//!
//! The loop of `serve` sleeps to the earliest of the next check, the next update, the turns of
//! containers' own schedules, and the moments at which what holds an update ends. It follows each by
//! a [`core::window::Course`]: however the clock jumps, a run that was missed is made up for once, and
//! the next one comes within an interval.
//!
//! # A crash
//!
//! The journal of an open operation is one append-only file: the plan, then a line before and after
//! each step, each on the disk before its effect. At the next start the engine is asked what is
//! there, that is appended as well, and [`core::journal::next`] says what comes: the same function
//! that says it in a run without a crash. Before the swap it takes back, while the new container is
//! proven it goes on if that one is as it should be, after the point of no return it tidies up.
//! Where lines of the journal were lost, nothing is removed any more and a person is asked to look.
//! Three wake-ups in one operation force the way back, six park it for a person.
//!
//! # Ourselves
//!
//! The container that we run in is replaced by the same plan, in which [`core::plan::Step::HandOver`]
//! stands before the first stop: it starts a helper, which carries out the rest. The helper is made
//! like our own container ([`core::ourselves`]) and of the image that we run, not of the new one: what
//! wrote the journal carries it out, and is known to be good. The journal's file has a lock, so that
//! one process at a time drives an operation; we let it go, the helper takes it, looks (`Resumed`) and
//! goes on as after a crash. It opens no database: what is to be remembered stands in the journal, and
//! the server files it away when all is over.
//!
//! A server that finds such an operation open does not drive it forward, wherever it stands: it says that it
//! serves (`operations/<operation>.ready`, with its container and that one's start, which is what the
//! gate asks for), sees to it that the helper runs, makes it anew from the plan if it is gone, and
//! waits for the end. Meanwhile no other operation begins. Only where the helper gets nowhere and nothing
//! is touched yet, the server removes it, takes the journal and goes back. Between the old one's stop and the new one's
//! start the helper copies the database, and the way back puts the copy in its place, once. The helper
//! removes its own container; the server does it as well, should it be left.
//!
//! # A request
//!
//! `serve` listens on a control socket in its data directory, whose permissions are the access rule,
//! and offers the probes on TCP. A request is matched against [`http::routes::ROUTES`]; updates run
//! in tasks of their own and a request only follows their events, so that a closed connection stops
//! nothing. The command line asks the control socket where a server runs, and else does the same
//! work itself under the data directory's lock. An operation that replaces the server ends the stream
//! as soon as it is handed over.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | reference, tag, digest, manifest, index, platform | as Docker and OCI use them |
//! | target | one updatable thing: a container by its name on a host |
//! | inventory | what a host holds at one moment |
//! | foreign | a label or variable of another tool, which is turned into ours before ours are read |
//! | candidate | an image that could run in a target's place |
//! | decision | up to date, update, hold, skip or unknown; each with its reason |
//! | track, family | how far a container's version may move; the tags that could take one another's place |
//! | setting, key | what a variable or a label says; a variable's name in the configuration file |
//! | policy | what may be done with a target, every field with its origin |
//! | rule | settings that a person stored for the targets that it matches |
//! | offer, passed over | a newer version that was looked at; one that is not taken, and why |
//! | glimpse, outlook | what a look at a version beyond has shown; what can be told of them all |
//! | lot, spread | questions that are asked together; over how much time a check takes its lots |
//! | verdict | a person's word on one image in a target's place |
//! | pause | a person's word that nothing of a target, a group or everything is updated |
//! | chain | the questions of a judgement, in order, with their answers |
//! | plan, step, undo | what will be done, in order, and what takes it back |
//! | operation | one plan on its way to its outcome |
//! | journal, entry, position | what is written of an open operation, and where in its plan |
//! | outcome | how an operation ended |
//! | record, history | what is kept of an operation that ended |
//! | gate | what a new container must show before it counts |
//! | evidence | what a failed container leaves: logs, exit code, health output |
//! | member | a container of a plan: the one that is updated, a sharer or a dependent |
//! | sharer | a container that is made anew because it holds on to the one that is replaced |
//! | dependent | a container that is restarted with the one that it needs |
//! | rerun | a container that ends by itself and is run to its end again before another one is replaced |
//! | layer | the files that a container wrote outside its mounts; some of them are carried |
//! | hook, probe | a command inside a container around its update or check; what a new container must answer |
//! | vantage | where a port of a new container is asked from: here, or from inside its network |
//! | reject | an image that failed on a target and is not tried there again, nor on its siblings |
//! | sibling | another replica of a compose service, or member of a group with the same reference |
//! | window, blackout | the times of a week in which updates may begin; the dates on which none may |
//! | cooldown, sighting | how old an image must be to be taken; since when a candidate is known |
//! | turn | the moment at which a container's own schedule comes round |
//! | scope | whose matter a container is, where several instances share a host |
//! | agenda | what `serve` wakes up for beside its own timetables |
//! | notice | what an event of the engine means for what is known of its host |
//! | snapshot | what the engine showed of a container and its image while both were there |
//! | backup, archive | what was saved of a container's data before an update; one mount of it |
//! | restore | to put what was saved into fresh volumes, which the container has from then on |
//! | edit, change | the one piece of a file that says a tag; the same as it stands in a plan |
//! | mark | Compose's digest of a service's settings, which its container carries |
//! | helper | the container from which docker-auto's own container is replaced |
//! | wake | a look at the engine after a crash or an outage, before going on |
//!
//! Rooms that are still empty have no file: people and rights, the panel, notifications, several
//! hosts. They will be `auth`, `static`, `notify` and one engine per host.
#![forbid(unsafe_code)]

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connect;
pub mod core;
pub mod docker;
pub mod engine;
pub mod http;
pub mod logging;
pub mod registry;
pub mod shutdown;
pub mod store;
