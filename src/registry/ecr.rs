//! AWS's registries: the keys of an account are changed for a password that lasts for hours.

mod signature;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use serde::Deserialize;
use url::Url;

use self::signature::{Signing, signed};
use super::challenge::authority;
use super::client::{Client, Request};
use super::credentials::{Account, Found, Login};
use super::error::RegistryError;
use super::insecure::Tolerance;
use super::peer::PeerKey;
use super::refusal;
use crate::core::id::Timestamp;
use crate::core::secret::Secret;
use crate::logging;

/// The longest answer with a password.
const LONGEST_ANSWER: usize = 64 << 10;

/// A password is changed this long before it ends.
const MARGIN: Duration = Duration::from_mins(10);

/// The passwords that account keys were changed for.
#[derive(Debug)]
pub(super) struct Ecr {
    /// Where to ask, in place of AWS's own addresses.
    endpoint: Option<Url>,
    passwords: Mutex<HashMap<(String, String), (Timestamp, Login)>>,
}

/// One of AWS's registries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place<'a> {
    service: &'static str,
    region: &'a str,
    /// What AWS calls the question.
    target: &'static str,
    domain: &'a str,
}

impl<'a> Place<'a> {
    /// Reads a registry's host: `<account>.dkr.ecr.<region>.amazonaws.com`, `….cn`, or the public one.
    fn of(registry: &'a str) -> Option<Self> {
        if registry == "public.ecr.aws" {
            return Some(Self {
                service: "ecr-public",
                region: "us-east-1",
                target: "SpencerFrontendService.GetAuthorizationToken",
                domain: "amazonaws.com",
            });
        }
        let (account, rest) = registry.split_once(".dkr.ecr.")?;
        let (region, domain) = rest.split_once('.')?;
        let known = matches!(domain, "amazonaws.com" | "amazonaws.com.cn");
        let account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        (known && account).then_some(Self {
            service: "ecr",
            region,
            target: "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
            domain,
        })
    }

    fn url(&self) -> Option<Url> {
        let Self { service, region, domain, .. } = self;
        Url::parse(&format!("https://api.{service}.{region}.{domain}/")).ok()
    }
}

/// The public registry answers with one, the others with a list of one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Granted {
    Many(Vec<Grant>),
    One(Grant),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grant {
    authorization_token: Secret,
    /// Seconds since 1970.
    expires_at: f64,
}

#[derive(Deserialize)]
struct Answered {
    #[serde(rename = "authorizationData")]
    data: Granted,
}

impl Ecr {
    pub(super) fn new(endpoint: Option<Url>) -> Self {
        Self { endpoint, passwords: Mutex::default() }
    }

    /// Changes account keys for what the registry accepts; other credentials stay as they are.
    pub(super) async fn exchange(&self, client: &Client, registry: &str, found: Found) -> Found {
        let Some(Account { login, origin }) = &found.account else { return found };
        let (id, secret, session) = match login {
            Login::Password { username, password } if is_account_key(username) => {
                (username, password, None)
            }
            Login::SessionKeys { id, secret, session } => (id, secret, Some(session)),
            _ => return found,
        };
        let doing = format!("asking AWS for a password for {registry}");
        let Some(place) = Place::of(registry) else {
            // A name and a password that look like keys may be just that elsewhere.
            return if session.is_none() { found } else { misplaced(&doing, origin) };
        };
        let keys = Keys { id, secret, session, origin };
        match self.password(client, (registry, place), keys, &doing).await {
            Ok(login) => {
                let account = Account { login, origin: origin.clone() };
                Found { account: Some(account), problem: None }
            }
            Err(problem) => Found { account: None, problem: Some(problem) },
        }
    }

    async fn password(
        &self,
        client: &Client,
        (registry, place): (&str, Place<'_>),
        keys: Keys<'_>,
        doing: &str,
    ) -> Result<Login, RegistryError> {
        let slot = (registry.to_owned(), keys.id.to_owned());
        let now = client.now();
        if let Some((until, login)) = self.lock().get(&slot)
            && *until > now
        {
            return Ok(login.clone());
        }
        if keys.id.starts_with("ASIA") && keys.session.is_none() {
            let reason = "temporary keys hold only with the token of their session: give it in \
                          DOCKER_AUTO_REGISTRY_AUTH_<n>_TOKEN, or give keys that begin with AKIA";
            return Err(RegistryError::Credentials { doing: doing.into(), reason: reason.into() });
        }
        let (until, login) = self.ask(client, place, &keys, doing).await?;
        self.lock().insert(slot, (until, login.clone()));
        Ok(login)
    }

    async fn ask(
        &self,
        client: &Client,
        place: Place<'_>,
        keys: &Keys<'_>,
        doing: &str,
    ) -> Result<(Timestamp, Login), RegistryError> {
        let url = self.endpoint.clone().or_else(|| place.url());
        let url = url.ok_or_else(|| RegistryError::bad_answer(doing, "its region is no name"))?;
        let peer = client.peer(PeerKey::of_url(&url, Tolerance::new(Vec::new())));
        let request = Request {
            doing,
            account: "",
            method: Method::POST,
            path: "/".to_owned(),
            headers: headers(&url, place, keys, client.now()),
            body: Bytes::from_static(b"{}"),
            longest: LONGEST_ANSWER,
            budget: client.timing().budget,
        };
        let answer = client.call(&peer, &request).await?;
        if !answer.status.is_success() {
            let detail = refusal::detail(&answer.body);
            let reason = format!(
                "it answered {}{detail}; check the keys in {}, and that they may \
                 ecr:GetAuthorizationToken",
                answer.status, keys.origin
            );
            let (doing, reason) = (doing.into(), reason.into());
            return Err(RegistryError::Unauthorized { doing, reason });
        }
        login_of(&answer.body)
            .ok_or_else(|| RegistryError::bad_answer(doing, "the answer holds no password"))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), (Timestamp, Login)>> {
        self.passwords.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The keys of an account.
struct Keys<'a> {
    id: &'a str,
    secret: &'a Secret,
    /// The token of their session, for temporary ones.
    session: Option<&'a Secret>,
    /// Where they stand.
    origin: &'a str,
}

fn misplaced(doing: &str, origin: &str) -> Found {
    let reason = format!("the temporary keys in {origin} are of use for AWS's registries alone");
    let (doing, reason) = (doing.into(), reason.into());
    Found { account: None, problem: Some(RegistryError::Credentials { doing, reason }) }
}

/// `AKIA…` and `ASIA…`, as AWS makes them.
fn is_account_key(username: &str) -> bool {
    let prefixed = username.starts_with("AKIA") || username.starts_with("ASIA");
    let plain = username.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    prefixed && plain && username.len() >= 16
}

fn headers(url: &Url, place: Place<'_>, keys: &Keys<'_>, now: Timestamp) -> HeaderMap {
    let date = now.format("%Y%m%dT%H%M%SZ").to_string();
    let host = authority(url);
    let content = "application/x-amz-json-1.1";
    let signing = Signing {
        key: keys.id,
        secret: keys.secret.expose(),
        region: place.region,
        service: place.service,
        date: &date,
    };
    let session = keys.session.map(|session| ("x-amz-security-token", session.expose()));
    let target = ("x-amz-target", place.target);
    let fixed = [("content-type", content), ("host", &*host), ("x-amz-date", &*date)];
    let signed_headers: Vec<_> = fixed.into_iter().chain(session).chain([target]).collect();
    let authorization = signed(&signing, ("POST", "/", ""), &signed_headers, b"{}");
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, text: &str| {
        if let Ok(mut value) = HeaderValue::from_str(text) {
            value.set_sensitive(name == "authorization" || name == "x-amz-security-token");
            headers.insert(name, value);
        }
    };
    put("content-type", content);
    put("x-amz-date", &date);
    put("x-amz-target", place.target);
    if let Some((name, session)) = session {
        put(name, session);
    }
    put("authorization", &authorization);
    headers
}

/// Reads a user name, a password and how long they hold.
fn login_of(body: &[u8]) -> Option<(Timestamp, Login)> {
    let grant = match serde_json::from_slice::<Answered>(body).ok()?.data {
        Granted::One(grant) => grant,
        Granted::Many(grants) => grants.into_iter().next()?,
    };
    let pair = STANDARD.decode(grant.authorization_token.expose()).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    let (username, password) = pair.split_once(':')?;
    let password = Secret::new(password);
    logging::hide(&password);
    // A date beyond all reason is none; AWS's own are twelve hours away.
    let seconds = grant.expires_at.clamp(0.0, 4_102_444_800.0);
    let until = Timestamp::from_timestamp(seconds_of(seconds), 0)?;
    let until = until.checked_sub_signed(chrono::TimeDelta::from_std(MARGIN).ok()?)?;
    Some((until, Login::Password { username: username.to_owned(), password }))
}

#[expect(clippy::cast_possible_truncation, reason = "it was clamped to what fits")]
fn seconds_of(seconds: f64) -> i64 {
    seconds as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_apart() {
        for (host, expected) in [
            (
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                Some("https://api.ecr.eu-west-1.amazonaws.com/"),
            ),
            (
                "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
                Some("https://api.ecr.cn-north-1.amazonaws.com.cn/"),
            ),
            ("public.ecr.aws", Some("https://api.ecr-public.us-east-1.amazonaws.com/")),
            ("12345678901.dkr.ecr.eu-west-1.amazonaws.com", None),
            ("123456789012.dkr.ecr.eu-west-1.evil.test", None),
            ("ghcr.io", None),
        ] {
            let url = Place::of(host).and_then(|place| place.url());
            assert_eq!(url.as_ref().map(Url::as_str), expected, "{host}");
        }
    }

    #[test]
    fn keys_are_told_from_passwords() {
        for (name, expected) in [
            ("AKIAIOSFODNN7EXAMPLE", true),
            ("ASIAIOSFODNN7EXAMPLE", true),
            ("AWS", false),
            ("AKIA", false),
            ("akiaiosfodnn7example", false),
        ] {
            assert_eq!(is_account_key(name), expected, "{name}");
        }
    }

    #[test]
    fn answers_are_read() {
        let token = STANDARD.encode("AWS:p:w");
        let one = format!(r#"{{"authorizationToken":"{token}","expiresAt":1795345200.5}}"#);
        for body in [
            format!(r#"{{"authorizationData":[{one}]}}"#),
            format!(r#"{{"authorizationData":{one}}}"#),
        ] {
            let (until, login) = login_of(body.as_bytes()).unwrap();
            assert_eq!(until.timestamp(), 1_795_345_200 - 600);
            let password = Secret::new("p:w");
            assert_eq!(login, Login::Password { username: "AWS".into(), password });
        }
        for body in [
            "",
            "{}",
            r#"{"authorizationData":[]}"#,
            r#"{"authorizationData":[{"authorizationToken":"!","expiresAt":1}]}"#,
        ] {
            assert_eq!(login_of(body.as_bytes()), None, "{body}");
        }
    }
}
