//! The world behind the one lock: clock, fleet, tenant, ledger, faults.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::choice::Choices;
use crate::clock::{Clock, Seconds};
use crate::config::{Config, Faults, Scenario};
use crate::defect::{Defect, Defects};
use crate::fleet::Fleet;
use crate::fleet::life::Surroundings;
use crate::graph::reply::Reply;
use crate::graph::report::Report;
use crate::graph::request::Request;
use crate::ledger::{Book, Event, Ledger, LedgerEntry, LedgerSummary, Line, Subject};
use crate::permission::{Roles, UnknownPermission};
use crate::record::Recorder;
use crate::tenant::Tenant;
use crate::tenant::organisation::Organisation;
use crate::tenant::rules::Rules;

/// A finished report lies at its address this long.
const BLOB_LIFETIME: Duration = Duration::from_mins(10);

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) choices: Choices,
    pub(crate) organisation: Organisation,
    pub(crate) fleet: Fleet,
    pub(crate) tenant: Tenant,
    pub(crate) book: Book,
    pub(crate) faults: Faults,
    rules: Rules,
    scenario: Scenario,
    struck: Struck,
    recorder: Option<Recorder>,
    blobs: HashMap<String, (Arc<Report>, Instant)>,
    now: Seconds,
}

/// How many requests were counted for each fault, and how often it struck.
#[derive(Debug, Default)]
struct Struck {
    requests: u32,
    whole: u32,
    throttled: u32,
    failed: u32,
    dropped: u32,
}

fn strikes(every: Option<u32>, count: u32) -> bool {
    every.is_some_and(|every| every > 0 && count.is_multiple_of(every))
}

fn gateway_timeout() -> Reply {
    Reply::error(504, "GatewayTimeout", "The upstream service did not answer.")
}

impl World {
    pub(crate) fn new(
        config: &Config,
        recorder: Option<Recorder>,
    ) -> Result<Self, UnknownPermission> {
        let choices = Choices { seed: config.seed };
        let start = config.start.timestamp();
        let names = config.permissions.as_deref();
        let permissions = names.map_or_else(|| Ok(Roles::default()), Roles::named)?;
        let mut tenant = Tenant::new(start);
        tenant.rings_offer = config.rings_offer;
        tenant.groups.seed(choices, config.devices, start);
        let mut world = Self {
            clock: Clock { start: config.start, anchor: config.anchor, speed: config.speed },
            choices,
            organisation: Organisation {
                id: config.tenant,
                client: config.client_id,
                start,
                defects: Defects::default(),
                permissions,
                choices,
            },
            fleet: Fleet::new(choices, config.devices, start),
            tenant,
            book: Book::default(),
            faults: config.faults.clone(),
            rules: Rules::default(),
            scenario: config.scenario,
            struck: Struck::default(),
            recorder,
            blobs: HashMap::new(),
            now: start,
        };
        world.strike(config.defects.iter().copied().collect());
        Ok(world)
    }

    /// Puts these defects in the place of those before.
    pub(crate) fn strike(&mut self, defects: Defects) {
        let before = std::mem::replace(&mut self.organisation.defects, defects);
        self.tenant.plant(&self.organisation, before);
        self.fleet.strike(defects, self.now);
        // Who is not in the directory is in no group of it either.
        if before.has(Defect::NotInEntra) != defects.has(Defect::NotInEntra) {
            for device in self.fleet.struck_by(Defect::NotInEntra) {
                self.tenant.groups.look_again(device);
            }
        }
    }

    /// Retires a device from Intune and deletes it from the directory; false where there is none.
    pub(crate) fn retire(&mut self, device: u32) -> bool {
        let retired = self.fleet.retire(device);
        if retired {
            self.tenant.groups.remove_everywhere(device);
            self.tenant.enrolments.forget(device);
        }
        retired
    }

    /// Brings the fleet up to the present and returns it.
    pub(crate) fn advance(&mut self) -> Seconds {
        self.now = self.now.max(self.clock.now().timestamp());
        let mut around = Surroundings {
            tenant: &self.tenant,
            rules: &mut self.rules,
            book: &mut self.book,
            scenario: self.scenario,
        };
        self.fleet.advance(&mut around, self.now);
        self.now
    }

    /// The time the world was last brought up to.
    pub(crate) fn now(&self) -> Seconds {
        self.now
    }

    /// Answers a Graph request, or a part of a batch, with the configured faults.
    pub(crate) fn answer(&mut self, request: &Request, part: bool) -> Reply {
        self.advance();
        let envelope = request.is_batch();
        if !envelope {
            self.struck.requests += 1;
        }
        let count = self.struck.requests;
        let injected = if envelope { None } else { self.fault_before(request, count) };
        let mut reply = if let Some(fault) = injected {
            fault
        } else {
            let reply = crate::graph::dispatch(self, request);
            if !envelope && strikes(self.faults.drop_after_effect_every, count) {
                self.struck.dropped += 1;
                // A part of a batch has no connection of its own that could break.
                let broken = !part && self.struck.dropped.is_multiple_of(2);
                let gone = gateway_timeout().injected();
                if broken { gone.broken() } else { gone }
            } else {
                reply
            }
        };
        if !part {
            self.struck.whole += 1;
            if strikes(self.faults.truncate_every, self.struck.whole) && reply.body.is_some() {
                reply = reply.truncated();
            }
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.write(request, &reply);
        }
        reply
    }

    fn fault_before(&mut self, request: &Request, count: u32) -> Option<Reply> {
        if self.faults.forbidden.iter().any(|prefix| request.shown_path().starts_with(prefix)) {
            let message = "Insufficient privileges to complete the operation.";
            return Some(Reply::error(403, "Authorization_RequestDenied", message).injected());
        }
        if strikes(self.faults.unauthorized_every, count) {
            let message = "Lifetime validation failed, the token is expired.";
            return Some(Reply::error(401, "InvalidAuthenticationToken", message).injected());
        }
        if strikes(self.faults.throttle_every, count) {
            self.struck.throttled += 1;
            let reply = Reply::error(429, "TooManyRequests", "Please retry again later.");
            let told = !self.struck.throttled.is_multiple_of(2);
            return Some(if told { reply.header("Retry-After", "1") } else { reply }.injected());
        }
        if strikes(self.faults.error_5xx_every, count) {
            self.struck.failed += 1;
            let reply = if self.struck.failed.is_multiple_of(2) {
                gateway_timeout()
            } else {
                Reply::error(503, "serviceNotAvailable", "The service is temporarily unavailable.")
            };
            return Some(reply.injected());
        }
        None
    }

    /// Something an administrator did.
    pub(crate) fn note(&mut self, event: Event, who: Noted<'_>) {
        let subject = match (who.group, who.ring) {
            (Some(group), _) => Subject::Group(self.book.name(group)),
            (None, Some(ring)) => Subject::Ring(self.book.name(ring)),
            (None, None) => Subject::Nothing,
        };
        let line = Line {
            at: self.now,
            device: who.device,
            policy: who.policy.map(|id| self.book.name(id)),
            subject,
            event,
            level: who.level,
            code: None,
        };
        self.book.write(line);
    }

    pub(crate) fn ledger(&mut self) -> Ledger {
        self.advance();
        Ledger { entries: self.entries(0, usize::MAX), summary: self.summary() }
    }

    pub(crate) fn entries(&self, after: usize, limit: usize) -> Vec<LedgerEntry> {
        self.book.entries((after, limit), self.choices, &self.tenant.catalog)
    }

    pub(crate) fn summary(&self) -> LedgerSummary {
        self.book.summary(self.choices, &self.tenant.catalog)
    }

    pub(crate) fn put_blob(&mut self, name: String, report: Report) {
        self.blobs.retain(|_, (_, kept)| kept.elapsed() < BLOB_LIFETIME);
        self.blobs.insert(name, (Arc::new(report), Instant::now()));
    }

    pub(crate) fn blob(&self, name: &str) -> Option<Arc<Report>> {
        let (report, kept) = self.blobs.get(name)?;
        (kept.elapsed() < BLOB_LIFETIME).then(|| Arc::clone(report))
    }
}

/// What a control event is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Noted<'text> {
    pub(crate) device: Option<u32>,
    pub(crate) policy: Option<&'text str>,
    pub(crate) group: Option<&'text str>,
    pub(crate) ring: Option<&'text str>,
    pub(crate) level: Option<u8>,
}
