//! Which version of the Engine API is spoken: agreed on with each engine, pinned in every path.

use std::sync::{Arc, Mutex, PoisonError};

use bollard::BollardRequest;
use http::{StatusCode, Uri};

use crate::core::inventory::ApiVersion;

use super::call::Call;
use super::error::DockerError;
use super::transport::{Answer, Transport};

/// The oldest version that we speak: Docker 20.10.
pub const OLDEST: ApiVersion = ApiVersion::v1(41);
/// The newest version that we know.
pub const NEWEST: ApiVersion = ApiVersion::v1(51);

/// The version agreed on; empty before the first call and after a lost engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Pinned(Arc<Mutex<Option<ApiVersion>>>);

impl Pinned {
    pub(super) fn version(&self) -> Option<ApiVersion> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn set(&self, version: ApiVersion) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(version);
    }
}

impl Transport {
    /// Returns the version agreed on, and agrees first where there is none.
    pub(super) async fn version(&self) -> Result<ApiVersion, DockerError> {
        match self.pinned.version() {
            Some(version) => Ok(version),
            None => self.agree().await,
        }
    }

    async fn agree(&self) -> Result<ApiVersion, DockerError> {
        let ping = Call::get("asking for the API version", "/_ping");
        let ping = ping.within(self.timeouts.ping).anew();
        let answer = self.attempt(&ping, None).await?;
        if !answer.status.is_success() {
            return Err(self.refusal(&ping, &answer));
        }
        let engine = match answer.header("api-version") {
            Some(version) => version.to_owned(),
            // A proxy that drops headers: the same stands in the body of another answer.
            None => self.ask_version().await?,
        };
        let agreed = agreed(&engine).ok_or_else(|| DockerError::TooOld {
            endpoint: self.endpoint.to_string(),
            engine,
            oldest: OLDEST,
        })?;
        self.pinned.set(agreed);
        Ok(agreed)
    }

    async fn ask_version(&self) -> Result<String, DockerError> {
        let call = Call::get("asking for the API version", "/version").within(self.timeouts.ping);
        let answer = self.attempt(&call, None).await?;
        if !answer.status.is_success() {
            return Err(self.refusal(&call, &answer));
        }
        let facts: serde_json::Value = self.read(&call, &answer)?;
        Ok(facts["ApiVersion"].as_str().unwrap_or_default().to_owned())
    }

    /// Returns the error that an answer without success means.
    pub(super) fn refusal(&self, call: &Call<'_>, answer: &Answer) -> DockerError {
        let (doing, endpoint) = (call.doing.to_string(), self.endpoint.to_string());
        let message = answer.message();
        match answer.status {
            _ if is_refused(answer) => DockerError::TooNew { endpoint, newest: NEWEST, message },
            StatusCode::BAD_REQUEST if message.contains("HTTP request to an HTTPS server") => {
                let cure = "it wants TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH".to_owned();
                DockerError::Unreachable { doing, endpoint, cure, source: message.into() }
            }
            StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::BAD_GATEWAY
            | StatusCode::GATEWAY_TIMEOUT => {
                let cure = "it is starting or stopping: wait".to_owned();
                DockerError::Unreachable { doing, endpoint, cure, source: message.into() }
            }
            StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED if !answer.is_engine() => {
                let cure = permission(call);
                DockerError::Refused { doing, endpoint, call: call.to_string(), cure }
            }
            status => DockerError::Api { doing, status: status.as_u16(), message },
        }
    }
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Says whether the engine itself answered, which signs with its version.
    fn is_engine(&self) -> bool {
        self.headers.contains_key("api-version")
    }

    /// Returns the engine's words, or the beginning of what came instead.
    fn message(&self) -> String {
        let json: Option<serde_json::Value> = serde_json::from_slice(&self.bytes).ok();
        let words = json.as_ref().and_then(|json| json["message"].as_str());
        let text = match words {
            Some(words) => words.to_owned(),
            None => String::from_utf8_lossy(&self.bytes).chars().take(500).collect(),
        };
        text.trim().to_owned()
    }
}

/// Returns what a socket proxy needs to be told, in the words of the most common one.
fn permission(call: &Call<'_>) -> String {
    let section = call.path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let write = if call.method.is_safe() { "" } else { " and POST=1" };
    format!("allow it there (docker-socket-proxy: {}=1{write})", section.to_uppercase())
}

/// Returns the version to speak with an engine; `None` for one that is too old or unreadable.
fn agreed(engine: &str) -> Option<ApiVersion> {
    let newest = ApiVersion::parse(engine).filter(|version| *version >= OLDEST)?;
    Some(newest.min(NEWEST))
}

/// Says whether the engine refused the version in the path.
pub(super) fn is_refused(answer: &Answer) -> bool {
    answer.status == StatusCode::BAD_REQUEST && {
        let message = answer.message();
        message.contains("client version")
            && (message.contains("is too old") || message.contains("is too new"))
    }
}

/// Puts the agreed version into a request of bollard's, whatever version it has itself.
pub(super) fn pin(request: BollardRequest, base: &str, pinned: &Pinned) -> BollardRequest {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let path = without_version(path);
    let version = pinned.version().map(|version| format!("/v{version}")).unwrap_or_default();
    if let Ok(uri) = format!("{base}{version}{path}").parse::<Uri>() {
        parts.uri = uri;
    }
    BollardRequest::from_parts(parts, body)
}

fn without_version(path: &str) -> &str {
    let rest = path.strip_prefix("/v1.");
    let rest = rest.map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_of_both_is_spoken() {
        for (engine, expected) in [
            ("1.41", Some(ApiVersion::v1(41))),
            ("1.51", Some(ApiVersion::v1(51))),
            ("1.60", Some(NEWEST)),
            ("1.40", None),
            ("0.9", None),
            ("", None),
            ("new", None),
        ] {
            assert_eq!(agreed(engine), expected, "{engine}");
        }
    }

    #[test]
    fn versions_are_taken_out_of_paths() {
        for (path, expected) in [
            ("/v1.53/images/create?a=/v1.2/", "/images/create?a=/v1.2/"),
            ("/images/create", "/images/create"),
            ("/v1.x/images", "/v1.x/images"),
            ("/v1.5", "/v1.5"),
        ] {
            assert_eq!(without_version(path), expected);
        }
    }

    #[test]
    fn refused_versions_are_recognised() {
        let answer = |status, message: &str| Answer {
            status,
            headers: http::HeaderMap::new(),
            bytes: serde_json::json!({ "message": message }).to_string().into(),
        };
        for (status, message, expected) in [
            (400, "client version 1.41 is too old. Minimum supported API version is 1.44", true),
            (400, "client version 1.52 is too new. Maximum supported API version is 1.51", true),
            (400, "invalid reference format", false),
            (500, "client version 1.41 is too old", false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(is_refused(&answer(status, message)), expected, "{message}");
        }
    }

    #[test]
    fn a_socket_proxy_is_told_what_to_allow() {
        let call = Call::get("listing", "/images/json");
        assert!(permission(&call).contains("IMAGES=1)"));
        let call = Call::post("creating", "/containers/create");
        assert!(permission(&call).contains("CONTAINERS=1 and POST=1)"));
    }
}
