//! The swap of two containers: making, naming, and finding them again.

use super::*;

#[tokio::test]
async fn a_whole_swap_may_be_done_twice_step_by_step() {
    needs!(lab);
    for kind in Engine::ALL {
        let mut operation = Operation::on(kind).await;
        let (old_reference, old_image) = operation.image("1", Kind::Web);
        let (new_reference, new_image) = operation.image("2", Kind::Web);
        let mut old_body = body(&old_reference);
        old_body["HostConfig"]["RestartPolicy"] = json!({"Name": "always"});
        operation.old(&old_body);
        let name = operation.known.name.clone();
        let aside = ContainerName::new(format!("{name}.da-old-0a1b2c"));

        let expect = Step::Expect {
            container: Key::old(),
            name: name.clone(),
            state: RunState::Running,
            image: old_image,
            settings: None,
        };
        operation.twice(&expect).await;
        let step = operation.create_step(body(&new_reference), &new_image);
        let first = created(operation.run(&step).await);
        let again = created(operation.run(&step).await);
        assert_eq!(first, again, "found by its label and name");
        operation.known.ids.insert(Key::replacement(), first.clone());
        assert_eq!(created(operation.run(&step).await), first, "found by its ID");
        operation.twice(&stop(Key::old())).await;
        let policy = json!({"Name": "no", "MaximumRetryCount": 0});
        operation.twice(&Step::SetRestartPolicy { container: Key::old(), policy }).await;
        operation.twice(&Step::Rename { container: Key::old(), to: aside.clone() }).await;
        operation.twice(&Step::Rename { container: Key::replacement(), to: name.clone() }).await;
        operation.twice(&start(Key::replacement())).await;
        operation
            .twice(&await_healthy(Key::replacement(), Requirement::Healthy, ExitZero::Failed))
            .await;
        let observed = operation.runner.observe(&operation.known).await.unwrap();
        assert_eq!(observed.containers[&Key::old()].name, aside);
        assert_eq!(observed.containers[&Key::old()].state, RunState::Exited);
        assert_eq!(observed.containers[&Key::replacement()].state, RunState::Running);
        assert_eq!(observed.owners.get(&name), Some(&first));
        let old = operation.host.inspect(aside.as_str());
        assert_eq!(old["HostConfig"]["RestartPolicy"]["Name"], "no");
        operation.remove(Key::old(), Volumes::Keep).await;
        let left = operation.host.names(&operation.prefix);
        assert_eq!(left, [(name.as_str().to_owned(), "running".to_owned())]);
        Operation::check(Class::Superseded, "is gone", operation.run(&expect).await);
        Operation::check(Class::Superseded, "is gone", operation.run(&stop(Key::old())).await);
        let evidence = Step::CollectEvidence { container: Key::old() };
        Operation::check(Class::Superseded, "is gone", operation.run(&evidence).await);
    }
}

#[tokio::test]
async fn a_new_container_is_found_again_without_its_id() {
    needs!(lab);
    for kind in Engine::ALL {
        let operation = Operation::on(kind).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let observe = || operation.runner.observe(&operation.known);
        assert!(observe().await.unwrap().containers.is_empty());
        let id = created(operation.run(&operation.create_step(body(&reference), &image)).await);
        let observed = observe().await.unwrap();
        assert_eq!(observed.containers[&Key::replacement()].id, id);
        assert_eq!(observed.containers[&Key::replacement()].state, RunState::Created);
        operation.twice(&start(Key::replacement())).await;
        operation.twice(&stop(Key::replacement())).await;
        operation.remove(Key::replacement(), Volumes::Remove).await;
        operation.twice(&Step::WaitRemoved { container: Key::replacement() }).await;
        Operation::check(
            Class::Superseded,
            "is gone",
            operation.run(&start(Key::replacement())).await,
        );
    }
}

#[tokio::test]
async fn a_key_does_not_find_the_container_of_another_key() {
    needs!(lab);
    let mut operation = Operation::on(Engine::New).await;
    let (reference, image) = operation.image("1", Kind::Web);
    let new = operation.create(body(&reference), &image).await;
    let name = operation.known.name.clone();
    operation.twice(&Step::Rename { container: Key::replacement(), to: name.clone() }).await;
    operation.known.created_as.insert(Key::rescue(), name);
    let observed = operation.runner.observe(&operation.known).await.unwrap();
    assert_eq!(observed.containers.len(), 1, "{observed:?}");
    assert_eq!(observed.owners.get(&operation.known.name), Some(&new));
}

#[tokio::test]
async fn the_image_of_a_new_container_is_verified() {
    needs!(lab);
    for kind in Engine::ALL {
        let operation = Operation::on(kind).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let (_, other) = operation.image("2", Kind::Web);
        let step = operation.create_step(body(&reference), &other);
        Operation::check(Class::Lasting, "the tag was moved", operation.run(&step).await);
        assert_eq!(operation.host.names(&operation.prefix), [], "{kind:?}");
        // One of the same operation with another image, as a crash before the check leaves it.
        let left = created(operation.run(&operation.create_step(body(&reference), &image)).await);
        let step = operation.create_step(body(&format!("{}:2", operation.prefix)), &other);
        let made = created(operation.run(&step).await);
        assert_ne!(made, left);
        assert_eq!(operation.host.inspect(made.as_str())["Image"], other.as_str());
        let missing = body(&format!("{}:none", operation.prefix));
        let fresh = Operation::on(kind).await.missing_image(missing).await;
        Operation::check(Class::Lasting, "No such image", fresh);
    }
}

impl Operation {
    async fn missing_image(&self, body: Value) -> Result<StepOutput, StepError> {
        self.run(&self.create_step(body, &ImageId::new("sha256:0"))).await
    }
}

#[tokio::test]
async fn a_name_that_someone_else_has_supersedes() {
    needs!(lab);
    for kind in Engine::ALL {
        let mut operation = Operation::on(kind).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let temporary = operation.known.created_as[&Key::replacement()].clone();
        let foreign = format!("/containers/create?name={temporary}");
        operation.host.post(&foreign, &body(&reference));
        let step = operation.create_step(body(&reference), &image);
        Operation::check(Class::Superseded, "another container", operation.run(&step).await);
        operation.host.delete(&format!("/containers/{temporary}"));
        operation.create(body(&reference), &image).await;
        operation
            .host
            .post(&format!("/containers/create?name={}", operation.known.name), &body(&reference));
        let name = operation.known.name.clone();
        let rename = Step::Rename { container: Key::replacement(), to: name };
        Operation::check(Class::Superseded, "another container", operation.run(&rename).await);
        assert_eq!(operation.host.names(&operation.prefix).len(), 2);
    }
}

#[tokio::test]
async fn a_bind_of_a_source_that_is_gone_is_refused_before_it_is_started() {
    needs!(lab);
    for kind in Engine::ALL {
        let operation = Operation::on(kind).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let bound = |source: &str| {
            let mounts = json!([{"Type": "bind", "Source": source, "Target": "/source"}]);
            json!({"Image": reference, "HostConfig": {"Mounts": mounts, "NetworkMode": "none"}})
        };
        let step = operation.create_step(bound(&format!("/{}-gone", operation.prefix)), &image);
        let refused = operation.run(&step).await;
        Operation::check(Class::Lasting, "bind source path does not exist", refused);
        assert_eq!(operation.host.names(&operation.prefix), []);
        for source in ["/etc", "/etc/passwd"] {
            created(operation.run(&operation.create_step(bound(source), &image)).await);
            operation.remove(Key::replacement(), Volumes::Remove).await;
        }
    }
}
