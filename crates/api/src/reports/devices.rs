//! Reports of devices: from the stream of the fleet to rows.

use chrono::{DateTime, Utc};
use domain::health::{Bucket, Status, in_service, version_of};
use domain::ids::TenantId;
use domain::primary::Finding;
use domain::registration::Standing;
use store::fleet::{Line, Scene, Selection, Sifted};
use store::page::Page;
use uuid::Uuid;

use super::cell::{Cell, Row};
use super::make::Source;
use super::query::Filter;
use super::sieve;
use super::table::{Devices, Report};
use crate::convert::health::owner;
use crate::problem::Problem;

/// No page goes on after so many devices: the database looks at 20,000 at a time, and sends fewer.
const LOOKED_AT: usize = 10_000;

pub(super) fn selection(of: Devices) -> Selection {
    match of {
        Devices::Quality => Selection::default(),
        Devices::Feature => Selection { feature: true, ..Selection::default() },
        Devices::Ineligible => Selection { ineligible: true, ..Selection::default() },
    }
}

pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    /// The last device that was looked at, when there may be more behind it.
    pub(super) next: Option<Uuid>,
}

pub(super) async fn page(
    state: &Source,
    tenant: TenantId,
    (of, report): (Devices, Report),
    filter: &Filter,
    page: Page,
) -> Result<Found, Problem> {
    state.store.tenant_fetch(tenant).await?;
    let scene = state.store.fleet_scene(tenant, state.now()).await?;
    let sieve = sieve::sieve(report, filter);
    let wanted = usize::from(page.limit);
    let mut found = Found { rows: Vec::new(), next: page.after };
    let mut looked_at = 0;
    loop {
        let from = Page { after: found.next, limit: page.limit };
        let sifted = if filter.is_empty() {
            let lines = state.store.fleet_page(tenant, &scene, selection(of), from).await?;
            let looked_at = devices_of(&lines);
            let last = lines.last().map(|line| line.id.0);
            let next = last.filter(|_| looked_at >= usize::from(page.limit));
            Sifted { lines, next, looked_at }
        } else {
            let may_hold = |class: &Bucket| sieve::may_hold((of, report), filter, &scene, class);
            let through = (selection(of), &sieve);
            state.store.fleet_sift(tenant, &scene, through, may_hold, from).await?
        };
        looked_at += sifted.looked_at;
        let mut last = None;
        for line in sifted.lines {
            let id = line.id.0;
            // Whole devices: those of two ring sets have two rows.
            if found.rows.len() >= wanted && last != Some(id) {
                found.next = last;
                return Ok(found);
            }
            last = Some(id);
            let row = row(line, &scene, of);
            if filter.holds(&row) {
                found.rows.push(row);
            }
        }
        found.next = sifted.next;
        if found.next.is_none() || found.rows.len() >= wanted || looked_at >= LOOKED_AT {
            return Ok(found);
        }
    }
}

fn devices_of(lines: &[Line]) -> usize {
    lines.chunk_by(|one, other| one.id == other.id).count()
}

pub(super) fn row(line: Line, scene: &Scene, of: Devices) -> Row {
    match of {
        Devices::Quality => quality(line, scene),
        Devices::Feature => feature(line, scene),
        Devices::Ineligible => ineligible(line, scene),
    }
}

fn device(line: &mut Line, scene: &Scene) -> [Cell; 6] {
    let set = line.place.and_then(|(set, _)| scene.set(set));
    let ring = line.place.and_then(|(set, ring)| scene.ring(set, ring));
    let (manufacturer, model) = (&line.manufacturer, &line.model);
    let named = model.len() >= manufacturer.len()
        && model.as_bytes()[..manufacturer.len()].eq_ignore_ascii_case(manufacturer.as_bytes());
    // Many put their name before the model's.
    let model =
        if named { std::mem::take(&mut line.model) } else { format!("{manufacturer} {model}") };
    [
        line.id.0.into(),
        std::mem::take(&mut line.name).into(),
        std::mem::take(&mut line.serial).into(),
        model.into(),
        Cell::maybe(set.map(|set| set.name.clone())),
        Cell::maybe(ring.map(|ring| ring.name.clone())),
    ]
}

fn reason(found: Option<Finding>, now: DateTime<Utc>) -> [Cell; 6] {
    let Some(found) = found else { return [const { Cell::Empty }; 6] };
    let row = found.reason.row();
    let age = found.age_days(now);
    [
        row.word.into(),
        owner(row.owner).into(),
        row.title.into(),
        Cell::maybe(found.evidence),
        Cell::maybe(found.since),
        Cell::maybe(age),
    ]
}

fn client(line: &mut Line) -> [Cell; 3] {
    let Some(attempt) = &mut line.attempt else { return [const { Cell::Empty }; 3] };
    [attempt.state.name().into(), attempt.state_at.into(), Cell::maybe(attempt.code.take())]
}

fn readiness(line: &Line) -> Cell {
    Cell::maybe(line.standing.map(|(standing, _)| standing.word()))
}

fn build(line: &Line) -> Cell {
    Cell::maybe(line.build.map(|build| build.to_string()))
}

fn quality(mut line: Line, scene: &Scene) -> Row {
    let found = line.quality_finding(scene);
    let latest = line.build.and_then(|build| scene.yardstick(build, line.place).latest);
    let mut row = Vec::with_capacity(23);
    row.extend(device(&mut line, scene));
    row.extend([
        Cell::maybe(line.entra_device),
        line.quality_status(scene).word().into(),
        build(&line),
        Cell::maybe(latest),
        readiness(&line),
        Cell::maybe(line.last_sync),
    ]);
    row.extend(reason(found, scene.now));
    row.extend(client(&mut line));
    row.push(Cell::maybe(line.attempt.map(|attempt| attempt.rollout.0)));
    row.push(line.category.into());
    row
}

fn feature(mut line: Line, scene: &Scene) -> Row {
    let found = line.feature_finding(scene);
    let version = line.build.and_then(|build| version_of(build.build));
    let long = version.and_then(|version| version.long_term_to).filter(|_| line.long_term);
    let to = version.map(|version| long.unwrap_or(version.serviced_to));
    let to = to.and_then(|(year, month, day)| chrono::NaiveDate::from_ymd_opt(year, month, day));
    let target = line.place.and_then(|(set, _)| scene.feature_rollout(set));
    let status = if found.is_none() { Status::UpToDate } else { Status::NotUpToDate };
    let serviced = line.build.map(|build| in_service(build, line.long_term, scene.now));
    let mut row = Vec::with_capacity(22);
    row.extend(device(&mut line, scene));
    row.extend([
        status.word().into(),
        build(&line),
        Cell::maybe(version.map(|version| version.name)),
        Cell::maybe(serviced),
        Cell::maybe(to),
        Cell::maybe(target.map(|rollout| rollout.name.clone())),
    ]);
    row.extend(reason(found, scene.now));
    row.extend(client(&mut line));
    row.push(readiness(&line));
    row
}

fn ineligible(mut line: Line, scene: &Scene) -> Row {
    let found = line.quality_finding(scene);
    let fix = found.as_ref().map(|found| found.reason.row().fix);
    let all = line.standing.map(|(_, reasons)| reasons.to_string());
    debug_assert!(line.standing.is_none_or(|(standing, _)| standing != Standing::Ready));
    let mut row = Vec::with_capacity(16);
    row.extend(device(&mut line, scene));
    row.extend([readiness(&line), Cell::maybe(all), Cell::maybe(line.last_sync), Cell::maybe(fix)]);
    row.extend(reason(found, scene.now));
    row
}
