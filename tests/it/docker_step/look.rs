//! Steps that look: is it as planned, is it healthy, what did it leave?

use super::*;

#[tokio::test]
async fn what_is_no_longer_as_planned_supersedes() {
    needs!(lab);
    for kind in Engine::ALL {
        let mut operation = Operation::on(kind).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let id = operation.old(&body(&reference));
        let expect = |name: &ContainerName, image: &ImageId, state| Step::Expect {
            container: Key::old(),
            name: name.clone(),
            state,
            image: image.clone(),
            settings: None,
        };
        let (name, running) = (operation.known.name.clone(), RunState::Running);
        let planned = expect(&name, &image, running);
        operation.twice(&planned).await;
        let other = expect(&name, &ImageId::new("sha256:1"), running);
        Operation::check(Class::Superseded, "runs image", operation.run(&other).await);
        operation.host.post(&format!("/containers/{id}/pause"), &json!({}));
        Operation::check(Class::Superseded, "is paused now", operation.run(&planned).await);
        operation.host.post(&format!("/containers/{id}/unpause"), &json!({}));
        operation.host.post(&format!("/containers/{id}/rename?name={name}-b"), &json!({}));
        Operation::check(Class::Superseded, "is called", operation.run(&planned).await);
        operation.host.post(&format!("/containers/{id}/rename?name={name}"), &json!({}));
        operation.host.post(&format!("/containers/{id}/kill"), &json!({}));
        wait_until("it ends", GRACE, || {
            operation.host.inspect(id.as_str())["State"]["Running"] == false
        });
        Operation::check(Class::Superseded, "is exited now", operation.run(&planned).await);
        operation.twice(&expect(&name, &image, RunState::Exited)).await;
    }
}

#[tokio::test]
async fn the_health_gate_is_watched() {
    use ExitZero::{Failed, Finished};
    use Requirement::{Healthy, Stable};

    needs!(lab);
    for (tag, kind, require, exit_zero, words) in [
        ("plain", Kind::Plain, Healthy, Failed, None),
        ("sick", Kind::Unhealthy, Stable, Failed, None),
        ("job", Kind::ExitsZero, Healthy, Finished, None),
        ("sick", Kind::Unhealthy, Healthy, Failed, Some("unhealthy")),
        ("exit", Kind::ExitsOne, Healthy, Finished, Some("exit code 1")),
        ("job", Kind::ExitsZero, Healthy, Failed, Some("exit code 0")),
    ] {
        let mut operation = Operation::on(Engine::Old).await;
        let (reference, _) = operation.image(tag, kind);
        operation.old(&body(&reference));
        let result = operation.run(&await_healthy(Key::old(), require, exit_zero)).await;
        match words {
            None => assert_eq!(result.unwrap(), StepOutput::Done, "{tag}"),
            Some(words) => Operation::check(Class::Lasting, words, result),
        }
        operation.twice(&stop(Key::old())).await;
        operation.remove(Key::old(), Volumes::Remove).await;
    }
}

#[tokio::test]
async fn a_vanished_container_is_not_healthy() {
    needs!(lab);
    let mut operation = Operation::on(Engine::New).await;
    let (reference, image) = operation.image("1", Kind::ExitsOne);
    let mut own = body(&reference);
    own["HostConfig"]["AutoRemove"] = json!(true);
    operation.create(own, &image).await;
    operation.run(&start(Key::replacement())).await.unwrap();
    let result = operation
        .run(&await_healthy(Key::replacement(), Requirement::Healthy, ExitZero::Failed))
        .await;
    let error = result.unwrap_err();
    assert_eq!(error.class, Class::Lasting, "{error}");
    operation.known.ids.insert(Key::old(), ContainerId::new("0".repeat(64)));
    let result =
        operation.run(&await_healthy(Key::old(), Requirement::Healthy, ExitZero::Failed)).await;
    Operation::check(Class::Superseded, "is gone", result);
}

#[tokio::test]
async fn evidence_is_collected_with_and_without_a_terminal() {
    needs!(lab);
    for kind in Engine::ALL {
        let mut operation = Operation::on(kind).await;
        let (reference, _) = operation.image("1", Kind::Unhealthy);
        for (tty, driver, logged) in [
            (false, "json-file", "starting"),
            (true, "json-file", "starting"),
            (false, "none", "does not support reading"),
        ] {
            let mut own = body(&reference);
            own["Tty"] = json!(tty);
            own["HostConfig"]["LogConfig"] = json!({"Type": driver});
            let id = operation.old(&own);
            operation.host.wait_health(id.as_str(), "unhealthy");
            let step = Step::CollectEvidence { container: Key::old() };
            let output = operation.run(&step).await.unwrap();
            let StepOutput::Evidence(evidence) = output else { panic!("{output:?}") };
            let Evidence { state, health, logs, .. } = evidence;
            assert_eq!(state, "running");
            assert!(health.iter().any(|probe| probe.starts_with("exit code 1")), "{health:?}");
            assert!(logs.contains(logged) && !logs.contains('\u{0}'), "{logs:?}");
            operation.twice(&stop(Key::old())).await;
            operation.remove(Key::old(), Volumes::Remove).await;
        }
    }
}
