//! What single devices are asked to do through Intune, and what became of it.

use chrono::{DateTime, Utc};
use domain::ids::{DeviceId, IntuneDeviceId, TenantId};
use domain::work::WorkKind;
use serde_json::json;
use uuid::Uuid;

use crate::chain::Entry;
use crate::{Store, StoreError, chain, work};

/// Ids that an entry in the chain names.
const NAMED: usize = 100;

/// Something a device can be asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceAction {
    /// Check in with Intune at once.
    CheckIn,
}

impl DeviceAction {
    const fn word(self) -> &'static str {
        match self {
            Self::CheckIn => "check_in",
        }
    }

    fn of(word: &str) -> Result<Self, StoreError> {
        match word {
            "check_in" => Ok(Self::CheckIn),
            other => Err(StoreError::corrupt(format_args!("action {other:?}"))),
        }
    }
}

/// An action that Intune was not asked for yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingAction {
    pub id: Uuid,
    pub device: DeviceId,
    pub intune: IntuneDeviceId,
    pub action: DeviceAction,
}

/// An action and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRow {
    pub id: Uuid,
    pub device: DeviceId,
    pub action: DeviceAction,
    pub reason: String,
    pub requested_by: String,
    pub requested_at: DateTime<Utc>,
    /// When Intune took it, or refused it.
    pub done_at: Option<DateTime<Utc>>,
    pub error: Option<String>,
}

impl Store {
    /// Asks devices to do something. Devices that are asked for it already, unknown ones, and those
    /// that Intune does not know are passed over. Returns how many were asked.
    pub async fn device_action_request(
        &self,
        tenant: TenantId,
        devices: &[DeviceId],
        action: DeviceAction,
        (actor, reason): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut devices: Vec<Uuid> = devices.iter().map(|device| device.0).collect();
        devices.sort_unstable();
        devices.dedup();
        let ids: Vec<Uuid> = devices.iter().map(|_| Uuid::now_v7()).collect();
        let mut tx = self.tenant_begin_few(tenant).await?;
        let asked = sqlx::query_scalar!(
            "insert into device_action (tenant_id, id, device_id, kind, reason, requested_by,
                 requested_at)
             select $1, n.id, d.id, $4, $5, $6, $7
             from unnest($2::uuid[], $3::uuid[]) as n(id, device_id)
             join device d on d.tenant_id = $1 and d.id = n.device_id and d.intune_id is not null
             order by n.id
             on conflict (tenant_id, device_id, kind) where done_at is null do nothing
             returning device_id",
            tenant.0,
            &ids,
            &devices,
            action.word(),
            reason,
            actor,
            now,
        )
        .fetch_all(&mut *tx)
        .await?;
        if asked.is_empty() {
            return Ok(0);
        }
        work::ask(&mut tx, tenant, WorkKind::Act, &[tenant.0], now).await?;
        let body = json!({
            "action": action.word(),
            "reason": reason,
            "devices": asked.len(),
            "ids": &asked[..asked.len().min(NAMED)],
        });
        let entry = Entry { rollout: None, at: now, actor, kind: "action_requested", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(asked.len() as u64)
    }

    /// What is still to be asked of Intune, oldest first.
    pub async fn device_action_pending(
        &self,
        tenant: TenantId,
        limit: u16,
    ) -> Result<Vec<PendingAction>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            r#"select a.id, a.device_id, a.kind, d.intune_id as "intune_id!"
             from device_action a
             join device d on d.tenant_id = $1 and d.id = a.device_id and d.intune_id is not null
             where a.tenant_id = $1 and a.done_at is null order by a.id limit $2"#,
            tenant.0,
            i64::from(limit),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|row| {
                Ok(PendingAction {
                    id: row.id,
                    device: DeviceId(row.device_id),
                    intune: IntuneDeviceId(row.intune_id),
                    action: DeviceAction::of(&row.kind)?,
                })
            })
            .collect()
    }

    /// Notes what became of actions: taken by Intune, or refused with an error. Twice is harmless.
    pub async fn device_action_done(
        &self,
        tenant: TenantId,
        done: &[(Uuid, Option<String>)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (ids, errors): (Vec<Uuid>, Vec<Option<String>>) = done.iter().cloned().unzip();
        let mut tx = self.tenant_begin_few(tenant).await?;
        sqlx::query!(
            "update device_action a set done_at = $4, error = n.error
             from unnest($2::uuid[], $3::text[]) as n(id, error)
             where a.tenant_id = $1 and a.id = n.id and a.done_at is null",
            tenant.0,
            &ids,
            &errors as &[Option<String>],
            now,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// What a device was asked to do, latest first; at most 50.
    pub async fn device_action_list(
        &self,
        tenant: TenantId,
        device: DeviceId,
    ) -> Result<Vec<ActionRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            "select id, kind, reason, requested_by, requested_at, done_at, error from device_action
             where tenant_id = $1 and device_id = $2 order by id desc limit 50",
            tenant.0,
            device.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|row| {
                Ok(ActionRow {
                    id: row.id,
                    device,
                    action: DeviceAction::of(&row.kind)?,
                    reason: row.reason,
                    requested_by: row.requested_by,
                    requested_at: row.requested_at,
                    done_at: row.done_at,
                    error: row.error,
                })
            })
            .collect()
    }
}
