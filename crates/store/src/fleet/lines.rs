//! Devices with their rings and what became of them in the rollout of what they should have: a page, or
//! the whole fleet as a stream that holds a few hundred of them at a time.
//!
//! Read by COPY, which is the fastest way out of PostgreSQL, and takes no parameters: what goes into the
//! statement are ids and numbers, written by their types.

use std::fmt::Write as _;

use domain::health::Bucket;
use domain::ids::{RingSetId, RolloutId, TenantId};
use domain::registration::Standing;
use domain::ring::RingIndex;
use domain::update::UpdateKind;
use futures_util::TryStreamExt as _;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::facts;
use super::line::{COLUMNS, Line, parse};
use super::scene::Scene;
use super::sieve::{Kept, Sieve, Sql, setting};
use crate::convert::standing_column;
use crate::page::Page;
use crate::scope::{Tx, by_key_if_few};
use crate::{Store, StoreError};

/// Lines that travel together.
const BATCH: usize = 500;
/// Devices that one look through a sieve passes, at most: as many as are read in tens of milliseconds.
const SIFTED: i64 = 20_000;

/// Which devices, and the rollouts of what they are looked at for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Selection {
    /// Rollouts of Windows versions instead of quality updates.
    pub feature: bool,
    /// Members of this set, or of this ring of it.
    pub ring_set: Option<RingSetId>,
    pub ring: Option<RingIndex>,
    pub standing: Option<Standing>,
    /// Only what is not registered or not ready.
    pub ineligible: bool,
}

/// What a look through a sieve found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sifted {
    /// Of whole devices.
    pub lines: Vec<Line>,
    /// The last device that was looked at; none: the fleet ended.
    pub next: Option<Uuid>,
    /// About how many devices were looked at.
    pub looked_at: usize,
}

impl Store {
    /// As [`Store::fleet_page`], of the devices that a sieve lets through. `may_hold` says of a class of
    /// devices whether one of them may be looked for. A call looks at 20,000 devices at most, and so may find
    /// none where there are more behind; about `page.limit` lines at most.
    pub async fn fleet_sift(
        &self,
        tenant: TenantId,
        scene: &Scene,
        (selection, sieve): (Selection, &Sieve),
        may_hold: impl Fn(&Bucket) -> bool + Send,
        page: Page,
    ) -> Result<Sifted, StoreError> {
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        by_key_if_few(&mut tx, 0).await?;
        let mut kept = Kept::default();
        for class in facts::buckets(&mut tx, tenant).await?.iter().filter(|one| may_hold(one)) {
            kept.add(class);
        }
        let sql = Sql::of(sieve, &kept);
        for (number, value) in sql.values.iter().enumerate() {
            sqlx::query!("select set_config($1, $2, true)", setting(number), value)
                .fetch_one(&mut *tx)
                .await?;
        }
        let until = if sieve.names_devices() {
            None
        } else {
            sqlx::query_scalar!(
                "select id from device where tenant_id = $1 and id > $2 order by id offset $3 limit 1",
                tenant.0,
                page.after.unwrap_or_default(),
                SIFTED - 1,
            )
            .fetch_optional(&mut *tx)
            .await?
        };
        // One device has no more lines than there are ring sets.
        let most = usize::from(page.limit) + scene.sets.len() + 1;
        let part = Part { after: page.after, until, conditions: &sql.conditions, most };
        let statement = statement(tenant, scene, selection, Which::Sifted(part));
        let (to, from) = mpsc::channel(most);
        let (read, mut lines) = tokio::join!(copy(&mut tx, &statement, to), gathered(from));
        read?;
        tx.commit().await?;
        if lines.len() < most {
            let looked_at = usize::try_from(SIFTED).unwrap_or(usize::MAX);
            return Ok(Sifted { lines, next: until, looked_at });
        }
        // The last one may have more.
        let cut = lines.pop().map(|line| line.id);
        lines.retain(|line| Some(line.id) != cut);
        let (next, looked_at) = (lines.last().map(|line| line.id.0), lines.len());
        Ok(Sifted { lines, next, looked_at })
    }

    /// The next devices in order of id, at most `page.limit` of them; a device of two ring sets has a line
    /// for each. Cost: the page, unless the selection passes over most of the fleet.
    pub async fn fleet_page(
        &self,
        tenant: TenantId,
        scene: &Scene,
        selection: Selection,
        page: Page,
    ) -> Result<Vec<Line>, StoreError> {
        let mut tx = self.tenant_begin_few(tenant).await?;
        let of_page = statement(tenant, scene, selection, Which::Page(page));
        let (to, from) = mpsc::channel(usize::from(page.limit) + 1);
        let (read, lines) = tokio::join!(copy(&mut tx, &of_page, to), gathered(from));
        read?;
        tx.commit().await?;
        Ok(lines)
    }

    /// One device by its id.
    pub async fn fleet_line(
        &self,
        tenant: TenantId,
        scene: &Scene,
        device: Uuid,
    ) -> Result<Option<Line>, StoreError> {
        let before = Uuid::from_u128(device.as_u128().saturating_sub(1));
        let page = Page { after: Some(before), limit: 1 };
        let lines = self.fleet_page(tenant, scene, Selection::default(), page).await?;
        Ok(lines.into_iter().find(|line| line.id.0 == device))
    }

    /// Every device, in no order, in one statement and so as of one moment. Ends early, without an error,
    /// when nobody receives any more. Memory: a few batches.
    pub async fn fleet_stream(
        &self,
        tenant: TenantId,
        scene: &Scene,
        selection: Selection,
        to: mpsc::Sender<Vec<Line>>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        copy(&mut tx, &statement(tenant, scene, selection, Which::All), to).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn gathered(mut from: mpsc::Receiver<Vec<Line>>) -> Vec<Line> {
    let mut lines = Vec::new();
    while let Some(batch) = from.recv().await {
        lines.extend(batch);
    }
    lines
}

async fn copy(tx: &mut Tx, statement: &str, to: mpsc::Sender<Vec<Line>>) -> Result<(), StoreError> {
    sqlx::raw_sql("set local timezone = 'UTC'; set local datestyle = 'ISO'")
        .execute(&mut **tx)
        .await?;
    let mut rows = tx.copy_out_raw(statement).await?;
    let (mut rest, mut batch) = (Vec::new(), Vec::with_capacity(BATCH));
    let mut is_wanted = true;
    while let Some(bytes) = rows.try_next().await? {
        // One message is one row, but nothing says so.
        rest.extend_from_slice(&bytes);
        let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { continue };
        for row in rest[..end].split(|byte| *byte == b'\n') {
            batch.push(parse(row)?);
        }
        rest.drain(..=end);
        if batch.len() >= BATCH && is_wanted {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            // The rest has to be read all the same, for the connection is used again.
            is_wanted = to.send(full).await.is_ok();
        }
        if !is_wanted {
            batch.clear();
        }
    }
    if is_wanted && !batch.is_empty() {
        // Nobody receives any more: nobody misses it.
        let _ = to.send(batch).await;
    }
    Ok(())
}

/// Which lines a statement is about.
#[derive(Debug, Clone, Copy)]
enum Which<'a> {
    All,
    Page(Page),
    Sifted(Part<'a>),
}

/// The devices between two ids, as far as conditions hold.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    after: Option<Uuid>,
    until: Option<Uuid>,
    conditions: &'a str,
    most: usize,
}

fn statement(tenant: TenantId, scene: &Scene, selection: Selection, which: Which<'_>) -> String {
    let mut conditions = format!("d.tenant_id = '{tenant}'");
    let mut and = |condition: std::fmt::Arguments<'_>| {
        // A text takes whatever is written to it.
        let _ = write!(conditions, " and {condition}");
    };
    let (after, until) = match which {
        Which::All => (None, None),
        Which::Page(page) => (page.after, None),
        Which::Sifted(part) => (part.after, part.until),
    };
    if let Some(after) = after {
        and(format_args!("d.id > '{after}'"));
    }
    if let Some(until) = until {
        and(format_args!("d.id <= '{until}'"));
    }
    if let Some(standing) = selection.standing {
        and(format_args!("d.standing = {}", standing_column(standing)));
    }
    if selection.ineligible {
        and(format_args!("d.standing is distinct from {}", standing_column(Standing::Ready)));
    }
    if let Some(set) = selection.ring_set {
        let ring = selection.ring.map(|ring| format!(" and k.ring = {}", ring.0));
        let ring = ring.unwrap_or_default();
        and(format_args!(
            "exists (select from ring_member k where k.tenant_id = '{tenant}' \
             and k.ring_set_id = '{set}' and k.device_id = d.id{ring})"
        ));
    }
    let (limit, order) = match which {
        Which::All => (String::new(), String::new()),
        Which::Page(page) => (
            format!(" order by d.id limit {}", page.rows()),
            " order by d.id, m.ring_set_id".to_owned(),
        ),
        Which::Sifted(Part { conditions, most, .. }) => (
            String::new(),
            format!(" where true{conditions} order by d.id, m.ring_set_id limit {most}"),
        ),
    };
    let sets = match selection.ring_set {
        Some(set) => format!("'{set}'"),
        None => quoted(scene.sets.iter().map(|set| set.id.0)),
    };
    let (map, rollouts) = rollouts(scene, selection.feature);
    let attempts = if rollouts.is_empty() {
        "cross join (select null::uuid as rollout_id, null::int2 as state, null::timestamptz as \
         state_at, null::text as code, null::boolean as aside, null::text as safeguard) a"
            .to_owned()
    } else {
        let rollouts = quoted(rollouts.into_iter().map(|rollout| rollout.0));
        format!(
            "left join (values {map}) r(ring_set_id, os_major, os_minor, os_build, rollout_id) \
             on r.ring_set_id = m.ring_set_id and (r.os_build is null \
                 or (r.os_major, r.os_minor, r.os_build) = (d.os_major, d.os_minor, d.os_build)) \
             left join attempt a on a.tenant_id = '{tenant}' and a.rollout_id = r.rollout_id \
                 and a.device_id = d.id and a.rollout_id in ({rollouts})"
        )
    };
    // Without ring sets there is nothing to be a member of.
    let sets = if sets.is_empty() { "null::uuid".to_owned() } else { sets };
    format!(
        "copy (select {COLUMNS} from (select * from device d where {conditions}{limit}) d \
         left join ring_member m on m.tenant_id = '{tenant}' and m.ring_set_id in ({sets}) \
             and m.device_id = d.id \
         {attempts}{order}) to stdout"
    )
}

fn quoted(ids: impl Iterator<Item = Uuid>) -> String {
    ids.map(|id| format!("'{id}'")).collect::<Vec<_>>().join(", ")
}

/// Which rollout says something of which devices, as rows; and all of them.
fn rollouts(scene: &Scene, feature: bool) -> (String, Vec<RolloutId>) {
    let mut rows = Vec::new();
    let mut all = Vec::new();
    for set in &scene.sets {
        if feature {
            if let Some(rollout) = scene.feature_rollout(set.id) {
                debug_assert_eq!(rollout.kind, UpdateKind::Feature);
                let (set, id) = (set.id, rollout.id);
                rows.push(format!(
                    "('{set}'::uuid, null::int, null::int, null::int, '{id}'::uuid)"
                ));
                all.push(id);
            }
            continue;
        }
        let mut versions: Vec<_> = scene
            .published
            .iter()
            .map(|one| (one.build.major, one.build.minor, one.build.build, one.build))
            .collect();
        versions.sort_unstable();
        versions.dedup_by_key(|(major, minor, build, _)| (*major, *minor, *build));
        for (major, minor, number, build) in versions {
            if let Some(rollout) = scene.quality_rollout(set.id, build) {
                let (set, id) = (set.id, rollout.id);
                rows.push(format!("('{set}'::uuid, {major}, {minor}, {number}, '{id}'::uuid)"));
                all.push(id);
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    (rows.join(", "), all)
}
