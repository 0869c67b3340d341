//! Reading what is wanted of Graph and what is awaited from it. Cost: rings and waves, and the
//! devices of a wave only where they are asked for.

use domain::attempt::AttemptState;
use domain::ids::{DirectoryObjectId, EntraDeviceId, RolloutId, TenantId};
use domain::rollout::plan::Plan;
use domain::update::UpdateKind;

use super::{
    Deployed, Duty, PendingWave, RingDuty, RingObjects, Waiting, Watched, WaveDevice, wave_kind,
    wave_word,
};
use crate::convert::{access, delivery, phase, plan, ring, ring_column, strategy, update_kind};
use crate::rollouts::NOT_FOUND;
use crate::scope::Tx;
use crate::{Store, StoreError};

impl Store {
    /// All that a rollout wants of Graph, as of one moment.
    pub async fn rollout_duty(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> Result<Duty, StoreError> {
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        let head = sqlx::query!(
            "select r.generation, r.strategy, r.back_to, r.phase, r.waiting_group_id, r.waiting_told, l.name, l.delivery, u.catalog_entry_id, u.version,
                 u.channel, p.body
             from rollout r
             join plan p on p.tenant_id = $1 and p.id = r.plan_id
             join release l on l.tenant_id = $1 and l.id = r.release_id
             join catalog_update u on u.tenant_id = $1 and u.id = l.update_id
             where r.tenant_id = $1 and r.id = $2",
            tenant.0,
            rollout.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let plan = plan(head.body)?;
        let rings = duties(&mut tx, tenant, rollout, &plan).await?;
        let pending = pending(&mut tx, tenant, rollout).await?;
        tx.commit().await?;
        let (strategy, delivery) = (strategy(&head.strategy)?, delivery(head.delivery)?);
        let waiting = Waiting::keeps(delivery, strategy, phase(head.phase)?).map(|kept| Waiting {
            kept,
            group: head.waiting_group_id.map(DirectoryObjectId),
            told: head.waiting_told,
        });
        Ok(Duty {
            rollout,
            generation: head.generation,
            release_name: head.name,
            catalog_entry_id: head.catalog_entry_id,
            strategy,
            delivery,
            version: head.version,
            channel: head.channel,
            back_to: head.back_to,
            waiting,
            rings,
            pending,
        })
    }

    /// The devices of one wave, in the order they were offered. Cost: the stretch of the ring that
    /// the wave was taken from.
    pub async fn wave_devices(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        wave: PendingWave,
    ) -> Result<Vec<WaveDevice>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            r#"select d.entra_device_id as "entra_device!", d.object_id as "object!"
             from wave w
             join attempt a on a.tenant_id = $1 and a.rollout_id = $2 and a.ring = w.ring
                 and a.position between w.first_position and w.last_position
                 and case w.kind when 'offer' then a.wave = w.number and not a.aside
                     when 'removal' then a.removal_wave = w.number
                     else case when w.number < 0
                         then not a.aside and a.wave is not null and a.state in ($6, $7)
                         else a.aside and a.state = $6 and a.segments @> array[w.number::int2] end end
             join device d on d.tenant_id = $1 and d.id = a.device_id
             where w.tenant_id = $1 and w.rollout_id = $2 and w.kind = $3 and w.ring = $4
                 and w.number = $5 and d.entra_device_id is not null and d.object_id is not null
             order by a.position, a.device_id"#,
            tenant.0,
            rollout.0,
            wave_word(wave.kind),
            ring_column(wave.ring),
            wave.number,
            AttemptState::Withdrawn.code(),
            AttemptState::Assigned.code(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let devices = rows.into_iter().map(|row| WaveDevice {
            entra_device: EntraDeviceId(row.entra_device),
            object: DirectoryObjectId(row.object),
        });
        Ok(devices.collect())
    }

    /// What the tenant's rollouts made on Graph without a name. Cost: the tenant's rollouts.
    pub async fn rollout_deployments(&self, tenant: TenantId) -> Result<Vec<Deployed>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            r#"select l.delivery->>'kind' as "kind!", g.policy_id, g.audience_id as "audience!"
             from rollout_ring g
             join rollout r on r.tenant_id = $1 and r.id = g.rollout_id
             join release l on l.tenant_id = $1 and l.id = r.release_id
             where g.tenant_id = $1 and g.audience_id is not null order by g.rollout_id, g.ring"#,
            tenant.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|row| {
                let kind = update_kind(&row.kind)?;
                Ok(Deployed { kind, deployment: row.policy_id, audience: row.audience })
            })
            .collect()
    }

    /// What the observer has to read reports of.
    pub async fn watched(&self, tenant: TenantId) -> Result<Vec<Watched>, StoreError> {
        let awaited = [
            AttemptState::Offered,
            AttemptState::Installing,
            AttemptState::Installed,
            AttemptState::Removing,
        ];
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            r#"select r.id, g.ring, g.policy_id as "policy!", l.delivery->>'kind' as "kind!"
             from rollout r
             join release l on l.tenant_id = $1 and l.id = r.release_id
             join rollout_ring g on g.tenant_id = $1 and g.rollout_id = r.id
             where r.tenant_id = $1 and r.phase_name not in ('rolled_back', 'cancelled')
                 and g.policy_id is not null
                 -- Deployments to audiences have no report; their devices tell by their build.
                 and l.delivery->>'kind' in ('quality', 'feature') and g.audience_id is null
                 and exists (select from tally t where t.tenant_id = $1 and t.rollout_id = r.id
                     and t.ring = g.ring and t.state = any($2) and t.devices > 0)
             order by r.id, g.ring"#,
            tenant.0,
            &awaited.map(AttemptState::code),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut watched: Vec<Watched> = Vec::new();
        for row in rows {
            let policy = (ring(row.ring)?, row.policy);
            if watched.last().is_none_or(|last| last.rollout.0 != row.id) {
                let rollout = RolloutId(row.id);
                watched.push(Watched { rollout, policies: Vec::new(), profiles: Vec::new() });
            }
            let Some(last) = watched.last_mut() else { continue };
            match update_kind(&row.kind)? {
                UpdateKind::Feature => last.profiles.push(policy),
                UpdateKind::Quality | UpdateKind::Driver => last.policies.push(policy),
                UpdateKind::Edge | UpdateKind::Microsoft365Apps => {}
            }
        }
        Ok(watched)
    }
}

async fn duties(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
    plan: &Plan,
) -> Result<Vec<RingDuty>, StoreError> {
    let rows = sqlx::query!(
        "select ring, wanted_access, wanted_generation, accepted_access, accepted_generation,
             case when accepted_access in ('held', 'withdrawn')
                 then coalesce(renewed_at, accepted_at) end as held_since,
             offer_group_id, policy_id, audience_id, removal_group_id, update_ring_id
         from rollout_ring
         where tenant_id = $1 and rollout_id = $2
             and (wanted_access <> 'closed' or accepted_access <> 'closed'
                 or offer_group_id is not null or policy_id is not null or audience_id is not null
                 or removal_group_id is not null or update_ring_id is not null)
         order by ring",
        tenant.0,
        rollout.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let index = ring(row.ring)?;
            let ring = plan.ring(index);
            let ring = ring.ok_or_else(|| StoreError::corrupt("the plan lacks a ring"))?;
            Ok(RingDuty {
                ring: index,
                name: ring.name.clone(),
                deadline_days: ring.cadence.deadline_days,
                grace_days: ring.cadence.grace_days,
                wanted: access(&row.wanted_access)?,
                wanted_generation: row.wanted_generation,
                accepted: access(&row.accepted_access)?,
                accepted_generation: row.accepted_generation,
                held_since: row.held_since,
                renew: false,
                objects: RingObjects {
                    offer_group: row.offer_group_id.map(DirectoryObjectId),
                    policy: row.policy_id,
                    audience: row.audience_id,
                    removal_group: row.removal_group_id.map(DirectoryObjectId),
                    update_ring: row.update_ring_id,
                },
            })
        })
        .collect()
}

async fn pending(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Vec<PendingWave>, StoreError> {
    let rows = sqlx::query!(
        "select kind, ring, number, generation from wave
         where tenant_id = $1 and rollout_id = $2 and delivered_at is null order by generation",
        tenant.0,
        rollout.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(PendingWave {
                kind: wave_kind(&row.kind)?,
                ring: ring(row.ring)?,
                number: row.number,
                generation: row.generation,
            })
        })
        .collect()
}
