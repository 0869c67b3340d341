//! A year of Patch Tuesdays over 20,000 devices, as an operator would tell it: two freezes, an update out of
//! band that crosses one of them, a bad release that is rolled back, one that is superseded half way.
//!
//! Planner and database are the real ones; the clock is not, and Graph is left out: what was offered is
//! read from the waves that the database hands out for delivery.

mod fleet;
mod play;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Datelike as _, NaiveTime, TimeDelta, Timelike as _, Utc, Weekday};
use domain::build::Build;
use domain::calendar::{Opening, RingCalendar, Rule, Scope as Frozen, Window, Zone, patch_tuesday};
use domain::control::Control;
use domain::ids::RolloutId;
use domain::ring::{Cadence, Membership, Ring, RingSet, WaveLimit};
use domain::rollout::observations::Wish;
use domain::rollout::phase::Phase;
use domain::update::Delivery;
use store::catalog::{ImportedUpdate, UpdateBuild};
use store::controls::NewControl;
use store::devices::DeviceFilter;
use store::freezes::NewFreeze;
use store::registration::Scope;
use store::releases::NewRelease;

use crate::world::{ALL, Database, OLD, World, fleet, group, new_rollout, ring, tenant, update};
use fleet::{DEVICES, RINGS};
use play::Play;

/// Devices that are on hold all year: the first of Broad.
const HELD: u128 = 40;

fn at(text: &str) -> DateTime<Utc> {
    format!("2026-{text}:00Z").parse().expect("a time")
}

/// Offers to Fast and Broad are made at night, from Monday to Thursday.
fn nights() -> RingCalendar {
    let rule = Rule::new("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH").expect("a rule");
    let start = NaiveTime::from_hms_opt(20, 0, 0).expect("a time");
    let window = Window::new(rule, None, start, 8 * 60).expect("a window");
    let zone: Zone = "Europe/Zurich".parse().expect("a zone");
    RingCalendar { zone, opening: Opening::ANY, windows: vec![window], ..RingCalendar::ALWAYS }
}

/// Whether `nights` has it so, worked out on another way.
fn is_night(at: DateTime<Utc>) -> bool {
    let zone: Zone = "Europe/Zurich".parse().expect("a zone");
    let local = at.with_timezone(&zone.tz());
    // The night belongs to the day it began on.
    let began = (local - TimeDelta::hours(4)).weekday();
    (local.hour() >= 20 || local.hour() < 4)
        && !matches!(began, Weekday::Fri | Weekday::Sat | Weekday::Sun)
}

fn ring_set() -> RingSet {
    let days = [0, 1, 4, 7];
    let rings = (0_u128..).zip(RINGS).zip(days).map(|((index, (name, _)), deferral_days)| Ring {
        membership: Membership { percent: 0, groups: vec![group(index)] },
        cadence: Cadence { deferral_days, deadline_days: 2, grace_days: 1 },
        waves: WaveLimit { least: 100, most: 8_000, percent: 40 },
        calendar: (index >= 2).then(nights),
        ..ring(name, 0, vec![])
    });
    RingSet::new("Company".to_owned(), rings.collect()).expect("a good set")
}

/// Twenty thousand devices in four rings, none of which was ever offered anything.
async fn world() -> World {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let now = at("01-01T00:00");
    store.device_import(tenant, &fleet(DEVICES)).await.expect("a fleet");
    let mut first = 0;
    for (index, (_, devices)) in (0_u128..).zip(RINGS) {
        let members: Vec<_> = (first..first + u128::from(devices))
            .map(|number| crate::world::device(number).object.expect("an object"))
            .collect();
        first += u128::from(devices);
        store.group_replace(tenant, group(index), &members, &[], now).await.expect("a group");
    }
    store.registration_run(tenant, Scope::Due, now).await.expect("registration");
    let set = store.ring_set_create(tenant, &ring_set(), "ana", now).await.expect("a ring set");
    store.ring_set_place(tenant, set.id, now).await.expect("placement");
    hold(&store, tenant, now).await;
    let nobody = uuid::Uuid::nil();
    World {
        database,
        store,
        tenant,
        update: domain::ids::UpdateId(nobody),
        release: domain::ids::ReleaseId(nobody),
        ring_set: set.id,
        rollout: RolloutId(nobody),
    }
}

fn held() -> impl Iterator<Item = u128> {
    let before: u32 = RINGS[..3].iter().map(|(_, devices)| devices).sum();
    (0..HELD).map(move |number| u128::from(before) + number)
}

async fn hold(store: &store::Store, tenant: domain::ids::TenantId, now: DateTime<Utc>) {
    let mut devices = Vec::new();
    for number in held() {
        let name_prefix = crate::world::device(number).name;
        let filter = DeviceFilter { name_prefix: Some(name_prefix), ..DeviceFilter::default() };
        let found = store.device_list(tenant, &filter, ALL).await.expect("a device");
        devices.extend(found.into_iter().map(|device| device.id));
    }
    let reason = "runs the scales".to_owned();
    let (control, owner) = (Control::Hold, "ana".to_owned());
    let new = NewControl { control, reason, owner, expires_at: None, filter: None };
    let counts = store.device_control_set(tenant, &devices, &new, now).await.expect("a hold");
    assert_eq!(u128::from(counts.devices), HELD);
}

/// One update of the year.
struct Update<'a> {
    name: &'a str,
    released_at: DateTime<Utc>,
    revision: u32,
    out_of_band: bool,
    /// Every so many devices one fails.
    bad: u128,
}

/// Makes release and rollout of an update; everybody checked in the day before.
async fn release(play: &mut Play, update_: Update<'_>) -> RolloutId {
    let (store, tenant) = (play.world.store.clone(), play.world.tenant);
    let Update { name, released_at, revision, out_of_band, bad } = update_;
    play.until(released_at).await;
    let signs = play.fleet.everybody(play.now);
    store.checkin_ingest(tenant, &signs, TimeDelta::hours(4), play.now).await.expect("check-ins");
    let build = Build { revision, ..OLD };
    let imported = ImportedUpdate {
        catalog_entry_id: name.to_owned(),
        title: name.to_owned(),
        short_name: name.to_owned(),
        cadence: if out_of_band { "outOfBand" } else { "monthly" }.to_owned(),
        released_at,
        builds: vec![UpdateBuild { build, ..update().builds.remove(0) }],
        ..update()
    };
    store.catalog_import(tenant, &[imported]).await.expect("a catalogue");
    let found = store.update_list(tenant, ALL).await.expect("updates");
    let found =
        found.iter().find(|row| row.update.catalog_entry_id == name).expect("the update").id;
    let delivery = out_of_band.then_some(Delivery::Quality { expedite: Some(1) });
    let new = NewRelease { update: found, name, delivery };
    let release = store.release_create(tenant, new, "ana", play.now).await.expect("a release").id;
    let new = new_rollout(release, play.world.ring_set);
    let row = store.rollout_create(tenant, &new, "ana", play.now).await.expect("a rollout");
    let from = play.fleet.revision(0);
    play.started((row.id, name), (revision, from), bad);
    play.say(&format!("{name}: released, ana starts it"));
    row.id
}

/// What a month brings besides its update.
async fn month(play: &mut Play, number: u32) {
    let tuesday = patch_tuesday(2026, number).expect("a month");
    let released_at = tuesday.and_hms_opt(18, 0, 0).expect("a time").and_utc();
    let name = format!("2026-{number:02} B");
    let bad = if number == 5 { 3 } else { 200 };
    let revision = OLD.revision + 10 * number;
    let of_month = Update { name: &name, released_at, revision, out_of_band: false, bad };
    let rollout = release(play, of_month).await;
    match number {
        3 => quarter_end(play, rollout).await,
        5 => rolled_back(play, rollout).await,
        7 => superseded(play, revision).await,
        _ => {}
    }
}

/// A freeze for the end of the quarter holds Broad; an update against an attack crosses it.
async fn quarter_end(play: &mut Play, _of_month: RolloutId) {
    let (store, tenant) = (play.world.store.clone(), play.world.tenant);
    play.until(at("03-20T12:00")).await;
    let scope = Frozen::RingSet { ring_set: play.world.ring_set };
    let (from, until) = (Some(at("03-23T00:00")), Some(at("04-02T00:00")));
    let new = NewFreeze { scope, from, until, reason: "end of the quarter".to_owned() };
    let freeze = store.freeze_create(tenant, &new, "finance", play.now).await.expect("a freeze");
    play.say("finance freezes the rings from 23 March to 2 April");
    let urgent = Update {
        name: "2026-03 out of band",
        released_at: at("03-26T18:00"),
        revision: OLD.revision + 35,
        out_of_band: true,
        bad: 200,
    };
    let urgent = release(play, urgent).await;
    play.until(at("03-27T08:00")).await;
    let why = ("marc", "attacked by now");
    store.freeze_cross(tenant, freeze.freeze.id, urgent, why, play.now).await.expect("a crossing");
    play.say("marc lets 2026-03 out of band cross the freeze");
}

/// The service stops it; a person takes it back.
async fn rolled_back(play: &mut Play, _rollout: RolloutId) {
    while !matches!(play.rollouts.last().expect("it").phase, Phase::Paused { .. }) {
        assert!(play.now < at("05-19T18:00"), "a third of the devices fail, and nothing stops it");
        let next = play.now + play::TICK;
        play.until(next).await;
    }
    let next = play.now + TimeDelta::hours(6);
    play.until(next).await;
    play.say("ana wants it taken back");
    play.ask(Wish::Withdraw, "printers").await;
    play.finish().await;
}

/// An update out of band comes while Broad is being offered the one before.
async fn superseded(play: &mut Play, revision: u32) {
    let newer = Update {
        name: "2026-07 out of band",
        released_at: at("07-22T18:00"),
        revision: revision + 5,
        out_of_band: true,
        bad: 200,
    };
    release(play, newer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_patch_tuesdays() {
    let started = std::time::Instant::now();
    let mut play = Play::new(world().await, at("01-01T00:00"));
    for number in 1..=12 {
        if number == 12 {
            let new = NewFreeze {
                scope: Frozen::Tenant,
                from: Some(at("12-18T12:00")),
                until: Some(at("12-31T00:00") + TimeDelta::days(4)),
                reason: "the end of the year".to_owned(),
            };
            play.until(at("12-01T09:00")).await;
            let made = play.world.store.freeze_create(play.world.tenant, &new, "board", play.now);
            made.await.expect("a freeze");
            play.say("the board freezes everything from 18 December to 4 January");
        }
        month(&mut play, number).await;
    }
    play.finish().await;
    eprintln!("a year in {:?}, {} waves", started.elapsed(), play.ledger.len());
    insta::assert_snapshot!("a_year_of_patch_tuesdays", play.transcript);
    check(&play).await;
}

/// What must never happen, looked for in all that was offered.
async fn check(play: &Play) {
    let held: HashSet<u128> = held().collect();
    let mut once = HashMap::new();
    let names: HashMap<_, _> = play.rollouts.iter().map(|one| (one.id, one)).collect();
    for offer in &play.ledger {
        let rollout = names[&offer.rollout];
        let (at, name) = (offer.at, &rollout.name);
        assert!(offer.ring < 2 || is_night(at), "{name} to ring {} at {at}", offer.ring);
        let crosses = name == "2026-03 out of band";
        let quarter = at >= self::at("03-23T00:00") && at < self::at("04-02T00:00");
        assert!(!quarter || crosses, "{name} in the first freeze at {at}");
        let year_end =
            at >= self::at("12-18T12:00") && at < self::at("12-31T00:00") + TimeDelta::days(4);
        assert!(!year_end, "{name} in the second freeze at {at}");
        for (device, before) in offer.devices.iter().zip(&offer.before) {
            let number = fleet::Fleet::number(*device);
            assert!(!held.contains(&number), "{name} to the held device {number}");
            assert!(*before < rollout.revisions.0, "{name} would move {number} back");
            let again = once.insert((offer.rollout, number), at);
            assert_eq!(again, None, "{name} to {number} twice");
        }
    }
    // The ledger is what the database says.
    let offered = crate::world::number(
        &mut play.world.database.raw().await,
        "select sum(devices) from wave where kind = 'offer'",
    )
    .await;
    assert_eq!(usize::try_from(offered).ok(), Some(once.len()));
    let last = play.rollouts.last().expect("December");
    let up_to_date = (0..DEVICES).filter(|n| play.fleet.revision(*n) == last.revisions.0).count();
    assert!(up_to_date > 19_500, "{up_to_date} devices are up to date at the end of the year");
}
