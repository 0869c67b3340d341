//! When the devices of a ring may be offered updates.

use api_types::{CalendarQuery, OfferTimes};
use axum::extract::State as Given;
use domain::calendar::Times;
use domain::ids::TenantId;
use domain::ring::{RingIndex, RingSet};

use crate::convert::calendar::{held, period};
use crate::extract::{Path, Query};
use crate::paths::RingSetPath;
use crate::problem::Problem;
use crate::state::State;

/// Show when a ring may be offered updates
///
/// Its windows with freezes and holidays taken out, in UTC and by the clock of its time zone. Not counted are
/// crossings, which belong to single rollouts, and the rate.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/ring-sets/{ring_set}/calendar",
    operation_id = "ring_set_calendar", tag = "ring sets", params(RingSetPath, CalendarQuery),
    responses((status = 200, body = OfferTimes, description = "The next stretches of time")))]
pub(crate) async fn calendar(
    Given(state): Given<State>,
    Path(path): Path<RingSetPath>,
    Query(query): Query<CalendarQuery>,
) -> Result<axum::Json<OfferTimes>, Problem> {
    let count = query.count.unwrap_or(10);
    if !(1..=100).contains(&count) {
        let detail = format!("{count} is out of range; 1 to 100 is right");
        return Err(Problem::parameter("count", detail));
    }
    let set = state.store.ring_set_fetch(path.tenant, path.ring_set).await?.set;
    let (index, ring) = ring_in(&query.ring, &set)?;
    let now = state.now();
    let of_ring = ring.calendar.as_ref();
    let names: Vec<String> = of_ring.and_then(|of| of.holidays.clone()).into_iter().collect();
    let known = state.store.ring_set_known(path.tenant, path.ring_set, &names, now).await?;
    let times = Times { calendar: of_ring, ring: &ring.name, known: &known };
    let zone = times.zone();
    Ok(axum::Json(OfferTimes {
        ring_set_id: path.ring_set.0,
        ring: index.0,
        ring_name: ring.name.clone(),
        time_zone: zone.name().to_owned(),
        at: now,
        held: times.offers(now).as_ref().map(held),
        periods: times.periods(now, count.into()).iter().map(|one| period(one, zone)).collect(),
    }))
}

fn ring_in<'a>(
    wanted: &str,
    set: &'a RingSet,
) -> Result<(RingIndex, &'a domain::ring::Ring), Problem> {
    let named = set.indexed().find(|(_, ring)| ring.name == wanted);
    let counted = || set.indexed().find(|(index, _)| index.0.to_string() == wanted);
    named.or_else(counted).ok_or_else(|| {
        let there: Vec<String> =
            set.indexed().map(|(index, ring)| format!("{} ({})", index.0, ring.name)).collect();
        let detail = format!("there is no such ring; there are {}", there.join(", "));
        Problem::parameter("ring", detail)
    })
}

/// Refuses a set whose rings name holiday calendars that are not there.
pub(super) async fn check_holidays(
    state: &State,
    tenant: TenantId,
    set: &RingSet,
) -> Result<(), Problem> {
    let calendars = set.rings().iter().filter_map(|ring| ring.calendar.as_ref());
    let names: Vec<String> = calendars.filter_map(|of| of.holidays.clone()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let there = state.store.holidays_there(tenant, &names).await?;
    let mut checks = crate::checks::Checks::default();
    for (index, ring) in set.indexed() {
        let wanted = ring.calendar.as_ref().and_then(|calendar| calendar.holidays.as_ref());
        if let Some(missing) = wanted.filter(|name| !there.contains(name)) {
            checks.wrong(
                format!("/rings/{}/calendar/holidays", index.0),
                format!("there is no holiday calendar {missing:?}; import it first"),
            );
        }
    }
    checks.finish()
}
