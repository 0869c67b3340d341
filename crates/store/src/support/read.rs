//! Reading support requests.

use chrono::{DateTime, Utc};
use domain::ids::{SupportRequestId, TenantId};
use domain::support::{Category, Severity, Status, Subject, SubjectKind};
use uuid::Uuid;

use super::{NOT_FOUND, NoteRow, RequestRow};
use crate::page::Page;
use crate::scope::Tx;
use crate::{Store, StoreError};

impl Store {
    /// Requests in the order in which they were filed.
    pub async fn support_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<RequestRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = read(&mut tx, tenant, None, page).await?;
        tx.commit().await?;
        Ok(rows)
    }

    /// A request, and its conversation in order.
    pub async fn support_fetch(
        &self,
        tenant: TenantId,
        id: SupportRequestId,
    ) -> Result<(RequestRow, Vec<NoteRow>), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        let notes = sqlx::query_as!(
            NoteRow,
            "select id, at, author, text, status, assignee from support_note
             where tenant_id = $1 and request_id = $2 order by at, id",
            tenant.0,
            id.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok((row, notes))
    }

    /// The evidence of a request, byte for byte as it was hashed.
    pub async fn support_bundle(
        &self,
        tenant: TenantId,
        id: SupportRequestId,
    ) -> Result<(String, [u8; 32]), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = sqlx::query!(
            "select bundle, bundle_sha256 from support_request where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        tx.commit().await?;
        Ok((row.bundle, hash(&row.bundle_sha256)?))
    }
}

fn hash(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::corrupt("a hash that is not of SHA-256"))
}

pub(super) async fn fetch(
    tx: &mut Tx,
    tenant: TenantId,
    id: SupportRequestId,
) -> Result<RequestRow, StoreError> {
    let page = Page { after: None, limit: 1 };
    read(tx, tenant, Some(id.0), page).await?.pop().ok_or(NOT_FOUND)
}

async fn read(
    tx: &mut Tx,
    tenant: TenantId,
    only: Option<Uuid>,
    page: Page,
) -> Result<Vec<RequestRow>, StoreError> {
    let rows = sqlx::query_as!(
        Columns,
        r#"select id, about_kind, about_id, about_name, title, description, severity, category, status,
             status_at, requester, assignee, follows, answered_at, created_at, changed_at,
             octet_length(bundle) as "bundle_bytes!", bundle_sha256
         from support_request
         where tenant_id = $1 and ($2::uuid is null or id = $2) and ($3::uuid is null or id > $3)
         order by id limit $4"#,
        tenant.0,
        only,
        page.after,
        page.rows(),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(RequestRow::try_from).collect()
}

struct Columns {
    id: Uuid,
    about_kind: String,
    about_id: Uuid,
    about_name: String,
    title: String,
    description: String,
    severity: String,
    category: String,
    status: String,
    status_at: DateTime<Utc>,
    requester: String,
    assignee: Option<String>,
    follows: Option<Uuid>,
    answered_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    bundle_bytes: i32,
    bundle_sha256: Vec<u8>,
}

impl TryFrom<Columns> for RequestRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let unknown =
            |what: &str| StoreError::corrupt(format_args!("a support request of {what:?}"));
        let kind =
            SubjectKind::from_word(&row.about_kind).ok_or_else(|| unknown(&row.about_kind))?;
        Ok(Self {
            id: SupportRequestId(row.id),
            about: Subject { kind, id: row.about_id },
            about_name: row.about_name,
            title: row.title,
            description: row.description,
            severity: Severity::from_word(&row.severity).ok_or_else(|| unknown(&row.severity))?,
            category: Category::from_word(&row.category).ok_or_else(|| unknown(&row.category))?,
            status: Status::from_word(&row.status, row.status_at)
                .ok_or_else(|| unknown(&row.status))?,
            status_at: row.status_at,
            requester: row.requester,
            assignee: row.assignee,
            follows: row.follows.map(SupportRequestId),
            answered_at: row.answered_at,
            created_at: row.created_at,
            changed_at: row.changed_at,
            bundle_bytes: row.bundle_bytes.unsigned_abs(),
            bundle_sha256: hash(&row.bundle_sha256)?,
        })
    }
}
