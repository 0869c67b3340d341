//! Readiness: the table of checks, one tenant that is ready, and one defect at a time.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::permission::{Capability, PERMISSIONS, missing};
use domain::readiness::facts::{
    ConditionalAccess, Fleet, Intune, Licence, MdmAuthority, NamedObject, Organization, Principal,
    Read, TenantFacts, UpdateRing,
};
use domain::readiness::network::{ENDPOINTS, Listed, Probed, Reached, of_host, tried};
use domain::readiness::{
    Assessment, CHECKS, ChangeKind, CheckId, Finding, Fix, Level, assess, compare, regressions,
};
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use crate::world::hour;

fn now() -> DateTime<Utc> {
    hour(1000)
}

fn reached(host: &str, reached: Reached) -> Probed {
    Probed { host: host.to_owned(), reached }
}

fn policy(name: &str) -> ConditionalAccess {
    ConditionalAccess {
        name: name.to_owned(),
        includes_all_users: false,
        requires_mfa: false,
        blocks: false,
        concerns_our_principal: false,
    }
}

fn ring(name: &str) -> UpdateRing {
    UpdateRing {
        id: "1".to_owned(),
        name: name.to_owned(),
        ours: false,
        named_as_ours: false,
        all_devices: false,
        all_users: false,
    }
}

/// Ready in every respect, with harmless neighbours of every defect.
fn healthy() -> TenantFacts {
    let tls = || Reached::Tls { version: "1.3".to_owned(), milliseconds: 20 };
    TenantFacts {
        organization: Read::Known(Organization {
            name: "Contoso".to_owned(),
            mdm_authority: MdmAuthority::Intune,
            directory_sync: Some(true),
            last_directory_sync: Some(now() - TimeDelta::days(3)),
        }),
        licences: Read::Known(vec![
            Licence {
                sku: "SPE_E3".to_owned(),
                active: true,
                units: 10,
                plans: ["WIN10_PRO_ENT_SUB", "INTUNE_A", "AAD_PREMIUM"].map(str::to_owned).to_vec(),
            },
            Licence {
                sku: "OLD".to_owned(),
                active: false,
                units: 0,
                plans: vec!["INTUNE_A".to_owned()],
            },
        ]),
        security_defaults: Read::Known(false),
        conditional_access: Read::Known(vec![
            ConditionalAccess { includes_all_users: true, blocks: true, ..policy("legacy") },
            ConditionalAccess { requires_mfa: true, ..policy("administrators") },
            ConditionalAccess { concerns_our_principal: true, ..policy("report") },
        ]),
        service_accounts: Read::Known(Vec::new()),
        intune: Read::Known(Intune {
            active: true,
            subscription_state: "active".to_owned(),
            unlicensed_admins: Some(true),
        }),
        update_rings: Read::Known(vec![
            UpdateRing { ours: true, named_as_ours: true, all_devices: true, ..ring("Concentric") },
            ring("Pilots"),
        ]),
        groups: Read::Known(vec![NamedObject {
            id: "2".to_owned(),
            name: "Concentric".to_owned(),
            ours: true,
        }]),
        principal: Read::Known(Some(Principal {
            enabled: true,
            granted: PERMISSIONS.iter().map(|permission| permission.role).collect(),
        })),
        fleet: Read::Known(Fleet { devices: 100, co_managed: 10, workloads_missing: 0 }),
        network: Some(tried().filter_map(|tried| Some(reached(tried.host?, tls()))).collect()),
    }
}

fn found(assessment: &Assessment) -> Vec<(CheckId, Level)> {
    let mut found: Vec<_> =
        assessment.findings.iter().map(|finding| (finding.check, finding.level)).collect();
    found.retain(|(_, level)| *level != Level::Ready);
    found
}

fn of(assessment: &Assessment, check: CheckId) -> &Finding {
    assessment.findings.iter().find(|finding| finding.check == check).expect("every check")
}

fn change<T>(read: &mut Read<T>, how: impl FnOnce(&mut T)) {
    match read {
        Read::Known(value) => how(value),
        Read::Denied(_) | Read::Failed(_) => panic!("a healthy tenant was read"),
    }
}

type Defect = (CheckId, Level, fn(&mut TenantFacts));

/// Every defect with its finding. Its evidence is in the snapshot.
const DEFECTS: [Defect; 29] = [
    (CheckId::Licences, Level::NotReady, |facts| {
        change(&mut facts.licences, |held| held[0].plans.retain(|plan| plan != "INTUNE_A"));
    }),
    (CheckId::Licences, Level::NotReady, |facts| {
        change(&mut facts.licences, |held| {
            held[0].plans = ["INTUNE_O365", "INTUNE_A", "AAD_PREMIUM"].map(str::to_owned).to_vec();
        });
    }),
    (CheckId::Licences, Level::NotReady, |facts| {
        change(&mut facts.licences, |held| {
            held[0].plans = vec!["AAD_PREMIUM".to_owned()];
        });
    }),
    (CheckId::EntraPremium, Level::NotReady, |facts| {
        change(&mut facts.licences, |held| held[0].plans.truncate(2));
    }),
    (CheckId::EntraPremium, Level::NotReady, |facts| {
        change(&mut facts.licences, |held| {
            held[0].plans.truncate(2);
            held[1].plans.push("AAD_PREMIUM_P2".to_owned());
        });
    }),
    (CheckId::Identity, Level::NotReady, |facts| {
        change(&mut facts.organization, |organization| organization.last_directory_sync = None);
    }),
    (CheckId::Identity, Level::NotReady, |facts| {
        change(&mut facts.organization, |organization| {
            organization.last_directory_sync =
                Some(now() - TimeDelta::days(3) - TimeDelta::seconds(1));
        });
    }),
    (CheckId::MdmAuthority, Level::NotReady, |facts| {
        change(&mut facts.organization, |organization| {
            organization.mdm_authority = MdmAuthority::Other("sccm".to_owned());
        });
    }),
    (CheckId::MdmAuthority, Level::NotReady, |facts| {
        change(&mut facts.organization, |organization| {
            organization.mdm_authority = MdmAuthority::Unset;
        });
    }),
    (CheckId::IntuneSubscription, Level::NotReady, |facts| {
        change(&mut facts.intune, |intune| {
            *intune = Intune {
                active: false,
                subscription_state: "warning".to_owned(),
                unlicensed_admins: Some(true),
            };
        });
    }),
    (CheckId::UnlicensedAdmins, Level::Advisory, |facts| {
        change(&mut facts.intune, |intune| intune.unlicensed_admins = Some(false));
    }),
    (CheckId::UpdateRings, Level::Advisory, |facts| {
        change(&mut facts.update_rings, |rings| rings[1].all_devices = true);
    }),
    (CheckId::UpdateRings, Level::Advisory, |facts| {
        change(&mut facts.update_rings, |rings| {
            rings.push(UpdateRing { all_users: true, ..ring("Staff") });
            rings.push(UpdateRing { all_users: true, all_devices: true, ..ring("All") });
        });
    }),
    (CheckId::ConditionalAccess, Level::NotReady, |facts| {
        change(&mut facts.conditional_access, |policies| policies[2].blocks = true);
    }),
    (CheckId::ConditionalAccess, Level::Advisory, |facts| {
        change(&mut facts.conditional_access, |policies| policies[1].includes_all_users = true);
    }),
    (CheckId::SecurityDefaults, Level::NotReady, |facts| {
        change(&mut facts.security_defaults, |on| *on = true);
    }),
    (CheckId::ServiceAccounts, Level::Advisory, |facts| {
        change(&mut facts.service_accounts, |users| {
            users.push("MsAdmin@contoso.onmicrosoft.com".to_owned());
        });
    }),
    (CheckId::NameCollisions, Level::NotReady, |facts| {
        change(&mut facts.update_rings, |rings| {
            rings.push(UpdateRing { named_as_ours: true, ..ring("Concentric - Default - Test") });
        });
    }),
    (CheckId::NameCollisions, Level::NotReady, |facts| {
        change(&mut facts.groups, |groups| groups[0].ours = false);
    }),
    (CheckId::CoManagement, Level::Advisory, |facts| {
        change(&mut facts.fleet, |fleet| fleet.workloads_missing = 4);
    }),
    (CheckId::Principal, Level::NotReady, |facts| {
        change(&mut facts.principal, |principal| {
            principal.as_mut().expect("a principal").enabled = false;
        });
    }),
    (CheckId::Permissions, Level::NotReady, |facts| {
        change(&mut facts.principal, |principal| {
            let granted = &mut principal.as_mut().expect("a principal").granted;
            granted.retain(|role| *role != PERMISSIONS[0].role);
        });
    }),
    (CheckId::Permissions, Level::NotReady, |facts| {
        change(&mut facts.principal, |principal| {
            principal.as_mut().expect("a principal").granted.clear();
        });
    }),
    (CheckId::Permissions, Level::Advisory, |facts| {
        change(&mut facts.principal, |principal| {
            let acting = missing(&[], &[Capability::ActOnDevices]);
            let only = |role| acting.iter().any(|found| found.role == role && found.writes());
            principal.as_mut().expect("a principal").granted.retain(|role| !only(*role));
        });
    }),
    (CheckId::Network, Level::NotReady, |facts| {
        lose(facts, &["graph.microsoft.com"], &Reached::NoName { why: "unknown".to_owned() });
    }),
    (CheckId::Network, Level::NotReady, |facts| {
        let lost = ["geo.prod.do.dsp.mp.microsoft.com", "slscr.update.microsoft.com"];
        lose(facts, &lost, &Reached::NoTls { why: "reset".to_owned() });
    }),
    (CheckId::Network, Level::Advisory, |facts| {
        let lost = ["geo.prod.do.dsp.mp.microsoft.com"];
        lose(facts, &lost, &Reached::NoConnection { why: "timed out".to_owned() });
    }),
    (CheckId::Licences, Level::NotReady, |facts| {
        change(&mut facts.licences, |held| {
            held[0].plans = vec!["AAD_PREMIUM_P2".to_owned(), "INTUNE_EDU".to_owned()];
        });
    }),
    (CheckId::UpdateRings, Level::Advisory, |facts| {
        change(&mut facts.update_rings, |rings| {
            rings.extend((0..30).map(|_| UpdateRing { all_devices: true, ..ring("Many") }));
        });
    }),
];

fn lose(facts: &mut TenantFacts, hosts: &[&str], how: &Reached) {
    for probed in facts.network.iter_mut().flatten() {
        if hosts.contains(&probed.host.as_str()) {
            probed.reached = how.clone();
        }
    }
}

#[test]
fn a_healthy_tenant_is_ready_everywhere() {
    let assessment = assess(&healthy(), now());
    assert_eq!(found(&assessment), []);
    assert_eq!((assessment.level, assessment.at), (Level::Ready, now()));
    let checks: Vec<_> = assessment.findings.iter().map(|finding| finding.check).collect();
    assert_eq!(checks, CHECKS.map(|check| check.id));
    assert!(assessment.findings.iter().all(|finding| finding.evidence.is_empty()));
}

#[test]
fn harmless_differences_are_ready_too() {
    let mut facts = healthy();
    change(&mut facts.organization, |organization| {
        // Once synchronised, no longer: the last time tells nothing.
        organization.directory_sync = Some(false);
        organization.last_directory_sync = Some(hour(0));
    });
    change(&mut facts.licences, |held| held[0].plans[0] = "winbiz".to_owned());
    change(&mut facts.intune, |intune| intune.unlicensed_admins = None);
    change(&mut facts.fleet, |fleet| fleet.co_managed = 0);
    facts.network = None;
    let assessment = assess(&facts, now());
    assert_eq!(found(&assessment), []);
    assert!(of(&assessment, CheckId::Network).summary.starts_with("Not run"));
}

#[test]
fn each_defect_gives_its_finding_and_no_other() {
    let mut lines = Vec::new();
    for (check, level, break_it) in DEFECTS {
        let mut facts = healthy();
        break_it(&mut facts);
        let assessment = assess(&facts, now());
        assert_eq!(found(&assessment), [(check, level)]);
        assert_eq!(assessment.level, level);
        let finding = of(&assessment, check);
        assert!(level <= check.check().failing, "{check:?} may be worse than its row says");
        assert!(finding.evidence.len() <= 20, "{} pieces", finding.evidence.len());
        lines.push(format!("{} {}: {}", check.word(), level.word(), finding.summary));
        lines.extend(finding.evidence.iter().map(|piece| format!("    {piece}")));
    }
    let covered: HashSet<CheckId> = DEFECTS.iter().map(|(check, ..)| *check).collect();
    assert_eq!(covered.len(), CHECKS.len(), "a check without a defect");
    for check in &CHECKS {
        let worst = DEFECTS.iter().filter(|(id, ..)| *id == check.id).map(|(_, level, _)| *level);
        assert_eq!(worst.max(), Some(check.failing), "{:?}", check.id);
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn without_a_principal_nothing_is_granted_either() {
    let facts = TenantFacts { principal: Read::Known(None), ..healthy() };
    let both = [(CheckId::Principal, Level::NotReady), (CheckId::Permissions, Level::NotReady)];
    assert_eq!(found(&assess(&facts, now())), both);
}

#[test]
fn a_denied_read_spoils_only_what_rests_on_it() {
    type Spoil = (fn(&mut TenantFacts), &'static [CheckId]);
    let spoils: [Spoil; 10] = [
        (
            |facts| facts.organization = Read::Denied("P"),
            &[CheckId::Identity, CheckId::MdmAuthority],
        ),
        (|facts| facts.licences = Read::Denied("P"), &[CheckId::Licences, CheckId::EntraPremium]),
        (|facts| facts.security_defaults = Read::Denied("P"), &[CheckId::SecurityDefaults]),
        (|facts| facts.conditional_access = Read::Denied("P"), &[CheckId::ConditionalAccess]),
        (|facts| facts.service_accounts = Read::Denied("P"), &[CheckId::ServiceAccounts]),
        (
            |facts| facts.intune = Read::Denied("P"),
            &[CheckId::IntuneSubscription, CheckId::UnlicensedAdmins],
        ),
        (
            |facts| facts.update_rings = Read::Denied("P"),
            &[CheckId::UpdateRings, CheckId::NameCollisions],
        ),
        (|facts| facts.groups = Read::Denied("P"), &[CheckId::NameCollisions]),
        (|facts| facts.principal = Read::Denied("P"), &[CheckId::Principal, CheckId::Permissions]),
        (|facts| facts.fleet = Read::Denied("P"), &[CheckId::CoManagement]),
    ];
    for (spoil, checks) in spoils {
        let mut facts = healthy();
        spoil(&mut facts);
        let assessment = assess(&facts, now());
        let expected: Vec<_> = checks.iter().map(|check| (*check, Level::Error)).collect();
        assert_eq!(found(&assessment), expected);
        for check in checks {
            let finding = of(&assessment, *check);
            assert_eq!(finding.missing_permission.as_deref(), Some("P"));
        }
    }
    let facts = TenantFacts { fleet: Read::Failed("timed out".to_owned()), ..healthy() };
    let assessment = assess(&facts, now());
    let finding = of(&assessment, CheckId::CoManagement);
    assert_eq!((finding.level, finding.missing_permission.as_ref()), (Level::Error, None));
    assert_eq!(finding.evidence, ["timed out"]);
}

proptest! {
    #[test]
    fn the_level_is_that_of_the_worst_finding(
        broken in proptest::collection::vec(0..DEFECTS.len(), 0..6),
        denied: bool,
    ) {
        let mut facts = healthy();
        for (check, _, break_it) in broken.iter().map(|index| DEFECTS[*index]) {
            // Defects of the same thing may undo each other's ground.
            if found(&assess(&facts, now())).iter().all(|(id, _)| *id != check)
                && !matches!(check, CheckId::Licences | CheckId::EntraPremium)
            {
                break_it(&mut facts);
            }
        }
        if denied {
            facts.fleet = Read::Denied("P");
        }
        let assessment = assess(&facts, now());
        let levels = || assessment.findings.iter().map(|finding| finding.level);
        prop_assert!(levels().all(|level| level <= assessment.level));
        prop_assert!(levels().any(|level| level == assessment.level));
        prop_assert_eq!(assessment.level == Level::Error, denied);
        // The same facts, the same answer.
        prop_assert_eq!(&assess(&facts, now()), &assessment);
        prop_assert_eq!(compare(&assessment, &assessment), vec![]);
    }

    #[test]
    fn going_there_and_back_turns_regressions_round(index in 0..DEFECTS.len()) {
        let before = assess(&healthy(), now());
        let mut facts = healthy();
        DEFECTS[index].2(&mut facts);
        let after = assess(&facts, now());
        let there = compare(&before, &after);
        prop_assert!(there.iter().all(|change| change.kind == ChangeKind::Regressed));
        prop_assert_eq!(&regressions(&before, &after), &there);
        let back = compare(&after, &before);
        prop_assert_eq!(back.len(), there.len());
        prop_assert!(back.iter().all(|change| change.kind == ChangeKind::Improved));
        prop_assert_eq!(regressions(&after, &before), vec![]);
    }
}

fn only(check: CheckId, level: Level) -> Assessment {
    let finding = Finding {
        check,
        level,
        summary: String::new(),
        evidence: Vec::new(),
        missing_permission: None,
    };
    Assessment { at: now(), level, findings: vec![finding] }
}

#[test]
fn a_fault_behind_an_error_or_a_new_check_appears() {
    use ChangeKind::{Appeared, Improved, Regressed};
    use Level::{Advisory, Error, NotReady, Ready};
    let kinds = |from: Option<Level>, to: Level| {
        let before = from.map_or_else(
            || Assessment { at: now(), level: Level::Ready, findings: Vec::new() },
            |from| only(CheckId::Network, from),
        );
        let changes = compare(&before, &only(CheckId::Network, to));
        assert!(changes.iter().all(|change| (change.from, change.to) == (from, to)));
        changes.first().map(|change| change.kind)
    };
    for level in Level::ALL {
        assert_eq!(kinds(Some(level), level), None);
    }
    assert_eq!(kinds(None, Ready), None);
    assert_eq!(kinds(None, Advisory), Some(Appeared));
    assert_eq!(kinds(None, Error), Some(Appeared));
    assert_eq!(kinds(Some(Error), NotReady), Some(Appeared));
    assert_eq!(kinds(Some(Error), Ready), Some(Improved));
    assert_eq!(kinds(Some(NotReady), Error), Some(Regressed));
    assert_eq!(kinds(Some(Ready), Advisory), Some(Regressed));
    assert_eq!(kinds(Some(NotReady), Advisory), Some(Improved));
    // A check that is gone is no change.
    let gone = Assessment { findings: Vec::new(), ..only(CheckId::Network, Error) };
    assert_eq!(compare(&only(CheckId::Network, NotReady), &gone), vec![]);
}

#[test]
fn the_table_of_checks_says_everything() {
    for (position, check) in CHECKS.iter().enumerate() {
        assert_eq!(check.id as usize, position, "{:?} is out of order", check.id);
        assert_eq!(check.id.check(), check);
        let texts =
            [check.title, check.reads, check.rule, check.since, check.rationale, check.source];
        assert!(texts.iter().all(|text| text.len() > 4), "{:?} leaves something out", check.id);
        assert!(check.remedy.len() > 4, "{:?}", check.id);
        let months: Vec<&str> = [Some(check.since), check.until].into_iter().flatten().collect();
        assert!(months.iter().all(|month| month.len() == 7));
        assert!(check.until.is_none_or(|until| check.since < until), "{:?}", check.id);
        assert!((Level::Advisory..=Level::NotReady).contains(&check.failing));
        let deserializer: StrDeserializer<'_, Error> = check.id.word().into_deserializer();
        assert_eq!(CheckId::deserialize(deserializer), Ok(check.id));
        assert_eq!(CheckId::from_word(check.id.word()), Some(check.id));
    }
    // What Microsoft gave up blocks nothing, but for the two whose rationale says why.
    let blocking: Vec<_> = CHECKS
        .iter()
        .filter(|check| check.until.is_some() && check.failing == Level::NotReady)
        .map(|check| check.id)
        .collect();
    assert_eq!(blocking, [CheckId::ConditionalAccess, CheckId::SecurityDefaults]);
    let fixes: Vec<_> = CHECKS.iter().filter_map(|check| Some((check.id, check.fix?))).collect();
    assert_eq!(fixes, [(CheckId::UpdateRings, Fix::ExcludeFromUpdateRings)]);
    for level in Level::ALL {
        let deserializer: StrDeserializer<'_, Error> = level.word().into_deserializer();
        assert_eq!(Level::deserialize(deserializer), Ok(level));
        assert_eq!(Level::from_word(level.word()), Some(level));
    }
    insta::assert_debug_snapshot!(CHECKS);
}

#[test]
fn endpoints_are_hosts_that_their_published_form_covers() {
    let mut hosts = HashSet::new();
    for endpoint in &ENDPOINTS {
        let Some(host) = endpoint.host else {
            assert!(!endpoint.required && endpoint.published.contains('*'));
            continue;
        };
        let covered = match endpoint.published.split_once('*') {
            Some((before, after)) => host.starts_with(before) && host.ends_with(after),
            None => host == endpoint.published,
        };
        assert!(covered, "{host} is not under {}", endpoint.published);
        if endpoint.listed != Listed::Launch {
            assert!(hosts.insert(host), "{host} would be tried twice");
            assert_eq!(of_host(host), Some(endpoint));
        }
    }
    assert_eq!(tried().count(), hosts.len());
    assert_eq!(of_host("support.mmd.microsoft.com"), None);
    assert_eq!(ENDPOINTS.iter().filter(|found| found.listed == Listed::Launch).count(), 4);
}
