//! What the engine shows a registry on our behalf.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use bollard::{BollardRequest, Docker};
use http::HeaderValue;
use serde_json::json;

use crate::core::plan::BoxFuture;
use crate::core::reference::{DOCKER_HUB, ImageRef};
use crate::core::secret::Secret;

/// What the engine shows a registry to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullAuth {
    /// A user with a password or an access token.
    Password { username: String, password: Secret },
    /// A token that the registry exchanges for others (`identitytoken`).
    IdentityToken(Secret),
}

/// Where pulls get their credentials from.
pub trait PullCredentials: Send + Sync {
    /// Returns the credentials for a reference; `None` to pull without.
    fn for_pull<'a>(&'a self, reference: &'a ImageRef) -> BoxFuture<'a, Option<PullAuth>>;
}

/// Adds the header by ourselves: bollard encodes it with the standard alphabet, which the engine
/// reads as no credentials at all where a `+` or `/` occurs.
pub(super) fn with_auth(docker: Docker, reference: &ImageRef, auth: &PullAuth) -> Docker {
    let header = header(reference, auth);
    docker.with_request_modifier(move |mut request: BollardRequest| {
        request.headers_mut().insert("x-registry-auth", header.clone());
        request
    })
}

fn header(reference: &ImageRef, auth: &PullAuth) -> HeaderValue {
    let server = match reference.registry() {
        DOCKER_HUB => "https://index.docker.io/v1/",
        other => other,
    };
    let json = match auth {
        PullAuth::Password { username, password } => {
            json!({"username": username, "password": password.expose(), "serveraddress": server})
        }
        PullAuth::IdentityToken(token) => {
            json!({"identitytoken": token.expose(), "serveraddress": server})
        }
    };
    let encoded = URL_SAFE.encode(json.to_string());
    let mut header = HeaderValue::try_from(encoded).expect("base64 is made of header characters");
    header.set_sensitive(true);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_encoded_for_urls() {
        let reference = ImageRef::parse("r:5000/a").unwrap();
        let password = Secret::new("~~~???>>>ÿÿÿ");
        let auth = PullAuth::Password { username: "u".into(), password };
        let header = header(&reference, &auth);
        let text = header.to_str().unwrap();
        assert!(!text.contains(['+', '/']), "{text}");
        let json: serde_json::Value =
            serde_json::from_slice(&URL_SAFE.decode(text).unwrap()).unwrap();
        assert_eq!(json["password"], "~~~???>>>ÿÿÿ");
        assert_eq!(json["serveraddress"], "r:5000");
        assert!(header.is_sensitive());
    }
}
