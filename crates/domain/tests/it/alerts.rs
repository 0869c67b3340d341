//! Which alerts should be open.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::alert::{AlertKind, Facts, RolloutFacts, Severity, wanted};
use domain::build::Build;
use domain::health::{Bucket, assess};
use domain::ids::RolloutId;
use domain::registration::{Reason, Standing};
use uuid::Uuid;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn rollout(number: u128, is_watched: bool, is_paused_by_service: bool) -> RolloutFacts {
    let id = RolloutId(Uuid::from_u128(number));
    let name = format!("Release {number}");
    RolloutFacts { id, name, is_watched, is_paused_by_service, failures: Vec::new(), judged: 0 }
}

fn inactive(devices: u32, served: u32) -> domain::health::Health {
    let build = Build { major: 10, minor: 0, build: 26100, revision: 200 };
    let bucket = |standing, reason, devices| Bucket {
        place: None,
        standing: Some(standing),
        reason,
        build: Some(build),
        long_term: false,
        devices,
    };
    let buckets = vec![
        bucket(Standing::NotReady, Some(Reason::Inactive), devices),
        bucket(Standing::Ready, None, served),
    ];
    let published =
        vec![domain::health::Published { build, released_at: now() - TimeDelta::days(1) }];
    let facts = domain::health::Facts { buckets, published, ..domain::health::Facts::default() };
    assess(&facts, now())
}

#[test]
fn nothing_is_raised_of_a_tenant_that_is_well() {
    let facts = Facts { health: Some(inactive(4, 96)), ..Facts::default() };
    assert_eq!(wanted(&facts, now()), []);
    assert_eq!(wanted(&Facts::default(), now()), []);
}

#[test]
fn every_kind_is_raised_by_what_it_is_about_and_none_twice() {
    let mut missed = inactive(10, 90);
    missed.counts.quality = domain::health::Measure { eligible: 100, met: 94 };
    let facts = Facts {
        refused: Some("the secret has expired".to_owned()),
        unreachable_since: Some(now() - TimeDelta::hours(2)),
        credential_expires: Some(now() + TimeDelta::days(29)),
        licences: Some("No licence is left.".to_owned()),
        permissions: Some("A permission is missing.".to_owned()),
        drift: 2,
        stale: vec![("sync", None), ("check_ins", Some(now() - TimeDelta::hours(3)))],
        rollouts: vec![rollout(1, true, false), rollout(2, true, true), rollout(3, false, false)],
        crossings: vec![("f".to_owned(), "Release 1".to_owned(), "ben".to_owned())],
        health: Some(missed),
        letters_given_up: 2,
        post_failing_since: Some(now() - TimeDelta::hours(2)),
    };
    let all = wanted(&facts, now());
    let kinds: HashSet<AlertKind> = all.iter().map(|alert| alert.kind).collect();
    assert_eq!(kinds.len(), AlertKind::ALL.len(), "{all:#?}");
    let keys: HashSet<(AlertKind, &str)> =
        all.iter().map(|alert| (alert.kind, alert.subject.as_str())).collect();
    assert_eq!(keys.len(), all.len());
    let of = |kind| all.iter().filter(move |alert| alert.kind == kind).collect::<Vec<_>>();
    assert_eq!(of(AlertKind::RolloutPaused).len(), 1, "paused says all that watched says");
    assert_eq!(of(AlertKind::RolloutWatched).len(), 1);
    assert_eq!(of(AlertKind::DeviceClass)[0].subject, "inactive");
    assert_eq!(
        of(AlertKind::ObjectiveMissed)[0].text,
        "94 of 100 devices are on the newest quality \
        update they had time for; 95 % must be."
    );
    assert_eq!(of(AlertKind::NoCheckIns)[0].subject, "check_ins");
    assert!(all.iter().all(|alert| alert.severity == alert.kind.severity()));
}

#[test]
fn a_few_devices_are_no_class() {
    let classes = |health| {
        let facts = Facts { health: Some(health), ..Facts::default() };
        wanted(&facts, now()).into_iter().filter(|one| one.kind == AlertKind::DeviceClass).count()
    };
    assert_eq!(classes(inactive(9, 10)), 0, "fewer than ten");
    assert_eq!(classes(inactive(10, 190)), 1, "five percent");
    assert_eq!(classes(inactive(10, 191)), 0);
}

#[test]
fn failures_of_one_sort_are_a_class_of_those_that_took_the_update() {
    let classes = |failures: &[(Option<&str>, u32)], judged| {
        let failures = failures.iter().map(|(code, devices)| (code.map(str::to_owned), *devices));
        let rollout =
            RolloutFacts { failures: failures.collect(), judged, ..rollout(1, false, false) };
        let id = rollout.id.to_string();
        let facts = Facts { rollouts: vec![rollout], ..Facts::default() };
        let all = wanted(&facts, now());
        assert!(
            all.iter()
                .all(|one| one.kind == AlertKind::DeviceClass && one.text.contains("Release 1"))
        );
        let subjects = all.iter().map(|one| one.subject.replace(&id, "of"));
        subjects.collect::<Vec<_>>()
    };
    let full = Some("0x80070070");
    assert_eq!(classes(&[(full, 10)], 200), ["of/failed_disk_full"]);
    assert_eq!(classes(&[(full, 9)], 20), [""; 0], "fewer than ten");
    assert_eq!(classes(&[(full, 10)], 201), [""; 0], "less than five percent");
    let two = [(full, 6), (Some("0xC190020E"), 6), (None, 12)];
    assert_eq!(classes(&two, 100), ["of/failed_disk_full", "of/failed"], "by sort, not by code");
}

#[test]
fn words_are_read_back() {
    for kind in AlertKind::ALL {
        assert_eq!(AlertKind::from_word(kind.word()), Some(kind));
        assert!(!kind.fix().is_empty());
    }
    for severity in Severity::ALL {
        assert_eq!(Severity::from_word(severity.word()), Some(severity));
        assert!(severity.raised() >= severity);
    }
}

#[test]
fn a_credential_is_renewed_in_time() {
    let said = |left: TimeDelta| {
        let facts = Facts { credential_expires: Some(now() + left), ..Facts::default() };
        let all = wanted(&facts, now());
        all.first().map(|alert| (alert.kind, alert.text.clone()))
    };
    assert_eq!(said(TimeDelta::days(30) + TimeDelta::seconds(1)), None);
    let (kind, text) = said(TimeDelta::days(30)).unwrap();
    assert_eq!(kind, AlertKind::CredentialExpiring);
    assert!(text.contains("expires at 2024-11-03 00:00 UTC"), "{text}");
    let (_, text) = said(TimeDelta::zero()).unwrap();
    assert!(text.contains("expired at 2024-10-04 00:00 UTC"), "{text}");
}
