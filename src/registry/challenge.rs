//! Reads `WWW-Authenticate` and checks where a token may be asked for.  (pure)

use url::Url;

/// One way of the registry to let us in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A user name and a password with every request.
    Basic,
    /// A token from the realm.
    Bearer(Bearer),
}

/// Where tokens come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bearer {
    /// The token server.
    pub(super) realm: Url,
    /// The registry's name there.
    pub(super) service: Option<Box<str>>,
}

impl Challenge {
    /// Reads all values of the header; a token is preferred to a password, and what cannot be read
    /// counts as absent.
    pub(super) fn read<'a>(values: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut best = None;
        for raw in values.flat_map(Raw::all) {
            if raw.scheme.eq_ignore_ascii_case("bearer") {
                if let Some(realm) = raw.parameter("realm").and_then(|text| Url::parse(text).ok()) {
                    let service = raw.parameter("service").map(Into::into);
                    best = Some(Self::Bearer(Bearer { realm, service }));
                }
            } else if raw.scheme.eq_ignore_ascii_case("basic") && best.is_none() {
                best = Some(Self::Basic);
            }
        }
        best
    }
}

/// A challenge as it stands in the header.
struct Raw {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Raw {
    /// Reads a header's value: challenges and their parameters, both separated by commas.
    fn all(value: &str) -> Vec<Self> {
        let mut scanner = Scanner(value);
        let mut found: Vec<Self> = Vec::new();
        while let Some(word) = scanner.word() {
            match (scanner.parameter(), found.last_mut()) {
                (Some(text), Some(raw)) => raw.parameters.push((word, text)),
                (Some(_), None) => {}
                (None, _) => found.push(Self { scheme: word, parameters: Vec::new() }),
            }
        }
        found
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

struct Scanner<'a>(&'a str);

impl<'a> Scanner<'a> {
    /// Returns the next word, whatever separates it.
    fn word(&mut self) -> Option<String> {
        let separator = |c: char| c.is_whitespace() || matches!(c, ',' | '=' | '"');
        self.0 = self.0.trim_start_matches(separator);
        let end = self.0.find(separator).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }

    /// Returns the value if one follows.
    fn parameter(&mut self) -> Option<String> {
        let rest = self.0.trim_start().strip_prefix('=')?.trim_start();
        if let Some(quoted) = rest.strip_prefix('"') {
            return Some(self.quoted(quoted));
        }
        let end = rest.find([',', ' ', '\t']).unwrap_or(rest.len());
        let (value, rest) = rest.split_at(end);
        self.0 = rest;
        Some(value.to_owned())
    }

    fn quoted(&mut self, text: &'a str) -> String {
        let mut value = String::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => break,
                '\\' => value.extend(characters.next()),
                other => value.push(other),
            }
        }
        self.0 = &text[text.len() - characters.as_str().len()..];
        value
    }
}

/// Who names a token server.
pub(super) struct Registry<'a> {
    /// Its host name, without a port.
    pub(super) host: &'a str,
    /// Whether it is spoken to without TLS.
    pub(super) plain: bool,
}

/// Says why a token must not be asked for at a realm: credentials go over https, or to where the
/// registry itself is spoken to without.
pub(super) fn check_realm(
    realm: &Url,
    registry: &Registry<'_>,
    is_insecure: impl FnOnce(&str, u16) -> bool,
) -> Result<(), String> {
    let Some(host) = realm.host_str() else {
        return Err(format!("its token server {realm} has no host"));
    };
    let same_host = registry.plain && host.eq_ignore_ascii_case(registry.host);
    match realm.scheme() {
        "https" => Ok(()),
        "http" if same_host || is_insecure(&authority(realm), 80) => Ok(()),
        "http" => Err(format!(
            "its token server http://{} would get the credentials without TLS; if that is meant, \
             list the host in DOCKER_AUTO_REGISTRY_INSECURE",
            authority(realm)
        )),
        scheme => Err(format!("its token server is a {scheme} address, not https")),
    }
}

/// Returns a URL's host with its port, if it names one.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        let realm = Url::parse(realm).unwrap();
        Challenge::Bearer(Bearer { realm, service: service.map(Into::into) })
    }

    #[test]
    fn headers_are_read() {
        let hub = "https://auth.docker.io/token";
        for (values, challenge) in [
            (vec![], None),
            (vec!["Basic realm=\"Registry\""], Some(Challenge::Basic)),
            (vec!["basic"], Some(Challenge::Basic)),
            (
                vec![
                    "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",\
                      scope=\"repository:library/nginx:pull,push\"",
                ],
                Some(bearer(hub, Some("registry.docker.io"))),
            ),
            (
                vec!["bearer service = r , realm=https://auth.docker.io/token"],
                Some(bearer(hub, Some("r"))),
            ),
            (
                vec!["Basic realm=\"a, b\", Bearer realm=\"https://auth.docker.io/token\""],
                Some(bearer(hub, None)),
            ),
            (
                vec!["Bearer realm=\"https://auth.docker.io/token\"", "Basic realm=x"],
                Some(bearer(hub, None)),
            ),
            (
                vec!["Bearer realm=\"https://auth.docker.io/token\",error=\"insufficient_scope\""],
                Some(bearer(hub, None)),
            ),
            (
                vec!["Bearer realm=\"https://a.test/t\\\"x\",service=\"a\\\\b\""],
                Some(bearer("https://a.test/t\"x", Some("a\\b"))),
            ),
            (vec!["Bearer realm=\"not a url\""], None),
            (vec!["Bearer service=\"x\""], None),
            (vec!["Bearer realm=\"https://auth.docker.io/token"], Some(bearer(hub, None))),
            (vec!["Negotiate abc==", "Basic"], Some(Challenge::Basic)),
            (vec!["=,=\"\",,"], None),
        ] {
            assert_eq!(Challenge::read(values.iter().copied()), challenge, "{values:?}");
        }
    }

    #[test]
    fn realms_are_checked() {
        for (realm, plain, allowed) in [
            ("https://auth.test/token", false, true),
            ("https://auth.test/token", true, true),
            ("http://auth.test/token", false, false),
            ("http://auth.test/token", true, false),
            ("http://registry.test:5001/token", true, true),
            ("http://registry.test/token", false, false),
            ("http://insecure.test/token", false, true),
            ("ftp://registry.test/token", true, false),
            ("file:///etc/passwd", true, false),
        ] {
            let realm = Url::parse(realm).unwrap();
            let registry = Registry { host: "registry.test", plain };
            let checked = check_realm(&realm, &registry, |host, _| host == "insecure.test");
            assert_eq!(checked.is_ok(), allowed, "{realm} {checked:?}");
        }
    }
}
