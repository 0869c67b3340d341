//! What is known besides the devices: ring sets, the newest updates, the rollouts of them, and what stands
//! still. A tenant has little of it, whatever its fleet.

use chrono::{DateTime, Utc};
use domain::build::Build;
use domain::calendar::Why;
use domain::health::{Published, RingFacts, SetFacts, Yardstick, yardstick};
use domain::ids::{ReleaseId, RingSetId, RolloutId, TenantId};
use domain::primary::{Course, Pause, PauseScope, Stage, Wait, Wanted};
use domain::ring::RingIndex;
use domain::rollout::decide::WaitingOn;
use domain::rollout::phase::{PausedBy, Phase};
use domain::update::UpdateKind;
use uuid::Uuid;

use crate::convert::{count, phase, ring, update_kind};
use crate::pauses::{PauseRow, Target};
use crate::ring_sets::all as ring_sets;
use crate::scope::Tx;
use crate::{Store, StoreError};

/// Rollouts of each kind that are looked at in a ring set, newest first.
const ROLLOUTS: i64 = 5;

/// A rollout, as far as it says something of a device that is not up to date.
#[derive(Debug, Clone)]
pub struct SceneRollout {
    pub id: RolloutId,
    pub ring_set: RingSetId,
    pub release: ReleaseId,
    pub kind: UpdateKind,
    pub builds: Vec<Build>,
    pub name: String,
    pub created_at: DateTime<Utc>,
    phase: Phase,
    is_superseded: bool,
    waiting: Option<WaitingOn>,
    /// When each ring was opened; none: it was not.
    opened: Vec<Option<DateTime<Utc>>>,
}

/// All of it, as of one moment.
#[derive(Debug, Clone)]
pub struct Scene {
    pub now: DateTime<Utc>,
    /// With the time since when each ring stands still for quality updates.
    pub sets: Vec<SetFacts>,
    pub published: Vec<Published>,
    /// Newest first.
    pub rollouts: Vec<SceneRollout>,
    pauses: Vec<PauseRow>,
}

impl Store {
    /// Cost: ring sets, quality updates of two years, and the newest rollouts.
    pub async fn fleet_scene(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<Scene, StoreError> {
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        let scene = load(&mut tx, tenant, now).await?;
        tx.commit().await?;
        Ok(scene)
    }
}

pub(super) async fn load(
    tx: &mut Tx,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<Scene, StoreError> {
    let published = published(tx, tenant, now).await?;
    let rollouts = rollouts(tx, tenant).await?;
    let pauses = crate::pauses::all(tx, tenant).await?;
    let sets = ring_sets(tx, tenant).await?;
    let mut scene = Scene { now, sets: Vec::new(), published, rollouts, pauses };
    scene.sets = sets
        .iter()
        .map(|row| {
            let rings = row.set.indexed().map(|(index, ring)| RingFacts {
                name: ring.name.clone(),
                cadence: ring.cadence,
                is_scheduled: ring.calendar.as_ref().is_some_and(|of| !of.windows.is_empty()),
                paused_since: scene.paused_since(row.id, index),
            });
            SetFacts { id: row.id, name: row.set.name().to_owned(), rings: rings.collect() }
        })
        .collect();
    Ok(scene)
}

impl Scene {
    /// What devices of this Windows version in this ring are held against.
    #[must_use]
    pub fn yardstick(&self, build: Build, place: Option<(RingSetId, RingIndex)>) -> Yardstick {
        let ring = place.and_then(|(set, ring)| self.ring(set, ring));
        let (cadence, paused) = (ring.map(|ring| ring.cadence), ring.and_then(|r| r.paused_since));
        yardstick(&self.published, build, cadence, paused, self.now)
    }

    #[must_use]
    pub fn set(&self, set: RingSetId) -> Option<&SetFacts> {
        self.sets.iter().find(|one| one.id == set)
    }

    #[must_use]
    pub fn ring(&self, set: RingSetId, ring: RingIndex) -> Option<&RingFacts> {
        self.set(set)?.rings.get(ring.slot())
    }

    /// The rollout that brings the newest quality update of a Windows version to a ring set.
    #[must_use]
    pub fn quality_rollout(&self, set: RingSetId, build: Build) -> Option<&SceneRollout> {
        let latest = yardstick(&self.published, build, None, None, self.now).latest?;
        let wanted = Build { revision: latest, ..build };
        let of_set = |one: &&SceneRollout| {
            one.kind == UpdateKind::Quality
                && one.ring_set == set
                && one.builds.iter().any(|brought| brought.has(wanted))
        };
        self.rollouts.iter().find(of_set)
    }

    /// The newest rollout of a Windows version over a ring set.
    #[must_use]
    pub fn feature_rollout(&self, set: RingSetId) -> Option<&SceneRollout> {
        let of_set = |one: &&SceneRollout| one.kind == UpdateKind::Feature && one.ring_set == set;
        self.rollouts.iter().find(of_set)
    }

    /// What is wanted of a device behind the newest quality update, and what brings it there.
    #[must_use]
    pub fn quality_wanted(
        &self,
        build: Option<Build>,
        place: Option<(RingSetId, RingIndex)>,
    ) -> Wanted<'_> {
        let Some(build) = build else { return Wanted::Nothing };
        let version = |one: &&Published| {
            (one.build.major, one.build.minor, one.build.build)
                == (build.major, build.minor, build.build)
                && one.released_at <= self.now
        };
        let newest = self.published.iter().filter(version).max_by_key(|one| one.build.revision);
        let Some(newest) = newest else { return Wanted::Nothing };
        let rollout = place.and_then(|(set, _)| self.quality_rollout(set, build));
        match (rollout, place) {
            (Some(rollout), Some((_, ring))) => Wanted::Rollout(self.stage(rollout, ring)),
            (_, _) => Wanted::Unreleased { released_at: newest.released_at },
        }
    }

    /// A rollout as one of its rings sees it.
    #[must_use]
    pub fn stage<'a>(&'a self, rollout: &'a SceneRollout, ring: RingIndex) -> Stage<'a> {
        let pause = self.pauses.iter().find_map(|pause| {
            let scope = match pause.target {
                Target::Tenant => PauseScope::Tenant,
                Target::Release(release) if release == rollout.release => PauseScope::Release,
                Target::Ring { rollout: of, ring: paused }
                    if of == rollout.id && paused == ring =>
                {
                    PauseScope::Ring
                }
                Target::Release(_) | Target::Ring { .. } => return None,
            };
            let (by, reason) = (pause.by.as_str(), pause.reason.as_deref());
            Some(Pause { scope, at: pause.at, by, reason })
        });
        Stage {
            rollout: rollout.id,
            created_at: rollout.created_at,
            course: course(rollout.phase, rollout.is_superseded),
            pause,
            wait: rollout.waiting.as_ref().and_then(|on| wait(on, ring)),
            opened_at: rollout.opened.get(ring.slot()).copied().flatten(),
        }
    }

    /// Since when a ring stands still for the newest quality update that is rolled out over its set.
    fn paused_since(&self, set: RingSetId, ring: RingIndex) -> Option<DateTime<Utc>> {
        let is_current = |one: &&SceneRollout| {
            one.kind == UpdateKind::Quality
                && one.ring_set == set
                && !matches!(one.phase, Phase::Cancelled { .. })
        };
        let Some(rollout) = self.rollouts.iter().find(is_current) else {
            let of_all = |pause: &&PauseRow| pause.target == Target::Tenant;
            return self.pauses.iter().find(of_all).map(|pause| pause.at);
        };
        let stage = self.stage(rollout, ring);
        let of_phase = match stage.course {
            Course::PausedByPerson { since } | Course::PausedByService { since } => Some(since),
            Course::Running | Course::TakenBack { .. } => None,
            Course::Cancelled { .. } | Course::Superseded { .. } => None,
        };
        stage.pause.map(|pause| pause.at).into_iter().chain(of_phase).min()
    }
}

fn course(phase: Phase, is_superseded: bool) -> Course {
    match phase {
        Phase::Scheduled | Phase::Offering { .. } | Phase::Soaking { .. } => Course::Running,
        Phase::Completed { .. } => Course::Running,
        Phase::Paused { since, by, .. } => match by {
            PausedBy::Person | PausedBy::Both(_) => Course::PausedByPerson { since },
            PausedBy::Service(_) => Course::PausedByService { since },
        },
        Phase::RollingBack { since, .. } | Phase::RolledBack { since, .. } => {
            Course::TakenBack { since }
        }
        Phase::Cancelled { since, .. } if is_superseded => Course::Superseded { since },
        Phase::Cancelled { since, .. } => Course::Cancelled { since },
    }
}

/// What keeps offers from this ring, if the last decision waits for that.
fn wait(on: &WaitingOn, ring: RingIndex) -> Option<Wait<'_>> {
    match on {
        WaitingOn::Opening { ring: of, .. } if *of == ring => Some(Wait::Deferral),
        WaitingOn::Calendar { ring: of, held } if *of == ring => Some(why(&held.why)),
        WaitingOn::Offers { ring: of, held, .. } if *of == ring => Some(why(&held.why)),
        WaitingOn::Offers { then, .. } => wait(then, ring),
        WaitingOn::Budget { ring: of, .. } if *of == ring => Some(Wait::Budget),
        WaitingOn::Opening { .. } | WaitingOn::Calendar { .. } | WaitingOn::Budget { .. } => None,
        WaitingOn::Nothing | WaitingOn::Person | WaitingOn::StandingPause { .. } => None,
        WaitingOn::Review { .. } | WaitingOn::Members { .. } | WaitingOn::Gate { .. } => None,
        WaitingOn::LastOffers { .. } | WaitingOn::HeldSegments { .. } => None,
        WaitingOn::Removal { .. } | WaitingOn::RemovalReview { .. } => None,
        WaitingOn::LateInstalls { .. } => None,
    }
}

fn why(why: &Why) -> Wait<'_> {
    match why {
        Why::Deferral => Wait::Deferral,
        Why::Day | Why::Window | Why::Rate { .. } => Wait::Window,
        Why::Freeze { owner, reason, .. } => Wait::Freeze { owner, reason },
        Why::Holiday { name, .. } => Wait::Holiday { name },
        Why::UnknownHolidays { calendar } => Wait::Holiday { name: calendar },
    }
}

/// What devices should have: quality updates that nobody declined, without previews, which are optional.
async fn published(
    tx: &mut Tx,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<Vec<Published>, StoreError> {
    let rows = sqlx::query!(
        r#"select u.released_at, b.os_major, b.os_minor, b.os_build, min(b.os_revision) as "os_revision!"
         from catalog_update u
         join update_build b on b.tenant_id = u.tenant_id and b.update_id = u.id
         where u.tenant_id = $1 and u.kind = 'quality' and u.declined is null
             and not (u.cadence = 'monthly' and u.classification = 'nonSecurity')
             and u.released_at > $2::timestamptz - interval '2 years'
         group by u.id, u.released_at, b.os_major, b.os_minor, b.os_build"#,
        tenant.0,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let build = Build {
                major: count(row.os_major)?,
                minor: count(row.os_minor)?,
                build: count(row.os_build)?,
                revision: count(row.os_revision)?,
            };
            Ok(Published { build, released_at: row.released_at })
        })
        .collect()
}

async fn rollouts(tx: &mut Tx, tenant: TenantId) -> Result<Vec<SceneRollout>, StoreError> {
    let rows = sqlx::query!(
        r#"select id as "id!", ring_set_id as "ring_set_id!", release_id as "release_id!",
             update_id as "update_id!", name as "name!", kind as "kind!", phase as "phase!", superseded_by, waiting,
             created_at as "created_at!"
         from (
             select r.id, r.ring_set_id, r.release_id, l.update_id, l.name, u.kind, r.phase,
                 r.superseded_by, r.waiting, r.created_at,
                 row_number() over (partition by r.ring_set_id, u.kind order by r.id desc) as number
             from rollout r
             join release l on l.tenant_id = r.tenant_id and l.id = r.release_id
             join catalog_update u on u.tenant_id = r.tenant_id and u.id = l.update_id
             where r.tenant_id = $1
         ) newest where number <= $2 order by id desc"#,
        tenant.0,
        ROLLOUTS,
    )
    .fetch_all(&mut **tx)
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let updates: Vec<Uuid> = rows.iter().map(|row| row.update_id).collect();
    let builds = sqlx::query!(
        "select update_id, os_major, os_minor, os_build, os_revision from update_build
         where tenant_id = $1 and update_id = any($2)",
        tenant.0,
        &updates,
    )
    .fetch_all(&mut **tx)
    .await?;
    let rings = sqlx::query!(
        "select rollout_id, ring, wanted_at from rollout_ring
         where tenant_id = $1 and rollout_id = any($2) and wanted_access <> 'closed'",
        tenant.0,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let mut opened = vec![None; domain::ring::MAX_RINGS];
            for open in rings.iter().filter(|open| open.rollout_id == row.id) {
                if let Some(slot) = opened.get_mut(ring(open.ring)?.slot()) {
                    *slot = open.wanted_at;
                }
            }
            let of_update = builds.iter().filter(|build| build.update_id == row.update_id);
            let builds = of_update.map(|build| {
                Ok(Build {
                    major: count(build.os_major)?,
                    minor: count(build.os_minor)?,
                    build: count(build.os_build)?,
                    revision: count(build.os_revision)?,
                })
            });
            let waiting = row.waiting.map(serde_json::from_value).transpose();
            Ok(SceneRollout {
                id: RolloutId(row.id),
                ring_set: RingSetId(row.ring_set_id),
                release: ReleaseId(row.release_id),
                kind: update_kind(&row.kind)?,
                builds: builds.collect::<Result<_, StoreError>>()?,
                name: row.name,
                created_at: row.created_at,
                phase: phase(row.phase)?,
                is_superseded: row.superseded_by.is_some(),
                waiting: waiting.map_err(StoreError::corrupt)?,
                opened,
            })
        })
        .collect()
}
