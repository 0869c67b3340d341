//! Plans an enrollment or takes it back, and follows it to its end.
//!
//! The service works out the steps and takes them; here they are only asked for, shown and waited
//! for. Nothing is applied before its plan was shown; the service works it out anew when it applies
//! it, so what others did in between is taken into account.

mod view;

use std::time::Duration;

use api_types::{
    EnrollRequest, Enrollment, EnrollmentAction, EnrollmentPlan, EnrollmentSettings,
    EnrollmentState, RestoreRequest, UnenrollRequest,
};
use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::client::{Client, Document, Query};
use crate::commands::Context;
use crate::confirm;
use crate::failure::Failure;
use crate::output::{Form, Output, say, write_lines};
use crate::text;
use crate::wait::{Look, Patience, Wait};

pub(crate) use view::{drift, status};

/// An error that stands for so long, without a step being taken, needs somebody.
const STUCK: Duration = Duration::from_secs(10);

/// What is wanted in the end.
#[derive(Debug, Clone)]
pub(crate) enum Wish {
    Enrolled(EnrollmentSettings),
    NotEnrolled,
}

/// A plan that was shown.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) enrollment: Document<Enrollment>,
    /// Before anything was asked for, it stood as it is wanted.
    is_so: bool,
}

/// Enrolls one tenant, or takes that back.
#[derive(Debug)]
pub(crate) struct Enrolling<'run> {
    client: &'run Client,
    output: Output,
    tenant: String,
    wait: Wait,
}

impl<'run> Enrolling<'run> {
    pub(crate) fn new(context: &'run Context<'_>, tenant: &str, patience: Patience) -> Self {
        Self {
            client: &context.client,
            output: context.output,
            tenant: tenant.to_owned(),
            wait: Wait::new(patience, "`concentric tenant enrollment`"),
        }
    }

    /// Works out the steps and shows them, but takes none.
    pub(crate) async fn plan(&mut self, wish: &Wish) -> Result<Planned, Failure> {
        let is_so = is_already(wish, &read(self.client, &self.tenant).await?.typed);
        let asked = self.ask(wish, false).await?;
        let planned = self.follow(&asked.typed, is_planned).await?;
        let lines = match self.output.form {
            Form::Plain => view::plan_plain(&planned.typed),
            Form::Table | Form::Data(_) => view::plan(self.output, &planned.typed),
        };
        match self.output.form {
            Form::Table | Form::Plain => write_lines(lines)?,
            // Stdout belongs to the one document at the end.
            Form::Data(_) => {
                for line in &lines {
                    say(line);
                }
            }
        }
        Ok(Planned { enrollment: planned, is_so })
    }

    /// Asks whether to go on, and goes on to the end.
    pub(crate) async fn carry_out(
        &mut self,
        wish: &Wish,
        planned: Planned,
        yes: bool,
    ) -> Result<Document<Enrollment>, Failure> {
        let Planned { enrollment, is_so } = planned;
        let steps = enrollment.typed.plan.as_ref().map_or(0, |plan| plan.steps.len());
        if steps == 0 && is_so {
            say("Nothing to do.");
            return Ok(enrollment);
        }
        let question = match wish {
            Wish::Enrolled(_) => format!("Enrolling takes {steps} steps on Microsoft Graph."),
            Wish::NotEnrolled => {
                format!("Unenrolling takes {steps} steps on Microsoft Graph.")
            }
        };
        confirm::agree(&question, yes)?;
        let asked = self.ask(wish, true).await?;
        self.follow(&asked.typed, is_done).await
    }

    /// Makes objects again what they were made as. No keys: all that differ.
    pub(crate) async fn restore(
        &mut self,
        keys: Option<Vec<String>>,
    ) -> Result<Document<Enrollment>, Failure> {
        let path = ["tenants", self.tenant.as_str(), "enrollment", "restore"];
        let asked = self.client.post::<Enrollment>(&path, &RestoreRequest { keys }).await?;
        self.follow(&asked.typed, is_done).await
    }

    /// Compares with Graph now.
    pub(crate) async fn check(&mut self) -> Result<Document<Enrollment>, Failure> {
        let path = ["tenants", self.tenant.as_str(), "enrollment", "check"];
        let asked: api_types::Asked = self.client.post(&path, &serde_json::json!({})).await?.typed;
        let (client, tenant) = (self.client, self.tenant.as_str());
        self.wait
            .until(async || {
                let now = read(client, tenant).await?;
                Ok(if now.typed.checked_at.is_some_and(|at| at >= asked.at) {
                    Look::Done(now)
                } else {
                    Look::NotYet("comparing with Microsoft Graph".to_owned())
                })
            })
            .await
    }

    async fn ask(&self, wish: &Wish, apply: bool) -> Result<Document<Enrollment>, Failure> {
        let path = ["tenants", self.tenant.as_str(), "enrollment"];
        match wish {
            Wish::Enrolled(settings) => {
                let body = EnrollRequest { settings: settings.clone(), apply };
                self.client.put(&path, &body).await
            }
            Wish::NotEnrolled => {
                let path = [&path[..], &["unenroll"]].concat();
                self.client.post(&path, &UnenrollRequest { apply }).await
            }
        }
    }

    async fn follow(
        &mut self,
        asked: &Enrollment,
        is_there: fn(&EnrollmentPlan, EnrollmentState) -> bool,
    ) -> Result<Document<Enrollment>, Failure> {
        let asked_at = asked.plan.as_ref().map(|plan| plan.asked_at);
        let mut stuck = Stuck::default();
        let (client, tenant) = (self.client, self.tenant.as_str());
        self.wait
            .until(async || {
                let now = read(client, tenant).await?;
                let Some(plan) = ours(&now.typed, asked_at)? else {
                    return Ok(Look::NotYet("waiting for the service to begin".to_owned()));
                };
                if is_there(plan, now.typed.state) {
                    return Ok(Look::Done(now));
                }
                stuck.look(&now.typed, plan)?;
                Ok(Look::NotYet(progress(&now.typed, plan)))
            })
            .await
    }
}

pub(crate) async fn read(client: &Client, tenant: &str) -> Result<Document<Enrollment>, Failure> {
    client.get(&["tenants", tenant, "enrollment"], &Query::new()).await
}

/// The plan that was asked for, unless somebody asked for another since.
fn ours(
    enrollment: &Enrollment,
    asked_at: Option<DateTime<Utc>>,
) -> Result<Option<&EnrollmentPlan>, Failure> {
    let plan = enrollment.plan.as_ref();
    match (plan, asked_at) {
        (Some(plan), Some(asked_at)) if plan.asked_at > asked_at => {
            Err(Failure::Overtaken(format!(
                "{} asked for something else meanwhile ({} at {})\n  \
                 `concentric tenant enrollment` shows what; repeat this when that is done.",
                plan.asked_by,
                text::enrollment_action(plan.action),
                text::time(plan.asked_at)
            )))
        }
        (Some(plan), Some(asked_at)) if plan.asked_at < asked_at => Ok(None),
        (plan, _) => Ok(plan),
    }
}

fn is_planned(plan: &EnrollmentPlan, _: EnrollmentState) -> bool {
    plan.planned_at.is_some()
}

fn is_done(plan: &EnrollmentPlan, state: EnrollmentState) -> bool {
    let rest = match plan.action {
        EnrollmentAction::Enroll | EnrollmentAction::Restore => EnrollmentState::Enrolled,
        EnrollmentAction::Unenroll => EnrollmentState::NotEnrolled,
    };
    plan.planned_at.is_some() && plan.steps.is_empty() && state == rest
}

fn is_already(wish: &Wish, enrollment: &Enrollment) -> bool {
    match wish {
        Wish::Enrolled(settings) => {
            enrollment.state == EnrollmentState::Enrolled
                && enrollment.settings.as_ref() == Some(settings)
        }
        Wish::NotEnrolled => enrollment.state == EnrollmentState::NotEnrolled,
    }
}

fn progress(enrollment: &Enrollment, plan: &EnrollmentPlan) -> String {
    if let Some(error) = &enrollment.error {
        return format!("does not go on: {error}");
    }
    if plan.planned_at.is_none() {
        return "working out the steps".to_owned();
    }
    let all = usize::try_from(plan.done).unwrap_or(usize::MAX).saturating_add(plan.steps.len());
    let next = plan.steps.first().map(|step| format!("; next: {}", step.summary));
    format!("{} of {all} steps taken{}", plan.done, next.unwrap_or_default())
}

/// Tells an error that passes from one that stays.
#[derive(Debug, Default)]
struct Stuck {
    since: Option<(Instant, u32)>,
}

impl Stuck {
    fn look(&mut self, enrollment: &Enrollment, plan: &EnrollmentPlan) -> Result<(), Failure> {
        let Some(error) = &enrollment.error else {
            self.since = None;
            return Ok(());
        };
        match self.since {
            Some((since, done)) if done == plan.done => {
                if since.elapsed() < STUCK {
                    return Ok(());
                }
                Err(Failure::Failed(format!(
                    "it does not go on: {error}\n  {} steps are taken, {} are left. Mend this, and \
                     repeat the command; what is done stays done. `concentric tenant assess` says \
                     what is missing.",
                    plan.done,
                    plan.steps.len()
                )))
            }
            Some(_) | None => {
                self.since = Some((Instant::now(), plan.done));
                Ok(())
            }
        }
    }
}
