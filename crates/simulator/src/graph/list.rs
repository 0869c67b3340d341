//! Lists: filters, selections and pages.

use serde_json::{Map, Value};

use crate::graph::filter::Filter;
use crate::graph::reply::Reply;
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
    fn property(&self, number: u32, name: &str) -> Option<Value>;
    /// The properties shown without `$select`.
    fn all(&self, number: u32) -> Vec<String>;
    /// The `@odata.type`, where the list is of mixed types.
    fn kind(&self, _number: u32) -> Option<Value> {
        None
    }
}

/// Shows one item with the selected properties.
pub(crate) fn show(source: &dyn Source, request: &Request, number: u32) -> Map<String, Value> {
    let mut shown = Map::new();
    if let Some(kind) = source.kind(number) {
        shown.insert("@odata.type".to_owned(), kind);
    }
    let names = match request.selected() {
        // The id comes along whether it is asked for or not.
        Some(names) => ["id"].into_iter().chain(names).map(str::to_owned).collect(),
        None => source.all(number),
    };
    for name in names {
        let plain = name.rsplit('/').next().unwrap_or(&name);
        if let Some(value) = source.property(number, plain) {
            shown.insert(plain.to_owned(), value);
        }
    }
    shown
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
                "@odata.type" => source.kind(*number).unwrap_or_default(),
                name => source.property(*number, name).unwrap_or_default(),
            })
        })
    };
    let skip = match request.option("skip").filter(|_| first == 0).map(str::parse::<usize>) {
        None => 0,
        Some(Ok(skip)) => skip,
        Some(Err(_)) => return Reply::bad_request("Invalid value for $skip."),
    };
    let mut items = source.numbers(first).filter(matches).skip(skip);
    let shown: Vec<Value> = items
        .by_ref()
        .take(size)
        .map(|number| Value::Object(show(source, request, number)))
        .collect();
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), Value::from(request.context(context)));
    let next = items.next();
    if first == 0 && request.option("count") == Some("true") {
        let rest = usize::from(next.is_some()) + items.count();
        body.insert("@odata.count".to_owned(), Value::from(skip + shown.len() + rest));
    }
    if let Some(next) = next {
        body.insert("@odata.nextLink".to_owned(), Value::from(request.next_link(next)));
    }
    body.insert("value".to_owned(), Value::from(shown));
    Reply::ok(body)
}

/// A collection small enough to be made as a whole.
pub(crate) struct Small(pub(crate) Vec<Value>);

impl Small {
    fn item(&self, number: u32) -> Option<&Map<String, Value>> {
        self.0.get(usize::try_from(number).ok()?)?.as_object()
    }
}

impl Source for Small {
    fn numbers(&self, first: u32) -> Box<dyn Iterator<Item = u32> + '_> {
        Box::new(first..u32::try_from(self.0.len()).unwrap_or(u32::MAX))
    }

    fn property(&self, number: u32, name: &str) -> Option<Value> {
        self.item(number)?.get(name).cloned()
    }

    fn all(&self, number: u32) -> Vec<String> {
        let names = self.item(number).into_iter().flat_map(Map::keys);
        names.filter(|name| !name.starts_with('@')).cloned().collect()
    }

    fn kind(&self, number: u32) -> Option<Value> {
        self.item(number)?.get("@odata.type").cloned()
    }
}
