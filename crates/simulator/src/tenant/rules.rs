//! What policies and configurations mean for devices, worked out once per change.

use crate::clock::{DAY, Seconds};
use crate::ledger::{Book, Name};
use crate::tenant::configurations::Reach;
use crate::tenant::groups::GroupSlot;
use crate::tenant::policies::Status;
use crate::tenant::{Tenant, group_ids};

/// Content that is approved for the members of some groups.
#[derive(Debug)]
struct Rule {
    level: u8,
    policy: Name,
    included: Vec<(GroupSlot, Name)>,
    excluded: Vec<GroupSlot>,
    /// Release plus the deferral of the ring.
    since: Seconds,
}

#[derive(Debug)]
struct Setting {
    everybody: bool,
    included: Vec<GroupSlot>,
    excluded: Vec<GroupSlot>,
    paused_until: Option<Seconds>,
    rolled_back: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Rules {
    version: u64,
    stale_at: Seconds,
    approved: Vec<Rule>,
    settings: Vec<Setting>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer {
    pub(crate) level: u8,
    pub(crate) policy: Name,
    pub(crate) group: Name,
}

/// What the configurations assigned to a device tell it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) paused: bool,
    pub(crate) rolled_back: bool,
}

impl Rules {
    pub(crate) fn refresh(&mut self, tenant: &Tenant, book: &mut Book, now: Seconds) {
        if self.version == tenant.version && now < self.stale_at {
            return;
        }
        self.version = tenant.version;
        self.stale_at = Seconds::MAX;
        self.approved.clear();
        for policy in &tenant.policies {
            let name = book.name(&policy.object.id.to_string());
            for approval in &policy.approvals {
                if approval.takes_effect() > now {
                    self.stale_at = self.stale_at.min(approval.takes_effect());
                }
                if approval.effective(now) != Some(Status::Approved) {
                    continue;
                }
                let Some(entry) = tenant.catalog.at(approval.level) else { continue };
                for ring in policy.rings.iter().filter(|ring| !ring.flag("isPaused")) {
                    let properties = &ring.properties;
                    let deferral =
                        properties.get("deferralInDays").and_then(serde_json::Value::as_i64);
                    let included = group_ids(properties.get("includedGroupAssignment"));
                    let excluded = group_ids(properties.get("excludedGroupAssignment"));
                    let slots = included.into_iter().filter_map(|id| {
                        Some((tenant.groups.slot(id)?, book.name(&id.to_string())))
                    });
                    self.approved.push(Rule {
                        level: approval.level,
                        policy: name,
                        included: slots.collect(),
                        excluded: excluded
                            .into_iter()
                            .filter_map(|id| tenant.groups.slot(id))
                            .collect(),
                        since: entry.released + deferral.unwrap_or(0) * DAY,
                    });
                }
            }
        }
        self.settings = tenant.configurations.iter().map(|one| setting(tenant, one)).collect();
        self.settings.retain(|setting| setting.rolled_back || setting.paused_until.is_some());
    }

    /// The newest content approved for the device among the levels it would take.
    pub(crate) fn offer(
        &self,
        tenant: &Tenant,
        device: u32,
        now: Seconds,
        takes: impl Fn(u8) -> bool,
    ) -> Option<Offer> {
        if self.approved.is_empty() || !tenant.enrolments.quality(device, now) {
            return None;
        }
        self.approved
            .iter()
            .filter(|rule| rule.since <= now && takes(rule.level))
            .filter_map(|rule| {
                let counts = |slot| tenant.groups.counts(slot, device, now);
                let (_, group) = rule.included.iter().find(|(slot, _)| counts(*slot))?;
                let excluded = rule.excluded.iter().any(|slot| counts(*slot));
                let offer = Offer { level: rule.level, policy: rule.policy, group: *group };
                (!excluded).then_some(offer)
            })
            .max_by_key(|offer| offer.level)
    }

    pub(crate) fn settings(&self, tenant: &Tenant, device: u32, now: Seconds) -> Told {
        let mut told = Told::default();
        for setting in &self.settings {
            let counts = |slot: &GroupSlot| tenant.groups.counts(*slot, device, now);
            let reached = setting.everybody || setting.included.iter().any(counts);
            if reached && !setting.excluded.iter().any(counts) {
                told.paused |= setting.paused_until.is_some_and(|until| now < until);
                told.rolled_back |= setting.rolled_back;
            }
        }
        told
    }
}

fn setting(tenant: &Tenant, from: &crate::tenant::configurations::Configuration) -> Setting {
    let mut setting = Setting {
        everybody: false,
        included: Vec::new(),
        excluded: Vec::new(),
        paused_until: from.paused_until(),
        rolled_back: from.rolled_back(),
    };
    for assignment in &from.assignments {
        match assignment.reach() {
            Some(Reach::Everybody) => setting.everybody = true,
            Some(Reach::Group(id)) => setting.included.extend(tenant.groups.slot(id)),
            Some(Reach::NotGroup(id)) => setting.excluded.extend(tenant.groups.slot(id)),
            None => {}
        }
    }
    setting
}
