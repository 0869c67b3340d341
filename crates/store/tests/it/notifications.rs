//! Notifications: told once, to those who want it, whatever looks at the same time; digests, months and incidents
//! by their hour.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use chrono::{DateTime, Utc};
use domain::alert::Severity;
use domain::ids::TenantId;
use domain::notification::{Focus, Preferences, Topic};
use domain::outbox::{Chat, Letter};
use domain::rollout::observations::Wish;
use domain::rollout::phase::{Event, Pauser};
use domain::work::WorkKind;
use store::notifications::{ChannelKind, ChannelTo, NewChannel, NewContact};
use store::outbox::{LetterFilter, LetterRow};
use store::signals::By;
use store::{Store, StoreError};

use crate::world::{ALL, Database, World, execute, hour, number, tenant};

const CONSOLE: Option<&str> = Some("https://updates.example.com");

fn by(at: DateTime<Utc>) -> By<'static> {
    By { actor: "ana", reason: "because", at }
}

fn person(name: &str, wants: Preferences) -> NewContact {
    NewContact {
        name: name.to_owned(),
        email: format!("{name}@example.com").parse().unwrap(),
        phone: None,
        wants,
        enabled: true,
    }
}

fn of(focus: Focus) -> Preferences {
    Preferences { focus: vec![focus], ..Preferences::default() }
}

fn chat(name: &str, wants: Preferences) -> NewChannel {
    let to = ChannelTo::Chat(Chat::Slack, Some("https://hooks.example/secret-path".to_owned()));
    NewChannel { name: name.to_owned(), to, wants, enabled: true }
}

async fn letters(store: &Store, tenant: TenantId) -> Vec<LetterRow> {
    let mut rows = store.letter_list(tenant, &LetterFilter::default(), None, 500).await.unwrap();
    rows.reverse();
    rows
}

/// To whom, and about what, in the order in which they were written.
async fn told(store: &Store, tenant: TenantId) -> Vec<(String, String)> {
    let to = |row: &LetterRow| row.address.clone().unwrap_or_else(|| "chat".to_owned());
    letters(store, tenant).await.iter().map(|row| (to(row), row.kind.clone())).collect()
}

fn pair(to: &str, kind: &str) -> (String, String) {
    (to.to_owned(), kind.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rollout_does_is_told_once_to_those_who_want_it() {
    let world = World::of(60).await;
    let (store, tenant) = (&world.store, world.tenant);
    // What happened before anybody was there is told to nobody.
    store
        .contact_create(tenant, &person("updates", of(Focus::Updates)), by(hour(2)))
        .await
        .unwrap();
    store
        .contact_create(tenant, &person("devices", of(Focus::Devices)), by(hour(2)))
        .await
        .unwrap();
    let off = NewContact { enabled: false, ..person("off", Preferences::default()) };
    store.contact_create(tenant, &off, by(hour(2))).await.unwrap();
    let resumed = Preferences { topics: vec![Topic::RolloutResumed], ..Preferences::default() };
    store.channel_create(tenant, &chat("Chat", resumed), by(hour(2))).await.unwrap();
    assert_eq!(store.notify(tenant, CONSOLE, hour(2)).await.unwrap().letters, 0);

    world.request(Wish::Hold, hour(3)).await.unwrap();
    world.record(Event::Paused { by: Pauser::Person }, hour(3)).await.unwrap();
    let claims = store
        .work_claim(&[WorkKind::Notify], 10, std::time::Duration::from_millis(1), hour(3))
        .await
        .unwrap();
    assert_eq!(claims.len(), 1, "it is asked for with the entry");
    // Any number of servers look at once.
    let look = || store.notify(tenant, CONSOLE, hour(3));
    let (a, b, c) = tokio::join!(look(), look(), look());
    let written: u64 = [a, b, c].map(|told| told.unwrap().letters).iter().sum();
    assert_eq!(written, 1);
    assert_eq!(told(store, tenant).await, [pair("updates@example.com", "rollout_paused")]);
    let (_, letter) = store.letter_fetch(tenant, letters(store, tenant).await[0].id).await.unwrap();
    let link = format!("https://updates.example.com/t/{tenant}/rollouts/{}", world.rollout);
    assert!(letter.text().contains(&link), "{}", letter.text());
    assert!(letter.text().contains("ana asked for it."), "{}", letter.text());

    world.request(Wish::Run, hour(4)).await.unwrap();
    world.record(Event::Resumed, hour(4)).await.unwrap();
    store.notify(tenant, CONSOLE, hour(4)).await.unwrap();
    let mut now = told(store, tenant).await;
    now.sort();
    let wanted = [
        pair("chat", "rollout_resumed"),
        pair("updates@example.com", "rollout_paused"),
        pair("updates@example.com", "rollout_resumed"),
    ];
    assert_eq!(now, wanted);
    assert_eq!(store.notify(tenant, CONSOLE, hour(5)).await.unwrap().letters, 0, "and no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_told_of_every_day_until_it_ends() {
    let world = World::of(60).await;
    let (store, tenant) = (&world.store, world.tenant);
    let wants = Preferences { least: Severity::Critical, digest: true, ..of(Focus::Devices) };
    store.contact_create(tenant, &person("desk", wants), by(hour(2))).await.unwrap();
    let connection = async |state: &str| {
        let sql = format!(
            "update tenant set connection_state = '{state}', connection_error = 'expired',
                 connection_at = '2024-10-04'"
        );
        execute(&mut world.database.raw().await, &sql).await.unwrap();
    };
    connection("refused").await;
    store.alerts_update(tenant, hour(3)).await.unwrap();
    let look = store.notify(tenant, CONSOLE, hour(3)).await.unwrap();
    assert_eq!(look.letters, 1, "at once, though all else comes once a day");
    assert_eq!(look.next, Some(hour(6)), "the digest, before the update");
    let mut updates = Vec::new();
    for hours in 4..=80 {
        if store.notify(tenant, CONSOLE, hour(hours)).await.unwrap().letters > 0 {
            updates.push(hours);
        }
    }
    assert_eq!(updates, [27, 51, 75], "every 24 hours since it opened");
    // Whoever muted it is left alone; its end is told.
    let alert = store.alert_list(tenant, store::alerts::AlertFilter::default(), ALL).await.unwrap();
    let mute = store::alerts::AlertAct::Mute { until: Some(hour(200)) };
    store.alert_act(tenant, alert[0].id, mute, "ana", hour(81)).await.unwrap();
    assert_eq!(store.notify(tenant, CONSOLE, hour(100)).await.unwrap().letters, 0);
    connection("connected").await;
    store.alerts_update(tenant, hour(101)).await.unwrap();
    assert_eq!(store.notify(tenant, CONSOLE, hour(101)).await.unwrap().letters, 1);
    let kinds: Vec<String> = told(store, tenant).await.into_iter().map(|(_, kind)| kind).collect();
    let update = "incident_update";
    assert_eq!(kinds, ["incident", update, update, update, "incident_ended"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_wait_comes_once_a_day() {
    let world = World::of(60).await;
    let (store, tenant) = (&world.store, world.tenant);
    let wants = Preferences { digest: true, ..of(Focus::Updates) };
    store.contact_create(tenant, &person("ana", wants), by(hour(2))).await.unwrap();
    world.request(Wish::Hold, hour(7)).await.unwrap();
    world.record(Event::Paused { by: Pauser::Person }, hour(7)).await.unwrap();
    world.request(Wish::Run, hour(8)).await.unwrap();
    world.record(Event::Resumed, hour(8)).await.unwrap();
    for hours in 7..30 {
        assert_eq!(store.notify(tenant, CONSOLE, hour(hours)).await.unwrap().letters, 0, "{hours}");
    }
    let look = || store.notify(tenant, CONSOLE, hour(30));
    let (a, b) = tokio::join!(look(), look());
    assert_eq!(a.unwrap().letters + b.unwrap().letters, 1);
    let rows = letters(store, tenant).await;
    assert_eq!((rows.len(), rows[0].kind.as_str()), (1, "digest"));
    assert!(rows[0].subject.ends_with("2 messages of 5 October 2024"), "{}", rows[0].subject);
    let (_, letter) = store.letter_fetch(tenant, rows[0].id).await.unwrap();
    assert!(
        letter.text().contains("November is paused") && letter.text().contains("November goes on")
    );
    for hours in 31..80 {
        assert_eq!(store.notify(tenant, CONSOLE, hour(hours)).await.unwrap().letters, 0, "{hours}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_announced_and_summed_up_once() {
    let world = World::of(60).await;
    let (store, tenant) = (&world.store, world.tenant);
    let chatty = Preferences {
        topics: vec![Topic::ReleaseSchedule, Topic::ReleaseSummary],
        ..Preferences::default()
    };
    store.contact_create(tenant, &person("ana", chatty.clone()), by(hour(2))).await.unwrap();
    let idle = tenant_of(store, 2).await;
    store.contact_create(idle, &person("ben", chatty), by(hour(2))).await.unwrap();
    let mut seen = Vec::new();
    let mut now = hour(2);
    while now < hour(24 * 60) {
        let look = store.notify(tenant, CONSOLE, now).await.unwrap();
        assert_eq!(store.notify(idle, CONSOLE, now).await.unwrap().letters, 0, "it has no updates");
        for row in letters(store, tenant).await.iter().skip(seen.len()) {
            seen.push((row.kind.clone(), now.format("%m-%d %H").to_string()));
        }
        now = look.next.unwrap();
    }
    // The rollout of October is too old for a word on December.
    let wanted = [
        ("release_summary", "10-22 08"),
        ("release_schedule", "11-05 08"),
        ("release_summary", "11-26 08"),
    ];
    assert_eq!(seen, wanted.map(|(kind, at)| (kind.to_owned(), at.to_owned())));
}

async fn tenant_of(store: &Store, number: u128) -> TenantId {
    tenant(store, number).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_chat_is_sealed_and_goes_with_it() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let row = store
        .channel_create(tenant, &chat("Chat", Preferences::default()), by(hour(1)))
        .await
        .unwrap();
    assert_eq!(row.kind, ChannelKind::Chat(Chat::Slack, "hooks.example".to_owned()));
    let target = store.channel_target(tenant, row.id).await.unwrap();
    assert_eq!(target, (Chat::Slack, "https://hooks.example/secret-path".to_owned()));
    // What is not given stays.
    let other = NewChannel {
        to: ChannelTo::Chat(Chat::Slack, None),
        ..chat("Talk", Preferences::default())
    };
    store.channel_replace(tenant, row.id, &other, by(hour(2))).await.unwrap();
    assert_eq!(store.channel_target(tenant, row.id).await.unwrap(), target);
    let list = ChannelTo::List(vec!["a@example.com".parse().unwrap()]);
    let turned = NewChannel { to: list, ..other };
    let turned = store.channel_replace(tenant, row.id, &turned, by(hour(2)));
    assert!(matches!(turned.await, Err(StoreError::Invalid(_))));
    let letter = Letter::plain("A test", "It works.").unwrap();
    store.channel_test(tenant, row.id, &letter, by(hour(3))).await.unwrap();
    assert_eq!(store.letters_due(tenant, row.id.0, hour(3)).await.unwrap().envelopes.len(), 1);
    let mut raw = database.raw().await;
    for sql in [
        "select count(*) from event where body like '%secret-path%'",
        "select count(*) from notification_channel c where c::text like '%secret-path%'
             or encode(url_sealed, 'escape') like '%secret-path%'",
        "select count(*) from letter l where l::text like '%secret-path%'",
    ] {
        assert_eq!(number(&mut raw, sql).await, 0, "{sql}");
    }
    store.channel_delete(tenant, row.id, by(hour(4))).await.unwrap();
    let left =
        "select (select count(*) from letter) + (select count(*) from work where kind = 'send'
        and subject <> tenant_id)";
    assert_eq!(number(&mut raw, left).await, 0);
    let gone = store.channel_target(tenant, row.id).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_kept_apart_and_each_address_is_one() {
    let database = Database::new().await;
    let store = database.store().await;
    let (ours, theirs) = (tenant(&store, 1).await, tenant(&store, 2).await);
    let ana = person("ana", of(Focus::Updates));
    let row = store.contact_create(ours, &ana, by(hour(1))).await.unwrap();
    let twice = store.contact_create(ours, &ana, by(hour(1))).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    store.contact_create(theirs, &ana, by(hour(1))).await.unwrap();
    let foreign = store.contact_fetch(theirs, row.id).await;
    assert!(matches!(foreign, Err(StoreError::NotFound { .. })));
    let ben = person("ben", Preferences { digest: true, ..of(Focus::Devices) });
    let changed = store.contact_replace(ours, row.id, &ben, by(hour(2))).await.unwrap();
    assert_eq!((changed.contact, changed.changed_at), (ben, hour(2)));
    store.contact_delete(ours, row.id, by(hour(3))).await.unwrap();
    assert_eq!(store.contact_list(ours, ALL).await.unwrap(), []);
    assert!(matches!(
        store.contact_delete(ours, row.id, by(hour(3))).await,
        Err(StoreError::NotFound { .. })
    ));
    let mut raw = database.raw().await;
    let told = "select count(*) from event where body like '%@example.com%'";
    assert_eq!(number(&mut raw, told).await, 0, "the history names people, not their addresses");
    let asked = "select count(*) from event where kind like 'contact_%'";
    assert_eq!(number(&mut raw, asked).await, 4);
}
