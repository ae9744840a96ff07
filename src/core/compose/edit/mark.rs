//! The mark by which Compose tells whether a service's settings have changed since its container was
//! made: with another tag in its file it is another one, and the new container must have it.
//!
//! It is a digest of the service as Compose understands it. What is understood here is the usual; it
//! counts only where it gives the very mark that the old container has. Where it does not, Compose
//! makes the container anew once, on the same image.

mod form;
mod layers;
mod list;
mod place;
mod port;
mod table;
mod together;
mod word;

use std::cell::Cell;

use serde_json::{Map, Value};

use crate::core::digest::Digest;
use crate::core::reference::ImageRef;
use crate::core::yaml::Tree;

use self::form::{Form, Reader};
use self::table::FIELDS;
use super::Project;
use super::image::Files;

/// The variables of a service together say no more, in bytes: each may stand in many places.
const MOST_BYTES: usize = 1 << 20;

/// Returns the mark of a service with another tag, if the known one, of the service as it is or as it
/// was before the file was changed, is understood.
pub fn remark(
    project: &Project,
    known: &str,
    (from, to): (&ImageRef, &ImageRef),
) -> Option<String> {
    let files = Files::read(project).ok()?;
    let now = files.image().ok()?;
    let named = ImageRef::parse(&now).ok().filter(|named| named == from || named == to)?;
    let base = now.strip_suffix(named.tag()?)?;
    let image = |reference: &ImageRef| Some(format!("{base}{}", reference.tag()?));
    let (was, is) = (image(from)?, image(to)?);
    let service = layers::service(&files)?;
    reading(&files, |reader| {
        let fields = reader.record(&service, FIELDS)?;
        [Age::New, Age::Old].into_iter().find_map(|age| {
            let old = marked(&fields, (&service, reader), (age, &was))?;
            (old == known).then(|| marked(&fields, (&service, reader), (age, &is))).flatten()
        })
    })
}

/// Returns the paths of the files that set the service's variables, as far as that is understood.
pub(super) fn own_files(files: &Files<'_>) -> Vec<String> {
    let service = layers::service(files);
    let named = service.and_then(|it| reading(files, |reader| reader.environment_files(&it)));
    named.unwrap_or_default().into_iter().map(|named| named.path).collect()
}

fn reading<T>(files: &Files<'_>, work: impl FnOnce(&Reader<'_>) -> Option<T>) -> Option<T> {
    let left = Cell::new(MOST_BYTES);
    // One without its variables gives another mark than the present one.
    let values = |name: &str| {
        let value = files.value(name)?;
        left.set(left.get().saturating_sub(value.len()));
        (left.get() > 0).then(|| value.to_owned())
    };
    let Project { folder, environment, .. } = files.project;
    work(&Reader { folder, values: &values, files: environment })
}

/// What a Compose writes down.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    New,
    /// Also what decides only when a container starts.
    Old,
}

fn marked(
    fields: &Map<String, Value>,
    (service, reader): (&Tree, &Reader<'_>),
    (age, image): (Age, &str),
) -> Option<String> {
    let mut all = Map::new();
    if let Some(profiles) = service.get("profiles").filter(|_| age == Age::Old) {
        all.insert("profiles".to_owned(), Form::Texts.read(profiles, reader)?);
    }
    all.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
    if age == Age::New {
        all.shift_remove("depends_on");
    }
    all.insert("image".to_owned(), image.into());
    let text = serde_json::to_string(&all).ok()?;
    // As Go writes it.
    let text = text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    Digest::of(text.as_bytes()).as_str().strip_prefix("sha256:").map(str::to_owned)
}

#[cfg(test)]
mod tests;
