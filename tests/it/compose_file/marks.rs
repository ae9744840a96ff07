//! The marks that Compose 2.40 and 2.26 give to services: `fixtures/compose/marks.txt`.
//!
//! A case begins with `##` and its name; what follows are the settings of the service beside its
//! image. `@ override` begins those that it has in a second file, `@ service NAME` another service of
//! the first one, `@ NAME.env` a file with variables; no two cases have one of the same name. At the
//! end stand for each Compose its marks with the old tag and with the new one.

use std::fs;

use docker_auto::core::compose::edit::{
    Project, SourceFile, VariableFile, environment_files, remark,
};
use docker_auto::core::reference::ImageRef;

pub(super) const TAGS: [&str; 2] = ["1.27.3", "1.27.5"];

/// What the `.env` of each project sets.
pub(super) const VARIABLES: &str = "TAG=7\n";

/// The directory of which the marks are.
pub(super) const FOLDER: &str = "/srv/shop";

pub(super) struct Case {
    pub(super) name: String,
    pub(super) settings: String,
    /// What else there is, by what begins it.
    pub(super) parts: Vec<(String, String)>,
    /// The old mark and the new one, of each Compose.
    pub(super) marks: Vec<[String; 2]>,
}

impl Case {
    pub(super) fn all() -> Vec<Self> {
        let path = format!("{}/tests/fixtures/compose/marks.txt", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(path).unwrap();
        text.trim_end().split("\n\n").map(Self::read).collect()
    }

    fn read(text: &str) -> Self {
        let (name, text) = text.split_once('\n').unwrap();
        let (mut settings, mut parts) = (String::new(), Vec::<(String, String)>::new());
        let mut marks = Vec::new();
        for line in text.lines() {
            if let Some(two) = line.strip_prefix("= ") {
                let (old, new) = two.split_once(' ').unwrap();
                marks.push([old.to_owned(), new.to_owned()]);
            } else if let Some(part) = line.strip_prefix("@ ") {
                parts.push((part.to_owned(), String::new()));
            } else {
                let text = parts.last_mut().map_or(&mut settings, |(_, text)| text);
                text.extend([line, "\n"]);
            }
        }
        Self { name: name.trim_start_matches("## ").to_owned(), settings, parts, marks }
    }

    pub(super) fn part(&self, name: &str) -> Option<&str> {
        self.parts.iter().find(|(part, _)| part == name).map(|(_, text)| &**text)
    }

    /// Returns the other services of the first file.
    pub(super) fn services(&self) -> String {
        let services = self.parts.iter().filter_map(|(part, text)| {
            part.strip_prefix("service ").map(|name| format!("  {name}:\n{text}"))
        });
        services.collect()
    }

    fn project(&self, tag: &str) -> Project {
        let (settings, more) = (&self.settings, self.services());
        let web = format!("services:\n  web:\n    image: nginx:{tag}\n{settings}{more}");
        let over = self.part("override").map(|text| format!("services:\n  web:\n{text}"));
        let path = format!("{FOLDER}/.env");
        let set = VariableFile { path, text: Ok(VARIABLES.to_owned()) };
        let file = |(name, text)| SourceFile { path: format!("{FOLDER}/{name}"), text };
        let files = [("compose.yaml", Some(web)), ("compose.override.yaml", over)];
        Project {
            files: files.into_iter().filter_map(|(name, text)| Some(file((name, text?)))).collect(),
            variables: vec![set],
            service: "web".to_owned(),
            folder: FOLDER.to_owned(),
            ..Project::default()
        }
    }

    fn mark(&self, tag: &str, old: &str) -> Option<String> {
        let mut project = self.project(tag);
        for path in environment_files(&project) {
            let name = path.strip_prefix(&format!("{FOLDER}/")).unwrap();
            let text = self.part(name).map(str::to_owned);
            let file = text.map(|text| SourceFile { path: path.clone(), text });
            project.environment.insert(path, file);
        }
        let [from, to] = TAGS.map(|tag| ImageRef::parse(&format!("nginx:{tag}")).unwrap());
        remark(&project, old, (&from, &to))
    }
}

#[test]
fn marks_are_those_that_compose_gives() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for case in Case::all() {
        for [old, new] in &case.marks {
            count += 1;
            for tag in TAGS {
                if case.mark(tag, old).as_ref() != Some(new) {
                    wrong.push(format!("{} {tag}", case.name));
                }
            }
            assert_eq!(case.mark(TAGS[0], new), None, "{}", case.name);
        }
    }
    assert!(wrong.is_empty() && count >= 100, "{count}: {wrong:?}");
}
