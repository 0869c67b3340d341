//! Catalogue entries.

use api_types as wire;
use domain::update::UpdateKind;
use store::catalog::{UpdateBuild, UpdateRow};

pub(crate) fn update(row: UpdateRow) -> wire::Update {
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
        builds: row.update.builds.into_iter().map(build).collect(),
        catalog_entry_id: row.update.catalog_entry_id,
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
    }
}
