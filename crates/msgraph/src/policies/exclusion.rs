//! Our devices kept away from an update ring of the organisation, and let in again.
//!
//! Everything else that the ring targets is written back verbatim, filters included. In beta, since
//! v1.0 does not show the filters of an assignment and so would lose them.

use domain::ids::DirectoryObjectId;
use serde_json::Value;

use super::area::PolicyArea;
use super::targets::{WireTarget, excluded};
use crate::client::Client;
use crate::error::GraphError;
use crate::odata::Version;

impl Client {
    /// Adds `group` to those excluded from the update ring, unless it already is.
    pub async fn exclude_from_update_ring(
        &self,
        ring_id: &str,
        group: DirectoryObjectId,
    ) -> Result<(), GraphError> {
        let mut targets = self.raw_targets(ring_id).await?;
        if targets.iter().any(|target| is_exclusion_of(target, group)) {
            return Ok(());
        }
        targets.push(excluded(group));
        self.assign(PolicyArea::UPDATE_RINGS, Version::Beta, ring_id, targets).await
    }

    /// Takes `group` out of those excluded from the update ring. A ring that is gone is fine.
    pub async fn readmit_to_update_ring(
        &self,
        ring_id: &str,
        group: DirectoryObjectId,
    ) -> Result<(), GraphError> {
        let mut targets = match self.raw_targets(ring_id).await {
            Err(GraphError::NotFound { .. }) => return Ok(()),
            settled => settled?,
        };
        let before = targets.len();
        targets.retain(|target| !is_exclusion_of(target, group));
        if targets.len() == before {
            return Ok(());
        }
        self.assign(PolicyArea::UPDATE_RINGS, Version::Beta, ring_id, targets).await
    }

    async fn raw_targets(&self, ring_id: &str) -> Result<Vec<Value>, GraphError> {
        let path = format!("{}/assignments", PolicyArea::UPDATE_RINGS.path(ring_id));
        let mut targets = Vec::new();
        let mut pages = self.pages::<Value, Value>(Version::Beta, &path, Some)?;
        while let Some(assignments) = pages.next().await? {
            for assignment in assignments {
                // Without its target an assignment cannot be written back, so nothing is written.
                let target = assignment.get("target").filter(|target| target.is_object());
                let lost = || GraphError::decode(&path, "an assignment without a target");
                targets.push(target.cloned().ok_or_else(lost)?);
            }
        }
        Ok(targets)
    }
}

fn is_exclusion_of(target: &Value, group: DirectoryObjectId) -> bool {
    WireTarget::decode(target) == WireTarget::ExcludedGroup(group)
}
