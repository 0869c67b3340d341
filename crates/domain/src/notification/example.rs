//! How each sort of message reads, of a tenant that there is not.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    About, AlertNews, AlertStage, Bulletin, Month, RolloutNews, RolloutStep, ScheduleNews,
    SummaryNews, Topic, letter,
};
use crate::alert::AlertKind;
use crate::gate::ConditionKind;
use crate::ids::RolloutId;
use crate::outbox::{Letter, LetterError};
use crate::ring::RingIndex;
use crate::rollout::phase::{Event, PauseCause, Pauser};

/// A letter of this sort.
pub fn example(topic: Topic) -> Result<Letter, LetterError> {
    let about = About {
        tenant: "Contoso".to_owned(),
        console: Some(
            "https://updates.example.com/t/00000000-0000-0000-0000-000000000001".to_owned(),
        ),
        because:
            "You get this as a contact of Contoso. Who gets what is set with `concentric contact \
                  update`; `--disable` ends it."
                .to_owned(),
    };
    let bulletin = bulletin(topic).ok_or(LetterError::Text)?;
    letter(&bulletin, &about)
}

/// None: there is no such message, which no test finds.
fn bulletin(topic: Topic) -> Option<Bulletin> {
    let ring = RingIndex(1);
    let cause = PauseCause { ring, condition: ConditionKind::Success, culprit: None };
    let made = match topic {
        Topic::ReleaseSchedule => Some(schedule()),
        Topic::ReleaseSummary => Some(summary()),
        Topic::RolloutStarted => moved(Event::RingOpened { ring: RingIndex::FIRST }),
        Topic::RingOpened => moved(Event::RingOpened { ring }),
        Topic::ApprovalNeeded => rollout(RolloutStep::AwaitsApproval { ring, day: NaiveDate::MIN }),
        Topic::RolloutPaused => moved(Event::Paused { by: Pauser::Service(cause) }),
        Topic::RolloutResumed => moved(Event::Resumed),
        Topic::RollbackStarted => moved(Event::RollbackStarted),
        Topic::RolledBack => moved(Event::RolledBack),
        Topic::RolloutCompleted => moved(Event::Completed),
        Topic::RolloutEnded => moved(Event::Cancelled),
        Topic::Incident => alert(AlertKind::AccessLost, AlertStage::Opened),
        Topic::IncidentUpdate => alert(AlertKind::AccessLost, AlertStage::StillOpen(2)),
        Topic::IncidentEnded => alert(AlertKind::AccessLost, AlertStage::Ended),
        Topic::ActionRequired => alert(AlertKind::PolicyDrift, AlertStage::Opened),
        Topic::ActionReminder => alert(AlertKind::PolicyDrift, AlertStage::StillOpen(1)),
    };
    made.filter(|bulletin| bulletin.topic == topic)
}

fn moved(event: Event) -> Option<Bulletin> {
    rollout(RolloutStep::Moved(event))
}

fn rollout(step: RolloutStep) -> Option<Bulletin> {
    let rings = ["Test", "First", "Fast", "Broad", "Last"].map(ToOwned::to_owned);
    let news = RolloutNews {
        rollout: RolloutId(Uuid::from_u128(2)),
        release: "2026-11 security update".to_owned(),
        ring_set: Some("Workstations".to_owned()),
        rings: rings.to_vec(),
        step,
        entry: Some(42),
        asked: Some(("ana".to_owned(), Some("the printers stopped".to_owned()))),
        devices: (10_000, 512, 3),
    };
    news.bulletin().map(|(_, bulletin)| bulletin)
}

fn alert(kind: AlertKind, stage: AlertStage) -> Option<Bulletin> {
    let text = match kind {
        AlertKind::AccessLost => "Microsoft Graph refuses the connection: the secret has expired.",
        AlertKind::PolicyDrift | AlertKind::Unreachable | AlertKind::LicenceMissing => {
            "Others changed or removed what enrollment made: 2 differences."
        }
        AlertKind::PermissionMissing | AlertKind::SyncStalled | AlertKind::NoCheckIns => "",
        AlertKind::RolloutPaused | AlertKind::RolloutWatched | AlertKind::FreezeCrossed => "",
        AlertKind::ObjectiveMissed | AlertKind::DeviceClass => "",
        AlertKind::LettersUndelivered | AlertKind::CredentialExpiring => "",
    };
    let news = AlertNews {
        id: Uuid::from_u128(3),
        kind,
        severity: kind.severity(),
        text: text.to_owned(),
        opened_at: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_767) + TimeDelta::hours(9),
        acknowledged_by: None,
        stage,
    };
    news.bulletin().map(|(_, bulletin)| bulletin)
}

fn schedule() -> Bulletin {
    let rules = vec![("Security updates".to_owned(), "Workstations".to_owned())];
    ScheduleNews { month: Month { year: 2026, month: 12 }, rules }.bulletin().1
}

fn summary() -> Bulletin {
    let rollouts = vec![("2026-11 security update".to_owned(), "completed".to_owned())];
    let month = Month { year: 2026, month: 11 };
    SummaryNews { month, eligible: 9_800, met: 9_421, target: 95, rollouts }.bulletin().1
}
