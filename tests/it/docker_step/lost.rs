//! Answers that are lost: whether the engine has heard of the call or not, the step may be done again.

use docker_auto::core::hook::{End, Hook, Moment};

use super::*;
use crate::docker_host::{hurried, patient};
use crate::support::engine::HostOptions;
use crate::support::lab::the_lab;
use crate::support::proxy::{EngineProxy, Rule};

impl Operation {
    /// Returns an operation whose calls go through a proxy.
    async fn through_a_proxy(engine: Engine) -> (Self, EngineProxy) {
        let mut operation = Self::on(engine).await;
        let proxy = EngineProxy::start(&operation.host, &[]);
        operation.runner = runner(connected(&operation.host.behind(&proxy)));
        (operation, proxy)
    }

    /// Closes the connection of a step's call before the engine hears of it, and then again after it
    /// has done it; both times the step must say so, and at last it must be done.
    async fn lose(&self, proxy: &EngineProxy, call: &str, step: &Step) -> StepOutput {
        for rule in [Rule::before(call), Rule::after(call)] {
            proxy.set_rules(&[rule.nth(1).drop_call()]);
            let kind = self.host.engine;
            match self.run(step).await {
                Err(error) => {
                    assert_eq!(error.class, Class::Unreachable, "{kind:?} {call}: {error}");
                }
                Ok(output) => panic!("{kind:?} {call}: {output:?}"),
            }
        }
        proxy.set_rules(&[]);
        self.run(step).await.unwrap_or_else(|error| panic!("{call}: {error}"))
    }
}

#[tokio::test]
async fn what_makes_a_container_is_done_again() {
    needs!(lab);
    for kind in Engine::ALL {
        let (mut operation, proxy) = Operation::through_a_proxy(kind).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let network = operation.name("net");
        operation.host.post("/networks/create", &json!({"Name": network}));
        let own = json!({"Image": reference, "HostConfig": {"NetworkMode": "bridge"}});
        operation.old(&own);
        let create = operation.create_step(own.clone(), &image);
        let id = created(Ok(operation.lose(&proxy, "POST .*/containers/create", &create).await));
        operation.known.ids.insert(Key::replacement(), id.clone());
        let made = operation.host.names(&operation.prefix);
        assert_eq!(made.len(), 2, "one of each: {made:?}");

        let new = Key::replacement;
        let endpoint = json!({"Aliases": ["other"]});
        let connect = Step::Connect { container: new(), network: network.clone(), endpoint };
        operation.lose(&proxy, "POST .*/networks/.*/connect", &connect).await;
        let policy = json!({"Name": "always"});
        let policy = Step::SetRestartPolicy { container: new(), policy };
        operation.lose(&proxy, "POST .*/update", &policy).await;
        let inspect = operation.host.inspect(id.as_str());
        assert!(inspect["NetworkSettings"]["Networks"][&network].is_object(), "{inspect}");
        assert_eq!(inspect["HostConfig"]["RestartPolicy"]["Name"], "always");
    }
}

#[tokio::test]
async fn what_is_done_in_a_container_is_done_again() {
    needs!(lab);
    for kind in Engine::ALL {
        let (mut operation, proxy) = Operation::through_a_proxy(kind).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let old = operation.old(&body(&reference)).to_string();
        operation.create(body(&reference), &image).await;
        operation.host.exec(&old, &["sh", "-c", "mkdir -p /app && echo kept >/app/note"]);
        let path = "/app/note".to_owned();
        let copy = Step::CopyFiles { from: Key::old(), to: Key::replacement(), path };
        for call in ["HEAD .*/archive", "GET .*/archive", "PUT .*/archive"] {
            operation.lose(&proxy, call, &copy).await;
        }
        operation.run(&start(Key::replacement())).await.unwrap();
        let new = operation.known.ids[&Key::replacement()].to_string();
        assert_eq!(operation.host.read_in(&new, &["cat", "/app/note"]), "kept\n", "{kind:?}");

        let command = vec!["/bin/echo".to_owned(), "done".to_owned()];
        let hook = Hook { command, user: None, timeout: GRACE };
        let step = Step::Exec { container: Key::old(), moment: Moment::PreUpdate, hook };
        for call in ["POST .*/containers/.*/exec", "POST .*/exec/.*/start", "GET .*/exec/.*/json"] {
            let output = operation.lose(&proxy, call, &step).await;
            let StepOutput::Executed(execution) = &output else { panic!("{output:?}") };
            assert!(matches!(execution.end, End::Exited { exit_code: 0 }), "{execution:?}");
        }
    }
}

#[tokio::test]
async fn what_is_done_to_an_image_is_done_again() {
    needs!(lab);
    for kind in Engine::ALL {
        let (operation, proxy) = Operation::through_a_proxy(kind).await;
        let own = json!({"Labels": {"scene": operation.prefix}});
        operation.host.docker_load(&ImageSpec::web(&operation.prefix, "1").config(&own));
        let reference = format!("{}:1", operation.prefix);
        let image = ImageId::new(operation.host.image_id(&reference));
        let keep = format!("docker-auto.local/keep:{}", operation.prefix);
        let tag = Step::Tag { image: image.clone(), reference: keep.clone() };
        operation.lose(&proxy, "POST .*/images/.*/tag", &tag).await;
        let untag = Step::Untag { reference };
        operation.lose(&proxy, "DELETE .*/images/", &untag).await;
        assert_eq!(
            operation.host.image_id(&keep),
            image.as_str(),
            "{kind:?}: its other name stays"
        );
        let remove = Step::RemoveImage { image: image.clone(), keep_tags: vec![keep], heir: None };
        let output = operation.lose(&proxy, "DELETE .*/images/", &remove).await;
        assert!(matches!(output, StepOutput::ImageRemoved { .. }), "{kind:?}: {output:?}");
        let inspect = format!("/images/{image}/json");
        assert_eq!(operation.host.request("GET", &inspect, None).0, 404, "{kind:?}");
    }
}

/// An engine that was frozen does what was asked of it meanwhile, beside the same call again.
#[tokio::test]
async fn what_was_given_up_and_is_done_late_is_done_once() {
    needs!(lab);
    for kind in [Engine::Old, Engine::Containerd] {
        let mut operation = Operation::with(Host::private(kind, &HostOptions::default())).await;
        let (reference, image) = operation.image("1", Kind::Web);
        operation.old(&body(&reference));
        let create = operation.create_step(body(&reference), &image);
        let id = created(Ok(operation.thaw_into(&create).await));
        operation.known.ids.insert(Key::replacement(), id);
        let name = operation.known.name.clone();
        let aside = ContainerName::new(format!("{name}.da-old-0a1b2c"));
        let remove = Step::Remove { container: Key::old(), volumes: Volumes::Keep };
        // A stop is waited for longer than anybody would freeze: more than a minute.
        operation.run(&stop(Key::old())).await.unwrap();
        for step in [
            Step::Rename { container: Key::old(), to: aside },
            Step::Rename { container: Key::replacement(), to: name.clone() },
            start(Key::replacement()),
            remove,
        ] {
            operation.thaw_into(&step).await;
        }
        let left = operation.host.names(&operation.prefix);
        assert_eq!(left, [(name.as_str().to_owned(), "running".to_owned())], "{kind:?}");
    }
}

/// A call that was given up may be heard late, between the look and the same call again.
#[tokio::test]
async fn what_is_done_between_the_look_and_the_call_is_seen() {
    needs!(lab);
    for kind in Engine::ALL {
        let (mut operation, proxy) = Operation::through_a_proxy(kind).await;
        let (reference, image) = operation.image("1", Kind::Web);
        let old = operation.old(&body(&reference)).to_string();
        let create = operation.create_step(body(&reference), &image);
        let made = operation.known.created_as[&Key::replacement()].to_string();
        let label = format!("{OPERATION_LABEL}={}", operation.known.operation);
        let by_others = ["create", "--name", &made, "--label", &label, &reference];
        let output = operation.outrun(&proxy, "POST .*/create", &by_others, &create).await;
        let id = created(Ok(output));
        assert_eq!(operation.host.inspect(&made)["Id"], id.as_str(), "{kind:?}: no other was made");
        operation.known.ids.insert(Key::replacement(), id);

        let aside = format!("{}.da-old-0a1b2c", operation.known.name);
        let rename = Step::Rename { container: Key::old(), to: ContainerName::new(aside.as_str()) };
        let by_others = ["rename", &old, &aside];
        operation.outrun(&proxy, "POST .*/rename", &by_others, &rename).await;
        assert_eq!(operation.host.inspect(&aside)["Id"], old.as_str(), "{kind:?}");
    }
}

impl Operation {
    /// Does a step while the engine hears a command of Docker's client just before the step's call.
    async fn outrun(
        &self,
        proxy: &EngineProxy,
        call: &str,
        arguments: &[&str],
        step: &Step,
    ) -> StepOutput {
        let client = the_lab().client.display().to_string();
        let mut command = vec![client, "--host".to_owned(), self.host.docker_host()];
        command.extend(arguments.iter().map(|&argument| argument.to_owned()));
        proxy.set_rules(&[Rule::before(call).nth(1).run(&command)]);
        let output = self.run(step).await;
        output.unwrap_or_else(|error| panic!("{:?} {call}: {error}", self.host.engine))
    }

    /// Has a frozen engine do a step, gives it up, and does it again while the engine wakes up.
    async fn thaw_into(&self, step: &Step) -> StepOutput {
        let hurried = runner(patient(&self.host, hurried(Duration::from_secs(1))));
        // It may still be busy with waking up.
        while hurried.observe(&self.known).await.is_err() {
            connected(&self.host).ping().await.expect("the engine is up");
        }
        self.host.freeze();
        let given_up = hurried.run(step, &self.known).await;
        self.host.thaw();
        assert_eq!(given_up.expect_err("it is frozen").class, Class::Unreachable, "{step:?}");
        let output = self.run(step).await;
        output.unwrap_or_else(|error| panic!("{step:?}: {error}"))
    }
}
