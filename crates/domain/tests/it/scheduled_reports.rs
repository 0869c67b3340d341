//! The letters that bring reports.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{ReportScheduleId, ReportViewId};
use domain::report::{FileFormat, Made, Order, letter};
use proptest::prelude::*;
use uuid::Uuid;

fn order(name: &str) -> Order {
    Order {
        at: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000),
        schedule: ReportScheduleId(Uuid::from_u128(1)),
        name: name.to_owned(),
        view: ReportViewId(Uuid::from_u128(2)),
        report: "quality-status".to_owned(),
        filter: Some("status=not_up_to_date".to_owned()),
        order_by: None,
        columns: Vec::new(),
        format: FileFormat::Csv,
    }
}

#[test]
fn a_report_comes_as_a_file_or_as_a_link() {
    let link = "https://updates.example.com/r";
    let made = Made::File { rows: 1, bytes: b"a\r\n".to_vec() };
    let (said, file) = letter(&order("Behind"), &made, link).unwrap();
    let file = file.unwrap();
    assert_eq!(
        (file.name(), file.media_type(), file.bytes()),
        ("quality-status-2024-10-04.csv", "text/csv", &b"a\r\n"[..])
    );
    insta::assert_snapshot!(format!("{}\n{}", said.subject(), said.text()), @r#"
    Behind: report of 2024-10-04
    The report quality-status has 1 row; it is attached.

    Filter: status=not_up_to_date
    Address: https://updates.example.com/r

    You get this because the schedule "Behind" names your address; whoever administers Concentric changes that (concentric report schedule).
    "#);
    let (said, file) = letter(&order("Behind"), &Made::TooLarge, link).unwrap();
    assert!(file.is_none() && said.text().contains("larger than a mail takes"), "{}", said.text());
}

proptest! {
    /// Whatever a schedule is called, there is a letter, and its subject is one line.
    #[test]
    fn any_name_is_a_subject(name in ".{1,150}") {
        let (said, _) = letter(&order(&name), &Made::TooLarge, "https://x").unwrap();
        prop_assert!(!said.subject().contains(char::is_control));
    }
}
