//! The scheduler's fleet: Microsoft Graph clients, one for each tenant, in the loop's words.

mod catalog;
mod clear;
mod drivers;
mod facts;
mod observed;
mod offer;
mod read;
mod steps;
mod tenancy;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use domain::app::{App, AppSeen};
use domain::duty::{DriverDevices, Duty, PendingWave, RingDuty, RingObjects, Waiting, WaveDevice};
use domain::enrollment::key::Key;
use domain::enrollment::object::{Observed, Recorded};
use domain::enrollment::plan::Step;
use domain::ids::{
    DirectoryObjectId, EntraDeviceId, IntuneDeviceId, SupportDeskId, TenantId, WebhookId,
};
use domain::inventory::{
    CheckIn, FeatureReports, ImportedCatalog, ImportedDevice, ImportedDirectoryDevice,
    ImportedDriver, Report,
};
use domain::outbox::Envelope;
use domain::readiness::facts::{Read, TenantFacts};
use domain::report::{Made, Order};
use domain::signal::{Context, Due, Reading};
use domain::support::desk::{Reference, Told};
use domain::webhook::{Message, Tried};
use msgraph::{Client, Connection, GraphError, Limits, SecretString, UpdateCategory, Url};
use scheduler::{
    Desks, Fleet, FleetError, GroupBatch, GroupChanges, KeptBack, Post as Posting, Reports,
    Signals, TenantFleet, Webhooks,
};
use store::Store;
use store::tenants::{Credential, GraphConnection};
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::network::Network;
use crate::post::Post;
use crate::signals::SignalSources;

#[derive(Clone)]
pub(crate) struct GraphFleet {
    store: Store,
    limits: Limits,
    network: Network,
    signals: SignalSources,
    post: Post,
    /// Where people reach this service; none: it was not said.
    public_url: Option<Url>,
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
        (signals, post, public_url): (SignalSources, Post, Option<Url>),
        clock: Clock,
    ) -> Self {
        Self { store, limits, network, signals, post, public_url, clock, clients: Arc::default() }
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

    async fn applications(
        &self,
        tenant: TenantId,
        app: App,
        into: mpsc::Sender<Vec<AppSeen>>,
    ) -> Result<(), FleetError> {
        self.client(tenant).await?.app_inventory(app, into).await.map_err(graph)
    }

    async fn reports(&self, tenant: TenantId, policy: &str) -> Result<Vec<Report>, FleetError> {
        read::reports(&self.client(tenant).await?, policy).await
    }

    async fn feature_reports(
        &self,
        tenant: TenantId,
        profile: &str,
    ) -> Result<FeatureReports, FleetError> {
        read::feature_reports(&self.client(tenant).await?, profile).await
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

    async fn keep_back(
        &self,
        tenant: TenantId,
        duty: &Duty,
        waiting: Waiting,
    ) -> Result<KeptBack, FleetError> {
        let at = (tenant, self.clock.now());
        offer::keep_back(&self.client(tenant).await?, at, duty, waiting).await
    }

    async fn add_waiting(
        &self,
        tenant: TenantId,
        group: DirectoryObjectId,
        devices: &[WaveDevice],
    ) -> Result<(), FleetError> {
        offer::add_waiting(&self.client(tenant).await?, group, devices).await
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
        for category in [UpdateCategory::Quality, UpdateCategory::Feature, UpdateCategory::Driver] {
            client.unenroll(category, devices).await.map_err(graph)?;
        }
        Ok(())
    }

    async fn make_driver_audience(&self, tenant: TenantId) -> Result<String, FleetError> {
        self.client(tenant).await?.create_audience().await.map_err(graph)
    }

    async fn drop_driver_audience(
        &self,
        tenant: TenantId,
        audience: &str,
    ) -> Result<(), FleetError> {
        self.client(tenant).await?.delete_audience(audience).await.map_err(graph)
    }

    async fn manage_drivers(
        &self,
        tenant: TenantId,
        audience: &str,
        devices: &DriverDevices,
    ) -> Result<(), FleetError> {
        drivers::manage(&self.client(tenant).await?, audience, devices).await
    }

    async fn drivers(
        &self,
        tenant: TenantId,
        audience: &str,
        into: mpsc::Sender<ImportedDriver>,
    ) -> Result<(), FleetError> {
        drivers::read(&self.client(tenant).await?, audience, into).await
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

impl Webhooks for GraphFleet {
    async fn send_webhook(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        message: &Message,
        now: DateTime<Utc>,
    ) -> Tried {
        self.signals.deliver(tenant, webhook, message, now).await
    }
}

impl Desks for GraphFleet {
    async fn hand_on(
        &self,
        tenant: TenantId,
        desk: SupportDeskId,
        told: &Told,
        now: DateTime<Utc>,
    ) -> (Tried, Option<Reference>) {
        self.signals.hand_on(tenant, desk, told, now).await
    }
}

impl Posting for GraphFleet {
    async fn send_letter(&self, tenant: TenantId, envelope: &Envelope) -> domain::outbox::Tried {
        self.post.send(tenant, envelope).await
    }
}

impl Reports for GraphFleet {
    async fn make_report(
        &self,
        tenant: TenantId,
        order: &Order,
        now: DateTime<Utc>,
    ) -> Result<(Made, String), String> {
        let source = api::ReportSource { store: self.store.clone(), now: Arc::new(move || now) };
        let made = api::make_report(source, tenant, order).await?;
        let (report, view, format) = (&order.report, order.view, order.format.word());
        let path =
            format!("/api/v1/tenants/{tenant}/reports/{report}/export?view={view}&format={format}");
        // Without an address of the service, its path says at least what to ask for.
        let base = self.public_url.as_ref().map_or("", |url| url.as_str().trim_end_matches('/'));
        Ok((made, format!("{base}{path}")))
    }
}
