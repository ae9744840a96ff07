//! What a YAML document means: aliases and merges resolved, so that who has a value from elsewhere
//! has it here as well.

use std::collections::BTreeSet;

use saphyr_parser::ScalarStyle;

use super::{Document, Kind, YamlError};

/// Aliases of aliases grow beyond all bounds.
const MOST: usize = 200_000;
/// Each alias has the whole text that it means, in bytes: more than the largest file is not needed.
const MOST_BYTES: usize = 4 << 20;
/// As deep as aliases may lead.
const DEEPEST: usize = 96;

/// The key that merges other mappings.
const MERGE: &str = "<<";

/// A value, and the node that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// What it is.
    pub shape: Shape,
    /// Whether it has a tag that is none of YAML's own.
    pub tagged: bool,
    /// The number of the node, which is the anchor's where it came by an alias.
    pub node: usize,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A text.
    Scalar {
        /// What it says.
        value: String,
        /// Whether it stands without quotes.
        plain: bool,
    },
    /// Keys with their values.
    Mapping(Vec<(String, Tree)>),
    /// Items.
    Sequence(Vec<Tree>),
}

impl Tree {
    /// Resolves a document.
    ///
    /// # Errors
    ///
    /// When a key stands twice or is no word, a merge is of no mapping, or aliases mean more than
    /// people write.
    pub fn of(document: &Document) -> Result<Self, YamlError> {
        let path = Vec::new();
        Resolver { document, left: MOST, left_bytes: MOST_BYTES, path }.tree(document.root())
    }

    /// Returns the value of a key, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Returns the entries, where this is a mapping.
    pub fn entries(&self) -> &[(String, Self)] {
        match &self.shape {
            Shape::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.shape {
            Shape::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Says whether nothing is written here.
    pub fn is_empty(&self) -> bool {
        matches!(&self.shape, Shape::Scalar { value, plain: true }
            if matches!(&**value, "" | "~" | "null"))
    }

    /// Calls `found` with the place of each scalar that differs; false where more than scalars do.
    pub fn compare(&self, other: &Self, found: &mut impl FnMut(&[&str])) -> bool {
        compare((self, other), &mut Vec::new(), found)
    }

    /// Calls `found` with each scalar, and each key that has no value of its own.
    pub fn scalars<'a>(&'a self, found: &mut impl FnMut(&[&'a str], &'a str)) {
        scalars(self, &mut Vec::new(), found);
    }
}

fn compare<'a>(
    (one, other): (&'a Tree, &'a Tree),
    path: &mut Vec<&'a str>,
    found: &mut impl FnMut(&[&str]),
) -> bool {
    match (&one.shape, &other.shape) {
        (Shape::Scalar { .. }, Shape::Scalar { .. }) => {
            if one.shape != other.shape {
                found(path);
            }
            one.tagged == other.tagged
        }
        (Shape::Mapping(ones), Shape::Mapping(others)) => {
            ones.len() == others.len()
                && ones.iter().zip(others).all(|((name, one), (other_name, other))| {
                    path.push(name);
                    let same = name == other_name && compare((one, other), path, found);
                    path.pop();
                    same
                })
        }
        (Shape::Sequence(ones), Shape::Sequence(others)) => {
            ones.len() == others.len()
                && ones.iter().zip(others).all(|(one, other)| {
                    path.push("");
                    let same = compare((one, other), path, found);
                    path.pop();
                    same
                })
        }
        _ => false,
    }
}

fn scalars<'a>(
    tree: &'a Tree,
    path: &mut Vec<&'a str>,
    found: &mut impl FnMut(&[&'a str], &'a str),
) {
    match &tree.shape {
        Shape::Scalar { value, .. } => found(path, value),
        Shape::Mapping(entries) => {
            for (name, value) in entries {
                path.push(name);
                if value.is_empty() {
                    found(path, name);
                }
                scalars(value, path, found);
                path.pop();
            }
        }
        Shape::Sequence(items) => {
            path.push("");
            for item in items {
                scalars(item, path, found);
            }
            path.pop();
        }
    }
}

struct Resolver<'d> {
    document: &'d Document,
    left: usize,
    left_bytes: usize,
    /// The nodes that are being resolved: one of them inside itself never ends.
    path: Vec<usize>,
}

impl Resolver<'_> {
    fn tree(&mut self, number: usize) -> Result<Tree, YamlError> {
        let document = self.document;
        let node = document.node(number);
        let refused =
            |what: &str| YamlError::NotUnderstood { line: node.line, what: what.to_owned() };
        if self.path.len() >= DEEPEST || self.path.contains(&number) {
            return Err(refused("an alias that leads too deep"));
        }
        self.left = self.left.checked_sub(1).ok_or_else(|| refused("too many aliases"))?;
        self.path.push(number);
        let shape = match &node.kind {
            Kind::Alias(meant) => {
                let tree = self.tree(*meant)?;
                self.path.pop();
                return Ok(tree);
            }
            Kind::Scalar { value, style } => {
                self.charge(value, node.line)?;
                Shape::Scalar { value: value.clone(), plain: *style == ScalarStyle::Plain }
            }
            Kind::Sequence(items) => {
                let items: Result<_, _> = items.iter().map(|item| self.tree(*item)).collect();
                Shape::Sequence(items?)
            }
            Kind::Mapping(entries) => Shape::Mapping(self.mapping(entries)?),
        };
        self.path.pop();
        Ok(Tree { shape, tagged: node.tagged, node: number })
    }

    /// Counts a text that is kept once more.
    fn charge(&mut self, text: &str, line: usize) -> Result<(), YamlError> {
        let left = self.left_bytes.checked_sub(text.len());
        let refused =
            || YamlError::NotUnderstood { line, what: "aliases of too much text".to_owned() };
        self.left_bytes = left.ok_or_else(refused)?;
        Ok(())
    }

    /// A mapping's own keys stand above those that it merges, and these above later ones.
    fn mapping(&mut self, entries: &[(usize, usize)]) -> Result<Vec<(String, Tree)>, YamlError> {
        let mut found: Vec<(String, Tree)> = Vec::new();
        let mut known = BTreeSet::new();
        let mut merged = None;
        for (key, value) in entries {
            let line = self.document.node(*key).line;
            let name = self.document.scalar(*key).ok_or_else(|| YamlError::NotUnderstood {
                line,
                what: "a key that is no plain word".to_owned(),
            })?;
            self.charge(name, line)?;
            if !known.insert(name.to_owned()) {
                return Err(YamlError::Twice { line, key: name.to_owned() });
            }
            if name == MERGE {
                merged = Some(*value);
            } else {
                let value = self.tree(*value)?;
                found.push((name.to_owned(), value));
            }
        }
        if let Some(merged) = merged {
            let line = self.document.node(merged).line;
            let sources = match self.tree(merged)? {
                Tree { shape: Shape::Sequence(items), .. } => items,
                tree => vec![tree],
            };
            for source in sources {
                let Shape::Mapping(entries) = source.shape else {
                    return Err(YamlError::NotUnderstood {
                        line,
                        what: "a merge of no mapping".to_owned(),
                    });
                };
                found.extend(entries.into_iter().filter(|(name, _)| known.insert(name.clone())));
            }
        }
        Ok(found)
    }
}
