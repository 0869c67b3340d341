//! What policies and configurations mean for devices, worked out once per change.

use crate::clock::Seconds;
use crate::ledger::{Book, Name};
use crate::tenant::assignments::Reach;
use crate::tenant::groups::GroupSlot;
use crate::tenant::policies::{Ring, Status};
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
            let lags = policy.approvals.iter().map(|approval| approval.status.takes_effect());
            let lags = lags.chain(policy.rings.iter().map(|ring| ring.paused.takes_effect()));
            self.stale_at = lags.filter(|at| *at > now).fold(self.stale_at, Seconds::min);
            for approval in &policy.approvals {
                if approval.status.effective(now) != Some(Status::Approved) {
                    continue;
                }
                let Some(entry) = tenant.catalog.at(approval.level) else { continue };
                let running = policy.rings.iter().filter(|ring| !ring.paused.effective(now));
                self.approved.extend(running.map(|ring| Rule {
                    level: approval.level,
                    policy: name,
                    included: named_slots(tenant, book, ring),
                    excluded: slots(tenant, ring, "excludedGroupAssignment"),
                    since: entry.released + ring.deferral(),
                }));
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

/// The groups a ring names and those nested in them.
fn slots(tenant: &Tenant, ring: &Ring, of: &str) -> Vec<GroupSlot> {
    let named = group_ids(ring.object.properties.get(of));
    named.into_iter().flat_map(|id| tenant.groups.reach(id)).collect()
}

/// The groups a ring includes, each with the name of the group that is assigned.
fn named_slots(tenant: &Tenant, book: &mut Book, ring: &Ring) -> Vec<(GroupSlot, Name)> {
    let mut slots = Vec::new();
    for id in group_ids(ring.object.properties.get("includedGroupAssignment")) {
        let name = book.name(&id.to_string());
        slots.extend(tenant.groups.reach(id).into_iter().map(|slot| (slot, name)));
    }
    slots
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
            // Everybody here has a licence, and a device.
            Some(Reach::Everybody | Reach::Users) => setting.everybody = true,
            Some(Reach::Group(id)) => setting.included.extend(tenant.groups.reach(id)),
            Some(Reach::NotGroup(id)) => setting.excluded.extend(tenant.groups.reach(id)),
            None => {}
        }
    }
    setting
}
