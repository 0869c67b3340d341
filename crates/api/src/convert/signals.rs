//! Signals: minutes and percent outside, seconds and basis points inside.

use api_types as wire;
use chrono::{DateTime, TimeDelta, Utc};
use domain::evidence::Levels;
use domain::gate::Verdict;
use domain::signal::{
    Answer, CountRule, Definition, Field, Measure, NoData, Number, Outcome, Reading, Seen, Signal,
    SignalError, Source, Threshold, judge, judge_one,
};
use store::signals::{SecretChange, SignalRow};

use crate::checks::Checks;
use crate::problem::Problem;
use crate::words;

/// Before three intervals are longer.
const MAX_AGE: TimeDelta = TimeDelta::minutes(30);

pub(crate) fn signal(row: &SignalRow) -> wire::Signal {
    let d = row.signal.definition();
    wire::Signal {
        id: row.id.0,
        name: d.name.clone(),
        source: source(&d.source),
        has_secret: row.has_secret,
        interval_minutes: minutes(d.interval),
        initial_delay_minutes: minutes(d.initial_delay),
        max_age_minutes: minutes(d.max_age),
        no_data: match d.no_data {
            NoData::Hold => wire::NoDataPolicy::Hold,
            NoData::Fail => wire::NoDataPolicy::Fail,
            NoData::Ignore => wire::NoDataPolicy::Ignore,
        },
        failure_limit: d.failure_limit,
        passes_in_a_row: d.passes_in_a_row,
        consecutive_error_limit: d.consecutive_error_limit,
        owner: d.owner.clone(),
        runbook: d.runbook.clone(),
        ring_set_id: d.ring_set.map(|ring_set| ring_set.0),
        created_at: row.created_at,
        changed_at: row.changed_at,
    }
}

fn source(source: &Source) -> wire::SignalSource {
    match source {
        Source::Prometheus { url, measure: m } => {
            wire::SignalSource::Prometheus { url: url.clone(), measure: measure(m) }
        }
        Source::Webhook { url } => wire::SignalSource::Webhook { url: url.clone() },
        Source::Kql { workspace, client, measure: m } => wire::SignalSource::Kql {
            workspace_id: *workspace,
            client_id: *client,
            measure: measure(m),
        },
    }
}

fn measure(measure: &Measure) -> wire::SignalMeasure {
    match measure {
        Measure::Value { query, threshold } => wire::SignalMeasure::Value {
            query: query.clone(),
            least: threshold.least.map(Number::get),
            most: threshold.most.map(Number::get),
        },
        Measure::Counts { failures, devices, rule } => wire::SignalMeasure::Counts {
            failures_query: failures.clone(),
            devices_query: devices.clone(),
            limit_percent: f64::from(rule.limit_bp) / 100.0,
        },
    }
}

fn minutes(length: TimeDelta) -> u32 {
    u32::try_from(length.num_minutes()).unwrap_or(u32::MAX)
}

/// What a caller wants for a signal, and for its secret, checked.
pub(crate) fn signal_in(body: wire::CreateSignal) -> Result<(Signal, SecretChange), Problem> {
    let mut checks = Checks::default();
    if let Some(secret) = &body.secret {
        checks.secret("/secret", secret);
        if body.forget_secret {
            checks.wrong("/forget_secret", "a secret is either given or forgotten");
        }
    }
    if let Some(reason) = &body.reason {
        checks.text("/reason", reason, 500);
    }
    let is_kql = matches!(body.source, wire::SignalSource::Kql { .. });
    let source = source_in(body.source, &mut checks);
    if let Source::Kql { client: None, .. } = source
        && body.secret.is_some()
    {
        checks.wrong("/source/client_id", "a secret is an application's: its id is missing");
    }
    checks.finish()?;
    let interval = TimeDelta::minutes(i64::from(body.interval_minutes));
    let usual = if is_kql { Signal::DEFAULT_KQL_MAX_AGE } else { MAX_AGE };
    let max_age = body.max_age_minutes.map(|minutes| TimeDelta::minutes(i64::from(minutes)));
    let definition = Definition {
        name: body.name,
        source,
        interval,
        initial_delay: TimeDelta::minutes(i64::from(body.initial_delay_minutes)),
        max_age: max_age.unwrap_or(usual.max(interval * 3)),
        no_data: match body.no_data {
            wire::NoDataPolicy::Hold => NoData::Hold,
            wire::NoDataPolicy::Fail => NoData::Fail,
            wire::NoDataPolicy::Ignore => NoData::Ignore,
        },
        failure_limit: body.failure_limit,
        passes_in_a_row: body.passes_in_a_row,
        consecutive_error_limit: body.consecutive_error_limit,
        owner: body.owner,
        runbook: body.runbook,
        ring_set: body.ring_set_id.map(Into::into),
    };
    let secret = match body.secret {
        Some(secret) => SecretChange::Set(secret),
        None if body.forget_secret => SecretChange::Forget,
        None => SecretChange::Keep,
    };
    let signal = Signal::new(definition)
        .map_err(|SignalError { field, what }| Problem::field(pointer(field), what))?;
    Ok((signal, secret))
}

fn source_in(source: wire::SignalSource, checks: &mut Checks) -> Source {
    match source {
        wire::SignalSource::Prometheus { url, measure } => {
            Source::Prometheus { url, measure: measure_in(measure, checks) }
        }
        wire::SignalSource::Webhook { url } => Source::Webhook { url },
        wire::SignalSource::Kql { workspace_id, client_id, measure } => Source::Kql {
            workspace: workspace_id,
            client: client_id,
            measure: measure_in(measure, checks),
        },
    }
}

fn measure_in(measure: wire::SignalMeasure, checks: &mut Checks) -> Measure {
    match measure {
        // JSON has no other numbers than finite ones.
        wire::SignalMeasure::Value { query, least, most } => Measure::Value {
            query,
            threshold: Threshold {
                least: least.and_then(Number::new),
                most: most.and_then(Number::new),
            },
        },
        wire::SignalMeasure::Counts { failures_query, devices_query, limit_percent } => {
            checks.range("/source/measure/limit_percent", &limit_percent, 0.01..=99.99);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
            let limit_bp = (limit_percent * 100.0).round().clamp(1.0, 9_999.0) as u16;
            let rule = CountRule { limit_bp, levels: Levels::default() };
            Measure::Counts { failures: failures_query, devices: devices_query, rule }
        }
    }
}

const fn pointer(field: Field) -> &'static str {
    match field {
        Field::Name => "/name",
        Field::Url => "/source/url",
        Field::Query => "/source/measure/query",
        Field::FailuresQuery => "/source/measure/failures_query",
        Field::DevicesQuery => "/source/measure/devices_query",
        Field::Threshold => "/source/measure",
        Field::Interval => "/interval_minutes",
        Field::InitialDelay => "/initial_delay_minutes",
        Field::MaxAge => "/max_age_minutes",
        Field::FailureLimit => "/failure_limit",
        Field::PassesInARow => "/passes_in_a_row",
        Field::ConsecutiveErrorLimit => "/consecutive_error_limit",
        Field::Owner => "/owner",
        Field::Runbook => "/runbook",
    }
}

pub(crate) fn reading(reading: &Reading) -> wire::SignalReading {
    wire::SignalReading {
        at: reading.at,
        outcome: match reading.outcome {
            Outcome::Pass => wire::SignalOutcome::Pass,
            Outcome::Fail => wire::SignalOutcome::Fail,
            Outcome::Hold => wire::SignalOutcome::Hold,
            Outcome::NoData => wire::SignalOutcome::NoData,
            Outcome::Error => wire::SignalOutcome::Error,
        },
        value: reading.value.map(Number::get),
        failures: reading.counts.map(|counts| counts.failures),
        devices: reading.counts.map(|counts| counts.devices),
        reason: reading.reason.clone(),
        evidence_url: reading.evidence_url.clone(),
        valid_until: reading.valid_until,
    }
}

fn verdict(verdict: Verdict) -> wire::SignalVerdict {
    match verdict {
        Verdict::Pass => wire::SignalVerdict::Pass,
        Verdict::Wait { .. } => wire::SignalVerdict::Wait,
        Verdict::Fail => wire::SignalVerdict::Fail,
        Verdict::Unknown => wire::SignalVerdict::Unknown,
    }
}

pub(crate) fn answer(answer: &Answer) -> wire::SignalAnswer {
    let why = words::capital(&words::signals::why(answer));
    wire::SignalAnswer { verdict: verdict(answer.verdict), why }
}

pub(crate) fn seen(seen: &[Seen], now: DateTime<Utc>) -> wire::SeenSignals {
    let one = |seen: &Seen| wire::SeenSignal {
        name: seen.name.clone(),
        owner: seen.owner.clone(),
        runbook: seen.runbook.clone(),
        answer: answer(&judge_one(seen, now)),
        last: seen.history.last.as_ref().map(reading),
        streak: seen.history.streak,
        passes_in_a_row: seen.history.passes,
        failures: seen.history.failures,
        errors_in_a_row: seen.history.errors_in_a_row,
        first_due: seen.first_due,
    };
    wire::SeenSignals {
        verdict: verdict(judge(seen, now).0),
        signals: seen.iter().map(one).collect(),
    }
}
