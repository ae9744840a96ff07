//! Answers: the envelope of C1, streams of JSON lines, and the headers that every answer has.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::Stream;
use http::{Response as HttpResponse, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use serde::Serialize;
use serde_json::json;

use crate::core::id::Timestamp;
use crate::http::error::ApiError;

/// An answer.
pub type Response = HttpResponse<UnsyncBoxBody<Bytes, Infallible>>;

/// Returns `{code: 200, message: "success", data, timestamp}`.
pub fn success(data: &impl Serialize, now: Timestamp) -> Response {
    let body = json!({"code": 200, "message": "success", "data": data, "timestamp": now});
    with_body(StatusCode::OK, "application/json", Full::new(body.to_string().into()))
}

/// Returns `{code, message, timestamp}` with the error's status.
pub fn failure(error: &ApiError, now: Timestamp) -> Response {
    let body = json!({"code": error.code, "message": error.message, "timestamp": now});
    let mut response =
        with_body(error.status, "application/json", Full::new(body.to_string().into()));
    if let Some(allow) = error.allow.as_ref().and_then(|allow| allow.parse().ok()) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// Returns a bare JSON value, for the probes of orchestrators.
pub fn probe(status: StatusCode, value: &serde_json::Value) -> Response {
    with_body(status, "application/json", Full::new(value.to_string().into()))
}

/// Returns JSON lines that are sent as they come.
pub fn lines<S>(lines: S) -> Response
where
    S: Stream<Item = serde_json::Value> + Send + 'static,
{
    use futures_util::StreamExt;
    let frames = lines.map(|line| Ok(Frame::data(Bytes::from(format!("{line}\n")))));
    with_body(StatusCode::OK, "application/x-ndjson", StreamBody::new(frames))
}

fn with_body<B>(status: StatusCode, content_type: &'static str, body: B) -> Response
where
    B: hyper::body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let mut response = HttpResponse::new(body.boxed_unsync());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, http::HeaderValue::from_static(value));
    }
    response
}
