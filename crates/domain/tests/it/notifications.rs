//! Notifications: who gets what and when, how each reads, and that names are never markup.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::alert::{AlertKind, Severity};
use domain::gate::{Condition, ConditionKind, Evidence, GateReport, Verdict};
use domain::ids::RolloutId;
use domain::notification::{
    About, AlertNews, AlertStage, Bulletin, Focus, Month, Preferences, RolloutNews, RolloutStep,
    SummaryNews, TOPICS, Topic, Way, awaits_approval, day_of_schedule, day_of_summary, digest,
    digest_before, due, example, letter, updates_of,
};
use domain::ring::RingIndex;
use domain::rollout::decide::WaitingOn;
use domain::rollout::phase::Event;
use uuid::Uuid;

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn bulletin(topic: Topic, focus: Focus, severity: Severity) -> Bulletin {
    Bulletin {
        topic,
        focus,
        severity,
        title: "A title".to_owned(),
        happened: vec!["Something happened.".to_owned()],
        why: None,
        todo: None,
        facts: Vec::new(),
        page: String::new(),
    }
}

fn about() -> About {
    About {
        tenant: "Contoso".to_owned(),
        console: Some("https://updates.example.com/t/1".to_owned()),
        because: "You are a contact.".to_owned(),
    }
}

/// What somebody gets is what all of their wishes allow, for each combination of a small world.
#[test]
fn who_gets_what_follows_from_what_they_want() {
    let severities = Severity::ALL;
    let mut got = 0;
    for topic in [Topic::RolloutPaused, Topic::Incident] {
        for focus in Focus::ALL {
            for severity in severities {
                let bulletin = bulletin(topic, focus, severity);
                for wanted in [vec![], vec![Topic::Incident]] {
                    for areas in [vec![Focus::Devices], Focus::ALL.to_vec()] {
                        for least in severities {
                            for digest in [false, true] {
                                let (focus_of, topics) = (areas.clone(), wanted.clone());
                                let wants = Preferences { focus: focus_of, topics, least, digest };
                                let fits = areas.contains(&focus)
                                    && (wanted.is_empty() || wanted.contains(&topic))
                                    && severity >= least;
                                let way = wants.way(&bulletin);
                                assert_eq!(way.is_some(), fits, "{wants:?} {bulletin:?}");
                                let is_later = digest && severity != Severity::Critical;
                                assert_eq!(way == Some(Way::InDigest), fits && is_later);
                                got += usize::from(fits);
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(got > 20, "the world is not empty: {got}");
}

#[test]
fn every_topic_has_an_example_that_says_what_why_and_what_to_do() {
    let topics: BTreeSet<Topic> = TOPICS.iter().map(|info| info.topic).collect();
    assert_eq!(topics, Topic::ALL.into_iter().collect());
    let mut all = String::new();
    for topic in Topic::ALL {
        assert_eq!(Topic::from_word(topic.word()), Some(topic));
        let letter = example(topic).unwrap();
        let (text, html) = (letter.text(), letter.html().unwrap());
        for whole in [text, html] {
            assert!(whole.contains("https://updates.example.com/t/"), "{topic:?} has no link");
            assert!(whole.contains("concentric contact update"), "{topic:?}: how to get less");
        }
        assert!(!letter.card().paragraphs.is_empty());
        let (word, subject) = (topic.word(), letter.subject());
        writeln!(all, "=== {word}\nSubject: {subject}\n\n{text}").unwrap();
    }
    insta::assert_snapshot!("letters", all);
    insta::assert_snapshot!("letter_html", example(Topic::RolloutPaused).unwrap().html().unwrap());
}

#[test]
fn names_are_never_markup_nor_headers() {
    let mut news = bulletin(Topic::RolloutPaused, Focus::Updates, Severity::Warning);
    let evil = "<script>alert(1)</script>\r\nBcc: x@y.z \"'&";
    news.title = evil.to_owned();
    news.happened = vec![evil.to_owned()];
    news.facts = vec![(evil.to_owned(), evil.to_owned())];
    let about = About { tenant: evil.to_owned(), because: evil.to_owned(), ..about() };
    for letter in [
        letter(&news, &about).unwrap(),
        digest(NaiveDate::MIN, &[news.clone(), news], &about).unwrap(),
    ] {
        let html = letter.html().unwrap();
        assert!(!html.contains("<script") && !html.contains("\"'&"), "{html}");
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{html}");
        assert!(!letter.subject().contains(char::is_control), "{:?}", letter.subject());
        assert!(!letter.text().lines().any(|line| line.starts_with("Bcc")), "{}", letter.text());
    }
}

#[test]
fn a_digest_begins_with_the_worst_and_stays_within_what_a_mail_holds() {
    let day = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    let mut all = vec![bulletin(Topic::RingOpened, Focus::Updates, Severity::Information); 300];
    all.push(bulletin(Topic::RolloutPaused, Focus::Updates, Severity::Warning));
    all[300].title = "The worst".to_owned();
    let letter = digest(day, &all, &about()).unwrap();
    assert_eq!(letter.subject(), "[Contoso] 301 messages of 24 November 2026");
    assert!(letter.text().starts_with("The worst"), "{}", letter.text());
    assert!(letter.text().contains("And 251 more"));
}

#[test]
fn a_month_is_announced_a_week_before_and_summed_up_on_its_fourth_tuesday() {
    let month = Month { year: 2026, month: 12 };
    assert_eq!(
        day_of_schedule(month),
        Some(time("2026-12-01T08:00:00Z")),
        "Patch Tuesday is the 8th"
    );
    assert_eq!(day_of_summary(month), Some(time("2026-12-22T08:00:00Z")));
    // Every hour of three years: each month once, at its time, and the next look is never late.
    let (mut announced, mut summed) = (Vec::new(), Vec::new());
    let mut now = time("2026-01-01T00:00:00Z");
    while now < time("2029-01-01T00:00:00Z") {
        let found = due(now);
        for (month, at, seen) in [
            (found.schedule, day_of_schedule as fn(Month) -> Option<DateTime<Utc>>, &mut announced),
            (found.summary, day_of_summary as fn(Month) -> Option<DateTime<Utc>>, &mut summed),
        ] {
            if let Some(month) = month {
                let at: DateTime<Utc> = at(month).unwrap();
                assert!(at <= now && now - at < TimeDelta::days(3));
                if !seen.contains(&month) {
                    assert_eq!(at, now, "at its hour");
                    seen.push(month);
                }
            }
        }
        assert!(found.next > now && found.next - now <= TimeDelta::days(1), "{now} {found:?}");
        now += TimeDelta::hours(1);
    }
    assert_eq!((announced.len(), summed.len()), (36, 36));
}

#[test]
fn updates_come_every_day_and_reminders_every_week() {
    let opened = time("2026-11-10T09:30:00Z");
    let day = |days| opened + TimeDelta::days(days);
    assert_eq!(updates_of(true, opened, day(0)), (0, day(1)));
    assert_eq!(updates_of(true, opened, day(1)), (1, day(2)));
    assert_eq!(updates_of(true, opened, day(3) + TimeDelta::hours(23)), (3, day(4)));
    assert_eq!(updates_of(false, opened, day(6)), (0, day(7)));
    assert_eq!(updates_of(false, opened, day(15)), (2, day(21)));
    assert_eq!(
        updates_of(true, opened, opened - TimeDelta::hours(1)),
        (0, day(1)),
        "clocks differ"
    );
    assert_eq!(digest_before(time("2026-11-10T05:59:59Z")), time("2026-11-09T06:00:00Z"));
    assert_eq!(digest_before(time("2026-11-10T06:00:00Z")), time("2026-11-10T06:00:00Z"));
}

#[test]
fn people_are_asked_when_nothing_else_is_waited_for() {
    let condition = |kind, verdict| Condition {
        kind,
        verdict,
        evidence: Evidence::Exposure { judged: 1, of: 1, needed: 1, in_install: 0 },
    };
    let gate =
        |conditions| WaitingOn::Gate { ring: RingIndex(1), report: GateReport { conditions } };
    let wait = Verdict::Wait { until: None };
    let asks = condition(ConditionKind::Approvals, wait);
    let passed = condition(ConditionKind::Bake, Verdict::Pass);
    let bakes = condition(ConditionKind::Bake, wait);
    assert_eq!(awaits_approval(&gate(vec![passed.clone(), asks.clone()])), Some(RingIndex(1)));
    assert_eq!(awaits_approval(&gate(vec![bakes.clone(), asks])), None);
    assert_eq!(awaits_approval(&gate(vec![bakes])), None);
    assert_eq!(awaits_approval(&gate(vec![passed])), None);
    assert_eq!(awaits_approval(&WaitingOn::Person), None);
}

#[test]
fn a_share_is_never_rounded_up_to_what_was_not_reached() {
    let summary = |eligible, met| {
        let month = Month { year: 2026, month: 11 };
        SummaryNews { month, eligible, met, target: 95, rollouts: Vec::new() }.bulletin().1
    };
    assert_eq!(summary(10_000, 9_999).title, "November 2026: 99.9 % of devices are patched");
    assert_eq!(summary(3, 3).title, "November 2026: 100.0 % of devices are patched");
    assert_eq!(summary(0, 0).title, "November 2026: no device had time for it yet");
    assert_eq!(summary(100, 95).todo, None);
    assert!(summary(100, 94).todo.is_some());
}

#[test]
fn what_is_no_news_makes_no_letter() {
    let news = |event| RolloutNews {
        rollout: RolloutId(Uuid::from_u128(1)),
        release: "R".to_owned(),
        ring_set: None,
        rings: vec!["Test".to_owned()],
        step: RolloutStep::Moved(event),
        entry: Some(7),
        asked: None,
        devices: (0, 0, 0),
    };
    let ring = RingIndex::FIRST;
    assert!(news(Event::SoakStarted { ring }).bulletin().is_none());
    assert!(news(Event::WaveOffered { ring, wave: 1, devices: 5 }).bulletin().is_none());
    let (occasion, started) = news(Event::RingOpened { ring }).bulletin().unwrap();
    assert_eq!((occasion.0.as_str(), started.topic), ("entry/7", Topic::RolloutStarted));
    let alert = |severity, stage| AlertNews {
        id: Uuid::from_u128(9),
        kind: AlertKind::PolicyDrift,
        severity,
        text: "T".to_owned(),
        opened_at: time("2026-11-10T00:00:00Z"),
        acknowledged_by: None,
        stage,
    };
    assert!(alert(Severity::Information, AlertStage::Opened).bulletin().is_none());
    assert!(alert(Severity::Warning, AlertStage::Ended).bulletin().is_none());
    // One that a person made worse is an incident from then on.
    let (_, worse) = alert(Severity::Critical, AlertStage::StillOpen(1)).bulletin().unwrap();
    assert_eq!(worse.topic, Topic::IncidentUpdate);
}
