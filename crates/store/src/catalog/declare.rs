//! Updates that no catalogue lists: a person says that they are there.

use chrono::{DateTime, Utc};
use domain::ids::{TenantId, UpdateId};
use domain::inventory::ImportedUpdate;
use domain::update::UpdateKind;
use domain::update::details::Details;
use domain::work::WorkKind;
use serde_json::json;

use super::{UpdateRow, some, supersede, upsert};
use crate::chain::Entry;
use crate::{Store, StoreError, chain, work};

/// A version of Edge or Microsoft 365 Apps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUpdate {
    pub kind: UpdateKind,
    pub channel: String,
    /// Numbers with dots between them.
    pub version: String,
    pub classification: String,
    pub released_at: DateTime<Utc>,
}

impl NewUpdate {
    /// What stands in the place of Microsoft's id: the same for the same version.
    fn entry_id(&self) -> String {
        format!("declared:{}:{}:{}", self.kind.name(), self.channel, self.version)
    }

    fn update(&self) -> ImportedUpdate {
        let product = match self.kind {
            UpdateKind::Edge => "Microsoft Edge",
            UpdateKind::Microsoft365Apps => "Microsoft 365 Apps",
            UpdateKind::Quality | UpdateKind::Feature | UpdateKind::Driver => "Windows",
        };
        let name = format!("{product} {} {}", self.channel, self.version);
        ImportedUpdate {
            catalog_entry_id: self.entry_id(),
            kind: self.kind,
            version: Some(self.version.clone()),
            channel: Some(self.channel.clone()),
            title: name.clone(),
            short_name: name,
            classification: self.classification.clone(),
            cadence: String::new(),
            kb: None,
            released_at: self.released_at,
            deployable_until: None,
            is_expeditable: false,
            details: Details::default(),
            builds: Vec::new(),
        }
    }
}

impl Store {
    /// Adds a version that Graph's catalogue does not list, and asks the rules about it. `Conflict`
    /// when it is there already, `Invalid` for a kind that the catalogue lists.
    pub async fn update_declare(
        &self,
        tenant: TenantId,
        new: &NewUpdate,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<UpdateRow, StoreError> {
        match new.kind {
            UpdateKind::Edge | UpdateKind::Microsoft365Apps => {}
            UpdateKind::Quality | UpdateKind::Feature | UpdateKind::Driver => {
                let why = "updates of this kind are read from Microsoft Graph";
                return Err(StoreError::Invalid(why.to_owned()));
            }
        }
        let mut tx = self.tenant_begin(tenant).await?;
        let known = sqlx::query_scalar!(
            r#"select exists (select from catalog_update where tenant_id = $1 and catalog_entry_id = $2) as "yes!""#,
            tenant.0,
            new.entry_id(),
        )
        .fetch_one(&mut *tx)
        .await?;
        if known {
            return Err(StoreError::Conflict("this version is declared already".to_owned()));
        }
        let id = upsert(&mut tx, tenant, &new.update()).await?;
        supersede(&mut tx, tenant).await?;
        work::ask(&mut tx, tenant, WorkKind::Approve, &[tenant.0], now).await?;
        let row = some(&mut tx, tenant, &[id]).await?.pop();
        let row = row.ok_or(StoreError::NotFound { what: "update" })?;
        let body = json!({
            "update": UpdateId(id), "kind": new.kind, "channel": new.channel,
            "version": new.version, "released_at": new.released_at,
        });
        let entry = Entry { rollout: None, at: now, actor, kind: "update_declared", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(row)
    }
}
