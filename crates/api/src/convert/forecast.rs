//! Forecasts.

use api_types as wire;
use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::calendar::{Known, Zone};
use domain::forecast::{Basis, COMPLIANT_PERCENT, Estimate, Expected, Forecast, forecast};
use domain::rollout::observations::{Intent, Observations, RingObservation, Wish};
use domain::rollout::phase::Phase;
use domain::rollout::plan::Plan;
use domain::tally::Tally;
use store::journal::Snapshot;
use store::rollouts::{PlanProspect, Prospect};

use crate::words::Rings;
use crate::words::forecast as words;

/// Of a rollout as it stands.
pub(crate) fn of_rollout_now(
    snapshot: &Snapshot,
    prospect: &Prospect,
    now: DateTime<Utc>,
) -> wire::Forecast {
    let Snapshot { plan, phase, observations, .. } = snapshot;
    let rests_on = (&prospect.pace, prospect.offers.as_slice());
    out(&forecast(plan, *phase, observations, rests_on, now), plan)
}

/// Of a plan that would be started now, with so many devices in each ring.
pub(crate) fn of_plan_now(
    plan: &Plan,
    members: &[u32],
    prospect: PlanProspect,
    now: DateTime<Utc>,
) -> wire::Forecast {
    let ring = |devices: &u32| RingObservation {
        tally: Tally::of([(AttemptState::Assigned, *devices)]),
        ..RingObservation::default()
    };
    let intent = Intent {
        wish: Wish::Run,
        given_at: now,
        promoted: None,
        held: Vec::new(),
        released: Vec::new(),
        take_back: false,
    };
    let PlanProspect { known, budget, pace } = prospect;
    let calendar: Known = known;
    let rings = members.iter().map(ring).collect();
    let seen = Observations { calendar, budget, ..Observations::new(intent, rings) };
    out(&forecast(plan, Phase::Scheduled, &seen, (&pace, &[]), now), plan)
}

fn out(forecast: &Forecast, plan: &Plan) -> wire::Forecast {
    let names = Rings::new(plan.rings().iter().map(|ring| ring.name.as_str()));
    let rings = forecast.rings.iter().filter_map(|one| {
        let ring = plan.ring(one.ring)?;
        let zone = ring.calendar.as_ref().map_or(Zone::UTC, |calendar| calendar.zone);
        let estimate = |estimate: &Estimate| estimate_out(estimate, &names, Some(zone));
        Some(wire::RingForecast {
            ring: one.ring.0,
            name: ring.name.clone(),
            time_zone: zone.name().to_owned(),
            opens: estimate(&one.opens),
            last_offer: estimate(&one.last_offer),
            gate_passes: estimate(&one.gate_passes),
            compliant: estimate(&one.compliant),
        })
    });
    let (basis, count) = match forecast.basis {
        Basis::Measured { outcomes } => (wire::PaceBasis::Measured, Some(outcomes)),
        Basis::Earlier { rollouts } => (wire::PaceBasis::Earlier, Some(rollouts)),
        Basis::Usual => (wire::PaceBasis::Usual, None),
    };
    wire::Forecast {
        at: forecast.at,
        pace: wire::ForecastPace { basis, count, text: words::basis(forecast.basis) },
        rings: rings.collect(),
        finished: estimate_out(&forecast.finished, &names, None),
        compliant: estimate_out(&forecast.compliant, &names, None),
        compliant_percent: COMPLIANT_PERCENT,
    }
}

fn estimate_out(estimate: &Estimate, names: &Rings, zone: Option<Zone>) -> wire::Estimate {
    wire::Estimate {
        earliest: expected_out(&estimate.earliest, names, zone),
        likely: expected_out(&estimate.likely, names, zone),
    }
}

fn expected_out(expected: &Expected, names: &Rings, zone: Option<Zone>) -> wire::Expected {
    use wire::ExpectedState as State;
    let local = |at: DateTime<Utc>| zone.map(|zone| at.with_timezone(&zone.tz()).to_rfc3339());
    let (state, at, after_seconds, reason) = match expected {
        Expected::Past(at) => (State::Past, *at, None, None),
        Expected::At(at) => (State::At, Some(*at), None, None),
        Expected::After { awaited, lasts } => {
            let reason = words::awaited(*awaited, names);
            (State::After, None, Some(lasts.num_seconds()), Some(reason))
        }
        Expected::Unknown(why) => (State::Unknown, None, None, Some(words::unknown(why, names))),
    };
    wire::Expected {
        state,
        at,
        local: at.and_then(local),
        after_seconds,
        reason,
        text: words::expected(expected, names),
    }
}
