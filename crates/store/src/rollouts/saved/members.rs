//! Who is in the rings of a set, in short, and what is different.

use domain::ids::{RingSetId, TenantId};
use domain::rollout::plan::Plan;

use super::Membership;
use crate::StoreError;
use crate::convert::count;
use crate::scope::Tx;

/// One for each of so many rings. The fingerprint is the sum of 64-bit hashes of the members: nobody
/// chooses ids of devices so that two sets of them would have the same. Cost: the members.
pub(super) async fn of(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
    rings: usize,
) -> Result<Vec<Membership>, StoreError> {
    let rows = sqlx::query!(
        r#"select ring, count(*)::int as "devices!",
             sum(uuid_hash_extended(device_id, 0)::numeric)::text as "fingerprint!"
         from ring_member where tenant_id = $1 and ring_set_id = $2 group by ring"#,
        tenant.0,
        ring_set.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut members = vec![Membership::default(); rings];
    for row in rows {
        let at = usize::try_from(row.ring).map_err(StoreError::corrupt)?;
        if let Some(slot) = members.get_mut(at) {
            *slot = Membership { devices: count(row.devices)?, fingerprint: row.fingerprint };
        }
    }
    Ok(members)
}

/// A sentence for each ring that has other members now.
pub(super) fn changes(plan: &Plan, then: &[Membership], now: &[Membership]) -> Vec<String> {
    let pairs = plan.rings().iter().zip(then).zip(now).enumerate();
    let differ = pairs.filter(|(_, ((_, then), now))| then != now);
    differ
        .map(|(at, ((ring, then), now))| {
            let name = &ring.name;
            if then.devices == now.devices {
                return format!("ring {at} ({name}): as many devices ({}), others", now.devices);
            }
            format!("ring {at} ({name}): {} -> {} devices", then.devices, now.devices)
        })
        .collect()
}
