//! What policies and configurations mean for devices, worked out once per change.

use crate::clock::Seconds;
use crate::ledger::{Book, Name};
use crate::tenant::assignments::Reach;
use crate::tenant::catalog::{FEATURE, FEATURE_VERSION};
use crate::tenant::configurations::Configuration;
use crate::tenant::deployments::Requested;
use crate::tenant::documents::{Document, Kind};
use crate::tenant::enrolment::Category;
use crate::tenant::groups::GroupSlot;
use crate::tenant::policies::{Ring, Status};
use crate::tenant::programs;
use crate::tenant::{Tenant, group_ids};

/// Content that is approved for some devices.
#[derive(Debug)]
struct Rule {
    level: u8,
    policy: Name,
    to: Whom,
    /// What a device has to be enrolled for.
    needs: Option<Category>,
    /// Release plus the deferral of the ring.
    since: Seconds,
    /// Days until the restart is forced, where it is expedited.
    forced: Option<u8>,
    by_ring: bool,
}

#[derive(Debug)]
enum Whom {
    Members {
        included: Vec<(GroupSlot, Name)>,
        excluded: Vec<GroupSlot>,
    },
    /// Its place in the tenant.
    Audience(usize, Name),
}

impl Whom {
    /// Who brings the offer to this device.
    fn reach(&self, tenant: &Tenant, device: u32, now: Seconds) -> Option<Name> {
        match self {
            Self::Members { included, excluded } => {
                let counts = |slot| tenant.groups.counts(slot, device, now);
                let (_, group) = included.iter().find(|(slot, _)| counts(*slot))?;
                (!excluded.iter().any(|slot| counts(*slot))).then_some(*group)
            }
            Self::Audience(place, name) => {
                let audience = tenant.audiences.get(*place)?;
                audience.reaches(device, now).then_some(*name)
            }
        }
    }
}

#[derive(Debug)]
struct Setting {
    everybody: bool,
    included: Vec<GroupSlot>,
    excluded: Vec<GroupSlot>,
    paused_until: Option<Seconds>,
    rolled_back: bool,
    feature_paused_until: Option<Seconds>,
    feature_rolled_back: bool,
    window: Option<u8>,
}

impl Setting {
    fn says_something(&self) -> bool {
        self.rolled_back
            || self.feature_rolled_back
            || self.window.is_some()
            || self.paused_until.is_some()
            || self.feature_paused_until.is_some()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Rules {
    version: u64,
    stale_at: Seconds,
    approved: Vec<Rule>,
    drivers: Vec<Rule>,
    settings: Vec<Setting>,
    programs: Vec<programs::Rule>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer {
    pub(crate) level: u8,
    pub(crate) policy: Name,
    pub(crate) group: Name,
    /// Days until the restart is forced, where it is expedited.
    pub(crate) forced: Option<u8>,
    /// By an update ring: the device knows what it was told at its last check-in.
    pub(crate) by_ring: bool,
}

/// Who offers a driver.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DriverOffer {
    pub(crate) policy: Name,
    pub(crate) audience: Name,
}

/// What configurations say against updates of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stops {
    pub(crate) paused: bool,
    pub(crate) rolled_back: bool,
}

/// What the configurations assigned to a device tell it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) quality: Stops,
    pub(crate) feature: Stops,
    /// The longest that any of them says.
    pub(crate) window: Option<u8>,
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
                    to: Whom::Members {
                        included: named_slots(tenant, book, ring),
                        excluded: slots(tenant, ring, "excludedGroupAssignment"),
                    },
                    needs: Some(Category::Quality),
                    since: entry.released + ring.deferral(),
                    forced: None,
                    by_ring: false,
                }));
            }
        }
        self.deployed(tenant, book, now);
        self.profiled(tenant, book);
        self.driven(tenant, book, now);
        self.ringed(tenant, book, now);
        self.settings = tenant.configurations.iter().map(|one| setting(tenant, one)).collect();
        self.settings.retain(Setting::says_something);
        self.programs = programs::rules(tenant, book);
    }

    /// What policies say of programs.
    pub(crate) fn programs(&self) -> &[programs::Rule] {
        &self.programs
    }

    /// What deployments offer to their audiences.
    fn deployed(&mut self, tenant: &Tenant, book: &mut Book, now: Seconds) {
        for deployment in &tenant.deployments {
            let lag = deployment.requested.takes_effect();
            if lag > now {
                self.stale_at = self.stale_at.min(lag);
            }
            let place = tenant.audiences.iter().position(|one| one.id == deployment.audience);
            let released = tenant.catalog.released_at(deployment.level);
            let (Some(place), Some(since)) = (place, released) else { continue };
            if deployment.requested.effective(now) != Requested::Nothing {
                continue;
            }
            let forced = deployment.expedited();
            let needs = match (deployment.level, forced) {
                (FEATURE, _) => Some(Category::Feature),
                // What is expedited goes past whatever governs the device.
                (_, Some(_)) => None,
                (_, None) => Some(Category::Quality),
            };
            self.approved.push(Rule {
                level: deployment.level,
                policy: book.name(&deployment.object.id.to_string()),
                to: Whom::Audience(place, book.name(&deployment.audience.to_string())),
                needs,
                since,
                forced,
                by_ring: false,
            });
        }
    }

    /// What update policies offer to their audiences.
    fn driven(&mut self, tenant: &Tenant, book: &mut Book, now: Seconds) {
        self.drivers.clear();
        for policy in &tenant.update_policies {
            let place = tenant.audiences.iter().position(|one| one.id == policy.audience);
            let Some(place) = place else { continue };
            for approval in &policy.approvals {
                let lag = approval.stands.takes_effect();
                if lag > now {
                    self.stale_at = self.stale_at.min(lag);
                }
                if approval.stands.effective(now) {
                    self.drivers.push(Rule {
                        level: approval.level,
                        policy: book.name(&policy.object.id.to_string()),
                        to: Whom::Audience(place, book.name(&policy.audience.to_string())),
                        needs: Some(Category::Driver),
                        since: Seconds::MIN,
                        forced: None,
                        by_ring: false,
                    });
                }
            }
        }
    }

    /// Who offers the device this driver.
    pub(crate) fn driver(
        &self,
        tenant: &Tenant,
        device: u32,
        level: u8,
        now: Seconds,
    ) -> Option<DriverOffer> {
        let enrolled = |category| tenant.enrolments.has(device, category, now);
        let rules = self.drivers.iter().filter(|rule| rule.level == level);
        rules.filter(|rule| rule.needs.is_none_or(enrolled)).find_map(|rule| {
            let audience = rule.to.reach(tenant, device, now)?;
            Some(DriverOffer { policy: rule.policy, audience })
        })
    }

    /// What feature profiles offer to whom they are assigned to.
    fn profiled(&mut self, tenant: &Tenant, book: &mut Book) {
        let Some(since) = tenant.catalog.released_at(FEATURE) else { return };
        let is_ours = |one: &&Document| {
            one.kind == Kind::FeatureProfile
                && one.object.text("featureUpdateVersion") == FEATURE_VERSION
        };
        for profile in tenant.documents.iter().filter(is_ours) {
            let (mut included, mut excluded) = (Vec::new(), Vec::new());
            for assignment in &profile.assignments {
                match assignment.reach() {
                    Some(Reach::Group(id)) => {
                        let name = book.name(&id.to_string());
                        included
                            .extend(tenant.groups.reach(id).into_iter().map(|slot| (slot, name)));
                    }
                    Some(Reach::NotGroup(id)) => excluded.extend(tenant.groups.reach(id)),
                    // Nobody's test assigns a version to everybody.
                    Some(Reach::Everybody | Reach::Users) | None => {}
                }
            }
            self.approved.push(Rule {
                level: FEATURE,
                policy: book.name(&profile.object.id.to_string()),
                to: Whom::Members { included, excluded },
                needs: None,
                since,
                forced: None,
                by_ring: false,
            });
        }
    }

    /// What update rings offer to whom they are assigned to: the newest security update that is old
    /// enough. Whether they are paused is for the device to know.
    fn ringed(&mut self, tenant: &Tenant, book: &mut Book, now: Seconds) {
        let is_ring = |one: &&Configuration| tenant.rings_offer && one.is_update_ring();
        for ring in tenant.configurations.iter().filter(is_ring) {
            let Setting { included, excluded, .. } = setting(tenant, ring);
            // Nobody's test lets one offer to everybody.
            let policy = book.name(&ring.object.id.to_string());
            let included = included.into_iter().map(|slot| (slot, policy)).collect();
            let (old, young): (Vec<_>, Vec<_>) = tenant
                .catalog
                .security_ever()
                .map(|entry| (entry.released + ring.deferral(), entry.level))
                .partition(|(since, _)| *since <= now);
            self.stale_at = young.iter().map(|(since, _)| *since).fold(self.stale_at, Seconds::min);
            let Some((since, level)) = old.into_iter().max() else { continue };
            let to = Whom::Members { included, excluded };
            let (needs, forced, by_ring) = (None, None, true);
            self.approved.push(Rule { level, policy, to, needs, since, forced, by_ring });
        }
    }

    /// The newest content approved for the device among the levels it would take.
    pub(crate) fn offer(
        &self,
        tenant: &Tenant,
        device: u32,
        now: Seconds,
        takes: impl Fn(u8) -> bool,
    ) -> Option<Offer> {
        let enrolled = |category| tenant.enrolments.has(device, category, now);
        self.approved
            .iter()
            .filter(|rule| rule.since <= now && takes(rule.level))
            .filter(|rule| rule.needs.is_none_or(enrolled))
            // The deployment service goes before update rings.
            .filter(|rule| !(rule.by_ring && enrolled(Category::Quality)))
            .filter_map(|rule| {
                let group = rule.to.reach(tenant, device, now)?;
                let Rule { level, policy, forced, by_ring, .. } = *rule;
                Some(Offer { level, policy, group, forced, by_ring })
            })
            .max_by_key(|offer| (offer.level, offer.forced.is_some()))
    }

    pub(crate) fn settings(&self, tenant: &Tenant, device: u32, now: Seconds) -> Told {
        let mut told = Told::default();
        for setting in &self.settings {
            let counts = |slot: &GroupSlot| tenant.groups.counts(*slot, device, now);
            let reached = setting.everybody || setting.included.iter().any(counts);
            if reached && !setting.excluded.iter().any(counts) {
                told.quality.paused |= setting.paused_until.is_some_and(|until| now < until);
                told.quality.rolled_back |= setting.rolled_back;
                told.feature.paused |=
                    setting.feature_paused_until.is_some_and(|until| now < until);
                told.feature.rolled_back |= setting.feature_rolled_back;
                told.window = told.window.max(setting.window);
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

fn setting(tenant: &Tenant, from: &Configuration) -> Setting {
    let mut setting = Setting {
        everybody: false,
        included: Vec::new(),
        excluded: Vec::new(),
        paused_until: from.paused_until(),
        rolled_back: from.rolled_back(),
        feature_paused_until: from.feature_paused_until(),
        feature_rolled_back: from.feature_rolled_back(),
        window: from.window(),
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
