//! How far likely dates are from what happens, over simulated releases. What docs/forecast.md says of it is
//! printed by `cargo test -p concentric-domain --test it -- forecast::calibration --nocapture`.

use chrono::TimeDelta;
use domain::attempt::AttemptState as S;
use domain::calendar::Known;
use domain::evidence::coverage::AGES;
use domain::forecast::{Expected, Forecast, Pace, PastPace};
use domain::gate::Gate;
use domain::ring::{RingSet, WaveLimit};
use domain::rollout::plan::{OnGateFailure, Plan};

use super::played::Played;
use crate::world::{hour, policy, ring, running};

/// splitmix64.
struct Chance(u64);

impl Chance {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        let unit = (mixed >> 11) as f64 / 9_007_199_254_740_992.0;
        unit
    }
}

/// What the devices of one tenant are like: not the curve that a forecast begins with.
#[derive(Clone, Copy)]
struct Habits {
    /// Hours, of a device that is on every day.
    median: f64,
    /// Of the logarithm.
    spread: f64,
    never: f64,
    fails: f64,
}

impl Habits {
    fn takes(self, chance: &mut Chance) -> (TimeDelta, S) {
        let window = Gate::DEFAULT.observation_window;
        let normal = (-2.0 * (1.0 - chance.unit()).ln()).sqrt()
            * (std::f64::consts::TAU * chance.unit()).cos();
        let hours = self.median * (self.spread * normal).exp();
        #[expect(clippy::cast_possible_truncation, reason = "minutes of some days")]
        let takes = TimeDelta::minutes((hours * 60.0).min(1e7) as i64);
        let (never, fails) = (chance.unit() < self.never, chance.unit() < self.fails);
        match (never || takes >= window, fails) {
            (true, _) => (window, S::Unresolved),
            (false, true) => (takes, S::Failed),
            (false, false) => (takes, S::Confirmed),
        }
    }

    /// What earlier rollouts of the tenant came to.
    fn past(self, seed: u64) -> PastPace {
        let mut chance = Chance(seed);
        let took: Vec<TimeDelta> = (0..2_000)
            .filter_map(|_| match self.takes(&mut chance) {
                (_, S::Unresolved) => None,
                (takes, _) => Some(takes),
            })
            .collect();
        let share = |age: &TimeDelta| {
            let by = took.iter().filter(|takes| *takes <= age).count();
            u16::try_from(by * 5).expect("at most 10,000")
        };
        AGES.iter().map(share).collect()
    }
}

fn plan() -> Plan {
    let of = |name: &str, percent, deferral, bake| {
        let mut ring = ring(name, percent, deferral);
        ring.gate = Gate { bake: TimeDelta::hours(bake), ..Gate::DEFAULT };
        ring.waves = WaveLimit::DEFAULT;
        ring
    };
    let rings = vec![of("First", 5, 0, 24), of("Fast", 15, 3, 48), of("Broad", 80, 6, 24)];
    let set = RingSet::new("Three".to_owned(), rings).expect("a good set");
    Plan::new(&set, hour(0), OnGateFailure::Pause, policy())
}

const SIZES: [u32; 3] = [60, 180, 960];

/// Days by which a likely date came too early (below 0: it happened later than said).
#[derive(Default)]
struct Errors {
    broad: Vec<f64>,
    finished: Vec<f64>,
    compliant: Vec<f64>,
}

fn days(likely: &Expected, happened: chrono::DateTime<chrono::Utc>) -> Option<f64> {
    match likely {
        Expected::At(at) => Some((*at - happened).as_seconds_f64() / 86_400.0),
        Expected::Past(_) | Expected::After { .. } | Expected::Unknown(_) => None,
    }
}

impl Errors {
    fn add(&mut self, said: &Forecast, world: &Played<'_>) {
        let finished = world.finished.expect("it finished");
        self.broad.extend(days(&said.rings[2].opens.likely, world.opened[2]));
        self.finished.extend(days(&said.finished.likely, finished));
        if let Some(compliant) = world.compliant {
            self.compliant.extend(days(&said.compliant.likely, compliant));
        }
    }
}

/// The 10th, 50th and 90th of a hundred.
fn quantiles(errors: &mut [f64]) -> (usize, [f64; 3]) {
    errors.sort_by(f64::total_cmp);
    let at = |percent: usize| errors[(errors.len() - 1) * percent / 100];
    (errors.len(), [at(10), at(50), at(90)])
}

fn shown(what: &str, errors: &mut [f64]) -> [f64; 3] {
    let (count, three) = quantiles(errors);
    let [low, middle, high] = three;
    println!("| {what} | {count} | {low:+.1} | {middle:+.1} | {high:+.1} |");
    three
}

/// Plays `releases` of tenants that differ, and compares.
fn measure(releases: u64) -> [(Errors, &'static str); 4] {
    let (plan, known) = (plan(), Known::default());
    let mut all = [
        (Errors::default(), "before the start, nothing known"),
        (Errors::default(), "before the start, 3 earlier rollouts"),
        (Errors::default(), "when Fast has opened"),
        (Errors::default(), "when half of Broad was offered"),
    ];
    for release in 0..releases {
        let mut chance = Chance(release.wrapping_mul(0x1234_5677) + 1);
        let habits = Habits {
            median: 10.0 + 30.0 * chance.unit(),
            spread: 0.7 + 0.5 * chance.unit(),
            never: 0.01 + 0.03 * chance.unit(),
            fails: 0.002 + 0.008 * chance.unit(),
        };
        let mut world = Played::new((&plan, &known), running(0), &SIZES, hour(0));
        let past: Vec<PastPace> = (0..3).map(|one| habits.past(release * 3 + one + 7)).collect();
        let earlier = Pace::of_earlier(&past);
        let first = [world.forecast(&Pace::usual()), world.forecast(&earlier)];
        let mut takes = || habits.takes(&mut chance);
        world.play(&mut takes, |world| world.opened.len() == 2);
        let later = world.forecast(&Pace::usual());
        let half = |world: &Played<'_>| world.seen().rings[2].tally.waiting() * 2 <= SIZES[2];
        world.play(&mut takes, half);
        let last = world.forecast(&Pace::usual());
        world.play(&mut takes, |_| false);
        // Some healthy releases are held for a person, in small rings above all: nobody forecasts that.
        if world.finished.is_some() {
            let said = first.iter().chain([&later, &last]);
            for ((errors, _), said) in all.iter_mut().zip(said) {
                errors.add(said, &world);
            }
        }
    }
    all
}

#[test]
fn likely_dates_are_near_what_happens() {
    println!("| said | releases | 10 % | median | 90 % |");
    let mut medians = Vec::new();
    for (mut errors, when) in measure(60) {
        medians.push([shown(&format!("finished, {when}"), &mut errors.finished)]);
        if !errors.broad.is_empty() {
            shown(&format!("Broad opens, {when}"), &mut errors.broad);
        }
        if errors.compliant.len() > 5 {
            shown(&format!("95 %, {when}"), &mut errors.compliant);
        }
    }
    // What is measured is nearer than what is guessed, and the more the later.
    let wide = |[low, _, high]: [f64; 3]| high - low;
    let [guessed, earlier, early, late] = [0, 1, 2, 3].map(|when| medians[when][0]);
    assert!(wide(earlier) < wide(guessed) && wide(early) < wide(guessed), "{medians:?}");
    assert!(wide(late) < wide(early) / 2.0, "{medians:?}");
    for [_, middle, _] in [earlier, early, late] {
        assert!(middle.abs() < 2.0, "{medians:?}");
    }
}
