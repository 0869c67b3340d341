//! Every event that can be told, from the kinds of entries in the audit trail. docs/webhooks.md is made from it.

/// One sort of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventType {
    /// The kind of the entry in the audit trail.
    pub kind: &'static str,
    /// What receivers know it by.
    pub name: &'static str,
    /// What has happened, in a sentence without its end.
    pub about: &'static str,
}

/// The sort that is sent to the webhook that is tested, and to no other.
pub const TEST: &str = "webhook.test";

const fn event(kind: &'static str, name: &'static str, about: &'static str) -> EventType {
    EventType { kind, name, about }
}

/// The catalogue.
#[rustfmt::skip]
pub static EVENTS: [EventType; 114] = [
    event("tenant_created", "tenant.created", "A tenant was added"),
    event("tenant_connected", "tenant.connected", "The connection of the tenant was replaced"),
    event("sync_requested", "tenant.sync_requested", "Somebody asked to read the tenant from Graph again"),
    event("removal_confirmed", "tenant.removal_confirmed", "Somebody confirmed that missing devices are gone"),
    event("devices_removed", "tenant.devices_removed", "Devices that are gone were removed"),
    event("token_created", "token.created", "A token for this tenant was made"),
    event("token_revoked", "token.revoked", "A token was revoked"),
    event("signed_in", "session.signed_in", "Somebody signed in with a browser, as far as it concerns this tenant"),
    event("signed_out", "session.ended", "Such a session was ended"),
    event("budget_set", "budget.set", "The budget of devices in flight was set or lifted"),
    event("strategies_chosen", "strategies.chosen", "The ways in which updates are offered were chosen"),
    event("assessment_requested", "readiness.requested", "Somebody asked for the readiness checks"),
    event("readiness_regressed", "readiness.regressed", "Checks that passed before do not any more"),
    event("enrollment_requested", "enrollment.requested", "Somebody asked to enroll, take back or restore"),
    event("enrollment_check_requested", "enrollment.check_requested", "Somebody asked to compare the enrollment with Graph"),
    event("enrollment_moved", "enrollment.moved", "The enrollment came into another state"),
    event("drift_found", "enrollment.drift_found", "Others changed what Concentric made"),
    event("object_kept", "enrollment.object_kept", "An object on Graph was made or adopted"),
    event("object_forgotten", "enrollment.object_forgotten", "An object on Graph was deleted or given back"),
    event("registration_requested", "registration.requested", "Somebody asked to judge every device again"),
    event("action_requested", "device.action_requested", "Devices are asked to check in"),
    event("control_set", "device.control_set", "Devices were held, excluded or moved"),
    event("control_lifted", "device.control_lifted", "Such a decision was lifted"),
    event("controls_expired", "device.controls_expired", "Such decisions ran out"),
    event("cohort_held", "device.cohort_held", "Devices were held by a filter"),
    event("cohort_released", "device.cohort_released", "Such a hold was ended"),
    event("ring_set_created", "ring_set.created", "A ring set was made"),
    event("ring_set_changed", "ring_set.changed", "A ring set was changed"),
    event("ring_set_deleted", "ring_set.deleted", "A ring set was deleted"),
    event("ring_set_placed", "ring_set.placed", "Somebody had the devices of a ring set placed again"),
    event("alert_opened", "alert.opened", "Something is there that somebody should look at"),
    event("alert_resolved", "alert.resolved", "What an alert was about has ended"),
    event("alert_acknowledged", "alert.acknowledged", "Somebody sees to an alert"),
    event("alert_muted", "alert.muted", "An alert was muted, or is heard again"),
    event("alert_escalated", "alert.escalated", "An alert was made one step worse"),
    event("report_schedule_created", "report_schedule.created", "A report was scheduled"),
    event("report_schedule_changed", "report_schedule.changed", "A scheduled report was changed"),
    event("report_schedule_deleted", "report_schedule.deleted", "A scheduled report was deleted"),
    event("report_requested", "report.requested", "Somebody wants a scheduled report now"),
    event("report_sent", "report.sent", "A scheduled report was made and sent"),
    event("support_filed", "support.filed", "Somebody filed a support request"),
    event("support_commented", "support.commented", "Somebody commented on a support request"),
    event("support_moved", "support.moved", "A support request came into another status, or into other hands"),
    event("support_reopened", "support.reopened", "A support request that was mitigated goes on"),
    event("support_handed_on", "support.handed_on", "Somebody handed a support request on to a desk"),
    event("support_hand_on_given_up", "support.hand_on_given_up", "A desk took nothing of a support request for days"),
    event("support_desk_created", "support_desk.created", "A desk for support requests was added"),
    event("support_desk_changed", "support_desk.changed", "A desk was changed"),
    event("support_desk_deleted", "support_desk.deleted", "A desk was deleted"),
    event("report_view_saved", "report_view.saved", "A view of a report was saved"),
    event("report_view_changed", "report_view.changed", "A view of a report was changed"),
    event("report_view_deleted", "report_view.deleted", "A view of a report was deleted"),
    event("freeze_created", "freeze.created", "A freeze was set"),
    event("freeze_ended", "freeze.ended", "A freeze was ended early"),
    event("freeze_crossed", "freeze.crossed", "A rollout may go on in a freeze"),
    event("holidays_imported", "holidays.imported", "Holidays were imported"),
    event("holidays_deleted", "holidays.deleted", "Holidays were deleted"),
    event("update_declared", "update.declared", "An update was declared"),
    event("update_declined", "update.declined", "An update was declined"),
    event("update_approved", "update.approved", "An update that was declined is approved again"),
    event("version_floors_set", "update.floors_set", "The lowest builds that may be offered were set"),
    event("rule_created", "rule.created", "A rule that approves updates was made"),
    event("rule_changed", "rule.changed", "A rule says something else"),
    event("rule_deleted", "rule.deleted", "A rule was deleted"),
    event("release_created", "release.created", "A release was approved"),
    event("pause_set", "pause.set", "A tenant, a release or a ring was paused"),
    event("pause_lifted", "pause.lifted", "Such a pause was lifted"),
    event("plan_saved", "plan.saved", "A plan was saved"),
    event("created", "rollout.created", "A rollout was made"),
    event("requested", "rollout.requested", "Somebody asked a rollout to go on, to hold, to end or to roll back"),
    event("segment_requested", "rollout.segment_requested", "Somebody asked to hold or release a segment"),
    event("plan_revised", "rollout.plan_revised", "A revision took the place of the plan"),
    event("approved", "rollout.approved", "Somebody approved of a ring"),
    event("approval_withdrawn", "rollout.approval_withdrawn", "Somebody took an approval back"),
    event("expedited", "rollout.expedited", "Devices were moved to the front of the next wave"),
    event("retried", "rollout.retried", "Devices are offered the update once more"),
    event("left_out", "rollout.left_out", "A wave passed devices over for good"),
    event("overtaken", "rollout.overtaken", "A newer release took its place"),
    event("accepted", "rollout.accepted", "Graph has accepted what a ring is told"),
    event("ring_opened", "rollout.ring_opened", "A ring has opened"),
    event("wave_offered", "rollout.wave_offered", "A wave of devices may take the update"),
    event("soak_started", "rollout.soak_started", "Enough outcomes of a ring are known; it soaks"),
    event("paused", "rollout.paused", "It is paused"),
    event("resumed", "rollout.resumed", "It goes on"),
    event("completed", "rollout.completed", "Its last ring has passed its gate"),
    event("rollback_started", "rollout.rollback_started", "The update is being taken back"),
    event("removal_wave", "rollout.removal_wave", "A wave of devices is told to uninstall"),
    event("rolled_back", "rollout.rolled_back", "The update is taken back as far as that goes"),
    event("cancelled", "rollout.cancelled", "It was ended before any ring opened, or where it stood"),
    event("superseded", "rollout.superseded", "It ended because a newer release is there"),
    event("evidence_moved", "rollout.evidence_moved", "The level of its evidence changed"),
    event("segment_held", "rollout.segment_held", "A segment is held"),
    event("segment_released", "rollout.segment_released", "A segment is released"),
    event("offers_taken_back", "rollout.offers_taken_back", "Open offers were taken back"),
    event("offers_returned", "rollout.offers_returned", "Offers that were taken back are given again"),
    event("signal_created", "signal.created", "A signal was added"),
    event("signal_changed", "signal.changed", "A signal was replaced"),
    event("signal_deleted", "signal.deleted", "A signal was deleted"),
    event("signal_tested", "signal.tested", "Somebody had the source of a signal asked"),
    event("webhook_created", "webhook.created", "A webhook was added"),
    event("webhook_changed", "webhook.changed", "A webhook was changed"),
    event("webhook_deleted", "webhook.deleted", "A webhook was deleted"),
    event("webhook_secret_rotated", "webhook.secret_rotated", "A webhook has a new secret"),
    event("webhook_replayed", "webhook.replayed", "Somebody had messages sent again"),
    event("webhook_disabled", "webhook.disabled", "A receiver that failed for days, or wants nothing more, is told nothing more"),
    event("contact_created", "contact.created", "A contact was added"),
    event("contact_changed", "contact.changed", "A contact was changed"),
    event("contact_deleted", "contact.deleted", "A contact was deleted"),
    event("channel_created", "channel.created", "A channel of notifications was added"),
    event("channel_changed", "channel.changed", "A channel of notifications was changed"),
    event("channel_deleted", "channel.deleted", "A channel of notifications was deleted"),
    event("letter_tested", "letter.tested", "Somebody had a letter sent only to try it"),
    event("letter_retried", "letter.retried", "A letter that was given up is sent again"),
    event("webhook_tested", "webhook.test", "Somebody tests this webhook; it is sent to this one alone"),
];

/// What an entry of this kind is told as; none: it is told to nobody, as a later version wrote it.
#[must_use]
pub fn event_type(kind: &str) -> Option<&'static EventType> {
    EVENTS.iter().find(|event| event.kind == kind)
}

/// Whether a receiver can ask for events of this name.
#[must_use]
pub fn is_type(name: &str) -> bool {
    EVENTS.iter().any(|event| event.name == name)
}
