//! Attempts only climb: repeated, late and reordered reports change nothing (I12).

use domain::attempt::AttemptState;
use proptest::prelude::*;

const REPORTS: [AttemptState; 6] = [
    AttemptState::Unresolved,
    AttemptState::Installing,
    AttemptState::Installed,
    AttemptState::Lost,
    AttemptState::Confirmed,
    AttemptState::Failed,
];

#[test]
fn numbers_in_the_database_never_change_meaning() {
    let table: Vec<String> = AttemptState::ALL
        .iter()
        .map(|state| format!("{} {}", state.code(), state.name()))
        .collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    0 assigned
    1 offered
    2 unresolved
    3 withdrawn
    4 installing
    5 installed
    6 lost
    7 failed
    8 confirmed
    9 removing
    10 removed
    11 stranded
    12 excluded
    ");
    for state in AttemptState::ALL {
        assert_eq!(AttemptState::from_code(state.code()), Some(state));
    }
    assert_eq!(AttemptState::from_code(13), None);
    assert_eq!(AttemptState::from_code(-1), None);
}

#[test]
fn a_report_says_nothing_about_a_device_that_was_never_offered() {
    for report in AttemptState::ALL {
        for state in [AttemptState::Assigned, AttemptState::Excluded] {
            assert_eq!(state.after_report(report), state);
        }
    }
}

#[test]
fn only_the_end_of_an_uninstall_moves_a_device_that_was_told_to_uninstall() {
    use AttemptState as S;
    for report in S::ALL {
        let expected =
            if matches!(report, S::Removed | S::Stranded) { report } else { S::Removing };
        assert_eq!(S::Removing.after_report(report), expected, "{report:?}");
    }
    assert_eq!(S::Stranded.after_report(S::Removed), S::Removed);
    assert_eq!(S::Removed.after_report(S::Stranded), S::Removed);
}

#[test]
fn a_device_that_comes_back_counts_as_what_it_became() {
    use AttemptState as S;
    assert_eq!(S::Lost.after_report(S::Confirmed), S::Confirmed);
    assert_eq!(S::Confirmed.after_report(S::Lost), S::Confirmed);
    // A second try that succeeds heals a failed install; late word of the first changes nothing.
    assert_eq!(S::Failed.after_report(S::Confirmed), S::Confirmed);
    assert_eq!(S::Confirmed.after_report(S::Failed), S::Confirmed);
    assert_eq!(S::Failed.after_report(S::Installed), S::Failed);
}

proptest! {
    #[test]
    fn order_and_repetition_do_not_matter(
        reports in proptest::collection::vec(proptest::sample::select(&REPORTS[..]), 0..12),
        seed in any::<u64>(),
    ) {
        let merge = |reports: &[AttemptState]| reports
            .iter()
            .fold(AttemptState::Offered, |state, report| state.after_report(*report));
        let mut shuffled = reports.clone();
        shuffled.extend_from_slice(&reports);
        let mut state = seed;
        shuffled.sort_by_cached_key(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 33
        });
        prop_assert_eq!(merge(&reports), merge(&shuffled));
    }
}
