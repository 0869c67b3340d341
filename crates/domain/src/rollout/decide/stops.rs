//! Standing pauses, and the offers that are taken back under a pause.

use super::WaitingOn;
use crate::attempt::AttemptState;
use crate::ring::RingIndex;
use crate::rollout::observations::{Observations, Wish};
use crate::rollout::phase::Event;

/// The pauses that cover `ring`, as what is waited for.
pub(super) fn covered(ring: RingIndex, seen: &Observations) -> WaitingOn {
    let pauses = seen.pauses.iter().filter(|pause| pause.covers(ring)).cloned().collect();
    WaitingOn::StandingPause { ring, pauses }
}

/// The first paused ring up to `last` that still has members to offer.
pub(super) fn unfinished(last: RingIndex, seen: &Observations) -> Option<RingIndex> {
    last.up_to_here().find(|ring| seen.is_paused(*ring) && seen.tally(*ring).waiting() > 0)
}

/// Open offers of the first ring up to `last` whose pause says that they are to be taken back.
pub(super) fn taken_back(last: RingIndex, seen: &Observations) -> Option<Event> {
    let of_all = seen.intent.wish == Wish::Hold && seen.intent.take_back;
    let of_ring =
        |ring: RingIndex| seen.pauses.iter().any(|pause| pause.take_back && pause.covers(ring));
    last.up_to_here()
        .find(|ring| {
            let open = seen.tally(*ring).in_state(AttemptState::Offered);
            open > 0 && (of_all || of_ring(*ring))
        })
        .map(|ring| Event::OffersTakenBack { ring })
}

/// The first ring up to `last` that goes on and has offers that were taken back.
pub(super) fn returned(last: RingIndex, seen: &Observations) -> Option<Event> {
    last.up_to_here()
        .find(|ring| {
            let gone = seen.tally(*ring).in_state(AttemptState::Withdrawn);
            gone > 0 && !seen.is_paused(*ring)
        })
        .map(|ring| Event::OffersReturned { ring })
}
