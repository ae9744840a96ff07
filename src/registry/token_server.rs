//! Asks a registry's token server, by GET as Docker always did or by POST as OAuth 2 does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;

use super::challenge::{Bearer, authority};
use super::client::{Answer, Client, Request};
use super::credentials::{Found, Login};
use super::error::RegistryError;
use super::peer::Peer;
use super::refusal;
use super::token::{Scope, Token};
use crate::core::secret::Secret;

/// The longest answer with a token.
const LONGEST_TOKEN: usize = 1024 * 1024;

/// Our name for token servers.
const CLIENT: &str = "docker-auto";

/// A registry's token server, and who asks it.
#[derive(Clone, Debug)]
pub(super) struct TokenServer {
    pub(super) client: Arc<Client>,
    pub(super) peer: Arc<Peer>,
    pub(super) bearer: Arc<Bearer>,
    /// The registry for which tokens are asked, for error texts.
    pub(super) registry: Arc<str>,
    /// Whose quota its answers are of.
    pub(super) account: Arc<str>,
    pub(super) found: Found,
    /// Whether the server was found to want the other method than the usual one.
    pub(super) other_method: Arc<AtomicBool>,
}

/// A token server's answer; which of the two names it uses differs.
#[derive(Deserialize)]
struct Granted {
    token: Option<Secret>,
    access_token: Option<Secret>,
    expires_in: Option<f64>,
}

impl TokenServer {
    /// Asks for one token for all scopes.
    pub(super) async fn fetch(&self, scopes: Vec<Scope>) -> Result<Token, RegistryError> {
        let doing =
            format!("asking {} for a token for {}", authority(&self.bearer.realm), self.registry);
        let answer = self.ask(&doing, &scopes).await?;
        match answer.status {
            StatusCode::OK => granted(&doing, &answer, scopes),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(refusal::error(&doing, &answer, &self.found))
            }
            status => {
                let reason = format!("it answered {status}{}", refusal::detail(&answer.body));
                Err(RegistryError::bad_answer(&doing, reason))
            }
        }
    }

    /// Says whether an error may concern one repository of a group rather than who we are.
    pub(super) fn refused_group(&self, error: &RegistryError) -> bool {
        match error {
            RegistryError::Unauthorized { .. } => self.found.account.is_none(),
            RegistryError::Forbidden { .. } | RegistryError::BadAnswer { .. } => true,
            _ => false,
        }
    }

    async fn ask(&self, doing: &str, scopes: &[Scope]) -> Result<Answer, RegistryError> {
        let usual = matches!(self.login(), Some(Login::IdentityToken(_)));
        let post = usual != self.other_method.load(Ordering::Relaxed);
        let answer = self.send(doing, scopes, post).await?;
        let unknown = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
        if !unknown.contains(&answer.status) || self.login().is_none() {
            return Ok(answer);
        }
        let second = self.send(doing, scopes, !post).await?;
        if second.status.is_success() {
            self.other_method.store(usual == post, Ordering::Relaxed);
        }
        Ok(second)
    }

    async fn send(
        &self,
        doing: &str,
        scopes: &[Scope],
        post: bool,
    ) -> Result<Answer, RegistryError> {
        let request = if post { self.by_post(scopes) } else { self.by_get(scopes) };
        let (account, budget) = (&*self.account, self.client.timing().budget);
        let request = Request { doing, account, budget, ..request };
        self.client.call(&self.peer, &request).await
    }

    fn by_get(&self, scopes: &[Scope]) -> Request<'static> {
        let mut url: Url = self.bearer.realm.clone();
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = &self.bearer.service {
                query.append_pair("service", service);
            }
            for scope in scopes {
                query.append_pair("scope", scope);
            }
            query.append_pair("client_id", CLIENT);
            if let Some(Login::Password { username, .. }) = self.login() {
                query.append_pair("account", username);
            }
        }
        let mut headers = HeaderMap::new();
        if let Some(basic) = self.login().and_then(Login::basic) {
            headers.insert(header::AUTHORIZATION, basic);
        }
        request(Method::GET, &url, headers, Bytes::new())
    }

    fn by_post(&self, scopes: &[Scope]) -> Request<'static> {
        let mut form = Serializer::new(String::new());
        form.append_pair("client_id", CLIENT).append_pair("scope", &scopes.join(" "));
        if let Some(service) = &self.bearer.service {
            form.append_pair("service", service);
        }
        match self.login() {
            Some(Login::Password { username, password }) => {
                form.append_pair("grant_type", "password")
                    .append_pair("username", username)
                    .append_pair("password", password.expose());
            }
            Some(Login::IdentityToken(token)) => {
                form.append_pair("grant_type", "refresh_token")
                    .append_pair("refresh_token", token.expose());
            }
            // The registry takes its own tokens as they are, and keys were changed for a password.
            Some(Login::RegistryToken(_) | Login::SessionKeys { .. }) | None => {}
        }
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, kind);
        request(Method::POST, &self.bearer.realm, headers, form.finish().into())
    }

    fn login(&self) -> Option<&Login> {
        self.found.account.as_ref().map(|account| &account.login)
    }
}

/// Reads a token out of an answer.
fn granted(doing: &str, answer: &Answer, scopes: Vec<Scope>) -> Result<Token, RegistryError> {
    let bad = |reason: &str| RegistryError::bad_answer(doing, reason);
    // The error's own text could quote the token.
    let granted: Granted = serde_json::from_slice(&answer.body)
        .map_err(|_| bad("its answer is no JSON with a token"))?;
    let present = |token: &Secret| !token.expose().is_empty();
    let token = granted.token.filter(present).or(granted.access_token.filter(present));
    let token = token.ok_or_else(|| bad("there is no token in its answer"))?;
    let header = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
        .map_err(|_| bad("its token cannot stand in a header"))?;
    let life = granted.expires_in.and_then(|life| Duration::try_from_secs_f64(life).ok());
    Ok(Token::new(header, scopes, life.unwrap_or_default()))
}

fn request(method: Method, url: &Url, headers: HeaderMap, body: Bytes) -> Request<'static> {
    let path = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
    Request {
        doing: "",
        account: "",
        method,
        path,
        headers,
        body,
        longest: LONGEST_TOKEN,
        budget: Duration::ZERO,
    }
}
