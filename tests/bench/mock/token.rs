//! The token server: tokens of the size of real signed ones, 900 bytes and 90 for every scope.

use super::listen::{Answer, Reply, reply};
use crate::count::Counters;
use crate::image::digest;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

/// The tokens that were handed out, with the repositories that each one opens.
#[derive(Default)]
pub(crate) struct Issued(Mutex<HashMap<String, HashSet<String>>>);

impl Issued {
    /// Returns whether a token may pull from a repository.
    pub(crate) fn opens(&self, token: &str, repository: &str) -> bool {
        let issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        issued.get(token).is_some_and(|repositories| repositories.contains(repository))
    }

    fn issue(&self, repositories: HashSet<String>) -> String {
        let mut issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut token = String::new();
        let length = 900 + 90 * repositories.len();
        while token.len() < length {
            let part = digest(format!("{} {}", issued.len(), token.len()).as_bytes());
            write!(token, "{}.", &part[7..]).expect("a String takes everything");
        }
        token.truncate(length);
        issued.insert(token.clone(), repositories);
        token
    }
}

/// The server that the registry's challenge names as its realm.
pub(crate) struct TokenServer {
    pub(crate) issued: Arc<Issued>,
    pub(crate) counters: Arc<Counters>,
}

impl Answer for TokenServer {
    fn connected(&self) {
        self.counters.record(|counts| counts.token_connections += 1);
    }

    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let query = if request.method() == Method::POST {
            match request.into_body().collect().await {
                Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
                Err(_) => return reply(400, "text/plain", "the body broke off"),
            }
        } else {
            request.uri().query().unwrap_or_default().to_owned()
        };
        let repositories: HashSet<String> = url::form_urlencoded::parse(query.as_bytes())
            .filter(|(key, _)| key == "scope")
            .flat_map(|(_, value)| value.split(' ').map(str::to_owned).collect::<Vec<_>>())
            .filter_map(|scope| {
                Some(scope.strip_prefix("repository:")?.rsplit_once(':')?.0.to_owned())
            })
            .collect();
        let scopes = u64::try_from(repositories.len()).unwrap_or(u64::MAX);
        self.counters.record(|counts| {
            counts.tokens += 1;
            counts.most_scopes = counts.most_scopes.max(scopes);
        });
        let token = self.issued.issue(repositories);
        let body = json!({ "token": token, "access_token": token, "expires_in": 300 });
        reply(200, "application/json", body.to_string())
    }
}
