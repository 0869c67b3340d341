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

/// What continues a list behind this id.
pub(crate) fn token(after: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(after.as_bytes())
}

fn opened(token: &str) -> Result<Uuid, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok()).ok_or_else(not_ours)
}

fn not_ours() -> Problem {
    Problem::parameter(
        "page_token",
        "this is not the next_page_token of a page; leave it out to begin at the start",
    )
}

/// What continues a list of things that are numbered behind this one.
pub(crate) fn seq_token(seq: i64) -> String {
    URL_SAFE_NO_PAD.encode(seq.to_be_bytes())
}

pub(crate) fn seq_opened(token: &str) -> Result<i64, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(i64::from_be_bytes).ok_or_else(not_ours)
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
        next_page_token: last.map(token),
        items: rows.into_iter().map(convert).collect(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_text_is_a_token_or_is_refused(text in any::<String>()) {
            let _ = page(None, Some(&text));
        }

        #[test]
        fn a_token_that_was_bent_is_another_or_is_refused(id in any::<u128>(), at in 0_usize..22, with in any::<char>()) {
            let token = URL_SAFE_NO_PAD.encode(id.to_be_bytes());
            prop_assert_eq!(page(None, Some(&token)).ok().and_then(|page| page.after), Some(Uuid::from_u128(id)));
            let bent: String = token.chars().enumerate().map(|(n, one)| if n == at { with } else { one }).collect();
            let _ = page(None, Some(&bent));
        }
    }
}
