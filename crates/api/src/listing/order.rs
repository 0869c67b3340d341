//! `order_by=created_at desc,name`: up to three fields, and the id last, so that the order is total.

use std::cmp::Ordering;

use api_types::List;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::filter::{Field, Type};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::problem::Problem;

const NAME: &str = "order_by";
const MOST: usize = 3;
/// Of a token: three values of fields, an id.
const LARGEST_TOKEN: usize = 8_192;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order(Vec<Key>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    field: String,
    descending: bool,
}

/// Where an item stands in an order: its values, and its id.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    values: Vec<Value>,
    id: Uuid,
}

impl Order {
    pub(super) fn parse(text: &str, fields: &[Field]) -> Result<Self, Problem> {
        let can_be_sorted = |field: &&Field| {
            matches!(field.of, Type::Text | Type::Number | Type::Bool | Type::Time)
        };
        let known: Vec<&Field> = fields.iter().filter(can_be_sorted).collect();
        let key = |text: &str| {
            let mut words = text.split_whitespace();
            let (field, direction) = (words.next().unwrap_or_default(), words.next());
            let descending = match direction {
                None | Some("asc") => false,
                Some("desc") => true,
                Some(_) => return Err(wrong("a field is followed by asc, desc, or nothing")),
            };
            if words.next().is_some() {
                return Err(wrong("fields are separated by commas"));
            }
            if !known.iter().any(|one| one.name == field) {
                let names: Vec<&str> = known.iter().map(|field| field.name.as_str()).collect();
                let why = format!("there is no field {field:?}; there are {}", names.join(", "));
                return Err(wrong(&why));
            }
            Ok(Key { field: field.to_owned(), descending })
        };
        let keys = text.split(',').map(key).collect::<Result<Vec<_>, _>>()?;
        if keys.len() > MOST {
            return Err(wrong("at most three fields are right"));
        }
        Ok(Self(keys))
    }

    /// The page after a place.
    pub(super) fn page<T>(
        &self,
        all: Vec<(Uuid, Map<String, Value>, T)>,
        after: Option<&Place>,
        limit: u16,
    ) -> Result<List<T>, Problem> {
        let mut placed: Vec<(Place, T)> = all
            .into_iter()
            .map(|(id, record, item)| (self.place(id, &record), item))
            .filter(|(place, _)| after.is_none_or(|after| self.compare(place, after).is_gt()))
            .collect();
        placed.sort_by(|(a, _), (b, _)| self.compare(a, b));
        let has_more = placed.len() > usize::from(limit);
        placed.truncate(usize::from(limit));
        let next_page_token =
            placed.last().filter(|_| has_more).map(|(place, _)| place.closed()).transpose()?;
        Ok(List { items: placed.into_iter().map(|(_, item)| item).collect(), next_page_token })
    }

    fn place(&self, id: Uuid, record: &Map<String, Value>) -> Place {
        let value = |key: &Key| {
            let (field, part) = key.field.split_once('.').unwrap_or((&key.field, ""));
            let found = record.get(field);
            let found = if part.is_empty() { found } else { found.and_then(|one| one.get(part)) };
            found.cloned().unwrap_or_default()
        };
        Place { values: self.0.iter().map(value).collect(), id }
    }

    fn compare(&self, a: &Place, b: &Place) -> Ordering {
        let keys = self.0.iter().zip(a.values.iter().zip(&b.values));
        let by_keys = keys.map(|(key, (a, b))| {
            let order = compare(a, b);
            if key.descending { order.reverse() } else { order }
        });
        by_keys.fold(Ordering::Equal, Ordering::then).then(a.id.cmp(&b.id))
    }
}

/// Nothing comes first. Times are RFC 3339 in UTC, so their texts are in the order of time.
fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.as_i64().cmp(&b.as_i64()),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Null, Value::Null) => Ordering::Equal,
        // A field has one type; a token may say anything.
        (a, b) => rank(a).cmp(&rank(b)).then_with(|| a.to_string().cmp(&b.to_string())),
    }
}

const fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

impl Place {
    pub(super) fn opened(token: &str, order: &Order) -> Result<Self, Problem> {
        let bytes = (token.len() <= LARGEST_TOKEN).then(|| URL_SAFE_NO_PAD.decode(token).ok());
        let read = bytes.flatten().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        read.filter(|(values, _): &(Vec<Value>, Uuid)| values.len() == order.0.len())
            .map(|(values, id)| Self { values, id })
            .ok_or_else(|| {
                let why = "this is not the next_page_token of a page in this order; leave it out to \
                           begin at the start";
                Problem::parameter("page_token", why)
            })
    }

    fn closed(&self) -> Result<String, Problem> {
        let bytes = serde_json::to_vec(&(&self.values, self.id));
        bytes.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).map_err(|error| Problem::internal(&error))
    }
}

fn wrong(why: &str) -> Problem {
    Problem::parameter(NAME, why)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn fields() -> Vec<Field> {
        [("name", Type::Text), ("count", Type::Number), ("at", Type::Time), ("tags", Type::Texts)]
            .map(|(name, of)| Field { name: name.to_owned(), of, words: Vec::new() })
            .to_vec()
    }

    fn json() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
            vec(any::<u8>(), 0..4).prop_map(Value::from),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_text_is_an_order_or_is_refused(text in "[a-z ,]{0,30}|.{0,30}") {
            let _ = Order::parse(&text, &fields());
        }

        /// Whatever a token says of values, every item comes in at most one of the pages around it.
        #[test]
        fn any_token_divides_the_items(values in vec(json(), 2), id in any::<u128>(), token in any::<Vec<u8>>()) {
            let order = Order::parse("name desc,count", &fields()).expect("it is one");
            let _ = Place::opened(&URL_SAFE_NO_PAD.encode(&token), &order);
            let place = Place { values, id: Uuid::from_u128(id) };
            let opened = Place::opened(&place.closed().expect("JSON"), &order).expect("it is one");
            prop_assert!(order.compare(&place, &opened).is_eq());
        }

        #[test]
        fn pages_hold_every_item_once(items in vec((json(), json()), 0..20)) {
            let order = Order::parse("count,name", &fields()).expect("it is one");
            let all: Vec<_> = items.into_iter().enumerate().map(|(number, (name, count))| {
                let record = Map::from_iter([("name".to_owned(), name), ("count".to_owned(), count)]);
                (Uuid::from_u128(number as u128), record, number)
            }).collect();
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = order.page(all.clone(), after.as_ref(), 3).expect("a page");
                seen.extend(page.items);
                let Some(token) = page.next_page_token else { break };
                after = Some(Place::opened(&token, &order).expect("it is one of ours"));
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..all.len()).collect::<Vec<_>>());
        }
    }
}
