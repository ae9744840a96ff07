//! The platform that a container runs as.

use serde_json::Value;

use crate::core::digest::Platform;
use crate::core::recreate::error::PlanError;
use crate::core::recreate::scene::Scene;
use crate::core::recreate::value::text;

/// Returns the platform to pull and create for: the one of the image that runs, as the container's
/// own `Platform` is only an operating system.
pub(super) fn of(scene: &Scene<'_>) -> Platform {
    read(&scene.shown.inspect["ImageManifestDescriptor"]["platform"])
        .or_else(|| scene.subject.old_image.and_then(read))
        .unwrap_or_else(|| scene.engine().platform.clone())
}

/// Refuses a new image that does not run where the old one ran.
pub(super) fn check(scene: &Scene<'_>) -> Result<(), PlanError> {
    let wanted = of(scene);
    match scene.subject.new_image.and_then(read) {
        Some(offered) if offered.distance_to(&wanted).is_none() => {
            Err(PlanError::Platform { container: scene.shown.name.clone(), wanted, offered })
        }
        _ => Ok(()),
    }
}

/// Reads a platform as the registry writes it (`os`) or as the engine does (`Os`).
fn read(value: &Value) -> Option<Platform> {
    let field = |lower: &str, upper: &str| match text(&value[lower]) {
        "" => text(&value[upper]),
        found => found,
    };
    let (os, architecture) = (field("os", "Os"), field("architecture", "Architecture"));
    let known = !os.is_empty() && !architecture.is_empty();
    known.then(|| Platform::new(os, architecture, Some(field("variant", "Variant"))))
}
