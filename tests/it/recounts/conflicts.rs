//! The report of policies that stand against ours, against what the comparison and the checks that it is made of
//! found.

use std::collections::BTreeSet;

use api_types as api;
use serde_json::Value;

use crate::organisation::Tenant;

/// Kind, policy, setting, what is expected and what was found, where there is one.
type Row = (String, String, Option<String>, Option<String>, Option<String>);

/// `compared`: the last comparison, since which nothing was compared.
pub(crate) async fn check(tenant: &Tenant, compared: &api::Enrollment) {
    let page: Value = tenant.get("/reports/policy-conflicts?page_size=500").await;
    let rows = page["items"].as_array().expect("rows");
    let said: BTreeSet<Row> = rows
        .iter()
        .map(|row| {
            let text = |column: &str| row[column].as_str().map(str::to_owned);
            let kind = text("kind").expect("a kind");
            let of_check = matches!(kind.as_str(), "update_ring" | "conditional_access");
            // What a check says of its policies stands where a comparison names a setting.
            let setting = text("setting").filter(|_| !of_check);
            (kind, text("object").expect("a policy"), setting, text("expected"), text("found"))
        })
        .collect();
    assert_eq!(said.len(), rows.len(), "each once: {rows:#?}");
    let mut counted = BTreeSet::new();
    for object in &compared.objects {
        for drift in &object.drift {
            let sides =
                drift.field.as_ref().map(|_| (drift.expected.to_string(), drift.found.to_string()));
            let (expected, found) = sides.unzip();
            let kind = if drift.field.is_some() { "changed" } else { "missing" };
            counted.insert((
                kind.to_owned(),
                object.key.clone(),
                drift.field.clone(),
                expected,
                found,
            ));
        }
    }
    let assessment: api::Assessment = tenant.get("/readiness").await;
    for finding in assessment.findings {
        let kind = match finding.check.as_str() {
            "update-rings" => "update_ring",
            "conditional-access" => "conditional_access",
            _ => continue,
        };
        if finding.level != api::Level::Ready {
            let of = |policy| (kind.to_owned(), policy, None, None, None);
            counted.extend(finding.evidence.into_iter().map(of));
        }
    }
    assert_eq!(said, counted);
}
