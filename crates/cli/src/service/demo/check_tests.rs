//! Each rule of the comparison, kept once and broken once.

use chrono::TimeDelta;
use serde_json::json;

use super::*;

const UPDATE: &str = "2026-11";

fn at(hour: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
}

fn device(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn entry(number: u128, event: &str, hour: i64) -> LedgerEntry {
    serde_json::from_value(json!({
        "seq": 1, "at": at(hour), "device": device(number), "event": event,
        "catalog_entry": UPDATE, "effective": null, "policy": null, "group": null, "ring": null,
        "code": null,
    }))
    .expect("an entry of the ledger")
}

fn ledger(entries: &[LedgerEntry]) -> Ledger {
    Ledger { entries: entries.to_vec(), ..Ledger::default() }
}

fn event(seq: i64, kind: &str, ring: u8, hour: i64) -> Event {
    Event {
        seq,
        rollout_id: None,
        at: at(hour),
        actor: "concentric".to_owned(),
        kind: kind.to_owned(),
        text: String::new(),
        body: json!({ "event": { "kind": kind, "ring": ring } }),
    }
}

/// Ring 0 opened at 1, ring 1 at 10; devices 1 to 4 stand as given.
fn picture(standings: [(u8, AttemptState); 4]) -> Picture {
    let devices = (1..).map(device).zip(standings.map(|(ring, state)| Standing { ring, state }));
    Picture {
        catalog_entry: UPDATE.to_owned(),
        devices: devices.collect(),
        events: vec![event(1, "ring_opened", 0, 1), event(2, "ring_opened", 1, 10)],
    }
}

fn true_story() -> (Picture, Ledger) {
    let picture = picture([
        (0, AttemptState::Confirmed),
        (0, AttemptState::Failed),
        (1, AttemptState::Removed),
        (1, AttemptState::Assigned),
    ]);
    let ledger = ledger(&[
        entry(1, "offered", 2),
        entry(1, "installed", 3),
        entry(2, "offered", 2),
        entry(2, "install_failed", 3),
        entry(3, "offered", 11),
        entry(3, "installed", 12),
        entry(3, "uninstalled", 13),
    ]);
    (picture, ledger)
}

#[test]
fn accounts_that_agree_raise_nothing() {
    let (picture, ledger) = true_story();
    assert_eq!(offers(&picture, &ledger), []);
    assert_eq!(outcomes(&picture, &ledger), []);
}

#[test]
fn an_offer_to_a_stranger_is_seen() {
    let (picture, mut ledger) = true_story();
    ledger.entries.push(entry(9, "offered", 12));
    assert_eq!(offers(&picture, &ledger), [Disagreement::Stranger { device: device(9) }]);
}

#[test]
fn an_offer_of_another_update_is_not_ours() {
    let (picture, mut ledger) = true_story();
    ledger
        .entries
        .push(LedgerEntry { catalog_entry: "2026-10".to_owned(), ..entry(9, "offered", 12) });
    assert_eq!(offers(&picture, &ledger), []);
}

#[test]
fn an_offer_nobody_decided_is_seen() {
    for state in [AttemptState::Assigned, AttemptState::Excluded] {
        let (mut picture, mut ledger) = true_story();
        picture.devices.insert(device(4), Standing { ring: 1, state });
        ledger.entries.push(entry(4, "offered", 12));
        let found = offers(&picture, &ledger);
        assert_eq!(found, [Disagreement::NotOffered { device: device(4), state }]);
    }
}

#[test]
fn an_offer_before_its_ring_opened_is_seen() {
    let (picture, mut ledger) = true_story();
    ledger.entries[4].at = at(9);
    let early = Disagreement::RingClosed { device: device(3), ring: 1, at: at(9) };
    assert_eq!(offers(&picture, &ledger), [early]);
}

#[test]
fn an_offer_in_a_ring_that_never_opened_is_seen() {
    let (mut picture, ledger) = true_story();
    picture.events.pop();
    let closed = Disagreement::RingClosed { device: device(3), ring: 1, at: at(11) };
    assert_eq!(offers(&picture, &ledger), [closed]);
}

#[test]
fn an_outcome_that_never_happened_is_seen() {
    let rules = [
        (1, AttemptState::Confirmed, "installed"),
        (2, AttemptState::Failed, "install_failed"),
        (3, AttemptState::Removed, "uninstalled"),
    ];
    for (number, state, missing) in rules {
        let (picture, mut ledger) = true_story();
        let of_other =
            |entry: &LedgerEntry| entry.device != device(number) || entry.event != missing;
        ledger.entries.retain(of_other);
        let untrue = Disagreement::Untrue { device: device(number), state, missing };
        assert_eq!(outcomes(&picture, &ledger), [untrue]);
    }
}

#[test]
fn a_removed_device_may_never_have_installed_but_must_not_install_again() {
    let (picture, mut ledger) = true_story();
    ledger.entries.retain(|entry| entry.device != device(3) || entry.event == "offered");
    assert_eq!(outcomes(&picture, &ledger), []);
    let (_, mut ledger) = true_story();
    ledger.entries.push(entry(3, "installed", 20));
    assert_eq!(outcomes(&picture, &ledger).len(), 1);
}

#[test]
fn only_waves_between_pause_and_resume_count() {
    let kinds = ["wave_offered", "paused", "wave_offered", "requested", "wave_offered", "resumed"];
    let mut events: Vec<Event> =
        (1..).zip(kinds).map(|(seq, kind)| event(seq, kind, 0, seq)).collect();
    events.push(event(7, "wave_offered", 0, 7));
    assert_eq!(offers_after_pause(&events), 2);
    assert_eq!(offers_after_pause(&events[..2]), 0);
}
