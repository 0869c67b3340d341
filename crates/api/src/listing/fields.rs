//! The fields of an item that can be asked about, by its description in the OpenAPI document: texts, numbers,
//! truth, times, and lists of texts, and such parts of a field: `phase.name`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::filter::{Field, Type};
use utoipa::openapi::schema::{ArrayItems, KnownFormat, SchemaFormat, SchemaType, Type as Json};
use utoipa::openapi::{RefOr, Schema};

type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Of every schema, once.
static FIELDS: LazyLock<BTreeMap<String, Vec<Field>>> = LazyLock::new(|| {
    let schemas = crate::document::openapi().components.unwrap_or_default().schemas;
    schemas.iter().map(|(name, schema)| (name.clone(), fields(schema, &schemas))).collect()
});

/// The fields of the schema `name`.
pub(super) fn of(name: &str) -> &'static [Field] {
    FIELDS.get(name).map_or(&[], Vec::as_slice)
}

fn fields(schema: &RefOr<Schema>, schemas: &Schemas) -> Vec<Field> {
    match resolved(schema, schemas) {
        Some(Schema::Object(object)) => {
            let known = object.properties.iter();
            known.flat_map(|(name, schema)| named(name, schema, schemas)).collect()
        }
        Some(Schema::AllOf(all)) => {
            all.items.iter().flat_map(|part| fields(part, schemas)).collect()
        }
        _ => Vec::new(),
    }
}

/// A field, or its parts, if it has no parts of parts.
fn named(name: &str, schema: &RefOr<Schema>, schemas: &Schemas) -> Vec<Field> {
    if let Some(of) = type_of(schema, schemas) {
        return vec![Field { name: name.to_owned(), of, words: words(schema, schemas) }];
    }
    let Some(Schema::Object(object)) = resolved(schema, schemas) else { return Vec::new() };
    let parts = object.properties.iter();
    parts
        .filter_map(|(part, schema)| {
            let (of, words) = (type_of(schema, schemas)?, words(schema, schemas));
            Some(Field { name: format!("{name}.{part}"), of, words })
        })
        .collect()
}

/// The words of a text that is one of a few; nothing is written as an empty text.
fn words(schema: &RefOr<Schema>, schemas: &Schemas) -> Vec<String> {
    match resolved(schema, schemas) {
        Some(Schema::Object(object)) => {
            let values = object.enum_values.iter().flatten();
            values.filter_map(|value| value.as_str().map(str::to_owned)).collect()
        }
        Some(Schema::OneOf(one)) => {
            let mut words: Vec<String> =
                one.items.iter().flat_map(|item| words(item, schemas)).collect();
            if !words.is_empty() {
                words.push(String::new());
            }
            words
        }
        Some(Schema::AllOf(all)) => {
            all.items.iter().flat_map(|item| words(item, schemas)).collect()
        }
        _ => Vec::new(),
    }
}

fn resolved<'a>(schema: &'a RefOr<Schema>, schemas: &'a Schemas) -> Option<&'a Schema> {
    match schema {
        RefOr::T(schema) => Some(schema),
        // A reference leads to a description, never to another reference.
        RefOr::Ref(to) => match schemas.get(to.ref_location.rsplit('/').next()?)? {
            RefOr::T(schema) => Some(schema),
            RefOr::Ref(_) => None,
        },
    }
}

fn type_of(schema: &RefOr<Schema>, schemas: &Schemas) -> Option<Type> {
    match resolved(schema, schemas)? {
        Schema::Object(object) => {
            let is_time =
                matches!(object.format, Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
            match json(&object.schema_type)? {
                Json::String if is_time => Some(Type::Time),
                Json::String => Some(Type::Text),
                Json::Integer => Some(Type::Number),
                Json::Boolean => Some(Type::Bool),
                Json::Object | Json::Number | Json::Array | Json::Null => None,
            }
        }
        Schema::Array(array) => match &array.items {
            ArrayItems::RefOrSchema(items) => match type_of(items, schemas)? {
                Type::Text => Some(Type::Texts),
                Type::Number => Some(Type::Numbers),
                Type::Bool | Type::Time | Type::Length | Type::Texts | Type::Numbers => None,
            },
            ArrayItems::False => None,
        },
        // Something or null.
        Schema::OneOf(one) => one.items.iter().find_map(|item| type_of(item, schemas)),
        Schema::AllOf(all) if all.items.len() == 1 => {
            all.items.first().and_then(|one| type_of(one, schemas))
        }
        // Of several parts, or of any of several: neither is one value.
        Schema::AllOf(_) | Schema::AnyOf(_) => None,
        _ => None,
    }
}

fn json(of: &SchemaType) -> Option<&Json> {
    match of {
        SchemaType::Type(of) => Some(of),
        SchemaType::Array(of) => of.iter().find(|one| **one != Json::Null),
        SchemaType::AnyValue => None,
    }
}
