//! A container's Compose file, where it can be read: what an update does not do of it.

use std::path::Path;

use crate::core::compose::file::{CONFIG_FILES, hooks};
use crate::core::compose::{Compose, Labels};
use crate::store::foreign;

/// A project has no more files; the label is anybody's, an image's too.
const MOST: usize = 8;

/// Returns a warning of the hooks that only Compose runs.
pub(super) async fn without_hooks(labels: &Labels) -> Option<String> {
    let service = Compose::read(labels)?.service;
    let mut found = Vec::new();
    let paths = labels.get(CONFIG_FILES)?.split(',').filter(|path| is_compose_file(path));
    let paths: Vec<_> = paths.take(MOST).map(str::to_owned).collect();
    if paths.is_empty() {
        return None;
    }
    // Most often they are not there: they lie on the host, and we in a container.
    for text in foreign::texts(paths).await {
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
