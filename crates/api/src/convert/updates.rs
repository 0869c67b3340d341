//! Catalogue entries.

use api_types as wire;
use domain::update::UpdateKind;
use domain::update::details::{Driver, Severity};
use domain::update::known_issue::KnownIssue;
use domain::update::servicing::{Hotpatch, Servicing};
use store::catalog::{Declined, Needed, UpdateBuild, UpdateRow};

pub(crate) fn update(row: UpdateRow) -> wire::Update {
    let (of_month, of_hotpatch) = (Servicing::of(&row.update), Hotpatch::of(&row.update));
    wire::Update {
        id: row.id.0,
        kind: kind(row.update.kind),
        version: row.update.version,
        channel: row.update.channel,
        title: row.update.title,
        short_name: row.update.short_name,
        classification: row.update.classification,
        cadence: row.update.cadence,
        kb: row.update.kb,
        released_at: row.update.released_at,
        deployable_until: row.update.deployable_until,
        is_expeditable: row.update.is_expeditable,
        servicing: of_month.map(servicing),
        hotpatch: of_hotpatch.map(hotpatch),
        max_severity: row.update.details.max_severity.map(severity),
        max_base_score: row
            .update
            .details
            .max_base_score_tenths
            .map(|tenths| f64::from(tenths) / 10.0),
        exploited_cves: row.update.details.exploited_cves,
        superseded_by: row.superseded_by.map(|by| by.0),
        builds: row.update.builds.into_iter().map(build).collect(),
        driver: row.update.details.driver.map(|of| driver(of, row.needed.unwrap_or_default())),
        declined: row.declined.map(|Declined { by, at, reason }| wire::Declined { by, at, reason }),
        catalog_entry_id: row.update.catalog_entry_id,
    }
}

fn driver(of: Driver, needed: Needed) -> wire::Driver {
    wire::Driver {
        manufacturer: of.manufacturer,
        provider: of.provider,
        class: of.class,
        description: of.description,
        version_at: of.version_at,
        devices: needed.devices,
        recommended: needed.recommended,
    }
}

pub(crate) fn name(row: &UpdateRow) -> wire::UpdateName {
    wire::UpdateName { id: row.id.0, short_name: row.update.short_name.clone() }
}

pub(crate) fn known_issue(issue: KnownIssue) -> wire::KnownIssue {
    wire::KnownIssue {
        is_open: issue.is_open(),
        id: issue.id,
        product: issue.product,
        title: issue.title,
        description: issue.description,
        status: issue.status,
        started_at: issue.started_at,
        resolved_at: issue.resolved_at,
        originating_kb: issue.originating_kb,
        resolving_kb: issue.resolving_kb,
        safeguard_hold_ids: issue.safeguard_hold_ids,
        url: issue.url,
    }
}

const fn servicing(servicing: Servicing) -> wire::Servicing {
    match servicing {
        Servicing::Monthly => wire::Servicing::Monthly,
        Servicing::Preview => wire::Servicing::Preview,
        Servicing::OutOfBand => wire::Servicing::OutOfBand,
        Servicing::Other => wire::Servicing::Other,
    }
}

const fn hotpatch(hotpatch: Hotpatch) -> wire::Hotpatch {
    match hotpatch {
        Hotpatch::Available => wire::Hotpatch::Available,
        Hotpatch::Baseline => wire::Hotpatch::Baseline,
    }
}

pub(crate) const fn severity(severity: Severity) -> wire::Severity {
    match severity {
        Severity::Moderate => wire::Severity::Moderate,
        Severity::Important => wire::Severity::Important,
        Severity::Critical => wire::Severity::Critical,
    }
}

pub(crate) const fn severity_in(severity: wire::Severity) -> Severity {
    match severity {
        wire::Severity::Moderate => Severity::Moderate,
        wire::Severity::Important => Severity::Important,
        wire::Severity::Critical => Severity::Critical,
    }
}

pub(crate) const fn kind_in(kind: wire::UpdateKind) -> UpdateKind {
    match kind {
        wire::UpdateKind::Quality => UpdateKind::Quality,
        wire::UpdateKind::Feature => UpdateKind::Feature,
        wire::UpdateKind::Driver => UpdateKind::Driver,
        wire::UpdateKind::Edge => UpdateKind::Edge,
        wire::UpdateKind::Microsoft365Apps => UpdateKind::Microsoft365Apps,
    }
}

pub(crate) const fn kind(kind: UpdateKind) -> wire::UpdateKind {
    match kind {
        UpdateKind::Quality => wire::UpdateKind::Quality,
        UpdateKind::Feature => wire::UpdateKind::Feature,
        UpdateKind::Driver => wire::UpdateKind::Driver,
        UpdateKind::Edge => wire::UpdateKind::Edge,
        UpdateKind::Microsoft365Apps => wire::UpdateKind::Microsoft365Apps,
    }
}

fn build(build: UpdateBuild) -> wire::UpdateBuild {
    wire::UpdateBuild {
        product: build.product,
        version: build.version,
        build: build.build.to_string(),
        kb: build.kb,
        is_hotpatch: build.is_hotpatch,
    }
}
