//! A report of every device as a file, over HTTP, beside COPY of the same columns of the same rows.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Api;
use crate::fleet::Fleet;
use crate::process::Process;
use crate::table::Table;
use crate::{Outcome, expect};

/// That of the store's own bench.
const COPY_OUT: &str = include_str!("../../../crates/store/examples/bench/copy_out.sql");
/// One after the other, ours and the other.
const TURNS: u32 = 3;

/// Bytes and lines of a whole file.
async fn ours(api: &Api, path: &str) -> Outcome<(u64, u64, Duration)> {
    let started = Instant::now();
    let mut answer = api.stream(path).await?;
    let (mut bytes, mut lines) = (0, 0);
    while let Some(piece) = answer.chunk().await? {
        bytes += piece.len() as u64;
        lines += piece.split(|byte| *byte == b'\n').skip(1).count() as u64;
    }
    Ok((bytes, lines, started.elapsed()))
}

async fn beside(database: &mut PgConnection, tenant: Uuid) -> Outcome<Duration> {
    let statement = COPY_OUT.replace("$tenant", &tenant.to_string());
    let started = Instant::now();
    let mut rows = database.copy_out_raw(&statement).await?;
    while rows.try_next().await?.is_some() {}
    drop(rows);
    Ok(started.elapsed())
}

/// Needs a fleet that is a member of one ring set, in one rollout.
pub(crate) async fn whole(
    (process, api): (&Process, &Api),
    database: &mut PgConnection,
    fleet: &Fleet,
    table: &mut Table,
) -> Outcome<()> {
    let path =
        |format: &str| format!("{}/reports/quality-status/export?format={format}", fleet.path);
    let csv = path("csv");
    let before = process.count_anew()?;
    // Both once before the time counts.
    ours(api, &csv).await?;
    beside(database, fleet.tenant).await?;
    let (mut took, mut raw, mut size) = (Duration::ZERO, Duration::ZERO, 0);
    for _ in 0..TURNS {
        let (bytes, lines, time) = ours(api, &csv).await?;
        expect("lines of the export", lines, u64::from(fleet.devices) + 1)?;
        took += time;
        size = bytes;
        raw += beside(database, fleet.tenant).await?;
    }
    let most = process.most_since()?;
    let rate = |took: Duration| f64::from(fleet.devices * TURNS) / took.as_secs_f64();
    table.share(
        &format!("export of {} devices as CSV over HTTP", fleet.devices),
        (rate(took), "COPY of the same columns", rate(raw)),
        50.0,
    );
    added(table, "CSV", (before, most), size);
    for (name, format) in [("JSON", "json"), ("XLSX", "xlsx")] {
        let before = process.count_anew()?;
        let (size, _, took) = ours(api, &path(format)).await?;
        let rate = f64::from(fleet.devices) / took.as_secs_f64();
        table.note(&format!("export of as many as {name} over HTTP"), format!("{rate:.0} /s"));
        added(table, name, (before, process.most_since()?), size);
    }
    Ok(())
}

/// Megabytes in memory before and at most, for files of so many bytes.
fn added(table: &mut Table, format: &str, (before, most): (f64, f64), size: u64) {
    #[expect(clippy::cast_precision_loss, reason = "megabytes of a file")]
    let file = size as f64 / 1_000_000.0;
    let said = format!("{before:.0} MB before, {most:.0} MB at most, for a file of {file:.0} MB");
    table.number(&format!("memory that this adds as {format}"), said, most - before, (50.0, "MB"));
}
