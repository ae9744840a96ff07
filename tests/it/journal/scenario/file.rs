//! The Compose file of the scenario that has one.

use docker_auto::core::compose::edit::{FileChange, Project, Rewriting, SourceFile, rewrite};
use docker_auto::core::reference::ImageRef;

use super::{NAME, OTHER_REFERENCE, REFERENCE};

/// Where it is.
pub(crate) const FILE: &str = "/srv/compose.yaml";

/// Returns what it says.
pub(crate) fn file(reference: &str) -> String {
    format!("services:\n  {NAME}:\n    image: {reference} # ours\n")
}

pub(super) fn change() -> FileChange {
    let text = file(REFERENCE);
    let source = SourceFile { path: FILE.into(), text: text.clone() };
    let project = Project { files: vec![source], service: NAME.into(), ..Project::default() };
    let reference = |text| ImageRef::parse(text).unwrap();
    let edit = rewrite(&project, &reference(REFERENCE), &reference(OTHER_REFERENCE));
    let Ok(Rewriting::Edit(edit)) = edit else { panic!("{edit:?}") };
    FileChange::of(edit, &text, "/data/compose/copy".into()).unwrap()
}
