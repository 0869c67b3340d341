//! Custom signals: what could not be measured is no pass, and no failure is undone by another.

use chrono::{DateTime, TimeDelta, Utc};
use domain::evidence::{Level, Levels};
use domain::gate::Verdict;
use domain::signal::{
    CountRule, Counts, Definition, Field, History, Language, Measure, NoData, Number, Outcome,
    Policy, Reading, Seen, Signal, Source, Threshold, Why, Words, judge, judge_one,
};
use proptest::prelude::*;

fn minute(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
}

fn policy() -> Policy {
    Policy {
        max_age: TimeDelta::minutes(30),
        no_data: NoData::Hold,
        failure_limit: 1,
        passes_in_a_row: 2,
        consecutive_error_limit: 1,
        counts: None,
    }
}

fn seen(policy: Policy, history: History) -> Seen {
    let (name, owner) = ("VPN logins".to_owned(), "net-ops".to_owned());
    Seen { name, owner, runbook: None, policy, first_due: minute(0), history }
}

/// A reading every ten minutes.
fn after(policy: Policy, outcomes: &[Outcome]) -> Seen {
    let readings = (0..).zip(outcomes).map(|(at, o)| Reading::new(minute(at * 10), *o, "said"));
    seen(policy, readings.fold(History::default(), |history, one| history.after(one, &policy)))
}

/// Judged right after the last reading.
fn verdict(policy: Policy, outcomes: &[Outcome]) -> (Verdict, Why) {
    let seen = after(policy, outcomes);
    let at = seen.history.last.as_ref().map_or(minute(0), |last| last.at);
    let answer = judge_one(&seen, at + TimeDelta::minutes(1));
    (answer.verdict, answer.why)
}

const WAIT: Verdict = Verdict::Wait { until: None };
use Outcome::{Error, Fail, Hold, NoData as Nothing, Pass};

#[test]
fn each_outcome_and_policy_has_its_verdict() {
    let p = policy();
    let failing = |failures| Why::Failing { failures, limit: 1 };
    let failed = |failures| Why::Failed { failures, limit: 1 };
    let few = |passes| Why::TooFewPasses { passes, needed: 2 };
    let errors = |in_a_row| Why::Errors { in_a_row };
    for (outcomes, expected) in [
        (&[][..], (Verdict::Unknown, Why::NeverRead)),
        (&[Pass], (WAIT, few(1))),
        (&[Pass, Pass], (Verdict::Pass, Why::Passes)),
        (&[Pass, Pass, Hold], (WAIT, Why::Held)),
        (&[Pass, Pass, Hold, Pass], (WAIT, few(1))),
        (&[Fail], (WAIT, failing(1))),
        (&[Fail, Fail], (Verdict::Fail, failed(2))),
        (&[Fail, Hold, Fail], (Verdict::Fail, failed(2))),
        // One pass is not enough to wipe the failures out, two in a row are.
        (&[Fail, Fail, Pass], (Verdict::Fail, failed(2))),
        (&[Fail, Fail, Pass, Pass], (Verdict::Pass, Why::Passes)),
        (&[Fail, Fail, Pass, Pass, Fail], (WAIT, failing(1))),
        // One error in a row is put up with, and does not break a run of passes.
        (&[Pass, Pass, Error], (Verdict::Pass, Why::Passes)),
        (&[Pass, Error, Pass], (Verdict::Pass, Why::Passes)),
        (&[Pass, Pass, Error, Error], (Verdict::Unknown, errors(2))),
        (&[Error], (Verdict::Unknown, errors(1))),
        (&[Fail, Fail, Error, Error, Error], (Verdict::Fail, failed(2))),
        (&[Pass, Pass, Nothing], (Verdict::Unknown, Why::NoData)),
        (&[Pass, Pass, Nothing, Pass], (WAIT, few(1))),
    ] {
        assert_eq!(verdict(p, outcomes), expected, "{outcomes:?}");
    }
    let fails = Policy { no_data: NoData::Fail, ..p };
    assert_eq!(verdict(fails, &[Pass, Pass, Nothing]), (WAIT, failing(1)));
    assert_eq!(verdict(fails, &[Nothing, Fail]), (Verdict::Fail, failed(2)));
    let ignores = Policy { no_data: NoData::Ignore, ..p };
    assert_eq!(verdict(ignores, &[Nothing]), (Verdict::Pass, Why::NoDataIgnored));
    // What is ignored is an answer without data, not the lack of an answer.
    assert_eq!(verdict(ignores, &[Error, Error]), (Verdict::Unknown, errors(2)));
    assert_eq!(verdict(ignores, &[]), (Verdict::Unknown, Why::NeverRead));
}

#[test]
fn a_reading_grows_old_and_its_source_may_only_make_that_sooner() {
    let p = Policy { passes_in_a_row: 1, ..policy() };
    let mut one = after(p, &[Pass]);
    let at = |seen: &Seen, minutes| judge_one(seen, minute(minutes)).verdict;
    assert_eq!((at(&one, 29), at(&one, 30)), (Verdict::Pass, Verdict::Unknown));
    let measured = one.history.measured.as_mut().unwrap();
    measured.valid_until = Some(minute(5));
    assert_eq!((at(&one, 4), at(&one, 5)), (Verdict::Pass, Verdict::Unknown));
    one.history.measured.as_mut().unwrap().valid_until = Some(minute(500));
    assert_eq!(judge_one(&one, minute(30)).why, Why::Stale { since: minute(30) });
    // Ignoring is no way to let a failure grow old either.
    let ignores = Policy { no_data: NoData::Ignore, ..p };
    assert_eq!(at(&after(ignores, &[Fail, Fail]), 5_000), Verdict::Fail);
    assert_eq!(at(&after(ignores, &[Nothing]), 5_000), Verdict::Unknown);
}

#[test]
fn before_its_first_reading_is_due_a_signal_waits_for_that() {
    let mut one = seen(policy(), History::default());
    one.first_due = minute(60);
    let wait = Verdict::Wait { until: Some(minute(60)) };
    assert_eq!(judge_one(&one, minute(59)).verdict, wait);
    assert_eq!(judge_one(&one, minute(60)).verdict, Verdict::Unknown);
}

#[test]
fn counts_are_judged_by_evidence_whatever_the_failure_limit() {
    // At 2 %, the sixth failure halts by device 51 (quality.md A3).
    let rule = CountRule { limit_bp: 200, levels: Levels::default() };
    let p = Policy { counts: Some(rule), failure_limit: 9, passes_in_a_row: 1, ..policy() };
    let judged = |failures, devices| {
        let counts = Counts { failures, devices };
        let mut reading = Reading::new(minute(0), rule.outcome(counts), "");
        reading.counts = Some(counts);
        let answer = judge_one(&seen(p, History::default().after(reading, &p)), minute(1));
        let level = if let Why::Evidence { level, .. } = answer.why {
            level
        } else {
            assert_eq!(answer.why, Why::Passes);
            Level::Calm
        };
        (answer.verdict, level)
    };
    assert_eq!(judged(0, 0), (Verdict::Pass, Level::Calm));
    assert_eq!(judged(1, 100), (Verdict::Pass, Level::Calm));
    assert_eq!(judged(6, 51), (Verdict::Fail, Level::Pause));
    assert_eq!(judged(6, 65), (WAIT, Level::Watch));
    assert_eq!(judged(90, 100), (Verdict::Fail, Level::RollBack));
    assert_eq!(rule.outcome(Counts { failures: 9, devices: 1 }), Fail);
}

#[test]
fn the_worst_answer_counts() {
    let soon = Seen { first_due: minute(7), ..seen(policy(), History::default()) };
    let later = Seen { first_due: minute(9), ..soon.clone() };
    let pass = after(policy(), &[Pass, Pass]);
    let fail = after(policy(), &[Fail, Fail]);
    let unknown = after(policy(), &[Nothing]);
    let of = |all: &[&Seen]| {
        let all: Vec<Seen> = all.iter().copied().cloned().collect();
        let (verdict, answers) = judge(&all, minute(1));
        assert_eq!(answers.len(), all.len());
        verdict
    };
    assert_eq!(of(&[]), Verdict::Pass);
    assert_eq!(of(&[&pass, &pass]), Verdict::Pass);
    assert_eq!(of(&[&later, &pass, &soon]), Verdict::Wait { until: Some(minute(7)) });
    assert_eq!(of(&[&soon, &unknown, &pass]), Verdict::Unknown);
    assert_eq!(of(&[&unknown, &pass, &fail, &soon]), Verdict::Fail);
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop::sample::select(vec![Pass, Fail, Hold, Nothing, Error])
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let no_data = prop::sample::select(vec![NoData::Hold, NoData::Fail, NoData::Ignore]);
    (no_data, 0_u32..4, 1_u32..4, 0_u32..4).prop_map(|(no_data, failures, passes, errors)| Policy {
        no_data,
        failure_limit: failures,
        passes_in_a_row: passes,
        consecutive_error_limit: errors,
        ..policy()
    })
}

proptest! {
    /// By hand, from the readings alone: a pass has passes enough at its end, and is fresh.
    #[test]
    fn only_fresh_passes_in_a_row_pass(
        p in any_policy(),
        outcomes in prop::collection::vec(outcome(), 0..12),
        age in 0_i64..60,
    ) {
        let one = after(p, &outcomes);
        let at = one.history.last.as_ref().map_or(minute(0), |last| last.at);
        let answer = judge_one(&one, at + TimeDelta::minutes(age));
        let measured: Vec<Outcome> = outcomes.iter().copied().filter(|o| *o != Error).collect();
        let tail = measured.iter().rev().take_while(|o| **o == Pass).count();
        if answer.verdict == Verdict::Pass {
            prop_assert!(age < 30);
            let ignored = p.no_data == NoData::Ignore && measured.last() == Some(&Nothing);
            prop_assert!(ignored || u32::try_from(tail).unwrap() >= p.passes_in_a_row);
        }
        if answer.verdict == Verdict::Fail {
            let bad = |o: &&Outcome| **o == Fail || (**o == Nothing && p.no_data == NoData::Fail);
            let failed = outcomes.iter().filter(bad).count();
            prop_assert!(u32::try_from(failed).unwrap() > p.failure_limit);
        }
    }

    /// Turning readings into failures, or adding some at the end, never makes a failed gate better.
    #[test]
    fn more_failures_never_turn_a_failure_into_anything_else(
        p in any_policy(),
        outcomes in prop::collection::vec(outcome(), 1..12),
        turned in prop::collection::vec(any::<bool>(), 12),
        added in 0_usize..3,
        age in 0_i64..120,
    ) {
        let judged = |outcomes: &[Outcome]| {
            let at = i64::try_from(outcomes.len()).unwrap() * 10 + age;
            judge_one(&after(p, outcomes), minute(at)).verdict
        };
        let mut worse: Vec<Outcome> = outcomes
            .iter()
            .zip(&turned)
            .map(|(o, turn)| if *turn { Fail } else { *o })
            .collect();
        worse.extend(std::iter::repeat_n(Fail, added));
        if judged(&outcomes) == Verdict::Fail {
            prop_assert_eq!(judged(&worse), Verdict::Fail);
        }
    }

    /// Evidence is replayed from what was stored of it.
    #[test]
    fn what_was_seen_survives_json_to_the_bit(
        p in any_policy(),
        outcomes in prop::collection::vec(outcome(), 0..6),
        value in any::<f64>(),
    ) {
        let mut one = after(p, &outcomes);
        if let Some(measured) = &mut one.history.measured {
            measured.value = Number::new(value);
            measured.counts = Some(Counts { failures: 3, devices: 90 });
        }
        let text = serde_json::to_value(&one).unwrap();
        let back: Seen = serde_json::from_value(text).unwrap();
        prop_assert_eq!(judge_one(&back, minute(3)), judge_one(&one, minute(3)));
        prop_assert_eq!(back, one);
    }

    /// Whatever a ring is called, the query has the same shape and says the name.
    #[test]
    fn no_name_leaves_its_quotes(ring in ".*") {
        let words = words(&ring);
        for (language, quote) in
            [(Language::PromQl, '"'), (Language::PromQl, '\''), (Language::Kql, '"')]
        {
            let query = format!("up{{ring={quote}${{ring}}{quote}}}");
            let filled = language.fill(&query, &words).unwrap();
            let inside = filled.strip_prefix(&format!("up{{ring={quote}")).unwrap();
            let inside = inside.strip_suffix(&format!("{quote}}}")).unwrap();
            let mut rest = inside.chars();
            while let Some(c) = rest.next() {
                prop_assert!(c != quote && c != '\n' && c != '\r');
                if c == '\\' {
                    prop_assert!(rest.next().is_some(), "the last quote would be escaped");
                }
            }
        }
    }
}

fn words(ring: &str) -> Words {
    let word = |text: &str| text.to_owned();
    Words { tenant: word("Contoso"), rollout: word("r-1"), release: word("11 B"), ring: word(ring) }
}

#[test]
fn placeholders_stand_in_quotes_only() {
    let fill = |language: Language, query: &str| language.fill(query, &words(r#"a"b\c'd"#));
    let prom = |query| fill(Language::PromQl, query).map_err(|error| error.to_string());
    let kql = |query| fill(Language::Kql, query).map_err(|error| error.to_string());
    assert_eq!(prom(r#"x{r="${ring}"}"#).unwrap(), r#"x{r="a\"b\\c'd"}"#);
    assert_eq!(prom(r"x{r='${ring}'}").unwrap(), r#"x{r='a"b\\c\'d'}"#);
    assert_eq!(prom(r#"x{r="\"${tenant}"} # it's"#).unwrap(), r#"x{r="\"Contoso"} # it's"#);
    assert_eq!(kql(r#"T | where R == "${rollout}""#).unwrap(), r#"T | where R == "r-1""#);
    assert_eq!(
        kql("T // don't\n| where R == '${release}'").unwrap(),
        "T // don't\n| where R == '11 B'"
    );
    // A dollar that is escaped begins no placeholder.
    assert_eq!(prom(r#"x{r="\${ring}"}"#).unwrap(), r#"x{r="\${ring}"}"#);
    for (language, query) in [
        (Language::PromQl, "x{r=${ring}}"),
        (Language::PromQl, "x{r=`${ring}`}"),
        (Language::PromQl, "x # '${ring}'"),
        (Language::PromQl, r#"x{r="${nothing}"}"#),
        (Language::PromQl, r#"x{r="${ring"}"#),
        (Language::PromQl, r#"x{r="${ring}}"#),
        (Language::PromQl, r#"x{r="y\"}"#),
        (Language::Kql, "T | take ${ring}"),
        (Language::Kql, r#"T | where R == @"${ring}""#),
        (Language::Kql, "T | where R == ```${ring}```"),
        (Language::Kql, "T // '${ring}'"),
    ] {
        assert!(language.check(query).is_err(), "{query}");
    }
}

fn definition() -> Definition {
    Definition {
        name: "VPN logins".to_owned(),
        source: Source::Prometheus {
            url: "https://prometheus.example".to_owned(),
            measure: Measure::Value {
                query: "up".to_owned(),
                threshold: Threshold { least: Number::new(1.0), most: None },
            },
        },
        interval: TimeDelta::minutes(5),
        initial_delay: TimeDelta::zero(),
        max_age: TimeDelta::minutes(30),
        no_data: NoData::Hold,
        failure_limit: 0,
        passes_in_a_row: 1,
        consecutive_error_limit: 3,
        owner: "net-ops".to_owned(),
        runbook: Some("https://wiki.example/vpn".to_owned()),
        ring_set: None,
    }
}

#[test]
fn a_definition_is_refused_by_its_field() {
    let good = Signal::new(definition()).unwrap();
    let json = serde_json::to_value(&good).unwrap();
    assert_eq!(serde_json::from_value::<Signal>(json).unwrap(), good);
    let wrong = |change: fn(&mut Definition)| {
        let mut definition = definition();
        change(&mut definition);
        Signal::new(definition).unwrap_err().field
    };
    let measure = |d: &mut Definition, measure| {
        d.source = Source::Kql { workspace: uuid::Uuid::nil(), client: None, measure };
    };
    assert_eq!(wrong(|d| d.name = " ".to_owned()), Field::Name);
    assert_eq!(wrong(|d| d.owner = "a\nb".to_owned()), Field::Owner);
    assert_eq!(wrong(|d| d.runbook = Some("javascript:1".to_owned())), Field::Runbook);
    assert_eq!(wrong(|d| d.source = Source::Webhook { url: "ftp://x".to_owned() }), Field::Url);
    assert_eq!(wrong(|d| d.interval = TimeDelta::seconds(59)), Field::Interval);
    assert_eq!(wrong(|d| d.max_age = TimeDelta::minutes(9)), Field::MaxAge);
    assert_eq!(wrong(|d| d.initial_delay = TimeDelta::minutes(-1)), Field::InitialDelay);
    assert_eq!(wrong(|d| d.passes_in_a_row = 0), Field::PassesInARow);
    assert_eq!(wrong(|d| d.failure_limit = 1_001), Field::FailureLimit);
    let mut d = definition();
    let threshold = Threshold { least: None, most: None };
    measure(&mut d, Measure::Value { query: "T".to_owned(), threshold });
    assert_eq!(Signal::new(d.clone()).unwrap_err().field, Field::Threshold);
    let rule = CountRule { limit_bp: 0, levels: Levels::default() };
    let counts = |failures: &str| Measure::Counts {
        failures: failures.to_owned(),
        devices: "T".to_owned(),
        rule,
    };
    measure(&mut d, counts("T"));
    assert_eq!(Signal::new(d.clone()).unwrap_err().field, Field::Threshold);
    measure(&mut d, counts("T | take ${ring}"));
    assert_eq!(Signal::new(d).unwrap_err().field, Field::FailuresQuery);
}

#[test]
fn a_secret_does_not_follow_a_changed_address() {
    let hook = |url: &str| Source::Webhook { url: url.to_owned() };
    assert!(hook("https://a").shares_secret_with(&hook("https://a")));
    assert!(!hook("https://a").shares_secret_with(&hook("https://b")));
    assert!(!hook("https://prometheus.example").shares_secret_with(&definition().source));
}
