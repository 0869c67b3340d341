//! The play: a tenant, its rings, a release, a rollout, and its end.

use std::time::{Duration, Instant};

use api_types::{
    ConnectionInput, ConnectionState, CreateRelease, CreateRingSet, CreateRollout, CreateTenant,
    CredentialInput, Event, EvidencePolicy, Explanation, Gate, OnGateFailure, OnSuspect, PhaseName,
    PlacementRules, Release, Ring, RingSet, Rollout, Tenant, Update, Waves,
};
use simulator::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT, Scenario};
use uuid::Uuid;

use super::Demo;
use super::cast::Cast;
use super::check::Disagreement;
use super::collect;
use crate::client::{Client, Document, Query};
use crate::failure::Failure;
use crate::output::{Form, Output, say};
use crate::watch::Follower;
use crate::{explain, text, tree};

const POLL: Duration = Duration::from_millis(100);
/// After the end, so that an offer that should not come has time to come.
const SETTLE: Duration = Duration::from_secs(2);
/// How far behind the clock the service may be in wall time before its gates hold. A fast clock
/// makes hours of it.
const LAG: Duration = Duration::from_secs(5);
/// The ring set of every demo. Who is in which ring, and so who fails first, depends on it and on the seed of the fleet
/// alone. Under an id of its own each, three of 51 demos of `bad-update` (`--devices 8000 --speed 40000 --once`) stood still: too few
/// of the fifty devices of the first wave failed to be sure, and the service asked for a person. This id was searched for
/// so that what goes wrong shows there; all four scenarios end as [`expected`] with 4,000, 5,000, 8,000 and 10,000 devices.
const RING_SET: Uuid = Uuid::from_u128(14_104);

/// What stands so far, for an explanation when time runs out.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    tenant: Option<String>,
    rollout: Option<Rollout>,
}

/// How it ended, by both accounts.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) rollout: Rollout,
    pub(crate) events: Vec<Event>,
    pub(crate) disagreements: Vec<Disagreement>,
    pub(crate) offers_after_pause: usize,
    pub(crate) took: Duration,
}

impl Ended {
    /// The bad model alone, by its name; nothing where the whole release is as it is.
    fn holds_what_is_bad(&self, scenario: Scenario) -> bool {
        let held: Vec<&str> =
            self.rollout.held_segments.iter().map(|segment| segment.name.as_str()).collect();
        match scenario {
            Scenario::Healthy | Scenario::BadUpdate | Scenario::Silent => held.is_empty(),
            Scenario::BadModel => {
                held.len() == 1 && held.iter().all(|name| name.ends_with(simulator::BAD_MODEL))
            }
        }
    }

    pub(crate) fn is_right(&self, scenario: Scenario) -> bool {
        self.rollout.phase.name == expected(scenario)
            && self.holds_what_is_bad(scenario)
            && self.disagreements.is_empty()
            && self.offers_after_pause == 0
    }
}

/// Where each scenario ends when the service does its work.
pub(crate) const fn expected(scenario: Scenario) -> PhaseName {
    match scenario {
        Scenario::Healthy => PhaseName::Completed,
        // Only the bad model is held, and waits for a person; everybody else was served.
        Scenario::BadModel => PhaseName::Soaking,
        Scenario::BadUpdate => PhaseName::RolledBack,
        Scenario::Silent => PhaseName::Paused,
    }
}

const fn policy(scenario: Scenario) -> OnGateFailure {
    match scenario {
        Scenario::BadUpdate => OnGateFailure::RollBack,
        Scenario::Healthy | Scenario::BadModel | Scenario::Silent => OnGateFailure::Pause,
    }
}

/// The bad update is taken back as soon as it is stopped, to show how; the bad model is held, and the rest
/// goes on. All else is as for any rollout.
fn evidence(scenario: Scenario) -> EvidencePolicy {
    let normal = EvidencePolicy::default();
    match scenario {
        Scenario::Healthy | Scenario::Silent => normal,
        Scenario::BadUpdate => EvidencePolicy { roll_back_at: normal.pause_at, ..normal },
        Scenario::BadModel => EvidencePolicy { on_suspect: OnSuspect::Hold, ..normal },
    }
}

pub(crate) async fn play(
    demo: &Demo,
    cast: &Cast,
    stage: &mut Stage,
    output: Output,
) -> Result<Ended, Failure> {
    let client = &cast.client;
    let tenant = tenant(client, &cast.simulator.base_url()).await?;
    stage.tenant = Some(tenant.clone());
    let set = ring_set(client, &tenant, demo.speed).await?;
    let began = Instant::now();
    let (update, rollout) = start(client, &tenant, &set, demo.scenario).await?;
    stage.rollout = Some(rollout.typed.clone());
    say(&format!("{} goes out to {} devices.", update.title, set.members.iter().sum::<u32>()));
    let rollout = follow(client, &tenant, rollout, demo.scenario, output).await?;
    stage.rollout = Some(rollout.clone());
    let took = began.elapsed();
    tokio::time::sleep(SETTLE).await;
    let (picture, disagreements) =
        collect::compare(client, &tenant, &rollout, &update, || cast.simulator.ledger()).await?;
    let path = ["tenants", &tenant, "rollouts", &rollout.id.to_string()];
    let rollout = client.get(&path, &Query::new()).await?.typed;
    let offers_after_pause = super::check::offers_after_pause(&picture.events);
    Ok(Ended { rollout, events: picture.events, disagreements, offers_after_pause, took })
}

/// Makes the tenant and waits until its fleet is known.
async fn tenant(client: &Client, graph: &str) -> Result<String, Failure> {
    let body = CreateTenant {
        name: "demo".to_owned(),
        connection: ConnectionInput {
            entra_tenant_id: DEFAULT_TENANT,
            client_id: DEFAULT_CLIENT_ID,
            credential: CredentialInput::Secret {
                secret: DEFAULT_CLIENT_SECRET.to_owned(),
                expires_at: None,
            },
            graph_url: Some(graph.to_owned()),
            login_url: Some(graph.to_owned()),
        },
    };
    let mut tenant = client.post::<Tenant>(&["tenants"], &body).await?.typed;
    let id = tenant.id.to_string();
    while tenant.synced_at.is_none() {
        if tenant.connection.state == ConnectionState::Refused {
            let why = text::maybe(tenant.connection.error.as_deref());
            return Err(Failure::Failed(format!(
                "the simulated tenant refused the service: {why}"
            )));
        }
        tokio::time::sleep(POLL).await;
        tenant = client.get(&["tenants", &id], &Query::new()).await?.typed;
    }
    Ok(id)
}

/// Makes the rings and waits until devices are in them.
async fn ring_set(client: &Client, tenant: &str, speed: f64) -> Result<RingSet, Failure> {
    let path = ["tenants", tenant, "ring-sets"];
    let mut set = client.post::<RingSet>(&path, &rings(speed)).await?.typed;
    let id = set.id.to_string();
    let path = ["tenants", tenant, "ring-sets", &id];
    while set.placed_at.is_none() || set.members.iter().sum::<u32>() == 0 {
        tokio::time::sleep(POLL).await;
        set = client.get(&path, &Query::new()).await?.typed;
    }
    Ok(set)
}

/// Autopatch's five rings with its deferrals, deadlines and grace periods. Its Test and Last take
/// groups that somebody filled by hand; here they take a small share.
fn rings(speed: f64) -> CreateRingSet {
    let normal = Gate::default();
    let lag_hours = speed * LAG.as_secs_f64() / 3600.0;
    let gate = Gate { max_data_age_hours: normal.max_data_age_hours.max(lag_hours), ..normal };
    let waves = Waves { least: 50, most: 2000, percent: 25 };
    let ring = |name: &str, percent, deferral_days, deadline_days, grace_days| Ring {
        name: name.to_owned(),
        percent,
        groups: Vec::new(),
        deferral_days,
        deadline_days,
        grace_days,
        gate,
        waves,
        approvals: None,
        calendar: None,
    };
    let rings = vec![
        ring("Test", 1, 0, 0, 0),
        ring("First", 4, 1, 2, 2),
        ring("Fast", 20, 5, 2, 2),
        ring("Broad", 70, 9, 5, 2),
        ring("Last", 5, 10, 3, 2),
    ];
    CreateRingSet {
        id: Some(RING_SET),
        name: "Autopatch".to_owned(),
        rings,
        rules: PlacementRules::default(),
    }
}

async fn start(
    client: &Client,
    tenant: &str,
    set: &RingSet,
    scenario: Scenario,
) -> Result<(Update, Document<Rollout>), Failure> {
    let updates = client.all::<Update>(&["tenants", tenant, "updates"], &Query::new()).await?;
    let newest = updates
        .into_iter()
        .map(|update| update.typed)
        .filter(|update| update.classification.eq_ignore_ascii_case("security"))
        .max_by_key(|update| update.released_at);
    let update = newest
        .ok_or_else(|| Failure::NotFound("the catalogue holds no security update".to_owned()))?;
    let body = CreateRelease { update_id: update.id, name: "demo".to_owned(), delivery: None };
    let release = client.post::<Release>(&["tenants", tenant, "releases"], &body).await?.typed;
    let body = CreateRollout {
        release_id: release.id,
        ring_set_id: set.id,
        starts_at: None,
        on_gate_failure: policy(scenario),
        inactive_after_days: None,
        evidence: evidence(scenario),
    };
    Ok((update, client.post(&["tenants", tenant, "rollouts"], &body).await?))
}

/// Shows the rollout until nothing moves it any more.
async fn follow(
    client: &Client,
    tenant: &str,
    rollout: Document<Rollout>,
    scenario: Scenario,
    output: Output,
) -> Result<Rollout, Failure> {
    let draws = output.redraws && output.form == Form::Table;
    let follower = Follower::new(client.clone(), tenant, rollout);
    let mut follower = if draws { follower.showing(output)? } else { follower };
    let mut said = String::new();
    loop {
        let rollout = &follower.rollout.typed;
        let ring = tree::current_ring(rollout).unwrap_or("-");
        let now = format!("{ring}: {}", text::phase(&rollout.phase));
        if !draws && now != said {
            say(&now);
            said = now;
        }
        if is_over(rollout, policy(scenario)) {
            return Ok(rollout.clone());
        }
        follower.change().await?;
    }
}

fn is_over(rollout: &Rollout, policy: OnGateFailure) -> bool {
    match rollout.phase.name {
        PhaseName::Completed | PhaseName::RolledBack | PhaseName::Cancelled => true,
        // With this policy the service goes on by itself.
        PhaseName::Paused => matches!(policy, OnGateFailure::Pause),
        PhaseName::Soaking => rollout.waiting_for.as_deref() == Some("held_segments"),
        PhaseName::Scheduled | PhaseName::Offering | PhaseName::RollingBack => false,
    }
}

impl Stage {
    /// Says on stderr what the rollout waits for.
    pub(crate) async fn explain(&self, cast: &Cast, output: Output) {
        let (Some(tenant), Some(rollout)) = (&self.tenant, &self.rollout) else {
            say("the fleet was not read yet");
            return;
        };
        let path = ["tenants", tenant, "rollouts", &rollout.id.to_string(), "explain"];
        match cast.client.get::<Explanation>(&path, &Query::new()).await {
            Ok(why) => {
                for line in explain::panel(output, rollout, &why.typed) {
                    say(&line);
                }
            }
            Err(failure) => say(&failure.brief()),
        }
    }
}
