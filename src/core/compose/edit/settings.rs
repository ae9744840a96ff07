//! What the files with variables set: each is read once, and its trouble told only where one is looked up.

use std::collections::HashMap;
use std::ops::Range;

use super::dotenv::{self, Entry};
use super::{Refusal, Refused, VariableFile};

/// A file that sets variables, understood.
pub(super) struct Settings<'p> {
    pub(super) file: &'p VariableFile,
    text: &'p str,
    read: Result<Vec<Entry<'p>>, Refusal>,
    /// The entry of each name.
    places: HashMap<&'p str, Place>,
}

/// Where a variable is set.
struct Place {
    /// The number of its entry.
    entry: usize,
    /// Whether it is set again.
    twice: bool,
    /// Whether its value is made of others, or written with escapes.
    computed: bool,
}

/// A variable, and where a file sets it.
pub(super) struct Variable<'p> {
    pub(super) file: &'p VariableFile,
    pub(super) text: &'p str,
    pub(super) name: String,
    pub(super) value: Range<usize>,
    pub(super) line: usize,
}

impl<'p> Settings<'p> {
    /// Reads a file.
    pub(super) fn read(file: &'p VariableFile) -> Self {
        let text = file.text.as_ref();
        let read = text.map_err(|reason| Refusal::Unread(reason.clone()));
        let read = read.and_then(|text| dotenv::entries(text));
        let text = text.map_or("", String::as_str);
        let mut places: HashMap<_, Place> = HashMap::new();
        for (number, entry) in read.iter().flatten().enumerate() {
            let value = entry.value.clone().map_or("", |value| &text[value]);
            let computed = value.contains(['$', '\\', '\n']);
            let again = |place: &mut Place| place.twice = true;
            let place = Place { entry: number, twice: false, computed };
            places.entry(entry.name).and_modify(again).or_insert(place);
        }
        Self { file, text, read, places }
    }

    /// Returns the names of its variables with their values, in their order; none where it is not
    /// understood.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'p str, &'p str)> {
        let text = self.text;
        let set = move |entry: &Entry<'p>| Some((entry.name, &text[entry.value.clone()?]));
        self.read.iter().flatten().filter_map(set)
    }

    /// Returns a variable, where the file sets it.
    pub(super) fn variable(&self, name: &str) -> Result<Option<Variable<'p>>, Refused> {
        self.find(name).map_err(|why| why.of(&self.file.path))
    }

    fn find(&self, name: &str) -> Result<Option<Variable<'p>>, Refusal> {
        let entries = self.read.as_ref().map_err(Clone::clone)?;
        let Some(place) = self.places.get(name) else { return Ok(None) };
        let Some(entry) = entries.get(place.entry) else { return Ok(None) };
        if place.twice {
            return Err(Refusal::SetTwice(name.to_owned()));
        }
        let outside = || Refusal::FromOutside(name.to_owned());
        let value = entry.value.clone().ok_or_else(outside)?;
        if place.computed {
            return Err(Refusal::Computed(name.to_owned()));
        }
        let (file, text, line) = (self.file, self.text, entry.line);
        Ok(Some(Variable { file, text, name: name.to_owned(), value, line }))
    }
}
