//! Putting devices into groups and taking them out, many at a time.
//!
//! Both ways can be repeated at will. A member is only ever unlinked: the object itself is safe.

use std::collections::HashSet;

use domain::ids::DirectoryObjectId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::batch::{BatchAnswer, BatchPart};
use crate::client::Client;
use crate::error::GraphError;
use crate::groups::{Transitive, group_path as path};
use crate::odata::Version;

/// How many members one PATCH may bring.
const PER_PATCH: usize = 20;

impl Client {
    /// Adds these objects; those that are in already stay in. If the directory does not know
    /// some of them, all others are added and the error says `NotFound`.
    pub async fn add_group_members(
        &self,
        group: DirectoryObjectId,
        members: &[DirectoryObjectId],
    ) -> Result<(), GraphError> {
        match self.add_known_group_members(group, members).await?.first() {
            Some(id) => Err(GraphError::NotFound { path: format!("/directoryObjects/{id}") }),
            None => Ok(()),
        }
    }

    /// Adds these objects and returns those that the directory does not know.
    pub async fn add_known_group_members(
        &self,
        group: DirectoryObjectId,
        members: &[DirectoryObjectId],
    ) -> Result<Vec<DirectoryObjectId>, GraphError> {
        let members = distinct(members);
        let refused = self.add_chunks(group, &members, PER_PATCH).await?;
        if refused.is_empty() {
            return Ok(Vec::new());
        }
        // One member too many, or one that does not exist, refuses its whole chunk.
        let present: HashSet<DirectoryObjectId> =
            self.group_devices(group, Transitive::No).await?.into_iter().collect();
        let mut missing = ids(refused);
        missing.retain(|id| !present.contains(id));
        let refused = ids(self.add_chunks(group, &missing, PER_PATCH).await?);
        let mut unknown = Vec::new();
        for (chunk, answer) in self.add_chunks(group, &refused, 1).await? {
            if answer.status == 404 {
                unknown.extend(chunk);
            } else if !says_already_a_member(&answer) {
                return Err(answer.error(&path(group)));
            }
        }
        if !unknown.is_empty() {
            // Is it the group that is not there (yet)?
            let _: Value =
                self.get_json(Version::V1, &format!("{}?$select=id", path(group))).await?;
        }
        Ok(unknown)
    }

    /// Takes these objects out of the group; those that are not in it are fine.
    pub async fn remove_group_members(
        &self,
        group: DirectoryObjectId,
        members: &[DirectoryObjectId],
    ) -> Result<(), GraphError> {
        let parts: Vec<BatchPart> = distinct(members)
            .into_iter()
            .map(|id| BatchPart {
                method: Method::DELETE,
                // Without `/$ref` this would delete the device.
                url: format!("{}/members/{id}/$ref", path(group)),
                body: None,
            })
            .collect();
        let answers = self.batch(Version::V1, &parts).await?;
        for (part, answer) in parts.iter().zip(answers) {
            if !answer.is_success() && answer.status != 404 {
                return Err(answer.error(&part.url));
            }
        }
        Ok(())
    }

    /// Adds in chunks; returns the chunks that were refused for one of their members.
    async fn add_chunks(
        &self,
        group: DirectoryObjectId,
        members: &[DirectoryObjectId],
        size: usize,
    ) -> Result<Vec<(Vec<DirectoryObjectId>, BatchAnswer)>, GraphError> {
        let chunks: Vec<&[DirectoryObjectId]> = members.chunks(size).collect();
        let mut parts = Vec::with_capacity(chunks.len());
        for chunk in &chunks {
            let body = Some(json!({ "members@odata.bind": self.links(chunk)? }));
            parts.push(BatchPart { method: Method::PATCH, url: path(group), body });
        }
        let mut refused = Vec::new();
        for (chunk, answer) in chunks.iter().zip(self.batch(Version::V1, &parts).await?) {
            match answer.status {
                200..300 => {}
                400 | 404 => refused.push((chunk.to_vec(), answer)),
                _ => return Err(answer.error(&path(group))),
            }
        }
        Ok(refused)
    }

    fn links(&self, members: &[DirectoryObjectId]) -> Result<Vec<String>, GraphError> {
        let link = |id| Ok(self.url(Version::V1, &format!("/directoryObjects/{id}"))?.into());
        members.iter().map(link).collect()
    }
}

fn distinct(members: &[DirectoryObjectId]) -> Vec<DirectoryObjectId> {
    let mut seen = HashSet::with_capacity(members.len());
    members.iter().copied().filter(|id| seen.insert(*id)).collect()
}

fn ids(chunks: Vec<(Vec<DirectoryObjectId>, BatchAnswer)>) -> Vec<DirectoryObjectId> {
    chunks.into_iter().flat_map(|(ids, _)| ids).collect()
}

/// Reads lag behind writes, so a member may be in and not yet be shown. Then only the message
/// tells this 400 from others; nothing else hangs on it.
fn says_already_a_member(answer: &BatchAnswer) -> bool {
    let message = answer.body["error"]["message"].as_str();
    answer.is_success()
        || answer.status == 400 && message.is_some_and(|text| text.contains("already exist"))
}
