//! When messages are tried again, when that ends, and what they say.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{RolloutId, TenantId};
use domain::webhook::{
    Disabled, EVENTS, Fate, LIFE, Message, Refusal, Tried, WAITS, disables, event_type, fate, rest,
    wait,
};
use uuid::Uuid;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn message(tries: u32, id: u128) -> Message {
    Message {
        id: Uuid::from_u128(id),
        event: "rollout.paused".to_owned(),
        tenant: TenantId(Uuid::from_u128(1)),
        entry: 42,
        at: NOW,
        actor: "ana".to_owned(),
        rollout: Some(RolloutId(Uuid::from_u128(2))),
        tries,
        due_since: NOW,
    }
}

const fn tried(refusal: Option<Refusal>) -> Tried {
    Tried { status: None, latency_ms: 1, refusal }
}

/// Every message, whatever its id, is tried again at about the times the documents name, and given up
/// once three days are over: never sooner, and never much later.
#[test]
fn a_message_is_tried_for_three_days() {
    for id in (0..2_000).map(|number| number * 7_919) {
        let mut now = NOW;
        let mut tries = 0;
        let end = loop {
            let message = message(tries, id);
            match fate(&message, tried(Some(Refusal::Broken)), now) {
                Fate::Again { at } => {
                    let place = usize::try_from(tries).unwrap().min(WAITS.len() - 1);
                    let (least, most) = (WAITS[place] * 9 / 10, WAITS[place] * 11 / 10);
                    assert!((least..=most).contains(&(at - now)), "{tries}: {}", at - now);
                    assert_eq!(at - now, wait(tries, message.id));
                    now = at;
                    tries += 1;
                }
                Fate::GivenUp => break now,
                Fate::Delivered => unreachable!("it never is"),
            }
        };
        assert!((7..=9).contains(&tries), "{tries} tries");
        assert!(end - NOW <= LIFE, "{}", end - NOW);
        assert!(end - NOW > LIFE - WAITS[6] * 11 / 10, "given up early: {}", end - NOW);
    }
}

#[test]
fn what_failed_together_does_not_come_again_together() {
    let waits: std::collections::BTreeSet<TimeDelta> =
        (0..1_000).map(|id| wait(1, Uuid::from_u128(id))).collect();
    assert!(waits.len() > 100, "{}", waits.len());
}

#[test]
fn what_was_taken_or_is_unwanted_is_not_tried_again() {
    assert_eq!(fate(&message(3, 1), tried(None), NOW), Fate::Delivered);
    assert_eq!(fate(&message(0, 1), tried(Some(Refusal::Gone)), NOW), Fate::GivenUp);
}

#[test]
fn a_receiver_is_disabled_by_410_and_after_three_days_without_success() {
    let failing = |days| Some(NOW - TimeDelta::days(days));
    let broken = tried(Some(Refusal::Timeout));
    assert_eq!(disables(broken, failing(2), NOW), None);
    assert_eq!(disables(broken, failing(3), NOW), Some(Disabled::Failing));
    assert_eq!(disables(broken, None, NOW), None);
    assert_eq!(disables(tried(Some(Refusal::Gone)), None, NOW), Some(Disabled::Gone));
    assert_eq!(disables(tried(None), failing(9), NOW), None);
}

#[test]
fn a_dead_receiver_rests_longer_and_longer_and_never_long() {
    let rests: Vec<i64> = [1, 2, 3, 9, 10, 40].map(|failures| rest(failures).num_seconds()).into();
    assert_eq!(rests, [1, 2, 4, 256, 300, 300]);
}

#[test]
fn each_status_is_what_it_is() {
    let of = |status| Refusal::of_status(status).map(Refusal::name);
    let said: Vec<_> = [200, 204, 301, 404, 410, 429, 500, 503, 999].map(of).into();
    let right = [
        None,
        None,
        Some("redirect"),
        Some("refused"),
        Some("gone"),
        Some("refused"),
        Some("broken"),
        Some("broken"),
        Some("bad_answer"),
    ];
    assert_eq!(said, right);
}

#[test]
fn a_message_says_what_and_where_and_no_more() {
    insta::assert_snapshot!(message(0, 1).body(), @r#"{"data":{"actor":"ana","entry":42,"link":"/api/v1/tenants/00000000-0000-0000-0000-000000000001/rollouts/00000000-0000-0000-0000-000000000002","rollout_id":"00000000-0000-0000-0000-000000000002","tenant_id":"00000000-0000-0000-0000-000000000001"},"timestamp":"1970-01-01T00:00:00Z","type":"rollout.paused"}"#);
    assert_eq!(message(0, 1).header_id(), "msg_00000000000000000000000000000001");
}

/// The catalogue names each kind and each event once.
#[test]
fn the_catalogue_is_a_table() {
    let kinds: std::collections::BTreeSet<_> = EVENTS.iter().map(|event| event.kind).collect();
    let names: std::collections::BTreeSet<_> = EVENTS.iter().map(|event| event.name).collect();
    assert_eq!((kinds.len(), names.len()), (EVENTS.len(), EVENTS.len()));
    for event in &EVENTS {
        assert_eq!(event_type(event.kind), Some(event));
        assert!(event.name.contains('.') && !event.about.ends_with('.'), "{event:?}");
    }
    assert_eq!(event_type("of a later version"), None);
}
