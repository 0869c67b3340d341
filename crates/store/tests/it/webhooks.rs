//! Webhooks: laid out with the entry they tell of, given up and rested by the rules, and free of deadlocks
//! though everybody changes everything at once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{TenantId, WebhookId};
use domain::webhook::{Disabled, Message, Refusal, Tried};
use domain::work::WorkKind;
use store::signals::By;
use store::webhooks::{DeliveryState, NewWebhook, Stretch, WebhookRow};
use store::{Store, StoreError};

use crate::world::{ALL, Database, hour, number, tenant};

fn by(at: DateTime<Utc>) -> By<'static> {
    By { actor: "ana", reason: "because", at }
}

fn wanted(name: &str, events: &[&str]) -> NewWebhook {
    NewWebhook {
        name: name.to_owned(),
        url: "https://chat.example/hook?token=hush".to_owned(),
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        enabled: true,
    }
}

async fn made(store: &Store, tenant: TenantId, name: &str, events: &[&str]) -> WebhookRow {
    store.webhook_create(tenant, &wanted(name, events), by(hour(1))).await.unwrap().0
}

async fn due(store: &Store, tenant: TenantId, id: WebhookId, at: DateTime<Utc>) -> Vec<Message> {
    store.webhook_due(tenant, id, at).await.unwrap().messages
}

fn ended(messages: &[Message], refusal: Option<Refusal>) -> Vec<(Message, Tried)> {
    let tried = Tried { status: None, latency_ms: 7, refusal };
    messages.iter().map(|message| (message.clone(), tried)).collect()
}

async fn budget(store: &Store, tenant: TenantId, devices: u32, at: DateTime<Utc>) {
    store.budget_set(tenant, Some(devices), "ben", at).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_told_what_it_wants_and_nothing_else() {
    let database = Database::new().await;
    let store = database.store().await;
    let (ours, theirs) = (tenant(&store, 1).await, tenant(&store, 2).await);
    let all = made(&store, ours, "All", &[]).await;
    let some = made(&store, ours, "Some", &["budget.set"]).await;
    let foreign = made(&store, theirs, "Foreign", &[]).await;
    budget(&store, ours, 5, hour(2)).await;
    let events = |messages: Vec<Message>| -> Vec<String> {
        messages.into_iter().map(|message| message.event).collect()
    };
    // Of itself a webhook hears from the entry that made it on: it stood in the table before.
    let heard = events(due(&store, ours, all.id, hour(2)).await);
    assert_eq!(heard, ["webhook.created", "webhook.created", "budget.set"]);
    assert_eq!(events(due(&store, ours, some.id, hour(2)).await), ["budget.set"]);
    assert_eq!(events(due(&store, theirs, foreign.id, hour(2)).await), ["webhook.created"]);
    assert_eq!(events(due(&store, theirs, all.id, hour(2)).await), [""; 0], "nobody else's");
    // A test goes to the one that is tested.
    store.webhook_test(ours, some.id, by(hour(2))).await.unwrap();
    assert_eq!(events(due(&store, ours, some.id, hour(2)).await), ["budget.set", "webhook.test"]);
    assert_eq!(due(&store, ours, all.id, hour(2)).await.len(), 3);
    let claims = store
        .work_claim(&[WorkKind::Deliver], 10, std::time::Duration::from_secs(5), hour(2))
        .await
        .unwrap();
    assert_eq!(claims.len(), 3, "one piece of work for each");
    let taken = store.webhook_create(ours, &wanted("All", &[]), by(hour(2))).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_sealed_and_overlap() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let (row, first) = store.webhook_create(tenant, &wanted("A", &[]), by(hour(1))).await.unwrap();
    let (_, second) =
        store.webhook_rotate(tenant, row.id, TimeDelta::hours(24), by(hour(2))).await.unwrap();
    let secrets = async |at| store.webhook_target(tenant, row.id, at).await.unwrap().1;
    assert_eq!(secrets(hour(25)).await, [second.clone(), first.clone()]);
    assert_eq!(secrets(hour(26)).await, std::slice::from_ref(&second));
    let mut raw = database.raw().await;
    for secret in [&first, &second] {
        let sql = format!(
            "select count(*) from webhook w where w::text like '%{0}%' or
             encode(w.secret_sealed, 'escape') like '%{0}%'",
            &secret[6..20]
        );
        assert_eq!(number(&mut raw, &sql).await, 0, "it is in the clear");
    }
    let hush = "select count(*) from event where body like '%hush%' or body like '%whsec_%'";
    assert_eq!(number(&mut raw, hush).await, 0, "the history holds no secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_and_a_dead_receiver_rests() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let hook = made(&store, tenant, "A", &["budget.set"]).await;
    budget(&store, tenant, 5, hour(2)).await;
    let mut now = hour(2);
    let mut count = 0;
    loop {
        let messages = due(&store, tenant, hook.id, now).await;
        if messages.is_empty() {
            match store.webhook_due(tenant, hook.id, now).await.unwrap().next {
                Some(next) => now = next,
                None => break,
            }
            continue;
        }
        let tried = ended(&messages, Some(Refusal::Timeout));
        store.webhook_tried(tenant, hook.id, &tried, now).await.unwrap();
        // A server that comes late with the same try counts it once more, and undoes nothing.
        count += 1;
        assert!(count < 20, "it ends");
        let rests = store.webhook_due(tenant, hook.id, now).await.unwrap();
        assert_eq!(rests.messages, [], "it rests");
    }
    let rows = store.webhook_deliveries(tenant, hook.id, None, None, 10).await.unwrap();
    assert_eq!((rows.len(), rows[0].state), (1, DeliveryState::GivenUp));
    assert_eq!(rows[0].tries.len(), count);
    assert!((7..=9).contains(&count), "{count}");
    assert!(now - hour(2) <= TimeDelta::days(3));
    // What comes later finds it failing for days, and disables it: once.
    budget(&store, tenant, 6, hour(80)).await;
    let messages = due(&store, tenant, hook.id, hour(80)).await;
    for _ in 0..2 {
        let tried = ended(&messages, Some(Refusal::Unreachable));
        store.webhook_tried(tenant, hook.id, &tried, hour(80)).await.unwrap();
    }
    let row = store.webhook_fetch(tenant, hook.id).await.unwrap();
    assert_eq!(row.disabled.map(|(why, _)| why), Some(Disabled::Failing));
    let mut raw = database.raw().await;
    let entries = "select count(*) from event where kind = 'webhook_disabled'";
    assert_eq!(number(&mut raw, entries).await, 1);
    assert_eq!(due(&store, tenant, hook.id, hour(99)).await, [], "it is told nothing");
    let refused = store.webhook_test(tenant, hook.id, by(hour(99))).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    // Enabled again it goes on, and what it missed is had for the asking.
    budget(&store, tenant, 7, hour(99)).await;
    store
        .webhook_replace(tenant, hook.id, &wanted("A", &["budget.set"]), by(hour(100)))
        .await
        .unwrap();
    let stretch = Stretch { from: hour(0), until: hour(100) };
    let sent = store.webhook_replay(tenant, hook.id, stretch, by(hour(100))).await.unwrap();
    assert_eq!(sent, 3);
    let messages = due(&store, tenant, hook.id, hour(100)).await;
    assert_eq!(messages.len(), 3);
    assert_eq!(messages[0].id, rows[0].id, "the same message as before");
    store.webhook_tried(tenant, hook.id, &ended(&messages, None), hour(100)).await.unwrap();
    let row = store.webhook_fetch(tenant, hook.id).await.unwrap();
    assert_eq!((row.pending, row.failing_since), (0, None));
    assert_eq!(store.webhooks_sweep(hour(100) + TimeDelta::days(30)).await.unwrap(), 0);
    let later = hour(101) + TimeDelta::days(30);
    assert_eq!(store.webhooks_sweep(later).await.unwrap(), 3);
}

/// A try that ends after its message was replayed says nothing about the replay.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_try_does_not_end_a_replay() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let hook = made(&store, tenant, "A", &["budget.set"]).await;
    budget(&store, tenant, 5, hour(2)).await;
    let messages = due(&store, tenant, hook.id, hour(2)).await;
    store.webhook_replay_one(tenant, hook.id, messages[0].id, by(hour(3))).await.unwrap();
    store.webhook_tried(tenant, hook.id, &ended(&messages, None), hour(3)).await.unwrap();
    assert_eq!(due(&store, tenant, hook.id, hour(3)).await.len(), 1, "it is still due");
}

/// Events, renames, secrets, tries, replays and an end, all at once: nobody waits in a circle, and nothing is
/// left behind by what is deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_at_once() {
    let database = Database::new().await;
    let store = Arc::new(database.store().await);
    let tenant = tenant(&store, 1).await;
    let hook = made(&store, tenant, "A", &[]).await;
    let fine = |outcome: Result<(), StoreError>| match outcome {
        Ok(()) | Err(StoreError::NotFound { .. } | StoreError::Conflict(_)) => {}
        Err(other) => panic!("{other}"),
    };
    let mut running = tokio::task::JoinSet::new();
    for person in 0..6 {
        let (store, id) = (Arc::clone(&store), hook.id);
        running.spawn(async move {
            for turn in 0..25 {
                let at = hour(2) + TimeDelta::seconds(turn);
                fine(match (person + turn) % 6 {
                    0 | 1 => {
                        let devices = u32::try_from(1 + person * 100 + turn).unwrap();
                        store.budget_set(tenant, Some(devices), "ben", at).await.map(drop)
                    }
                    2 => {
                        let new = wanted(&format!("A {person} {turn}"), &[]);
                        store.webhook_replace(tenant, id, &new, by(at)).await.map(drop)
                    }
                    3 => {
                        let refusal = (turn % 2 == 0).then_some(Refusal::Gone);
                        let messages = store.webhook_due(tenant, id, at).await.unwrap().messages;
                        store.webhook_tried(tenant, id, &ended(&messages, refusal), at).await
                    }
                    4 => {
                        let stretch = Stretch { from: hour(0), until: at };
                        store.webhook_replay(tenant, id, stretch, by(at)).await.map(drop)
                    }
                    _ if person == 5 && turn > 20 => store.webhook_delete(tenant, id, by(at)).await,
                    _ => store
                        .webhook_rotate(tenant, id, TimeDelta::hours(1), by(at))
                        .await
                        .map(drop),
                });
            }
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    match store.webhook_delete(tenant, hook.id, by(hour(3))).await {
        Ok(()) | Err(StoreError::NotFound { .. }) => {}
        Err(other) => panic!("{other}"),
    }
    let mut raw = database.raw().await;
    for left in ["webhook", "webhook_delivery", "webhook_try"] {
        assert_eq!(number(&mut raw, &format!("select count(*) from {left}")).await, 0, "{left}");
    }
    assert_eq!(store.webhook_list(tenant, ALL).await.unwrap(), []);
}
