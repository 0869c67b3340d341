//! Reports that are made whole: days, releases, objectives, exposures, holds.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::build::Build;
use domain::calendar::Scope;
use domain::control::Control;
use domain::health::{Bucket, Counts, Health, Measure, Status, assess};
use domain::ids::TenantId;
use domain::registration::Standing;
use domain::rollout::phase::Phase;
use domain::update::UpdateKind;
use store::page::Page;
use store::pauses::Target;

use super::cell::{Cell, Row};
use super::make::Source;
use super::table::Whole;
use crate::problem::Problem;

/// Every row of a list that comes in pages. A page of whole devices may hold more rows than its limit, and
/// never fewer while there are more.
macro_rules! every {
    ($state:ident.$list:ident($tenant:ident), $row:ident => $id:expr) => {{
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let rows = $state.store.$list($tenant, Page { after, limit: 500 }).await?;
            let is_last = rows.len() < 500;
            after = rows.last().map(|$row| $id);
            all.extend(rows);
            if is_last {
                break all;
            }
        }
    }};
}

// After the macro that they use.
mod conflicts;
mod reliability;

/// Two years: as long as snapshots are kept.
const TREND_DAYS: i64 = 731;

pub(super) async fn rows(state: &Source, tenant: TenantId, of: Whole) -> Result<Vec<Row>, Problem> {
    state.store.tenant_fetch(tenant).await?;
    match of {
        Whole::Trending => trending(state, tenant).await,
        Whole::Releases => releases(state, tenant).await,
        Whole::Compliance => compliance(state, tenant).await,
        Whole::Exposure => exposure(state, tenant).await,
        Whole::Holds => holds(state, tenant).await,
        Whole::Reliability => reliability::rows(state, tenant).await,
        Whole::Conflicts => conflicts::rows(state, tenant).await,
    }
}

fn percent(of: Measure) -> Cell {
    Cell::maybe(of.per_mille().map(|share| f64::from(share) / 10.0))
}

async fn set_names(
    state: &Source,
    tenant: TenantId,
) -> Result<BTreeMap<uuid::Uuid, String>, Problem> {
    let scene = state.store.fleet_scene(tenant, state.now()).await?;
    Ok(scene.sets.into_iter().map(|set| (set.id.0, set.name)).collect())
}

async fn trending(state: &Source, tenant: TenantId) -> Result<Vec<Row>, Problem> {
    let since = (state.now() - TimeDelta::days(TREND_DAYS)).date_naive();
    let rows = state.store.fleet_snapshots(tenant, since).await?;
    let mut set_name = String::new();
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        if row.ring.is_none() {
            set_name.clone_from(&row.name);
        }
        let of_set = row.ring_set.map(|_| set_name.clone());
        let of_ring = row.ring.map(|_| row.name.clone());
        let mut cells = vec![row.day.into(), Cell::maybe(of_set), Cell::maybe(of_ring)];
        cells.push(row.counts.devices.into());
        cells.extend(Status::ALL.map(|status| Cell::from(row.counts.of(status))));
        let counts = &row.counts;
        cells.extend([counts.latest, counts.quality, counts.feature].map(percent));
        all.push(cells);
    }
    Ok(all)
}

async fn releases(state: &Source, tenant: TenantId) -> Result<Vec<Row>, Problem> {
    let sets = set_names(state, tenant).await?;
    let releases = every!(state.release_list(tenant), row => row.id.0);
    let mut updates = BTreeMap::new();
    for release in &releases {
        if let std::collections::btree_map::Entry::Vacant(vacant) = updates.entry(release.update.0)
        {
            vacant.insert(state.store.update_fetch(tenant, release.update).await?);
        }
    }
    let mut rows = Vec::new();
    for rollout in every!(state.rollout_list(tenant), row => row.id.0) {
        let release = releases.iter().find(|release| release.id == rollout.release);
        let update = release.and_then(|release| updates.get(&release.update.0));
        let count = |states: &[AttemptState]| -> u32 {
            let of_ring = |ring: &store::rollouts::RingRow| {
                states.iter().map(|state| ring.tally.in_state(*state)).sum::<u32>()
            };
            rollout.rings.iter().map(of_ring).sum()
        };
        let (all, excluded) = (count(&AttemptState::ALL), count(&[AttemptState::Excluded]));
        let confirmed = count(&[AttemptState::Confirmed]);
        let waits = count(&[AttemptState::Assigned, AttemptState::Withdrawn]);
        let complete = Measure { eligible: all - excluded, met: confirmed };
        rows.push(vec![
            rollout.release_name.into(),
            Cell::maybe(update.map(|update| update.update.kind.name())),
            Cell::maybe(update.map(|update| update.update.short_name.clone())),
            Cell::maybe(update.map(|update| update.update.released_at)),
            Cell::maybe(sets.get(&rollout.ring_set.0).cloned()),
            rollout.id.0.into(),
            phase(rollout.phase).into(),
            rollout.created_at.into(),
            Cell::maybe(rollout.decided_at),
            all.into(),
            (all - excluded - waits).into(),
            confirmed.into(),
            count(&[AttemptState::Failed]).into(),
            count(&[AttemptState::Lost]).into(),
            count(&[AttemptState::Unresolved]).into(),
            count(&[AttemptState::Removed]).into(),
            excluded.into(),
            percent(complete),
            Cell::maybe(rollout.superseded_by.map(|other| other.0)),
        ]);
    }
    Ok(rows)
}

const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Scheduled => "scheduled",
        Phase::Offering { .. } => "offering",
        Phase::Soaking { .. } => "soaking",
        Phase::Paused { .. } => "paused",
        Phase::Completed { .. } => "completed",
        Phase::RollingBack { .. } => "rolling_back",
        Phase::RolledBack { .. } => "rolled_back",
        Phase::Cancelled { .. } => "cancelled",
    }
}

async fn compliance(state: &Source, tenant: TenantId) -> Result<Vec<Row>, Problem> {
    let now = state.now();
    let health = assess(&state.store.fleet_facts(tenant, now).await?, now);
    let mut rows = Vec::new();
    let mut add = |set: Option<&str>, ring: Option<&str>, counts: &Counts| {
        for (objective, target, of) in [
            ("quality", Health::QUALITY_PERCENT, counts.quality),
            ("feature", Health::FEATURE_PERCENT, counts.feature),
        ] {
            let excluded = counts.devices - of.eligible.min(counts.devices);
            rows.push(objective_row(objective, (set, ring), target, of, excluded, counts));
        }
    };
    add(None, None, &health.counts);
    for set in &health.sets {
        add(Some(&set.name), None, &set.counts);
        for ring in &set.rings {
            add(Some(&set.name), Some(&ring.name), &ring.counts);
        }
    }
    let (apps, target) = (health.apps, Health::APPS_PERCENT);
    let nobody = Counts::default();
    rows.push(objective_row("microsoft_365_apps", (None, None), target, apps, 0, &nobody));
    Ok(rows)
}

fn objective_row(
    objective: &'static str,
    (set, ring): (Option<&str>, Option<&str>),
    target: u32,
    of: Measure,
    excluded: u32,
    counts: &Counts,
) -> Row {
    let why = counts.excluded.iter().map(|(why, devices)| format!("{why} {devices}"));
    vec![
        objective.into(),
        Cell::maybe(set.map(str::to_owned)),
        Cell::maybe(ring.map(str::to_owned)),
        target.into(),
        percent(of),
        of.holds(target).into(),
        of.met.into(),
        of.eligible.into(),
        excluded.into(),
        why.collect::<Vec<_>>().join(", ").into(),
    ]
}

/// Registered devices whose Windows version an update is made for, and those of them without it.
async fn exposure(state: &Source, tenant: TenantId) -> Result<Vec<Row>, Problem> {
    let now = state.now();
    let facts = state.store.fleet_facts(tenant, now).await?;
    let filter = store::catalog::UpdateFilter {
        kind: Some(UpdateKind::Quality),
        ..store::catalog::UpdateFilter::default()
    };
    let page = Page { after: None, limit: 500 };
    let mut rows = Vec::new();
    for row in state.store.update_search(tenant, &filter, page).await? {
        let update = row.update;
        let details = &update.details;
        let closes = details.max_severity.is_some() || !details.exploited_cves.is_empty();
        if !closes || update.released_at > now {
            continue;
        }
        let builds: Vec<Build> = update.builds.iter().map(|one| one.build).collect();
        for set in &facts.sets {
            for (index, ring) in (0..).zip(&set.rings) {
                let of_ring = |bucket: &&Bucket| {
                    bucket.place.is_some_and(|(of, ring)| of == set.id && ring.0 == index)
                };
                let found = exposed(facts.buckets.iter().filter(of_ring), &builds);
                if found.eligible == 0 {
                    continue;
                }
                let score = details.max_base_score_tenths;
                rows.push(vec![
                    update.short_name.clone().into(),
                    update.released_at.into(),
                    Cell::maybe(details.max_severity.map(domain::update::details::Severity::name)),
                    Cell::maybe(score.map(|score| f64::from(score) / 10.0)),
                    i64::try_from(details.exploited_cves.len()).unwrap_or(i64::MAX).into(),
                    details.exploited_cves.join(" ").into(),
                    set.name.clone().into(),
                    ring.name.clone().into(),
                    (found.eligible - found.met).into(),
                    found.eligible.into(),
                    (now - update.released_at).num_days().into(),
                ]);
            }
        }
    }
    Ok(rows)
}

/// Those that an update is made for, and those that have it.
fn exposed<'a>(buckets: impl Iterator<Item = &'a Bucket>, builds: &[Build]) -> Measure {
    let mut measure = Measure::default();
    for bucket in buckets {
        let registered = match bucket.standing {
            Some(Standing::Ready | Standing::NotReady) => true,
            Some(Standing::PrerequisiteFailed | Standing::GroupConflict) => false,
            Some(Standing::Excluded) | None => false,
        };
        let Some(build) = bucket.build.filter(|_| registered) else { continue };
        let version = |one: &&Build| {
            (one.major, one.minor, one.build) == (build.major, build.minor, build.build)
        };
        let Some(least) = builds.iter().filter(version).map(|one| one.revision).min() else {
            continue;
        };
        measure.eligible += bucket.devices;
        if build.revision >= least {
            measure.met += bucket.devices;
        }
    }
    measure
}

/// One decision of a person that keeps something back.
struct Kept {
    kind: &'static str,
    subject: String,
    owner: String,
    reason: String,
    since: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    devices: Option<i64>,
    id: uuid::Uuid,
}

async fn holds(state: &Source, tenant: TenantId) -> Result<Vec<Row>, Problem> {
    let now = state.now();
    let sets = set_names(state, tenant).await?;
    let mut all = Vec::new();
    for row in every!(state.device_control_list(tenant), row => row.device.0) {
        let kind = match row.control.control {
            Control::Hold => "hold",
            Control::Exclude => "exclude",
            Control::Pin { .. } => "pin",
        };
        all.push(Kept {
            kind,
            subject: row.device_name,
            owner: row.control.owner,
            reason: row.control.reason,
            since: row.control.since,
            expires_at: row.control.expires_at,
            devices: Some(1),
            id: row.device.0,
        });
    }
    for hold in state.store.cohort_hold_list(tenant).await? {
        all.push(Kept {
            kind: "cohort_hold",
            subject: hold.filter,
            owner: hold.owner,
            reason: hold.reason,
            since: hold.since,
            expires_at: hold.expires_at,
            devices: Some(hold.devices),
            id: hold.id,
        });
    }
    for pause in state.store.pause_list(tenant).await? {
        let subject = match pause.target {
            Target::Tenant => "the tenant".to_owned(),
            Target::Release(release) => format!("release {release}"),
            Target::Ring { rollout, ring } => format!("ring {} of rollout {rollout}", ring.0),
        };
        all.push(Kept {
            kind: "pause",
            subject,
            owner: pause.by,
            reason: pause.reason.unwrap_or_default(),
            since: pause.at,
            expires_at: None,
            devices: None,
            id: pause.id,
        });
    }
    for row in every!(state.freeze_list(tenant), row => row.freeze.id.0) {
        let is_over = row.ended.is_some() || row.freeze.until.is_some_and(|until| until <= now);
        if is_over {
            continue;
        }
        let set_of = |set: &domain::ids::RingSetId| {
            sets.get(&set.0).cloned().unwrap_or_else(|| set.to_string())
        };
        let subject = match &row.freeze.scope {
            Scope::Tenant => "the tenant".to_owned(),
            Scope::RingSet { ring_set } => set_of(ring_set),
            Scope::Ring { ring_set, ring } => format!("{ring} of {}", set_of(ring_set)),
        };
        all.push(Kept {
            kind: "freeze",
            subject,
            owner: row.freeze.owner,
            reason: row.freeze.reason,
            since: row.freeze.from,
            expires_at: row.freeze.until,
            devices: None,
            id: row.freeze.id.0,
        });
    }
    // The oldest first: that is what has been forgotten.
    all.sort_by_key(|kept| (kept.since, kept.id));
    Ok(all.into_iter().map(|kept| kept_row(kept, now)).collect())
}

fn kept_row(kept: Kept, now: DateTime<Utc>) -> Row {
    vec![
        kept.kind.into(),
        kept.subject.into(),
        kept.owner.into(),
        kept.reason.into(),
        kept.since.into(),
        (now - kept.since).num_days().max(0).into(),
        Cell::maybe(kept.expires_at),
        Cell::maybe(kept.devices),
        kept.id.into(),
    ]
}
