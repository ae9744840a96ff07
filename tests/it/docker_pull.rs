//! Pulls on each kind of engine: progress, verification, and registries that misbehave.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use docker_auto::core::digest::{Digest, Platform};
use docker_auto::core::event::{PullProgress, What};
use docker_auto::core::id::{ContainerName, ImageId, OperationId};
use docker_auto::core::journal::{Class, Known, StepOutput};
use docker_auto::core::plan::{BoxFuture, Key, Step, StepError, StepRunner};
use docker_auto::core::reference::ImageRef;
use docker_auto::core::secret::Secret;
use docker_auto::docker::{HostRunner, PullAuth, PullCredentials, Timeouts};
use serde_json::json;

use crate::docker_host::{body, connected, patient};
use crate::docker_step::runner;
use crate::support::containers::Cleanup;
use crate::support::engine::{Engine, Host, HostOptions};
use crate::support::image::{ImageSpec, Index};
use crate::support::lab::{needs, unique};
use crate::support::registry::{PASSWORD, Registry, USER};

const MIB: u64 = 1 << 20;

fn known() -> Known {
    Known {
        operation: OperationId::new(unique()),
        name: ContainerName::new("web"),
        homes: BTreeMap::new(),
        ids: BTreeMap::new(),
        failure: None,
        created_as: [(Key::replacement(), ContainerName::new(unique()))].into(),
    }
}

async fn own_platform(host: &Host) -> Platform {
    connected(host).engine_facts().await.expect("the engine is up").platform
}

fn pull_step(reference: &str, platform: &Platform, digest: &str) -> Step {
    let reference = ImageRef::parse(reference).expect("a reference");
    let digest: Digest = digest.parse().expect("a digest");
    Step::Pull { reference, platform: platform.clone(), digest }
}

async fn run(runner: &HostRunner, step: &Step) -> Result<StepOutput, StepError> {
    runner.run(step, &known()).await
}

/// Runs a step until it ends well or for good: under load, a registry may be too slow once.
async fn settled(runner: &HostRunner, step: &Step) -> Result<StepOutput, StepError> {
    for _ in 0..5 {
        match run(runner, step).await {
            Err(error) if error.class == Class::Transient => {}
            result => return result,
        }
    }
    run(runner, step).await
}

#[track_caller]
fn check(class: Class, words: &str, result: Result<StepOutput, StepError>) {
    let error = result.expect_err(words);
    assert_eq!(error.class, class, "{error}");
    assert!(error.message.contains(words), "{error}");
}

#[tokio::test]
async fn a_pull_tells_how_far_it_is_and_is_not_done_twice() {
    needs!(lab);
    for kind in Engine::ALL {
        let host = Host::shared(kind);
        let registry = Registry::faulty(&json!({"bytes_per_second": MIB / 8}));
        let prefix = unique();
        let image = ImageSpec::web(&format!("{prefix}/app"), "1").blob(3 * MIB, &prefix);
        let (reference, digest) = (image.reference(&registry), registry.push(&image));
        let seen = Arc::new(Mutex::new(Vec::<PullProgress>::new()));
        let sink = seen.clone();
        let listener = move |what| match what {
            What::PullProgress(progress) => sink.lock().unwrap().push(progress),
            other => panic!("{other:?}"),
        };
        let nobody = Arc::new(crate::docker_step::Nobody);
        let runner = HostRunner::new(connected(&host), Arc::new(listener), nobody);
        let step = pull_step(&reference, &own_platform(&host).await, &digest);
        let begun = Instant::now();
        // It trickles until a part of it was told of.
        let partly = |p: &PullProgress| p.done_bytes > 0 && p.done_bytes < p.total_bytes;
        let lift = async {
            while !seen.lock().unwrap().iter().any(partly) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            registry.faults(&json!({}));
        };
        let mut pulling = pin!(run(&runner, &step));
        let output = tokio::select! {
            output = &mut pulling => output,
            () = lift => pulling.await,
        };
        let output = output.unwrap();
        let fifths = begun.elapsed().as_millis() / 200;
        let StepOutput::Pulled { image, size_bytes } = &output else { panic!("{output:?}") };
        assert_eq!(*image, ImageId::new(host.image_id(&reference)), "{kind:?}");
        assert!(*size_bytes >= 3 * MIB, "{size_bytes}");
        {
            let seen = seen.lock().unwrap();
            let last = seen.last().copied().unwrap_or_default();
            assert!(last.layers > 0 && last.layers_done == last.layers, "{kind:?} {seen:?}");
            assert!(last.done_bytes == last.total_bytes && last.total_bytes >= 3 * MIB);
            assert!(seen.iter().any(partly), "{kind:?} {seen:?}");
            let few = seen.len() as u128 <= fifths + 2;
            assert!(few, "five a second at most, not {} in {fifths} fifths", seen.len());
        }
        registry.forget();
        assert_eq!(run(&runner, &step).await.unwrap(), output);
        assert_eq!(registry.log().len(), 0, "it is there already");
    }
}

#[tokio::test]
async fn a_tag_that_moved_again_is_noticed() {
    needs!(lab);
    let registry = Registry::shared();
    for kind in Engine::ALL {
        let host = Host::shared(kind);
        let image = ImageSpec::web(&format!("{}/app", unique()), "1").index(Index::Attested);
        let reference = image.reference(&registry);
        let planned = registry.push(&image);
        registry.push(&image.clone().version("2"));
        let step = pull_step(&reference, &own_platform(&host).await, &planned);
        check(
            Class::Lasting,
            "the tag moved again",
            settled(&runner(connected(&host)), &step).await,
        );
        let pinned = format!("{reference}@{planned}");
        let step = pull_step(&pinned, &own_platform(&host).await, &planned);
        let output = settled(&runner(connected(&host)), &step).await.unwrap();
        assert!(matches!(output, StepOutput::Pulled { .. }), "{output:?}");
    }
}

#[tokio::test]
async fn a_foreign_platform_is_pulled_and_created() {
    needs!(lab);
    let registry = Registry::shared();
    for kind in Engine::ALL {
        let (host, prefix) = (Host::shared(kind), unique());
        let _cleanup = Cleanup { host: &host, prefix: &prefix };
        let image = ImageSpec::web(&format!("{prefix}/app"), "1").index(Index::Multi);
        let (reference, digest) = (image.reference(&registry), registry.push(&image));
        let own = own_platform(&host).await;
        let other = if &*own.architecture == "arm64" { "amd64" } else { "arm64" };
        let foreign = Platform::new("linux", other, None);
        let runner = runner(connected(&host));
        settled(&runner, &pull_step(&reference, &own, &digest)).await.unwrap();
        let output = settled(&runner, &pull_step(&reference, &foreign, &digest)).await.unwrap();
        let StepOutput::Pulled { image, .. } = output else { panic!("{output:?}") };
        let known = known();
        let name = ContainerName::new(format!("{prefix}-foreign"));
        let create = Step::Create {
            key: Key::replacement(),
            name: name.clone(),
            body: body(&reference),
            platform: foreign.clone(),
            image: image.clone(),
        };
        runner.run(&create, &known).await.unwrap();
        let made = host.inspect(name.as_str());
        assert_eq!(made["Image"], image.as_str(), "{kind:?}");
        let platform = &made["ImageManifestDescriptor"]["platform"]["architecture"];
        assert!(platform.is_null() || platform == other, "{kind:?} {platform}");
        let missing = Platform::new("linux", "riscv64", None);
        let result = settled(&runner, &pull_step(&reference, &missing, &digest)).await;
        check(Class::Lasting, "pulling ", result);
    }
}

#[tokio::test]
async fn a_layer_that_is_cut_off_is_an_error_and_leaves_no_image() {
    needs!(lab);
    for kind in Engine::ALL {
        let once = "--max-download-attempts=1".to_owned();
        let options = HostOptions { arguments: vec![once], ..HostOptions::default() };
        let host = Host::private(kind, &options);
        let registry = Registry::faulty(&json!({"only": "/blobs/", "drop_after": 100_000}));
        let image = ImageSpec::web(&format!("{}/app", unique()), "1").blob(2 * MIB, "cut");
        let (reference, digest) = (image.reference(&registry), registry.push(&image));
        let step = pull_step(&reference, &own_platform(&host).await, &digest);
        let runner = runner(connected(&host));
        check(Class::Transient, "pulling ", run(&runner, &step).await);
        assert_eq!(host.request("GET", &format!("/images/{reference}/json"), None).0, 404);
        registry.faults(&json!({}));
        assert!(matches!(settled(&runner, &step).await, Ok(StepOutput::Pulled { .. })));
    }
}

#[tokio::test]
async fn what_a_registry_says_is_sorted_into_passing_and_lasting() {
    needs!(lab);
    for kind in Engine::ALL {
        let host = Host::shared(kind);
        let platform = own_platform(&host).await;
        let runner = runner(connected(&host));
        let repository = format!("{}/app", unique());
        let image = ImageSpec::web(&repository, "1");
        for (faults, class) in [
            (json!({"fail": vec![429; 40]}), Class::Transient),
            (json!({"fail": vec![503; 40]}), Class::Transient),
            (json!({"fail": vec!["drop"; 40]}), Class::Transient),
        ] {
            let registry = Registry::faulty(&faults);
            let (reference, digest) = (image.reference(&registry), registry.push(&image));
            let result = run(&runner, &pull_step(&reference, &platform, &digest)).await;
            let error = result.unwrap_err();
            assert_eq!(error.class, class, "{kind:?} {faults}: {error}");
        }
        let registry = Registry::shared();
        let digest = registry.push(&image);
        let missing = format!("{}/{repository}:none", registry.address);
        let result = settled(&runner, &pull_step(&missing, &platform, &digest)).await;
        check(Class::Lasting, "pulling ", result);
    }
}

#[tokio::test]
async fn a_hanging_registry_is_given_up_after_a_while() {
    needs!(lab);
    for kind in [Engine::Old, Engine::Containerd] {
        let host = Host::shared(kind);
        let registry = Registry::faulty(&json!({"only": "/blobs/", "hang": 20}));
        let image = ImageSpec::web(&format!("{}/app", unique()), "1").blob(MIB, "hang");
        let (reference, digest) = (image.reference(&registry), registry.push(&image));
        let platform = own_platform(&host).await;
        let pull_idle = Duration::from_secs(2);
        let hurried = patient(&host, Timeouts { pull_idle, ..Timeouts::default() });
        let result = run(&runner(hurried), &pull_step(&reference, &platform, &digest)).await;
        check(Class::Transient, "nothing moved for 2 s", result);
    }
}

struct Alice;

impl PullCredentials for Alice {
    fn for_pull<'a>(&'a self, _: &'a ImageRef) -> BoxFuture<'a, Option<PullAuth>> {
        let password = Secret::new(PASSWORD);
        Box::pin(async { Some(PullAuth::Password { username: USER.to_owned(), password }) })
    }
}

#[tokio::test]
async fn credentials_open_a_closed_registry() {
    needs!(lab);
    for kind in Engine::ALL {
        let host = Host::shared(kind);
        let platform = own_platform(&host).await;
        for registry in [Registry::basic(), Registry::token()] {
            let image = ImageSpec::web(&format!("{}/app", unique()), "1");
            let (reference, digest) = (image.reference(&registry), registry.push(&image));
            let step = pull_step(&reference, &platform, &digest);
            let closed = settled(&runner(connected(&host)), &step).await;
            check(Class::Lasting, "pulling ", closed);
            let open = HostRunner::new(connected(&host), Arc::new(|_| {}), Arc::new(Alice));
            assert!(
                matches!(settled(&open, &step).await, Ok(StepOutput::Pulled { .. })),
                "{kind:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_named_with_its_cure() {
    needs!(lab);
    for kind in [Engine::Old, Engine::Containerd] {
        let options = HostOptions { data_size: Some("24m".into()), ..HostOptions::default() };
        let host = Host::private(kind, &options);
        let registry = Registry::shared();
        let image = ImageSpec::web(&format!("{}/app", unique()), "1").blob(40 * MIB, "full");
        let (reference, digest) = (image.reference(&registry), registry.push(&image));
        let step = pull_step(&reference, &own_platform(&host).await, &digest);
        let result = settled(&runner(connected(&host)), &step).await;
        check(Class::Lasting, "make room on the engine's disk", result);
    }
}
