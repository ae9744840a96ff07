//! Hosts with a past, and the images that go.

use std::collections::BTreeMap;

use crate::core::digest::Platform;
use crate::core::id::{ContainerId, HostId, Timestamp};
use crate::core::inventory::{ApiVersion, EngineFacts, ImageStore, RunState};

use super::*;

/// Returns a host from its containers, `web=A` or `web=A@reference`, and its images, `A tag,tag`.
fn host(containers: &str, images: &[&str]) -> Inventory {
    let containers = containers.split_whitespace().map(|word| {
        let (name, image) = word.split_once('=').unwrap();
        let (image, reference) = image.split_once('@').unwrap_or((image, "r.test/app:1"));
        let container = Container {
            id: ContainerId::new(name),
            name: ContainerName::new(name),
            image: reference.into(),
            image_id: ImageId::new(image),
            labels: BTreeMap::new(),
            state: RunState::Exited,
            created_at: Timestamp::default(),
            published_ports: Vec::new(),
            addresses: Vec::new(),
        };
        (container.name.clone(), container)
    });
    Inventory {
        host: HostId::default(),
        taken_at: Timestamp::default(),
        engine: engine(),
        containers: containers.collect(),
        unclear: BTreeMap::new(),
        images: images.iter().map(|line| image(line)).collect(),
        networks: Vec::new(),
    }
}

fn image(line: &str) -> (ImageId, Image) {
    let (id, tags) = line.split_once(' ').unwrap_or((line, ""));
    let tags = tags.split(',').filter(|tag| !tag.is_empty()).map(|tag| match tag {
        digits if digits.len() == 6 => format!("docker-auto.local/keep:{digits}"),
        tag => tag.to_owned(),
    });
    let (keep_tags, repo_tags) = tags.partition(|tag| is_ours(tag));
    let image = Image {
        id: ImageId::new(id),
        repo_tags,
        repo_digests: Vec::new(),
        keep_tags,
        labels: BTreeMap::new(),
        size_bytes: 1,
        created_at: Timestamp::default(),
    };
    (image.id.clone(), image)
}

fn engine() -> EngineFacts {
    EngineFacts {
        api_version: ApiVersion::v1(44),
        version: String::new(),
        name: String::new(),
        platform: Platform::new("linux", "amd64", None),
        store: ImageStore::GraphDriver,
        default_runtime: String::new(),
        runtimes: Vec::new(),
        cgroup_version: 2,
        registry_mirrors: Vec::new(),
        insecure_registries: Vec::new(),
        podman: false,
    }
}

/// Returns an operation of a number from `web A>B`, from `web A>B r.test/app:0`, which left that
/// name, or from `web A<B`, which went back to A.
fn moved(number: usize, line: &str) -> Move {
    let (name, images) = line.split_once(' ').unwrap();
    let (images, left) = images.split_once(' ').map_or((images, None), |(i, l)| (i, Some(l)));
    let update = images.split_once('>').map(|(from, to)| (OperationKind::Update, from, to));
    let rollback = images.split_once('<').map(|(to, from)| (OperationKind::Rollback, from, to));
    let (kind, from, to) = update.or(rollback).unwrap();
    Move {
        operation: OperationId::new(format!("01997cf2-7a33-7000-8000-000000{number:06}")),
        kind,
        container: ContainerName::new(name),
        from: ImageId::new(from),
        to: ImageId::new(to),
        leaves: left.map(|left| ImageRef::parse(left).unwrap()),
    }
}

/// Returns what did not end well, from `web A!B` or `web A!B r.test/app:2`.
fn attempt(line: &str) -> Option<Attempt> {
    let mut words = line.split_whitespace();
    let (name, (_, image)) = (words.next()?, words.next()?.split_once('!')?);
    let reference = words.next().unwrap_or("r.test/app:1");
    Some(Attempt {
        container: ContainerName::new(name),
        image: ImageId::new(image),
        reference: ImageRef::parse(reference).ok(),
    })
}

/// A host with a past, what is planned, and what follows.
struct Story {
    what: &'static str,
    /// The operations, the oldest first; the last one is planned.
    moves: &'static [&'static str],
    containers: &'static str,
    images: &'static [&'static str],
    keep: usize,
    old_container: Retention,
    /// The images that go, the newest first, each with the names that go with it.
    unwanted: &'static str,
    /// Whether the old image is held.
    held: bool,
}

const PLAIN: Story = Story {
    what: "the image of two updates ago goes",
    moves: &["web A>B", "web B>C"],
    containers: "web=B",
    images: &["A 000000", "B r.test/app:1", "C"],
    keep: 1,
    old_container: Retention::Remove,
    unwanted: "A[000000]",
    held: true,
};

const STORIES: &[Story] = &[
    PLAIN,
    Story { what: "two are kept", keep: 2, unwanted: "", ..PLAIN },
    Story {
        what: "none is kept, and the old one goes as well",
        keep: 0,
        unwanted: "B[] A[000000]",
        held: false,
        ..PLAIN
    },
    Story {
        what: "the old container stays, and its image with it",
        keep: 0,
        old_container: Retention::Keep,
        unwanted: "A[000000]",
        held: false,
        ..PLAIN
    },
    Story { what: "a first update removes nothing", moves: &["web A>B"], unwanted: "", ..PLAIN },
    Story {
        what: "what another container is made of stays, whatever its state",
        containers: "web=B excluded=A",
        unwanted: "",
        ..PLAIN
    },
    Story {
        what: "what has another name stays",
        images: &["A 000000,r.test/app:2024", "B r.test/app:1", "C"],
        unwanted: "",
        ..PLAIN
    },
    Story {
        what: "the name that moves on is none",
        keep: 0,
        images: &["B r.test/app:1,r.test/app:2", "A r.test/app:1"],
        unwanted: "A[]",
        held: false,
        ..PLAIN
    },
    Story {
        what: "what another container's operation holds stays",
        images: &["A 000000,000007", "B r.test/app:1", "C"],
        unwanted: "",
        ..PLAIN
    },
    Story {
        what: "what another container goes back to stays, held or not",
        moves: &["api A>B", "web A>B", "web B>C"],
        containers: "web=B api=B",
        images: &["A", "B r.test/app:1", "C"],
        unwanted: "",
        ..PLAIN
    },
    Story {
        what: "what another container went back to long ago does not stay",
        moves: &["api A>B", "api B>D", "web A>B", "web B>C"],
        containers: "web=B api=D",
        images: &["A", "B r.test/app:1", "C", "D"],
        unwanted: "A[]",
        ..PLAIN
    },
    Story {
        what: "what is not ours stays",
        moves: &["api X>B", "web B>C"],
        images: &["A", "B r.test/app:1", "C", "X", "Y 000009"],
        unwanted: "",
        ..PLAIN
    },
    Story {
        what: "what is gone is not removed",
        images: &["B r.test/app:1", "C"],
        unwanted: "",
        ..PLAIN
    },
    Story {
        what: "an old image that is gone is not held",
        images: &["A 000000", "C"],
        held: false,
        ..PLAIN
    },
    Story {
        what: "all that an image is held by goes with it",
        moves: &["web A>B", "web A<B", "web A>C", "web C>D"],
        containers: "web=C",
        images: &["A 000000,000002", "B", "C r.test/app:1"],
        unwanted: "A[000000,000002] B[]",
        ..PLAIN
    },
    Story {
        what: "a rollback holds nothing, and leaves what it came from",
        moves: &["web A>B", "web B>C", "web B<C"],
        containers: "web=C",
        images: &["A 000000", "B 000001", "C r.test/app:1"],
        unwanted: "",
        held: false,
        ..PLAIN
    },
    Story {
        what: "a rollback removes what its own way back does not need",
        moves: &["web A>B", "web B>C", "web C>D", "web C<D"],
        containers: "web=D",
        images: &["A 000000", "B 000001", "C 000002", "D r.test/app:1"],
        unwanted: "A[000000]",
        held: false,
        ..PLAIN
    },
    Story {
        what: "the name that a version was left under goes with it",
        moves: &["web A>B r.test/app:0", "web B>C r.test/app:0.1"],
        images: &["A 000000,r.test/app:0", "B r.test/app:0.1", "C"],
        unwanted: "A[000000,0]",
        ..PLAIN
    },
    Story {
        what: "a name that nobody left stays with its image",
        moves: &["web A>B r.test/app:0", "web B>C r.test/app:0.1"],
        images: &["A 000000,r.test/app:0,r.test/app:old", "B r.test/app:0.1", "C"],
        unwanted: "",
        ..PLAIN
    },
    Story {
        what: "two images that take turns both stay",
        moves: &["web A>B", "web B>A", "web A>B"],
        containers: "web=A",
        images: &["A r.test/app:1,000000", "B 000001"],
        keep: 5,
        unwanted: "",
        ..PLAIN
    },
    Story {
        what: "what failed goes when another one went well, with the name that it was tried under",
        moves: &["web B!X", "web B!Y r.test/app:2", "web B>C"],
        images: &["B r.test/app:1", "C", "X", "Y r.test/app:2"],
        unwanted: "X[] Y[2]",
        ..PLAIN
    },
    Story {
        what: "what failed stays where another container runs or follows it, and where it has a name",
        moves: &["web B!X", "web B!Y r.test/app:2", "web B!Z", "api B!V", "web B>C"],
        containers: "web=B api=X@r.test/app:2",
        images: &["B r.test/app:1", "C", "X", "Y r.test/app:2", "Z r.test/app:old", "V"],
        unwanted: "",
        ..PLAIN
    },
    Story {
        what: "what failed here before and goes well now stays",
        moves: &["web B!C", "web B>C"],
        unwanted: "",
        ..PLAIN
    },
];

/// Hosts on which an update fails; `unwanted` is what goes then, and what takes its name.
const FAILURES: &[Story] = &[
    Story {
        what: "what failed goes, and the old one has its name again",
        unwanted: "C[1]>B",
        ..PLAIN
    },
    Story {
        what: "a tag that the old one never had goes with what failed",
        moves: &["web A>B", "web B>C r.test/app:0"],
        unwanted: "C[1]",
        ..PLAIN
    },
    Story {
        what: "what another container runs stays",
        containers: "web=B api=C@r.test/other:1",
        unwanted: "",
        ..PLAIN
    },
    Story {
        what: "what another container follows stays",
        containers: "web=B api=B",
        unwanted: "",
        ..PLAIN
    },
    Story {
        what: "what another container could go back to stays",
        moves: &["api C>D", "web B>C"],
        containers: "web=B api=D@r.test/other:1",
        unwanted: "",
        ..PLAIN
    },
    Story {
        what: "what it ran before stays for the way back",
        moves: &["web C>B", "web B>C"],
        unwanted: "",
        ..PLAIN
    },
    Story {
        what: "what has another name stays",
        images: &["B", "C r.test/app:1,r.test/app:2"],
        unwanted: "",
        ..PLAIN
    },
    Story { what: "what is held stays", images: &["B", "C 000007"], unwanted: "", ..PLAIN },
    Story {
        what: "a rollback that fails removes nothing",
        moves: &["web A>B", "web A<B"],
        unwanted: "",
        ..PLAIN
    },
];

fn care(story: &Story) -> (Move, ImageCare) {
    let attempts = story.moves.iter().filter_map(|line| attempt(line)).collect();
    let ended_well = story.moves.iter().filter(|line| !line.contains('!'));
    let mut moves: Vec<_> =
        ended_well.enumerate().map(|(number, line)| moved(number, line)).collect();
    let planned = moves.pop().unwrap();
    moves.reverse();
    let care = image_care(&Situation {
        planned: &planned,
        reference: &ImageRef::parse("r.test/app:1").unwrap(),
        old_container: story.old_container,
        past: &Past { moves, attempts },
        inventory: &host(story.containers, story.images),
        keep: story.keep,
    });
    (planned, care)
}

fn shown(Unwanted { image, keep_tags, heir }: &Unwanted) -> String {
    let digits = |tag: &String| tag.rsplit(':').next().unwrap().to_owned();
    let tags: Vec<_> = keep_tags.iter().map(digits).collect();
    let heir = heir.as_ref().map(|heir| format!(">{}", heir.as_str())).unwrap_or_default();
    format!("{}[{}]{heir}", image.as_str(), tags.join(","))
}

fn check(story: &Story) {
    let (planned, care) = care(story);
    let shown = care.unwanted.iter().map(shown);
    assert_eq!(shown.collect::<Vec<_>>().join(" "), story.unwanted, "{}", story.what);
    let own = keep_tag(&planned.operation);
    assert_eq!(care.keep_tag, story.held.then_some(own), "{}", story.what);
}

#[test]
fn images_go_when_nothing_needs_them() {
    STORIES.iter().for_each(check);
}

#[test]
fn what_failed_goes_when_nothing_needs_it() {
    for story in FAILURES {
        let failed = care(story).1.failed.as_ref().map(shown);
        assert_eq!(failed.unwrap_or_default(), story.unwanted, "{}", story.what);
    }
}
