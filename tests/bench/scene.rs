//! What a measurement happens in: how many containers there are, and how far away their registry is.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// The round trip of the two distant networks.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(50);

/// The way to the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Network {
    /// Plain HTTP over the loopback.
    Lan,
    /// Plain HTTP with a round trip of 50 ms.
    Wan,
    /// TLS 1.3 with HTTP/2 offered, Bearer tokens and a round trip of 50 ms.
    Tls,
}

impl Network {
    pub(crate) const ALL: [Self; 3] = [Self::Lan, Self::Wan, Self::Tls];
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Lan => "lan",
            Self::Wan => "wan",
            Self::Tls => "tls",
        })
    }
}

/// What engine and registry shall show from now on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scene {
    /// Containers with an image each; of the first `outdated` ones the registry has a newer image.
    Many { network: Network, containers: usize, outdated: usize },
    /// One image for a real engine, that of the harness's own page server, in a version.
    Page { version: u32 },
}

impl Scene {
    /// Returns the scene in which every image is up to date.
    pub(crate) fn up_to_date(network: Network, containers: usize) -> Self {
        Self::Many { network, containers, outdated: 0 }
    }
}

/// Returns the repository of the container with a number.
pub(crate) fn repository(number: usize) -> String {
    format!("bench/app-{number:04}")
}

/// The tag that all containers follow.
pub(crate) const TAG: &str = "stable";

/// The repository of [`Scene::Page`].
pub(crate) const PAGE: &str = "bench/page";
