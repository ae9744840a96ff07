//! AWS's Signature Version 4: shows that a request comes from whoever has the keys.  (pure)

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::core::digest::hexadecimal;

/// The name of the method.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// With what, and for what, a request is signed.
pub(super) struct Signing<'a> {
    /// The key's ID.
    pub(super) key: &'a str,
    /// The secret key.
    pub(super) secret: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    /// The moment, as in `20150830T123600Z`.
    pub(super) date: &'a str,
}

impl Signing<'_> {
    fn day(&self) -> &str {
        self.date.split('T').next().unwrap_or(self.date)
    }

    fn scope(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.day(), self.region, self.service)
    }

    fn signing_key(&self) -> Vec<u8> {
        let secret = format!("AWS4{}", self.secret);
        let parts = [self.day(), self.region, self.service, "aws4_request"];
        parts.iter().fold(secret.into_bytes(), |key, part| mac(&key, part))
    }
}

/// Returns the `Authorization` header of a request: method, path and query, and the headers that are
/// signed, by name in lower case and in order.
pub(super) fn signed(
    signing: &Signing<'_>,
    (method, path, query): (&str, &str, &str),
    headers: &[(&str, &str)],
    body: &[u8],
) -> String {
    let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let lines = lines.concat();
    let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let request = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{}", digest(body));
    let (date, scope) = (signing.date, signing.scope());
    let text = format!("{ALGORITHM}\n{date}\n{scope}\n{}", digest(request.as_bytes()));
    let signature = hexadecimal(&mac(&signing.signing_key(), &text));
    let key = signing.key;
    format!("{ALGORITHM} Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}")
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn digest(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn signing(service: &str) -> Signing<'_> {
        let (key, region, date) = ("AKIDEXAMPLE", "us-east-1", "20150830T123600Z");
        Signing { key, secret: SECRET, region, service, date }
    }

    /// AWS's own examples.
    #[test]
    fn signatures_are_as_aws_publishes_them() {
        assert_eq!(
            hexadecimal(&signing("iam").signing_key()),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
        let list_users = signed(
            &signing("iam"),
            ("GET", "/", "Action=ListUsers&Version=2010-05-08"),
            &[
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                ("host", "iam.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
            ],
            b"",
        );
        assert_eq!(
            list_users,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
        let vanilla = signed(
            &signing("service"),
            ("POST", "/", ""),
            &[("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")],
            b"",
        );
        let end = "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
        assert!(vanilla.ends_with(end), "{vanilla}");
    }

    /// AWS's own example of a request with the token of a session.
    #[test]
    fn sessions_are_signed_as_aws_publishes_it() {
        let token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmx\
             fpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQ\
             DYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scq\
             Kmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
        let signed = signed(
            &signing("service"),
            ("POST", "/", ""),
            &[
                ("host", "example.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
                ("x-amz-security-token", token),
            ],
            b"",
        );
        let end = "SignedHeaders=host;x-amz-date;x-amz-security-token, \
                   Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead";
        assert!(signed.ends_with(end), "{signed}");
    }
}
