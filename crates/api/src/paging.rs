//! Pages of lists: what is asked for, and the opaque tokens between them.

use api_types::List;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::page::Page;
use uuid::Uuid;

use crate::problem::Problem;

const DEFAULT_SIZE: u16 = 100;
pub(crate) const LARGEST: u16 = 500;

/// The part of a list that `page_size` and `page_token` ask for.
pub(crate) fn page(size: Option<u16>, token: Option<&str>) -> Result<Page, Problem> {
    Ok(Page { after: token.map(opened).transpose()?, limit: limit("page_size", size)? })
}

/// A number of items, checked.
pub(crate) fn limit(name: &str, size: Option<u16>) -> Result<u16, Problem> {
    match size {
        None => Ok(DEFAULT_SIZE),
        Some(size) if (1..=LARGEST).contains(&size) => Ok(size),
        Some(size) => Err(Problem::parameter(
            name,
            format!("{size} is out of range; 1 to {LARGEST} is right"),
        )),
    }
}

fn opened(token: &str) -> Result<Uuid, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok()).ok_or_else(|| {
        Problem::parameter(
            "page_token",
            "this is not the next_page_token of a page; leave it out to begin at the start",
        )
    })
}

/// One page. A full one may have more behind it, and says where.
pub(crate) fn list<R, T>(
    page: Page,
    rows: Vec<R>,
    id: impl Fn(&R) -> Uuid,
    convert: impl Fn(R) -> T,
) -> axum::Json<List<T>> {
    let is_full = rows.len() >= usize::from(page.limit);
    let last = rows.last().filter(|_| is_full).map(id);
    axum::Json(List {
        next_page_token: last.map(|id| URL_SAFE_NO_PAD.encode(id.as_bytes())),
        items: rows.into_iter().map(convert).collect(),
    })
}
