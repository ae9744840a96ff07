//! Finds where the tag of a service's image is written.

use std::collections::BTreeSet;
use std::ops::Range;

use saphyr_parser::ScalarStyle;

use crate::core::reference::ImageRef;
use crate::core::yaml::{Document, Kind, Node, Tree};

use super::settings::{Settings, Variable};
use super::variable::{Piece, pieces};
use super::{Edit, Project, Refusal, Refused, SourceFile};

/// No image has a longer name, in bytes, its variables written out or not.
const LONGEST: usize = 1024;

/// The files of a project, understood.
pub(super) struct Files<'p> {
    pub(super) project: &'p Project,
    pub(super) read: Vec<File<'p>>,
    pub(super) settings: Vec<Settings<'p>>,
}

/// A file, and what it means.
pub(super) struct File<'p> {
    source: &'p SourceFile,
    document: Document,
    pub(super) tree: Tree,
}

/// Where the image of the service is written: the last file that says it.
struct Place<'f> {
    file: &'f File<'f>,
    node: &'f Node,
    value: &'f str,
    /// The byte at which the value begins, behind its quote.
    start: usize,
}

/// A piece of the image's name, what it says, and where that is written.
struct Said<'p> {
    text: String,
    home: Home<'p>,
}

enum Home<'p> {
    /// In the file itself.
    Here(Range<usize>),
    /// In a file with variables.
    Variable(Variable<'p>),
    /// Nowhere.
    Nowhere,
}

impl<'p> Files<'p> {
    /// Reads all files.
    pub(super) fn read(project: &'p Project) -> Result<Self, Refused> {
        let read = project.files.iter().map(|source| {
            let read = Document::parse(&source.text)
                .and_then(|document| Ok((Tree::of(&document)?, document)));
            let (tree, document) = read.map_err(|why| Refusal::from(why).of(&source.path))?;
            Ok(File { source, document, tree })
        });
        let read = read.collect::<Result<_, _>>()?;
        let settings = project.variables.iter().map(Settings::read).collect();
        Ok(Self { project, read, settings })
    }

    /// Returns what must be written; `None` where it is so already.
    pub(super) fn edit(&self, from: &ImageRef, to: &ImageRef) -> Result<Option<Edit>, Refused> {
        let place = self.place()?;
        let of_file = |why: Refusal| why.of(&place.file.source.path);
        let said = self.said(&place)?;
        let now: String = said.iter().map(|said| said.text.as_str()).collect();
        // As it is written: what a variable says may be a secret.
        let other = || of_file(Refusal::Other(place.value.to_owned()));
        let named = ImageRef::parse(&now).map_err(|_| other())?;
        if named == *to {
            return Ok(None);
        }
        if named.digest().is_some() {
            return Err(of_file(Refusal::Pinned));
        }
        if named != *from {
            return Err(other());
        }
        let (old, new) = (from.tag().unwrap_or_default(), to.tag().unwrap_or_default());
        let base = now.strip_suffix(old).filter(|base| base.ends_with(':'));
        let base = base.ok_or_else(|| of_file(Refusal::NoTag))?;
        let wanted = format!("{base}{new}");
        let (index, text) = only(&said, &wanted).ok_or_else(|| of_file(Refusal::Split))?;
        Ok(Some(match &said[index].home {
            Home::Here(range) => in_file(&place, range.clone(), text),
            Home::Variable(variable) => self.in_variables(variable, text)?,
            Home::Nowhere => return Err(of_file(Refusal::Split)),
        }))
    }

    /// Returns the image as the files say it.
    pub(super) fn image(&self) -> Result<String, Refused> {
        let said = self.said(&self.place()?)?;
        Ok(said.iter().map(|said| said.text.as_str()).collect())
    }

    /// Returns what a variable says, as far as it is known here.
    pub(super) fn value(&self, name: &str) -> Option<&'p str> {
        let variable = self.variable(name).ok().flatten()?;
        Some(&variable.text[variable.value])
    }

    /// Returns where the image is written that counts.
    fn place(&self) -> Result<Place<'_>, Refused> {
        let service = &*self.project.service;
        let mut found = None;
        let (mut known, mut inherits, mut includes) = (false, false, false);
        for file in &self.read {
            let of_file = |why: Refusal| why.of(&file.source.path);
            let services = file.tree.get("services");
            let own = services.and_then(|services| services.get(service));
            let way = [Some(&file.tree), services, own, own.and_then(|own| own.get("image"))];
            if way.into_iter().flatten().any(|tree| tree.tagged) {
                return Err(of_file(Refusal::Tagged));
            }
            includes |= file.tree.get("include").is_some();
            let Some(own) = own.filter(|own| !own.is_empty()) else { continue };
            known = true;
            if own.get("build").is_some() {
                return Err(of_file(Refusal::Built));
            }
            inherits |= own.get("extends").is_some();
            if let Some(image) = own.get("image").filter(|image| !image.is_empty()) {
                let value = image.text().ok_or_else(|| of_file(Refusal::NoImage))?;
                found = Some((file, image.node, value));
            }
        }
        let (file, number, value) = found.ok_or_else(|| {
            let why = match (known, inherits, includes) {
                (_, true, _) => Refusal::Inherited,
                (_, _, true) => Refusal::Included,
                (true, ..) => Refusal::NoImage,
                (false, ..) => Refusal::NoService,
            };
            why.of("")
        })?;
        self.is_nobodys_base().map_err(|why| why.of(&file.source.path))?;
        let node = file.document.node(number);
        let start = start(&file.source.text, node).map_err(|why| why.of(&file.source.path))?;
        Ok(Place { file, node, value, start })
    }

    /// A service that extends this one has its image, unless it has its own.
    fn is_nobodys_base(&self) -> Result<(), Refusal> {
        let all = || self.read.iter().filter_map(|file| file.tree.get("services"));
        let with_image =
            all().flat_map(Tree::entries).filter(|(_, one)| one.get("image").is_some());
        let own_image: BTreeSet<&str> = with_image.map(|(name, _)| &**name).collect();
        let ours = |base: &Tree| {
            base.get("service").unwrap_or(base).text() == Some(&*self.project.service)
        };
        let mut services = all().flat_map(Tree::entries);
        let heir = services.find(|(name, one)| {
            *name != self.project.service
                && one.get("extends").is_some_and(ours)
                && !own_image.contains(&**name)
        });
        heir.map_or(Ok(()), |(name, _)| Err(Refusal::Extended(name.clone())))
    }

    /// Returns what the pieces of the image's name say.
    fn said(&self, place: &Place<'_>) -> Result<Vec<Said<'p>>, Refused> {
        let of_file = |why: Refusal| why.of(&place.file.source.path);
        let here = |range: &Range<usize>| Said {
            text: place.value[range.clone()].to_owned(),
            home: Home::Here(place.start + range.start..place.start + range.end),
        };
        if place.value.len() > LONGEST {
            return Err(of_file(Refusal::TooLong));
        }
        let (mut said, mut length) = (Vec::<Said<'_>>::new(), 0);
        for piece in pieces(place.value).map_err(of_file)? {
            said.push(match piece {
                Piece::Literal(range) => here(&range),
                Piece::Variable { name, fallback } => {
                    let variable = self.variable(&place.value[name])?;
                    let is_empty = variable.as_ref().is_some_and(|it| it.value.is_empty());
                    match (variable, fallback) {
                        (None, Some(fallback)) => here(&fallback.text),
                        (Some(_), Some(fallback)) if is_empty && fallback.also_for_empty => {
                            here(&fallback.text)
                        }
                        (Some(it), _) if it.value.len() > LONGEST => {
                            return Err(of_file(Refusal::TooLong));
                        }
                        (Some(it), _) => Said {
                            text: it.text[it.value.clone()].to_owned(),
                            home: Home::Variable(it),
                        },
                        (None, None) => Said { text: String::new(), home: Home::Nowhere },
                    }
                }
            });
            length += said.last().map_or(0, |last| last.text.len());
            if length > LONGEST {
                return Err(of_file(Refusal::TooLong));
            }
        }
        Ok(said)
    }

    /// Returns a variable of the files that set some; the last one counts.
    fn variable(&self, name: &str) -> Result<Option<Variable<'p>>, Refused> {
        let mut found = None;
        for settings in &self.settings {
            found = settings.variable(name)?.or(found);
        }
        Ok(found)
    }
}

/// Returns the one piece that can say what is wanted while all others stay, and what it must say.
fn only<'w>(said: &[Said<'_>], wanted: &'w str) -> Option<(usize, &'w str)> {
    let text = |range: &[Said<'_>]| range.iter().map(|said| said.text.as_str()).collect::<String>();
    let mut found = (0..said.len()).filter_map(|index| {
        let (before, after) = (text(&said[..index]), text(&said[index + 1..]));
        let rest = wanted.strip_prefix(&*before)?.strip_suffix(&*after)?;
        let changes = !rest.is_empty() && rest != said[index].text;
        changes.then_some((index, rest))
    });
    let first = found.next();
    first.filter(|_| found.next().is_none())
}

fn in_file(place: &Place<'_>, range: Range<usize>, text: &str) -> Edit {
    let source = &place.file.source;
    let old = source.text[range.clone()].to_owned();
    let shown = |piece: &str| {
        let (before, after) = place.value.split_at(range.start - place.start);
        format!("image: {before}{piece}{}", &after[old.len()..])
    };
    Edit {
        path: source.path.clone(),
        line: place.node.line,
        offset: range.start,
        shown: (shown(&old), shown(text)),
        new: text.to_owned(),
        old,
    }
}

/// Returns the byte at which a scalar's value begins, if it is written as it is.
fn start(text: &str, node: &Node) -> Result<usize, Refusal> {
    let folded = Refusal::Folded { line: node.line };
    let Kind::Scalar { value, style } = &node.kind else { return Err(folded) };
    // A scalar's own tag and anchor belong to it.
    let mut begin = node.span.start;
    let mut written = text.get(begin..).unwrap_or_default();
    while written.starts_with(['!', '&']) {
        let rest = written.trim_start_matches(|letter: char| !letter.is_whitespace());
        let rest = rest.trim_start();
        begin += written.len() - rest.len();
        written = rest;
    }
    let quote = match style {
        ScalarStyle::Plain => "",
        ScalarStyle::SingleQuoted => "'",
        ScalarStyle::DoubleQuoted => "\"",
        ScalarStyle::Literal | ScalarStyle::Folded => return Err(folded),
    };
    let inner = written.strip_prefix(quote).and_then(|rest| rest.strip_prefix(&**value));
    let whole = inner.is_some_and(|rest| rest.starts_with(quote));
    if whole { Ok(begin + quote.len()) } else { Err(folded) }
}
