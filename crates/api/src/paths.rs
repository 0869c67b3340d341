//! The parameters of paths. Each is an id of its own kind.

use domain::ids::{
    ChannelId, ContactId, DeviceId, FreezeId, HolidaysId, ReleaseId, ReportScheduleId,
    ReportViewId, RingSetId, RolloutId, RuleId, SignalId, SupportDeskId, SupportRequestId,
    TenantId, UpdateId, WebhookId,
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

macro_rules! paths {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $id:ty),+ })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
        #[into_params(parameter_in = Path)]
        pub(crate) struct $name {
            $(
                #[param(value_type = Uuid)]
                pub(crate) $field: $id,
            )+
        }
    )*};
}

paths! {
    TokenPath { token: Uuid }
    SessionPath { session: Uuid }
    TenantPath { tenant: TenantId }
    AssessmentPath { tenant: TenantId, assessment: Uuid }
    DevicePath { tenant: TenantId, device: DeviceId }
    RingSetPath { tenant: TenantId, ring_set: RingSetId }
    UpdatePath { tenant: TenantId, update: UpdateId }
    ReleasePath { tenant: TenantId, release: ReleaseId }
    AlertPath { tenant: TenantId, alert: Uuid }
    ApprovalPath { tenant: TenantId, rollout: RolloutId, approval: Uuid }
    PlanPath { tenant: TenantId, plan: Uuid }
    RolloutPath { tenant: TenantId, rollout: RolloutId }
    ReportSchedulePath { tenant: TenantId, report_schedule: ReportScheduleId }
    ReportViewPath { tenant: TenantId, report_view: ReportViewId }
    SupportDeskPath { tenant: TenantId, support_desk: SupportDeskId }
    SupportRequestPath { tenant: TenantId, support_request: SupportRequestId }
    HoldPath { tenant: TenantId, hold: Uuid }
    RulePath { tenant: TenantId, rule: RuleId }
    SignalPath { tenant: TenantId, signal: SignalId }
    WebhookPath { tenant: TenantId, webhook: WebhookId }
    DeliveryPath { tenant: TenantId, webhook: WebhookId, delivery: Uuid }
    ContactPath { tenant: TenantId, contact: ContactId }
    ChannelPath { tenant: TenantId, channel: ChannelId }
    LetterPath { tenant: TenantId, letter: Uuid }
    FreezePath { tenant: TenantId, freeze: FreezeId }
    HolidaysPath { tenant: TenantId, holidays: HolidaysId }
}

/// A report, by its name.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ReportPath {
    #[param(value_type = Uuid)]
    pub(crate) tenant: TenantId,
    /// `quality-status`, `trending`, ...
    #[param(max_length = 40)]
    pub(crate) report: String,
}

/// A ring of a rollout, by its position; the first is 0.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RingPath {
    #[param(value_type = Uuid)]
    pub(crate) tenant: TenantId,
    #[param(value_type = Uuid)]
    pub(crate) rollout: RolloutId,
    pub(crate) ring: u8,
}

/// A segment of a rollout, by its position in the plan.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SegmentPath {
    #[param(value_type = Uuid)]
    pub(crate) tenant: TenantId,
    #[param(value_type = Uuid)]
    pub(crate) rollout: RolloutId,
    pub(crate) segment: u16,
}
