//! Where the next delta read of a tenant goes on: links that Graph gave, kept as they are.

use chrono::{DateTime, Utc};
use domain::ids::{DirectoryObjectId, TenantId};
use uuid::Uuid;

use crate::{Store, StoreError};

/// What a delta read follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeltaOf {
    /// The devices of the directory.
    Devices,
    /// All groups that ring sets name, in one read.
    Groups,
    /// One group.
    Group(DirectoryObjectId),
}

impl DeltaOf {
    fn columns(self, tenant: TenantId) -> (&'static str, Uuid) {
        match self {
            Self::Devices => ("devices", tenant.0),
            Self::Groups => ("groups", tenant.0),
            Self::Group(group) => ("group", group.0),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeltaLink {
    pub link: String,
    /// When the read that ended with it began.
    pub at: DateTime<Utc>,
}

impl Store {
    /// None: read from the start.
    pub async fn delta_link_fetch(
        &self,
        tenant: TenantId,
        of: DeltaOf,
    ) -> Result<Option<DeltaLink>, StoreError> {
        let (kind, subject) = of.columns(tenant);
        let mut tx = self.tenant_begin(tenant).await?;
        let link = sqlx::query_as!(
            DeltaLink,
            "select link, at from delta_link where tenant_id = $1 and kind = $2 and subject = $3",
            tenant.0,
            kind,
            subject,
        )
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(link)
    }

    /// Keeps the link in place of the one before. Call it after what was read is taken in: what is
    /// read twice does no harm, what is passed over does.
    pub async fn delta_link_keep(
        &self,
        tenant: TenantId,
        of: DeltaOf,
        link: &DeltaLink,
    ) -> Result<(), StoreError> {
        let (kind, subject) = of.columns(tenant);
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "insert into delta_link (tenant_id, kind, subject, link, at) values ($1, $2, $3, $4, $5)
             on conflict (tenant_id, kind, subject) do update
             set link = excluded.link, at = excluded.at",
            tenant.0,
            kind,
            subject,
            link.link,
            link.at,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Forgets the link, because Graph does not know it any more or its subject is not followed any
    /// more.
    pub async fn delta_link_drop(&self, tenant: TenantId, of: DeltaOf) -> Result<(), StoreError> {
        let (kind, subject) = of.columns(tenant);
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "delete from delta_link where tenant_id = $1 and kind = $2 and subject = $3",
            tenant.0,
            kind,
            subject,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
