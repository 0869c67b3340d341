//! Collections that come in pages.
//!
//! Follows every next link verbatim, empty pages included, and never leaves the Graph host.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::client::Client;
use crate::error::GraphError;
use crate::http::Answer;
use crate::odata::{Version, nullable};

type Reader<T> = dyn Fn(&Answer) -> Result<(Vec<T>, Option<String>), GraphError> + Send + Sync;

/// The pages of one collection. Call [`Pages::next`] until it says `None`.
pub struct Pages<T> {
    client: Client,
    next: Option<Url>,
    read: Box<Reader<T>>,
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("has_more", &self.next.is_some()).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Page<W> {
    value: Vec<W>,
    #[serde(rename = "@odata.nextLink", default, deserialize_with = "nullable")]
    next: Option<String>,
}

impl<T> Pages<T> {
    /// The next page, which may hold nothing; `None` after the last. After an error the same
    /// page is asked for again.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>, GraphError> {
        let Some(url) = self.next.clone() else { return Ok(None) };
        let read = &self.read;
        let (items, link) = self.client.read_url(url.clone(), |answer| read(answer)).await?;
        let next = link.map(|link| self.client.link(&link, url.path())).transpose()?;
        if next.as_ref() == Some(&url) {
            return Err(GraphError::decode(url.path(), "a page that follows itself"));
        }
        self.next = next;
        Ok(Some(items))
    }

    /// Everything at once, for collections that are small by nature.
    pub async fn all(mut self) -> Result<Vec<T>, GraphError> {
        let mut all = Vec::new();
        while let Some(items) = self.next().await? {
            all.extend(items);
        }
        Ok(all)
    }
}

impl Client {
    /// The pages of `path`, each item through `convert`, which may drop it.
    pub(crate) fn pages<W, T>(
        &self,
        version: Version,
        path: &str,
        convert: fn(W) -> Option<T>,
    ) -> Result<Pages<T>, GraphError>
    where
        W: DeserializeOwned + 'static,
        T: 'static,
    {
        let read = move |answer: &Answer| {
            let page: Page<W> = answer.json()?;
            Ok((page.value.into_iter().filter_map(convert).collect(), page.next))
        };
        let next = Some(self.url(version, path)?);
        Ok(Pages { client: self.clone(), next, read: Box::new(read) })
    }
}
