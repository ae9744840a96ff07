//! Whoever else uses a variable would change with it.

use crate::core::yaml::Tree;

use super::image::{File, Files};
use super::settings::{Settings, Variable};
use super::variable::names;
use super::{Edit, Refusal, Refused};

impl Files<'_> {
    /// Returns the edit of a variable that nothing but the image uses.
    pub(super) fn in_variables(
        &self,
        variable: &Variable<'_>,
        text: &str,
    ) -> Result<Edit, Refused> {
        let Variable { file, name, value, line, .. } = variable;
        self.is_used_once(variable).map_err(|why| why.of(&file.path))?;
        let old = variable.text[value.clone()].to_owned();
        Ok(Edit {
            path: file.path.clone(),
            line: *line,
            offset: value.start,
            shown: (format!("{name}={old}"), format!("{name}={text}")),
            old,
            new: text.to_owned(),
        })
    }

    fn is_used_once(&self, variable: &Variable<'_>) -> Result<(), Refusal> {
        let name = &*variable.name;
        let shared = |place: String| Refusal::SharedVariable { name: name.to_owned(), place };
        let own = ["services", &*self.project.service, "image"];
        for File { tree, .. } in &self.read {
            let extends_files = |(_, one): &(String, Tree)| {
                one.get("extends").is_some_and(|base| base.get("file").is_some())
            };
            let services = tree.get("services").map(Tree::entries).unwrap_or_default();
            if tree.get("include").is_some() || services.iter().any(extends_files) {
                return Err(Refusal::Unseen(name.to_owned()));
            }
            let mut place = None;
            tree.scalars(&mut |path, text| {
                let unused = path.first().is_some_and(|first| first.starts_with("x-"));
                let uses = text == name || names(text, name);
                // Twice in the image itself is told apart where the tag is looked for.
                if uses && !unused && path != own && place.is_none() {
                    place = Some(path.join("."));
                }
            });
            if let Some(place) = place {
                return Err(shared(place));
            }
        }
        self.is_in_no_named_file(variable)?;
        let mut all = self.settings.iter().flat_map(Settings::all);
        let user = all.find(|(_, value)| names(value, name));
        user.map_or(Ok(()), |(user, _)| Err(shared(user.to_owned())))
    }
}
