//! Starting, stopping, connecting and removing.

use super::*;

#[tokio::test]
async fn a_container_between_two_restarts_ends_up_stopped() {
    needs!(lab);
    for kind in Engine::ALL {
        let mut operation = Operation::on(kind).await;
        let (reference, _) = operation.image("1", Kind::ExitsOne);
        let mut restarting = body(&reference);
        restarting["HostConfig"]["RestartPolicy"] = json!({"Name": "always"});
        let id = operation.old(&restarting);
        let inspect = || operation.host.inspect(id.as_str());
        wait_until("it restarts", GRACE, || inspect()["State"]["Status"] == "restarting");
        operation.twice(&stop(Key::old())).await;
        assert_eq!(inspect()["State"]["Status"], "exited", "{kind:?}");
        operation.remove(Key::old(), Volumes::Remove).await;
    }
}

#[tokio::test]
async fn a_container_that_removes_itself_is_waited_for() {
    needs!(lab);
    for kind in Engine::ALL {
        let mut operation = Operation::on(kind).await;
        let (reference, _) = operation.image("1", Kind::Web);
        let mut own = body(&reference);
        own["HostConfig"]["AutoRemove"] = json!(true);
        operation.old(&own);
        assert_eq!(operation.run(&stop(Key::old())).await.unwrap(), StepOutput::Done);
        operation.twice(&Step::WaitRemoved { container: Key::old() }).await;
        assert_eq!(operation.host.names(&operation.prefix), []);
        operation.remove(Key::old(), Volumes::Keep).await;
    }
}

#[tokio::test]
async fn anonymous_volumes_go_only_if_told() {
    needs!(lab);
    for kind in Engine::ALL {
        let mut operation = Operation::on(kind).await;
        let (reference, _) = operation.image("1", Kind::Web);
        for (volumes, status) in [(Volumes::Keep, 200), (Volumes::Remove, 404)] {
            let mut with_volume = body(&reference);
            with_volume["Volumes"] = json!({"/data": {}});
            let id = operation.old(&with_volume);
            let mounts = &operation.host.inspect(id.as_str())["Mounts"];
            let volume = format!("/volumes/{}", mounts[0]["Name"].as_str().unwrap());
            operation.twice(&stop(Key::old())).await;
            operation.remove(Key::old(), volumes).await;
            assert_eq!(operation.host.request("GET", &volume, None).0, status, "{volumes:?}");
            operation.host.request("DELETE", &volume, None);
        }
    }
}

#[tokio::test]
async fn networks_are_joined_once() {
    needs!(lab);
    for kind in Engine::ALL {
        let mut operation = Operation::on(kind).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let [front, back] = ["front", "back"].map(|name| operation.name(name));
        operation.host.post("/networks/create", &json!({"Name": front}));
        operation.host.post("/networks/create", &json!({"Name": back}));
        let own = json!({"Image": reference, "HostConfig": {"NetworkMode": front}});
        let id = operation.create(own, &image).await;
        let endpoint = json!({"Aliases": ["other"]});
        let connect = |network: &str| Step::Connect {
            container: Key::replacement(),
            network: network.to_owned(),
            endpoint: endpoint.clone(),
        };
        operation.twice(&connect(&back)).await;
        operation.twice(&start(Key::replacement())).await;
        operation.twice(&connect(&back)).await;
        let networks = operation.host.inspect(id.as_str())["NetworkSettings"]["Networks"].clone();
        let aliases = networks[&back]["Aliases"].as_array().unwrap();
        assert!(aliases.contains(&json!("other")), "{networks}");
        let missing = operation.run(&connect(&operation.name("none"))).await;
        Operation::check(Class::Lasting, "not found", missing);
    }
}

#[tokio::test]
async fn a_taken_port_passes_and_a_bad_command_does_not() {
    needs!(lab);
    for kind in Engine::ALL {
        let mut operation = Operation::on(kind).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let published = json!({
            "Image": reference,
            "HostConfig": {"PortBindings": {"8080/tcp": [{"HostPort": "18080"}]}},
        });
        operation.old(&published);
        operation.create(published, &image).await;
        let taken = operation.run(&start(Key::replacement())).await;
        Operation::check(Class::Transient, "port is already allocated", taken);
        operation.twice(&stop(Key::old())).await;
        operation.twice(&start(Key::replacement())).await;
        operation.twice(&stop(Key::replacement())).await;
        operation.remove(Key::replacement(), Volumes::Remove).await;
        operation.known.ids.remove(&Key::replacement());
        let mut broken = body(&reference);
        broken["Entrypoint"] = json!(["/no/such/command"]);
        operation.create(broken, &image).await;
        let result = operation.run(&start(Key::replacement())).await;
        Operation::check(Class::Lasting, "no such file or directory", result);
        operation.remove(Key::replacement(), Volumes::Remove).await;
    }
}

#[tokio::test]
async fn names_of_images_come_and_go() {
    needs!(lab);
    for kind in Engine::ALL {
        let mut operation = Operation::on(kind).await;
        let (reference, image) = operation.image("1", Kind::Web);
        operation.old(&body(&reference));
        let keep = format!("docker-auto.local/keep:{}", operation.prefix);
        operation.twice(&Step::Tag { image: image.clone(), reference: keep.clone() }).await;
        assert_eq!(operation.host.image_id(&keep), image.as_str());
        operation.twice(&Step::Untag { reference: keep.clone() }).await;
        assert_eq!(operation.host.request("GET", &format!("/images/{keep}/json"), None).0, 404);
        assert_eq!(operation.host.image_id(&reference), image.as_str(), "its own name stays");
        let last = operation.run(&Step::Untag { reference: reference.clone() }).await;
        Operation::check(Class::Lasting, "conflict", last);
        let by_id = operation.run(&Step::Untag { reference: image.as_str().to_owned() }).await;
        Operation::check(Class::Lasting, "image ID", by_id);
        let nowhere = ImageId::new(format!("sha256:{}", "0".repeat(64)));
        let missing = Step::Tag { image: nowhere, reference: keep };
        Operation::check(Class::Lasting, "image", operation.run(&missing).await);
    }
}
