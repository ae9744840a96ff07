//! Content digests and platforms, as OCI defines them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// A content digest with its algorithm: `sha256:` and 64 lower-case hexadecimal digits, or
/// `sha512:` and 128.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(Box<str>);

/// Why a text is no digest; names the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestError(String);

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a digest; expected sha256:<64 hexadecimal digits>", self.0)
    }
}

impl std::error::Error for DigestError {}

impl Digest {
    /// Returns the SHA-256 digest of a content.
    pub fn of(content: &[u8]) -> Self {
        Self(format!("sha256:{}", hexadecimal(&sha2::Sha256::digest(content))).into())
    }

    /// Returns the whole text, algorithm included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first twelve digits after the algorithm.
    pub fn short(&self) -> &str {
        self.0.split_once(':').and_then(|(_, digits)| digits.get(..12)).unwrap_or(&self.0)
    }
}

const HEXADECIMAL: &[u8; 16] = b"0123456789abcdef";

/// Returns bytes as digests are written: two small hexadecimal digits each.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(HEXADECIMAL[usize::from(digit)])).collect()
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let lower =
            |digits: &str| digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match text.split_once(':') {
            Some(("sha256", digits)) if digits.len() == 64 && lower(digits) => {
                Ok(Self(text.into()))
            }
            Some(("sha512", digits)) if digits.len() == 128 && lower(digits) => {
                Ok(Self(text.into()))
            }
            _ => Err(DigestError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0.into()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An operating system and processor for which an image is made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`, `windows`, …
    pub os: Box<str>,
    /// `amd64`, `arm64`, `arm`, …
    pub architecture: Box<str>,
    /// `v7`, `v8`, …; absent where the architecture has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Box<str>>,
}

impl Platform {
    /// Returns a platform; an empty variant counts as none, and so does arm64's implied `v8`.
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        let variant = variant.filter(|v| !(v.is_empty() || architecture == "arm64" && *v == "v8"));
        Self { os: os.into(), architecture: architecture.into(), variant: variant.map(Into::into) }
    }

    /// Returns how well an image for `self` runs a container for `wanted`: 0 is the same platform,
    /// larger is an older arm variant (Docker's fallbacks), `None` does not run it.
    pub fn distance_to(&self, wanted: &Self) -> Option<u8> {
        if self.os != wanted.os || self.architecture != wanted.architecture {
            return None;
        }
        let own = self.arm_level();
        let asked = wanted.arm_level();
        match (own, asked) {
            (Some(own), Some(asked)) => asked.checked_sub(own),
            _ => (self.variant.is_none() || self.variant == wanted.variant)
                .then(|| u8::from(self.variant != wanted.variant)),
        }
    }

    fn arm_level(&self) -> Option<u8> {
        match (&*self.architecture, self.variant.as_deref()) {
            ("arm", None) => Some(7),
            ("arm64", None) => Some(8),
            ("arm" | "arm64", Some(variant)) => variant.strip_prefix('v')?.parse().ok(),
            _ => None,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_checked() {
        let good = Digest::of(b"");
        assert_eq!(
            good.as_str(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(good.as_str().parse(), Ok(good.clone()));
        for bad in ["", "sha256:", "sha256:12", "md5:00", &good.as_str().to_uppercase()] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }

    #[test]
    fn platforms_fall_back_as_docker_does() {
        for (image, wanted, distance) in [
            (("linux", "amd64", None), ("linux", "amd64", None), Some(0)),
            (("linux", "arm64", Some("v8")), ("linux", "arm64", None), Some(0)),
            (("linux", "arm", Some("v6")), ("linux", "arm", Some("v7")), Some(1)),
            (("linux", "arm", Some("v7")), ("linux", "arm", Some("v6")), None),
            (("linux", "arm", Some("v7")), ("linux", "arm", None), Some(0)),
            (("linux", "arm", Some("v7")), ("linux", "arm64", None), None),
            (("windows", "amd64", None), ("linux", "amd64", None), None),
            (("linux", "amd64", Some("v3")), ("linux", "amd64", None), None),
            (("linux", "amd64", None), ("linux", "amd64", Some("v3")), Some(1)),
        ] {
            let platform = |(os, architecture, variant)| Platform::new(os, architecture, variant);
            assert_eq!(
                platform(image).distance_to(&platform(wanted)),
                distance,
                "{image:?} for {wanted:?}"
            );
        }
    }
}
