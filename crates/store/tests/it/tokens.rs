//! API tokens: shown once, kept as a hash, good until revoked or expired.

use store::StoreError;
use store::tokens::{Grant, Grants, NewToken, Role};
use uuid::Uuid;

use crate::world::{Database, hour, tenant};

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_servers_makes_the_first_token() {
    let database = Database::new().await;
    let stores = [database.store().await, database.store().await, database.store().await];
    let first = |number: usize| stores[number % 3].token_first(hour(0));
    let (a, b, c, d) = tokio::join!(first(0), first(1), first(2), first(3));
    let made: Vec<String> = [a, b, c, d].into_iter().filter_map(|one| one.unwrap()).collect();
    assert_eq!(made.len(), 1);
    let (start, digits) = made[0].split_at(4);
    assert_eq!((start, digits.len()), ("con_", 64));
    assert!(digits.bytes().all(|digit| digit.is_ascii_hexdigit()), "{digits}");
    let principal = stores[0].token_check(&made[0], hour(1)).await.unwrap().expect("it is good");
    assert_eq!(principal.grants, Grants::from(Grant::of(Role::TenantAdministrator, None)));
    // Not even when it was revoked: the service is not new any more.
    stores[0].token_revoke(principal.id, None, "ops", hour(1)).await.unwrap();
    assert_eq!(stores[1].token_first(hour(2)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_until_it_expires_or_is_revoked() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let new = NewToken {
        name: "night shift".to_owned(),
        grant: Grant::of(Role::Operator, Some(tenant)),
        expires_at: Some(hour(10)),
    };
    let (row, text) = store.token_create(&new, "ops", hour(0)).await.unwrap();
    let principal = store.token_check(&text, hour(9)).await.unwrap().expect("it is good");
    assert_eq!(
        (principal.id, principal.grants),
        (row.id, Grants::from(Grant::of(Role::Operator, Some(tenant))))
    );
    assert_eq!(store.token_check(&text, hour(10)).await.unwrap(), None, "expired");
    for other in ["", "con_", &text[1..], &text.replace("con_", "con-")] {
        assert_eq!(store.token_check(other, hour(9)).await.unwrap(), None, "{other}");
    }
    store.token_revoke(row.id, None, "ops", hour(5)).await.unwrap();
    store.token_revoke(row.id, None, "ops", hour(6)).await.unwrap();
    assert_eq!(store.token_check(&text, hour(9)).await.unwrap(), None, "revoked");
    assert_eq!(store.token_list(None).await.unwrap()[0].revoked_at, Some(hour(5)));
    let unknown = store.token_revoke(Uuid::nil(), None, "ops", hour(5)).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { what: "token" })), "{unknown:?}");
    let nobody = Some(domain::ids::TenantId(Uuid::max()));
    let nowhere = NewToken { grant: Grant::of(Role::Operator, nobody), ..new };
    let refused = store.token_create(&nowhere, "ops", hour(0)).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    let mut raw = database.raw().await;
    let kept: Vec<u8> =
        sqlx::query_scalar("select hash from api_token").fetch_one(&mut raw).await.unwrap();
    assert_eq!(kept.len(), 32);
    assert_ne!(kept, text.as_bytes());
}
