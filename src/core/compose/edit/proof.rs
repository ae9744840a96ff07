//! Proves that writing another tag changes nothing else.

use crate::core::reference::ImageRef;

use super::image::{File, Files};
use super::{Edit, Refusal, Refused};

impl Files<'_> {
    /// Proves that an edit makes the service's image what it should be, and nothing else different.
    pub(super) fn prove(&self, edit: &Edit, to: &ImageRef) -> Result<(), Refused> {
        let unproven = || Refusal::Unproven.of(&edit.path);
        let mut after = self.project.clone();
        for file in after.files.iter_mut().filter(|file| file.path == edit.path) {
            file.text = edit.apply(&file.text).ok_or_else(unproven)?;
        }
        for file in after.variables.iter_mut().filter(|file| file.path == edit.path) {
            if let Ok(text) = &mut file.text {
                *text = edit.apply(text).ok_or_else(unproven)?;
            }
        }
        let files = Files::read(&after)?;
        for (one, other) in self.read.iter().zip(&files.read) {
            self.differs_there_alone(one, other, edit)?;
        }
        let now = files.image()?;
        let is_meant = ImageRef::parse(&now).is_ok_and(|now| now == *to);
        is_meant.then_some(()).ok_or_else(unproven)
    }

    fn differs_there_alone(
        &self,
        one: &File<'_>,
        other: &File<'_>,
        edit: &Edit,
    ) -> Result<(), Refused> {
        let own = ["services", &*self.project.service, "image"];
        let mut shared = None;
        let same = one.tree.compare(&other.tree, &mut |path| {
            let unused = path.first().is_some_and(|first| first.starts_with("x-"));
            if path != own && !unused {
                shared.get_or_insert_with(|| path.join("."));
            }
        });
        let line = edit.line;
        match shared {
            Some(place) => Err(Refusal::Shared { line, place }.of(&edit.path)),
            None if !same => Err(Refusal::Unproven.of(&edit.path)),
            None => Ok(()),
        }
    }
}
