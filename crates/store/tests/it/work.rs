//! Claims: one holder at a time, leases, fences, and asking while somebody works.

use std::collections::HashSet;
use std::time::Duration;

use domain::work::WorkKind;
use store::StoreError;
use uuid::Uuid;

use crate::world::{Database, execute, hour, tenant};

const LONG: Duration = Duration::from_mins(10);

#[tokio::test(flavor = "multi_thread")]
async fn no_piece_is_claimed_twice_while_a_lease_runs() {
    let database = Database::new().await;
    let (store, other) = (database.store().await, database.store().await);
    let tenant = tenant(&store, 1).await;
    for number in 1..=100 {
        let subject = Uuid::from_u128(number);
        store.work_ask(tenant, WorkKind::Decide, subject, hour(1)).await.unwrap();
    }
    let claim = async |store: &store::Store| {
        let mut claims = Vec::new();
        loop {
            let more = store.work_claim(&[WorkKind::Decide], 7, LONG, hour(1)).await.unwrap();
            if more.is_empty() {
                return claims;
            }
            claims.extend(more.into_iter().map(|claim| claim.subject));
        }
    };
    let (mut one, two) = tokio::join!(claim(&store), claim(&other));
    one.extend(two);
    assert_eq!(one.len(), 100);
    assert_eq!(one.iter().collect::<HashSet<_>>().len(), 100);
    let due = store.work_upcoming(&[WorkKind::Decide]).await.unwrap().due;
    assert_eq!(due, None, "what is claimed is nobody else's to wait for");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_claimed_before_its_time() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let kinds = [WorkKind::Sync, WorkKind::Observe];
    assert_eq!(
        store.work_upcoming(&kinds).await.unwrap().due,
        Some(hour(0)),
        "a tenant is synced at once"
    );
    let claims = store.work_claim(&kinds, 10, LONG, hour(-1)).await.unwrap();
    assert_eq!(claims, []);
    let claims = store.work_claim(&kinds, 10, LONG, hour(0)).await.unwrap();
    assert_eq!(claims.len(), 1, "observing waits to be asked for: {claims:?}");
    assert_eq!((claims[0].kind, claims[0].subject), (WorkKind::Sync, tenant.0));
    store.work_finish(&claims[0], Some(hour(6)), Some("no answer")).await.unwrap();
    assert_eq!(store.work_upcoming(&kinds).await.unwrap().due, Some(hour(6)));
    let again = store.work_claim(&kinds, 10, LONG, hour(6)).await.unwrap();
    assert_eq!((again[0].failures, again[0].fence), (1, claims[0].fence + 1));
    store.work_finish(&again[0], None, None).await.unwrap();
    assert_eq!(store.work_upcoming(&kinds).await.unwrap().due, None);
    // A success clears the failures.
    store.work_ask(tenant, WorkKind::Sync, tenant.0, hour(7)).await.unwrap();
    let clean = store.work_claim(&kinds, 10, LONG, hour(7)).await.unwrap();
    assert_eq!(clean[0].failures, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_ran_out_passes_on_and_its_holder_is_told() {
    let database = Database::new().await;
    let store = database.store().await;
    tenant(&store, 1).await;
    let claim = async || store.work_claim(&[WorkKind::Sync], 1, LONG, hour(0)).await.unwrap();
    assert_eq!(store.work_upcoming(&[WorkKind::Sync]).await.unwrap().lease_ends_in, None);
    let first = claim().await[0];
    assert_eq!(claim().await, []);
    store.work_keep(&first, LONG).await.expect("it is still held");
    let ends = store.work_upcoming(&[WorkKind::Sync]).await.unwrap().lease_ends_in;
    assert!(ends.is_some_and(|ends| ends <= LONG && ends > LONG / 2), "{ends:?}");
    let mut raw = database.raw().await;
    let expire = "update work set lease_until = clock_timestamp() - interval '1 second'";
    execute(&mut raw, expire).await.unwrap();
    let second = claim().await[0];
    assert!(second.fence > first.fence);
    for lost in [store.work_keep(&first, LONG).await, store.work_finish(&first, None, None).await] {
        assert!(matches!(lost, Err(StoreError::LeaseLost)), "{lost:?}");
    }
    store.work_finish(&second, None, None).await.unwrap();
    let twice = store.work_finish(&second, None, None).await;
    assert!(matches!(twice, Err(StoreError::LeaseLost)), "{twice:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_while_somebody_works_makes_it_due_again() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let claim = async || store.work_claim(&[WorkKind::Sync], 1, LONG, hour(2)).await.unwrap();
    let first = claim().await[0];
    store.work_ask(tenant, WorkKind::Sync, tenant.0, hour(2)).await.unwrap();
    assert_eq!(claim().await, [], "it is held all the same");
    let mut feed = store.work_feed();
    feed.mark_unchanged();
    store.work_finish(&first, Some(hour(1_000)), None).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), feed.changed()).await.expect("woken").unwrap();
    assert_eq!(claim().await.len(), 1, "due at once, not in a thousand hours");
}
