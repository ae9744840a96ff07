//! A YAML text as a tree whose nodes know where they stand in it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::YamlError;

/// No file that people write has more of either; a larger one is not read.
const MOST_NODES: usize = 50_000;
const DEEPEST: usize = 64;

/// The mark that may stand before the first character of a text.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A document: its nodes, by their numbers.
#[derive(Debug)]
pub struct Document {
    nodes: Vec<Node>,
    root: usize,
}

/// One node, and where it stands.
#[derive(Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Whether it has a tag that is none of YAML's own, such as Compose's `!reset`.
    pub tagged: bool,
    /// Its bytes in the text; of a scalar with its quotes.
    pub span: Range<usize>,
    /// Its line, from 1 on.
    pub line: usize,
}

/// What a node is.
#[derive(Debug)]
pub enum Kind {
    /// A text, and whether and how it is quoted.
    Scalar {
        /// What it says.
        value: String,
        /// Its quotes.
        style: ScalarStyle,
    },
    /// Keys with their values.
    Mapping(Vec<(usize, usize)>),
    /// Items.
    Sequence(Vec<usize>),
    /// The node that is meant.
    Alias(usize),
}

impl Document {
    /// Reads a text that holds one document.
    ///
    /// # Errors
    ///
    /// When it is no YAML, several documents, or larger and deeper than what people write.
    pub fn parse(text: &str) -> Result<Self, YamlError> {
        let shift = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut reader = Reader::new(&text[shift..], shift);
        for event in Parser::new_from_str(&text[shift..]) {
            let (event, span) = event.map_err(|error| YamlError::NotUnderstood {
                line: error.marker().line(),
                what: error.info().to_owned(),
            })?;
            reader.read(event, span)?;
        }
        let root = reader.root.ok_or(YamlError::Empty)?;
        Ok(Self { nodes: reader.nodes, root })
    }

    /// Returns the node that everything else stands in.
    pub fn root(&self) -> usize {
        self.root
    }

    /// Returns a node by its number.
    ///
    /// # Panics
    ///
    /// When the number is another document's.
    pub fn node(&self, number: usize) -> &Node {
        self.nodes.get(number).expect("numbers of nodes come from their document")
    }

    /// Returns the text of a plain or quoted scalar.
    pub fn scalar(&self, number: usize) -> Option<&str> {
        match &self.node(number).kind {
            Kind::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }
}

/// A mapping or sequence that is being read.
struct Open {
    number: usize,
    /// The key whose value comes next.
    key: Option<usize>,
}

struct Reader {
    nodes: Vec<Node>,
    root: Option<usize>,
    open: Vec<Open>,
    anchors: HashMap<usize, usize>,
    places: Places,
}

impl Reader {
    fn new(text: &str, shift: usize) -> Self {
        let places = Places::of(text, shift);
        Self { nodes: Vec::new(), root: None, open: Vec::new(), anchors: HashMap::new(), places }
    }

    fn read(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let kind = Kind::Scalar { value: value.into_owned(), style };
                self.add(kind, (anchor, tag), span).map(drop)
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(Kind::Mapping(Vec::new()), (anchor, tag), span)
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(Kind::Sequence(Vec::new()), (anchor, tag), span)
            }
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
                Ok(())
            }
            Event::Alias(anchor) => {
                let meant = self.anchors.get(&anchor).copied();
                let meant = meant.ok_or_else(|| broken(span, "an alias without its anchor"))?;
                self.add(Kind::Alias(meant), (0, None), span).map(drop)
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(broken(span, "a second document, where one is read"))
            }
            _ => Ok(()),
        }
    }

    fn begin(
        &mut self,
        kind: Kind,
        marks: (usize, Option<Cow<'_, Tag>>),
        span: Span,
    ) -> Result<(), YamlError> {
        if self.open.len() >= DEEPEST {
            return Err(broken(span, "something too deep"));
        }
        let number = self.add(kind, marks, span)?;
        self.open.push(Open { number, key: None });
        Ok(())
    }

    fn add(
        &mut self,
        kind: Kind,
        (anchor, tag): (usize, Option<Cow<'_, Tag>>),
        span: Span,
    ) -> Result<usize, YamlError> {
        let number = self.nodes.len();
        if number >= MOST_NODES {
            return Err(broken(span, "too much"));
        }
        let bytes = self.places.byte(span.start.index())..self.places.byte(span.end.index());
        let tagged = tag.is_some_and(|tag| !tag.is_yaml_core_schema());
        self.nodes.push(Node { kind, tagged, span: bytes, line: span.start.line() });
        if anchor > 0 {
            self.anchors.insert(anchor, number);
        }
        self.place(number);
        Ok(number)
    }

    /// Puts a node where it stands: as the root, an item, a key or a value.
    fn place(&mut self, number: usize) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(number);
            return;
        };
        match &mut self.nodes[open.number].kind {
            Kind::Sequence(items) => items.push(number),
            Kind::Mapping(entries) => match open.key.take() {
                Some(key) => entries.push((key, number)),
                None => open.key = Some(number),
            },
            Kind::Scalar { .. } | Kind::Alias(_) => {}
        }
    }
}

fn broken(span: Span, what: &str) -> YamlError {
    YamlError::NotUnderstood { line: span.start.line(), what: what.to_owned() }
}

/// Where characters stand: the parser counts them, files are made of bytes.
struct Places {
    /// The byte of each character, and of the end; none where each is one byte.
    bytes: Vec<usize>,
    length: usize,
    shift: usize,
}

impl Places {
    fn of(text: &str, shift: usize) -> Self {
        let bytes = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(byte, _)| byte).collect()
        };
        Self { bytes, length: text.len(), shift }
    }

    fn byte(&self, character: usize) -> usize {
        let byte = if self.bytes.is_empty() {
            character.min(self.length)
        } else {
            self.bytes.get(character).copied().unwrap_or(self.length)
        };
        byte + self.shift
    }
}
