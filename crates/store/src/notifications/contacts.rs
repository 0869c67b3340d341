//! Contacts: people who are told by e-mail.

use chrono::{DateTime, Utc};
use domain::ids::{ContactId, TenantId};
use domain::notification::Preferences;
use domain::outbox::EmailAddress;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{begin, preferences, room, wake, words};
use crate::chain;
use crate::error::taken;
use crate::page::Page;
use crate::scope::Tx;
use crate::signals::By;
use crate::{Store, StoreError};

const NOT_FOUND: StoreError = StoreError::NotFound { what: "contact" };

/// A person who is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewContact {
    pub name: String,
    pub email: EmailAddress,
    pub phone: Option<String>,
    pub wants: Preferences,
    /// One that is not is told nothing.
    pub enabled: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactRow {
    pub id: ContactId,
    pub contact: NewContact,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

impl Store {
    /// Adds a contact. `Conflict` when the address is a contact already, or there are too many.
    pub async fn contact_create(
        &self,
        tenant: TenantId,
        new: &NewContact,
        by: By<'_>,
    ) -> Result<ContactRow, StoreError> {
        let id = ContactId(Uuid::now_v7());
        let mut tx = self.tenant_begin(tenant).await?;
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from contact where tenant_id = $1"#,
            tenant.0
        )
        .fetch_one(&mut *tx)
        .await?;
        room(count, "contacts")?;
        let wants = words(&new.wants);
        sqlx::query!(
            "insert into contact (tenant_id, id, name, email, phone, focus, topics, least, digest,
                 enabled, created_at, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
            tenant.0,
            id.0,
            new.name,
            new.email.as_str(),
            new.phone,
            &wants.focus,
            &wants.topics,
            wants.least,
            new.wants.digest,
            new.enabled,
            by.at,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_address(error, new))?;
        begin(&mut tx, tenant, by.at).await?;
        chain::append_by(&mut tx, tenant, by, "contact_created", said(id, new)).await?;
        wake(&mut tx, tenant, by.at).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Replaces a contact.
    pub async fn contact_replace(
        &self,
        tenant: TenantId,
        id: ContactId,
        new: &NewContact,
        by: By<'_>,
    ) -> Result<ContactRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let wants = words(&new.wants);
        let changed = sqlx::query!(
            "update contact set name = $3, email = $4, phone = $5, focus = $6, topics = $7, least = $8,
                 digest = $9, enabled = $10, changed_at = $11
             where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
            new.name,
            new.email.as_str(),
            new.phone,
            &wants.focus,
            &wants.topics,
            wants.least,
            new.wants.digest,
            new.enabled,
            by.at,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_address(error, new))?;
        if changed.rows_affected() == 0 {
            return Err(NOT_FOUND);
        }
        chain::append_by(&mut tx, tenant, by, "contact_changed", said(id, new)).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Takes a contact away. Letters that are on their way still go.
    pub async fn contact_delete(
        &self,
        tenant: TenantId,
        id: ContactId,
        by: By<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let name = sqlx::query_scalar!(
            "delete from contact where tenant_id = $1 and id = $2 returning name",
            tenant.0,
            id.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let body = json!({ "contact": id, "name": name });
        chain::append_by(&mut tx, tenant, by, "contact_deleted", body).await?;
        tx.commit().await
    }

    /// In the order in which they were made.
    pub async fn contact_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<ContactRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = read(&mut tx, tenant, None, page).await?;
        tx.commit().await?;
        Ok(rows)
    }

    pub async fn contact_fetch(
        &self,
        tenant: TenantId,
        id: ContactId,
    ) -> Result<ContactRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }
}

/// The history says who they are to the tenant, not how to reach them.
fn said(id: ContactId, new: &NewContact) -> Value {
    json!({ "contact": id, "name": new.name, "wants": new.wants, "enabled": new.enabled })
}

fn taken_address(error: sqlx::Error, new: &NewContact) -> StoreError {
    taken(error, |_| format!("{} is a contact already", new.email))
}

async fn fetch(tx: &mut Tx, tenant: TenantId, id: ContactId) -> Result<ContactRow, StoreError> {
    let page = Page { after: None, limit: 1 };
    read(tx, tenant, Some(id.0), page).await?.into_iter().next().ok_or(NOT_FOUND)
}

/// All of them, for who tells them.
pub(super) async fn all(tx: &mut Tx, tenant: TenantId) -> Result<Vec<ContactRow>, StoreError> {
    read(tx, tenant, None, Page { after: None, limit: u16::MAX }).await
}

async fn read(
    tx: &mut Tx,
    tenant: TenantId,
    only: Option<Uuid>,
    page: Page,
) -> Result<Vec<ContactRow>, StoreError> {
    let rows = sqlx::query!(
        "select id, name, email, phone, focus, topics, least, digest, enabled, created_at, changed_at
         from contact
         where tenant_id = $1 and ($2::uuid is null or id = $2) and ($3::uuid is null or id > $3)
         order by id limit $4",
        tenant.0,
        only,
        page.after,
        page.rows(),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let contact = NewContact {
                name: row.name,
                email: row.email.parse().map_err(StoreError::corrupt)?,
                phone: row.phone,
                wants: preferences(&row.focus, &row.topics, &row.least, row.digest)?,
                enabled: row.enabled,
            };
            let id = ContactId(row.id);
            Ok(ContactRow { id, contact, created_at: row.created_at, changed_at: row.changed_at })
        })
        .collect()
}
