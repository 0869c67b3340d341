//! Counting members that join, beside the statements that write them: what devices are was read already, and
//! a trigger would have to look it up once more for each.

use std::collections::HashMap;

use domain::ids::{RingSetId, TenantId};
use uuid::Uuid;

use crate::StoreError;
use crate::convert::BuildColumns;
use crate::scope::Tx;

/// All that decides how a device is counted (`fleet_class` of the schema), as its columns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Counted {
    pub(super) standing: Option<i16>,
    pub(super) reasons: i32,
    pub(super) quality_only: bool,
    pub(super) build: BuildColumns,
}

/// Members that joined in this transaction and are not in the counters yet.
#[derive(Debug)]
pub(super) struct Counters {
    tenant: TenantId,
    joined: HashMap<(Uuid, i16, Counted), i32>,
}

impl Counters {
    /// Before any device is read that may be counted: nothing that decides how a device is counted changes
    /// from then on until the transaction ends.
    pub(super) async fn lock(tx: &mut Tx, tenant: TenantId) -> Result<Self, StoreError> {
        sqlx::query!("select fleet_tally_lock($1, true)", tenant.0).execute(&mut **tx).await?;
        Ok(Self { tenant, joined: HashMap::new() })
    }

    pub(super) fn joined(&mut self, set: RingSetId, ring: i16, device: Counted) {
        *self.joined.entry((set.0, ring, device)).or_default() += 1;
    }

    /// Once, before the commit.
    pub(super) async fn write(self, tx: &mut Tx) -> Result<(), StoreError> {
        if self.joined.is_empty() {
            return Ok(());
        }
        let (mut sets, mut rings, mut devices) = (Vec::new(), Vec::new(), Vec::new());
        let (mut standings, mut reasons, mut quality_only) = (Vec::new(), Vec::new(), Vec::new());
        let mut numbers = [(); 4].map(|()| Vec::new());
        for ((set, ring, of), count) in self.joined {
            sets.push(set);
            rings.push(ring);
            standings.push(of.standing);
            reasons.push(of.reasons);
            quality_only.push(of.quality_only);
            let (major, minor, build, revision) = of.build;
            for (column, number) in numbers.iter_mut().zip([major, minor, build, revision]) {
                column.push(number);
            }
            devices.push(count);
        }
        let [majors, minors, builds, revisions] = numbers;
        sqlx::query!(
            "select fleet_tally_add($1, (
                 select array_agg(row(n.*)::fleet_change)
                 from unnest($2::uuid[], $3::int2[], $4::int2[], $5::int[], $6::bool[], $7::int[], $8::int[],
                     $9::int[], $10::int[], $11::int[]) n))",
            self.tenant.0,
            &sets,
            &rings,
            &standings as &[Option<i16>],
            &reasons,
            &quality_only,
            &majors as &[Option<i32>],
            &minors as &[Option<i32>],
            &builds as &[Option<i32>],
            &revisions as &[Option<i32>],
            &devices,
        )
        .fetch_one(&mut **tx)
        .await?;
        Ok(())
    }
}
