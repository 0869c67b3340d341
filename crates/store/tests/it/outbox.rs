//! Letters: written with their entry, tried by the rules, given up where people see it, and never to be had by
//! another tenant.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use chrono::{DateTime, TimeDelta, Utc};
use domain::alert::AlertKind;
use domain::ids::TenantId;
use domain::outbox::{Envelope, LIFE, Letter, Recipient, Refusal, Tried};
use domain::work::WorkKind;
use store::alerts::AlertFilter;
use store::outbox::{LetterFilter, LetterState};
use store::page::Page;
use store::signals::By;
use store::{Store, StoreError};
use uuid::Uuid;

use crate::world::{Database, hour, number, tenant};

fn by(at: DateTime<Utc>) -> By<'static> {
    By { actor: "ana", reason: "because", at }
}

async fn written(store: &Store, tenant: TenantId, at: DateTime<Utc>) -> Uuid {
    let letter = Letter::plain("A test", "It works.").unwrap();
    store.letter_test(tenant, &"ops@example.com".parse().unwrap(), letter, by(at)).await.unwrap()
}

async fn due(store: &Store, tenant: TenantId, at: DateTime<Utc>) -> Vec<Envelope> {
    store.letters_due(tenant, tenant.0, at).await.unwrap().envelopes
}

fn ended(envelopes: &[Envelope], refusal: Option<Refusal>) -> Vec<(Envelope, Tried)> {
    let tried = Tried { code: Some(451), latency_ms: 7, refusal };
    envelopes.iter().map(|envelope| (envelope.clone(), tried)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_sent_once_and_by_whoever_claims_it() {
    let database = Database::new().await;
    let store = database.store().await;
    let (ours, theirs) = (tenant(&store, 1).await, tenant(&store, 2).await);
    let id = written(&store, ours, hour(1)).await;
    let claims = store
        .work_claim(&[WorkKind::Send], 10, std::time::Duration::from_secs(5), hour(1))
        .await
        .unwrap();
    assert_eq!(claims.iter().map(|claim| claim.subject).collect::<Vec<_>>(), [ours.0]);
    assert_eq!(due(&store, theirs, hour(1)).await, [], "nobody else's");
    let envelopes = due(&store, ours, hour(1)).await;
    assert_eq!(envelopes.len(), 1);
    assert_eq!((envelopes[0].id, envelopes[0].letter.subject()), (id, "A test"));
    assert_eq!(envelopes[0].to, Recipient::Email("ops@example.com".parse().unwrap()));
    store.letters_tried(ours, ours.0, &ended(&envelopes, None), hour(1)).await.unwrap();
    assert_eq!(
        store.letters_due(ours, ours.0, hour(2)).await.unwrap(),
        domain::outbox::Duty::default()
    );
    let (row, letter) = store.letter_fetch(ours, id).await.unwrap();
    assert_eq!(
        (row.state, row.tries.len(), letter.text()),
        (LetterState::Delivered, 1, "It works.")
    );
    assert!(matches!(store.letter_fetch(theirs, id).await, Err(StoreError::NotFound { .. })));
    let again = store.letter_retry(ours, id, by(hour(2))).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    // A month later nothing is left of it, tries included.
    assert_eq!(store.letters_sweep(hour(1) + TimeDelta::days(31)).await.unwrap(), 1);
    let mut raw = database.raw().await;
    assert_eq!(number(&mut raw, "select count(*) from letter_try").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_away_is_tried_for_days_and_then_people_see_it() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let id = written(&store, tenant, hour(1)).await;
    let mut now = hour(1);
    let mut tries = 0;
    loop {
        let duty = store.letters_due(tenant, tenant.0, now).await.unwrap();
        if !duty.envelopes.is_empty() {
            tries += 1;
            let outcome = ended(&duty.envelopes, Some(Refusal::Unreachable));
            store.letters_tried(tenant, tenant.0, &outcome, now).await.unwrap();
            if tries == 2 {
                // The way rests, though another letter is due.
                written(&store, tenant, now).await;
                let duty = store.letters_due(tenant, tenant.0, now).await.unwrap();
                assert!(duty.envelopes.is_empty() && duty.next.unwrap() > now, "{duty:?}");
                let later = now + TimeDelta::hours(2);
                store.alerts_update(tenant, later).await.unwrap();
                assert_eq!(alerts(&store, tenant).await, [AlertKind::LettersUndelivered]);
            }
            continue;
        }
        match duty.next {
            Some(next) => now = next,
            None => break,
        }
    }
    assert!(now - hour(1) > LIFE / 2 && now - hour(1) <= LIFE + TimeDelta::hours(2), "{now}");
    let given_up = LetterFilter { state: Some(LetterState::GivenUp), kind: None };
    let rows = store.letter_list(tenant, &given_up, None, 10).await.unwrap();
    assert_eq!(rows.len(), 2, "none is lost");
    let row = rows.iter().find(|row| row.id == id).unwrap();
    assert_eq!((row.refusal, row.next_at), (Some(Refusal::Unreachable), None));
    store.alerts_update(tenant, now).await.unwrap();
    assert_eq!(alerts(&store, tenant).await, [AlertKind::LettersUndelivered]);
    // It goes out again when a person says so, and the alert ends.
    let row = store.letter_retry(tenant, id, by(now)).await.unwrap();
    assert_eq!(row.state, LetterState::Pending);
    let now = now + TimeDelta::hours(1);
    let envelopes = due(&store, tenant, now).await;
    assert_eq!((envelopes.len(), envelopes[0].tries), (1, 0));
    store.letters_tried(tenant, tenant.0, &ended(&envelopes, None), now).await.unwrap();
    store.alerts_update(tenant, now + TimeDelta::days(8)).await.unwrap();
    assert_eq!(alerts(&store, tenant).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_one_letter_holds_up_no_other() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    written(&store, tenant, hour(1)).await;
    let envelopes = due(&store, tenant, hour(1)).await;
    let tried = ended(&envelopes, Some(Refusal::Refused));
    store.letters_tried(tenant, tenant.0, &tried, hour(1)).await.unwrap();
    let filter = LetterFilter { state: Some(LetterState::GivenUp), kind: Some("test".to_owned()) };
    let rows = store.letter_list(tenant, &filter, None, 10).await.unwrap();
    assert_eq!(rows.len(), 1, "5yz is final at once");
    written(&store, tenant, hour(1)).await;
    assert_eq!(due(&store, tenant, hour(1)).await.len(), 1, "the way does not rest");
    // A try that ends after a person sent it again decides nothing.
    let row = store.letter_retry(tenant, rows[0].id, by(hour(2))).await.unwrap();
    store.letters_tried(tenant, tenant.0, &tried, hour(2)).await.unwrap();
    let (after, _) = store.letter_fetch(tenant, row.id).await.unwrap();
    assert_eq!(after.state, LetterState::Pending);
}

async fn alerts(store: &Store, tenant: TenantId) -> Vec<AlertKind> {
    let page = Page { after: None, limit: 50 };
    let rows = store.alert_list(tenant, AlertFilter::default(), page).await.unwrap();
    rows.into_iter().map(|row| row.kind).collect()
}
