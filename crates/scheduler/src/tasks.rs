//! The pieces of work, one file each, and what follows from how they end.

mod act;
mod approve;
mod assess;
mod decide;
mod deliver;
mod drivers;
mod enforce;
mod enroll;
mod groups;
mod hand_on;
mod members;
mod notify;
mod observe;
mod register;
mod report;
mod send;
mod send_report;
mod signal;
mod sync;

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{ReportScheduleId, RolloutId, SupportDeskId, WebhookId};
use domain::metric::Metric;
use domain::work::{Claim, WorkKind};
use thiserror::Error;
use tracing::{Instrument as _, Span};

use crate::lease;
use crate::ports::{Fleet, FleetError, Journal, JournalError};
use crate::settings::{Clock, Settings};

/// What every piece of work has at hand.
#[derive(Debug, Clone)]
pub(crate) struct World<J, F, C> {
    pub(crate) journal: J,
    pub(crate) fleet: F,
    pub(crate) clock: C,
    pub(crate) settings: Settings,
}

/// When a piece of work is due again; none: when it is asked for.
type Next = Option<DateTime<Utc>>;

#[derive(Debug, Error)]
pub(crate) enum TaskError {
    #[error("database: {0}")]
    Journal(#[from] JournalError),
    #[error("Microsoft Graph: {0}")]
    Fleet(#[from] FleetError),
}

/// Does one piece of work and gives its claim back. Never fails: a failure is noted with the work.
pub(crate) async fn run<J: Journal, F: Fleet, C: Clock>(world: &World<J, F, C>, claim: Claim) {
    let span = tracing::debug_span!(
        "work",
        otel.name = claim.kind.name(),
        otel.status_code = tracing::field::Empty,
        kind = claim.kind.name(),
        tenant = %claim.tenant,
        subject = %claim.subject,
    );
    settle(world, claim).instrument(span).await;
}

async fn settle<J: Journal, F: Fleet, C: Clock>(world: &World<J, F, C>, claim: Claim) {
    let began = Instant::now();
    let kind = claim.kind.name();
    let outcome = lease::hold(&world.journal, &world.settings, &claim, perform(world, &claim));
    let outcome = outcome.await.unwrap_or_else(|lost| Err(lost.into()));
    metrics::histogram!(Metric::WorkSeconds.name(), "kind" => kind).record(began.elapsed());
    let finished = match &outcome {
        Ok(next) => world.journal.finish(&claim, *next, None).await,
        Err(TaskError::Journal(JournalError::LeaseLost)) => Ok(()),
        Err(TaskError::Journal(JournalError::Gone)) => {
            world.journal.finish(&claim, None, None).await
        }
        Err(error) => {
            Span::current().record("otel.status_code", "ERROR");
            tracing::warn!(kind, subject = %claim.subject, failures = claim.failures, %error, "work failed");
            let wait = wait_after(error, &world.settings, claim.failures);
            let next = world.clock.now() + world.clock.service_time(wait);
            world.journal.finish(&claim, Some(next), Some(&error.to_string())).await
        }
    };
    let ended = if outcome.is_ok() { "done" } else { "failed" };
    metrics::counter!(Metric::Work.name(), "kind" => kind, "outcome" => ended).increment(1);
    match finished {
        // The lease ends by itself and somebody else takes over.
        Ok(()) | Err(JournalError::LeaseLost) => {}
        Err(error) => tracing::warn!(kind, %error, "a claim could not be given back"),
    }
}

async fn perform<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    claim: &Claim,
) -> Result<Next, TaskError> {
    let rollout = RolloutId(claim.subject);
    match claim.kind {
        WorkKind::Decide => decide::decide(world, claim.tenant, rollout).await,
        WorkKind::Sweep => decide::sweep(world, claim.tenant, rollout).await,
        WorkKind::Enforce => enforce::enforce(world, claim.tenant, rollout).await,
        WorkKind::Observe => observe::observe(world, claim.tenant).await,
        WorkKind::Sync => sync::sync(world, claim.tenant).await,
        WorkKind::Assess => assess::assess(world, claim.tenant).await,
        WorkKind::Register => register::register(world, claim.tenant).await,
        WorkKind::Enroll => enroll::enroll(world, claim.tenant).await,
        WorkKind::Members => members::members(world, claim.tenant).await,
        WorkKind::Act => act::act(world, claim.tenant).await,
        WorkKind::Signal => signal::signal(world, claim.tenant, rollout).await,
        WorkKind::Approve => approve::approve(world, claim.tenant).await,
        WorkKind::Drivers => drivers::drivers(world, claim.tenant).await,
        WorkKind::Deliver => deliver::deliver(world, claim.tenant, WebhookId(claim.subject)).await,
        WorkKind::Notify => notify::notify(world, claim.tenant).await,
        WorkKind::HandOn => {
            hand_on::hand_on(world, claim.tenant, SupportDeskId(claim.subject)).await
        }
        WorkKind::Send => send::send(world, claim.tenant, claim.subject).await,
        WorkKind::SendReport => {
            send_report::send_report(world, claim.tenant, ReportScheduleId(claim.subject)).await
        }
        WorkKind::Report => report::report(world, claim.tenant).await,
    }
}

fn wait_after(error: &TaskError, settings: &Settings, failures: i32) -> Duration {
    let wait = settings.wait(failures);
    match error {
        TaskError::Fleet(FleetError::Later { after: Some(after), .. }) => wait.max(*after),
        TaskError::Fleet(FleetError::Later { after: None, .. }) | TaskError::Journal(_) => wait,
        // Nothing changes until a person acts; who fixes the connection asks for work anyway.
        TaskError::Fleet(FleetError::Refused(_) | FleetError::Rejected(_)) => {
            wait.max(settings.longest_wait / 10)
        }
    }
}

impl<J: Journal, F: Fleet, C: Clock> World<J, F, C> {
    /// The service's time after the longer of a service time and a wall time.
    pub(crate) fn later(&self, service: TimeDelta, wall: Duration) -> DateTime<Utc> {
        self.clock.now() + service.max(self.clock.service_time(wall))
    }
}
