//! Going through a fleet row by row, with everything that a filter can ask of a device.

use chrono::{DateTime, Utc};
use domain::filter::{Filter, FilterDevice, FilterError};
use domain::ids::{DeviceId, TenantId};
use uuid::Uuid;

use super::{DeviceRow, list};
use crate::scope::Tx;
use crate::{Store, StoreError};

/// A device with what lies beyond its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterRow {
    pub device: DeviceRow,
    /// Names of ring set and ring, of each set it is in.
    pub rings: Vec<(String, String)>,
    pub held: bool,
    pub excluded: bool,
    /// The names of its groups, through other groups too; of groups without a known name the id.
    pub groups: Vec<String>,
}

/// Most rows of one call.
const MOST: u32 = 5_000;

impl Store {
    /// The devices after this one, at most `limit` (1 to 5,000), in order of id. A filter is applied
    /// to each by the caller, so that no condition of a person ever reaches the database.
    pub async fn device_filter_scan(
        &self,
        tenant: TenantId,
        after: Option<DeviceId>,
        limit: u32,
    ) -> Result<Vec<FilterRow>, StoreError> {
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        let limit = i64::from(limit.clamp(1, MOST));
        let rows =
            self::after(&mut tx, tenant, after.map_or(Uuid::nil(), |id| id.0), limit).await?;
        tx.commit().await?;
        Ok(rows)
    }
}

/// The devices after this one, in order of id.
pub(crate) async fn after(
    tx: &mut Tx,
    tenant: TenantId,
    device: Uuid,
    limit: i64,
) -> Result<Vec<FilterRow>, StoreError> {
    let columns = list::after(tx, tenant, Some(DeviceId(device)), limit).await?;
    beyond(tx, tenant, columns).await
}

/// These devices, as far as they are known, in order of id.
pub(crate) async fn of(
    tx: &mut Tx,
    tenant: TenantId,
    devices: &[Uuid],
) -> Result<Vec<FilterRow>, StoreError> {
    let columns = list::of(tx, tenant, devices).await?;
    beyond(tx, tenant, columns).await
}

async fn beyond(
    tx: &mut Tx,
    tenant: TenantId,
    columns: Vec<list::Columns>,
) -> Result<Vec<FilterRow>, StoreError> {
    let devices: Vec<DeviceRow> =
        columns.into_iter().map(DeviceRow::try_from).collect::<Result<_, _>>()?;
    let ids: Vec<Uuid> = devices.iter().map(|device| device.id.0).collect();
    let rows = sqlx::query!(
        r#"select n.id as "id!",
             array(select s.name || chr(31) || (s.rings -> m.ring::int ->> 'name')
                 from ring_set s
                 join ring_member m on m.tenant_id = $1 and m.ring_set_id = s.id
                     and m.device_id = n.id
                 where s.tenant_id = $1 and s.rings -> m.ring::int is not null
                 order by s.id) as "rings!",
             array(select c.kind from device_control c
                 where c.tenant_id = $1 and c.device_id = n.id) as "controls!",
             array(
                 with recursive around(id) as (
                     select g.group_id from group_member g
                     where g.tenant_id = $1 and g.object_id = d.object_id
                     union
                     select p.parent_id from around a
                     join group_nesting p on p.tenant_id = $1 and p.child_id = a.id
                 )
                 select coalesce(g.name, a.id::text) from around a
                 left join group_name g on g.tenant_id = $1 and g.group_id = a.id
                 order by 1) as "groups!"
         from unnest($2::uuid[]) with ordinality as n(id, number)
         join device d on d.tenant_id = $1 and d.id = n.id
         order by n.number"#,
        tenant.0,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let beyond = rows.into_iter().map(|row| {
        // No name holds a control character of this kind; a name that did would show it.
        let rings = row.rings.iter().filter_map(|names| names.split_once(SEPARATOR));
        (
            rings.map(|(set, ring)| (set.to_owned(), ring.to_owned())).collect(),
            row.controls,
            row.groups,
        )
    });
    let rows =
        devices.into_iter().zip(beyond).map(|(device, (rings, controls, groups))| FilterRow {
            held: controls.iter().any(|kind| kind == "hold"),
            excluded: controls.iter().any(|kind| kind == "exclude"),
            device,
            rings,
            groups,
        });
    Ok(rows.collect())
}

impl FilterRow {
    /// Whether `filter` is true of the device at `now`. A device in several ring sets is looked at once
    /// for each. Of one that was not judged yet nothing is true: half of what a filter may ask is not
    /// known of it.
    pub fn is_of(&self, filter: &Filter, now: DateTime<Utc>) -> Result<bool, FilterError> {
        let device = &self.device;
        let Some(registration) = device.registration else { return Ok(false) };
        let none = (String::new(), String::new());
        let places = if self.rings.is_empty() { std::slice::from_ref(&none) } else { &self.rings };
        for (ring_set, ring) in places {
            let seen = FilterDevice {
                name: &device.name,
                manufacturer: &device.manufacturer,
                model: &device.model,
                serial: &device.serial,
                build: device.build,
                edition: &device.traits.edition,
                architecture: device.traits.architecture,
                owner: device.traits.owner,
                agent: device.traits.agent,
                join: device.traits.join,
                sort: registration.sort,
                category: &device.traits.category,
                standing: registration.standing,
                reasons: registration.reasons,
                last_sync: device.last_sync,
                now,
                ring,
                ring_set,
                held: self.held,
                excluded: self.excluded,
                groups: &self.groups,
            };
            if filter.matches(&seen)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

const SEPARATOR: char = '\u{1f}';

impl Store {
    /// The names of those of the devices that are known.
    pub async fn device_names(
        &self,
        tenant: TenantId,
        devices: &[DeviceId],
    ) -> Result<Vec<(DeviceId, String)>, StoreError> {
        let ids: Vec<Uuid> = devices.iter().map(|device| device.0).collect();
        let mut tx = self.tenant_begin_few(tenant).await?;
        let rows = sqlx::query!(
            r#"select d.id, d.name from unnest($2::uuid[]) as n(id)
             join device d on d.tenant_id = $1 and d.id = n.id order by d.id"#,
            tenant.0,
            &ids,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(rows.into_iter().map(|row| (DeviceId(row.id), row.name)).collect())
    }
}
