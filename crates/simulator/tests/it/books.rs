//! The ledger: what a truth check reads after a rollout.

use chrono::TimeDelta;
use serde_json::Value;
use simulator::{Config, LedgerEntry, LedgerSummary};

use crate::tenant::Tenant;

#[tokio::test]
async fn the_ledger_says_who_brought_which_offer_and_when_orders_took_effect() {
    let tenant = Tenant::start(100_000.0).await;
    let rollout = tenant.roll_out().await;
    tenant.until(&["installed"], 100).await;
    let ledger = tenant.simulator.ledger();
    let group = ledger.entries.iter().find(|entry| entry.event == "group_member_added").unwrap();
    let added: Vec<&LedgerEntry> =
        ledger.entries.iter().filter(|entry| entry.group == group.group).collect();
    for entry in &added {
        match entry.event.as_str() {
            "group_member_added" => {
                assert_eq!(entry.effective, Some(entry.at + TimeDelta::minutes(4)));
            }
            _ => assert_eq!(entry.policy.as_ref(), Some(&rollout.policy), "{entry:?}"),
        }
    }
    for offer in added.iter().filter(|entry| entry.event == "offered") {
        let joined = added
            .iter()
            .find(|entry| entry.event == "group_member_added" && entry.device == offer.device);
        assert!(offer.at >= joined.unwrap().effective.unwrap(), "{offer:?} came too early");
        assert!(!offer.catalog_entry.is_empty());
    }
    let [approved] = ledger.summary.controls.as_slice() else { panic!("one order was given") };
    assert_eq!((approved.event.as_str(), approved.device.is_nil()), ("approval_approved", true));
}

#[tokio::test]
async fn the_ledger_is_read_in_parts_that_make_the_whole() {
    let tenant = Tenant::of(Config { devices: 60, ..Config::default() }).await;
    tenant.roll_out().await;
    let whole = tenant.simulator.ledger();
    assert_eq!(whole.entries.len(), 61, "memberships and an approval");
    let mut parts = Vec::new();
    for after in (0..70).step_by(7) {
        let url =
            format!("{}/_simulator/ledger?after={after}&limit=7", tenant.simulator.base_url());
        let part: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        let entries: Vec<LedgerEntry> = serde_json::from_value(part["entries"].clone()).unwrap();
        assert_eq!(entries, tenant.simulator.entries(after, 7));
        parts.extend(entries);
    }
    assert_eq!(parts, whole.entries);
    let url = format!("{}/_simulator/summary", tenant.simulator.base_url());
    let summary: LedgerSummary = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(summary, whole.summary);
    assert_eq!(summary.events["group_member_added"], 60);
}
