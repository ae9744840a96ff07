//! Which hosts are reached through which proxy: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`.  (pure)

use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use url::Url;

use super::network::Network;

/// A forward proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    secure: bool,
    host: String,
    port: u16,
    authorization: Option<HeaderValue>,
}

/// Why a text names no proxy; shows it without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyError {
    text: String,
    reason: &'static str,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, reason } = self;
        write!(f, "{text:?} is no proxy: {reason}; write it as http://[user:password@]host:port")
    }
}

impl std::error::Error for ProxyError {}

impl Proxy {
    /// Reads `http://[user:password@]host[:port]`; the scheme may be left out or be `https`.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let shown = text.rsplit_once('@').map_or(text, |(_, address)| address);
        let error = |reason| ProxyError { text: shown.to_owned(), reason };
        let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&full).map_err(|_| error("it is no address"))?;
        let (secure, default_port) = match url.scheme() {
            "http" => (false, 80),
            "https" => (true, 443),
            _ => return Err(error("only http and https proxies are supported")),
        };
        let host = url.host_str().ok_or_else(|| error("it names no host"))?.to_owned();
        let port = url.port().unwrap_or(default_port);
        let authorization = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => Some(basic(user, password.unwrap_or_default())),
        };
        Ok(Self { secure, host, port, authorization })
    }

    /// Returns `host:port`.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }

    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

fn basic(user: &str, password: &str) -> HeaderValue {
    let mut pair = percent_decoded(user);
    pair.push(b':');
    pair.extend(percent_decoded(password));
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)))
        .expect("base64 is written in visible characters");
    value.set_sensitive(true);
    value
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let hexadecimal = |byte: Option<u8>| char::from(byte?).to_digit(16);
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        match (byte, hexadecimal(ahead.next()), hexadecimal(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).unwrap_or(b'%'));
                rest = ahead;
            }
            _ => decoded.push(byte),
        }
    }
    decoded
}

/// Which hosts are reached through which proxy, as the engine itself decides it.
///
/// This machine's own loopback is never proxied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyRules {
    http: Option<Proxy>,
    https: Option<Proxy>,
    exempt: Vec<Exemption>,
}

/// One entry of `NO_PROXY`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exemption {
    Everything,
    Network(Network),
    Host { name: String, subdomains_only: bool, port: Option<u16> },
}

impl ProxyRules {
    /// Reads the three variables; empty texts count as unset, and so do empty entries.
    pub fn parse(
        http: Option<&str>,
        https: Option<&str>,
        exempt: Option<&str>,
    ) -> Result<Self, ProxyError> {
        let proxy = |text: Option<&str>| {
            text.map(str::trim).filter(|text| !text.is_empty()).map(Proxy::parse).transpose()
        };
        let entries = exempt.unwrap_or_default().split(',').map(str::trim);
        let exempt = entries.filter(|entry| !entry.is_empty()).map(Exemption::parse).collect();
        Ok(Self { http: proxy(http)?, https: proxy(https)?, exempt })
    }

    /// Returns the proxy through which a URI is reached; `None` means directly.
    pub fn route(&self, uri: &Uri) -> Option<&Proxy> {
        let (proxy, default_port) = match uri.scheme_str() {
            Some("https") => (self.https.as_ref()?, 443),
            _ => (self.http.as_ref()?, 80),
        };
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(default_port);
        let address = host.parse::<IpAddr>().ok();
        let own = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        let exempt = own || self.exempt.iter().any(|entry| entry.covers(&host, address, port));
        (!exempt).then_some(proxy)
    }
}

impl Exemption {
    fn parse(entry: &str) -> Self {
        if entry == "*" {
            return Self::Everything;
        }
        if let Some(network) = Network::parse(entry) {
            return Self::Network(network);
        }
        let (name, port) = match entry.rsplit_once(':') {
            Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
                (name, port.parse().ok())
            }
            _ => (entry, None),
        };
        let name = name.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let name = name.strip_prefix('*').unwrap_or(&name);
        let bare = name.strip_prefix('.');
        Self::Host { name: bare.unwrap_or(name).to_owned(), subdomains_only: bare.is_some(), port }
    }

    fn covers(&self, host: &str, address: Option<IpAddr>, port: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Network(network) => address.is_some_and(|address| network.contains(address)),
            Self::Host { port: Some(wanted), .. } if *wanted != port => false,
            Self::Host { name, subdomains_only, .. } => match host.strip_suffix(name.as_str()) {
                Some("") => !subdomains_only,
                Some(rest) => address.is_none() && rest.ends_with('.'),
                None => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_follow_the_variables() {
        let exempt = " .sub.test, plain.test ,10.0.0.0/8,fd00::/8, 192.0.2.7, other.test:8443,\
                      *.star.test,[2001:db8::1]:5000,,UPPER.test";
        let rules = ProxyRules::parse(Some("p:1"), Some("http://s:2"), Some(exempt)).unwrap();
        for (uri, proxy) in [
            ("http://registry.test", Some("p:1")),
            ("https://registry.test", Some("s:2")),
            ("https://a.sub.test", None),
            ("https://sub.test", Some("s:2")),
            ("https://plain.test:5000", None),
            ("https://PLAIN.test.", None),
            ("https://deep.in.plain.test", None),
            ("https://notplain.test", Some("s:2")),
            ("https://upper.test", None),
            ("http://10.1.2.3:5000", None),
            ("http://11.1.2.3:5000", Some("p:1")),
            ("http://192.0.2.7", None),
            ("http://192.0.2.70", Some("p:1")),
            ("https://[fd00::1]:5000", None),
            ("https://[fe00::1]:5000", Some("s:2")),
            ("https://other.test:8443", None),
            ("https://other.test", Some("s:2")),
            ("https://x.star.test", None),
            ("https://star.test", Some("s:2")),
            ("https://[2001:db8::1]:5000", None),
            ("https://[2001:db8::1]", Some("s:2")),
            ("http://localhost:5000", None),
            ("http://127.3.2.1", None),
            ("http://[::1]:5000", None),
        ] {
            let found = rules.route(&uri.parse().unwrap()).map(Proxy::address);
            assert_eq!(found.as_deref(), proxy, "{uri}");
        }
        let none = ProxyRules::parse(Some("p:1"), None, Some("*")).unwrap();
        assert_eq!(none.route(&"http://registry.test".parse().unwrap()), None);
        let unset = ProxyRules::parse(Some(" "), Some(""), None).unwrap();
        assert_eq!(unset, ProxyRules::default());
    }

    #[test]
    fn proxies_are_read() {
        for (text, address, authorization) in [
            ("http://proxy.test:3128", "proxy.test:3128", None),
            ("proxy.test:3128", "proxy.test:3128", None),
            ("https://proxy.test", "proxy.test:443", None),
            ("http://proxy.test/", "proxy.test:80", None),
            ("http://[::1]:8080", "[::1]:8080", None),
            ("http://user:pass@proxy.test:1", "proxy.test:1", Some("user:pass")),
            ("http://user@proxy.test:1", "proxy.test:1", Some("user:")),
            ("http://us%40er:p%3Ass%25@proxy.test:1", "proxy.test:1", Some("us@er:p:ss%")),
        ] {
            let proxy = Proxy::parse(text).unwrap();
            assert_eq!(proxy.address(), address, "{text}");
            let expected = authorization.map(|pair| format!("Basic {}", STANDARD.encode(pair)));
            let found = proxy.authorization().map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn bad_proxies_name_themselves_without_their_password() {
        for (text, shown) in [
            ("socks5://proxy.test:1080", "socks5://proxy.test:1080"),
            ("http://user:secret@proxy.test:x", "proxy.test:x"),
            ("http://", "http://"),
        ] {
            let error = Proxy::parse(text).unwrap_err().to_string();
            assert!(error.contains(shown) && !error.contains("secret"), "{error}");
        }
    }
}
