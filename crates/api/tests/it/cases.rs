//! One valid request for every route that changes something, and the things that they are about: what the
//! tables of the audit trail, of idempotency and of isolation are walked with.

use api::access::Rule;
use axum::http::Method;
use domain::attempt::AttemptState;
use domain::ids::{DirectoryObjectId, RolloutId, TenantId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, device, hour, id, ring_set_body, tenant_body, update};

const TENANT: &str = "/api/v1/tenants/{tenant}";

/// What the ways to act on devices are called here: one route, many changes.
const DEVICE_ACTIONS: [&str; 9] =
    ["hold", "release", "exclude", "restore", "move", "unpin", "expedite", "retry", "sync"];

/// A tenant with a rollout under way, and the administrator who made them.
pub(crate) struct Stage<'a> {
    world: &'a World,
    pub(crate) tenant: TenantId,
    pub(crate) rollout: RolloutId,
    release: Uuid,
    ring_set: Uuid,
    update: Uuid,
    devices: Vec<Uuid>,
}

/// A request that is right.
pub(crate) struct Try {
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    /// Whose token it is sent with, and that token.
    pub(crate) by: (String, String),
}

/// The requests of a route, by name; most have one.
pub(crate) fn variants(rule: &Rule) -> Vec<&'static str> {
    if rule.path.ends_with("/device-actions") { DEVICE_ACTIONS.to_vec() } else { vec![""] }
}

impl<'a> Stage<'a> {
    pub(crate) async fn new(world: &'a World) -> Self {
        let tenant = world.tenant(&format!("Tenant {}", Uuid::now_v7().simple())).await;
        let mut fleet: Vec<_> = (0..100).map(|number| device(tenant, number)).collect();
        // Two models, so that a rollout watches segments.
        for one in fleet.iter_mut().skip(1).step_by(2) {
            "Model 2".clone_into(&mut one.model);
        }
        world.store.device_import(tenant, &fleet).await.unwrap();
        world.store.catalog_import(tenant, &[update()]).await.unwrap();
        let pilots = DirectoryObjectId(Uuid::from_u128(99));
        let members: Vec<_> = fleet.iter().filter_map(|device| device.object).take(20).collect();
        world.store.group_replace(tenant, pilots, &members, &[], hour(0)).await.unwrap();
        let base = format!("/api/v1/tenants/{tenant}");
        let updates = world.get(&format!("{base}/updates")).await.expect(200);
        let update = id(&updates["items"][0]);
        let body = json!({ "update_id": update, "name": "November" });
        let release = id(&world.post(&format!("{base}/releases"), body).await.expect(201));
        let mut set = ring_set_body();
        set["rings"][0]["groups"] = json!([pilots]);
        (set["rings"][0]["percent"], set["rings"][1]["percent"]) = (json!(0), json!(100));
        set["rings"][0]["approvals"] = json!({ "needed": 1 });
        let ring_set = id(&world.post(&format!("{base}/ring-sets"), set).await.expect(201));
        world.post(&format!("{base}/ring-sets/{ring_set}/place"), json!({})).await.expect(200);
        let body = json!({ "release_id": release, "ring_set_id": ring_set });
        let made = world.post(&format!("{base}/rollouts"), body).await.expect(201);
        let rollout = RolloutId(id(&made));
        world.start(tenant, rollout).await;
        let members = format!("{base}/devices?ring=0&ring_set_id={ring_set}");
        let devices = world.get(&members).await.expect(200);
        let devices = devices["items"].as_array().unwrap().iter().map(id).collect();
        Self { world, tenant, rollout, release, ring_set, update, devices }
    }

    fn base(&self) -> String {
        format!("/api/v1/tenants/{}", self.tenant)
    }

    /// Makes something, and says its id.
    async fn make(&self, path: &str, body: Value) -> Uuid {
        id(&self.world.post(&format!("{}{path}", self.base()), body).await.expect(201))
    }

    async fn act(&self, path: &str, body: Value) {
        let answer = self.world.post(&format!("{}{path}", self.base()), body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.body);
    }

    /// `path` with a thing of this tenant for each of its parameters.
    pub(crate) async fn filled(&self, path: &str) -> String {
        let mut filled = path.to_owned();
        while let Some((start, rest)) = filled.clone().split_once('{') {
            let (name, end) = rest.split_once('}').unwrap();
            let thing = match name {
                "delivery" => self.message_of(start).await,
                name => self.thing(name).await,
            };
            filled = format!("{start}{thing}{end}");
        }
        filled
    }

    /// A message to the webhook at the head of `path`.
    async fn message_of(&self, path: &str) -> String {
        let test = path.replace("/deliveries/", "/test");
        id(&self.world.post(&test, json!({})).await.expect(202)).to_string()
    }

    async fn thing(&self, name: &str) -> String {
        let thing = match name {
            "tenant" => self.tenant.0,
            "rollout" => self.rollout.0,
            "release" => self.release,
            "ring_set" => self.ring_set,
            "update" => self.update,
            "device" => self.devices[0],
            "ring" | "segment" => return "0".to_owned(),
            "plan" => self.make("/plans", self.plan()).await,
            "freeze" => self.make("/freezes", freeze()).await,
            "holidays" => self.make("/holidays", holidays()).await,
            "rule" => self.make("/rules", self.rule()).await,
            "hold" => self.make("/holds", hold()).await,
            "signal" => self.make("/signals", signal()).await,
            "webhook" => self.make("/webhooks", webhook()).await,
            "contact" => self.make("/contacts", contact()).await,
            "channel" => self.make("/notification-channels", channel()).await,
            "letter" => self.letter().await,
            "assessment" => self.assessment().await,
            "approval" => self.approval().await,
            "token" => {
                let body = json!({ "name": "ci", "roles": ["viewer"], "tenant_id": self.tenant });
                id(&self.world.post("/api/v1/tokens", body).await.expect(201))
            }
            "alert" => self.alert().await,
            "report" => return "holds".to_owned(),
            "report_schedule" => self.make("/report-schedules", self.report_schedule().await).await,
            "report_view" => self.make("/report-views", report_view()).await,
            "support_desk" => self.make("/support-desks", desk()).await,
            "support_request" => self.make("/support-requests", self.support_request()).await,
            "session" => {
                let body = json!({ "token": self.world.admin });
                let begun = self.world.call(Method::POST, "/auth/session", None, Some(&body));
                begun.await.expect(200);
                let sessions = self.world.get("/api/v1/sessions").await.expect(200);
                id(sessions["items"].as_array().and_then(|items| items.last()).unwrap())
            }
            other => panic!("there is no thing here for {{{other}}} of a path: make one"),
        };
        thing.to_string()
    }

    /// Something that the service has noticed of this stage.
    async fn alert(&self) -> Uuid {
        self.world.store.tenant_synced(self.tenant, hour(-2_000)).await.unwrap();
        self.world.store.alerts_update(self.tenant, hour(0)).await.unwrap();
        let alerts = self.world.get(&format!("{}/alerts", self.base())).await.expect(200);
        id(&alerts["items"][0])
    }

    /// One that was given up.
    async fn letter(&self) -> Uuid {
        use domain::outbox::{Letter, Refusal, Tried};
        let (store, tenant) = (&self.world.store, self.tenant);
        let letter = Letter::plain("A test", "A text").unwrap();
        let to = "nobody@example.com".parse().unwrap();
        let by = store::signals::By { actor: "ana", reason: "a test", at: hour(0) };
        let id = store.letter_test(tenant, &to, letter, by).await.unwrap();
        let due = store.letters_due(tenant, tenant.0, hour(0)).await.unwrap().envelopes;
        let tried = Tried { code: Some(550), latency_ms: 1, refusal: Some(Refusal::Refused) };
        let tried: Vec<_> = due.into_iter().map(|envelope| (envelope, tried)).collect();
        store.letters_tried(tenant, tenant.0, &tried, hour(0)).await.unwrap();
        id
    }

    async fn assessment(&self) -> Uuid {
        let assessment = domain::readiness::Assessment {
            at: hour(0),
            level: domain::readiness::Level::Ready,
            findings: Vec::new(),
        };
        self.world.store.assessment_record(self.tenant, &assessment).await.unwrap().id
    }

    /// Of another than the author of the plan.
    async fn approval(&self) -> Uuid {
        let path = format!("{}/rollouts/{}/approvals", self.base(), self.rollout);
        let (ben, body) = (self.world.person("ben").await, self.looked().await);
        id(&self.world.call(Method::POST, &path, Some(&ben), Some(&body)).await.expect(201))
    }

    async fn looked(&self) -> Value {
        let path = format!("{}/rollouts/{}", self.base(), self.rollout);
        let rollout = self.world.get(&path).await.expect(200);
        json!({ "ring": "First", "plan_id": rollout["plan_id"], "comment": "all of them known",
            "evidence": rollout["rings"][0]["evidence"] })
    }

    fn plan(&self) -> Value {
        json!({ "update_id": self.update, "release_name": "December", "ring_set_id": self.ring_set })
    }

    async fn report_schedule(&self) -> Value {
        let view = self.make("/report-views", report_view()).await;
        json!({ "name": fresh("Morning"), "view_id": view, "rule": "FREQ=WEEKLY;BYDAY=MO",
            "start": "07:00", "time_zone": "Europe/Zurich", "to": ["ops@example.com"],
            "reason": "for the weekly meeting" })
    }

    fn support_request(&self) -> Value {
        json!({ "about": { "kind": "rollout", "id": self.rollout }, "title": fresh("Printing fails"),
            "description": "since the last wave", "severity": "critical", "category": "updates" })
    }

    fn batch(&self) -> Value {
        json!({ "ids": [self.rollout], "reason": "printing fails" })
    }

    fn rule(&self) -> Value {
        json!({ "name": fresh("Monthly"), "ring_set_id": self.ring_set, "kind": "quality",
            "classification": "security", "cadence": "monthly", "delay_days": 2 })
    }

    /// Enrolled, as far as requests are concerned.
    async fn enroll(&self) {
        let body = self.enrollment();
        let path = format!("{}/enrollment", self.base());
        let admin = Some(self.world.admin.as_str());
        self.world.call(Method::PUT, &path, admin, Some(&body)).await.expect(202);
        let (tenant, ring_set) = (self.tenant, self.ring_set);
        let done = format!(
            "update enrollment set state = 'enrolled', is_open = false,
                 ring_set_id = '{ring_set}', settings = asked_settings
             where tenant_id = '{tenant}'"
        );
        self.world.execute(&done).await;
    }

    fn enrollment(&self) -> Value {
        json!({ "settings": { "ring_set_id": self.ring_set }, "apply": false })
    }

    async fn device_action(&self, variant: &str) -> Value {
        let devices = &self.devices[..1];
        let of = |what: Value| json!({ "select": { "ids": devices }, "do": what });
        let reason = "its firmware is old";
        let (hold, exclude) = (
            json!({ "action": "hold", "reason": reason }),
            json!({ "action": "exclude", "reason": reason }),
        );
        let to_ring = json!({ "action": "move", "ring_set_id": self.ring_set, "ring": 1,
            "reason": reason });
        let of_rollout = |kind: &str| json!({ "action": kind, "rollout_id": self.rollout });
        match variant {
            "release" => self.act("/device-actions", of(hold.clone())).await,
            "restore" => self.act("/device-actions", of(exclude.clone())).await,
            "unpin" => self.act("/device-actions", of(to_ring.clone())).await,
            _ => {}
        }
        match variant {
            "hold" => of(hold),
            "exclude" => of(exclude),
            "move" => of(to_ring),
            "unpin" => of(json!({ "action": "unpin", "ring_set_id": self.ring_set })),
            "expedite" => {
                let body = of_rollout("expedite");
                json!({ "select": { "ids": self.attempts(AttemptState::Assigned).await }, "do": body })
            }
            "retry" => {
                let (from, to) = (AttemptState::Offered.code(), AttemptState::Failed.code());
                let (tenant, rollout) = (self.tenant, self.rollout);
                let failed = format!(
                    "update attempt set state = {to} where tenant_id = '{tenant}' and \
                     rollout_id = '{rollout}' and state = {from}"
                );
                self.world.execute(&failed).await;
                let devices = self.attempts(AttemptState::Failed).await;
                json!({ "select": { "ids": devices }, "do": of_rollout("retry") })
            }
            kind => of(json!({ "action": kind })),
        }
    }

    /// The devices of the rollout in a state, in order.
    async fn attempts(&self, state: AttemptState) -> Vec<String> {
        let (tenant, rollout, state) = (self.tenant, self.rollout, state.code());
        let sql = format!(
            "select device_id::text from attempt where tenant_id = '{tenant}' and \
             rollout_id = '{rollout}' and state = {state} order by 1"
        );
        self.world.texts_of(&sql).await
    }

    #[expect(clippy::too_many_lines, reason = "one row for each route")]
    /// The request of a route on this stage; none: nobody has written one.
    pub(crate) async fn request(&self, rule: &Rule, variant: &str) -> Option<Try> {
        let mut by = ("first".to_owned(), self.world.admin.clone());
        let path = rule.path.strip_prefix(TENANT).unwrap_or(rule.path);
        let why = || json!({ "reason": "printing fails" });
        let nothing = || Some(json!({}));
        let mut filled = self.filled(rule.path).await;
        let body = match (rule.method.as_str(), path) {
            ("POST", "/api/v1/tokens") => {
                Some(json!({ "name": "ci", "roles": ["viewer"], "tenant_id": self.tenant }))
            }
            ("POST", "/api/v1/tenants") => Some(tenant_body(&Uuid::now_v7().to_string())),
            ("PUT", "/connection") => Some(tenant_body("x")["connection"].take()),
            ("POST", "/remove-missing") => {
                let tenant = self.tenant;
                let sql = format!("update tenant set missing_devices = 7 where id = '{tenant}'");
                self.world.execute(&sql).await;
                Some(json!({ "devices": 7 }))
            }
            ("PUT", "/budget") => Some(json!({ "devices": 50 })),
            ("PUT", "/strategies") => Some(json!({ "feature": "intune" })),
            ("PUT", "/version-floors") => Some(json!({ "builds": ["10.0.26100.100"] })),
            ("POST", "/readiness") => Some(json!({ "network": false })),
            ("PUT", "/enrollment") => Some(self.enrollment()),
            ("POST", "/enrollment/unenroll") => {
                self.enroll().await;
                Some(json!({ "apply": false }))
            }
            ("POST", "/enrollment/restore") => {
                self.enroll().await;
                nothing()
            }
            ("POST", "/device-actions") => Some(self.device_action(variant).await),
            ("POST", "/ring-sets" | "/ring-sets/preview") => {
                Some(with(ring_set_body(), "name", &json!(fresh("Another"))))
            }
            ("PUT" | "POST", "/ring-sets/{ring_set}" | "/ring-sets/{ring_set}/preview") => {
                Some(with(ring_set_body(), "name", &json!(fresh("Renamed"))))
            }
            ("DELETE", "/ring-sets/{ring_set}") => {
                // One that no rollout goes through.
                let body = with(ring_set_body(), "name", &json!(fresh("Another")));
                filled =
                    format!("{}/ring-sets/{}", self.base(), self.make("/ring-sets", body).await);
                None
            }
            ("POST", "/freezes") => Some(freeze()),
            ("POST", "/freezes/{freeze}/crossings") => {
                by = ("ben".to_owned(), self.world.person("ben").await);
                Some(json!({ "rollout_id": self.rollout, "reason": "exploited" }))
            }
            ("POST", "/holidays") => Some(holidays()),
            ("POST", "/updates") => {
                Some(json!({ "kind": "edge", "channel": "stable", "version": "131.0.2903.86" }))
            }
            ("POST", "/updates/{update}/approve") => {
                self.act(&format!("/updates/{}/decline", self.update), json!({})).await;
                None
            }
            ("POST", "/rules" | "/rules/preview") => Some(self.rule()),
            ("PUT", "/rules/{rule}") => Some(with(self.rule(), "name", &json!(fresh("Weekly")))),
            ("POST", "/releases") => Some(json!({ "update_id": self.update, "name": "December" })),
            ("POST", "/holds") => Some(hold()),
            ("POST", "/plans") => Some(self.plan()),
            ("POST", "/plans/{plan}/start") => {
                let plan = self.world.get(filled.trim_end_matches("/start")).await.expect(200);
                Some(json!({ "hash": plan["hash"] }))
            }
            ("POST", "/plans/{plan}/simulate") => Some(json!({ "failed_percent": [1.0] })),
            ("POST", "/rollouts") => {
                let body = json!({ "update_id": self.update, "name": "December" });
                let release = self.make("/releases", body).await;
                Some(json!({ "release_id": release, "ring_set_id": self.ring_set }))
            }
            ("POST", "/rollouts/batch/pause" | "/rollouts/batch/cancel") => Some(self.batch()),
            ("POST", "/rollouts/batch/resume") => {
                self.act(&format!("/rollouts/{}/pause", self.rollout), why()).await;
                Some(self.batch())
            }
            ("PATCH", "/rollouts/{rollout}/plan") => {
                let rings = json!({ "Broad": { "deadline_days": 5 } });
                Some(json!({ "revision": 1, "reason": "a quiet week", "rings": rings }))
            }
            ("POST", "/rollouts/{rollout}/replay") => {
                Some(json!({ "watch_at": 1e5, "pause_at": 1e6, "roll_back_at": 1e7 }))
            }
            ("POST", "/rollouts/{rollout}/approvals") => {
                by = ("ben".to_owned(), self.world.person("ben").await);
                Some(self.looked().await)
            }
            ("DELETE", "/rollouts/{rollout}/approvals/{approval}") => {
                by = ("ben".to_owned(), self.world.person("ben").await);
                None
            }
            ("POST", "/alerts/{alert}/acknowledge") => Some(json!({ "note": "the printers" })),
            ("POST", "/alerts/{alert}/mute") => Some(json!({ "until": hour(48) })),
            ("POST", "/alerts/{alert}/escalate") => Some(why()),
            ("POST", "/support-requests") => Some(self.support_request()),
            ("POST", "/support-requests/{support_request}/comments") => {
                Some(json!({ "text": "it is the driver of the printers" }))
            }
            ("POST", "/support-requests/{support_request}/move") => {
                Some(json!({ "status": "in_progress", "assignee": "ben", "comment": "on it" }))
            }
            ("POST", "/support-requests/{support_request}/reopen") => {
                let before = filled.replace("/reopen", "/move");
                self.world.post(&before, json!({ "status": "mitigated" })).await.expect(200);
                Some(why())
            }
            ("POST", "/support-requests/{support_request}/hand-on") => {
                Some(json!({ "desk_id": self.thing("support_desk").await }))
            }
            ("POST", "/support-desks") => Some(desk()),
            ("PUT", "/support-desks/{support_desk}") => {
                Some(with(desk(), "name", &json!(fresh("Tickets"))))
            }
            ("POST", "/report-schedules") => Some(self.report_schedule().await),
            ("PUT", "/report-schedules/{report_schedule}") => {
                Some(with(self.report_schedule().await, "name", &json!(fresh("Weekly"))))
            }
            ("POST", "/report-schedules/{report_schedule}/run") => Some(why()),
            ("POST", "/report-views") => Some(report_view()),
            ("PUT", "/report-views/{report_view}") => {
                Some(with(report_view(), "name", &json!(fresh("Old holds"))))
            }
            ("POST", "/signals") => Some(signal()),
            ("PUT", "/signals/{signal}") => {
                Some(with(signal(), "name", &json!(fresh("VPN failures"))))
            }
            (
                "DELETE",
                "/signals/{signal}"
                | "/holidays/{holidays}"
                | "/webhooks/{webhook}"
                | "/contacts/{contact}"
                | "/notification-channels/{channel}"
                | "/support-desks/{support_desk}"
                | "/report-views/{report_view}"
                | "/report-schedules/{report_schedule}",
            ) => {
                filled.push_str("?reason=nobody%20looks");
                None
            }
            ("POST", "/signals/{signal}/test") => nothing(),
            ("POST", "/contacts") => Some(contact()),
            ("PUT", "/contacts/{contact}") => Some(with(contact(), "name", &json!(fresh("Ben")))),
            ("POST", "/notification-channels") => Some(channel()),
            ("PUT", "/notification-channels/{channel}") => {
                Some(with(channel(), "name", &json!(fresh("Updates"))))
            }
            (
                "POST",
                "/contacts/{contact}/test"
                | "/notification-channels/{channel}/test"
                | "/notifications/{letter}/retry",
            ) => None,
            ("POST", "/webhooks") => Some(webhook()),
            ("PUT", "/webhooks/{webhook}") => {
                Some(with(webhook(), "name", &json!(fresh("Tickets"))))
            }
            ("POST", "/webhooks/{webhook}/rotate-secret") => nothing(),
            ("POST", "/webhooks/{webhook}/replay") => {
                Some(json!({ "from": hour(-1), "until": hour(1) }))
            }
            (
                "POST",
                "/webhooks/{webhook}/test" | "/webhooks/{webhook}/deliveries/{delivery}/replay",
            ) => None,
            ("POST", path) if path.ends_with("/resume") || path.ends_with("/release") => {
                let before = filled.replace("/resume", "/pause").replace("/release", "/hold");
                // The first word of releases/... is none of these.
                let before = before.replace("/holds/", "/releases/");
                let answer = self.world.post(&before, why()).await;
                assert!(answer.status.is_success(), "{before}: {}", answer.body);
                Some(why())
            }
            (
                "POST",
                "/updates/{update}/decline"
                | "/freezes/{freeze}/end"
                | "/holds/{hold}/end"
                | "/pause"
                | "/releases/{release}/pause"
                | "/rollouts/{rollout}/rings/{ring}/pause"
                | "/rollouts/{rollout}/segments/{segment}/hold"
                | "/rollouts/{rollout}/pause"
                | "/rollouts/{rollout}/promote"
                | "/rollouts/{rollout}/rollback"
                | "/rollouts/{rollout}/cancel",
            ) => Some(why()),
            (
                "POST",
                "/sync" | "/registration" | "/enrollment/check" | "/ring-sets/{ring_set}/place",
            )
            | (
                "DELETE",
                "/api/v1/tokens/{token}" | "/api/v1/sessions/{session}" | "/rules/{rule}",
            ) => None,
            _ => return None,
        };
        Some(Try { path: filled, body, by })
    }
}

fn with(mut body: Value, field: &str, value: &Value) -> Value {
    body[field] = value.clone();
    body
}

/// A name that nothing has yet.
fn fresh(name: &str) -> String {
    format!("{name} {}", Uuid::now_v7().simple())
}

fn freeze() -> Value {
    json!({ "until": "2024-10-20T00:00:00Z", "reason": "year end" })
}

fn hold() -> Value {
    json!({ "filter": "name == \"PC-0007\"", "reason": "its firmware is old" })
}

fn holidays() -> Value {
    let ics = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20241004\r\n\
        SUMMARY:Today\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    json!({ "name": fresh("Zurich"), "ics": ics })
}

fn contact() -> Value {
    let email = format!("{}@example.com", fresh("ana").replace(' ', "-"));
    json!({ "name": fresh("Ana"), "email": email, "wants": { "focus": ["updates"] }, "reason": "they asked" })
}

fn channel() -> Value {
    json!({ "name": fresh("Chat"), "to": { "kind": "slack", "url": "https://hooks.example/secret" },
        "reason": "they asked" })
}

fn report_view() -> Value {
    json!({ "name": fresh("Holds"), "report": "holds", "filter": "kind=hold", "is_shared": true,
        "reason": "for the weekly meeting" })
}

fn desk() -> Value {
    json!({ "name": fresh("Board"), "url": "https://example.atlassian.net", "secret": "correct horse",
        "way": { "kind": "jira", "project": "UPD", "login": { "kind": "bearer" } },
        "reason": "asked by the service desk" })
}

fn webhook() -> Value {
    json!({ "name": fresh("Chat"), "url": "https://chat.example/hook", "reason": "for the night shift" })
}

fn signal() -> Value {
    json!({
        "name": fresh("VPN logins"), "owner": "network", "reason": "asked by the network team",
        "source": { "kind": "prometheus", "url": "https://prometheus.example",
            "measure": { "kind": "value", "query": "vpn_failures", "most": 5.5 } },
    })
}
