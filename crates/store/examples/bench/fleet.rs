//! Made-up fleets of any size.

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::build::Build;
use domain::gate::Gate;
use domain::ids::{
    DirectoryObjectId, EntraDeviceId, EntraTenantId, IntuneDeviceId, RingSetId, RolloutId,
    TenantId, UpdateId,
};
use domain::registration::Traits;
use domain::registration::facts::{Agent, Architecture, Join, Owner, System};
use domain::ring::{Cadence, Membership, Ring, RingSet, WaveLimit};
use domain::rollout::plan::OnGateFailure;
use store::Store;
use store::catalog::{ImportedUpdate, UpdateBuild};
use store::devices::ImportedDevice;
use store::ingest::{CheckIn, Report};
use store::page::Page;
use store::rollouts::NewRollout;
use store::tenants::{Credential, GraphConnection, NewTenant};
use uuid::Uuid;

use crate::Outcome;

const OLD: Build = Build { major: 10, minor: 0, build: 26100, revision: 100 };
const NEW: Build = Build { major: 10, minor: 0, build: 26100, revision: 200 };

pub(crate) fn hour(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
}

pub(crate) fn small_or_large(devices: u32, small: u32, large: u32) -> u32 {
    if devices < 200_000 { small } else { large }
}

/// Microsoft's ids are random, and so in no order that an index likes.
fn id(kind: u64, tenant: u64, number: u64) -> Uuid {
    let mut random = fastrand::Rng::with_seed(kind << 60 | tenant << 40 | number);
    uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid()
}

fn intune(tenant: u64, number: u32) -> IntuneDeviceId {
    IntuneDeviceId(id(1, tenant, number.into()))
}

pub(crate) fn devices(tenant: u64, count: u32) -> Vec<ImportedDevice> {
    (0..count)
        .map(|number| ImportedDevice {
            intune: intune(tenant, number),
            entra_device: Some(EntraDeviceId(id(2, tenant, number.into()))),
            object: Some(DirectoryObjectId(id(3, tenant, number.into()))),
            name: format!("PC-{number:07}"),
            manufacturer: "Contoso Ltd.".to_owned(),
            model: format!("Notebook {}", number % 40),
            serial: format!("SN{number:010}"),
            build: Some(OLD),
            last_sync: Some(hour(0)),
            traits: Traits {
                system: System::Windows,
                owner: Owner::Company,
                agent: Agent::Intune,
                workloads: None,
                join: Join::Entra,
                enabled: true,
                architecture: Architecture::X64,
                edition: "Enterprise".to_owned(),
                edition_number: Some(4),
                category: String::new(),
            },
        })
        .collect()
}

pub(crate) fn check_ins(tenant: u64, count: u32) -> Vec<CheckIn> {
    (0..count)
        .map(|number| CheckIn { intune: intune(tenant, number), build: Some(NEW), at: hour(4) })
        .collect()
}

pub(crate) fn reports(devices: &[Uuid], state: AttemptState) -> Vec<Report> {
    devices
        .iter()
        .map(|device| Report { device: EntraDeviceId(*device), state, code: None, at: hour(3) })
        .collect()
}

pub(crate) async fn tenant(store: &Store, number: u128) -> Outcome<TenantId> {
    let connection = GraphConnection {
        entra_tenant: EntraTenantId(Uuid::from_u128(number)),
        client_id: Uuid::from_u128(1),
        graph_url: String::new(),
        login_url: String::new(),
        credential: Credential::Secret(String::new()),
        credential_expires: None,
    };
    let new = NewTenant { name: format!("Tenant {number}"), connection };
    Ok(store.tenant_create(&new, "bench", hour(0)).await?.id)
}

fn ring(name: &str, percent: u8) -> Ring {
    Ring {
        name: name.to_owned(),
        membership: Membership { percent, groups: Vec::new() },
        cadence: Cadence { deferral_days: 0, deadline_days: 2, grace_days: 2 },
        gate: Gate::DEFAULT,
        waves: WaveLimit::DEFAULT,
        approvals: None,
        calendar: None,
    }
}

pub(crate) async fn catalogue_and_rings(
    store: &Store,
    tenant: TenantId,
) -> Outcome<(UpdateId, RingSetId)> {
    let build = UpdateBuild {
        build: NEW,
        product: "Windows 11".to_owned(),
        version: "24H2".to_owned(),
        kb: None,
        is_hotpatch: false,
    };
    let update = ImportedUpdate {
        kind: domain::update::UpdateKind::Quality,
        version: None,
        channel: None,
        catalog_entry_id: "entry".to_owned(),
        title: "Security".to_owned(),
        short_name: "2026.11 B".to_owned(),
        classification: "security".to_owned(),
        cadence: "monthly".to_owned(),
        kb: None,
        released_at: hour(0),
        deployable_until: None,
        is_expeditable: true,
        details: domain::update::details::Details::default(),
        builds: vec![build],
    };
    store.catalog_import(tenant, &[update]).await?;
    let page = Page { after: None, limit: 1 };
    let update = store.update_list(tenant, page).await?.pop().ok_or("no update")?.id;
    let names = [("Pilot", 60), ("First", 1), ("Fast", 9), ("Broad", 20), ("Last", 10)];
    let rings = names.map(|(name, percent)| ring(name, percent)).to_vec();
    let set = RingSet::new("Rings".to_owned(), rings)?;
    Ok((update, store.ring_set_create(tenant, &set, "bench", hour(0)).await?.id))
}

pub(crate) async fn rollout(
    store: &Store,
    tenant: TenantId,
    update: UpdateId,
    ring_set: RingSetId,
) -> Outcome<RolloutId> {
    let release = store
        .release_create(
            tenant,
            store::releases::NewRelease { update, name: "Release", delivery: None },
            "bench",
            hour(0),
        )
        .await?
        .id;
    let new = NewRollout {
        release,
        ring_set,
        starts_at: None,
        on_gate_failure: OnGateFailure::Pause,
        inactive_after: TimeDelta::days(28),
        choices: domain::gate::policy::Choices::default(),
    };
    Ok(store.rollout_create(tenant, &new, "bench", hour(1)).await?.id)
}
