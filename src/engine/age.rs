//! How old candidates are, where a container asks for images of some age.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::core::digest::Digest;
use crate::core::id::Timestamp;
use crate::core::inventory::Inventory;
use crate::core::reference::ImageRef;
use crate::core::remote::{RemoteAnswer, RemoteImage};
use crate::engine::judge::{Bench, Subject};
use crate::engine::{Engine, remote};

/// The build dates of images by their manifests, as far as they were asked.
pub(super) type Dates = BTreeMap<Digest, Timestamp>;

impl Engine {
    /// Puts its build date into an image that a container with a cooldown may take. A date that is
    /// remembered is not asked again; a registry that does not tell is asked at the next check.
    pub(super) async fn date(
        &self,
        bench: &Bench<'_>,
        (subject, reference): (&Subject<'_>, &ImageRef),
        answer: &mut RemoteAnswer,
        dates: &mut Dates,
    ) {
        let RemoteAnswer::Image(image) = answer else { return };
        if subject.policy.cooldown.value == Duration::ZERO || image.created_at.is_some() {
            return;
        }
        let known = bench.built_at(subject.container, &image.manifest);
        let known = known.or_else(|| dates.get(&image.manifest).copied());
        image.created_at = match known {
            Some(date) => Some(date),
            None => self.ask_date(bench.inventory, reference, image).await,
        };
        dates.extend(image.created_at.map(|date| (image.manifest.clone(), date)));
    }

    async fn ask_date(
        &self,
        inventory: &Inventory,
        reference: &ImageRef,
        image: &RemoteImage,
    ) -> Option<Timestamp> {
        let wanted = remote::wanted(reference, inventory);
        match self.registry.image_config(&wanted, image.config.as_ref()?).await {
            Ok(config) => Some(built_at(&config)),
            Err(error) => {
                log::warn!("{}: the image's age is not known: {error}", reference.familiar());
                None
            }
        }
    }
}

/// Returns the date that an image's config states; 1970, which nobody believes, where it states
/// none.
fn built_at(config: &Value) -> Timestamp {
    let created = config.get("created").and_then(Value::as_str);
    created.and_then(|text| text.parse().ok()).unwrap_or_default()
}
