//! The catalogue: which update replaces which, known issues, declared versions, floors.

use domain::build::Build;
use domain::ids::UpdateId;
use domain::update::UpdateKind;
use domain::update::details::{Details, Severity};
use domain::update::known_issue::KnownIssue;
use store::StoreError;
use store::catalog::{ImportedUpdate, NewUpdate, UpdateBuild, UpdateFilter};

use crate::world::{ALL, Database, hour, number, tenant, update};

/// A quality update of the 24H2 of that revision and article, released so many days later.
pub(crate) fn released(days: i64, revision: u32, kb: &str) -> ImportedUpdate {
    let build = UpdateBuild {
        build: Build { major: 10, minor: 0, build: 26100, revision },
        product: "Windows 11".to_owned(),
        version: "24H2".to_owned(),
        kb: Some(kb.to_owned()),
        is_hotpatch: false,
    };
    ImportedUpdate {
        catalog_entry_id: kb.to_owned(),
        short_name: kb.to_owned(),
        released_at: hour(24 * days),
        builds: vec![build],
        ..update()
    }
}

fn optional(update: ImportedUpdate) -> ImportedUpdate {
    ImportedUpdate { classification: "nonSecurity".to_owned(), ..update }
}

fn names(rows: &[store::catalog::UpdateRow]) -> Vec<&str> {
    rows.iter().map(|row| row.update.short_name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_says_what_replaces_what_and_is_filtered_by_it() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let mut october = released(0, 200, "KB1");
    october.details = Details {
        max_severity: Some(Severity::Critical),
        max_base_score_tenths: Some(98),
        exploited_cves: vec!["CVE-2026-1".to_owned()],
        driver: None,
    };
    october.builds[0].is_hotpatch = true;
    let first = [october.clone(), optional(released(14, 250, "KB2"))];
    store.catalog_import(tenant, &first).await.unwrap();
    let rows = store.update_list(tenant, ALL).await.unwrap();
    assert_eq!(names(&rows), ["KB2", "KB1"]);
    assert_eq!(rows[1].update, october, "it is read as it was written");
    assert!(
        rows.iter().all(|row| row.superseded_by.is_none()),
        "a preview replaces no security update"
    );
    // The next sync reads the whole catalogue again.
    let second = [first[0].clone(), first[1].clone(), released(28, 300, "KB3")];
    store.catalog_import(tenant, &second).await.unwrap();
    let search = async |filter: UpdateFilter| {
        let rows = store.update_search(tenant, &filter, ALL).await.unwrap();
        rows.iter().map(|row| row.update.short_name.clone()).collect::<Vec<_>>()
    };
    let superseded =
        |superseded| UpdateFilter { superseded: Some(superseded), ..UpdateFilter::default() };
    assert_eq!(search(superseded(true)).await, ["KB2", "KB1"]);
    assert_eq!(search(superseded(false)).await, ["KB3"]);
    let optional =
        UpdateFilter { classification: Some("nonSecurity".to_owned()), ..UpdateFilter::default() };
    assert_eq!(search(optional).await, ["KB2"]);
    let features = UpdateFilter { kind: Some(UpdateKind::Feature), ..UpdateFilter::default() };
    assert_eq!(search(features).await, [""; 0]);
    let newest = store.update_list(tenant, ALL).await.unwrap()[0].id;
    assert_eq!(names(&store.update_supersedes(tenant, newest).await.unwrap()), ["KB2", "KB1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_graph_does_not_list_are_declared_once() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let new = |kind, version: &str| NewUpdate {
        kind,
        channel: "stable".to_owned(),
        version: version.to_owned(),
        classification: "security".to_owned(),
        released_at: hour(1),
    };
    let edge = |version| new(UpdateKind::Edge, version);
    let old = store.update_declare(tenant, &edge("99.0.1"), "ana", hour(1)).await.unwrap();
    let newer = store.update_declare(tenant, &edge("131.0.1"), "ana", hour(1)).await.unwrap();
    assert_eq!((newer.superseded_by, newer.update.channel.as_deref()), (None, Some("stable")));
    let old = store.update_fetch(tenant, old.id).await.unwrap();
    assert_eq!(old.superseded_by, Some(newer.id));
    let again = store.update_declare(tenant, &edge("99.0.1"), "ana", hour(2)).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    for kind in [UpdateKind::Quality, UpdateKind::Feature, UpdateKind::Driver] {
        let refused = store.update_declare(tenant, &new(kind, "1.0"), "ana", hour(2)).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    }
    let mut raw = database.raw().await;
    let written = "select count(*) from event where kind = 'update_declared' and actor = 'ana'";
    assert_eq!(number(&mut raw, written).await, 2);
    let asked = "select count(*) from work where kind = 'approve' and due_at is not null";
    assert_eq!(number(&mut raw, asked).await, 1, "rules look at it");
}

fn issue(id: &str, product: &str, from: Option<&str>, ended: Option<&str>) -> KnownIssue {
    KnownIssue {
        id: id.to_owned(),
        product: product.to_owned(),
        title: "Blank pages".to_owned(),
        description: String::new(),
        status: if ended.is_some() { "resolved" } else { "confirmed" }.to_owned(),
        started_at: Some(hour(1)),
        updated_at: None,
        resolved_at: None,
        originating_kb: from.map(str::to_owned),
        resolving_kb: ended.map(str::to_owned),
        safeguard_hold_ids: vec![7],
        url: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_has_the_issues_of_its_products_from_their_first_update_to_their_last() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let updates = [released(0, 200, "KB1"), released(28, 300, "KB2"), released(56, 400, "KB3")];
    store.catalog_import(tenant, &updates).await.unwrap();
    let product = "Windows 11, version 24H2";
    let issues = [
        issue("WI1", product, Some("KB2"), None),
        issue("WI2", product, Some("KB1"), Some("KB3")),
        issue("WI3", product, None, None),
        issue("WI4", "Windows 11, version 23H2", None, None),
    ];
    store.known_issues_import(tenant, &issues).await.unwrap();
    let ids: Vec<UpdateId> =
        store.update_list(tenant, ALL).await.unwrap().iter().rev().map(|row| row.id).collect();
    let of = async |id: UpdateId| {
        let found = store.update_known_issues(tenant, id).await.unwrap();
        found.into_iter().map(|issue| issue.id).collect::<Vec<_>>()
    };
    assert_eq!(of(ids[0]).await, ["WI2", "WI3"], "WI1 came later");
    assert_eq!(of(ids[1]).await, ["WI1", "WI2", "WI3"]);
    assert_eq!(of(ids[2]).await, ["WI1", "WI3"], "KB3 ended WI2");
    // What Microsoft shows no longer is gone, what it changed is changed.
    let changed = KnownIssue { status: "mitigated".to_owned(), ..issues[2].clone() };
    store.known_issues_import(tenant, std::slice::from_ref(&changed)).await.unwrap();
    assert_eq!(store.update_known_issues(tenant, ids[0]).await.unwrap(), [changed]);
    store.known_issues_import(tenant, &[]).await.unwrap();
    assert_eq!(store.update_known_issues(tenant, ids[0]).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn floors_are_replaced_whole_and_the_higher_of_two_counts() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let build = |text: &str| -> Build { text.parse().unwrap() };
    let floors = ["10.0.26100.300", "10.0.22631.5", "10.0.26100.200"].map(build);
    store.version_floors_replace(tenant, &floors, "ana", hour(1)).await.unwrap();
    let kept = ["10.0.22631.5", "10.0.26100.300"].map(build);
    assert_eq!(store.version_floors(tenant).await.unwrap(), kept);
    store.version_floors_replace(tenant, &[], "ana", hour(2)).await.unwrap();
    assert_eq!(store.version_floors(tenant).await.unwrap(), []);
    let written = "select count(*) from event where kind = 'version_floors_set'";
    assert_eq!(number(&mut database.raw().await, written).await, 2);
}
