//! What has to be made true on Graph, and what Graph has accepted.

use chrono::{DateTime, Utc};
use domain::ids::{RolloutId, TenantId};
use domain::ring::RingIndex;
use domain::rollout::access::Access;
use serde_json::json;

use crate::chain::Entry;
use crate::convert::{access_word, ring_column};
use crate::rollouts::NOT_FOUND;
use crate::{Store, StoreError, chain};
pub use domain::duty::{
    Deployed, Duty, PendingWave, RingDuty, RingObjects, Waiting, Watched, WaveDevice, WaveKind,
};

mod read;
mod waiting;

impl Store {
    /// Notes that Graph knows the devices of a wave. Again is fine.
    pub async fn wave_delivered(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        wave: PendingWave,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "update wave set delivered_at = $6
             where tenant_id = $1 and rollout_id = $2 and kind = $3 and ring = $4 and number = $5
                 and delivered_at is null",
            tenant.0,
            rollout.0,
            wave_word(wave.kind),
            ring_column(wave.ring),
            wave.number,
            now,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Keeps the ids of a ring's objects on Graph.
    pub async fn ring_objects_keep(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        ring: RingIndex,
        objects: &RingObjects,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let kept = sqlx::query!(
            "update rollout_ring
             set offer_group_id = $4, policy_id = $5, removal_group_id = $6, update_ring_id = $7,
                 audience_id = $8
             where tenant_id = $1 and rollout_id = $2 and ring = $3",
            tenant.0,
            rollout.0,
            ring_column(ring),
            objects.offer_group.map(|group| group.0),
            objects.policy,
            objects.removal_group.map(|group| group.0),
            objects.update_ring,
            objects.audience,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        if kept.rows_affected() == 0 { Err(NOT_FOUND) } else { Ok(()) }
    }

    /// Notes that Graph accepted `access` for a ring as wanted by `generation`. Ignored when a later
    /// generation was accepted already (I6). Appends an event when the accepted access changes.
    pub async fn ring_accepted(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        ring: RingIndex,
        access: Access,
        generation: i64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let before = sqlx::query!(
            "select accepted_access, accepted_generation from rollout_ring
             where tenant_id = $1 and rollout_id = $2 and ring = $3 for no key update",
            tenant.0,
            rollout.0,
            ring_column(ring),
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let changed = before.accepted_access != access_word(access);
        if before.accepted_generation > generation
            || (!changed && before.accepted_generation == generation)
        {
            return Ok(());
        }
        sqlx::query!(
            "update rollout_ring
             set accepted_access = $4, accepted_generation = $5,
                 accepted_at = case when $6 then $7 else accepted_at end,
                 renewed_at = case when $6 then null else renewed_at end
             where tenant_id = $1 and rollout_id = $2 and ring = $3",
            tenant.0,
            rollout.0,
            ring_column(ring),
            access_word(access),
            generation,
            changed,
            now,
        )
        .execute(&mut *tx)
        .await?;
        if changed {
            let body = json!({ "ring": ring, "access": access, "generation": generation });
            let entry = Entry {
                rollout: Some(rollout),
                at: now,
                actor: chain::SERVICE,
                kind: "accepted",
                body: &body,
            };
            chain::append(&mut tx, tenant, entry).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Notes that the hold of a ring was told anew, so that Microsoft's end of it is put off.
    pub async fn ring_hold_renewed(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        ring: RingIndex,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "update rollout_ring set renewed_at = $4
             where tenant_id = $1 and rollout_id = $2 and ring = $3
                 and accepted_access in ('held', 'withdrawn')",
            tenant.0,
            rollout.0,
            ring_column(ring),
            now,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes why Graph does not follow; none clears it. Writes only what changes. It stands at the
    /// rings that were ever told something or are to be told.
    pub async fn rollout_enforce_note(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "update rollout_ring set enforce_error = $3
             where tenant_id = $1 and rollout_id = $2 and enforce_error is distinct from $3
                 and ($3::text is null or wanted_access <> 'closed' or accepted_access <> 'closed')",
            tenant.0,
            rollout.0,
            error,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

const fn wave_word(kind: WaveKind) -> &'static str {
    match kind {
        WaveKind::Offer => "offer",
        WaveKind::Removal => "removal",
        WaveKind::Withdrawal => "withdrawal",
    }
}

fn wave_kind(word: &str) -> Result<WaveKind, StoreError> {
    [WaveKind::Offer, WaveKind::Removal, WaveKind::Withdrawal]
        .into_iter()
        .find(|kind| wave_word(*kind) == word)
        .ok_or_else(|| StoreError::corrupt(format_args!("wave {word:?}")))
}
