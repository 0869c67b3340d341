//! What people and scripts see of an enrollment: its plan, its state, and what drifted.

use std::collections::BTreeSet;

use api_types::{Drift, Enrollment, EnrollmentPlan, EnrollmentStep};
use serde_json::Value;

use crate::client::Document;
use crate::diff;
use crate::failure::Failure;
use crate::output::{Form, Output, Tone, table, write, write_lines};
use crate::text;

/// The sign beside the word of a change.
fn sign(change: &str) -> (&'static str, Tone) {
    match change {
        "create" => ("+", Tone::Good),
        "update" | "restore" => ("~", Tone::Wait),
        "delete" => ("-", Tone::Bad),
        "adopt" => ("=", Tone::Dim),
        _ => ("·", Tone::Dim),
    }
}

pub(super) fn plan(output: Output, enrollment: &Enrollment) -> Vec<String> {
    let Some(plan) = &enrollment.plan else { return Vec::new() };
    let action = text::enrollment_action(plan.action);
    let mut lines = vec![output.paint(
        Tone::Strong,
        &format!("{action}, asked for by {} at {}", plan.asked_by, text::time(plan.asked_at)),
    )];
    if plan.steps.is_empty() {
        lines.push("  no step is needed".to_owned());
    }
    let width = plan.steps.iter().map(|step| step.key.len()).max().unwrap_or(0);
    for step in &plan.steps {
        let (sign, tone) = sign(&step.change);
        let change = output.paint(tone, &format!("{sign} {:7}", step.change));
        lines.push(format!("  {change}  {:width$}  {}", step.key, step.summary));
        lines.extend(fields(step).into_iter().map(|line| format!("               {line}")));
    }
    let permissions: BTreeSet<&str> = permissions(plan);
    if !permissions.is_empty() {
        lines.push(String::new());
        lines.push("permissions needed".to_owned());
        lines.extend(permissions.iter().map(|permission| format!("  {permission}")));
    }
    if !plan.skipped.is_empty() {
        lines.push(String::new());
        lines.push("changed by others, and left that way".to_owned());
        lines.extend(plan.skipped.iter().map(|drift| format!("  {}", one(drift))));
    }
    if !plan.stays.is_empty() {
        lines.push(String::new());
        lines.push("stays as it is".to_owned());
        lines.extend(plan.stays.iter().map(|text| format!("  {text}")));
    }
    lines
}

fn permissions(plan: &EnrollmentPlan) -> BTreeSet<&str> {
    plan.steps.iter().flat_map(|step| &step.permissions).map(String::as_str).collect()
}

/// Field by field, where something that is there changes.
fn fields(step: &EnrollmentStep) -> Vec<String> {
    match (&step.from, &step.to) {
        (Some(from), Some(to)) => diff::changes(from, to).iter().map(diff::Change::line).collect(),
        (None, _) | (_, None) => Vec::new(),
    }
}

pub(super) fn plan_plain(enrollment: &Enrollment) -> Vec<String> {
    let Some(plan) = &enrollment.plan else { return Vec::new() };
    let step = |step: &EnrollmentStep| {
        let permissions = match step.permissions.as_slice() {
            [] => "-".to_owned(),
            permissions => permissions.join(","),
        };
        format!("step\t{}\t{}\t{permissions}\t{}", step.change, step.key, step.summary)
    };
    let mut lines: Vec<String> = plan.steps.iter().map(step).collect();
    lines.extend(plan.skipped.iter().map(|drift| format!("skipped\t{}", drift.summary)));
    lines.extend(plan.stays.iter().map(|text| format!("stays\t{text}")));
    lines
}

/// How the tenant is enrolled.
pub(crate) fn status(output: Output, enrollment: &Document<Enrollment>) -> Result<(), Failure> {
    let e = &enrollment.typed;
    let drifted = e.objects.iter().filter(|object| !object.drift.is_empty()).count();
    let left = e.plan.as_ref().filter(|plan| plan.apply).map_or(0, |plan| plan.steps.len());
    let mut named = vec![("state", text::enrollment_state(e.state).to_owned())];
    if let Some(settings) = &e.settings {
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        named.extend([
            ("ring set", settings.ring_set_id.to_string()),
            ("restores drift", yes(settings.restore_drift)),
            ("excludes from foreign rings", yes(settings.exclude_from_foreign_rings)),
        ]);
    }
    named.extend([
        ("steps left", left.to_string()),
        ("error", text::maybe(e.error.as_deref())),
        ("compared at", text::maybe_time(e.checked_at)),
        ("objects that differ", drifted.to_string()),
        ("devices to be moved", text::number(e.members_pending)),
    ]);
    output.one(&enrollment.json, &named)?;
    let rows = e.objects.iter().map(|object| {
        let drift =
            if object.drift.is_empty() { "as made".to_owned() } else { "differs".to_owned() };
        vec![object.key.clone(), object.kind.clone(), object.name.clone(), drift, object.id.clone()]
    });
    match output.form {
        Form::Table if rows.len() > 0 => {
            let head = ["object", "kind", "name", "state", "id"];
            write(&format!("\n{}", table(&head, rows.collect())))
        }
        Form::Plain => write_lines(rows.map(|row| format!("object\t{}", row.join("\t")))),
        Form::Table | Form::Data(_) => Ok(()),
    }
}

/// What others changed.
pub(crate) fn drift(output: Output, enrollment: &Document<Enrollment>) -> Result<(), Failure> {
    let e = &enrollment.typed;
    let drifted = || e.objects.iter().filter(|object| !object.drift.is_empty());
    match output.form {
        Form::Table => {
            let at = text::maybe_time(e.checked_at);
            let (objects, differ) = (e.objects.len(), drifted().count());
            let mut lines =
                vec![format!("{differ} of {objects} objects differ  (compared at {at})")];
            for object in drifted() {
                let sign = output.paint(Tone::Wait, "~ differs");
                let (key, name) = (&object.key, output.paint(Tone::Strong, &object.name));
                lines.extend([String::new(), format!("{sign}  {name} ({key})")]);
                lines.extend(object.drift.iter().map(|drift| format!("    {}", one(drift))));
            }
            write_lines(lines)
        }
        Form::Plain => write_lines(drifted().flat_map(|object| {
            object.drift.iter().map(|drift| {
                let field = text::maybe(drift.field.as_deref());
                let (expected, found) = (&drift.expected, &drift.found);
                format!("drift\t{}\t{field}\t{expected}\t{found}\t{}", object.key, drift.summary)
            })
        })),
        Form::Data(data) => data.document(&enrollment.json),
    }
}

fn one(drift: &Drift) -> String {
    let value =
        |value: &Value| if value.is_null() { "nothing".to_owned() } else { value.to_string() };
    match &drift.field {
        None => drift.summary.clone(),
        Some(field) => format!(
            "{field}: {} found, {} was made; {}",
            value(&drift.found),
            value(&drift.expected),
            drift.summary
        ),
    }
}
