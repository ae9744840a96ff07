//! Removing images: what anybody needs stays, whoever that is.

use super::*;

fn remove(image: &ImageId, keep_tags: &[&str]) -> Step {
    let keep_tags = keep_tags.iter().map(ToString::to_string).collect();
    Step::RemoveImage { image: image.clone(), keep_tags, heir: None }
}

#[tokio::test]
async fn an_image_goes_when_nothing_needs_it() {
    needs!(lab);
    for kind in Engine::ALL {
        let mut operation = Operation::on(kind).await;
        let own = json!({"Labels": {"scene": operation.prefix}});
        operation.host.docker_load(&ImageSpec::web(&operation.prefix, "1").config(&own));
        let reference = format!("{}:1", operation.prefix);
        let image = ImageId::new(operation.host.image_id(&reference));
        let keep = format!("docker-auto.local/keep:{}", operation.prefix);
        operation.twice(&Step::Tag { image: image.clone(), reference: keep.clone() }).await;
        let step = remove(&image, &[&keep]);
        let stays = async |operation: &Operation, words: &str| {
            let output = operation.run(&step).await.unwrap();
            let StepOutput::ImageStays { reason } = &output else { panic!("{kind:?}: {output:?}") };
            assert!(reason.contains(words), "{kind:?}: {reason}");
            assert_eq!(operation.host.image_id(&keep), image.as_str(), "its names stay, too");
        };
        stays(&operation, &format!("it is {reference}, too")).await;
        let id = operation.create(body(&reference), &image).await;
        operation.twice(&Step::Untag { reference: reference.clone() }).await;
        stays(&operation, "da-new-0a1b2c uses it").await;
        operation.host.post(&format!("/containers/{id}/start"), &json!({}));
        stays(&operation, "da-new-0a1b2c uses it").await;
        operation.host.delete(&format!("/containers/{id}?force=1&v=1"));
        let output = operation.run(&step).await.unwrap();
        let removed = matches!(output, StepOutput::ImageRemoved { size_bytes: Some(1..), .. });
        assert!(removed, "{kind:?}: {output:?}");
        let inspect = format!("/images/{}/json", image.as_str());
        assert_eq!(operation.host.request("GET", &inspect, None).0, 404, "{kind:?}");
        let again = operation.run(&step).await.unwrap();
        assert_eq!(again, StepOutput::ImageRemoved { size_bytes: None, free: None }, "{kind:?}");
    }
}
