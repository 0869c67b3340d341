//! What the devices of a rollout have in common.

use std::collections::BTreeMap;

use domain::gate::policy::{Segment, SegmentKind};
use domain::ids::{RingSetId, TenantId};
use serde::Serialize;

use crate::StoreError;
use crate::convert::count;
use crate::scope::Tx;

/// Fewer devices than these prove nothing by themselves.
const LEAST: u32 = 20;
/// The largest of each kind: each more takes a share of the error from all the others.
const MOST: [(SegmentKind, usize); 3] =
    [(SegmentKind::Model, 20), (SegmentKind::Build, 10), (SegmentKind::Category, 10)];

/// Everything that devices of a ring set have in common: how many have it, and the values that tell.
#[derive(Debug, Default)]
pub(super) struct Found(BTreeMap<(SegmentKind, String), (u32, Vec<Values>)>);

/// Devices with these values are part of segment `number`. For `attempts_create`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Mark {
    number: usize,
    #[serde(flatten)]
    values: Values,
}

#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Values {
    Model { manufacturer: String, model: String },
    Build { os_major: i32, os_minor: i32, os_build: i32 },
    Category { category: String },
}

/// What the members of a ring set have in common. Cost: the members, once.
pub(super) async fn found(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
) -> Result<Found, StoreError> {
    let rows = sqlx::query!(
        r#"select grouping(manufacturer, model) as "not_model!",
             grouping(os_major, os_minor, os_build) as "not_build!",
             manufacturer as "manufacturer?", model as "model?",
             os_major, os_minor, os_build, category as "category?",
             device_model(manufacturer, model) as model_name,
             device_build(os_major, os_minor, os_build) as build_name,
             count(*)::int as "devices!"
         from ring_member m join device d on d.tenant_id = $1 and d.id = m.device_id
         where m.tenant_id = $1 and m.ring_set_id = $2
         group by grouping sets ((manufacturer, model), (os_major, os_minor, os_build), (category))"#,
        tenant.0,
        ring_set.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    // Makers that spell one model in two ways still make one segment.
    let mut found: BTreeMap<(SegmentKind, String), (u32, Vec<Values>)> = BTreeMap::new();
    for row in rows {
        let (kind, name, values) = if row.not_model == 0 {
            let (Some(manufacturer), Some(model)) = (row.manufacturer, row.model) else { continue };
            (SegmentKind::Model, row.model_name, Values::Model { manufacturer, model })
        } else if row.not_build == 0 {
            let (Some(os_major), Some(os_minor), Some(os_build)) =
                (row.os_major, row.os_minor, row.os_build)
            else {
                continue;
            };
            (SegmentKind::Build, row.build_name, Values::Build { os_major, os_minor, os_build })
        } else {
            let Some(category) = row.category else { continue };
            (SegmentKind::Category, Some(category.clone()), Values::Category { category })
        };
        let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
        let (members, all) = found.entry((kind, name)).or_default();
        *members = members.saturating_add(count(row.devices)?);
        all.push(values);
    }
    Ok(Found(found))
}

impl Found {
    /// The largest segments of each kind, largest first; of a kind that has fewer than two of them
    /// none, for there is nothing to compare with.
    pub(super) fn segments(&self) -> Vec<Segment> {
        let mut segments = Vec::new();
        for (kind, most) in MOST {
            let large = |(of, members): (SegmentKind, u32)| of == kind && members >= LEAST;
            let mut of: Vec<_> =
                self.0.iter().filter(|((of, _), (members, _))| large((*of, *members))).collect();
            if of.len() < 2 {
                continue;
            }
            // By name where they are of one size, so that the same fleet gives the same order.
            of.sort_by(|(one, (more, _)), (other, (fewer, _))| {
                fewer.cmp(more).then(one.cmp(other))
            });
            segments.extend(of.into_iter().take(most).map(|((kind, name), (members, _))| {
                Segment { kind: *kind, name: name.clone(), members: *members }
            }));
        }
        segments
    }

    /// How the devices of these segments are told; of one that has no device by now not at all.
    pub(super) fn marks(&self, segments: &[Segment]) -> Vec<Mark> {
        let of = |(number, segment): (usize, &Segment)| {
            let found = self.0.get(&(segment.kind, segment.name.clone()));
            let values = found.map(|(_, values)| values.as_slice()).unwrap_or_default();
            values.iter().cloned().map(|values| Mark { number, values }).collect::<Vec<_>>()
        };
        segments.iter().enumerate().flat_map(of).collect()
    }
}
