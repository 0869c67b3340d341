//! Ring after ring, from where the rollout stands.

use chrono::{DateTime, Utc};

use super::scene::{Course, Having, Scene, counted, have};
use super::stand::{Stand, stand};
use super::{Awaited, COMPLIANT_PERCENT, Expected, Unknown, ideal, likely};
use crate::approval;
use crate::gate::Verdict;
use crate::ring::RingIndex;
use crate::rollout::phase::Phase;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Earliest,
    Likely,
}

/// One ring.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) opens: Expected,
    pub(super) last_offer: Expected,
    pub(super) passes: Expected,
    pub(super) compliant: Expected,
}

#[derive(Debug)]
pub(super) struct Walked {
    pub(super) rings: Vec<Path>,
    pub(super) finished: Expected,
    pub(super) compliant: Expected,
}

/// A moment, and what it is counted from if a person has to do something first.
type When = (Result<DateTime<Utc>, Unknown>, Option<(Awaited, DateTime<Utc>)>);

fn expected((at, after): When) -> Expected {
    match (at, after) {
        (Err(unknown), _) => Expected::Unknown(unknown),
        (Ok(at), None) => Expected::At(at),
        (Ok(at), Some((awaited, from))) => Expected::After { awaited, lasts: at - from },
    }
}

/// What came of one ring, for those after it and for the whole.
struct Step<'a> {
    path: Path,
    /// When the next one may open.
    passes: When,
    last_offer: When,
    having: Option<Box<dyn Having + 'a>>,
}

pub(super) fn walk(scene: &Scene<'_>, mode: Mode) -> Walked {
    let stand = stand(scene);
    let after = stand.awaited.map(|awaited| (awaited, scene.now));
    let start = match &stand.obstacle {
        Some(unknown) => Err(unknown.clone()),
        None => Ok(scene.now),
    };
    let mut before: When = (start, after);
    let mut steps = Vec::new();
    for ring in scene.plan.indices() {
        let step = step(scene, mode, &stand, ring, &before);
        before = step.passes.clone();
        steps.push(step);
    }
    let finished = finished(scene, &stand, &steps);
    let compliant = compliant_of_all(scene, &steps, mode);
    let rings = steps.into_iter().map(|step| step.path).collect();
    Walked { rings, finished, compliant }
}

fn step<'a>(
    scene: &Scene<'a>,
    mode: Mode,
    stand: &Stand,
    ring: RingIndex,
    before: &When,
) -> Step<'a> {
    let is_open = stand.is_open(ring);
    let (mut from, mut after) = before.clone();
    if is_open {
        // What went before is of no matter to a ring that is open.
        (from, after) = match &stand.obstacle {
            Some(unknown) => (Err(unknown.clone()), None),
            None => (Ok(scene.now), stand.awaited.map(|awaited| (awaited, scene.now))),
        };
    } else {
        from = from.and_then(|from| scene.opening(ring, from));
        let observed = scene.seen.ring(ring);
        if observed.tally.members() == 0 {
            let held = observed.aside.members() > 0;
            let why = if held { Unknown::Held } else { Unknown::NoMembers { ring } };
            let passed_over = held && scene.vouched(ring);
            from = from.and_then(|from| if passed_over { Ok(from) } else { Err(why) });
        }
    }
    if let (true, Ok(from)) = (scene.seen.is_paused(ring), &from) {
        after = Some((Awaited::PauseLifted { ring }, *from));
    }
    let opens = if is_open {
        Expected::Past(scene.offers(ring).and_then(|offers| offers.first))
    } else {
        expected((from.clone(), after))
    };
    let is_current = stand.ring == Some(ring);
    match from {
        Err(unknown) => {
            let waits = scene.seen.tally(ring).waiting() > 0;
            let last_offer = if is_open && !waits {
                Expected::Past(scene.offers(ring).and_then(|offers| offers.last))
            } else {
                Expected::Unknown(unknown.clone())
            };
            let lost: When = (Err(unknown.clone()), None);
            let path = Path {
                opens,
                last_offer,
                passes: if is_open && !is_current {
                    Expected::Past(None)
                } else {
                    Expected::Unknown(unknown.clone())
                },
                compliant: Expected::Unknown(unknown),
            };
            Step { path, passes: lost.clone(), last_offer: lost, having: None }
        }
        Ok(from) => {
            let soaks_since = stand.soaks_since.filter(|_| is_current);
            match mode {
                Mode::Earliest => {
                    let course = ideal::course(scene, ring, from, soaks_since);
                    of_course(scene, mode, stand, (ring, from, after, opens), course)
                }
                Mode::Likely => {
                    let stage = is_current.then_some((stand.opened_at, soaks_since));
                    let course = likely::course(scene, ring, from, stage);
                    of_course(scene, mode, stand, (ring, from, after, opens), course)
                }
            }
        }
    }
}

type Opened = (RingIndex, DateTime<Utc>, Option<(Awaited, DateTime<Utc>)>, Expected);

fn of_course<'a, S: Having + 'a>(
    scene: &Scene<'_>,
    mode: Mode,
    stand: &Stand,
    (ring, from, after, opens): Opened,
    course: Course<S>,
) -> Step<'a> {
    let waits = scene.seen.tally(ring).waiting() > 0;
    let is_open = stand.is_open(ring);
    let last_offer: When = (course.last_offer, after);
    let shown_last = if is_open && !waits {
        Expected::Past(scene.offers(ring).and_then(|offers| offers.last))
    } else {
        expected(last_offer.clone())
    };
    let is_past = stand.completed || stand.ring.is_some_and(|last| ring < last);
    let passes: When = if is_past {
        (Ok(scene.now), None)
    } else {
        approved(scene, mode, ring, (course.passes, after))
    };
    let shown_passes = if is_past { Expected::Past(None) } else { expected(passes.clone()) };
    let counted = counted(&scene.seen.ring(ring));
    let having = |at| course.having.having(at);
    // Devices that were offered the update go on whatever is paused.
    let after_pause = after.filter(|_| waits || !is_open);
    let compliant = compliant((scene.now, from), having, counted, mode);
    let shown_compliant = match compliant {
        // At the earliest, all that are in flight take it now: that is not that they have it.
        Ok(_) if is_open && is_compliant(have_of(scene, ring), counted) => Expected::Past(None),
        other => expected((other, after_pause)),
    };
    let path =
        Path { opens, last_offer: shown_last, passes: shown_passes, compliant: shown_compliant };
    Step { path, passes, last_offer, having: Some(Box::new(course.having)) }
}

/// Whether people have to agree yet: as early as can be they do at once, else nobody knows when.
fn approved(scene: &Scene<'_>, mode: Mode, ring: RingIndex, (passes, after): When) -> When {
    let quorum = scene.ring(ring).and_then(|ring| ring.approvals.as_ref());
    let asks = quorum.is_some() && !scene.vouched(ring) && scene.plan.after(ring).is_some();
    let Ok(at) = passes else { return (passes, after) };
    if mode == Mode::Earliest || !asks {
        return (passes, after);
    }
    let seen = scene.seen;
    let context = approval::Context {
        ring,
        plan: seen.plan_id,
        author: &seen.author,
        void_before: seen.watched_at,
        now: at,
    };
    match approval::judge(quorum, &seen.approvals, &context).0 {
        Verdict::Pass => (Ok(at), after),
        Verdict::Wait { .. } | Verdict::Fail | Verdict::Unknown => {
            (Ok(at), Some((Awaited::Approval { ring }, at)))
        }
    }
}

/// Devices of a ring that have the update now, those set aside too.
fn have_of(scene: &Scene<'_>, ring: RingIndex) -> u32 {
    let seen = scene.seen.ring(ring);
    have(&seen.tally).saturating_add(have(&seen.aside))
}

/// Whether so many of `counted` are 95 %.
fn is_compliant(have: u32, counted: u32) -> bool {
    u64::from(have) * 100 >= u64::from(counted) * u64::from(COMPLIANT_PERCENT)
}

/// When so many of `counted` devices have the update.
fn compliant(
    (now, from): (DateTime<Utc>, DateTime<Utc>),
    having: impl Fn(DateTime<Utc>) -> f64,
    counted: u32,
    mode: Mode,
) -> Result<DateTime<Utc>, Unknown> {
    if counted == 0 {
        return Err(Unknown::TooFew);
    }
    let wanted = (u64::from(counted) * u64::from(COMPLIANT_PERCENT)).div_ceil(100);
    let wanted = f64::from(u32::try_from(wanted).unwrap_or(u32::MAX));
    // The middle of when an expected number is reached.
    let wanted = match mode {
        Mode::Earliest => wanted,
        Mode::Likely => wanted - 0.5,
    };
    let start = if having(now) >= wanted { now } else { from };
    Scene::first(start, |at| having(at) >= wanted).ok_or(Unknown::TooFew)
}

fn compliant_of_all(scene: &Scene<'_>, steps: &[Step<'_>], mode: Mode) -> Expected {
    // Later rings may not be needed for it, and what nobody knows of them is of no matter then.
    let counted = scene.plan.indices().map(|ring| counted(&scene.seen.ring(ring)));
    let counted = counted.fold(0, u32::saturating_add);
    let have_now = scene.plan.indices().map(|ring| have_of(scene, ring));
    let have_now = have_now.fold(0, u32::saturating_add);
    let having = |at: DateTime<Utc>| -> f64 {
        steps.iter().filter_map(|step| step.having.as_ref()).map(|one| one.having(at)).sum()
    };
    let unknown = steps.iter().find_map(|step| match &step.path.compliant {
        Expected::Unknown(unknown) if step.having.is_none() => Some(unknown.clone()),
        Expected::Unknown(_) | Expected::Past(_) => None,
        Expected::At(_) | Expected::After { .. } => None,
    });
    match compliant((scene.now, scene.now), having, counted, mode) {
        Err(too_few) => Expected::Unknown(unknown.unwrap_or(too_few)),
        Ok(_) if is_compliant(have_now, counted) => Expected::Past(None),
        Ok(at) => {
            let waiting = scene.plan.indices().zip(steps).filter(|(ring, step)| {
                step.last_offer.1.is_some() && scene.seen.tally(*ring).waiting() > 0
            });
            let after = waiting.last().and_then(|(_, step)| step.last_offer.1);
            expected((Ok(at), after))
        }
    }
}

fn finished(scene: &Scene<'_>, stand: &Stand, steps: &[Step<'_>]) -> Expected {
    if let Phase::Completed { since, .. } = scene.phase {
        return Expected::Past(Some(since));
    }
    if stand.obstacle.is_none() && !scene.seen.held.is_empty() {
        return Expected::Unknown(Unknown::Held);
    }
    let Some(last) = steps.last() else { return Expected::Unknown(Unknown::Ended) };
    let mut when: When = last.passes.clone();
    for step in steps {
        let (offered, after) = &step.last_offer;
        when = match (when, offered) {
            ((Err(unknown), after), _) => (Err(unknown), after),
            (_, Err(unknown)) => (Err(unknown.clone()), None),
            ((Ok(at), chain), Ok(offered)) => (Ok(at.max(*offered)), chain.or(*after)),
        };
    }
    expected(when)
}
