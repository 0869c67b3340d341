//! Lists: filters, selections and pages.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::graph::datum::{Datum, write_text};
use crate::graph::filter::Filter;
use crate::graph::reply::{Body, Reply};
use crate::graph::request::Request;

/// Page sizes of a collection: without `$top`, and at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) default: usize,
    pub(crate) most: usize,
}

pub(crate) const DIRECTORY: Limits = Limits { default: 100, most: 999 };
pub(crate) const INTUNE: Limits = Limits { default: 1000, most: 1000 };

/// A collection whose items are numbered, and made only when they are shown.
pub(crate) trait Source {
    /// The numbers of the items from `first` on, ascending.
    fn numbers(&self, first: u32) -> Box<dyn Iterator<Item = u32> + '_>;
    /// One property of one item.
    fn property(&self, number: u32, name: &str) -> Option<Datum<'_>>;
    /// The properties shown without `$select`.
    fn all(&self, number: u32) -> Cow<'_, [&str]>;
    /// The `@odata.type`, where the list is of mixed types.
    fn kind(&self, _number: u32) -> Option<&str> {
        None
    }
}

/// What `$select` asks for: plain names, each once. The id comes along in any case, and what is
/// expanded.
fn selected(request: &Request) -> Option<Vec<&str>> {
    let mut names = vec!["id"];
    for name in request.selected()? {
        let plain = name.rsplit('/').next().unwrap_or(name);
        if !names.contains(&plain) {
            names.push(plain);
        }
    }
    for name in ["assignments", "settings"] {
        if request.expands(name) && !names.contains(&name) {
            names.push(name);
        }
    }
    Some(names)
}

/// Writes one item with the given properties, or with all it has.
fn write(source: &dyn Source, names: Option<&[&str]>, number: u32, out: &mut String) {
    out.push('{');
    let mut first = true;
    let mut member = |name: &str, datum: &Datum<'_>, out: &mut String| {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        write_text(out, name);
        out.push(':');
        datum.write(out);
    };
    if let Some(kind) = source.kind(number) {
        member("@odata.type", &Datum::Text(kind.into()), out);
    }
    let names = names.map_or_else(|| source.all(number), Cow::Borrowed);
    for name in names.iter() {
        if let Some(datum) = source.property(number, name) {
            member(name, &datum, out);
        }
    }
    out.push('}');
}

/// Shows one item with the selected properties.
pub(crate) fn show(source: &dyn Source, request: &Request, number: u32) -> Body {
    let mut out = String::new();
    write(source, selected(request).as_deref(), number, &mut out);
    Body::Written(out)
}

/// A page of the collection as the request wants it.
pub(crate) fn page(source: &dyn Source, request: &Request, context: &str, limits: Limits) -> Reply {
    let Some(first) = request.skip_token() else {
        return Reply::bad_request("Invalid $skiptoken.");
    };
    let filter = match request.option("filter").map(Filter::parse) {
        None => None,
        Some(Some(filter)) => Some(filter),
        Some(None) => return Reply::bad_request("Invalid filter clause."),
    };
    let size = match request.option("top").map(str::parse::<usize>) {
        None => limits.default,
        Some(Ok(top)) if top > 0 => top.min(limits.most),
        Some(_) => return Reply::bad_request("Invalid value for $top."),
    };
    let matches = |number: &u32| {
        filter.as_ref().is_none_or(|filter| {
            filter.holds(&|name| match name {
                "@odata.type" => {
                    source.kind(*number).map_or(Datum::NULL, |kind| Datum::Text(kind.into()))
                }
                name => source.property(*number, name).unwrap_or(Datum::NULL),
            })
        })
    };
    let skip = match request.option("skip").filter(|_| first == 0).map(str::parse::<usize>) {
        None => 0,
        Some(Ok(skip)) => skip,
        Some(Err(_)) => return Reply::bad_request("Invalid value for $skip."),
    };
    let names = selected(request);
    let mut items = source.numbers(first).filter(matches).skip(skip);
    let (mut shown, mut count) = (String::new(), 0_usize);
    for number in items.by_ref().take(size) {
        if count > 0 {
            shown.push(',');
        }
        write(source, names.as_deref(), number, &mut shown);
        count += 1;
    }
    let mut body = String::with_capacity(shown.len() + 512);
    body.push_str("{\"@odata.context\":");
    write_text(&mut body, &request.context(context));
    let next = items.next();
    if first == 0 && request.option("count") == Some("true") {
        let rest = usize::from(next.is_some()) + items.count();
        // Writing into a string does not fail.
        let _ = write!(body, ",\"@odata.count\":{}", skip + count + rest);
    }
    if let Some(next) = next {
        body.push_str(",\"@odata.nextLink\":");
        write_text(&mut body, &request.next_link(next));
    }
    body.push_str(",\"value\":[");
    body.push_str(&shown);
    body.push_str("]}");
    Reply::ok(Body::Written(body))
}

/// A collection small enough to be made as a whole.
pub(crate) struct Small(pub(crate) Vec<Value>);

impl Small {
    /// Takes a property off all items.
    pub(crate) fn without(&mut self, name: &str) {
        for item in self.0.iter_mut().filter_map(Value::as_object_mut) {
            item.remove(name);
        }
    }

    fn item(&self, number: u32) -> Option<&Map<String, Value>> {
        self.0.get(usize::try_from(number).ok()?)?.as_object()
    }
}

impl Source for Small {
    fn numbers(&self, first: u32) -> Box<dyn Iterator<Item = u32> + '_> {
        Box::new(first..u32::try_from(self.0.len()).unwrap_or(u32::MAX))
    }

    fn property(&self, number: u32, name: &str) -> Option<Datum<'_>> {
        self.item(number)?.get(name).map(|value| Datum::Json(Cow::Borrowed(value)))
    }

    fn all(&self, number: u32) -> Cow<'_, [&str]> {
        let names = self.item(number).into_iter().flat_map(Map::keys).map(String::as_str);
        names.filter(|name| !name.starts_with('@')).collect()
    }

    fn kind(&self, number: u32) -> Option<&str> {
        self.item(number)?.get("@odata.type")?.as_str()
    }
}
