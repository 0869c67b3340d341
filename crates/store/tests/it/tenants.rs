//! Tenants and their sealed credentials.

use domain::work::WorkKind;
use store::tenants::{ConnectionState, Credential, GraphConnection, NewTenant};
use store::{Options, Store, StoreError};

use crate::world::{ALL, Database, connection, hour, tenant};

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_sealed_and_opens_only_with_its_key_and_tenant() {
    let database = Database::new().await;
    let store = database.store().await;
    let one = tenant(&store, 1).await;
    let opened = store.tenant_connection(one).await.unwrap();
    assert_eq!(opened.credential, Credential::Secret("correct horse".to_owned()));
    assert!(!format!("{opened:?}").contains("horse"));
    let mut raw = database.raw().await;
    let row: String = sqlx::query_scalar(
        "select tenant::text || encode(credential_sealed, 'escape') from tenant",
    )
    .fetch_one(&mut raw)
    .await
    .unwrap();
    assert!(!row.contains("horse") && row.contains("Tenant 1"), "{row}");
    let wrong = Store::connect(&Options { key: [8; 32], ..database.options() }).await.unwrap();
    let refused = wrong.tenant_connection(one).await;
    assert!(
        matches!(&refused, Err(StoreError::Corrupt(why)) if why.contains("key")),
        "{refused:?}"
    );
    // Moved into another tenant's row it does not open.
    let two = tenant(&store, 2).await;
    sqlx::query("update tenant set credential_sealed = (select credential_sealed from tenant where id = $1)")
        .bind(one.0)
        .execute(&mut raw)
        .await
        .unwrap();
    assert!(matches!(store.tenant_connection(two).await, Err(StoreError::Corrupt(_))));
    store.tenant_connection(one).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_entra_tenants_are_unique_and_say_so() {
    let database = Database::new().await;
    let store = database.store().await;
    tenant(&store, 1).await;
    let create = async |name: &str, number| {
        let new = NewTenant { name: name.to_owned(), connection: connection(number) };
        store.tenant_create(&new, "ana", hour(0)).await
    };
    let name = create("Tenant 1", 2).await;
    assert!(
        matches!(&name, Err(StoreError::Conflict(why)) if why.contains("Tenant 1")),
        "{name:?}"
    );
    let entra = create("Other", 1).await;
    assert!(matches!(&entra, Err(StoreError::Conflict(why)) if why.contains("Entra")), "{entra:?}");
    for bad in ["", "  ", &"x".repeat(101)] {
        assert!(matches!(create(bad, 3).await, Err(StoreError::Invalid(_))), "{bad:?}");
    }
    assert_eq!(
        store.tenant_list(ALL, None).await.unwrap().len(),
        1,
        "a refused one leaves nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_tenant_is_assessed_a_day_later_though_nobody_asks() {
    let database = Database::new().await;
    let store = database.store().await;
    tenant(&store, 1).await;
    for kind in [WorkKind::Assess, WorkKind::Register] {
        assert_eq!(store.work_upcoming(&[kind]).await.unwrap().due, Some(hour(24)), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_connection_is_unverified_and_asks_for_a_sync() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let lease = std::time::Duration::from_mins(1);
    let claim = store.work_claim(&[WorkKind::Sync], 1, lease, hour(0)).await.unwrap()[0];
    store.work_finish(&claim, None, None).await.unwrap();
    let refused = ConnectionState::Refused("no consent".to_owned());
    store.tenant_connection_note(tenant, &refused, hour(1)).await.unwrap();
    store.tenant_connection_note(tenant, &refused, hour(2)).await.unwrap();
    let row = store.tenant_fetch(tenant).await.unwrap();
    assert_eq!((row.connection, row.connection_at), (refused, Some(hour(1))));
    let credential = Credential::Certificate {
        certificate_pem: "cert".to_owned(),
        private_key_pem: "key".to_owned(),
    };
    let new = GraphConnection { credential: credential.clone(), ..connection(5) };
    let row = store.tenant_connect(tenant, &new, "ana", hour(3)).await.unwrap();
    assert_eq!(row.connection, ConnectionState::Unverified);
    assert_eq!((row.credential_kind.as_str(), row.entra_tenant), ("certificate", new.entra_tenant));
    assert_eq!(store.tenant_connection(tenant).await.unwrap().credential, credential);
    assert_eq!(store.work_upcoming(&[WorkKind::Sync]).await.unwrap().due, Some(hour(3)));
    store.tenant_synced(tenant, hour(5)).await.unwrap();
    store.tenant_synced(tenant, hour(4)).await.unwrap();
    assert_eq!(store.tenant_fetch(tenant).await.unwrap().synced_at, Some(hour(5)));
}
