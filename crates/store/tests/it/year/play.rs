//! The service without its server: real planner, real database, one tick after the other.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::{Held, Why};
use domain::ids::{EntraDeviceId, RolloutId};
use domain::ring::RingIndex;
use domain::rollout::decide::{Decision, WaitingOn, decide};
use domain::rollout::observations::Wish;
use domain::rollout::phase::{Event, PausedBy, Phase};
use store::enforcement::{PendingWave, WaveKind};
use store::rollouts::Request;

use super::fleet::{Fleet, RINGS};
use crate::world::World;

pub(super) const TICK: TimeDelta = TimeDelta::hours(2);
const CONFIRM_AFTER: TimeDelta = TimeDelta::hours(4);

/// A rollout that is played.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) id: RolloutId,
    pub(super) name: String,
    /// What it brings, and what a device that takes it back runs.
    pub(super) revisions: (u32, u32),
    /// Every so many devices one fails.
    pub(super) bad: u128,
    pub(super) phase: Phase,
    /// Offers of the ring that is being offered: devices, waves, first and last.
    offers: BTreeMap<u8, (u32, u32, DateTime<Utc>, DateTime<Utc>)>,
    removals: Option<(u32, u32, DateTime<Utc>)>,
    held: Option<String>,
}

impl Played {
    pub(super) fn is_over(&self) -> bool {
        match self.phase {
            Phase::Completed { .. } | Phase::RolledBack { .. } | Phase::Cancelled { .. } => true,
            Phase::Scheduled | Phase::Offering { .. } | Phase::Soaking { .. } => false,
            Phase::Paused { .. } | Phase::RollingBack { .. } => false,
        }
    }

    fn is_open(&self) -> bool {
        matches!(
            self.phase,
            Phase::Offering { .. } | Phase::Soaking { .. } | Phase::Completed { .. }
        )
    }
}

/// Who was offered what, and when.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) at: DateTime<Utc>,
    pub(super) rollout: RolloutId,
    pub(super) ring: u8,
    pub(super) devices: Vec<EntraDeviceId>,
    /// What each of them ran before.
    pub(super) before: Vec<u32>,
}

pub(super) struct Play {
    pub(super) world: World,
    pub(super) now: DateTime<Utc>,
    pub(super) fleet: Fleet,
    pub(super) rollouts: Vec<Played>,
    pub(super) ledger: Vec<Offer>,
    pub(super) transcript: String,
}

impl Play {
    pub(super) fn new(world: World, now: DateTime<Utc>) -> Self {
        let (rollouts, ledger) = (Vec::new(), Vec::new());
        Self { world, now, fleet: Fleet::new(), rollouts, ledger, transcript: String::new() }
    }

    pub(super) fn say(&mut self, what: &str) {
        let when = self.now.format("%a %d %b %H:%M");
        writeln!(self.transcript, "{when}  {what}").expect("memory");
    }

    pub(super) fn started(
        &mut self,
        (id, name): (RolloutId, &str),
        revisions: (u32, u32),
        bad: u128,
    ) {
        self.rollouts.push(Played {
            id,
            name: name.to_owned(),
            revisions,
            bad,
            phase: Phase::Scheduled,
            offers: BTreeMap::new(),
            removals: None,
            held: None,
        });
    }

    /// Time passes until `until`; between rollouts it passes at once.
    pub(super) async fn until(&mut self, until: DateTime<Utc>) {
        while self.now < until {
            if self.rollouts.iter().all(Played::is_over) {
                self.now = until;
                return;
            }
            self.now += TICK;
            self.tick().await;
        }
    }

    /// Until nothing is under way any more.
    pub(super) async fn finish(&mut self) {
        let too_long = self.now + TimeDelta::days(60);
        while !self.rollouts.iter().all(Played::is_over) {
            assert!(self.now < too_long, "it comes to no end:\n{}", self.transcript);
            self.now += TICK;
            self.tick().await;
        }
    }

    async fn tick(&mut self) {
        let (store, tenant, now) = (self.world.store.clone(), self.world.tenant, self.now);
        let open: Vec<RolloutId> =
            self.rollouts.iter().filter(|one| one.is_open()).map(|one| one.id).collect();
        let heard = self.fleet.until(now, |rollout| open.contains(&rollout));
        for (rollout, reports) in &heard.reports {
            store.report_ingest(tenant, *rollout, reports, now).await.expect("reports");
        }
        store
            .checkin_ingest(tenant, &heard.check_ins, CONFIRM_AFTER, now)
            .await
            .expect("check-ins");
        store.observed(tenant, now, now).await.expect("a read");
        for index in 0..self.rollouts.len() {
            if !self.rollouts[index].is_over() {
                if now.timestamp() % 86_400 == 0 {
                    store
                        .rollout_sweep(tenant, self.rollouts[index].id, now)
                        .await
                        .expect("a sweep");
                }
                self.advance(index).await;
            }
        }
    }

    /// Decides and records until there is something to wait for.
    async fn advance(&mut self, index: usize) {
        let (store, tenant, now) = (self.world.store.clone(), self.world.tenant, self.now);
        let id = self.rollouts[index].id;
        for _ in 0..200 {
            let seen = store.rollout_snapshot(tenant, id).await.expect("a snapshot");
            match decide(&seen.plan, seen.phase, &seen.observations, now) {
                Decision::Wait(waiting) => {
                    store.rollout_waits(tenant, id, &waiting, now).await.expect("a note");
                    self.waits(index, &waiting);
                    return;
                }
                Decision::Act(event) => {
                    let generation = store.rollout_record(tenant, id, &seen, event, now).await;
                    let generation = generation.expect("a record");
                    self.rollouts[index].phase =
                        seen.phase.apply(event, now).expect("a legal move");
                    self.happened(index, event, generation).await;
                }
            }
        }
        panic!("{} does not come to rest", self.rollouts[index].name);
    }

    async fn happened(&mut self, index: usize, event: Event, generation: i64) {
        let name = self.rollouts[index].name.clone();
        let ring_name = |ring: RingIndex| RINGS[ring.slot()].0;
        match event {
            Event::WaveOffered { ring, wave, devices } => {
                let wave =
                    PendingWave { kind: WaveKind::Offer, ring, number: count(wave), generation };
                self.deliver(index, wave).await;
                let now = self.now;
                let offers = self.rollouts[index].offers.entry(ring.0).or_insert((0, 0, now, now));
                *offers = (offers.0 + devices, offers.1 + 1, offers.2, now);
            }
            Event::RemovalWave { ring, wave, devices } => {
                let kind = WaveKind::Removal;
                self.deliver(index, PendingWave { kind, ring, number: count(wave), generation })
                    .await;
                let now = self.now;
                let removals = self.rollouts[index].removals.get_or_insert((0, 0, now));
                *removals = (removals.0 + devices, removals.1 + 1, removals.2);
            }
            Event::RingOpened { ring } => self.say(&format!("{name}: {} opens", ring_name(ring))),
            Event::SoakStarted { ring } => {
                self.offered_so_far(index);
                self.say(&format!("{name}: enough of {} is known, it soaks", ring_name(ring)));
            }
            Event::Paused { by } => {
                self.offered_so_far(index);
                let by = match PausedBy::from(by) {
                    PausedBy::Person => "a person".to_owned(),
                    PausedBy::Service(cause) | PausedBy::Both(cause) => {
                        format!("the service, because of {}", cause.condition.name())
                    }
                };
                self.say(&format!("{name}: PAUSED by {by}"));
            }
            Event::EvidenceMoved { level } => {
                self.say(&format!("{name}: evidence against it is at {}", level.name()));
            }
            Event::Completed => {
                self.offered_so_far(index);
                self.say(&format!("{name}: completed"));
            }
            Event::RollbackStarted => self.say(&format!("{name}: is taken back")),
            Event::RolledBack => {
                let (devices, waves, first) = self.rollouts[index].removals.expect("removals");
                let first = first.format("%a %d %b %H:%M");
                self.say(&format!(
                    "{name}: rolled back, {devices} devices told to uninstall, waves: {waves}, from {first}"
                ));
            }
            Event::Superseded { .. } => {
                self.offered_so_far(index);
                self.say(&format!("{name}: superseded"));
            }
            Event::Resumed | Event::Cancelled => self.say(&format!("{name}: {event:?}")),
            Event::SegmentHeld { .. } | Event::SegmentReleased { .. } => {
                self.say(&format!("{name}: {event:?}"));
            }
            Event::OffersTakenBack { .. } | Event::OffersReturned { .. } => {
                self.say(&format!("{name}: {event:?}"));
            }
        }
    }

    fn offered_so_far(&mut self, index: usize) {
        let name = self.rollouts[index].name.clone();
        for (ring, (devices, waves, first, last)) in
            std::mem::take(&mut self.rollouts[index].offers)
        {
            let when = |at: DateTime<Utc>| at.format("%a %d %b %H:%M");
            let ring = RINGS[usize::from(ring)].0;
            let (first, last) = (when(first), when(last));
            self.say(&format!(
                "{name}: offered to {devices} devices of {ring}, waves: {waves}, {first} to {last}"
            ));
        }
    }

    /// What holds offers or the next ring, when it is not the gate.
    fn waits(&mut self, index: usize, waiting: &WaitingOn) {
        let told = match waiting {
            WaitingOn::Calendar { ring, held } | WaitingOn::Offers { ring, held, .. } => {
                calendar(held).map(|why| format!("{} waits: {why}", RINGS[ring.slot()].0))
            }
            WaitingOn::Nothing | WaitingOn::Person | WaitingOn::Review { .. } => None,
            WaitingOn::Opening { .. } | WaitingOn::Members { .. } | WaitingOn::Gate { .. } => None,
            WaitingOn::LastOffers { .. } | WaitingOn::HeldSegments { .. } => None,
            WaitingOn::Removal { .. } | WaitingOn::LateInstalls { .. } => None,
            WaitingOn::StandingPause { .. } | WaitingOn::RemovalReview { .. } => None,
            WaitingOn::Budget { .. } => None,
        };
        if let Some(why) = told.filter(|why| Some(why) != self.rollouts[index].held.as_ref()) {
            let name = self.rollouts[index].name.clone();
            self.say(&format!("{name}: {why}"));
            self.rollouts[index].held = Some(why);
        }
    }

    async fn deliver(&mut self, index: usize, wave: PendingWave) {
        let (store, tenant, now) = (self.world.store.clone(), self.world.tenant, self.now);
        let Played { id, revisions: (to, from), bad, .. } = self.rollouts[index];
        let devices = store.wave_devices(tenant, id, wave).await.expect("devices");
        let devices: Vec<EntraDeviceId> = devices.iter().map(|one| one.entra_device).collect();
        store.wave_delivered(tenant, id, wave, now).await.expect("a delivery");
        match wave.kind {
            WaveKind::Offer => {
                let ring = wave.ring.0;
                self.fleet.offered((id, ring), &devices, (to, bad), now);
                let runs = |device: &EntraDeviceId| self.fleet.revision(Fleet::number(*device));
                let before = devices.iter().map(runs).collect();
                self.ledger.push(Offer { at: now, rollout: id, ring, devices, before });
            }
            WaveKind::Removal => self.fleet.removed(&devices, from, now),
            WaveKind::Withdrawal => {}
        }
    }

    /// What a person asks of the newest rollout.
    pub(super) async fn ask(&mut self, wish: Wish, reason: &str) {
        let actor = "ana".to_owned();
        let reason = Some(reason.to_owned());
        let request = Request { wish, promoted: None, take_back: false, actor, reason };
        let id = self.rollouts.last().expect("a rollout").id;
        let asked =
            self.world.store.rollout_request(self.world.tenant, id, &request, self.now).await;
        asked.expect("a request");
    }
}

/// Windows come and go every day; the rest is worth a line.
fn calendar(held: &Held) -> Option<String> {
    match &held.why {
        Why::Freeze { owner, reason, .. } => Some(format!("frozen by {owner}, {reason}")),
        Why::Holiday { name, .. } => Some(format!("{name} is a holiday")),
        Why::UnknownHolidays { calendar } => Some(format!("there is no calendar {calendar}")),
        Why::Day => Some("it does not open on such a day".to_owned()),
        Why::Window | Why::Rate { .. } | Why::Deferral => None,
    }
}

fn count(number: u32) -> i32 {
    i32::try_from(number).expect("few waves")
}
