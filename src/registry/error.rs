//! Why a registry gave no answer: temporary or not, and what cures it.

use std::error::Error;
use std::time::Duration;

use crate::connect::ConnectError;
use crate::core::digest::Platform;
use crate::core::id::Timestamp;

/// Why a registry gave no answer; the text says what was asked of whom and what cures it.
///
/// It can be cloned, because everyone who waits for one request gets its error; therefore the causes
/// are in the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The registry wants to know who asks, or does not accept who we say we are.
    #[error("{doing}: {reason}")]
    Unauthorized {
        /// What was being done.
        doing: Box<str>,
        /// Whose credentials were refused, or that there are none, and the cure.
        reason: Box<str>,
    },
    /// The registry knows us and does not allow it.
    #[error("{doing}: access denied{detail}")]
    Forbidden {
        /// What was being done.
        doing: Box<str>,
        /// What the registry says of it.
        detail: Box<str>,
    },
    /// There is no such repository, tag or content.
    #[error("{doing}: the registry has no such image or tag")]
    NotFound {
        /// What was being done.
        doing: Box<str>,
    },
    /// Too many requests.
    #[error("{doing}: too many requests{}", until.map(|until| format!(", wait until {}", until.format("%F %T UTC"))).unwrap_or_default())]
    RateLimited {
        /// What was being done.
        doing: Box<str>,
        /// The moment from which the registry answers again, if it named one.
        until: Option<Timestamp>,
        /// How long that was away when it said so.
        wait: Option<Duration>,
    },
    /// The registry allows few pulls more, and those are left to people.
    #[error("{doing}: only {remaining} pulls are left until {}, and those are kept", until.format("%F %T UTC"))]
    QuotaKept {
        /// What was being done.
        doing: Box<str>,
        /// How many there are.
        remaining: u64,
        /// When there are more at the latest.
        until: Timestamp,
    },
    /// The registry has an error of its own.
    #[error("{doing}: the registry answered {status}")]
    Unavailable {
        /// What was being done.
        doing: Box<str>,
        /// The HTTP status.
        status: u16,
        /// How long the registry asked us to wait.
        wait: Option<Duration>,
    },
    /// No connection came about, or it broke before an answer.
    #[error("{doing}: {reason}")]
    Unreachable {
        /// What was being done.
        doing: Box<str>,
        /// Which part failed, and the cure.
        reason: Box<str>,
        /// Whether it stays so until somebody changes something.
        lasting: bool,
    },
    /// Nothing was answered in time.
    #[error("{doing}: no answer within {after:?}")]
    Timeout {
        /// What was being done.
        doing: Box<str>,
        /// The time allowed.
        after: Duration,
    },
    /// The answer ended in the middle.
    #[error("{doing}: the answer was cut off")]
    CutOff {
        /// What was being done.
        doing: Box<str>,
    },
    /// The answer is not what the protocol promises.
    #[error("{doing}: {reason}")]
    BadAnswer {
        /// What was being done.
        doing: Box<str>,
        /// What is wrong with it.
        reason: Box<str>,
    },
    /// The image is not made for the platform.
    #[error("{doing}: it is not made for {wanted}, only for {available}")]
    NoPlatform {
        /// What was being done.
        doing: Box<str>,
        /// The platform that was asked for.
        wanted: Platform,
        /// The platforms that there are.
        available: Box<str>,
    },
    /// What the tag names is nothing that a container can run: a chart, a signature, a bill of
    /// materials.
    #[error("{doing}: {reason}")]
    NotAnImage {
        /// What was being done.
        doing: Box<str>,
        /// What it is instead.
        reason: Box<str>,
    },
    /// The credentials could not be read.
    #[error("{doing}: {reason}")]
    Credentials {
        /// What was being done.
        doing: Box<str>,
        /// What stood in the way, and the cure.
        reason: Box<str>,
    },
}

/// Whether and when asking again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// After this time, not before.
    After(Duration),
    /// At the next occasion.
    Later,
    /// Not before somebody changes something.
    Never,
}

impl RegistryError {
    /// Returns the kind's stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized { .. } => "unauthorized",
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound { .. } => "not_found",
            Self::RateLimited { .. } => "rate_limited",
            Self::QuotaKept { .. } => "quota_kept",
            Self::Unavailable { .. } => "unavailable",
            Self::Unreachable { .. } => "unreachable",
            Self::Timeout { .. } => "timeout",
            Self::CutOff { .. } | Self::BadAnswer { .. } => "bad_answer",
            Self::NoPlatform { .. } => "no_platform",
            Self::NotAnImage { .. } => "not_an_image",
            Self::Credentials { .. } => "credentials",
        }
    }

    /// Says whether and when asking again can help.
    pub fn retry(&self) -> Retry {
        match self {
            Self::RateLimited { wait: Some(wait), .. }
            | Self::Unavailable { wait: Some(wait), .. } => Retry::After(*wait),
            Self::Unavailable { status: 501 | 505, .. }
            | Self::Unreachable { lasting: true, .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::QuotaKept { .. }
            | Self::BadAnswer { .. }
            | Self::NoPlatform { .. }
            | Self::NotAnImage { .. }
            | Self::Credentials { .. } => Retry::Never,
            Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::CutOff { .. } => Retry::Later,
        }
    }

    /// Says whether the registry as a whole is out of reach, so that a mirror may answer for it.
    pub(super) fn is_out_of_reach(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Timeout { .. }
                | Self::Unavailable { .. }
                | Self::CutOff { .. }
        )
    }

    /// Returns the same error of another undertaking, for those who share the cause.
    #[must_use]
    pub(super) fn while_doing(mut self, undertaking: &str) -> Self {
        match &mut self {
            Self::Unauthorized { doing, .. }
            | Self::Forbidden { doing, .. }
            | Self::NotFound { doing }
            | Self::RateLimited { doing, .. }
            | Self::QuotaKept { doing, .. }
            | Self::Unavailable { doing, .. }
            | Self::Unreachable { doing, .. }
            | Self::Timeout { doing, .. }
            | Self::CutOff { doing }
            | Self::BadAnswer { doing, .. }
            | Self::NoPlatform { doing, .. }
            | Self::NotAnImage { doing, .. }
            | Self::Credentials { doing, .. } => *doing = undertaking.into(),
        }
        self
    }

    pub(super) fn bad_answer(doing: &str, reason: impl Into<Box<str>>) -> Self {
        Self::BadAnswer { doing: doing.into(), reason: reason.into() }
    }

    /// Sorts out why no connection came about.
    pub(super) fn of_connecting(doing: &str, error: &ConnectError) -> Self {
        let doing = doing.into();
        if let ConnectError::Timeout { after, .. } = error {
            return Self::Timeout { doing, after: *after };
        }
        let (reason, lasting) = explained(error);
        Self::Unreachable { doing, reason: reason.into(), lasting }
    }

    /// Sorts out why a request got no answer.
    pub(super) fn of_sending(doing: &str, error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(inner) = cause {
            if let Some(error) = inner.downcast_ref::<ConnectError>() {
                return Self::of_connecting(doing, error);
            }
            cause = inner.source();
        }
        let reason = format!("the connection broke ({})", chain(error));
        Self::Unreachable { doing: doing.into(), reason: reason.into(), lasting: false }
    }
}

/// Says which part of connecting failed with the cure, and whether it lasts.
fn explained(error: &ConnectError) -> (String, bool) {
    let lasting = matches!(error, ConnectError::Address { .. } | ConnectError::Certificate { .. });
    let reason = match error {
        ConnectError::Address { reason, .. } => (*reason).to_owned(),
        ConnectError::Resolve { host, source } => {
            format!("DNS has no address of {host} ({source}); check its spelling")
        }
        ConnectError::Reach { address, source } => {
            format!("{address} does not accept connections ({source})")
        }
        ConnectError::Certificate { address, unknown_issuer: true, .. } => format!(
            "the certificate of {address} is signed by an unknown authority; name that \
             authority's file in DOCKER_AUTO_REGISTRY_CA"
        ),
        ConnectError::Certificate { address, source, .. } => {
            format!("the certificate of {address} is not valid ({source})")
        }
        ConnectError::NotTls { address, .. } => format!(
            "{address} does not speak TLS; if it is meant to be plain http, list the host in \
             DOCKER_AUTO_REGISTRY_INSECURE"
        ),
        ConnectError::Tls { address, source } => {
            format!("TLS with {address} was not agreed on ({source})")
        }
        ConnectError::Proxy { proxy, source, .. } => {
            format!("the proxy {proxy} cannot be used ({})", chain(source.as_ref()))
        }
        ConnectError::ProxyRefused { proxy, status, .. } => {
            format!("the proxy {proxy} refused ({status})")
        }
        ConnectError::Timeout { address, .. } => format!("{address} does not answer"),
    };
    (reason, lasting)
}

/// Writes an error with its causes, outermost first.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, retry: Retry, errors: impl IntoIterator<Item = RegistryError>) {
        for error in errors {
            assert_eq!((error.code(), error.retry()), (code, retry), "{error}");
            let other = error.while_doing("reading").to_string();
            assert!(other.starts_with("reading: "), "{other}");
        }
    }

    #[test]
    fn every_kind_has_its_name_and_its_time() {
        use RegistryError as E;
        let (doing, reason) = (|| Box::from("asking"), || Box::from("why"));
        let (after, wait) = (Duration::from_mins(1), Some(Duration::from_mins(1)));
        let limited = |wait| E::RateLimited { doing: doing(), until: None, wait };
        let unavailable = |status, wait| E::Unavailable { doing: doing(), status, wait };
        let unreachable = |lasting| E::Unreachable { doing: doing(), reason: reason(), lasting };
        let wanted = Platform::new("linux", "amd64", None);
        let no_platform = E::NoPlatform { doing: doing(), wanted, available: reason() };
        let forbidden = E::Forbidden { doing: doing(), detail: reason() };
        let unauthorized = E::Unauthorized { doing: doing(), reason: reason() };
        let credentials = E::Credentials { doing: doing(), reason: reason() };
        check("unauthorized", Retry::Never, [unauthorized]);
        check("forbidden", Retry::Never, [forbidden]);
        check("not_found", Retry::Never, [E::NotFound { doing: doing() }]);
        check("rate_limited", Retry::After(after), [limited(wait)]);
        check("rate_limited", Retry::Later, [limited(None)]);
        let until = Timestamp::UNIX_EPOCH;
        check("quota_kept", Retry::Never, [E::QuotaKept { doing: doing(), remaining: 1, until }]);
        check("unavailable", Retry::After(after), [unavailable(503, wait)]);
        check("unavailable", Retry::Later, [unavailable(500, None), unavailable(504, None)]);
        check("unavailable", Retry::Never, [unavailable(501, None), unavailable(505, None)]);
        check("unreachable", Retry::Later, [unreachable(false)]);
        check("unreachable", Retry::Never, [unreachable(true)]);
        check("timeout", Retry::Later, [E::Timeout { doing: doing(), after }]);
        check("bad_answer", Retry::Later, [E::CutOff { doing: doing() }]);
        check("bad_answer", Retry::Never, [E::bad_answer("asking", "why")]);
        check("no_platform", Retry::Never, [no_platform]);
        let not_an_image = E::NotAnImage { doing: doing(), reason: reason() };
        check("not_an_image", Retry::Never, [not_an_image]);
        check("credentials", Retry::Never, [credentials]);
    }
}
