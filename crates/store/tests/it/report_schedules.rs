//! Scheduled reports: sent once for each moment, whoever makes them and however often; kept due while they cannot be sent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use domain::calendar::{Recurrence, Rule, Zone};
use domain::ids::{ReportScheduleId, TenantId};
use domain::report::{FileFormat, LARGEST, Made, Order, Turn};
use domain::work::WorkKind;
use store::outbox::LetterFilter;
use store::page::Page;
use store::report_schedules::NewSchedule;
use store::report_views::NewView;
use store::signals::By;
use store::{Store, StoreError};

use crate::world::{Database, execute, hour, number, tenant};

const LINK: &str = "https://updates.example.com/r";

fn by(at: DateTime<Utc>) -> By<'static> {
    By { actor: "ana", reason: "because", at }
}

fn new_view(is_shared: bool) -> NewView {
    NewView {
        name: "Behind".to_owned(),
        report: "quality-status".to_owned(),
        filter: Some("status=not_up_to_date".to_owned()),
        order_by: None,
        columns: vec!["name".to_owned()],
        is_shared,
    }
}

/// Daily at 06:00 (UTC), to two people.
async fn scheduled(store: &Store, tenant: TenantId) -> (ReportScheduleId, NewSchedule) {
    let view = store.view_create(tenant, &new_view(false), by(hour(0))).await.unwrap();
    let rule = Rule::new("FREQ=DAILY").unwrap();
    let start = NaiveTime::from_hms_opt(6, 0, 0).unwrap();
    let new = NewSchedule {
        name: "Morning".to_owned(),
        view: view.id,
        recurrence: Recurrence::new(rule, None, start, Zone::UTC).unwrap(),
        format: FileFormat::Csv,
        to: ["a@example.com", "b@example.com"].map(|to| to.parse().unwrap()).to_vec(),
        enabled: true,
    };
    (store.schedule_create(tenant, &new, by(hour(0))).await.unwrap().id, new)
}

async fn due(store: &Store, tenant: TenantId, id: ReportScheduleId, at: DateTime<Utc>) -> Order {
    let turn = store.report_turn(tenant, id, at).await.unwrap();
    let Turn::Due(order) = turn else { panic!("{turn:?}") };
    order
}

fn made() -> Made {
    Made::File { rows: 1, bytes: b"name\r\nPC-1\r\n".to_vec() }
}

async fn letters(store: &Store, tenant: TenantId) -> usize {
    store.letter_list(tenant, &LetterFilter::default(), None, 100).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_sent_once_for_its_moment() {
    let database = Database::new().await;
    let (store, other) = (database.store().await, database.store().await);
    let tenant = tenant(&store, 1).await;
    let (id, _) = scheduled(&store, tenant).await;
    assert_eq!(
        store.report_turn(tenant, id, hour(5)).await.unwrap(),
        Turn::Wait { until: Some(hour(6)) }
    );
    let claimed = async |at| {
        let lease = std::time::Duration::from_secs(5);
        store.work_claim(&[WorkKind::SendReport], 10, lease, at).await.unwrap().len()
    };
    assert_eq!(claimed(hour(5)).await, 0, "not before its time");
    assert_eq!(claimed(hour(6)).await, 1);
    let order = due(&store, tenant, id, hour(6)).await;
    assert_eq!((order.at, order.columns.as_slice()), (hour(6), &["name".to_owned()][..]));
    // Two servers have made it; both want to send it, again and again.
    let made = made();
    let send = async |store: &Store| {
        store.report_made(tenant, &order, &made, LINK, hour(6)).await.unwrap()
    };
    let both = tokio::join!(send(&store), send(&other));
    assert_eq!(both, (Some(hour(30)), Some(hour(30))));
    assert_eq!(send(&store).await, Some(hour(30)));
    assert_eq!(letters(&store, tenant).await, 2, "one to each address");
    let mut raw = database.raw().await;
    assert_eq!(number(&mut raw, "select count(*) from event where kind = 'report_sent'").await, 1);
    assert_eq!(number(&mut raw, "select count(*) from letter_attachment").await, 2);
    let row = store.schedule_fetch(tenant, id).await.unwrap();
    assert_eq!((row.last_at, row.next_at), (Some(hour(6)), Some(hour(30))));
    // No server ran for days: what was missed is sent once.
    let order = due(&store, tenant, id, hour(80)).await;
    assert_eq!(order.at, hour(30));
    assert_eq!(
        store.report_made(tenant, &order, &made, LINK, hour(80)).await.unwrap(),
        Some(hour(102))
    );
    assert_eq!(letters(&store, tenant).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_and_doubles_nothing() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let (id, _) = scheduled(&store, tenant).await;
    let order = due(&store, tenant, id, hour(6)).await;
    // What PostgreSQL says when it cannot extend a file, after the first of the letters.
    let full = "create function full_disk() returns trigger language plpgsql as $$ begin
            if (select count(*) from letter) > 1 then
                raise exception 'could not extend file: No space left on device' using errcode = '53100';
            end if;
            return new; end $$;
        create trigger full_disk before insert on letter_attachment for each row execute function full_disk();
        grant execute on function full_disk to public";
    execute(&mut database.raw().await, full).await.unwrap();
    let refused = store.report_made(tenant, &order, &made(), LINK, hour(6)).await;
    assert!(matches!(&refused, Err(error) if error.is_unavailable()), "{refused:?}");
    store.report_failed(tenant, id, "no space left").await.unwrap();
    let row = store.schedule_fetch(tenant, id).await.unwrap();
    assert_eq!(
        (row.error.as_deref(), row.next_at, row.last_at),
        (Some("no space left"), Some(hour(6)), None)
    );
    assert_eq!(letters(&store, tenant).await, 0, "none of them is there");
    execute(&mut database.raw().await, "drop trigger full_disk on letter_attachment")
        .await
        .unwrap();
    let order = due(&store, tenant, id, hour(7)).await;
    store.report_made(tenant, &order, &made(), LINK, hour(7)).await.unwrap();
    let row = store.schedule_fetch(tenant, id).await.unwrap();
    assert_eq!((row.error, row.last_at, letters(&store, tenant).await), (None, Some(hour(6)), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_comes_as_a_link() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let (id, _) = scheduled(&store, tenant).await;
    let order = due(&store, tenant, id, hour(6)).await;
    store.report_made(tenant, &order, &Made::TooLarge, LINK, hour(6)).await.unwrap();
    let all = store.letter_list(tenant, &LetterFilter::default(), None, 10).await.unwrap();
    let (_, letter) = store.letter_fetch(tenant, all[0].id).await.unwrap();
    assert!(letter.text().contains(LINK), "{}", letter.text());
    assert_eq!(
        number(&mut database.raw().await, "select count(*) from letter_attachment").await,
        0
    );
    // The largest that is attached is taken.
    let order = due(&store, tenant, id, hour(30)).await;
    let largest = Made::File { rows: 1, bytes: vec![b'x'; LARGEST] };
    store.report_made(tenant, &order, &largest, LINK, hour(30)).await.unwrap();
    assert_eq!(
        number(&mut database.raw().await, "select count(*) from letter_attachment").await,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_goes_with_its_view_and_its_owner() {
    let database = Database::new().await;
    let store = database.store().await;
    let (ours, theirs) = (tenant(&store, 1).await, tenant(&store, 2).await);
    let (id, new) = scheduled(&store, ours).await;
    let all = Page { after: None, limit: 10 };
    assert_eq!(store.schedule_list(theirs, all).await.unwrap(), []);
    assert!(matches!(store.schedule_fetch(theirs, id).await, Err(StoreError::NotFound { .. })));
    assert_eq!(store.report_turn(theirs, id, hour(9)).await.unwrap(), Turn::Wait { until: None });
    let used = store.view_delete(ours, new.view, by(hour(1))).await;
    assert!(matches!(used, Err(StoreError::Conflict(_))), "{used:?}");
    let ben = By { actor: "ben", reason: "mine now", at: hour(1) };
    let blind = store.schedule_replace(ours, id, &new, ben).await;
    assert!(matches!(blind, Err(StoreError::Invalid(_))), "ben does not see ana's view: {blind:?}");
    let shared = store.view_replace(ours, new.view, &new_view(true), by(hour(1))).await;
    shared.unwrap();
    store.schedule_replace(ours, id, &new, ben).await.unwrap();
    store.view_replace(ours, new.view, &new_view(false), by(hour(2))).await.unwrap();
    let turn = store.report_turn(ours, id, hour(6)).await.unwrap();
    assert!(matches!(&turn, Turn::Impossible { why, .. } if why.contains("ben")), "{turn:?}");
    let off = NewSchedule { enabled: false, ..new };
    store.schedule_replace(ours, id, &off, by(hour(7))).await.unwrap();
    assert_eq!(store.report_turn(ours, id, hour(900)).await.unwrap(), Turn::Wait { until: None });
    let run = store.schedule_run(ours, id, by(hour(8))).await;
    assert!(matches!(run, Err(StoreError::Conflict(_))), "{run:?}");
    store.schedule_delete(ours, id, by(hour(9))).await.unwrap();
    store.view_delete(ours, off.view, by(hour(9))).await.unwrap();
    let work = "select count(*) from work where kind = 'send_report'";
    assert_eq!(number(&mut database.raw().await, work).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_wanted_now_does_not_move_the_next() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let (id, _) = scheduled(&store, tenant).await;
    store.schedule_run(tenant, id, by(hour(2))).await.unwrap();
    let order = due(&store, tenant, id, hour(2)).await;
    assert_eq!(order.at, hour(2));
    let next = store.report_made(tenant, &order, &made(), LINK, hour(2)).await.unwrap();
    assert_eq!(next, Some(hour(6)));
    assert_eq!(hour(6) - hour(2), TimeDelta::hours(4));
}
