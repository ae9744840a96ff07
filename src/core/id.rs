//! The names of things: newtypes, so that two texts of different meaning never stand side by side.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A moment in UTC; RFC 3339 in JSON.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// Wraps a text that is already known to be one.
            pub fn new(text: impl Into<Box<str>>) -> Self {
                Self(text.into())
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// The configured name of a Docker host; `local` unless named.
    HostId
);
text_id!(
    /// A container's name without the leading slash.
    ContainerName
);
text_id!(
    /// A container's full hexadecimal ID as the engine reports it.
    ContainerId
);
text_id!(
    /// An image's ID as the engine reports it: `sha256:` and 64 hexadecimal digits.
    ImageId
);
text_id!(
    /// The ID of one operation: a version 7 UUID in its hyphenated form, so that IDs sort by time.
    OperationId
);

impl Default for HostId {
    fn default() -> Self {
        Self::new("local")
    }
}

impl ContainerName {
    /// Returns the name of what the engine lists as `/name`.
    pub fn from_engine(listed: &str) -> Self {
        Self::new(listed.strip_prefix('/').unwrap_or(listed))
    }

    /// Says whether the name is one that operations give to their own containers
    /// (`<name>.da-(new|old|bad|kept|data|files)-<six hexadecimal digits>`, or a helper's or probe's).
    pub fn is_reserved(&self) -> bool {
        let probes = self.0.strip_prefix(PROBE).is_some_and(is_short);
        self.reserved_parts().is_some() || self.helper_digits().is_some() || probes
    }

    /// Returns the name of the container by which an operation asks another one's ports.
    pub fn of_probe(operation: &OperationId) -> Self {
        Self::new(format!("{PROBE}{}", operation.short()))
    }

    /// Returns the name of the container from which an operation replaces docker-auto itself.
    pub fn of_helper(operation: &OperationId) -> Self {
        Self::new(format!("{HELPER}{}", operation.short()))
    }

    /// Returns the operation's six digits of a helper's name.
    pub fn helper_digits(&self) -> Option<&str> {
        self.0.strip_prefix(HELPER).filter(|short| is_short(short))
    }

    /// Returns the name that a container goes by once the operation is over that made it under this one.
    pub fn home(&self) -> &str {
        match self.reserved_parts() {
            Some((home, "new", _)) => home,
            _ => &self.0,
        }
    }

    /// Returns the original name, the role (`new`, `old`, `bad`, `kept`, `data`, `files`) and the operation's
    /// six digits of a reserved name.
    pub fn reserved_parts(&self) -> Option<(&str, &str, &str)> {
        let (base, suffix) = self.0.rsplit_once(".da-")?;
        let (role, short) = suffix.split_once('-')?;
        let known = matches!(role, "new" | "old" | "bad" | "kept" | "data" | "files");
        (known && is_short(short) && !base.is_empty()).then_some((base, role, short))
    }
}

/// The beginning of a helper's name.
const HELPER: &str = "docker-auto-helper-";
/// The beginning of a probe's name.
const PROBE: &str = "docker-auto-probe-";

/// Says whether a text can be an operation's six digits.
fn is_short(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl ContainerId {
    /// Returns the first twelve digits, as `docker ps` shows them.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl ImageId {
    /// Returns the first twelve digits after the algorithm.
    pub fn short(&self) -> &str {
        let hexadecimal = self.0.split_once(':').map_or(&*self.0, |(_, digits)| digits);
        hexadecimal.get(..12).unwrap_or(hexadecimal)
    }
}

impl OperationId {
    /// Returns the last six digits, which stand in the names of the operation's containers
    /// ("op6").
    pub fn short(&self) -> &str {
        self.0.len().checked_sub(6).and_then(|start| self.0.get(start..)).unwrap_or(&self.0)
    }
}

/// What can be updated: a container by its name on a host; stable across updates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TargetId {
    /// The host it runs on.
    pub host: HostId,
    /// Its name there.
    pub name: ContainerName,
}

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_with_a_slash_or_without() {
        for (listed, name) in [("/web", "web"), ("web", "web"), ("", "")] {
            assert_eq!(ContainerName::from_engine(listed).as_str(), name, "{listed}");
        }
    }

    #[test]
    fn reserved_names_are_recognised() {
        for (name, parts) in [
            ("web.da-new-0a1b2c", Some(("web", "new", "0a1b2c"))),
            ("a.da-old-x.da-old-123456", Some(("a.da-old-x", "old", "123456"))),
            ("web.da-kept-abcdef", Some(("web", "kept", "abcdef"))),
            ("web.da-data-abcdef", Some(("web", "data", "abcdef"))),
            ("web.da-files-abcdef", Some(("web", "files", "abcdef"))),
            ("web", None),
            ("web.da-new-12345", None),
            ("web.da-new-12345g", None),
            ("web.da-next-123456", None),
            (".da-new-123456", None),
        ] {
            let name = ContainerName::new(name);
            assert_eq!(name.reserved_parts(), parts, "{name}");
            let made = parts.filter(|(_, role, _)| *role == "new").map(|(home, ..)| home);
            assert_eq!(name.home(), made.unwrap_or(name.as_str()));
        }
        let helper = ContainerName::of_helper(&OperationId::new("0198c0de-0000-7000-8000-1b2c3d"));
        assert_eq!(helper.helper_digits(), Some("1b2c3d"));
        assert!(helper.is_reserved());
        let probe = ContainerName::of_probe(&OperationId::new("0198c0de-0000-7000-8000-1b2c3d"));
        assert!(probe.is_reserved() && probe.helper_digits().is_none());
        for name in [
            "docker-auto-probe-",
            "docker-auto-helper-",
            "docker-auto-helper-12345g",
            "docker-auto-helper",
        ] {
            assert!(!ContainerName::new(name).is_reserved(), "{name}");
        }
    }
}
