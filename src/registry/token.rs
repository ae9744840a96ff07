//! Bearer tokens: fetched for groups of repositories, kept until they expire.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use http::HeaderValue;
use tokio::time::Instant;

use super::error::RegistryError;
use super::token_server::TokenServer;

/// What a token allows: `repository:library/nginx:pull`.
pub(super) type Scope = Arc<str>;

/// The most repositories that one token is for: some 90 bytes each in a header that goes along with
/// every request, and 8 kB are the most that servers commonly accept.
const GROUP: usize = 25;

/// The longest that the scopes of one group may be together, for the sake of long names.
const LONGEST_GROUP: usize = 3000;

/// How long before its end a token is no longer used.
const MARGIN: Duration = Duration::from_secs(10);

/// The shortest life of a token; servers that say less mean this (as Docker reads it).
const SHORTEST_LIFE: Duration = Duration::from_mins(1);

/// A token and what it was asked for.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) header: HeaderValue,
    scopes: Vec<Scope>,
    /// Whether a request with it was let in.
    worked: AtomicBool,
    expires_at: Instant,
}

impl Token {
    pub(super) fn new(mut header: HeaderValue, scopes: Vec<Scope>, life: Duration) -> Self {
        // A sensitive header does not show in `Debug`, and HTTP/2 keeps it out of its tables.
        header.set_sensitive(true);
        let now = Instant::now();
        let life = life.max(SHORTEST_LIFE).min(Duration::from_hours(24)).saturating_sub(MARGIN);
        Self { header, scopes, worked: AtomicBool::new(false), expires_at: now + life }
    }

    /// Says whether it is for several repositories.
    pub(super) fn is_shared(&self) -> bool {
        self.scopes.len() > 1
    }

    /// Says whether a request with it was let in, so that a later refusal means that it ended.
    pub(super) fn has_worked(&self) -> bool {
        self.worked.load(Ordering::Relaxed)
    }

    /// Remembers that a request with it was let in.
    pub(super) fn let_in(&self) {
        self.worked.store(true, Ordering::Relaxed);
    }

    /// Says whether a server that reads only the first scope would have left this one out.
    pub(super) fn leads_with(&self, scope: &Scope) -> bool {
        self.scopes.first() == Some(scope)
    }
}

/// Why no token came: the error and for how many repositories it was asked.
type Failed = (RegistryError, usize);
type Fetch = BoxFuture<'static, Result<Arc<Token>, Failed>>;
type Fetching = Shared<Fetch>;

/// The tokens of one registry.
#[derive(Debug, Default)]
pub(super) struct Tokens(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    kept: HashMap<Scope, Arc<Token>>,
    under_way: HashMap<Scope, WeakShared<Fetch>>,
    /// What will be asked for soon, so that it joins a group.
    announced: BTreeSet<Scope>,
    /// Repositories that were refused: in a group they would spoil it for the others.
    loners: BTreeSet<Scope>,
    /// Whether the server gives tokens for single repositories only.
    groupless: bool,
}

impl Tokens {
    /// Says that a token will be needed, so that few requests fetch them all.
    pub(super) fn announce(&self, scope: Scope) {
        self.lock().announced.insert(scope);
    }

    /// Forgets every token, because they come from somewhere else from now on.
    pub(super) fn reset(&self) {
        let mut book = self.lock();
        let announced = std::mem::take(&mut book.announced);
        *book = Book { announced, ..Book::default() };
    }

    /// Returns a token for a repository: a kept one, or one for its group.
    pub(super) async fn get(
        &self,
        scope: &Scope,
        server: &TokenServer,
    ) -> Result<Arc<Token>, RegistryError> {
        let fetching = {
            let mut book = self.lock();
            if let Some(token) = book.kept(scope) {
                return Ok(token);
            }
            let joined = book.under_way.get(scope).and_then(WeakShared::upgrade);
            joined.unwrap_or_else(|| {
                let group = book.group_with(scope);
                self.fetch(&mut book, group, server)
            })
        };
        match fetching.await {
            Ok(token) => Ok(token),
            // One repository may have spoiled it for all, unless it is about who we are.
            Err((error, size)) if size > 1 && server.refused_group(&error) => {
                self.alone(scope, server).await
            }
            Err((error, _)) => Err(error),
        }
    }

    /// Fetches a token for one repository and no other.
    pub(super) async fn alone(
        &self,
        scope: &Scope,
        server: &TokenServer,
    ) -> Result<Arc<Token>, RegistryError> {
        let fetching = self.fetch(&mut self.lock(), vec![scope.clone()], server);
        fetching.await.map_err(|(error, _)| {
            if server.refused_group(&error) {
                self.leave_out(scope);
            }
            error
        })
    }

    /// Keeps a repository out of groups from now on.
    pub(super) fn leave_out(&self, scope: &Scope) {
        self.lock().loners.insert(scope.clone());
    }

    /// Asks for single repositories from now on.
    pub(super) fn give_up_groups(&self) {
        self.lock().groupless = true;
    }

    fn fetch(&self, book: &mut Book, group: Vec<Scope>, server: &TokenServer) -> Fetching {
        let (server, shared, scopes) = (server.clone(), self.0.clone(), group.clone());
        let fetching = async move {
            let size = scopes.len();
            let token = server.fetch(scopes).await.map_err(|error| (error, size))?;
            let token = Arc::new(token);
            let mut book = shared.lock().unwrap_or_else(PoisonError::into_inner);
            book.forget_expired();
            for scope in &token.scopes {
                book.kept.insert(scope.clone(), token.clone());
                book.under_way.remove(scope);
            }
            Ok(token)
        };
        let fetching = fetching.boxed().shared();
        if let Some(weak) = fetching.downgrade() {
            for scope in group {
                book.under_way.insert(scope, weak.clone());
            }
        }
        fetching
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn kept(&self, scope: &Scope) -> Option<Arc<Token>> {
        let now = Instant::now();
        self.kept.get(scope).filter(|token| token.expires_at > now).cloned()
    }

    fn forget_expired(&mut self) {
        let now = Instant::now();
        self.kept.retain(|_, token| token.expires_at > now);
    }

    /// Returns the group of a repository: itself and what was announced beside it.
    fn group_with(&mut self, scope: &Scope) -> Vec<Scope> {
        self.announced.remove(scope);
        let mut group = vec![scope.clone()];
        if self.groupless || self.loners.contains(scope) {
            return group;
        }
        let mut length = scope.len();
        while group.len() < GROUP
            && let Some(next) = self.announced.pop_first()
        {
            let settled = self.kept(&next).is_some() || self.loners.contains(&next);
            if settled || self.under_way.get(&next).is_some_and(|weak| weak.upgrade().is_some()) {
                continue;
            }
            length += next.len();
            if length > LONGEST_GROUP {
                self.announced.insert(next);
                break;
            }
            group.push(next);
        }
        group
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(count: usize) -> Vec<Scope> {
        (0..count).map(|number| format!("repository:r{number:03}:pull").into()).collect()
    }

    #[test]
    fn groups_are_of_25_and_leave_nobody_out() {
        let all = scopes(60);
        let mut book = Book { announced: all.iter().cloned().collect(), ..Book::default() };
        let mut grouped = BTreeSet::new();
        let mut sizes = Vec::new();
        for scope in &all {
            if !grouped.contains(scope) {
                let group = book.group_with(scope);
                sizes.push(group.len());
                grouped.extend(group);
            }
        }
        assert_eq!((sizes, grouped.len()), (vec![25, 25, 10], 60));
    }

    #[test]
    fn the_refused_go_alone() {
        let all = scopes(3);
        let mut book = Book { announced: all.iter().cloned().collect(), ..Book::default() };
        book.loners.insert(all[1].clone());
        assert_eq!(book.group_with(&all[1]), [all[1].clone()]);
        assert_eq!(book.group_with(&all[0]), [all[0].clone(), all[2].clone()]);
    }

    #[test]
    fn long_names_make_smaller_groups() {
        let long = |letter: &str| Scope::from(letter.repeat(1400));
        let announced = [long("a"), long("b"), long("c")];
        let mut book = Book { announced: announced.into(), ..Book::default() };
        assert_eq!(book.group_with(&long("a")).len(), 2);
        assert_eq!(book.announced.len(), 1);
    }
}
