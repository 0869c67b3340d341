//! Windows versions, severities and release health, as published and as they may come.

use chrono::{TimeZone as _, Utc};
use domain::build::Build;
use domain::update::details::{Details, Severity};
use serde_json::{Value, json};

use crate::fake::{Fake, reply};

fn entry(severity: &Value) -> Value {
    json!({"@odata.type": "#microsoft.graph.windowsUpdates.qualityUpdateCatalogEntry",
        "id": "7752", "displayName": "12/12/2023 - 2023.12 B", "deployableUntilDateTime": null,
        "releaseDateTime": "2023-12-12T00:00:00Z", "isExpeditable": true,
        "qualityUpdateClassification": "security", "shortName": "2023.12 B",
        "qualityUpdateCadence": "monthly", "cveSeverityInformation": severity,
        "productRevisions": [{"product": "Windows 11", "version": "24H2", "isHotpatchUpdate": true,
            "osBuild": {"majorVersion": 10, "minorVersion": 0, "buildNumber": 26100,
                "updateBuildRevision": 2861}}]})
}

#[tokio::test]
async fn severities_are_read_as_far_as_they_are_said() {
    let said = [
        json!({"maxSeverity": "moderate", "maxBaseScore": 9.6,
            "exploitedCves": [{"number": "CVE-2023-1", "url": "https://msrc.example"}, {"url": "x"}]}),
        json!({"maxSeverity": "unknownFutureValue", "maxBaseScore": 11.0, "exploitedCves": null}),
        Value::Null,
    ];
    let entries: Vec<Value> = said.iter().map(entry).collect();
    let fake = Fake::start(move |_| reply(200, &json!({"value": entries}))).await;
    let entries = fake.client().quality_updates().await.unwrap();
    let first = Details {
        driver: None,
        max_severity: Some(Severity::Moderate),
        max_base_score_tenths: Some(96),
        exploited_cves: vec!["CVE-2023-1".to_owned()],
    };
    let details: Vec<Details> = entries.iter().map(|entry| entry.details.clone()).collect();
    assert_eq!(details, [first, Details::default(), Details::default()]);
    assert!(entries[0].revisions[0].is_hotpatch);
}

#[tokio::test]
async fn windows_versions_are_read() {
    let fake = Fake::start(|_| {
        let kind = "#microsoft.graph.windowsUpdates.featureUpdateCatalogEntry";
        reply(
            200,
            &json!({"value": [
            {"@odata.type": kind, "id": "1", "displayName": "Windows 11, version 25H2",
                "version": "Windows 11, version 25H2", "buildNumber": "26200",
                "releaseDateTime": "2025-09-30T17:00:00Z",
                "deployableUntilDateTime": "2027-10-12T00:00:00Z"},
            {"@odata.type": kind, "id": "2", "displayName": "Windows 12", "version": null,
                "buildNumber": "soon", "releaseDateTime": "2026-09-30T17:00:00Z",
                "deployableUntilDateTime": "0001-01-01T00:00:00Z"},
            entry(&Value::Null)]}),
        )
    })
    .await;
    let entries = fake.client().feature_updates().await.unwrap();
    let [first, second] = &entries[..] else { panic!("{entries:?}") };
    let build = Build { major: 10, minor: 0, build: 26200, revision: 0 };
    assert_eq!((first.version.as_str(), first.build), ("Windows 11, version 25H2", Some(build)));
    assert_eq!(first.deployable_until, Utc.with_ymd_and_hms(2027, 10, 12, 0, 0, 0).single());
    assert_eq!((second.version.as_str(), second.build), ("Windows 12", None));
    assert_eq!(second.deployable_until, None);
    let query = &fake.calls()[0].query;
    assert_eq!(
        query,
        "$filter=isof(%27microsoft.graph.windowsUpdates.featureUpdateCatalogEntry%27)"
    );
}

#[tokio::test]
async fn release_health_is_read() {
    let fake = Fake::start(|seen| {
        if seen.path.ends_with("/products") {
            return reply(
                200,
                &json!({"value": [{"id": "a/b", "name": "Windows 11, version 24H2",
                "groupName": "Windows 11", "friendlyNames": []}]}),
            );
        }
        reply(
            200,
            &json!({"value": [
            {"id": "WI1", "title": "Blank pages", "description": "Some printers",
                "status": "mitigatedExternal", "startDateTime": "2026-01-16T00:00:00Z",
                "resolvedDateTime": null, "safeguardHoldIds": [12, 13],
                "originatingKnowledgeBaseArticle": {"id": "5068861"},
                "resolvingKnowledgeBaseArticle": {"id": "KB5070000"},
                "webViewUrl": "https://admin.example/WI1"},
            {"id": "WI2", "status": "puzzling", "safeguardHoldIds": null}]}),
        )
    })
    .await;
    let client = fake.client();
    let products = client.products().await.unwrap();
    let issues = client.known_issues(&products[0]).await.unwrap();
    let [first, second] = &issues[..] else { panic!("{issues:?}") };
    assert_eq!(first.product, "Windows 11, version 24H2");
    let articles = (first.originating_kb.as_deref(), first.resolving_kb.as_deref());
    assert_eq!(articles, (Some("KB5068861"), Some("KB5070000")), "one spelling of articles");
    assert_eq!((first.safeguard_hold_ids.as_slice(), first.is_open()), (&[12, 13][..], true));
    assert_eq!(
        (second.status.as_str(), second.is_open(), second.started_at),
        ("puzzling", true, None)
    );
    let call = &fake.calls()[1];
    assert_eq!(call.path, "/beta/admin/windows/updates/products/a%2Fb/knownIssues");
    let expanded = "$expand=originatingKnowledgeBaseArticle,resolvingKnowledgeBaseArticle";
    assert_eq!(call.query, expanded);
}
