//! The loop: claim due work, load, decide, record, enforce, observe.
//!
//! Decides nothing itself (that is `domain::rollout::decide`), holds no SQL and knows no wire
//! format: it speaks to the database through [`Journal`] and to Microsoft Graph through
//! [`Fleet`]. Any number of servers run it against one database; there is no leader.
//!
//! # Invariants
//!
//! 1. Nothing is polled: a lane sleeps until the earliest due time or a nudge.
//! 2. Work is done under a lease. Who loses it stops at the next step, and what it did in between
//!    is made right by the next holder, because every step sets a state and adds nothing up.
//! 3. A restriction (hold, withdraw) reaches Graph before any offer does.

mod lane;
mod lease;
mod ports;
mod settings;
mod tasks;

pub use ports::desks::{DeskJournal, Desks};
pub use ports::outbox::{OutboxJournal, Post};
pub use ports::reports::{ReportJournal, Reports};
pub use ports::signals::{SignalJournal, Signals};
pub use ports::tenancy::{
    Demand, EnrollmentDuty, GroupBatch, GroupChange, GroupChanges, Membership, PendingAction,
    TenantFleet, TenantJournal,
};
pub use ports::webhooks::{WebhookJournal, Webhooks};
pub use ports::{Fleet, FleetError, Journal, JournalError, KeptBack};
pub use settings::{Clock, Settings};

use domain::work::WorkKind;
use tokio_util::sync::CancellationToken;

/// Deciding is quick and must not wait behind a slow Graph.
const DECIDING: [WorkKind; 2] = [WorkKind::Decide, WorkKind::Sweep];
const ENFORCING: [WorkKind; 1] = [WorkKind::Enforce];
const READING: [WorkKind; 2] = [WorkKind::Observe, WorkKind::Sync];
/// What an administrator waits for, or what runs long, must hold up no offer and no reading.
const KEEPING: [WorkKind; 9] = [
    WorkKind::Assess,
    WorkKind::Register,
    WorkKind::Enroll,
    WorkKind::Members,
    WorkKind::Act,
    WorkKind::Approve,
    WorkKind::Drivers,
    WorkKind::Report,
    WorkKind::SendReport,
];
/// Sources of signals are other people's, and may be as slow as they like.
const LISTENING: [WorkKind; 1] = [WorkKind::Signal];
/// So are the receivers of webhooks, and support desks; one that is slow takes up one slot.
const DELIVERING: [WorkKind; 2] = [WorkKind::Deliver, WorkKind::HandOn];
/// So are mail servers and chats.
const SENDING: [WorkKind; 2] = [WorkKind::Notify, WorkKind::Send];

/// Runs until `stop` is cancelled, and returns when the work at hand is finished.
pub async fn run<J: Journal, F: Fleet, C: Clock>(
    journal: J,
    fleet: F,
    clock: C,
    settings: Settings,
    stop: CancellationToken,
) {
    let lane = |kinds: &'static [WorkKind], slots| {
        let world = tasks::World {
            journal: journal.clone(),
            fleet: fleet.clone(),
            clock: clock.clone(),
            settings: settings.clone(),
        };
        lane::run(world, kinds, slots, stop.clone())
    };
    tokio::join!(
        lane(&DECIDING, settings.deciding),
        lane(&ENFORCING, settings.enforcing),
        lane(&READING, settings.reading),
        lane(&KEEPING, settings.keeping),
        lane(&LISTENING, settings.listening),
        lane(&DELIVERING, settings.delivering),
        lane(&SENDING, settings.sending),
    );
}
