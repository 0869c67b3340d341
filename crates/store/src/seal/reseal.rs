//! Everything that is sealed, sealed anew under another key.

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use serde_json::json;
use sqlx::AssertSqlSafe;

use crate::scope::Tx;
use crate::{Store, StoreError, scope, tokens};

/// What a pass over everything found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Credentials that are sealed.
    pub all: u64,
    /// Those that were under another key than the first.
    pub resealed: u64,
}

/// Where something sealed is kept: every column of bytes that is called so, in whatever table, so that none
/// is forgotten when one is added.
struct Place {
    table: String,
    column: String,
}

impl Store {
    /// Seals everything anew that is not sealed under the first key, in one transaction with an entry in
    /// the chain: afterwards all of it is, or nothing changed. What is being written waits.
    pub async fn reseal(&self, actor: &str, now: DateTime<Utc>) -> Result<Resealed, StoreError> {
        self.inner.sealer.refresh()?;
        let mut tx = self.service_begin().await?;
        let tenants =
            sqlx::query_scalar!("select id from tenant order by id").fetch_all(&mut *tx).await?;
        let places = places(&mut tx).await?;
        let mut found = Resealed::default();
        for (number, tenant) in tenants.into_iter().map(TenantId).enumerate() {
            scope::tenant_enter(&mut tx, tenant).await?;
            if number == 0 {
                lock(&mut tx, &places).await?;
            }
            for place in &places {
                let of_place = self.reseal_place(&mut tx, tenant, place).await?;
                found.all += of_place.all;
                found.resealed += of_place.resealed;
            }
        }
        if found.resealed > 0 {
            let body = json!({ "credentials": found.resealed });
            tokens::enter(&mut tx, None, "credentials_resealed", &body, actor, now).await?;
        }
        tx.commit().await?;
        Ok(found)
    }

    async fn reseal_place(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        Place { table, column }: &Place,
    ) -> Result<Resealed, StoreError> {
        // Row-level security shows the rows of the tenant, and the lock keeps them where they are.
        let read = format!("select ctid::text, {column} from {table} where {column} is not null");
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as(AssertSqlSafe(read)).fetch_all(&mut **tx).await?;
        let (mut at, mut anew) = (Vec::new(), Vec::new());
        for (row, sealed) in &rows {
            if let Some(sealed) = self.inner.sealer.anew(tenant, sealed)? {
                at.push(row.clone());
                anew.push(sealed);
            }
        }
        if !at.is_empty() {
            let write = format!(
                "update {table} t set {column} = v.sealed \
                 from unnest($1::text[], $2::bytea[]) as v (at, sealed) where t.ctid = v.at::tid"
            );
            sqlx::query(AssertSqlSafe(write)).bind(&at).bind(&anew).execute(&mut **tx).await?;
        }
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Ok(Resealed { all: count(rows.len()), resealed: count(at.len()) })
    }
}

async fn places(tx: &mut Tx) -> Result<Vec<Place>, StoreError> {
    let rows = sqlx::query!(
        r#"select quote_ident(c.relname) as "table!", quote_ident(a.attname) as "column!"
         from pg_attribute a join pg_class c on c.oid = a.attrelid
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
             and a.atttypid = 'bytea'::regtype and a.attname like '%\_sealed' and not a.attisdropped
         order by 1, 2"#
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| Place { table: row.table, column: row.column }).collect())
}

/// Reads go on; whoever is writing is waited for, and whoever wants to write waits.
async fn lock(tx: &mut Tx, places: &[Place]) -> Result<(), StoreError> {
    let mut tables: Vec<&str> = places.iter().map(|place| place.table.as_str()).collect();
    tables.dedup();
    let lock = format!("lock table {} in share row exclusive mode", tables.join(", "));
    sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut **tx).await?;
    Ok(())
}
