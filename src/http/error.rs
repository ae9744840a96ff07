//! What a request that cannot be served is answered.

use std::fmt;

use http::StatusCode;

/// An error with what the client may know of it; the rest is for the log.
#[derive(Debug)]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// The numbered code of its family (R150–R153).
    pub code: u16,
    /// What the client reads.
    pub message: String,
    /// The methods that there are, where the request had another one.
    pub allow: Option<String>,
}

impl ApiError {
    /// 404: there is no such thing.
    pub fn not_found(what: &str, name: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, 404, format!("there is no {what} {name:?}"))
    }

    /// 404, in words of its own.
    pub fn no_such(message: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, 404, message)
    }

    /// 400: the request itself is wrong.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 400, message.into())
    }

    /// 405: the path has other methods.
    pub fn other_method(method: &http::Method, path: &str, allow: String) -> Self {
        let message = format!("{method} {path}: use {allow}");
        let allow = Some(allow);
        Self { allow, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, 405, message) }
    }

    /// 409: the request cannot be served as things stand.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, 409, message.into())
    }

    /// 503: the engine cannot be asked now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, 50003, message.into())
    }

    /// 500: the fault is ours.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, 500, message.into())
    }

    fn new(status: StatusCode, code: u16, message: String) -> Self {
        Self { status, code, message, allow: None }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.message)
    }
}

impl std::error::Error for ApiError {}
