//! Every defect of a tenant, told by the check that is about it and by no other.

use std::collections::BTreeMap;

use api_types as api;
use api_types::Level;
use simulator::Defect;

use crate::organisation::{Organisation, Tenant, wish};
use crate::stack::{Api, Stack};

/// What each defect makes of which checks; all others stay as they are.
const TOLD: [(Defect, &[(&str, Level)]); 22] = [
    (Defect::NoWindowsLicence, &[("licences", Level::NotReady)]),
    (Defect::NoIntuneLicence, &[("licences", Level::NotReady)]),
    (Defect::NoEntraP1, &[("entra-premium", Level::NotReady)]),
    // One subscription holds the plans of both checks.
    (
        Defect::LicenceSuspended,
        &[("licences", Level::NotReady), ("entra-premium", Level::NotReady)],
    ),
    (Defect::MdmAuthorityUnset, &[("mdm-authority", Level::NotReady)]),
    (Defect::MdmAuthorityOther, &[("mdm-authority", Level::NotReady)]),
    (Defect::IntuneInactive, &[("intune-subscription", Level::NotReady)]),
    (Defect::DirectorySyncStale, &[("identity", Level::NotReady)]),
    (Defect::UnlicensedAdminsOff, &[("unlicensed-admins", Level::Advisory)]),
    (Defect::UpdateRingForAllDevices, &[("update-rings", Level::Advisory)]),
    (Defect::UpdateRingForAllUsers, &[("update-rings", Level::Advisory)]),
    (Defect::ConditionalAccessBlocksService, &[("conditional-access", Level::NotReady)]),
    (Defect::ConditionalAccessMfaForAll, &[("conditional-access", Level::Advisory)]),
    (Defect::SecurityDefaultsOn, &[("security-defaults", Level::NotReady)]),
    (Defect::UserMsadmin, &[("service-accounts", Level::Advisory)]),
    (Defect::UserMsadminint, &[("service-accounts", Level::Advisory)]),
    (Defect::UserMstest, &[("service-accounts", Level::Advisory)]),
    (Defect::GroupNameTaken, &[("name-collisions", Level::NotReady)]),
    (Defect::PolicyNameTaken, &[("name-collisions", Level::NotReady)]),
    (Defect::PrincipalDisabled, &[("principal", Level::NotReady)]),
    (Defect::ConsentMissing, &[("permissions", Level::NotReady)]),
    // What cannot be read is an error; that consent is missing is told where it belongs as well.
    (
        Defect::PolicyReadDenied,
        &[
            ("conditional-access", Level::Error),
            ("security-defaults", Level::Error),
            ("permissions", Level::NotReady),
        ],
    ),
];

fn levels(assessment: &api::Assessment) -> BTreeMap<String, Level> {
    assessment.findings.iter().map(|found| (found.check.clone(), found.level)).collect()
}

fn finding<'a>(assessment: &'a api::Assessment, check: &str) -> &'a api::Finding {
    assessment.findings.iter().find(|found| found.check == check).expect("a finding")
}

#[test]
fn every_defect_of_a_tenant_is_in_the_table() {
    let of_tenants = Defect::ALL.iter().take_while(|defect| **defect < Defect::NotInIntune);
    let told: Vec<Defect> = TOLD.iter().map(|(defect, _)| *defect).collect();
    assert_eq!(told, of_tenants.copied().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_tenant_is_ready_in_every_check() {
    let stack = Stack::new(wish(20, 1.0)).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let checks: api::List<api::Check> = tenant.api.get("/readiness/checks").await;
    let found = tenant.assess().await;
    let ids: Vec<&str> = checks.items.iter().map(|check| check.id.as_str()).collect();
    let told: Vec<&str> = found.findings.iter().map(|finding| finding.check.as_str()).collect();
    assert_eq!(ids, told, "one finding for each check, in order");
    for finding in &found.findings {
        assert_eq!(finding.level, Level::Ready, "{finding:#?}");
        assert_eq!(
            (&finding.remedy, &finding.fix, &finding.missing_permission),
            (&None, &None, &None)
        );
    }
    assert_eq!(found.level, Level::Ready);
    assert!(!found.blocks_enrollment);
    assert_eq!(found.consent_link, None);
    server.shutdown().await;
    stack.end().await;
}

/// Each alone; then it is mended, and its check is ready again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_defect_is_found_by_its_check_and_by_no_other() {
    let stack = Stack::new(wish(20, 1.0)).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let organisation = Organisation::of(&stack.simulator);
    let healthy = levels(&tenant.assess().await);
    let mut wrong = Vec::new();
    for (defect, told) in TOLD {
        organisation.strike(&[defect]).await;
        let found = tenant.assess().await;
        let mut expected = healthy.clone();
        expected.extend(told.iter().map(|(check, level)| ((*check).to_owned(), *level)));
        if levels(&found) != expected {
            let told: Vec<_> =
                found.findings.iter().filter(|one| one.level != Level::Ready).collect();
            wrong.push(format!("{defect}: {told:#?}"));
        }
        for (check, level) in told {
            let change = found.changes.iter().find(|change| change.check == *check);
            let fits = change.is_some_and(|one| {
                (one.from, one.to, one.regressed) == (Some(Level::Ready), *level, true)
            });
            if !fits || finding(&found, check).remedy.is_none() {
                wrong.push(format!("{defect}: {change:?} {:?}", finding(&found, check)));
            }
        }
        let blocks = told.iter().any(|(_, level)| *level > Level::Advisory);
        assert_eq!(found.blocks_enrollment, blocks, "{defect}");
        organisation.strike(&[]).await;
        let mended = tenant.assess().await;
        if levels(&mended) != healthy || mended.changes.iter().any(|change| change.regressed) {
            wrong.push(format!("{defect} mended: {:#?}", mended.changes));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    server.shutdown().await;
    stack.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_consent_lacks_is_named_and_kept() {
    let stack = Stack::new(wish(20, 1.0)).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let organisation = Organisation::of(&stack.simulator);
    let before = tenant.assess().await;
    organisation.strike(&[Defect::ConsentMissing]).await;
    let found = tenant.assess().await;
    let evidence = finding(&found, "permissions").evidence.join("\n");
    assert!(evidence.contains("WindowsUpdates.ReadWrite.All"), "{evidence}");
    let link = found.consent_link.clone().expect("a link");
    assert!(link.starts_with(&stack.simulator.base_url()), "{link}");
    assert!(link.contains("adminconsent"), "{link}");
    organisation.strike(&[Defect::PolicyReadDenied]).await;
    let denied = tenant.assess().await;
    let unread: Vec<(&str, Option<&str>)> = denied
        .findings
        .iter()
        .filter(|one| one.level == Level::Error)
        .map(|one| (one.check.as_str(), one.missing_permission.as_deref()))
        .collect();
    let policy = Some("Policy.Read.All");
    assert_eq!(unread, [("conditional-access", policy), ("security-defaults", policy)]);
    assert!(denied.consent_link.is_some());

    // Every run is kept, newest first, and reads as it did.
    let history: api::List<api::AssessmentSummary> = tenant.get("/readiness/history").await;
    let ids: Vec<_> = history.items.iter().map(|run| run.id).collect();
    assert_eq!(ids[..3], [denied.id, found.id, before.id]);
    assert_eq!(history.items[1].failing, ["permissions"]);
    let path = format!("/readiness/history/{}", found.id);
    let past: api::Assessment = tenant.get(&path).await;
    assert_eq!(past, found);
    server.shutdown().await;
    stack.end().await;
}
