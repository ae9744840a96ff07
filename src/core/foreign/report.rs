//! What a host's containers and variables say to other tools, and what that means here.

mod compose;
mod consent;
mod note;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::core::compose::{Compose, Labels};
use crate::core::foreign::labels::{self, FoundLabel};
use crate::core::foreign::variables::{self, FoundVariable, Source, Variables};
use crate::core::foreign::{Idiom, Meaning, Setting, Tool, flags};

/// A container as it was found.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// Its image, as it was written.
    pub image: String,
    /// Its labels.
    pub labels: Labels,
    /// Its variables, where it is one of another tool.
    pub variables: Variables,
    /// What its program was started with, where it is one of another tool.
    pub arguments: Vec<String>,
    /// What is mounted in it, where it is one of another tool.
    pub mounts: Vec<Mounted>,
}

/// A file or directory of the host in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mounted {
    /// Its path on the host.
    pub from: String,
    /// Its path in the container.
    pub at: String,
}

/// What was found, and what it means here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Our own environment, as far as it is another tool's.
    pub environment: Vec<Line>,
    /// The containers of other tools.
    pub tools: Vec<Service>,
    /// The containers that other tools' labels are on.
    pub containers: Vec<Service>,
    /// What to paste into a compose file; empty where there is nothing.
    pub compose: String,
}

/// A container with the settings that were found on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Its name.
    pub container: String,
    /// Its image.
    pub image: String,
    /// The tool that it is, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    /// Its compose project, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Its service in that project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What it says.
    pub settings: Vec<Line>,
    /// The labels of ours that it needs in their place.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// One foreign setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Its value; `***` for a secret.
    pub value: String,
    /// Whose it is.
    pub tool: Tool,
    /// Whether it is there, or is what the tool does without it.
    pub implied: bool,
    /// Whether it has an equivalent.
    pub verdict: Verdict,
    /// What of ours it is.
    pub ours: BTreeMap<String, String>,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What becomes of a foreign setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It has an equivalent.
    Equivalent,
    /// Nothing needs to be set.
    NothingToSet,
    /// It has none.
    NoEquivalent,
    /// It cannot be read.
    Unreadable,
}

/// Says what of ours is meant by a variable and its value, if it is ours under another name.
pub type Ours<'a> = &'a dyn Fn(&str, &str) -> Option<Setting>;

/// Reads what was found.
pub fn report(seen: &[Seen], environment: &Variables, renamed: Ours<'_>) -> Report {
    let tools: Vec<Found<'_>> = seen.iter().filter_map(Found::of).collect();
    let mut all = environment.clone();
    for found in &tools {
        for (name, value) in &found.variables {
            all.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let (idiom, read) = (Idiom::of(&all), variables::read(&all));
    let of_ours = |variables: &Variables| {
        let own = |found: &&FoundVariable| variables.contains_key(&found.name);
        read.iter().filter(own).map(Line::of_variable).collect::<Vec<_>>()
    };
    let services = tools.iter().map(|found| found.service(of_ours(&found.variables), renamed));
    let services: Vec<Service> = services.collect();
    let containers: Vec<Service> =
        seen.iter().filter_map(|seen| Service::labelled(seen, &idiom)).collect();
    let own = of_ours(environment);
    // What is written counts before what follows from it.
    let written = |implied: bool| {
        let lines = services.iter().flat_map(|service| &service.settings).chain(&own);
        lines.filter(move |line| line.implied == implied)
    };
    let mut ours = BTreeMap::new();
    for (name, value) in written(false).chain(written(true)).flat_map(|line| &line.ours) {
        let shorter = |before: &String| variables::is_longer(name, value, before);
        if !environment.contains_key(name) && ours.get(name).is_none_or(shorter) {
            ours.insert(name.clone(), value.clone());
        }
    }
    let names = tools.iter().flat_map(|found| &found.names);
    let names: Vec<&str> = names.map(|name| name.trim_start_matches('/')).collect();
    let mut lines = services.iter().flat_map(|service| &service.settings).chain(&own);
    // What cannot be read may have been meant to restrain updates.
    let compose = if lines.any(|line| line.verdict == Verdict::Unreadable) {
        consent::withdraw(&mut ours);
        compose::snippet(&ours, &containers)
    } else if names.is_empty() {
        compose::snippet(&ours, &containers)
    } else {
        let asked = if consent::withdraw(&mut ours) { names } else { Vec::new() };
        compose::snippet(&ours, &consent::asked(seen, &containers, &asked))
    };
    Report { environment: own, tools: services, containers, compose }
}

/// A container of another tool, with its flags as variables.
struct Found<'a> {
    seen: &'a Seen,
    tool: Tool,
    variables: Variables,
    names: Vec<String>,
}

impl<'a> Found<'a> {
    fn of(seen: &'a Seen) -> Option<Self> {
        let tool = Tool::of_image(&seen.image)?;
        let mut variables = seen.variables.clone();
        let line = match tool {
            Tool::Watchtower => flags::read(&seen.arguments),
            _ => flags::CommandLine::default(),
        };
        variables.extend(line.variables);
        Some(Self { seen, tool, variables, names: line.names })
    }

    fn service(&self, mut settings: Vec<Line>, renamed: Ours<'_>) -> Service {
        if !self.names.is_empty() {
            let note = "set docker-auto.mode=auto on these, and no DOCKER_AUTO_UPDATE_ENABLED";
            settings.push(Line {
                name: "the names on its command line".to_owned(),
                value: self.names.join(" "),
                tool: self.tool,
                implied: false,
                verdict: Verdict::NoEquivalent,
                ours: BTreeMap::new(),
                note: Some(note.to_owned()),
            });
        }
        if matches!(self.tool, Tool::Wud | Tool::Drydock) {
            settings.push(note::own_tag(self.tool));
        }
        settings.extend(self.shared(renamed));
        settings.extend(note::of_mounts(self.tool, &self.variables, &self.seen.mounts));
        match self.tool {
            Tool::WatchDocker => settings.push(note::own_file()),
            Tool::Ouroboros => settings.push(note::unread()),
            _ => {}
        }
        Service { tool: Some(self.tool), settings, ..Service::of(self.seen) }
    }

    /// Returns its variables that are ours as well.
    fn shared(&self, renamed: Ours<'_>) -> impl Iterator<Item = Line> {
        let told = self
            .variables
            .iter()
            .filter(|(name, value)| self.tool.shares(name) && !value.trim().is_empty());
        told.filter_map(move |(name, value)| {
            Some(Line::renamed(name, renamed(name, value)?, self.tool))
        })
    }
}

impl Service {
    fn of(seen: &Seen) -> Self {
        let compose = Compose::read(&seen.labels);
        Self {
            container: seen.name.clone(),
            image: seen.image.clone(),
            tool: None,
            project: compose.as_ref().map(|compose| compose.project.clone()),
            service: compose.map(|compose| compose.service),
            settings: Vec::new(),
            labels: BTreeMap::new(),
        }
    }

    fn labelled(seen: &Seen, idiom: &Idiom) -> Option<Self> {
        let found = labels::read(&seen.labels, idiom);
        let understood = labels::understood(&seen.labels, idiom);
        let mut settings: Vec<Line> = found.iter().map(Line::of_label).collect();
        for unreadable in labels::unreadable(&understood) {
            let lines = settings.iter_mut().filter(|line| line.name == unreadable.name);
            lines.for_each(|line| line.refuse(unreadable.cure));
        }
        let made = labels::made(&understood);
        let labels = made.filter_map(|ours| Some((ours.to_owned(), understood.get(ours)?.clone())));
        let mut labels: BTreeMap<String, String> = labels.collect();
        // What holds updates back must go on doing so where only our labels are left.
        let held = labels::unreadable(&understood).any(|unreadable| unreadable.holds_back);
        let is_off = labels.get(consent::MODE).is_some_and(|mode| mode == "off");
        if held && !is_off && !seen.labels.contains_key(consent::MODE) {
            labels.insert(consent::MODE.to_owned(), "watch".to_owned());
        }
        if !understood.contains_key(note::TRACK) {
            let told = note::of_watched(&found, &seen.image).or_else(|| note::of_told(&found));
            settings.extend(told);
        }
        settings.extend(note::of_hooks(&settings));
        (!settings.is_empty()).then(|| Self { settings, labels, ..Self::of(seen) })
    }
}

impl Line {
    /// What can be read alone may not be had beside another one.
    fn refuse(&mut self, cure: &str) {
        (self.verdict, self.note) = (Verdict::Unreadable, Some(cure.to_owned()));
        self.ours.clear();
    }

    /// A variable that is ours, perhaps under another name; its value may be a secret.
    fn renamed(name: &str, setting: Setting, tool: Tool) -> Self {
        let told = (name.to_owned(), setting.value.to_string(), tool);
        Self::new(told, false, &Ok(Meaning::Ours(vec![setting])))
    }

    fn of_variable(found: &FoundVariable) -> Self {
        let implied = found.source == Source::Implied;
        let (name, value) = (found.name.clone(), found.value.to_string());
        Self::new((name, value, found.tool), implied, &found.meaning)
    }

    fn of_label(found: &FoundLabel) -> Self {
        Self::new((found.name.clone(), found.value.clone(), found.tool), false, &found.meaning)
    }

    fn new(
        (name, value, tool): (String, String, Tool),
        implied: bool,
        meaning: &Result<Meaning, String>,
    ) -> Self {
        let (verdict, ours, note) = match meaning {
            Ok(Meaning::Ours(settings)) => {
                let ours = settings.iter().map(|it| (it.name.clone(), it.value.to_string()));
                (Verdict::Equivalent, ours.collect(), None)
            }
            Ok(Meaning::Already(why)) => (Verdict::NothingToSet, BTreeMap::new(), Some(*why)),
            Ok(Meaning::Nothing(why)) => (Verdict::NoEquivalent, BTreeMap::new(), Some(*why)),
            Err(cure) => (Verdict::Unreadable, BTreeMap::new(), Some(cure.as_str())),
        };
        Self { name, value, tool, implied, verdict, ours, note: note.map(ToOwned::to_owned) }
    }
}

impl Report {
    /// Says whether nothing of another tool was found.
    pub fn is_empty(&self) -> bool {
        self.environment.is_empty() && self.tools.is_empty() && self.containers.is_empty()
    }

    /// Returns it for people.
    pub fn text(&self) -> String {
        if self.is_empty() {
            return "no other tool was found: no container of one, none of their labels, none of \
                    their variables\n"
                .to_owned();
        }
        let mut text = String::new();
        if !self.environment.is_empty() {
            block(&mut text, "our own environment", &self.environment);
        }
        for service in self.tools.iter().chain(&self.containers) {
            let Service { container, image, tool, settings, .. } = service;
            let tool = tool.map(|tool| format!("{tool}: ")).unwrap_or_default();
            block(&mut text, &format!("{tool}container {container} ({image})"), settings);
        }
        if !self.compose.is_empty() {
            let _ = write!(text, "to paste into a compose file:\n\n{}", self.compose);
        }
        text
    }
}

fn block(text: &mut String, title: &str, lines: &[Line]) {
    let _ = writeln!(text, "{title}");
    for line in lines {
        let theirs = if line.implied {
            "what is not set".to_owned()
        } else {
            format!("{}={}", line.name, line.value.replace('\n', "\\n"))
        };
        let _ = writeln!(text, "  {theirs}\n    {}", line.told());
    }
    if lines.is_empty() {
        let _ = writeln!(text, "  no settings of its own");
    }
    text.push('\n');
}

impl Line {
    fn told(&self) -> String {
        let note = self.note.as_deref().unwrap_or_default();
        match self.verdict {
            Verdict::Equivalent => {
                let ours = self.ours.iter().map(|(name, value)| format!("{name}={value}"));
                format!("→ {}", ours.collect::<Vec<_>>().join(" "))
            }
            Verdict::NothingToSet => format!("nothing to set: {note}"),
            Verdict::NoEquivalent => format!("no equivalent: {note}"),
            Verdict::Unreadable => format!("cannot be read: {note}"),
        }
    }
}
