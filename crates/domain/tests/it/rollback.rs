//! What can be taken back: one line for each kind and state, and the turning points of the window.

use domain::attempt::AttemptState as S;
use domain::rollback::{Known, Obstacle, Prospect, Reversal, prospect};
use domain::rollout::decide::removal_fails;
use domain::update::{Delivery, UpdateKind};

use crate::world::hour;

fn known(state: S) -> Known {
    Known { state, offered_at: Some(hour(0)), is_there: true, is_newer: false, has_build: true }
}

#[test]
fn every_kind_says_how_it_is_taken_back() {
    let lines: Vec<String> = UpdateKind::ALL
        .into_iter()
        .map(|kind| {
            let reversal = Reversal::of(&Delivery::of(kind));
            format!("{}: {reversal:?}", kind.name())
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    quality: Uninstall
    feature: GoBack { days: 30 }
    driver: Never
    edge: EarlierVersion
    microsoft_365_apps: EarlierVersion
    ");
}

#[test]
fn only_what_has_the_update_can_give_it_back() {
    let has = [S::Installed, S::Lost, S::Confirmed];
    for state in S::ALL {
        let found = prospect(Reversal::Uninstall, &known(state), hour(1));
        let is_removable = matches!(found, Prospect::Removable { .. });
        assert_eq!(is_removable, has.contains(&state), "{state:?}: {found:?}");
        // What never takes anything back promises it to nobody.
        let never = prospect(Reversal::Never, &known(state), hour(1));
        assert!(!matches!(never, Prospect::Removable { .. }), "{state:?}: {never:?}");
    }
}

#[test]
fn the_window_counts_from_the_offer_and_closes_to_the_moment() {
    let back = Reversal::GoBack { days: 10 };
    let closes = hour(240);
    let confirmed = known(S::Confirmed);
    let at = |hours| prospect(back, &confirmed, hour(hours));
    assert_eq!(at(239), Prospect::Removable { until: Some(closes) });
    let over = Obstacle::WindowOver { since: closes };
    assert_eq!(at(240), Prospect::Impossible { why: over });
}

#[test]
fn only_the_newest_is_taken_back() {
    let newer = Known { is_newer: true, ..known(S::Confirmed) };
    let why = Obstacle::Newer;
    assert_eq!(prospect(Reversal::Uninstall, &newer, hour(1)), Prospect::Impossible { why });
    let app = prospect(Reversal::EarlierVersion, &newer, hour(1));
    assert_eq!(app, Prospect::Impossible { why }, "it would lose the newer version");
    let app = prospect(Reversal::EarlierVersion, &known(S::Confirmed), hour(1));
    assert_eq!(app, Prospect::Removable { until: None });
}

#[test]
fn what_cannot_be_told_cannot_be_taken_back() {
    let gone = Known { is_there: false, ..known(S::Confirmed) };
    for kind in UpdateKind::ALL {
        let found = prospect(Reversal::of(&Delivery::of(kind)), &gone, hour(1));
        assert_eq!(found, Prospect::Impossible { why: Obstacle::Gone }, "{}", kind.name());
    }
}

#[test]
fn a_device_that_has_it_again_is_not_called_removed() {
    let removed = |has_build| Known { has_build, ..known(S::Removed) };
    let found = |known: &Known| prospect(Reversal::Uninstall, known, hour(1));
    assert_eq!(found(&removed(false)), Prospect::Removed);
    assert_eq!(found(&removed(true)), Prospect::Reinstalled);
}

#[test]
fn some_devices_that_cannot_uninstall_are_no_reason_to_ask() {
    assert!(!removal_fails(10, 0));
    assert!(!removal_fails(7, 3));
    assert!(removal_fails(2, 8));
    // Many devices say more than few at the same share.
    assert!(!removal_fails(6, 4));
    assert!(removal_fails(60, 40));
}
