//! How many devices an hour.

use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Waves of one ring that are remembered. A ring with a rate is sent no more of them in an hour, however
/// small they are, so that what is remembered is always enough.
pub const MOST_WAVES_AN_HOUR: usize = 128;

/// A wave that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    pub at: DateTime<Utc>,
    pub devices: u32,
}

const HOUR: TimeDelta = TimeDelta::hours(1);

/// Devices that may be offered at `now`, so that no hour has more than `most`. `waves`: the latest ones,
/// oldest first.
pub(crate) fn room(most: NonZeroU32, waves: &[Offered], now: DateTime<Utc>) -> u32 {
    let counted = waves.iter().filter(|wave| wave.at + HOUR > now);
    if counted.clone().count() >= MOST_WAVES_AN_HOUR {
        return 0;
    }
    let offered = counted.map(|wave| wave.devices).fold(0, u32::saturating_add);
    most.get().saturating_sub(offered)
}

/// The first moment at which there is room for `wanted`, or for all that an hour may have.
pub(crate) fn room_at(
    most: NonZeroU32,
    waves: &[Offered],
    wanted: u32,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let wanted = wanted.min(most.get());
    let ends = waves.iter().map(|wave| wave.at + HOUR).filter(|end| *end > now);
    let enough = |at: &DateTime<Utc>| room(most, waves, *at) >= wanted;
    std::iter::once(now).chain(ends).find(enough).unwrap_or(now + HOUR)
}
