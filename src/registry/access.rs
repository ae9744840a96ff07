//! Sends a request to a registry with whatever it takes to be let in.

use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};
use url::Url;

use super::challenge::{self, Bearer, Challenge};
use super::client::{Answer, Client, Request};
use super::credentials::{Credentials, Found, Login};
use super::ecr::Ecr;
use super::error::RegistryError;
use super::host::{Host, Way};
use super::insecure::split_port;
use super::peer::{PeerKey, Schemes};
use super::pool::Security;
use super::token::{Scope, Token};
use super::token_server::TokenServer;

/// How often an answer may point elsewhere.
const MOST_REDIRECTS: usize = 5;

/// Sends requests with credentials.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) client: Arc<Client>,
    pub(super) credentials: Credentials,
    pub(super) ecr: Ecr,
}

/// What is shown with a request.
enum Pass {
    Nothing,
    Fixed(HeaderValue),
    Token(Arc<Token>),
}

impl Pass {
    fn header(&self) -> Option<&HeaderValue> {
        match self {
            Self::Nothing => None,
            Self::Fixed(header) => Some(header),
            Self::Token(token) => Some(&token.header),
        }
    }

    fn let_in(&self) {
        if let Self::Token(token) = self {
            token.let_in();
        }
    }
}

impl Access {
    /// Sends a request; an answer of 401 or 403 is final.
    pub(super) async fn call(
        &self,
        host: &Host,
        request: &Request<'_>,
        scope: &Scope,
    ) -> Result<Answer, RegistryError> {
        let refused = match self.introduce(host, request).await? {
            Some(answer) if answer.status != StatusCode::UNAUTHORIZED => return Ok(answer),
            other => other,
        };
        let pass = self.pass(host, request.doing, scope).await?;
        if let (Some(answer), Pass::Nothing) = (refused, &pass) {
            return Ok(answer);
        }
        let answer = self.send(host, request, &pass).await?;
        if !is_refused(&answer) {
            pass.let_in();
            return Ok(answer);
        }
        let Some(other) = self.other_pass(host, request.doing, (scope, &pass, &answer)).await?
        else {
            return Ok(answer);
        };
        let answer = self.send(host, request, &other).await?;
        if !is_refused(&answer) {
            other.let_in();
        }
        if let (Pass::Token(token), Pass::Token(_)) = (&pass, &other)
            && token.is_shared()
        {
            match is_refused(&answer) {
                true => host.tokens.leave_out(scope),
                false if !token.leads_with(scope) => host.tokens.give_up_groups(),
                false => {}
            }
        }
        Ok(answer)
    }

    /// Finds the credentials for a registry.
    pub(super) async fn found(&self, host: &Host) -> Found {
        self.found_for(&host.name, &host.account).await
    }

    /// Finds what a registry accepts of an account, named as in image references, and its path.
    pub(super) async fn found_for(&self, registry: &str, path: &str) -> Found {
        let found = self.credentials.find(registry, path).await;
        self.ecr.exchange(&self.client, registry, found).await
    }

    /// Sends the first request of all to a registry alone and without credentials: its refusal says
    /// how to get in. Returns the answer, or `None` if another request was the first.
    async fn introduce(
        &self,
        host: &Host,
        request: &Request<'_>,
    ) -> Result<Option<Answer>, RegistryError> {
        if host.way().is_some() {
            return Ok(None);
        }
        if let Some(guessed) = self.guess(host, request).await {
            let answer = guessed.inspect_err(|_| host.stumble())?;
            learn(host, &answer);
            return Ok(Some(answer));
        }
        let _alone = host.learning.lock().await;
        if host.way().is_some() || host.has_stumbled() {
            return Ok(None);
        }
        let sent = self.send(host, request, &Pass::Nothing).await;
        let answer = sent.inspect_err(|_| host.stumble())?;
        learn(host, &answer);
        Ok(Some(answer))
    }

    /// Sends a request at once to a registry that most likely lets everyone in without TLS: whoever
    /// has credentials for it expects to be asked for them, and finds out how alone.
    async fn guess(
        &self,
        host: &Host,
        request: &Request<'_>,
    ) -> Option<Result<Answer, RegistryError>> {
        if !host.peer.key.is_plain_likely() || self.found(host).await.account.is_some() {
            return None;
        }
        let request = Request { account: &host.account, ..request.clone() };
        let guessed = self.client.guess(&host.peer, &request).await;
        guessed.filter(|guessed| guessed.as_ref().map_or(true, |it| !is_redirect(it.status)))
    }

    async fn pass(&self, host: &Host, doing: &str, scope: &Scope) -> Result<Pass, RegistryError> {
        let way = host.way();
        if matches!(way, None | Some(Way::Open)) {
            return Ok(Pass::Nothing);
        }
        let found = self.found(host).await;
        let login = found.account.as_ref().map(|account| &account.login);
        match (way, login) {
            (Some(Way::Bearer(_)), Some(Login::RegistryToken(token))) => {
                let header = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
                Ok(header.map_or(Pass::Nothing, Pass::Fixed))
            }
            (Some(Way::Bearer(bearer)), _) => {
                let server = self.token_server(host, doing, bearer, found)?;
                Ok(Pass::Token(host.tokens.get(scope, &server).await?))
            }
            (_, login) => Ok(login.and_then(Login::basic).map_or(Pass::Nothing, Pass::Fixed)),
        }
    }

    /// Returns what else could be shown after a refusal: what the registry now asks for, or a token
    /// for this one repository.
    async fn other_pass(
        &self,
        host: &Host,
        doing: &str,
        (scope, pass, answer): (&Scope, &Pass, &Answer),
    ) -> Result<Option<Pass>, RegistryError> {
        if answer.status == StatusCode::UNAUTHORIZED
            && let Some(challenge) = challenge_of(answer)
            && (host.learn(challenge.into()) || matches!(pass, Pass::Nothing))
        {
            let next = self.pass(host, doing, scope).await?;
            return Ok((!matches!(next, Pass::Nothing)).then_some(next));
        }
        let (Pass::Token(token), Some(Way::Bearer(bearer))) = (pass, host.way()) else {
            return Ok(None);
        };
        if !token.is_shared() && !token.has_worked() {
            return Ok(None);
        }
        let server = self.token_server(host, doing, bearer, self.found(host).await)?;
        Ok(Some(Pass::Token(host.tokens.alone(scope, &server).await?)))
    }

    fn token_server(
        &self,
        host: &Host,
        doing: &str,
        bearer: Arc<Bearer>,
        found: Found,
    ) -> Result<TokenServer, RegistryError> {
        let own = &host.peer.key;
        let plain = host.peer.known_link().is_some_and(|link| link.security == Security::Plain);
        let registry = challenge::Registry { host: split_port(&own.authority).0, plain };
        let tolerated = |authority: &str, port| own.tolerance.covers(authority, port);
        challenge::check_realm(&bearer.realm, &registry, tolerated)
            .map_err(|reason| RegistryError::bad_answer(doing, reason))?;
        let at_home =
            address(&host.peer, "/").is_some_and(|url| url.origin() == bearer.realm.origin());
        let elsewhere = || self.client.peer(PeerKey::of_url(&bearer.realm, own.tolerance.clone()));
        let peer = if at_home { host.peer.clone() } else { elsewhere() };
        Ok(TokenServer {
            client: self.client.clone(),
            peer,
            bearer,
            registry: host.name.clone(),
            account: host.account.as_str().into(),
            found,
            other_method: host.other_method.clone(),
        })
    }

    /// Sends a request and goes where its answers point; credentials stay with the first host.
    async fn send(
        &self,
        host: &Host,
        request: &Request<'_>,
        pass: &Pass,
    ) -> Result<Answer, RegistryError> {
        let mut request = Request { account: &host.account, ..request.clone() };
        if let Some(header) = pass.header() {
            request.headers.insert(header::AUTHORIZATION, header.clone());
        }
        let mut peer = host.peer.clone();
        for _ in 0..=MOST_REDIRECTS {
            let answer = self.client.call(&peer, &request).await?;
            if !is_redirect(answer.status) {
                return Ok(answer);
            }
            let bad = |reason| RegistryError::bad_answer(request.doing, reason);
            let base = address(&peer, &request.path).ok_or_else(|| bad("its address is none"))?;
            let next = location(&answer, &base).ok_or_else(|| bad("it points nowhere"))?;
            let key = PeerKey::of_url(&next, host.peer.key.tolerance.clone());
            if next.scheme() != "https" && base.scheme() == "https" && !key.is_tolerated() {
                return Err(bad("it points from https to an address without TLS"));
            }
            if next.origin() != base.origin() {
                request.headers.remove(header::AUTHORIZATION);
                peer = self.client.peer(key);
            }
            next[url::Position::BeforePath..url::Position::AfterQuery]
                .clone_into(&mut request.path);
        }
        Err(RegistryError::bad_answer(request.doing, "it points from one address to another"))
    }
}

/// Remembers how a registry let in, or would have, who showed nothing.
fn learn(host: &Host, answer: &Answer) {
    if answer.status != StatusCode::UNAUTHORIZED {
        host.learn_open();
    } else if let Some(challenge) = challenge_of(answer) {
        host.learn(challenge.into());
    }
}

fn is_refused(answer: &Answer) -> bool {
    matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn challenge_of(answer: &Answer) -> Option<Challenge> {
    let values = answer.headers.get_all(header::WWW_AUTHENTICATE).iter();
    Challenge::read(values.filter_map(|value| value.to_str().ok()))
}

/// Returns the absolute address of a path on a host that was reached.
fn address(peer: &super::peer::Peer, path: &str) -> Option<Url> {
    let plain = match peer.key.schemes {
        Schemes::Http => true,
        Schemes::Https => false,
        Schemes::Registry => peer.known_link()?.security == Security::Plain,
    };
    let scheme = if plain { "http" } else { "https" };
    Url::parse(&format!("{scheme}://{}{path}", peer.key.authority)).ok()
}

fn location(answer: &Answer, base: &Url) -> Option<Url> {
    let location = answer.headers.get(header::LOCATION)?.to_str().ok()?;
    let url = base.join(location).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}
