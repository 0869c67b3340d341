//! Which update replaces which, what rules approve, and what a preview is.

use chrono::TimeDelta;
use domain::build::Build;
use domain::ids::{RingSetId, UpdateId};
use domain::inventory::{ImportedUpdate, UpdateBuild};
use domain::rollout::plan::OnGateFailure;
use domain::update::details::{Details, Severity};
use domain::update::known_issue::KnownIssue;
use domain::update::rule::{Candidate, Mismatch, Rule, RuleError, Standing, evaluate};
use domain::update::servicing::{Hotpatch, Servicing, is_baseline_month};
use domain::update::supersede::{Content, Relation, relation, superseded_by};
use domain::update::{Delivery, UpdateKind};
use uuid::Uuid;

use crate::world::hour;

fn update(kind: UpdateKind) -> ImportedUpdate {
    ImportedUpdate {
        catalog_entry_id: String::new(),
        kind,
        version: None,
        channel: None,
        title: String::new(),
        short_name: String::new(),
        classification: "security".to_owned(),
        cadence: "monthly".to_owned(),
        kb: None,
        released_at: hour(0),
        deployable_until: None,
        is_expeditable: true,
        details: Details::default(),
        builds: Vec::new(),
    }
}

/// A quality update that brings these revisions to these builds, on that day.
fn quality(day: i64, brings: &[(u32, u32)]) -> ImportedUpdate {
    let build = |(build, revision): &(u32, u32)| UpdateBuild {
        build: Build { major: 10, minor: 0, build: *build, revision: *revision },
        product: "Windows 11".to_owned(),
        version: String::new(),
        kb: None,
        is_hotpatch: false,
    };
    let builds = brings.iter().map(build).collect();
    ImportedUpdate { released_at: hour(24 * day), builds, ..update(UpdateKind::Quality) }
}

fn preview(day: i64, brings: &[(u32, u32)]) -> ImportedUpdate {
    ImportedUpdate { classification: "nonSecurity".to_owned(), ..quality(day, brings) }
}

fn out_of_band(day: i64, brings: &[(u32, u32)]) -> ImportedUpdate {
    ImportedUpdate { cadence: "outOfBand".to_owned(), ..quality(day, brings) }
}

fn app(kind: UpdateKind, channel: &str, version: &str) -> ImportedUpdate {
    let (channel, version) = (Some(channel.to_owned()), Some(version.to_owned()));
    ImportedUpdate { channel, version, cadence: String::new(), ..update(kind) }
}

fn feature(version: &str, build: u32) -> ImportedUpdate {
    let brings = quality(0, &[(build, 0)]);
    ImportedUpdate { version: Some(version.to_owned()), kind: UpdateKind::Feature, ..brings }
}

fn stands(newer: &ImportedUpdate, older: &ImportedUpdate) -> Relation {
    relation(&Content::of(newer), &Content::of(older))
}

fn id(number: usize) -> UpdateId {
    UpdateId(Uuid::from_u128(number as u128 + 1))
}

/// By position: which update each one is superseded by.
fn superseded(updates: &[ImportedUpdate]) -> Vec<Option<usize>> {
    let all: Vec<_> =
        updates.iter().enumerate().map(|(at, one)| (id(at), Content::of(one))).collect();
    let place = |by: UpdateId| (0..updates.len()).find(|at| id(*at) == by).expect("one of them");
    superseded_by(&all).into_iter().map(|by| by.map(place)).collect()
}

#[test]
fn a_quality_update_replaces_what_it_outdoes_everywhere() {
    let both = [(26_100, 200), (22_631, 20)];
    let (october, november) = (quality(0, &both), quality(28, &[(26_100, 300), (22_631, 30)]));
    assert_eq!(stands(&november, &october), Relation::Replaces);
    assert_eq!(stands(&october, &november), Relation::Not);
    assert_eq!(stands(&november, &november), Relation::Not, "nothing replaces itself");
    // For one Windows version only: there it does.
    let hasty = out_of_band(10, &[(26_100, 250)]);
    assert_eq!(stands(&hasty, &october), Relation::Partly(vec![(10, 0, 26_100)]));
    assert_eq!(stands(&november, &hasty), Relation::Replaces);
    // The highest revision of a version counts, not its hotpatch.
    let hotpatched = quality(28, &[(26_100, 180), (26_100, 300), (22_631, 30)]);
    assert_eq!(stands(&hotpatched, &october), Relation::Replaces);
    assert_eq!(superseded(&[october, november, hasty]), [Some(1), None, Some(1)]);
}

#[test]
fn a_preview_supersedes_previews_alone_whatever_it_contains() {
    let security = quality(0, &[(26_100, 200)]);
    let optional = preview(14, &[(26_100, 250)]);
    assert_eq!(stands(&optional, &security), Relation::Replaces, "as content");
    let next = quality(28, &[(26_100, 300)]);
    let updates = [security.clone(), optional.clone(), next];
    assert_eq!(superseded(&updates), [Some(2), Some(2), None]);
    assert_eq!(superseded(&updates[..2]), [None, None], "until the next security update");
    let later = preview(42, &[(26_100, 350)]);
    assert_eq!(superseded(&[optional, later]), [Some(1), None]);
}

#[test]
fn other_kinds_are_replaced_within_their_family() {
    let (older, newer) =
        (feature("Windows 11, version 24H2", 26_100), feature("Windows 11, version 25H2", 26_200));
    assert_eq!(stands(&newer, &older), Relation::Replaces);
    let ten = feature("Windows 10, version 22H2", 19_045);
    assert_eq!(stands(&newer, &ten), Relation::Not, "another product");
    // Versions are numbers: 9 comes before 131.
    let edge = |channel, version| app(UpdateKind::Edge, channel, version);
    assert_eq!(stands(&edge("stable", "131.0.1"), &edge("stable", "9.0.1")), Relation::Replaces);
    assert_eq!(stands(&edge("stable", "131.0.1"), &edge("beta", "9.0.1")), Relation::Not);
    let office = app(UpdateKind::Microsoft365Apps, "stable", "200.0.1");
    assert_eq!(stands(&office, &edge("stable", "9.0.1")), Relation::Not, "another kind");
    let driver = |title: &str, day: i64| ImportedUpdate {
        title: title.to_owned(),
        version: title.split(' ').next_back().map(str::to_owned),
        released_at: hour(24 * day),
        ..update(UpdateKind::Driver)
    };
    assert_eq!(
        stands(&driver("Contoso Net 2.0", 5), &driver("Contoso Net 1.9", 1)),
        Relation::Replaces
    );
    assert_eq!(
        stands(&driver("Contoso Audio 2.0", 5), &driver("Contoso Net 1.9", 1)),
        Relation::Not
    );
}

#[test]
fn servicing_and_hotpatches_are_told_from_what_the_catalogue_says() {
    let months = [(quality(0, &[]), Servicing::Monthly), (preview(0, &[]), Servicing::Preview)];
    for (update, servicing) in months {
        assert_eq!(Servicing::of(&update), Some(servicing));
    }
    assert_eq!(Servicing::of(&out_of_band(0, &[])), Some(Servicing::OutOfBand));
    let odd = ImportedUpdate { cadence: "fortnightly".to_owned(), ..quality(0, &[]) };
    assert_eq!(Servicing::of(&odd), Some(Servicing::Other));
    assert_eq!(Servicing::of(&feature("Windows 11, version 25H2", 26_200)), None);
    let month = |text: &str| text.parse().expect("a time");
    let baselines: Vec<bool> = (1..=12)
        .map(|number| is_baseline_month(month(&format!("2026-{number:02}-14T18:00:00Z"))))
        .collect();
    let quarter = [true, false, false];
    assert_eq!(baselines, quarter.repeat(4));
    let january = ImportedUpdate { released_at: month("2026-01-13T18:00:00Z"), ..quality(0, &[]) };
    assert_eq!(Hotpatch::of(&january), Some(Hotpatch::Baseline));
    let mut february = quality(0, &[(26_100, 300)]);
    february.released_at = month("2026-02-10T18:00:00Z");
    assert_eq!(Hotpatch::of(&february), None);
    february.builds[0].is_hotpatch = true;
    assert_eq!(Hotpatch::of(&february), Some(Hotpatch::Available));
    let optional = ImportedUpdate { released_at: january.released_at, ..preview(0, &[]) };
    assert_eq!(Hotpatch::of(&optional), None, "a preview is no baseline");
}

#[test]
fn an_issue_is_open_until_a_word_says_it_has_ended() {
    let issue = |status: &str| KnownIssue {
        id: "WI1".to_owned(),
        product: "Windows 11, version 24H2".to_owned(),
        title: String::new(),
        description: String::new(),
        status: status.to_owned(),
        started_at: None,
        updated_at: None,
        resolved_at: None,
        originating_kb: None,
        resolving_kb: None,
        safeguard_hold_ids: Vec::new(),
        url: None,
    };
    for open in ["confirmed", "mitigated", "mitigatedExternal", "investigating", "reported", "new"]
    {
        assert!(issue(open).is_open(), "{open}");
    }
    for ended in ["resolved", "resolvedExternal"] {
        assert!(!issue(ended).is_open(), "{ended}");
    }
}

fn rule() -> Rule {
    Rule {
        name: "Monthly".to_owned(),
        ring_set: RingSetId(Uuid::nil()),
        kind: UpdateKind::Quality,
        classification: None,
        cadence: None,
        channel: None,
        delay_days: 0,
        previews: false,
        min_severity: None,
        expedite: None,
        on_gate_failure: OnGateFailure::Pause,
    }
}

/// What a rule makes of updates on `day`; those in `done` are.
fn judged(rule: &Rule, updates: &[ImportedUpdate], done: &[usize], day: i64) -> Vec<Standing> {
    let candidates: Vec<Candidate> = updates
        .iter()
        .enumerate()
        .map(|(at, one)| Candidate {
            id: id(at),
            update: one.clone(),
            is_done: done.contains(&at),
            is_declined: false,
            is_recommended: false,
        })
        .collect();
    evaluate(rule, &candidates, hour(24 * day)).into_iter().map(|(_, standing)| standing).collect()
}

#[test]
fn a_rule_approves_the_newest_that_is_due_and_previews_only_if_chosen() {
    let updates = [
        quality(0, &[(26_100, 200)]),
        preview(14, &[(26_100, 250)]),
        quality(28, &[(26_100, 300)]),
    ];
    let preview_is_a_signal = Standing::Other(Mismatch::Preview);
    assert_eq!(judged(&rule(), &updates[..2], &[], 20), [Standing::Due, preview_is_a_signal]);
    let keen = Rule { previews: true, ..rule() };
    let covered = |by| Standing::Covered { by: id(by) };
    assert_eq!(judged(&keen, &updates[..2], &[], 20), [covered(1), Standing::Due]);
    // A delay: the older one goes out until the newer one is due.
    let slow = Rule { delay_days: 7, ..rule() };
    let at = hour(24 * 35);
    let waits = [Standing::Due, preview_is_a_signal, Standing::Later { at }];
    assert_eq!(judged(&slow, &updates, &[], 34), waits);
    let due = [covered(2), preview_is_a_signal, Standing::Due];
    assert_eq!(judged(&slow, &updates, &[], 35), due);
    // What was approved stays approved, and keeps what it replaces from going out.
    let after = [covered(2), preview_is_a_signal, Standing::Done];
    assert_eq!(judged(&slow, &updates, &[2], 36), after);
    assert_eq!(judged(&slow, &updates, &[0], 36)[0], Standing::Done);
}

#[test]
fn a_rule_takes_what_fits_it_and_says_why_not() {
    let mut bad = out_of_band(0, &[(26_100, 250)]);
    bad.details.max_severity = Some(Severity::Critical);
    let other = |mismatch| vec![Standing::Other(mismatch)];
    let strict = Rule {
        cadence: Some("outOfBand".to_owned()),
        min_severity: Some(Severity::Important),
        expedite: Some(1),
        ..rule()
    };
    assert_eq!(judged(&strict, &[bad.clone()], &[], 1), [Standing::Due]);
    assert_eq!(judged(&strict, &[quality(0, &[(1, 1)])], &[], 1), other(Mismatch::Cadence));
    let mild = out_of_band(0, &[(26_100, 250)]);
    assert_eq!(judged(&strict, &[mild], &[], 1), other(Mismatch::Severity));
    let gone = ImportedUpdate { deployable_until: Some(hour(24)), ..bad.clone() };
    assert_eq!(judged(&strict, &[gone], &[], 1), other(Mismatch::Expired));
    let edge = app(UpdateKind::Edge, "beta", "131.0");
    assert_eq!(judged(&strict, std::slice::from_ref(&edge), &[], 1), other(Mismatch::Kind));
    let stable = Some("stable".to_owned());
    let apps = Rule { kind: UpdateKind::Edge, channel: stable, ..rule() };
    assert_eq!(judged(&apps, &[edge], &[], 1), other(Mismatch::Channel));
    let insecure = Rule { classification: Some("nonSecurity".to_owned()), ..rule() };
    assert_eq!(judged(&insecure, &[bad.clone()], &[], 1), other(Mismatch::Classification));
    // Only what is out of band and can be expedited is.
    assert_eq!(strict.delivery(&bad), Some(Delivery::Quality { expedite: Some(1) }));
    assert_eq!(strict.delivery(&quality(0, &[])), None);
    let slow = ImportedUpdate { is_expeditable: false, ..bad };
    assert_eq!(strict.delivery(&slow), None);
}

#[test]
fn a_rule_is_held_against_its_kind() {
    assert_eq!(rule().check(), Ok(()));
    let of = |kind| Rule { kind, ..rule() };
    let wrong = [
        (Rule { delay_days: 61, ..rule() }, "delay_days"),
        (Rule { expedite: Some(3), ..rule() }, "expedite"),
        (Rule { previews: true, ..of(UpdateKind::Feature) }, "previews"),
        (Rule { min_severity: Some(Severity::Critical), ..of(UpdateKind::Edge) }, "min_severity"),
        (Rule { cadence: Some("monthly".to_owned()), ..of(UpdateKind::Driver) }, "cadence"),
        (Rule { channel: Some("stable".to_owned()), ..rule() }, "channel"),
    ];
    for (rule, field) in wrong {
        assert_eq!(rule.check().map_err(RuleError::field), Err(field), "{rule:?}");
    }
    let apps = Rule { channel: Some("stable".to_owned()), ..of(UpdateKind::Edge) };
    assert_eq!(apps.check(), Ok(()));
    assert_eq!(rule().due_at(&quality(3, &[])) - hour(0), TimeDelta::days(3));
}
