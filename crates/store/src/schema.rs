//! The schema this program was built for: bringing a database up to it, and refusing any other.

use std::collections::BTreeMap;

use sqlx::error::DatabaseError;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection as _, PgConnection};

use crate::StoreError;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

pub(crate) async fn migrate(url: &str) -> Result<(), StoreError> {
    let mut connection = PgConnection::connect(url).await?;
    // Under the migrator's advisory lock, so that servers that start together take turns.
    MIGRATIONS.run(&mut connection).await.map_err(|error| explained(&error))?;
    connection.close().await?;
    Ok(())
}

fn explained(error: &MigrateError) -> StoreError {
    if let MigrateError::VersionMissing(version) = error {
        newer(*version)
    } else if let MigrateError::VersionMismatch(version) = error {
        edited(*version)
    } else {
        StoreError::Schema(format!("cannot migrate the database: {error}"))
    }
}

fn newer(version: i64) -> StoreError {
    StoreError::Schema(format!(
        "the database has migration {version}, which this program does not know: run a newer \
         concentric, or use another database"
    ))
}

fn edited(version: i64) -> StoreError {
    StoreError::Schema(format!(
        "migration {version} of the database is not the one of this program: it was made by \
         another build; use a build that matches, or another database"
    ))
}

fn older(version: i64) -> StoreError {
    StoreError::Schema(format!(
        "the database lacks migration {version}: migrate it before this program serves it"
    ))
}

/// Compares what was applied with what is embedded here.
pub(crate) async fn check(connection: &mut PgConnection) -> Result<(), StoreError> {
    let applied: Result<Vec<(i64, Vec<u8>, bool)>, sqlx::Error> =
        sqlx::query_as("select version, checksum, success from _sqlx_migrations")
            .fetch_all(connection)
            .await;
    let applied = match applied {
        Ok(rows) => rows,
        Err(error) => match error.as_database_error().and_then(DatabaseError::code).as_deref() {
            Some("42P01") => Vec::new(), // no such table: never migrated
            Some("42501") => {
                return Err(StoreError::Schema(format!(
                    "the database's user may not use the schema ({error}): grant concentric_app \
                     and concentric_service to it"
                )));
            }
            Some(_) | None => return Err(error.into()),
        },
    };
    compared(&applied)
}

fn compared(applied: &[(i64, Vec<u8>, bool)]) -> Result<(), StoreError> {
    let known: BTreeMap<i64, &[u8]> = MIGRATIONS
        .iter()
        .filter(|migration| migration.migration_type.is_up_migration())
        .map(|migration| (migration.version, migration.checksum.as_ref()))
        .collect();
    for (version, checksum, success) in applied {
        match known.get(version) {
            None => return Err(newer(*version)),
            Some(embedded) if *embedded != checksum.as_slice() => return Err(edited(*version)),
            Some(_) if !success => return Err(older(*version)),
            Some(_) => {}
        }
    }
    let lacks = known.keys().find(|version| !applied.iter().any(|(have, ..)| have == *version));
    lacks.map_or(Ok(()), |version| Err(older(*version)))
}
