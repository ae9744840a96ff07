//! Matches a request against the table of routes.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use crate::http::context::{RequestContext, State};
use crate::http::error::ApiError;
use crate::http::reply::{self, Response};
use crate::http::routes::{ROUTES, Route};

const BODY_LIMIT: usize = 64 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a route is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// On the control socket, whose permissions are the access rule.
    Control,
    /// On the TCP address too, to anyone.
    Public,
}

/// The table of routes of one surface, ready to match.
pub struct Router {
    surface: Surface,
    paths: matchit::Router<Vec<&'static Route>>,
}

impl Router {
    /// Builds the matcher for a surface.
    pub fn new(surface: Surface) -> Self {
        let mut paths = matchit::Router::new();
        let offered = |route: &&Route| surface == Surface::Control || route.surface == surface;
        let mut seen: Vec<(&str, Vec<&'static Route>)> = Vec::new();
        for route in ROUTES.iter().filter(offered) {
            match seen.iter_mut().find(|(path, _)| *path == route.path) {
                Some((_, routes)) => routes.push(route),
                None => seen.push((route.path, vec![route])),
            }
        }
        for (path, routes) in seen {
            paths.insert(path, routes).expect("a test keeps the table free of conflicts");
        }
        Self { surface, paths }
    }

    /// Answers a request; never fails.
    pub async fn answer(&self, request: Request<Incoming>, state: State) -> Response {
        let now = state.clock.now();
        match self.run(request, state).await {
            Ok(response) => response,
            Err(error) => {
                if error.status.is_server_error() {
                    log::error!("{error}");
                }
                reply::failure(&error, now)
            }
        }
    }

    async fn run(&self, request: Request<Incoming>, state: State) -> Result<Response, ApiError> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        let found = self.paths.at(path).map_err(|_| ApiError::not_found("path", path))?;
        let method = if parts.method == Method::HEAD { Method::GET } else { parts.method };
        let route = found.value.iter().find(|route| route.method == method).ok_or_else(|| {
            let offered: Vec<_> = found.value.iter().map(|route| route.method.as_str()).collect();
            ApiError::other_method(&method, path, offered.join(", "))
        })?;
        let parameters = found.params.iter().map(|(key, value)| (key.into(), value.into()));
        // What anyone may ask needs no body, and nobody is waited for to send one.
        let body = match self.surface {
            Surface::Public => Bytes::new(),
            Surface::Control => whole(body).await?,
        };
        let context = RequestContext {
            state,
            surface: self.surface,
            parameters: parameters.collect(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            body,
        };
        (route.handler)(&context).await
    }
}

async fn whole(body: Incoming) -> Result<Bytes, ApiError> {
    let reading = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, BODY_LIMIT).collect());
    match reading.await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) => Err(ApiError::bad_request(format!("reading the request: {error}"))),
        Err(_) => Err(ApiError::bad_request(format!(
            "reading the request: it was not complete within {} s",
            BODY_TIMEOUT.as_secs()
        ))),
    }
}
