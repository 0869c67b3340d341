//! What the devices of a rollout have in common.

use domain::gate::policy::{Segment, SegmentKind};
use domain::ids::{RingSetId, TenantId};

use crate::StoreError;
use crate::convert::count;
use crate::scope::Tx;

/// Fewer devices than these prove nothing by themselves.
const LEAST: i64 = 20;
/// The largest of each kind: each more takes a share of the error from all the others.
const MODELS: usize = 20;
const OTHERS: usize = 10;

/// The largest segments of each kind among the members of a ring set, largest first; of a kind that
/// has fewer than two of them none, for there is nothing to compare with. Cost: the members, once.
pub(super) async fn common(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
) -> Result<Vec<Segment>, StoreError> {
    let rows = sqlx::query!(
        r#"select grouping(manufacturer, model) as "not_model!",
             grouping(os_major, os_minor, os_build) as "not_build!",
             device_model(manufacturer, model) as model,
             device_build(os_major, os_minor, os_build) as build, category as "category?",
             count(*)::int as "devices!"
         from ring_member m join device d on d.tenant_id = $1 and d.id = m.device_id
         where m.tenant_id = $1 and m.ring_set_id = $2
         group by grouping sets ((manufacturer, model), (os_major, os_minor, os_build), (category))
         having count(*) >= $3"#,
        tenant.0,
        ring_set.0,
        LEAST,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut segments = Vec::new();
    for row in rows {
        let (kind, name) = if row.not_model == 0 {
            (SegmentKind::Model, row.model)
        } else if row.not_build == 0 {
            (SegmentKind::Build, row.build)
        } else {
            (SegmentKind::Category, row.category)
        };
        let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
        segments.push(Segment { kind, name, members: count(row.devices)? });
    }
    segments.sort_by(|one, other| {
        (one.kind, other.members, &one.name).cmp(&(other.kind, one.members, &other.name))
    });
    segments.dedup_by(|one, other| one.kind == other.kind && one.name == other.name);
    Ok([
        (SegmentKind::Model, MODELS),
        (SegmentKind::Build, OTHERS),
        (SegmentKind::Category, OTHERS),
    ]
    .into_iter()
    .flat_map(|(kind, most)| {
        let of: Vec<Segment> =
            segments.iter().filter(|segment| segment.kind == kind).take(most).cloned().collect();
        if of.len() > 1 { of } else { Vec::new() }
    })
    .collect())
}
