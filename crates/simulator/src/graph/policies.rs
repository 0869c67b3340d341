//! `/admin/windows/updates/policies` with their rings and approvals.

use serde_json::{Map, Value};

use crate::graph::list::{self, INTUNE, Small};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::ledger::Event;
use crate::tenant::policies::{Approval, POLICY, Policy, Ring, Status};
use crate::world::{Noted, World};

pub(crate) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    let now = world.now();
    let policies = &mut world.tenant.policies;
    let [id, rest @ ..] = rest else {
        return match request.method.as_str() {
            "GET" => listed(policies.iter().map(Policy::json), request, "policies"),
            "POST" => without_name(request.body()).unwrap_or_else(|| {
                let policy = Policy::new(request.body(), now);
                let shown = policy.json();
                world.tenant.policies.push(policy);
                world.tenant.changed();
                Reply::created(shown)
            }),
            _ => Reply::wrong_method(),
        };
    };
    let place = id
        .parse::<uuid::Uuid>()
        .ok()
        .and_then(|id| policies.iter().position(|one| one.object.id == id));
    let Some(place) = place else { return Reply::not_found() };
    let policy = &mut policies[place];
    match (request.method.as_str(), rest) {
        ("GET", []) => Reply::ok(policy.json()),
        ("PATCH", []) => {
            policy.object.merge(request.body(), &POLICY, now);
            Reply::ok(policy.json())
        }
        ("DELETE", []) => {
            let Policy { object, approvals, .. } = policies.remove(place);
            world.tenant.changed();
            let id = object.id.to_string();
            for approval in approvals {
                let level = Some(approval.level);
                let noted = Noted { policy: Some(&id), level, ..Noted::default() };
                world.note(Event::ApprovalDeleted, noted);
            }
            Reply::empty()
        }
        (_, []) => Reply::wrong_method(),
        (_, ["rings", rest @ ..]) => rings(world, request, place, rest),
        (_, ["approvals", rest @ ..]) => approvals(world, request, place, rest),
        (_, [segment, ..]) => Reply::no_segment(segment),
    }
}

fn rings(world: &mut World, request: &Request, place: usize, rest: &[&str]) -> Reply {
    let now = world.now();
    let policy = &mut world.tenant.policies[place];
    let policy_id = policy.object.id.to_string();
    let sent = request.body();
    let (reply, turned) = match (request.method.as_str(), rest) {
        ("GET", []) => return listed(policy.rings.iter().map(Ring::json), request, "rings"),
        ("POST", []) => {
            if let Some(refusal) = without_name(sent).or_else(|| bad_ring(sent)) {
                return refusal;
            }
            let ring = Ring::new(sent, now);
            let (shown, id) = (ring.json(), ring.object.id);
            let paused = ring.object.flag("isPaused").then_some((id, Event::RingPaused));
            policy.rings.push(ring);
            (Reply::created(shown), paused)
        }
        (method, [id]) => {
            let Some(ring) = policy.ring_mut(id) else { return Reply::not_found() };
            let id = ring.object.id;
            match method {
                "GET" => return Reply::ok(ring.json()),
                "PATCH" => {
                    if let Some(refusal) = bad_ring(sent) {
                        return refusal;
                    }
                    let event = ring.merge(sent, now).map(|paused| {
                        (id, if paused { Event::RingPaused } else { Event::RingResumed })
                    });
                    (Reply::ok(ring.json()), event)
                }
                "DELETE" => {
                    policy.rings.retain(|ring| ring.object.id != id);
                    (Reply::empty(), Some((id, Event::RingDeleted)))
                }
                _ => return Reply::wrong_method(),
            }
        }
        (_, []) => return Reply::wrong_method(),
        (_, [_, segment, ..]) => return Reply::no_segment(segment),
    };
    world.tenant.changed();
    if let Some((ring, event)) = turned {
        let ring = ring.to_string();
        let noted = Noted { policy: Some(&policy_id), ring: Some(&ring), ..Noted::default() };
        world.note(event, noted);
    }
    reply
}

fn approvals(world: &mut World, request: &Request, place: usize, rest: &[&str]) -> Reply {
    let now = world.now();
    let policy = &mut world.tenant.policies[place];
    let policy_id = policy.object.id.to_string();
    let sent = request.body();
    let status = match sent.get("status").and_then(Value::as_str).map(Status::parse) {
        Some(None) => return Reply::bad_request("Invalid value for 'status'."),
        Some(status) => status,
        None => None,
    };
    let (reply, event, level) = match (request.method.as_str(), rest) {
        ("GET", []) => {
            return listed(policy.approvals.iter().map(Approval::json), request, "approvals");
        }
        ("POST", []) => {
            let entry = sent.get("catalogEntryId").and_then(Value::as_str).unwrap_or_default();
            let Some(entry) = world.tenant.catalog.find(entry, now) else {
                return Reply::bad_request("The catalog entry does not exist.");
            };
            let status = status.unwrap_or(Status::Approved);
            let approval = Approval::new(&entry.id, entry.level, status, now);
            let (shown, level) = (approval.json(), approval.level);
            policy.approvals.push(approval);
            (Reply::created(shown), event_of(status), level)
        }
        (method, [id]) => {
            let Some(approval) = policy.approval_mut(id) else { return Reply::not_found() };
            let level = approval.level;
            match method {
                "GET" => return Reply::ok(approval.json()),
                "PATCH" => match status.filter(|status| Some(*status) != approval.written()) {
                    None => return Reply::ok(approval.json()),
                    Some(status) => {
                        approval.set(status, now);
                        (Reply::ok(approval.json()), event_of(status), level)
                    }
                },
                "DELETE" => {
                    let id = approval.object.id;
                    policy.approvals.retain(|approval| approval.object.id != id);
                    (Reply::empty(), Event::ApprovalDeleted, level)
                }
                _ => return Reply::wrong_method(),
            }
        }
        (_, []) => return Reply::wrong_method(),
        (_, [_, segment, ..]) => return Reply::no_segment(segment),
    };
    world.tenant.changed();
    world.note(event, Noted { policy: Some(&policy_id), level: Some(level), ..Noted::default() });
    reply
}

const fn event_of(status: Status) -> Event {
    match status {
        Status::Approved => Event::ApprovalApproved,
        Status::Suspended => Event::ApprovalSuspended,
    }
}

fn without_name(sent: &Value) -> Option<Reply> {
    let name = sent.get("displayName").and_then(Value::as_str).unwrap_or_default();
    let usable = !name.is_empty() && name.chars().count() <= 200;
    (!usable).then(|| Reply::bad_request("'displayName' must have 1 to 200 characters."))
}

fn bad_ring(sent: &Value) -> Option<Reply> {
    let usable = sent.get("deferralInDays")?.as_i64().is_some_and(|days| (0..=30).contains(&days));
    (!usable).then(|| Reply::bad_request("'deferralInDays' must lie between 0 and 30."))
}

fn listed(items: impl Iterator<Item = Map<String, Value>>, request: &Request, of: &str) -> Reply {
    list::page(&Small(items.map(Value::Object).collect()), request, of, INTUNE)
}
