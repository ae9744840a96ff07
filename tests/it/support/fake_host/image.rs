//! Images of the model: what names and containers keep them.

use docker_auto::core::id::ImageId;
use docker_auto::core::journal::StepOutput;

use super::engine::Engine;

impl Engine {
    /// Removes an image that has no names but these, which go to an heir, and that no container is
    /// made of.
    pub(crate) fn remove_image(
        &mut self,
        image: &ImageId,
        keep_tags: &[String],
        heir: Option<&ImageId>,
    ) -> StepOutput {
        let mut all = self.tags.iter();
        let is_called = all.any(|(tag, of)| of == image && !keep_tags.contains(tag));
        let used = self.containers.values().any(|container| container.image == *image);
        if is_called || used {
            return StepOutput::ImageStays { reason: "it is needed".into() };
        }
        if let Some(heir) = heir {
            for of in self.tags.values_mut().filter(|of| *of == image) {
                of.clone_from(heir);
            }
        }
        self.tags.retain(|_, of| of != image);
        let size_bytes = self.images.remove(image).map(|_| 1);
        StepOutput::ImageRemoved { size_bytes, free: None }
    }
}
