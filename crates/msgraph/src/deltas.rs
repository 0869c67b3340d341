//! Delta queries: all there is at first, and from then on only what has changed.
//!
//! Links are opaque and followed verbatim, and never to another host with our token. Nothing is
//! applied here: the same change may come twice, and old ones may be replayed.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::client::Client;
use crate::error::GraphError;
use crate::http::Answer;
use crate::odata::{Version, nullable};

/// Where a delta query goes on next time. Opaque: Graph made it, with the query inside. Those of
/// the directory last seven days.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeltaLink(String);

impl DeltaLink {
    /// For keeping it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As it was kept. Whether it still holds shows when it is used.
impl From<String> for DeltaLink {
    fn from(link: String) -> Self {
        Self(link)
    }
}

/// The pages of one round of changes. Call [`DeltaPages::next`] until it says `None`; then
/// [`DeltaPages::link`] is where the next round begins.
pub struct DeltaPages<T> {
    client: Client,
    at: At,
    read: Box<Reader<T>>,
}

type Reader<T> = dyn Fn(&Answer) -> Result<Read<T>, GraphError> + Send + Sync;

struct Read<T> {
    items: Vec<T>,
    next: Option<String>,
    delta: Option<String>,
}

#[derive(Clone)]
enum At {
    /// A query of our own.
    Start(Url),
    /// A link that Graph gave us: now, or days ago.
    Link(Url),
    End(DeltaLink),
}

#[derive(Deserialize)]
struct Page<W> {
    value: Vec<W>,
    #[serde(rename = "@odata.nextLink", default, deserialize_with = "nullable")]
    next: Option<String>,
    #[serde(rename = "@odata.deltaLink", default, deserialize_with = "nullable")]
    delta: Option<String>,
}

impl<T> fmt::Debug for DeltaPages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeltaPages")
            .field("has_ended", &self.link().is_some())
            .finish_non_exhaustive()
    }
}

impl<T> DeltaPages<T> {
    /// The next page, which may hold nothing; `None` after the last. [`GraphError::StartOver`]
    /// where the link no longer holds; after any other error the same page is asked for again.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>, GraphError> {
        let (url, is_link) = match &self.at {
            At::End(_) => return Ok(None),
            At::Start(url) => (url.clone(), false),
            At::Link(url) => (url.clone(), true),
        };
        let read = &self.read;
        let page = match self.client.read_url(url.clone(), |answer| read(answer)).await {
            Err(error) if is_link && has_expired(&error) => return Err(start_over(url.path())),
            settled => settled?,
        };
        self.at = match (page.next, page.delta) {
            (Some(next), _) => {
                let next = self.client.link(&next, url.path())?;
                if next == url {
                    return Err(GraphError::decode(url.path(), "a page that follows itself"));
                }
                At::Link(next)
            }
            (None, Some(delta)) => At::End(DeltaLink(delta)),
            (None, None) => {
                return Err(GraphError::decode(url.path(), "changes that lead nowhere"));
            }
        };
        Ok(Some(page.items))
    }

    /// Where the next round begins; `None` before the last page has been read.
    #[must_use]
    pub fn link(&self) -> Option<&DeltaLink> {
        match &self.at {
            At::End(link) => Some(link),
            At::Start(_) | At::Link(_) => None,
        }
    }

    /// Reads to the end, giving every page to `each`.
    pub(crate) async fn drain(
        mut self,
        mut each: impl FnMut(Vec<T>) + Send,
    ) -> Result<DeltaLink, GraphError> {
        loop {
            if let At::End(link) = self.at {
                return Ok(link);
            }
            each(self.next().await?.unwrap_or_default());
        }
    }
}

impl Client {
    /// The changes of a directory collection (`groups`) since `link`, or by `query` all there is.
    pub(crate) fn delta_pages<W, T>(
        &self,
        collection: &str,
        query: &str,
        link: Option<&DeltaLink>,
        convert: fn(W) -> T,
    ) -> Result<DeltaPages<T>, GraphError>
    where
        W: DeserializeOwned + 'static,
        T: 'static,
    {
        let at = match link {
            None => At::Start(self.url(Version::V1, &format!("/{collection}/delta?{query}"))?),
            Some(link) => At::Link(self.delta_url(collection, link)?),
        };
        let read = move |answer: &Answer| {
            let Page { value, next, delta } = answer.json::<Page<W>>()?;
            Ok(Read { items: value.into_iter().map(convert).collect(), next, delta })
        };
        Ok(DeltaPages { client: self.clone(), at, read: Box::new(read) })
    }

    /// A link that was kept. One of another Graph (the address may have been changed since) or
    /// of another collection says nothing about this one.
    fn delta_url(&self, collection: &str, link: &DeltaLink) -> Result<Url, GraphError> {
        let path = format!("/{collection}/delta");
        let url = self.link(&link.0, &path).map_err(|_| start_over(&path))?;
        let fits = url.path_segments().is_some_and(|mut all| all.any(|one| one == collection));
        if fits { Ok(url) } else { Err(start_over(&path)) }
    }
}

fn start_over(path: &str) -> GraphError {
    GraphError::StartOver { path: path.to_owned() }
}

/// 410 is documented for this, and 400 with the first of these codes is what Entra was announced
/// to answer after seven days.
fn has_expired(error: &GraphError) -> bool {
    match error {
        GraphError::NotFound { .. } => true,
        GraphError::Rejected { code, .. } => {
            ["syncStateNotFound", "resyncRequired"].iter().any(|one| one.eq_ignore_ascii_case(code))
        }
        GraphError::Token { .. }
        | GraphError::Unauthorized
        | GraphError::Forbidden { .. }
        | GraphError::Throttled { .. }
        | GraphError::Conflict { .. }
        | GraphError::StartOver { .. }
        | GraphError::Unavailable { .. }
        | GraphError::Ambiguous { .. }
        | GraphError::Decode { .. }
        | GraphError::Transport { .. }
        | GraphError::Configuration { .. } => false,
    }
}
