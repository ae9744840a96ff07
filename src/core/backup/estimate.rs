//! How much a backup is and how long it takes, told beforehand.

use std::time::Duration;

use crate::core::backup::{Choice, Node, SavedMount, shown};
use crate::core::duration;
use crate::core::id::ContainerName;

/// What is assumed of a disk where no backup has shown it: what a slow one writes.
const ASSUMED_BYTES_PER_SECOND: u64 = 50_000_000;

/// What is known beforehand of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Where it will be.
    pub folder: String,
    /// How fast the one before was written, in bytes a second.
    pub bytes_per_second: Option<u64>,
    /// Volumes that others mount who go on running, with their names.
    pub shared: Vec<(String, Vec<ContainerName>)>,
    /// Those that are made anew with the container, whose data is not saved.
    pub sharers: Vec<ContainerName>,
}

/// Returns how much space a backup may take on its disk, as far as it is known how much there is to
/// save. What does not compress takes as much as it is, and an archive names every file.
pub fn needed_bytes(saved: &[SavedMount]) -> u64 {
    let all = saved.iter().filter_map(|mount| mount.size_bytes).fold(0, u64::saturating_add);
    all.saturating_add(all / 20).saturating_add(1 << 20)
}

/// Returns what a person should know of a backup before it is made.
pub fn warnings(choice: &Choice, estimate: &Estimate) -> Vec<String> {
    let mut warnings = Vec::new();
    if choice.saved.is_empty() {
        warnings
            .push("a backup is asked for, and it mounts nothing that could be saved".to_owned());
    } else {
        warnings.push(plan(&choice.saved, estimate));
    }
    let left = choice.left.iter().map(|(place, why)| format!("{place} is not saved: {why}"));
    warnings.extend(left);
    warnings.extend(files(&choice.saved));
    warnings.extend(estimate.shared.iter().map(|(volume, names)| {
        let names = listed(names);
        format!("what {names} writes into {volume} meanwhile may be saved half: it goes on running")
    }));
    if !estimate.sharers.is_empty() && !choice.saved.is_empty() {
        let names = listed(&estimate.sharers);
        warnings.push(format!("the data of {names}, which is made anew with it, is not saved"));
    }
    warnings
}

fn plan(saved: &[SavedMount], estimate: &Estimate) -> String {
    let known = saved.iter().filter_map(|mount| mount.size_bytes).fold(0, u64::saturating_add);
    let unknown = saved.iter().filter(|mount| mount.size_bytes.is_none());
    let unknown: Vec<_> = unknown.map(|mount| mount.destinations.join(" and ")).collect();
    let places: Vec<_> = saved.iter().flat_map(|mount| &mount.destinations).cloned().collect();
    let size = match unknown.len() {
        0 => shown(known),
        count if count == saved.len() => "size unknown".to_owned(),
        _ => format!("{} and {} of unknown size", shown(known), unknown.join(", ")),
    };
    format!(
        "{} ({size}) is saved to {} while it is down: {}",
        places.join(", "),
        estimate.folder,
        outage(known, unknown.len(), estimate.bytes_per_second)
    )
}

fn outage(known: u64, unknown: usize, measured: Option<u64>) -> String {
    let rate = measured.unwrap_or(ASSUMED_BYTES_PER_SECOND).max(1);
    let seconds = Duration::from_secs(known.div_ceil(rate).max(1));
    let basis = match measured {
        Some(rate) => format!("an earlier backup wrote {} a second", shown(rate)),
        None => format!("{} a second is assumed, there was no backup yet", shown(rate)),
    };
    match unknown {
        0 => format!("about {} longer ({basis})", duration::print(seconds)),
        _ => format!("longer by a time that is unknown as well ({basis})"),
    }
}

/// No volume can be mounted in the place of a file.
fn files(saved: &[SavedMount]) -> impl Iterator<Item = String> {
    let files = saved.iter().filter(|mount| mount.node == Node::File);
    files.map(|mount| {
        format!("the file {} is saved, but has to be restored by hand", mount.source.as_str())
    })
}

fn listed(names: &[ContainerName]) -> String {
    names.iter().map(ContainerName::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::core::backup::MountSource;

    use super::*;

    fn mount(place: &str, size_bytes: Option<u64>) -> SavedMount {
        SavedMount {
            source: MountSource::Volume("v".into()),
            destinations: vec![place.to_owned()],
            node: Node::Folder,
            size_bytes,
            labels: BTreeMap::new(),
        }
    }

    #[test]
    fn what_is_saved_is_told() {
        for (saved, rate, expected) in [
            (
                vec![mount("/a", Some(120_000_000)), mount("/b", Some(0))],
                None,
                "/a, /b (120.0 MB) is saved to /f while it is down: about 3s longer (50.0 MB a \
                 second is assumed, there was no backup yet)",
            ),
            (
                vec![mount("/a", Some(1))],
                Some(200_000_000),
                "/a (0.1 MB) is saved to /f while it is down: about 1s longer (an earlier \
                 backup wrote 200.0 MB a second)",
            ),
            (
                vec![mount("/a", Some(1)), mount("/b", None)],
                Some(0),
                "/a, /b (0.1 MB and /b of unknown size) is saved to /f while it is down: longer \
                 by a time that is unknown as well (an earlier backup wrote 0.0 MB a second)",
            ),
            (
                vec![mount("/a", None)],
                Some(1),
                "/a (size unknown) is saved to /f while it is down: longer by a time that is \
                 unknown as well (an earlier backup wrote 0.1 MB a second)",
            ),
            (vec![], None, "a backup is asked for, and it mounts nothing that could be saved"),
        ] {
            let choice = Choice { saved, left: Vec::new() };
            let estimate = Estimate {
                folder: "/f".into(),
                bytes_per_second: rate,
                shared: Vec::new(),
                sharers: Vec::new(),
            };
            assert_eq!(warnings(&choice, &estimate), [expected]);
        }
    }

    #[test]
    fn what_is_not_saved_is_told() {
        let mut file = mount("/c", Some(1));
        (file.source, file.node) = (MountSource::Bind("/etc/x".into()), Node::File);
        let choice = Choice { saved: vec![file], left: vec![("/s".into(), "why")] };
        let names = vec![ContainerName::new("api"), ContainerName::new("db")];
        let estimate = Estimate {
            folder: "/f".into(),
            bytes_per_second: None,
            shared: vec![("v".into(), names.clone())],
            sharers: names,
        };
        assert_eq!(
            warnings(&choice, &estimate)[1..],
            [
                "/s is not saved: why",
                "the file /etc/x is saved, but has to be restored by hand",
                "what api, db writes into v meanwhile may be saved half: it goes on running",
                "the data of api, db, which is made anew with it, is not saved",
            ]
        );
    }

    #[test]
    fn the_space_that_is_needed_is_more_than_the_data() {
        let known = 2_100_000 + (1 << 20);
        for (sizes, expected) in [
            (&[Some(2_000_000)][..], known),
            // What is unknown comes on top.
            (&[Some(2_000_000), None], known),
            (&[None], 1 << 20),
            (&[Some(u64::MAX), Some(1)], u64::MAX),
        ] {
            let mounts: Vec<_> = sizes.iter().map(|size| mount("/a", *size)).collect();
            assert_eq!(needed_bytes(&mounts), expected, "{sizes:?}");
        }
    }
}
