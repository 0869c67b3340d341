//! Every defect of a device, told by the reason that is about it and by no other.

use api_types as api;
use simulator::Defect;

use crate::organisation::{Organisation, Struck, Tenant, wish};
use crate::stack::{Api, Stack, three_rings};

fn of_devices() -> Vec<Defect> {
    Defect::ALL.iter().copied().skip_while(|defect| *defect < Defect::NotInIntune).collect()
}

/// Standing and reason of a device that is struck; none: it is served all the same.
#[expect(clippy::wildcard_enum_match_arm, reason = "those of tenants strike no device")]
fn told(defect: Defect) -> Option<(&'static str, &'static str)> {
    let reason = match defect {
        Defect::Silent28Days => return Some(("not_ready", "inactive")),
        Defect::Ltsc | Defect::CloudPc => return None,
        Defect::NotInIntune => "not_in_intune",
        Defect::NotInEntra => "not_in_entra",
        Defect::AccountDisabled => "entra_disabled",
        Defect::Personal => "personal",
        Defect::NotWindows => "not_windows",
        Defect::WorkplaceJoined => "join_unsupported",
        Defect::EditionHome | Defect::ServerEdition => "edition_unsupported",
        Defect::BuildTooOld => "build_unsupported",
        Defect::ArchX86 | Defect::ArchArm => "architecture_unsupported",
        Defect::ComanagedUpdates => "updates_not_in_intune",
        Defect::ComanagedConfiguration => "configuration_not_in_intune",
        Defect::ComanagedOffice => "office_not_in_intune",
        Defect::ConfigmgrOnly => "configuration_manager_only",
        Defect::SerialMissing => "missing_serial",
        Defect::SerialDuplicate => "duplicate_serial",
        Defect::ModelMissing => "missing_model",
        Defect::ManufacturerMissing => "missing_manufacturer",
        Defect::MultiSession => "multi_session",
        other => panic!("{other} strikes no device"),
    };
    Some(("prerequisite_failed", reason))
}

/// By either id: one of the two sides may not know it.
fn find<'a>(devices: &'a [api::Device], struck: &Struck) -> Option<&'a api::Device> {
    devices.iter().find(|one| {
        one.intune_id == Some(struck.intune) || one.entra_device_id == Some(struck.entra)
    })
}

/// What is wrong with how a device is told; none: it is right.
fn misjudged(device: &api::Device, expected: Option<(&str, &str)>) -> Option<String> {
    let (standing, reasons) = match expected {
        Some((standing, reason)) => (standing, vec![reason.to_owned()]),
        None => ("ready", Vec::new()),
    };
    let right = device.standing.as_deref() == Some(standing) && device.reasons == reasons;
    (!right)
        .then(|| format!("{:?} {:?}, not {standing} {reasons:?}", device.standing, device.reasons))
}

/// Sound devices are ready, or have not been heard of for long.
fn sound(device: &api::Device) -> bool {
    device.standing.as_deref() == Some("ready")
        || (device.standing.as_deref() == Some("not_ready") && device.reasons == ["inactive"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_struck_device_is_told_why_and_is_ready_once_mended() {
    let stack = Stack::new(wish(60, 1.0)).await;
    let organisation = Organisation::of(&stack.simulator);
    let mut present = of_devices();
    organisation.strike(&present).await;
    let struck = organisation.struck().await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    tenant.judged().await;
    let mut wrong = Vec::new();

    // Entra alone knows the one, the other is no Windows: both are there if a ring set asks for them.
    let the = |defect| struck.iter().find(|one| one.defect == defect).expect("one");
    let (only_entra, mac) = (the(Defect::NotInIntune), the(Defect::NotWindows));
    let devices = tenant.devices().await;
    assert_eq!(devices.len(), 58);
    assert!(find(&devices, only_entra).is_none() && find(&devices, mac).is_none());
    // By their numbers; groups in groups count.
    let inner = organisation.group("Inner", &[0, 5], &[]).await;
    let outer = organisation.group("Outer", &[], &[inner]).await;
    let mut set = three_rings();
    set.rings[1].groups = vec![outer];
    let set = tenant.ring_set(&set).await;
    tenant.judged().await;

    let devices = tenant.devices().await;
    for one in &struck {
        let Some(device) = find(&devices, one) else {
            wrong.push(format!("{}: there is no such device", one.defect));
            continue;
        };
        let misjudged = misjudged(device, told(one.defect));
        // Its own test says what is wrong with it.
        let misjudged = misjudged.filter(|_| one.defect != Defect::NotWindows);
        wrong.extend(misjudged.map(|what| format!("{}: {what}", one.defect)));
        let explained = tenant.explain(device.id).await;
        let reasons: Vec<String> = explained.reasons.iter().map(|one| one.reason.clone()).collect();
        assert_eq!((&explained.standing, &reasons), (&device.standing, &device.reasons));
        assert!(
            explained.reasons.iter().all(|one| !one.title.is_empty() && !one.remedy.is_empty())
        );
        let placed = device.standing.as_deref() == Some("ready")
            || device.standing.as_deref() == Some("not_ready");
        let ring = explained.rings.iter().find(|ring| ring.ring_set_id == set.id);
        let in_ring = ring.is_some_and(|ring| ring.ring.is_some());
        if placed != in_ring {
            wrong.push(format!("{}: placed {ring:?}", one.defect));
        }
        let quality_only = one.defect == Defect::Ltsc;
        let sort = if one.defect == Defect::CloudPc {
            "cloud_pc"
        } else if one.defect == Defect::MultiSession {
            "virtual_desktop"
        } else {
            "physical"
        };
        if (device.sort.as_deref(), device.quality_only) != (Some(sort), quality_only) {
            wrong.push(format!("{}: {:?} {}", one.defect, device.sort, device.quality_only));
        }
    }
    let others = devices.iter().filter(|device| {
        !struck.iter().any(|one| find(std::slice::from_ref(device), one).is_some())
    });
    wrong.extend(others.filter(|device| !sound(device)).map(|device| format!("{device:?}")));
    let summary: api::RegistrationSummary = tenant.get("/registration").await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(devices.len(), 60);
    assert_eq!(summary.devices, 60);
    assert_eq!(summary.standings.iter().map(|one| one.devices).sum::<u32>(), 60, "{summary:#?}");

    for defect in of_devices() {
        present.retain(|one| *one != defect);
        organisation.strike(&present).await;
        tenant.sync().await;
        let devices = tenant.devices().await;
        assert_eq!(devices.len(), 60, "{defect} mended");
        for one in struck.iter().filter(|one| one.defect == defect) {
            let device = find(&devices, one).expect("it stays");
            let misjudged = misjudged(device, None);
            wrong.extend(misjudged.map(|what| format!("{defect} mended: {what}")));
        }
    }
    // The nested group's device is where the group says, now that it may be served.
    let devices = tenant.devices().await;
    let nested = tenant.explain(find(&devices, only_entra).expect("it stays").id).await;
    let ring = nested.rings.iter().find(|ring| ring.ring_set_id == set.id).expect("a place");
    assert_eq!((ring.ring, ring.why.as_deref()), (Some(1), Some("group")), "{ring:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(devices.iter().all(sound));
    server.shutdown().await;
    stack.end().await;
}

/// Intune knows the Mac; that it is no Windows is all that is wrong with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mac_is_told_that_it_is_no_windows_and_nothing_else() {
    let stack = Stack::new(wish(20, 1.0)).await;
    let organisation = Organisation::of(&stack.simulator);
    organisation.strike(&[Defect::NotWindows]).await;
    let struck = organisation.struck().await;
    let mac = struck.iter().find(|one| one.defect == Defect::NotWindows).expect("one");
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let mut set = three_rings();
    set.rings[1].groups = vec![organisation.group("Macs", &[5, 6], &[]).await];
    tenant.ring_set(&set).await;
    tenant.judged().await;
    let devices = tenant.devices().await;
    let device = find(&devices, mac).expect("a group names it");
    assert_eq!(device.reasons, ["not_windows"]);
    server.shutdown().await;
    stack.end().await;
}
