//! Reads Docker's `config.json`: stored logins, and which helper keeps which registry's.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;

use super::{Login, registry_of};
use crate::core::secret::Secret;

/// A file on a disk is read at once; one on a network that is gone must not hold a check.
const PATIENCE: Duration = Duration::from_secs(5);

/// Nobody has so many logins.
const LONGEST: u64 = 1 << 20;

/// Where a registry's credentials are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Source {
    /// The name of the helper that keeps them.
    pub(super) helper: Option<String>,
    /// The login that stands in the file itself.
    pub(super) stored: Option<Login>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ConfigFile {
    auths: Option<BTreeMap<String, Stored>>,
    cred_helpers: Option<BTreeMap<String, String>>,
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stored {
    auth: Option<Secret>,
    username: Option<String>,
    password: Option<Secret>,
    #[serde(alias = "identityToken")]
    identitytoken: Option<Secret>,
    #[serde(alias = "registryToken")]
    registrytoken: Option<Secret>,
}

/// Reads what a file says of a registry; a file that is not there says nothing.
pub(super) async fn read(path: &Path, registry: &str) -> Result<Source, String> {
    let reading = tokio::time::timeout(PATIENCE, whole(path)).await;
    let content = match reading.unwrap_or_else(|late| Err(late.into())) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Source::default()),
        Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
    };
    parse(&content, registry).map_err(|reason| format!("{}: {reason}", path.display()))
}

/// Reads a file, unless it is one that may never end.
async fn whole(path: &Path) -> io::Result<Vec<u8>> {
    if !tokio::fs::metadata(path).await?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut content = Vec::new();
    let file = tokio::fs::File::open(path).await?;
    file.take(LONGEST + 1).read_to_end(&mut content).await?;
    if content.len() as u64 > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is longer than 1 MiB"));
    }
    Ok(content)
}

fn parse(content: &[u8], registry: &str) -> Result<Source, String> {
    // The error's own text may quote what stands there, which may be a password.
    let file: ConfigFile = serde_json::from_slice(content).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("it is not Docker's config.json; see line {line}, column {column}")
    })?;
    let mine = |key: &String| registry_of(key) == registry;
    let helpers = file.cred_helpers.unwrap_or_default();
    let own = helpers.into_iter().find(|(key, _)| mine(key)).map(|(_, helper)| helper);
    let helper = own.or(file.creds_store).filter(|helper| !helper.is_empty());
    let entries = file.auths.unwrap_or_default();
    let stored = match entries.into_iter().filter(|(key, _)| mine(key)).map(login).next() {
        Some(login) => login?,
        None => None,
    };
    Ok(Source { helper, stored })
}

fn login((key, stored): (String, Stored)) -> Result<Option<Login>, String> {
    let present = |secret: Option<Secret>| secret.filter(|secret| !secret.expose().is_empty());
    if let Some(token) = present(stored.identitytoken) {
        return Ok(Some(Login::IdentityToken(token)));
    }
    if let Some(token) = present(stored.registrytoken) {
        return Ok(Some(Login::RegistryToken(token)));
    }
    if let Some(auth) = present(stored.auth) {
        let decoded = STANDARD.decode(auth.expose().trim()).ok();
        let pair = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((username, password)) = pair.as_deref().and_then(|pair| pair.split_once(':'))
        else {
            return Err(format!("the entry of {key} has an \"auth\" that is no user:password"));
        };
        return Ok(Some(of_pair(username, password.trim_end_matches('\0'))));
    }
    let password = present(stored.password);
    Ok(stored.username.zip(password).map(|(name, password)| of_pair(&name, password.expose())))
}

/// Returns a login; Docker writes `<token>` as the name of identity tokens.
pub(super) fn of_pair(username: &str, password: &str) -> Login {
    let secret = Secret::new(password);
    match username {
        "<token>" => Login::IdentityToken(secret),
        _ => Login::Password { username: username.to_owned(), password: secret },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, registry: &str, helper: Option<&str>, stored: Option<&Login>) {
        let expected = Source { helper: helper.map(str::to_owned), stored: stored.cloned() };
        assert_eq!(parse(content.as_bytes(), registry), Ok(expected), "{content}");
    }

    #[test]
    fn logins_are_found() {
        let alice = of_pair("alice", "s3:cret");
        let identity = Login::IdentityToken(Secret::new("tok"));
        let bearer = Login::RegistryToken(Secret::new("r"));
        let auth = STANDARD.encode("alice:s3:cret");
        let token = STANDARD.encode("<token>:tok");
        for (key, entry, registry, stored) in [
            ("a.test", format!(r#""auth":"{auth}""#), "a.test", Some(&alice)),
            ("a.test", format!(r#""auth":"{auth}""#), "b.test", None),
            ("https://a.test/v2/", format!(r#""auth":"{auth}""#), "a.test", Some(&alice)),
            (
                "https://index.docker.io/v1/",
                format!(r#""auth":"{auth}""#),
                "docker.io",
                Some(&alice),
            ),
            ("a.test", format!(r#""auth":"{token}""#), "a.test", Some(&identity)),
            (
                "a.test",
                format!(r#""auth":"{auth}","identitytoken":"tok""#),
                "a.test",
                Some(&identity),
            ),
            ("a.test", r#""username":"alice","password":"s3:cret""#.into(), "a.test", Some(&alice)),
            ("a.test", r#""registrytoken":"r""#.into(), "a.test", Some(&bearer)),
            ("a.test", String::new(), "a.test", None),
        ] {
            let content = format!(r#"{{"auths":{{"{key}":{{{entry}}}}}}}"#);
            check(&content, registry, None, stored);
        }
    }

    #[test]
    fn helpers_are_found() {
        let both = r#"{"credHelpers":{"a.test":"ecr-login"},"credsStore":"desktop"}"#;
        for (content, registry, helper) in [
            ("{}", "a.test", None),
            (r#"{"auths":null,"HttpHeaders":{"X":"y"}}"#, "a.test", None),
            (r#"{"auths":{"a.test":{}},"credsStore":"desktop"}"#, "a.test", Some("desktop")),
            (both, "a.test", Some("ecr-login")),
            (both, "docker.io", Some("desktop")),
            (r#"{"credsStore":""}"#, "a.test", None),
        ] {
            check(content, registry, helper, None);
        }
    }

    #[test]
    fn bad_files_say_so_without_their_secrets() {
        for content in [
            "",
            "{",
            r#"{"auths":"s3cret"}"#,
            r#"{"auths":{"a.test":{"auth":"s3cret!"}}}"#,
            r#"{"auths":{"a.test":{"auth":"czNjcmV0"}}}"#,
        ] {
            let reason = parse(content.as_bytes(), "a.test").unwrap_err();
            assert!(!reason.contains("s3cret") && !reason.contains("czNjcmV0"), "{reason}");
        }
    }
}
