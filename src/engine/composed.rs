//! A container's Compose file, where it can be read: what an update does not do of it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::core::compose::file::{self, CONFIG_FILES, hooks, may_have_contents};
use crate::core::compose::{Compose, Labels};
use crate::store::foreign;

/// A project has no more files; the label is anybody's, an image's too.
const MOST: usize = 8;

/// What the files of a project say of the contents that Compose writes into a container.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// The paths that may be theirs.
    pub(super) paths: BTreeSet<String>,
    /// Whether all files could be read, and there are none.
    pub(super) is_none: bool,
}

/// Returns what the files of a container's project say of contents; nothing where they cannot be read.
pub(super) async fn contents(labels: &Labels) -> Contents {
    let Some(service) = Compose::read(labels).map(|compose| compose.service) else {
        return Contents::default();
    };
    let named = labels.get(CONFIG_FILES).map_or(0, |paths| paths.split(',').count());
    let texts = texts(labels).await;
    let is_none =
        named > 0 && texts.len() == named && !texts.iter().any(|it| may_have_contents(it));
    let paths = texts.iter().flat_map(|text| file::contents(text, &service)).collect();
    Contents { paths, is_none }
}

/// Most often they are not there: they lie on the host, and we in a container.
async fn texts(labels: &Labels) -> Vec<String> {
    let paths = labels.get(CONFIG_FILES).map_or("", String::as_str).split(',');
    let paths = paths.filter(|path| is_compose_file(path)).take(MOST);
    let paths: Vec<_> = paths.map(str::to_owned).collect();
    if paths.is_empty() { Vec::new() } else { foreign::texts(paths).await }
}

/// Returns a warning of the hooks that only Compose runs.
pub(super) async fn without_hooks(labels: &Labels) -> Option<String> {
    let service = Compose::read(labels)?.service;
    let mut found = Vec::new();
    for text in texts(labels).await {
        found.extend(hooks(&text, &service));
    }
    found.sort_unstable();
    found.dedup();
    let warning = || {
        format!("its Compose file has {}, which Compose alone runs: not here", found.join(" and "))
    };
    (!found.is_empty()).then(warning)
}

/// The kernel's own files may never end.
fn is_compose_file(path: &str) -> bool {
    let path = Path::new(path);
    let named = path.extension().is_some_and(|it| it == "yml" || it == "yaml");
    let of_the_kernel = ["/proc", "/sys", "/dev"].iter().any(|folder| path.starts_with(folder));
    named && path.is_absolute() && !of_the_kernel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_compose_could_have_are_read() {
        for (path, expected) in [
            ("/srv/shop/compose.yaml", true),
            ("/srv/shop/docker-compose.yml", true),
            ("compose.yaml", false),
            ("/etc/shadow", false),
            ("/proc/kmsg", false),
            ("/proc/self/root/x.yml", false),
            ("/dev/x.yaml", false),
        ] {
            assert_eq!(is_compose_file(path), expected, "{path}");
        }
    }
}
