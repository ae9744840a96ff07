//! Which registries may be spoken to without TLS, as the engine decides it.  (pure)

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::connect::Network;

/// A registry, or a range of addresses, that may be spoken to without TLS or without a certificate
/// that we trust.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InsecureRule {
    /// A host, on one port or on all.
    Host {
        /// The name or address, in lower case and without brackets.
        name: Box<str>,
        /// The port; `None` means every one.
        port: Option<u16>,
    },
    /// Every host with an address in this range.
    Network(Network),
}

/// Why a text is no such rule; names the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsecureRuleError(String);

impl fmt::Display for InsecureRuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no host, host:port or CIDR such as 10.0.0.0/8", self.0)
    }
}

impl std::error::Error for InsecureRuleError {}

impl InsecureRule {
    /// Reads `host`, `host:port` or a CIDR.
    pub fn parse(text: &str) -> Result<Self, InsecureRuleError> {
        if let Some(network) = Network::parse(text) {
            return Ok(Self::Network(network));
        }
        let error = || InsecureRuleError(text.to_owned());
        let (name, port) = split_port(text);
        let port = port.map(|port| port.parse().map_err(|_| error())).transpose()?;
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
        if name.is_empty() || !name.bytes().all(allowed) {
            return Err(error());
        }
        Ok(Self::Host { name: name.to_ascii_lowercase().into(), port })
    }
}

/// Splits `host:port`, `[v6]:port`, `host` or a bare IPv6 address.
pub(super) fn split_port(authority: &str) -> (&str, Option<&str>) {
    if let Some((name, rest)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (name, rest.strip_prefix(':'));
    }
    match authority.split_once(':') {
        Some((name, port)) if !port.contains(':') => (name, Some(port)),
        _ => (authority, None),
    }
}

/// The rules that hold for one host; cheap to clone and to compare.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tolerance(Arc<[InsecureRule]>);

impl Tolerance {
    pub(super) fn new(mut rules: Vec<InsecureRule>) -> Self {
        rules.sort();
        rules.dedup();
        Self(rules.into())
    }

    /// Returns these rules and more.
    pub(super) fn with(&self, more: &[InsecureRule]) -> Self {
        if more.iter().all(|rule| self.0.contains(rule)) {
            return self.clone();
        }
        Self::new(self.0.iter().chain(more).cloned().collect())
    }

    /// Says whether a host is meant by its name, its port or its being an address.
    pub(super) fn covers(&self, authority: &str, default_port: u16) -> bool {
        let (name, _) = split_port(authority);
        name == "localhost"
            || name.parse().is_ok_and(|address: IpAddr| address.to_canonical().is_loopback())
            || self.names(authority, default_port)
    }

    /// Says whether a rule means a host, be it a loopback or not.
    pub(super) fn names(&self, authority: &str, default_port: u16) -> bool {
        let (name, port) = split_port(authority);
        let port = port.map_or(Some(default_port), |port| port.parse().ok());
        let address = name.parse().ok();
        self.0.iter().any(|rule| match rule {
            InsecureRule::Host { name: own, port: wanted } => {
                own.eq_ignore_ascii_case(name) && wanted.is_none_or(|wanted| Some(wanted) == port)
            }
            InsecureRule::Network(network) => address.is_some_and(|it| network.contains(it)),
        })
    }

    /// Says whether an address lies in one of the ranges; loopback always does.
    pub(super) fn covers_address(&self, address: IpAddr) -> bool {
        address.to_canonical().is_loopback()
            || self.0.iter().any(|rule| match rule {
                InsecureRule::Network(network) => network.contains(address),
                InsecureRule::Host { .. } => false,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_covered_as_the_engine_does() {
        let texts = ["plain.test", "ported.test:5000", "10.0.0.0/8", "192.0.2.7", "[fd00::7]:5000"];
        let rules = texts.map(|text| InsecureRule::parse(text).unwrap()).to_vec();
        let tolerance = Tolerance::new(rules);
        for (authority, covered) in [
            ("plain.test", true),
            ("PLAIN.test:5000", true),
            ("sub.plain.test", false),
            ("ported.test:5000", true),
            ("ported.test", false),
            ("10.20.30.40:5000", true),
            ("11.20.30.40:5000", false),
            ("192.0.2.7:1", true),
            ("[fd00::7]:5000", true),
            ("[fd00::7]:5001", false),
            ("localhost:5000", true),
            ("127.9.9.9:5000", true),
            ("[::1]:5000", true),
            ("localhost.test", false),
        ] {
            assert_eq!(tolerance.covers(authority, 443), covered, "{authority}");
        }
        assert!(tolerance.covers("ported.test", 5000));
        assert!(tolerance.covers_address("10.1.1.1".parse().unwrap()));
        assert!(!tolerance.covers_address("192.0.2.7".parse().unwrap()));
    }

    #[test]
    fn bad_rules_name_themselves() {
        for text in ["", "http://a.test", "a b", "a.test:x", "a.test:99999", "10.0.0.0/40"] {
            let error = InsecureRule::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{text:?}")), "{error}");
        }
    }
}
