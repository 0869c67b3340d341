//! The table of metrics, in the order of [`Metric`].

use super::MetricType::{Counter, Gauge, Histogram};
use super::{Label, Metric, MetricRow};

const KIND: Label = Label {
    name: "kind",
    meaning: "kind of work",
    values: &[
        "decide",
        "enforce",
        "sweep",
        "observe",
        "sync",
        "assess",
        "register",
        "enroll",
        "members",
        "act",
        "signal",
        "approve",
        "drivers",
        "deliver",
        "hand_on",
        "notify",
        "send",
        "send_report",
        "report",
    ],
};
const ENDED: Label =
    Label { name: "outcome", meaning: "how it ended", values: &["done", "failed"] };
const METHOD: Label = Label { name: "method", meaning: "HTTP method", values: &[] };
const ROUTE: Label = Label {
    name: "route",
    meaning: "pattern of the path, without ids; `-`: there is no such route",
    values: &[],
};
const STATUS: Label = Label { name: "status", meaning: "HTTP status of the answer", values: &[] };
const GRAPH: Label = Label {
    name: "outcome",
    meaning: "`throttled`: Graph asked for less (429, or 503 with a time); `failed`: no answer, or one of 5xx",
    values: &["ok", "throttled", "refused", "failed"],
};
const SOURCE: Label =
    Label { name: "source", meaning: "what is read", values: &["sync", "check_ins"] };
const TRIED: Label = Label {
    name: "outcome",
    meaning: "`taken`, or why not",
    values: &[
        "taken",
        "forbidden",
        "unreachable",
        "timeout",
        "redirect",
        "refused",
        "gone",
        "broken",
        "bad_answer",
        "secret",
    ],
};
const SENT: Label = Label {
    name: "outcome",
    meaning: "`taken`, or why not",
    values: &[
        "taken",
        "unconfigured",
        "forbidden",
        "unreachable",
        "timeout",
        "tls",
        "login",
        "later",
        "refused",
        "denied",
        "gone",
        "bad_answer",
        "secret",
        "malformed",
    ],
};
const READ: Label = Label {
    name: "outcome",
    meaning: "what the signal says",
    values: &["pass", "fail", "hold", "no_data", "error"],
};
const SINK: Label =
    Label { name: "sink", meaning: "where it copies to", values: &["file", "syslog"] };
const SEVERITY: Label = Label {
    name: "severity",
    meaning: "of the alerts",
    values: &["information", "warning", "critical"],
};
const CONNECTIONS: Label =
    Label { name: "state", meaning: "what they do", values: &["idle", "used"] };

/// All of them.
pub const METRICS: [MetricRow; 22] = [
    MetricRow {
        metric: Metric::HttpRequests,
        name: "concentric_http_requests_total",
        kind: Counter,
        unit: "requests",
        labels: &[METHOD, ROUTE, STATUS],
        meaning: "requests to the API that were answered",
    },
    MetricRow {
        metric: Metric::HttpSeconds,
        name: "concentric_http_request_seconds",
        kind: Histogram,
        unit: "seconds",
        labels: &[METHOD, ROUTE],
        meaning: "how long requests to the API took, until the answer began",
    },
    MetricRow {
        metric: Metric::Work,
        name: "concentric_work_total",
        kind: Counter,
        unit: "pieces of work",
        labels: &[KIND, ENDED],
        meaning: "pieces of work that this server ended",
    },
    MetricRow {
        metric: Metric::WorkSeconds,
        name: "concentric_work_seconds",
        kind: Histogram,
        unit: "seconds",
        labels: &[KIND],
        meaning: "how long pieces of work took",
    },
    MetricRow {
        metric: Metric::WorkLag,
        name: "concentric_work_lag_seconds",
        kind: Gauge,
        unit: "seconds of the service's clock",
        labels: &[KIND],
        meaning: "how long the work that waits longest has been due, without a server that does it; the same on every server",
    },
    MetricRow {
        metric: Metric::Decisions,
        name: "concentric_decisions_total",
        kind: Counter,
        unit: "decisions",
        labels: &[],
        meaning: "decisions about rollouts that were recorded",
    },
    MetricRow {
        metric: Metric::DevicesTold,
        name: "concentric_devices_told_total",
        kind: Counter,
        unit: "devices",
        labels: &[],
        meaning: "devices of waves that Graph was told of",
    },
    MetricRow {
        metric: Metric::GraphRequests,
        name: "concentric_graph_requests_total",
        kind: Counter,
        unit: "requests",
        labels: &[GRAPH],
        meaning: "requests to Microsoft Graph, each attempt counted",
    },
    MetricRow {
        metric: Metric::GraphSeconds,
        name: "concentric_graph_request_seconds",
        kind: Histogram,
        unit: "seconds",
        labels: &[],
        meaning: "how long Graph took to answer one attempt",
    },
    MetricRow {
        metric: Metric::SourceAge,
        name: "concentric_source_age_seconds",
        kind: Gauge,
        unit: "seconds of the service's clock",
        labels: &[SOURCE],
        meaning: "how long ago a source was read, of the connected tenant for which that is longest; the same on every server",
    },
    MetricRow {
        metric: Metric::WebhookTries,
        name: "concentric_webhook_tries_total",
        kind: Counter,
        unit: "tries",
        labels: &[TRIED],
        meaning: "tries to tell a receiver of events something",
    },
    MetricRow {
        metric: Metric::DeskTries,
        name: "concentric_support_desk_tries_total",
        kind: Counter,
        unit: "tries",
        labels: &[TRIED],
        meaning: "tries to hand a support request on to a desk",
    },
    MetricRow {
        metric: Metric::LettersWritten,
        name: "concentric_letters_written_total",
        kind: Counter,
        unit: "letters",
        labels: &[],
        meaning: "notifications written, each for one recipient",
    },
    MetricRow {
        metric: Metric::LetterTries,
        name: "concentric_letter_tries_total",
        kind: Counter,
        unit: "tries",
        labels: &[SENT],
        meaning: "tries to hand a letter to the mail server or a chat",
    },
    MetricRow {
        metric: Metric::OutboxAge,
        name: "concentric_outbox_age_seconds",
        kind: Gauge,
        unit: "seconds of the service's clock",
        labels: &[],
        meaning: "how long the oldest message to a receiver of events has waited; the same on every server",
    },
    MetricRow {
        metric: Metric::SignalReadings,
        name: "concentric_signal_readings_total",
        kind: Counter,
        unit: "readings",
        labels: &[READ],
        meaning: "readings of custom signals",
    },
    MetricRow {
        metric: Metric::AuditSinkFailing,
        name: "concentric_audit_sink_failing",
        kind: Gauge,
        unit: "1: yes",
        labels: &[SINK],
        meaning: "checkpoints of the audit trail cannot be copied",
    },
    MetricRow {
        metric: Metric::OpenAlerts,
        name: "concentric_open_alerts",
        kind: Gauge,
        unit: "alerts",
        labels: &[SEVERITY],
        meaning: "alerts of all tenants that are open and not muted; the same on every server",
    },
    MetricRow {
        metric: Metric::DatabaseConnections,
        name: "concentric_database_connections",
        kind: Gauge,
        unit: "connections",
        labels: &[CONNECTIONS],
        meaning: "connections of this server to PostgreSQL, without the one that listens",
    },
    MetricRow {
        metric: Metric::DatabaseConnectionsMost,
        name: "concentric_database_connections_most",
        kind: Gauge,
        unit: "connections",
        labels: &[],
        meaning: "as many connections as this server may have",
    },
    MetricRow {
        metric: Metric::DatabaseUp,
        name: "concentric_database_up",
        kind: Gauge,
        unit: "1: yes",
        labels: &[],
        meaning: "the database answered when this was asked for; if not, what is the same on every server is as it was last",
    },
    MetricRow {
        metric: Metric::TracesDropped,
        name: "concentric_trace_batches_failed_total",
        kind: Counter,
        unit: "batches",
        labels: &[],
        meaning: "batches of traces that the collector did not take",
    },
];
