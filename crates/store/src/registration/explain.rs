//! Everything that is known of one device, and why it is where it is.

use chrono::{DateTime, Utc};
use domain::control::DeviceControl;
use domain::ids::{DeviceId, DirectoryObjectId, RingSetId, TenantId};
use domain::placement::Why;
use domain::registration::{DeviceFacts, Registration, register};
use domain::ring::RingIndex;

use super::facts;
use crate::convert::{ring, why};
use crate::devices::{DeviceAttempt, DeviceRow};
use crate::ring_sets::claims::Claims;
use crate::{Store, StoreError, controls, groups};

/// A device's ring in one set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    pub ring_set: RingSetId,
    pub ring_set_name: String,
    pub ring: RingIndex,
    pub why: Why,
    /// The ring whose Entra group has the device.
    pub told: Option<RingIndex>,
}

/// A ring set that claims a device by one of its groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    pub ring_set: RingSetId,
    /// The ring that names the group; none: it is a source of the whole set.
    pub ring: Option<RingIndex>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceExplanation {
    /// As it is recorded, with the standing that was recorded last.
    pub device: DeviceRow,
    /// What the rules look at, read now.
    pub facts: DeviceFacts,
    /// What the rules say of that.
    pub registration: Registration,
    /// Whether the device is marked, and so about to be looked at.
    pub due: bool,
    /// All groups it is in, through other groups too.
    pub groups: Vec<DirectoryObjectId>,
    pub claims: Vec<Claim>,
    pub placements: Vec<Placement>,
    pub controls: Vec<DeviceControl>,
    pub attempts: Vec<DeviceAttempt>,
}

impl Store {
    /// Reads one device with all that bears on it, and judges it anew at `now`. Writes nothing.
    pub async fn device_explain(
        &self,
        tenant: TenantId,
        device: DeviceId,
        now: DateTime<Utc>,
    ) -> Result<DeviceExplanation, StoreError> {
        let detail = self.device_fetch(tenant, device).await?;
        // Given up at the end, and with it the lock on the one row.
        let mut tx = self.tenant_begin(tenant).await?;
        let mut looked = facts::lock(&mut tx, tenant, &[device.0]).await?;
        let claims = Claims::load(&mut tx, tenant).await?;
        facts::beyond(&mut tx, tenant, &claims, &mut looked, now).await?;
        let looked = looked.pop().ok_or(StoreError::NotFound { what: "device" })?;
        let (mut claimed, mut inside) = (Vec::new(), Vec::new());
        if let Some(object) = looked.object {
            claimed = claims
                .of_objects(&mut tx, tenant, &[object])
                .await?
                .remove(&object)
                .unwrap_or_default();
            inside = groups::groups_of(&mut tx, tenant, object).await?;
        }
        claimed.sort_unstable();
        claimed.dedup();
        let rows = sqlx::query!(
            "select m.ring_set_id, s.name, m.ring, m.why, m.told from ring_set s
             join ring_member m on m.tenant_id = s.tenant_id and m.ring_set_id = s.id
             where s.tenant_id = $1 and m.device_id = $2 order by s.id",
            tenant.0,
            device.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        let placements = rows.into_iter().map(|row| {
            Ok(Placement {
                ring_set: RingSetId(row.ring_set_id),
                ring_set_name: row.name,
                ring: ring(row.ring)?,
                why: why(row.why)?,
                told: row.told.map(ring).transpose()?,
            })
        });
        let placements = placements.collect::<Result<_, StoreError>>()?;
        let due = sqlx::query_scalar!(
            r#"select exists (select from registration_due
                 where tenant_id = $1 and device_id = $2) as "due!""#,
            tenant.0,
            device.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        let controls = controls::of_device(&mut tx, tenant, device).await?;
        drop(tx);
        Ok(DeviceExplanation {
            registration: register(&looked.facts, now),
            device: detail.device,
            facts: looked.facts,
            due,
            groups: inside,
            claims: claimed,
            placements,
            controls,
            attempts: detail.attempts,
        })
    }
}
