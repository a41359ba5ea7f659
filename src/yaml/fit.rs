//! A node, read into a type.
//!
//! Holds [`Misfit`] and serde's side of [`Node`]. Called through [`Node::into_type`], for the parts of a scenario that are another
//! room's values (latencies, mischief). A scalar is what the asking type makes of it: `0123` is a text or a number as wanted.

use super::node::{Content, Key, Node, Place};
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A node that is not of the type it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where; `None` only while the error is on its way up.
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Misfit { place: None, message: message.to_string() }
    }
}

impl<'de> IntoDeserializer<'de, Misfit> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Reads a scalar as a number or a boolean; only what the type asks for decides.
macro_rules! scalar {
    ($($method:ident $visit:ident $type:ty, $what:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            let value = self.scalar().and_then(|text| text.parse::<$type>().ok());
            let value = value.ok_or_else(|| self.misfit(concat!("expected ", $what)))?;
            self.placed(visitor.$visit(value))
        }
    )*};
}

impl Node {
    fn misfit(&self, expected: &str) -> Misfit {
        Misfit { place: Some(self.place), message: format!("{expected}, not {}", self.said()) }
    }

    /// The innermost place stays.
    fn placed<T>(&self, result: Result<T, Misfit>) -> Result<T, Misfit> {
        result.map_err(|misfit| Misfit { place: misfit.place.or(Some(self.place)), ..misfit })
    }
}

impl<'de> de::Deserializer<'de> for &'de Node {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let result = match &self.content {
            Content::Scalar { .. } if self.is_null() => visitor.visit_unit(),
            Content::Scalar { text, .. } => visitor.visit_borrowed_str(text),
            Content::List(items) => visitor.visit_seq(Items(items.iter())),
            Content::Map(entries) => visitor.visit_map(Entries { rest: entries.iter(), value: None }),
        };
        self.placed(result)
    }

    scalar! {
        deserialize_bool visit_bool bool, "true or false";
        deserialize_i8 visit_i8 i8, "a whole number";
        deserialize_i16 visit_i16 i16, "a whole number";
        deserialize_i32 visit_i32 i32, "a whole number";
        deserialize_i64 visit_i64 i64, "a whole number";
        deserialize_u8 visit_u8 u8, "a whole number from 0 up";
        deserialize_u16 visit_u16 u16, "a whole number from 0 up";
        deserialize_u32 visit_u32 u32, "a whole number from 0 up";
        deserialize_u64 visit_u64 u64, "a whole number from 0 up";
        deserialize_f32 visit_f32 f32, "a number";
        deserialize_f64 visit_f64 f64, "a number";
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let result = match &self.content {
            Content::Scalar { text, .. } => visitor.visit_enum(Variant { name: text, value: None }),
            Content::Map(entries) => match &entries[..] {
                [(key, value)] => visitor.visit_enum(Variant { name: &key.text, value: Some(value) }),
                _ => Err(de::Error::custom(format!("expected one key, not {}", entries.len()))),
            },
            Content::List(_) => Err(self.misfit("expected a name, or one key with its value")),
        };
        self.placed(result)
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The items of a list. What an item's own type refuses (`try_from`) is placed here, for it is refused after it was read.
struct Items<'de>(std::slice::Iter<'de, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        self.0.next().map(|node| node.placed(seed.deserialize(node))).transpose()
    }
}

/// The entries of a mapping, likewise.
struct Entries<'de> {
    rest: std::slice::Iter<'de, (Key, Node)>,
    value: Option<&'de Node>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Misfit;

    fn next_key_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        let name: StrDeserializer<'de, Misfit> = key.text.as_str().into_deserializer();
        seed.deserialize(name).map(Some).map_err(|misfit| Misfit { place: Some(key.place), ..misfit })
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Misfit> {
        let node = self.value.take().ok_or_else(|| de::Error::custom("a key without a value"))?;
        node.placed(seed.deserialize(node))
    }
}

/// `name`, or `name: value`.
struct Variant<'de> {
    name: &'de str,
    value: Option<&'de Node>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Misfit;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Misfit> {
        let name: StrDeserializer<'de, Misfit> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'de> {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        match self.value {
            Some(value) if !value.is_null() => Err(value.misfit("expected nothing behind this name")),
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Misfit> {
        let missing = || de::Error::custom(format!("{} needs a value", self.name));
        let value = self.value.ok_or_else(missing)?;
        value.placed(seed.deserialize(value))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        match self.value {
            Some(value) => de::Deserializer::deserialize_any(value, visitor),
            None => Err(de::Error::custom(format!("{} needs a value", self.name))),
        }
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Misfit> {
        match self.value {
            Some(value) => de::Deserializer::deserialize_any(value, visitor),
            None => Err(de::Error::custom(format!("{} needs a value", self.name))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::node::Document;
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Trick {
        Stall,
        Slow(f64),
        Drip { bytes: u8 },
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Doc {
        name: String,
        #[serde(default)]
        tricks: Vec<Trick>,
        #[serde(default)]
        more: Option<BTreeMap<String, bool>>,
    }

    fn read<T: DeserializeOwned>(text: &str) -> Result<T, Misfit> {
        Document::read("x", text).unwrap().root.into_type()
    }

    #[test]
    fn a_node_is_read_like_a_document() {
        let text = "name: 0123\ntricks: [stall, slow: 2.5, {drip: {bytes: 3}}]\nmore: {a: true, b: false}\n";
        assert_eq!(read::<Doc>(text).unwrap(), crate::yaml::parse::<Doc>("x", text).unwrap());
        assert_eq!(read::<Doc>("{name: a, more: ~}").unwrap().more, None);
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let says = |text: &str| {
            let misfit = read::<Doc>(text).unwrap_err();
            let place = misfit.place.unwrap();
            format!("{}:{} {}", place.line, place.column, misfit.message)
        };
        assert_eq!(says("name: a\ntricks:\n  - slow: fast\n"), "3:11 expected a number, not \"fast\"");
        assert_eq!(says("name: a\nmore: {a: yes}\n"), "2:11 expected true or false, not \"yes\"");
        assert_eq!(says("name: a\ntricks: [drip]\n"), "2:10 drip needs a value");
        assert_eq!(says("name: a\ntricks: [{stall: 3}]\n"), "2:18 expected nothing behind this name, not \"3\"");
        assert!(says("name: a\nsize: 3\n").starts_with("2:1 unknown field `size`"));
    }

    proptest! {
        #[test]
        fn never_panics(text in "([-?:,\\[\\]{}#&*!|>'\"%@ \\n\\r\\tab~<]|: |- |\\n  ){0,40}") {
            if let Ok(doc) = Document::read("x", &text) {
                let _ = doc.root.into_type::<Doc>();
            }
        }
    }
}
