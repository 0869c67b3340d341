//! "Exists exactly once", for objects whose key Graph does not enforce.
//!
//! Read, create if missing, and after a create of unknown outcome read again before repeating.
//! Never deletes a duplicate: the oldest wins, on every reader's side alike.

use chrono::{DateTime, FixedOffset};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::Client;
use crate::error::GraphError;
use crate::odata::Version;

/// What the search needs to know of an object.
pub(crate) trait Entity: DeserializeOwned + Send + 'static {
    fn id(&self) -> &str;
    fn created(&self) -> Option<DateTime<FixedOffset>>;
}

/// How to find one object, and how to make it.
pub(crate) struct Wanted<'a, T> {
    pub(crate) version: Version,
    /// The collection to read, with its query.
    pub(crate) list: &'a str,
    /// The collection to POST to.
    pub(crate) collection: &'a str,
    pub(crate) is_it: &'a (dyn Fn(&T) -> bool + Sync),
}

impl Client {
    /// The oldest match.
    pub(crate) async fn find<T: Entity>(
        &self,
        wanted: &Wanted<'_, T>,
    ) -> Result<Option<T>, GraphError> {
        let mut pages = self.pages::<T, T>(wanted.version, wanted.list, Some)?;
        let mut found: Vec<T> = Vec::new();
        while let Some(items) = pages.next().await? {
            found.extend(items.into_iter().filter(|item| (wanted.is_it)(item)));
        }
        let age = |item: &T| (item.created().is_none(), item.created(), item.id().to_owned());
        Ok(found.into_iter().min_by_key(age))
    }

    /// The oldest match, or a new object made from `body`.
    pub(crate) async fn ensure<T: Entity>(
        &self,
        wanted: &Wanted<'_, T>,
        body: &Value,
    ) -> Result<T, GraphError> {
        if let Some(found) = self.find(wanted).await? {
            return Ok(found);
        }
        match self.create(wanted, body).await {
            Err(error) if is_unclear(&error) => {}
            settled => return settled,
        }
        if let Some(found) = self.find_settled(wanted).await? {
            return Ok(found);
        }
        match self.create(wanted, body).await {
            Err(error) if is_unclear(&error) => self.find_settled(wanted).await?.ok_or(error),
            settled => settled,
        }
    }

    async fn create<T: Entity>(
        &self,
        wanted: &Wanted<'_, T>,
        body: &Value,
    ) -> Result<T, GraphError> {
        self.post_once(wanted.version, wanted.collection, body.clone()).await?.json()
    }

    /// Reads several times, because what was just created shows up late.
    async fn find_settled<T: Entity>(
        &self,
        wanted: &Wanted<'_, T>,
    ) -> Result<Option<T>, GraphError> {
        for wait in self.limits().settle {
            tokio::time::sleep(wait).await;
            if let Some(found) = self.find(wanted).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// Created or not? A conflict counts: somebody else was faster, so there is something to find.
fn is_unclear(error: &GraphError) -> bool {
    matches!(
        error,
        GraphError::Ambiguous { .. } | GraphError::Decode { .. } | GraphError::Conflict { .. }
    )
}
