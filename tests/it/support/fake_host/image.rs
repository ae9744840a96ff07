//! Images of the model: what names and containers keep them.

use docker_auto::core::id::ImageId;
use docker_auto::core::journal::StepOutput;

use super::engine::Engine;

impl Engine {
    /// Removes an image that has no names but these, and that no container is made of.
    pub(crate) fn remove_image(&mut self, image: &ImageId, names: &[String]) -> StepOutput {
        let mut others = self.tags.iter().filter(|(tag, _)| !names.contains(tag));
        let named = others.any(|(_, tagged)| tagged == image);
        let used = self.containers.values().any(|container| container.image == *image);
        if named || used {
            return StepOutput::ImageStays { reason: "it is needed".into() };
        }
        self.tags.retain(|_, tagged| tagged != image);
        let size_bytes = self.images.remove(image).map(|_| 1);
        StepOutput::ImageRemoved { size_bytes }
    }
}
