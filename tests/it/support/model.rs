//! The fields that a type of the engine's API has, learned from its own deserializer.

use std::cell::RefCell;
use std::fmt;

use serde::de::value::{Error, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Value, json};

/// Stands in a path for each item of a list and each value of a map.
pub(crate) const EACH: &str = "*";

/// A plain value somewhere inside a type.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) path: Vec<&'static str>,
    /// A value that it could have.
    pub(crate) sample: Value,
    /// Whether the steps named [`EACH`] lead into lists, in order; else they lead into maps.
    lists: Vec<bool>,
}

/// Returns all fields of a type and of those inside it, in the order in which they are declared.
pub(crate) fn fields<T: DeserializeOwned>() -> Vec<Field> {
    let found = RefCell::new(Vec::new());
    let probe = Probe { path: Vec::new(), lists: Vec::new(), found: Some(&found) };
    T::deserialize(probe).expect("every answer is one that the type asked for");
    found.into_inner()
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path.join("."))
    }
}

impl Field {
    /// Returns the same field at another path, with the same lists and maps on the way.
    pub(crate) fn at(&self, path: Vec<&'static str>) -> Self {
        Self { path, ..self.clone() }
    }

    /// Returns the values that a JSON value has in this field, with their places in it.
    pub(crate) fn values<'a>(&self, value: &'a Value) -> Vec<(String, &'a Value)> {
        let mut found = vec![(String::new(), value)];
        for name in &self.path {
            let inside = |(place, value): (String, &'a Value)| -> Vec<_> {
                let named = |(name, inner): (String, _)| (format!("{place}/{name}"), inner);
                let items = value.as_array().into_iter().flatten().enumerate();
                let items = items.map(|(index, item)| (index.to_string(), item));
                let entries = value.as_object().into_iter().flatten();
                let entries = entries.map(|(name, inner)| (name.clone(), inner));
                items
                    .chain(entries)
                    .filter(|(key, _)| *name == EACH || key == name)
                    .map(named)
                    .collect()
            };
            found = found.into_iter().flat_map(inside).collect();
        }
        found
    }

    /// Writes a value into this field; lists on the way hold it alone, maps by a key.
    pub(crate) fn write(&self, into: &mut Value, key: &str, value: Value) {
        let mut lists = self.lists.iter();
        let mut place = into;
        for name in &self.path {
            place = match (*name == EACH).then(|| lists.next()).flatten() {
                Some(true) => {
                    *place = json!([null]);
                    &mut place[0]
                }
                Some(false) => entry(place, key),
                None => entry(place, name),
            };
        }
        *place = value;
    }
}

fn entry<'a>(place: &'a mut Value, name: &str) -> &'a mut Value {
    if !place.is_object() {
        *place = json!({});
    }
    &mut place[name]
}

/// Answers each question of a deserializer, and writes down what was asked.
#[derive(Clone)]
struct Probe<'a> {
    path: Vec<&'static str>,
    lists: Vec<bool>,
    /// Nobody writes down the keys of maps.
    found: Option<&'a RefCell<Vec<Field>>>,
}

impl Probe<'_> {
    fn inside(&self, name: &'static str, list: Option<bool>) -> Self {
        let mut inside = self.clone();
        inside.path.push(name);
        inside.lists.extend(list);
        inside
    }

    fn found(&self, sample: Value) {
        if let Some(found) = self.found {
            let (path, lists) = (self.path.clone(), self.lists.clone());
            found.borrow_mut().push(Field { path, sample, lists });
        }
    }

    /// A map of nothing but keys is one value.
    fn found_keys(mut self) {
        if self.path.last() == Some(&EACH) {
            self.path.pop();
            self.lists.pop();
        }
        self.found(json!({}));
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.found(json!(7));
            visitor.$visit(7)
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    numbers! {
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32
        deserialize_i64 visit_i64 deserialize_u8 visit_u8 deserialize_u16 visit_u16
        deserialize_u32 visit_u32 deserialize_u64 visit_u64
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.found(json!(true));
        visitor.visit_bool(true)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.found(json!("sample"));
        visitor.visit_str("sample")
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.found_keys();
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Items { item: Some(self.inside(EACH, Some(true))) })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let inside = self.inside(EACH, Some(false));
        visitor.visit_map(Entries { entries: vec![(None, inside)], next: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let inside = |name: &&'static str| (Some(*name), self.inside(name, None));
        let entries = fields.iter().rev().map(inside).collect();
        visitor.visit_map(Entries { entries, next: None })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // The empty one stands for none.
        let variant = variants.iter().find(|variant| !variant.is_empty());
        let variant = variant.expect("an enumeration has values");
        self.found(json!(variant));
        let variant: StrDeserializer<'_, Error> = variant.into_deserializer();
        visitor.visit_enum(variant)
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf unit_struct newtype_struct tuple
        tuple_struct identifier ignored_any
    }
}

/// A list of one item.
struct Items<'a> {
    item: Option<Probe<'a>>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        self.item.take().map(|item| seed.deserialize(item)).transpose()
    }
}

/// The fields of a type, the next one last; or a map of one entry, whose key is anything.
struct Entries<'a> {
    entries: Vec<(Option<&'static str>, Probe<'a>)>,
    next: Option<Probe<'a>>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let Some((name, value)) = self.entries.pop() else { return Ok(None) };
        let key = Probe { found: None, ..value.clone() };
        self.next = Some(value);
        match name {
            Some(name) => {
                let name: StrDeserializer<'_, Error> = name.into_deserializer();
                seed.deserialize(name).map(Some)
            }
            None => seed.deserialize(key).map(Some),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self.next.take().expect("a value comes after its key"))
    }
}
