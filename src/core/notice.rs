//! What an event of an engine means for what is known of its host.

use serde_json::Value;

use crate::core::id::ContainerName;

/// Something that happened on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A name may stand for another image now.
    Images,
    /// A container began or ended, or has another name; by the name that it has now.
    Container(ContainerName),
}

/// The kinds of events that are asked for.
pub const TYPES: [&str; 2] = ["container", "image"];

/// The events that are asked for: what moves a name to another image, and what makes a container
/// another one to look at.
pub const ACTIONS: [&str; 9] =
    ["tag", "pull", "load", "import", "create", "start", "die", "rename", "destroy"];

/// Reads an event as `/events` writes it; `None` for what changes nothing that is known, such as
/// what happens to the containers of an operation under way.
pub fn read(event: &Value) -> Option<Notice> {
    let text = |pointer| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    match (text("/Type"), text("/Action")) {
        ("image", "tag" | "pull" | "load" | "import" | "create") => Some(Notice::Images),
        ("container", "start" | "die" | "rename" | "destroy") => {
            let name = ContainerName::from_engine(text("/Actor/Attributes/name"));
            let known = !name.as_str().is_empty() && !name.is_reserved();
            known.then_some(Notice::Container(name))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(kind: &str, action: &str, name: &str, expected: Option<&Notice>) {
        let actor = json!({"ID": "1", "Attributes": {"name": name}});
        let event = json!({"Type": kind, "Action": action, "Actor": actor});
        assert_eq!(read(&event).as_ref(), expected, "{event}");
    }

    #[test]
    fn events_become_notices() {
        let web = Notice::Container(ContainerName::new("web"));
        let (web, images) = (Some(&web), Some(&Notice::Images));
        for (kind, action, name, expected) in [
            ("image", "tag", "app:dev", images),
            ("image", "pull", "nginx", images),
            ("image", "load", "sha256:1", images),
            ("image", "import", "x", images),
            ("image", "create", "app", images),
            ("image", "delete", "app", None),
            ("container", "start", "web", web),
            ("container", "start", "/web", web),
            ("container", "die", "web", web),
            ("container", "rename", "web", web),
            ("container", "destroy", "web", web),
            ("container", "create", "web", None),
            ("container", "exec_start: sh", "web", None),
            ("container", "start", "", None),
            ("container", "die", "web.da-old-1b2c3d", None),
            ("container", "start", "web.da-new-1b2c3d", None),
            ("network", "connect", "web", None),
        ] {
            check(kind, action, name, expected);
        }
    }

    #[test]
    fn odd_events_are_nothing() {
        for odd in [
            Value::Null,
            json!("start"),
            json!({"Type": "container"}),
            json!({"Type": "container", "Action": "start", "Actor": {"Attributes": {"name": 5}}}),
        ] {
            assert_eq!(read(&odd), None, "{odd}");
        }
    }
}
