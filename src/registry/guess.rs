//! Asks a registry that is named insecure without TLS while it is still being tried with it.
//!
//! Docker tries such registries with TLS first, and so do we: an answer without TLS counts only once
//! TLS has failed. Nothing but anonymous questions is sent before that, so a wrong guess costs some
//! connections, and a right one saves the three round trips of waiting for the failure.

use std::sync::Arc;

use futures_util::future::{BoxFuture, Either, FutureExt as _, Shared, select};

use super::client::{Answer, Budget, Client, Request};
use super::error::RegistryError;
use super::limit::Limit;
use super::peer::{Link, Peer};
use super::pool::{MOST_CONNECTIONS, Pools, Security};

/// The way that was found beside the guess; `None` if there is none with TLS.
type Found = Shared<BoxFuture<'static, Option<Arc<Link>>>>;

/// A guess that a registry speaks no TLS, while that is found out.
#[derive(Clone, Debug)]
pub(super) struct Guess {
    /// The way without TLS.
    plain: Arc<Link>,
    with_tls: Found,
}

impl Guess {
    fn new(peer: &Arc<Peer>, pools: &Arc<Pools>) -> Self {
        let (own, pools) = (Arc::downgrade(peer), pools.clone());
        let with_tls = async move {
            let peer = own.upgrade()?;
            peer.find_with_tls(&pools).await.ok()
        };
        // One connection is the one with TLS.
        let limit = Arc::new(Limit::new(peer.most.min(MOST_CONNECTIONS - 1)));
        let plain = Arc::new(Link { security: Security::Plain, http2: false, limit });
        Self { plain, with_tls: with_tls.boxed().shared() }
    }
}

impl Client {
    /// Sends an anonymous request without TLS, if that is worth a guess; returns `None` if the host
    /// speaks TLS after all.
    pub(super) async fn guess(
        &self,
        peer: &Arc<Peer>,
        request: &Request<'_>,
    ) -> Option<Result<Answer, RegistryError>> {
        if peer.known_link().is_some() || !peer.key.is_plain_likely() {
            return None;
        }
        let guess = peer.guess(|| Guess::new(peer, &self.pools));
        let mut budget = Budget::of(request);
        let asking = async {
            let _turn = guess.plain.limit.acquire().await;
            let _connection = self.connections.acquire().await.ok();
            self.attempt_over((peer, &guess.plain), request, &mut budget).await
        };
        let found = match select(guess.with_tls.clone(), Box::pin(asking)).await {
            Either::Left((Some(link), _)) => Err(link),
            Either::Left((None, asking)) => Ok(asking.await),
            // What is said without TLS does not count where there is TLS.
            Either::Right((asked, with_tls)) => with_tls.await.map_or(Ok(asked), Err),
        };
        match found {
            Err(link) => {
                peer.end_guess(Some(link));
                None
            }
            Ok(asked) => {
                peer.end_guess(asked.is_ok().then(|| guess.plain.clone()));
                Some(self.repeat((peer, request), asked, budget).await)
            }
        }
    }
}
