//! What an answer that says no means, in words.  (pure)

use http::StatusCode;
use serde::Deserialize;

use super::client::Answer;
use super::credentials::{Account, Found, Login};
use super::error::RegistryError;

/// The longest text of a registry that is passed on.
const LONGEST_DETAIL: usize = 200;

/// Makes an error of an answer that is neither content nor a reason to ask again.
pub(super) fn error(doing: &str, answer: &Answer, found: &Found) -> RegistryError {
    let detail = detail(&answer.body);
    match (answer.status, &found.problem) {
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some(problem)) => {
            problem.clone().while_doing(doing)
        }
        (StatusCode::UNAUTHORIZED, None) => {
            let reason = unauthorized(found.account.as_ref());
            RegistryError::Unauthorized { doing: doing.into(), reason: reason.into() }
        }
        (StatusCode::FORBIDDEN, None) => {
            RegistryError::Forbidden { doing: doing.into(), detail: detail.into() }
        }
        (StatusCode::NOT_FOUND, _) => RegistryError::NotFound { doing: doing.into() },
        (status, _) => RegistryError::bad_answer(doing, format!("it answered {status}{detail}")),
    }
}

fn unauthorized(account: Option<&Account>) -> String {
    match account {
        None => "it wants credentials; set DOCKER_AUTO_REGISTRY_AUTH_0_HOST, …_USERNAME and \
                 …_PASSWORD, or log in with docker login"
            .to_owned(),
        Some(Account { login: Login::Password { username, .. }, origin }) => {
            format!("it refuses the credentials of {username:?} from {origin}")
        }
        Some(Account { origin, .. }) => format!("it refuses the token from {origin}"),
    }
}

/// Returns the registry's own words, with a colon before them, or nothing.
pub(super) fn detail(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        errors: Vec<Entry>,
        #[serde(alias = "error_description", alias = "error")]
        details: Option<String>,
    }
    #[derive(Deserialize)]
    struct Entry {
        message: Option<String>,
        code: Option<String>,
    }
    let Ok(body) = serde_json::from_slice::<Body>(body) else { return String::new() };
    let first = body.errors.into_iter().next().and_then(|entry| entry.message.or(entry.code));
    let words = first.or(body.details).unwrap_or_default();
    let clean: String = words.chars().filter(|c| !c.is_control()).take(LONGEST_DETAIL).collect();
    if clean.is_empty() { clean } else { format!(": {clean}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registrys_words_are_passed_on() {
        let long = format!(r#"{{"errors":[{{"message":"{}"}}]}}"#, "x".repeat(500));
        let cut = format!(": {}", "x".repeat(200));
        for (body, words) in [
            ("", ""),
            ("<html>", ""),
            ("{}", ""),
            (r#"{"errors":[]}"#, ""),
            (r#"{"errors":[{"code":"DENIED","message":"go away\n"}]}"#, ": go away"),
            (r#"{"errors":[{"code":"DENIED"}]}"#, ": DENIED"),
            (r#"{"details":"incorrect username or password"}"#, ": incorrect username or password"),
            (&long, &cut),
        ] {
            assert_eq!(detail(body.as_bytes()), words, "{body}");
        }
    }
}
