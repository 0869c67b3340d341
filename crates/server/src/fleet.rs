//! The scheduler's fleet: Microsoft Graph clients, one for each tenant, in the loop's words.

mod catalog;
mod clear;
mod facts;
mod observed;
mod offer;
mod read;
mod steps;
mod tenancy;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use domain::duty::{Duty, PendingWave, RingDuty, RingObjects, WaveDevice};
use domain::enrollment::key::Key;
use domain::enrollment::object::{Observed, Recorded};
use domain::enrollment::plan::Step;
use domain::ids::{DirectoryObjectId, EntraDeviceId, IntuneDeviceId, TenantId};
use domain::inventory::{
    CheckIn, ImportedCatalog, ImportedDevice, ImportedDirectoryDevice, Report,
};
use domain::readiness::facts::{Read, TenantFacts};
use domain::signal::{Context, Due, Reading};
use msgraph::{Client, Connection, GraphError, Limits, SecretString, UpdateCategory};
use scheduler::{Fleet, FleetError, GroupBatch, GroupChanges, Signals, TenantFleet};
use store::Store;
use store::tenants::{Credential, GraphConnection};
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::network::Network;
use crate::signals::SignalSources;

#[derive(Clone)]
pub(crate) struct GraphFleet {
    store: Store,
    limits: Limits,
    network: Network,
    signals: SignalSources,
    clock: Clock,
    clients: Arc<Mutex<HashMap<TenantId, Known>>>,
}

/// A client, and what it was made from.
#[derive(Clone)]
struct Known {
    connection: GraphConnection,
    client: Client,
}

impl GraphFleet {
    pub(crate) fn new(
        store: Store,
        limits: Limits,
        network: Network,
        signals: SignalSources,
        clock: Clock,
    ) -> Self {
        Self { store, limits, network, signals, clock, clients: Arc::default() }
    }

    async fn connection(&self, tenant: TenantId) -> Result<GraphConnection, FleetError> {
        self.store.tenant_connection(tenant).await.map_err(|error| FleetError::Later {
            what: format!("the connection cannot be read: {error}"),
            after: None,
        })
    }

    /// The tenant's client; made anew when the tenant's connection was changed, on whichever
    /// server.
    async fn client(&self, tenant: TenantId) -> Result<Client, FleetError> {
        let connection = self.connection(tenant).await?;
        let clients = || self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = clients().get(&tenant)
            && known.connection == connection
        {
            return Ok(known.client.clone());
        }
        let client = make(&connection, &self.limits)?;
        clients().insert(tenant, Known { connection, client: client.clone() });
        Ok(client)
    }
}

fn make(connection: &GraphConnection, limits: &Limits) -> Result<Client, FleetError> {
    let url =
        |text: &str| text.parse().map_err(|_| FleetError::Refused(format!("{text} is not a URL")));
    let credential = match &connection.credential {
        Credential::Secret(secret) => {
            msgraph::Credential::Secret(SecretString::from(secret.clone()))
        }
        Credential::Certificate { certificate_pem, private_key_pem } => {
            msgraph::Credential::Certificate {
                certificate_pem: certificate_pem.clone(),
                private_key_pem: SecretString::from(private_key_pem.clone()),
            }
        }
    };
    let connection = Connection {
        entra_tenant: connection.entra_tenant,
        client_id: connection.client_id,
        credential,
        graph_url: url(&connection.graph_url)?,
        login_url: url(&connection.login_url)?,
    };
    Client::new(connection, limits.clone()).map_err(graph)
}

/// What the loop should do about a failed call.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn graph(error: GraphError) -> FleetError {
    let what = error.to_string();
    if let GraphError::Throttled { retry_after } = error {
        FleetError::Later { what, after: retry_after }
    } else if error.is_configuration() {
        FleetError::Refused(what)
    } else if error.is_transient() {
        FleetError::Later { what, after: None }
    } else {
        FleetError::Rejected(what)
    }
}

impl Fleet for GraphFleet {
    async fn catalog(&self, tenant: TenantId) -> Result<ImportedCatalog, FleetError> {
        catalog::read(&self.client(tenant).await?).await
    }

    async fn devices(
        &self,
        tenant: TenantId,
        into: mpsc::Sender<Vec<ImportedDevice>>,
    ) -> Result<(), FleetError> {
        read::devices(&self.client(tenant).await?, into).await
    }

    async fn check_ins(
        &self,
        tenant: TenantId,
        since: Option<DateTime<Utc>>,
        into: mpsc::Sender<Vec<CheckIn>>,
    ) -> Result<(), FleetError> {
        read::check_ins(&self.client(tenant).await?, since, into).await
    }

    async fn reports(&self, tenant: TenantId, policy: &str) -> Result<Vec<Report>, FleetError> {
        read::reports(&self.client(tenant).await?, policy).await
    }

    async fn tell(
        &self,
        tenant: TenantId,
        duty: &Duty,
        ring: &RingDuty,
    ) -> Result<RingObjects, FleetError> {
        let at = (tenant, self.clock.now());
        offer::tell(&self.client(tenant).await?, at, duty, ring).await
    }

    async fn deliver(
        &self,
        tenant: TenantId,
        duty: &Duty,
        wave: PendingWave,
        objects: &RingObjects,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError> {
        offer::deliver(&self.client(tenant).await?, duty, wave, objects, devices).await
    }
}

impl TenantFleet for GraphFleet {
    async fn facts(&self, tenant: TenantId, network: bool) -> Result<TenantFacts, FleetError> {
        let client = self.client(tenant).await?;
        let connection = self.connection(tenant).await?;
        let asking = facts::Asking { tenant, client_id: connection.client_id };
        // The sync reads the devices; reading them all once more only to count them is not worth it.
        let fleet = match self.store.fleet_management(tenant).await {
            Ok(fleet) => Read::Known(fleet),
            Err(error) => Read::Failed(error.to_string()),
        };
        // Eight reads at once are a large future.
        let mut facts = Box::pin(facts::read(&client, &asking, fleet)).await?;
        if network {
            facts.network = Some(self.network.probe().await);
        }
        Ok(facts)
    }

    async fn group_changes(
        &self,
        tenant: TenantId,
        group: DirectoryObjectId,
        link: Option<&str>,
    ) -> Result<GroupChanges, FleetError> {
        tenancy::group_changes(&self.client(tenant).await?, group, link).await
    }

    async fn directory_devices(
        &self,
        tenant: TenantId,
        objects: &[DirectoryObjectId],
    ) -> Result<Vec<ImportedDirectoryDevice>, FleetError> {
        tenancy::directory_devices(&self.client(tenant).await?, objects).await
    }

    async fn enrollment_objects(
        &self,
        tenant: TenantId,
        recorded: &[Recorded],
    ) -> Result<Vec<Observed>, FleetError> {
        observed::observed(&self.client(tenant).await?, tenant, recorded).await
    }

    async fn take_step(
        &self,
        tenant: TenantId,
        step: &Step,
        ids: &HashMap<Key, String>,
    ) -> Result<String, FleetError> {
        let client = self.client(tenant).await?;
        steps::Taking { client: &client, tenant, ids }.take(step).await
    }

    async fn clear_rollouts(&self, tenant: TenantId) -> Result<(), FleetError> {
        let deployed = self.store.rollout_deployments(tenant).await;
        let deployed = deployed.map_err(|error| FleetError::Later {
            what: format!("the rollouts cannot be read: {error}"),
            after: None,
        })?;
        clear::clear_rollouts(&self.client(tenant).await?, tenant, &deployed).await
    }

    async fn unenroll_devices(
        &self,
        tenant: TenantId,
        devices: &[EntraDeviceId],
    ) -> Result<(), FleetError> {
        let client = self.client(tenant).await?;
        for category in [UpdateCategory::Quality, UpdateCategory::Feature] {
            client.unenroll(category, devices).await.map_err(graph)?;
        }
        Ok(())
    }

    async fn change_members(&self, tenant: TenantId, batch: &GroupBatch) -> Result<(), FleetError> {
        tenancy::change_members(&self.client(tenant).await?, batch).await
    }

    async fn sync_device(
        &self,
        tenant: TenantId,
        device: IntuneDeviceId,
    ) -> Result<(), FleetError> {
        self.client(tenant).await?.sync_device(device).await.map_err(graph)
    }
}

impl Signals for GraphFleet {
    async fn read_signal(&self, context: &Context, due: &Due, now: DateTime<Utc>) -> Reading {
        self.signals.read(context, (due.id, &due.signal), now).await
    }
}
