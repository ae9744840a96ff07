//! Who is let in to the registry in the test's own process, and its token server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::scripted::{Reply, Seen};

/// How the fake lets people in.
#[derive(Clone, Debug)]
pub(super) enum Door {
    Open,
    /// The user `alice` with the password `s3cret`.
    Basic,
    /// Tokens for everybody, or for `alice` alone.
    Bearer(TokenRules),
}

/// What the fake's token server does.
#[derive(Clone, Debug, Default)]
pub(super) struct TokenRules {
    /// Only for `alice`, by Basic authentication, password grant or the identity token `idtoken`.
    pub(super) for_alice: bool,
    /// Understands these methods only; both if empty.
    pub(super) only_method: Option<&'static str>,
    /// Answers this to the other method.
    pub(super) other_status: u16,
    /// Repositories for which nobody gets anything.
    pub(super) denied: BTreeSet<String>,
    /// Refuses the whole request with this if one repository is denied, instead of leaving it out.
    pub(super) strict: Option<u16>,
    /// Reads only the first scope.
    pub(super) first_only: bool,
    pub(super) expires_in: Option<u64>,
    /// Names another address than its own as the realm.
    pub(super) realm: Option<String>,
}

/// Opens or not.
#[derive(Debug)]
pub(super) struct Doorkeeper {
    door: Door,
    /// The registry's own address, with its scheme.
    pub(super) base: OnceLock<String>,
    issued: AtomicUsize,
    /// Tokens up to this one are no longer valid.
    revoked: AtomicUsize,
}

impl Doorkeeper {
    pub(super) fn new(door: Door) -> Self {
        let (issued, revoked) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { door, base: OnceLock::new(), issued, revoked }
    }

    /// Makes every token issued so far invalid.
    pub(super) fn revoke(&self) {
        self.revoked.store(self.issued.load(SeqCst), SeqCst);
    }

    /// Says no to those who may not come in.
    pub(super) fn refusal(&self, seen: &Seen) -> Option<Reply> {
        let shown = seen.header("authorization");
        match &self.door {
            Door::Open => None,
            Door::Basic if shown == alice() => None,
            Door::Basic => Some(Reply::new(401).header("www-authenticate", "Basic realm=\"r\"")),
            Door::Bearer(rules) => {
                let base = self.base.get().unwrap();
                let realm = rules.realm.clone().unwrap_or_else(|| format!("{base}/token"));
                let scope = format!("repository:{}:pull", repository(&seen.path));
                let challenge = format!("Bearer realm=\"{realm}\",service=\"fake\"");
                let refusal = |more: &str| {
                    let challenge = format!("{challenge},scope=\"{scope}\"{more}");
                    Some(Reply::new(401).header("www-authenticate", &challenge))
                };
                let Some(token) = shown.strip_prefix("Bearer ") else { return refusal("") };
                let (number, granted) = token.split_once('/').unwrap_or_default();
                if number.parse().is_ok_and(|number: usize| number <= self.revoked.load(SeqCst)) {
                    return refusal(",error=\"invalid_token\"");
                }
                let allowed = granted.split(',').any(|one| one == scope);
                if allowed { None } else { refusal(",error=\"insufficient_scope\"") }
            }
        }
    }

    /// Gives out a token, or says why not.
    pub(super) fn token(&self, seen: &Seen) -> Reply {
        let Door::Bearer(rules) = &self.door else { return Reply::new(404) };
        if rules.only_method.is_some_and(|method| method != seen.method) {
            return Reply::new(rules.other_status);
        }
        let text = if seen.method == "POST" {
            String::from_utf8(seen.body.to_vec()).unwrap()
        } else {
            seen.query.clone()
        };
        let pairs: Vec<_> = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        let of = |name: &str| {
            pairs.iter().filter(|(own, _)| own == name).map(|(_, value)| value.clone()).collect()
        };
        let values: BTreeMap<&str, Vec<String>> =
            ["scope", "username", "password", "refresh_token", "service"]
                .map(|n| (n, of(n)))
                .into();
        let is_alice = seen.header("authorization") == alice()
            || (values["username"] == ["alice"] && values["password"] == ["s3cret"])
            || values["refresh_token"] == ["idtoken"];
        if values["service"] != ["fake"] || (rules.for_alice && !is_alice) {
            return Reply::new(401).body(r#"{"details":"incorrect username or password"}"#);
        }
        let mut scopes: Vec<_> = values["scope"].iter().flat_map(|text| text.split(' ')).collect();
        if rules.first_only {
            scopes.truncate(1);
        }
        let denied = |scope: &&str| rules.denied.contains(scope.split(':').nth(1).unwrap());
        if let Some(status) = rules.strict
            && scopes.iter().any(denied)
        {
            return Reply::new(status).body(r#"{"errors":[{"code":"DENIED","message":"denied"}]}"#);
        }
        scopes.retain(|scope| !denied(scope));
        let number = self.issued.fetch_add(1, SeqCst) + 1;
        let token = format!("{number}/{}", scopes.join(","));
        let body = json!({"token": token, "expires_in": rules.expires_in.unwrap_or(300)});
        Reply::new(200).body(body.to_string())
    }
}

fn repository(path: &str) -> &str {
    let path = path.strip_prefix("/v2/").unwrap_or(path);
    let kinds = ["/manifests/", "/blobs/", "/tags/"];
    kinds.iter().find_map(|kind| path.split_once(kind)).map_or(path, |(repository, _)| repository)
}

fn alice() -> String {
    format!("Basic {}", STANDARD.encode("alice:s3cret"))
}
