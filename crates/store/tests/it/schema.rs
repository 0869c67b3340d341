//! A schema that is not this program's is refused with what to do about it.

use store::{Options, Store, StoreError};

use crate::world::{Database, execute, number};

async fn refused(options: &Options) -> String {
    match Store::connect(options).await {
        Err(StoreError::Schema(why)) => why,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("connected"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_schema_is_refused() {
    let database = Database::bare().await;
    let options = database.options();
    let why = refused(&options).await;
    assert!(why.contains("migrate it"), "{why}");
    Store::migrate(&database.url).await.unwrap();
    Store::connect(&options).await.unwrap().ping().await.unwrap();
    let mut raw = database.raw().await;
    let newer =
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'later', true, '', 0)";
    execute(&mut raw, newer).await.unwrap();
    let why = refused(&options).await;
    assert!(why.contains("9999") && why.contains("newer concentric"), "{why}");
    let migrated = Store::migrate(&database.url).await;
    assert!(matches!(migrated, Err(StoreError::Schema(_))), "{migrated:?}");
    execute(&mut raw, "delete from _sqlx_migrations where version = 9999").await.unwrap();
    execute(&mut raw, "update _sqlx_migrations set checksum = '' where version = 1").await.unwrap();
    let why = refused(&options).await;
    assert!(why.contains("migration 1") && why.contains("another build"), "{why}");
    execute(&mut raw, "delete from _sqlx_migrations").await.unwrap();
    let why = refused(&options).await;
    assert!(why.contains("lacks migration 1"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_together_migrate_once() {
    let database = Database::bare().await;
    let migrate = || Store::migrate(&database.url);
    let (one, two, three) = tokio::join!(migrate(), migrate(), migrate());
    for outcome in [one, two, three] {
        outcome.unwrap();
    }
    let mut raw = database.raw().await;
    assert_eq!(number(&mut raw, "select count(*) from _sqlx_migrations").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_the_roles_is_told_what_to_grant() {
    let database = Database::new().await;
    let mut raw = database.raw().await;
    let user = format!("plain_{}", uuid::Uuid::now_v7().simple());
    execute(&mut raw, &format!("create role {user} login")).await.unwrap();
    let (scheme, rest) = database.url.split_once("://").unwrap();
    let (_, host) = rest.split_once('@').unwrap();
    let options = Options { url: format!("{scheme}://{user}@{host}"), ..database.options() };
    let why = refused(&options).await;
    assert!(why.contains("grant concentric_app"), "{why}");
    execute(&mut raw, &format!("grant concentric_app, concentric_service to {user}"))
        .await
        .unwrap();
    let store = Store::connect(&options).await.expect("with the roles it serves");
    store.tenant_list(crate::world::ALL, None).await.unwrap();
    let tenant = crate::world::tenant(&store, 1).await;
    store.tenant_fetch(tenant).await.unwrap();
    drop(store);
    execute(&mut raw, &format!("revoke concentric_app, concentric_service from {user}"))
        .await
        .unwrap();
    // Its sessions may take a moment to end.
    for _ in 0..50 {
        if execute(&mut raw, &format!("drop role {user}")).await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the role cannot be dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn options_do_not_show_key_or_password() {
    let options = Options {
        url: "postgres://ana:secret@localhost/x".to_owned(),
        max_connections: 3,
        key: [99; 32],
    };
    let shown = format!("{options:?}");
    assert!(!shown.contains("secret") && !shown.contains("99"), "{shown}");
}
