//! Fields of an `OpenAPI` 3.1 document, found by the names people use. Asks nobody.

use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::find::did_you_mean;

/// A field, and those in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    /// From a schema down: `RingSet.rings.gate`.
    pub(super) path: String,
    /// In words: `list of Ring, 2 to 15`.
    pub(super) kind: String,
    pub(super) required: bool,
    pub(super) meaning: String,
    pub(super) default: Option<String>,
    /// What is in it, one level down.
    pub(super) fields: Vec<Field>,
}

/// Kinds of files, and the schema that says their fields. Where that has an id, a file has a name.
const KINDS: [(&str, &str); 9] = [
    ("RingSet", "CreateRingSet"),
    ("Plan", "CreatePlan"),
    ("Signal", "CreateSignal"),
    ("Rule", "CreateRule"),
    ("Freeze", "CreateFreeze"),
    ("Holidays", "ImportHolidays"),
    ("Enrollment", "EnrollmentSettings"),
    ("Strategies", "ChooseStrategies"),
    ("Tenant", "CreateTenant"),
];

/// Several places of one name are shown, not hundreds.
const MANY: usize = 8;

#[derive(Debug)]
pub(super) struct Schemas<'a>(Option<&'a Map<String, Value>>);

impl<'a> Schemas<'a> {
    pub(super) fn of(document: &'a Value) -> Self {
        Self(document["components"]["schemas"].as_object())
    }

    /// Where the path leads: from a schema of the first name, or from every schema with such a field. One
    /// at least.
    pub(super) fn find(&self, path: &str) -> Result<Vec<Field>, Failure> {
        let words: Vec<&str> = path.split('.').filter(|word| !word.is_empty()).collect();
        let Some((first, rest)) = words.split_first() else {
            return Err(Failure::Usage("say which field: `RingSet.rings.gate`".to_owned()));
        };
        if let Some((shown, schema)) = self.named(|name| name == *first) {
            return self.down(shown, schema, rest).map(|field| vec![field]);
        }
        let found = self.with(first, &words);
        if !found.is_empty() {
            return Ok(found);
        }
        if let Some((shown, schema)) = self.named(|name| name.eq_ignore_ascii_case(first)) {
            return self.down(shown, schema, rest).map(|field| vec![field]);
        }
        Err(Failure::NotFound(format!(
            "nothing is called `{}`{}; kinds of files are {}",
            words.join("."),
            did_you_mean(first, &self.names()),
            KINDS.map(|(kind, _)| kind).join(", "),
        )))
    }

    /// Every schema from which the words lead somewhere.
    fn with(&self, first: &str, words: &[&str]) -> Vec<Field> {
        // Kinds of files first, as these are what people write.
        let kinds = KINDS.into_iter().filter_map(|(kind, _)| self.named(|name| name == kind));
        let others = self.0.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema));
        let mut found: Vec<Field> = Vec::new();
        for (name, schema) in kinds.chain(others) {
            let has = self.properties(schema).is_some_and(|all| all.contains_key(first));
            let is_shown = KINDS.iter().any(|(kind, of)| *of == name && *kind != name);
            if !has
                || is_shown
                || found.iter().any(|field| field.path.starts_with(&format!("{name}.")))
            {
                continue;
            }
            found.extend(self.down(name, schema, words).ok());
        }
        found.truncate(MANY);
        found
    }

    /// The first of these names: kinds of files, then schemas.
    fn named(&self, is_it: impl Fn(&str) -> bool) -> Option<(&'a str, &'a Value)> {
        let all = self.0?;
        let kinds = KINDS.into_iter().filter(|(kind, _)| is_it(kind));
        let mut kinds = kinds.filter_map(|(kind, of)| Some((kind, all.get(of)?)));
        kinds.next().or_else(|| {
            let mut all = all.iter().filter(|(schema, _)| is_it(schema));
            all.next().map(|(schema, value)| (schema.as_str(), value))
        })
    }

    fn names(&self) -> Vec<&'a str> {
        let kinds = KINDS.iter().map(|(kind, _)| *kind);
        kinds.chain(self.0.into_iter().flatten().map(|(name, _)| name.as_str())).collect()
    }

    fn down(&self, name: &str, schema: &'a Value, words: &[&str]) -> Result<Field, Failure> {
        let (mut path, mut at, mut required) = (name.to_owned(), schema, false);
        for word in words {
            let inside = self.properties(at);
            let next = inside.and_then(|all| all.get(*word));
            let free = || self.plain(at).get("additionalProperties").filter(|it| it.is_object());
            let Some(next) = next.or_else(free) else {
                let names: Vec<&str> =
                    inside.into_iter().flat_map(Map::keys).map(String::as_str).collect();
                return Err(Failure::NotFound(match names.as_slice() {
                    [] => format!("`{path}` has no fields"),
                    names => format!(
                        "`{path}` has no field `{word}`{}; it has {}",
                        did_you_mean(word, names),
                        names.join(", ")
                    ),
                }));
            };
            required = self.requires(at, word);
            path = format!("{path}.{word}");
            at = next;
        }
        Ok(self.field(path, at, required, true))
    }

    fn field(&self, path: String, schema: &'a Value, required: bool, is_deep: bool) -> Field {
        let fields = match self.properties(schema).filter(|_| is_deep) {
            None => Vec::new(),
            Some(all) => all
                .iter()
                .map(|(name, inner)| {
                    let is_needed = self.requires(schema, name);
                    self.field(format!("{path}.{name}"), inner, is_needed, false)
                })
                .collect(),
        };
        Field {
            kind: self.kind(schema),
            meaning: self.meaning(schema),
            default: schema.get("default").filter(|it| !it.is_null()).map(brief),
            path,
            required,
            fields,
        }
    }

    fn requires(&self, schema: &'a Value, name: &str) -> bool {
        let required = self.object(schema).and_then(|it| it.get("required"));
        required.and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one == name))
    }

    /// What stands beside a reference says what the field is for, what it refers to what it is.
    fn meaning(&self, schema: &'a Value) -> String {
        let own =
            schema.get("description").or_else(|| only(schema).and_then(|it| it.get("description")));
        let of = own.or_else(|| self.plain(schema).get("description"));
        of.and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Behind references, and without the null of what may be left out.
    fn plain(&self, schema: &'a Value) -> &'a Value {
        let mut at = schema;
        // Schemas that refer to themselves end here.
        for _ in 0..16 {
            let next = match at.get("$ref").and_then(Value::as_str) {
                Some(to) => self.0.and_then(|all| all.get(name_of(to))),
                None => only(at),
            };
            let Some(next) = next else { break };
            at = next;
        }
        at
    }

    /// The object in it: itself, or what a list or an option is of.
    fn object(&self, schema: &'a Value) -> Option<&'a Value> {
        let mut at = self.plain(schema);
        while let Some(items) = at.get("items") {
            at = self.plain(items);
        }
        at.get("properties").map(|_| at)
    }

    fn properties(&self, schema: &'a Value) -> Option<&'a Map<String, Value>> {
        self.object(schema)?.get("properties")?.as_object()
    }

    fn kind(&self, schema: &'a Value) -> String {
        let at = self.plain(schema);
        let types: Vec<&str> = match at.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut text = match types.iter().find(|one| **one != "null") {
            Some(&"array") => {
                format!("list of {}", at.get("items").map_or_else(String::new, |of| self.kind(of)))
            }
            Some(&"object") => name(schema).unwrap_or("object").to_owned(),
            Some(&"string") => match at.get("format").and_then(Value::as_str) {
                Some("date-time") => "time".to_owned(),
                Some(format) => format.to_owned(),
                None => "text".to_owned(),
            },
            Some(&"boolean") => "true or false".to_owned(),
            Some(other) => (*other).to_owned(),
            None => choices(at).unwrap_or_else(|| name(schema).unwrap_or("any value").to_owned()),
        };
        if let Some(all) = at.get("enum").and_then(Value::as_array) {
            let words: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
            text = words.join(", ");
        }
        if let Some(bounds) = bounds(at) {
            text = format!("{text}, {bounds}");
        }
        text
    }
}

fn name_of(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or_default()
}

/// What a field refers to, by name.
fn name(schema: &Value) -> Option<&str> {
    let to = schema.get("$ref").or_else(|| only(schema).and_then(|it| it.get("$ref")));
    to.and_then(Value::as_str).map(name_of)
}

/// Of `oneOf` and the like the only one that is not null.
fn only(schema: &Value) -> Option<&Value> {
    let all = ["oneOf", "anyOf", "allOf"].iter().find_map(|word| schema.get(word)?.as_array())?;
    let mut some = all.iter().filter(|one| one["type"] != "null");
    match (some.next(), some.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

/// Of a choice of shapes, the word each is known by.
fn choices(schema: &Value) -> Option<String> {
    let all = ["oneOf", "anyOf"].iter().find_map(|word| schema.get(word)?.as_array())?;
    let word = |one: &Value| {
        let own = one["enum"][0].as_str().map(str::to_owned);
        own.or_else(|| {
            let mut properties = one["properties"].as_object()?.values();
            properties.find_map(|it| it["enum"][0].as_str().map(str::to_owned))
        })
        .or_else(|| one["$ref"].as_str().map(|to| name_of(to).to_owned()))
    };
    let words: Vec<String> = all.iter().filter_map(word).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn bounds(schema: &Value) -> Option<String> {
    let pairs = [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", ""),
    ];
    pairs.into_iter().find_map(|(least, most, unit)| match (schema.get(least), schema.get(most)) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
        (Some(least), None) => Some(format!("{least} at least{unit}")),
        (None, Some(most)) => Some(format!("{most} at most{unit}")),
        (None, None) => None,
    })
}

fn brief(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({ "components": { "schemas": {
            "CreateRingSet": { "type": "object", "description": "Rings in order.",
                "required": ["rings"], "properties": {
                    "rings": { "type": "array", "minItems": 2, "maxItems": 15,
                        "items": { "$ref": "#/components/schemas/Ring" } },
                    "rules": { "oneOf": [{ "type": "null" },
                        { "$ref": "#/components/schemas/Rules", "description": "Who is placed." }] } } },
            "Ring": { "type": "object", "required": ["name"], "properties": {
                "name": { "type": "string", "minLength": 1, "maxLength": 64 },
                "gate": { "$ref": "#/components/schemas/Gate", "description": "When it is done." } } },
            "Gate": { "type": "object", "properties": {
                "bake_hours": { "type": "number", "minimum": 0, "maximum": 2160, "default": 24.0,
                    "description": "How long to watch." },
                "judge": { "$ref": "#/components/schemas/Judge" } } },
            "Judge": { "type": "string", "enum": ["strict", "lax"], "description": "How." },
            "Rules": { "type": "object", "additionalProperties": { "type": "boolean" } },
            "Tree": { "type": "object", "properties": { "tree": { "$ref": "#/components/schemas/Tree" } } },
            "Loop": { "$ref": "#/components/schemas/Loop" }
        } } })
    }

    fn find(path: &str) -> Result<Vec<Field>, String> {
        let document = document();
        Schemas::of(&document).find(path).map_err(|error| error.brief())
    }

    #[test]
    fn a_path_leads_through_lists_and_references() {
        let found = find("ringset.rings.gate.bake_hours").expect("it is there");
        let [field] = found.as_slice() else { panic!("one") };
        assert_eq!(field.path, "RingSet.rings.gate.bake_hours");
        assert_eq!((field.kind.as_str(), field.required), ("number, 0 to 2160", false));
        assert_eq!(
            (field.meaning.as_str(), field.default.as_deref()),
            ("How long to watch.", Some("24.0"))
        );
        let found = find("RingSet").expect("it is there");
        let names: Vec<(&str, &str, bool)> = found[0]
            .fields
            .iter()
            .map(|it| (it.path.as_str(), it.kind.as_str(), it.required))
            .collect();
        assert_eq!(
            names,
            [("RingSet.rings", "list of Ring, 2 to 15", true), ("RingSet.rules", "Rules", false)]
        );
        assert_eq!(found[0].fields[1].meaning, "Who is placed.");
    }

    #[test]
    fn the_end_of_a_path_is_enough() {
        let found = find("gate.bake_hours").expect("it is there");
        assert_eq!(found[0].path, "Ring.gate.bake_hours");
        let found = find("judge").expect("it is there");
        assert_eq!((found[0].path.as_str(), found[0].kind.as_str()), ("Gate.judge", "strict, lax"));
        assert_eq!(find("RingSet.rules.anything").expect("a map")[0].kind, "true or false");
        assert_eq!(find("tree.tree.tree").expect("it is there")[0].kind, "Tree");
        assert_eq!(find("Loop").expect("it ends")[0].kind, "Loop");
    }

    #[test]
    fn what_is_not_there_is_refused_with_what_is() {
        let said = find("gate.bake_hour").expect_err("no");
        assert!(
            said.contains("`Gate` has no field `bake_hour`; did you mean `bake_hours`?"),
            "{said}"
        );
        let said = find("RingSet.rings.gate.bake_hour").expect_err("no");
        assert!(said.contains("did you mean `bake_hours`?") && said.contains("judge"), "{said}");
        assert!(find("rinset").expect_err("no").contains("did you mean `RingSet`?"));
        assert!(find("RingSet.rings.name.x").expect_err("no").contains("has no fields"));
        assert!(find("..").expect_err("no").contains("say which field"));
    }
}
