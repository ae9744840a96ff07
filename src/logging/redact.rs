//! Takes secrets out of what is about to be written.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use crate::core::secret::Secret;

/// Shorter values are no secrets worth the name, and would tear holes into every line.
const SHORTEST: usize = 4;

/// Knows the values that must never appear; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Redactor(Arc<RwLock<Vec<Secret>>>);

impl Redactor {
    /// Lets a secret never appear from now on.
    pub fn hide(&self, secret: &Secret) {
        let value = secret.expose().trim();
        if value.len() < SHORTEST {
            return;
        }
        let mut hidden = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if hidden.iter().any(|known| known.expose() == value) {
            return;
        }
        hidden.push(Secret::new(value));
        // A secret that holds another one goes first, or its rest would stay.
        hidden.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
    }

    /// Returns a text with `***` in place of every secret.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let hidden = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = Cow::Borrowed(text);
        for secret in hidden.iter() {
            if text.contains(secret.expose()) {
                text = Cow::Owned(text.replace(secret.expose(), "***"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_never_appear() {
        let redactor = Redactor::default();
        for secret in ["hunter22", "hunter22-and-more", "pw", "", "line\n", "hunter22"] {
            redactor.hide(&Secret::new(secret));
        }
        for (text, expected) in [
            ("nothing to hide", "nothing to hide"),
            ("password hunter22 was refused", "password *** was refused"),
            ("hunter22hunter22", "******"),
            ("a hunter22-and-more b", "a *** b"),
            ("pw is too short to hide", "pw is too short to hide"),
            ("a line that ends", "a *** that ends"),
        ] {
            assert_eq!(redactor.redact(text), expected);
        }
        assert!(!format!("{redactor:?}").contains("hunter"));
    }
}
