//! The limit: what a check costs when nothing is done but the requests that it cannot do without.
//!
//! Two lists of the engine, then one HEAD for each image over K connections (HTTP/1.1) or K streams (HTTP/2). Where
//! tokens are wanted: one challenge, tokens for 25 repositories each, all at once on a second connection.

use super::target::{Found, Realm, Wanted, look};
use super::wire::{Connection, Protocol, Wire};
use super::{Report, Task, Visits};
use crate::fault::Fault;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use http::Method;
use std::cell::RefCell;
use std::time::Instant;

/// The scopes of one token.
const GROUP: usize = 25;

/// Runs the check twice: cold, and again with connections and tokens at hand.
pub(crate) async fn run(task: &Task, protocol: Protocol, width: usize) -> Result<Report, Fault> {
    let wire = Wire::new(task.ca.as_deref(), protocol)?;
    let found = look(&wire, &task.engine).await?;
    let limit = Limit::open(&wire, &found, width).await?;
    let up_to_date = limit.heads(&found.wanted).await?;
    let cold = Report { up_to_date, ..Report::default() };
    if task.visits == Visits::One {
        return Ok(cold);
    }
    let start = Instant::now();
    let found = look(&wire, &task.engine).await?;
    let up_to_date = limit.heads(&found.wanted).await?;
    Ok(Report { up_to_date, again_ms: Some(start.elapsed().as_secs_f64() * 1000.0) })
}

struct Limit {
    /// Connections on which nothing is asked just now.
    idle: RefCell<Vec<Connection>>,
    /// The first connection, which HTTP/2 uses for everything.
    first: Connection,
    width: usize,
    /// A token for each group of repositories, in their order; none where the registry is open.
    tokens: Vec<String>,
}

impl Limit {
    async fn open(wire: &Wire, found: &Found, width: usize) -> Result<Self, Fault> {
        let needed = match wire.protocol() {
            Protocol::One => width.min(found.wanted.len()),
            Protocol::Two => 1,
        };
        let connections: Vec<Connection> = stream::iter(0..needed)
            .map(|_| wire.connect(&found.registry))
            .buffer_unordered(needed)
            .try_collect()
            .await?;
        let first = connections.first().ok_or("no containers")?.clone();
        let tokens = if wire.encrypts() { tokens(wire, found, &first).await? } else { Vec::new() };
        let idle = match wire.protocol() {
            Protocol::One => connections,
            Protocol::Two => Vec::new(),
        };
        Ok(Self { idle: RefCell::new(idle), first, width, tokens })
    }

    /// Asks for every manifest and returns how many images are up to date.
    async fn heads(&self, wanted: &[Wanted]) -> Result<usize, Fault> {
        stream::iter(wanted.iter().enumerate())
            .map(|(number, wanted)| self.head(number, wanted))
            .buffer_unordered(self.width)
            .try_fold(0, async |sum, is| Ok(sum + usize::from(is)))
            .await
    }

    async fn head(&self, number: usize, wanted: &Wanted) -> Result<bool, Fault> {
        let own = self.idle.borrow_mut().pop();
        let connection = own.as_ref().unwrap_or(&self.first);
        let token = self.tokens.get(number / GROUP).map(String::as_str);
        let answer = connection.ask(Method::HEAD, &wanted.manifest(), token).await?;
        self.idle.borrow_mut().extend(own);
        Ok(wanted.is(&answer))
    }
}

/// Provokes the challenge and fetches all tokens, at once and on one connection.
async fn tokens(wire: &Wire, found: &Found, first: &Connection) -> Result<Vec<String>, Fault> {
    let path = found.wanted.first().ok_or("no containers")?.manifest();
    let answer = first.ask(Method::HEAD, &path, None).await?;
    let realm = Realm::of(&answer).ok_or("the registry sends no challenge")?;
    let server = wire.connect(&realm.address).await?;
    stream::iter(found.wanted.chunks(GROUP))
        .map(|group| realm.token(&server, group.iter()))
        .buffered(found.wanted.len())
        .try_collect()
        .await
}
