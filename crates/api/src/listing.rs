//! Whole lists of things of which there are thousands at most: filtered by the language of device filters
//! and ordered by any field, both by the fields that the list itself shows.
//!
//! Conditions never reach the database: the list is read page by page and looked at here. Cost: a page
//! without conditions, as before; with a filter, what is looked at until the page is full; in another
//! order, the whole list each time.

mod fields;
mod order;

use std::future::Future;

use api_types::{List, ListQuery};
use domain::filter::RecordFilter;
use serde::Serialize;
use serde_json::{Map, Value};
use store::page::Page;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::paging;
use crate::problem::Problem;
use order::{Order, Place};

/// What is put in another order is held in memory whole.
const MOST_SORTED: usize = 20_000;

/// One page of what `fetch` gives, page by page in ascending order of `id`.
pub(crate) async fn list<R, T, F, A, E>(
    query: &ListQuery,
    fetch: F,
    id: impl Fn(&R) -> Uuid,
    convert: impl Fn(R) -> T,
) -> Result<axum::Json<List<T>>, Problem>
where
    T: Serialize + ToSchema,
    F: Fn(Page) -> A,
    A: Future<Output = Result<Vec<R>, E>>,
    E: Into<Problem>,
{
    let limit = paging::limit("page_size", query.page_size)?;
    let fields = fields::of(&T::name());
    let filter = query.filter.as_deref().map(|text| parsed(text, fields)).transpose()?;
    let order = query.order_by.as_deref().map(|text| Order::parse(text, fields)).transpose()?;
    let token = query.page_token.as_deref();
    if let Some(order) = order {
        let after = token.map(|token| Place::opened(token, &order)).transpose()?;
        let all = everything(fetch, &id, &convert, filter.as_ref()).await?;
        return order.page(all, after.as_ref(), limit).map(axum::Json);
    }
    let page = paging::page(Some(limit), token)?;
    let Some(filter) = filter else {
        let rows = fetch(page).await.map_err(Into::into)?;
        return Ok(paging::list(page, rows, id, convert));
    };
    let mut found = Vec::new();
    let mut at = Page { after: page.after, limit: paging::LARGEST };
    loop {
        let rows = fetch(at).await.map_err(Into::into)?;
        let is_last = rows.len() < usize::from(at.limit);
        for row in rows {
            let row_id = id(&row);
            let item = convert(row);
            if filter.matches(&record(&item)?).map_err(|error| refused(&error))? {
                found.push((row_id, item));
                if found.len() == usize::from(limit) {
                    return Ok(paging::list(page, found, |(id, _)| *id, |(_, item)| item));
                }
            }
            at.after = Some(row_id);
        }
        if is_last {
            return Ok(paging::list(page, found, |(id, _)| *id, |(_, item)| item));
        }
    }
}

/// As `list`, of what was read whole: of such things there are few.
pub(crate) async fn whole<R, T>(
    query: &ListQuery,
    mut rows: Vec<R>,
    id: impl Fn(&R) -> Uuid,
    convert: impl Fn(R) -> T,
) -> Result<axum::Json<List<T>>, Problem>
where
    R: Clone,
    T: Serialize + ToSchema,
{
    rows.sort_by_key(&id);
    let fetch = |page: Page| {
        let behind = rows.iter().filter(|row| page.after.is_none_or(|after| id(row) > after));
        let rows: Vec<R> = behind.take(usize::from(page.limit)).cloned().collect();
        std::future::ready(Ok::<_, Problem>(rows))
    };
    list(query, fetch, &id, convert).await
}

async fn everything<R, T, F, A, E>(
    fetch: F,
    id: &impl Fn(&R) -> Uuid,
    convert: &impl Fn(R) -> T,
    filter: Option<&RecordFilter>,
) -> Result<Vec<(Uuid, Map<String, Value>, T)>, Problem>
where
    T: Serialize,
    F: Fn(Page) -> A,
    A: Future<Output = Result<Vec<R>, E>>,
    E: Into<Problem>,
{
    let mut all = Vec::new();
    let mut at = Page { after: None, limit: paging::LARGEST };
    loop {
        let rows = fetch(at).await.map_err(Into::into)?;
        let is_last = rows.len() < usize::from(at.limit);
        for row in rows {
            let row_id = id(&row);
            at.after = Some(row_id);
            let item = convert(row);
            let record = record(&item)?;
            if is_wanted(filter, &record)? {
                all.push((row_id, record, item));
            }
        }
        if all.len() > MOST_SORTED {
            let why = format!("this is more than {MOST_SORTED} items; a filter makes it fewer");
            return Err(Problem::parameter("order_by", why));
        }
        if is_last {
            return Ok(all);
        }
    }
}

fn is_wanted(filter: Option<&RecordFilter>, record: &Map<String, Value>) -> Result<bool, Problem> {
    filter.map_or(Ok(true), |filter| filter.matches(record).map_err(|error| refused(&error)))
}

fn parsed(text: &str, fields: &[domain::filter::Field]) -> Result<RecordFilter, Problem> {
    RecordFilter::parse(text, fields).map_err(|error| refused(&error))
}

fn refused(error: &domain::filter::FilterError) -> Problem {
    Problem::parameter("filter", error.to_string())
}

/// An item as it is shown.
fn record(item: &impl Serialize) -> Result<Map<String, Value>, Problem> {
    match serde_json::to_value(item) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Problem::internal("an item of a list is no object")),
        Err(error) => Err(Problem::internal(&error)),
    }
}
