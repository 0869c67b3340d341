//! Selecting devices by an expression: every device is looked at, page by page, in the program; no
//! condition of a person ever reaches the database.

use api_types::DeviceName;
use chrono::{DateTime, Utc};
use domain::filter::{Filter, FilterDevice};
use domain::ids::{DeviceId, TenantId};
use store::Store;
use store::devices::{DeviceRow, FilterRow};

use crate::problem::Problem;

/// Devices that are read at a time.
const CHUNK: u32 = 5_000;
/// Devices that are named as examples.
const EXAMPLES: usize = 20;

/// A filter, or why it is none. `pointer` is the field or parameter it came in.
pub(crate) fn parse(text: &str, pointer: &str) -> Result<Filter, Problem> {
    Filter::parse(text).map_err(|error| {
        if pointer.starts_with('/') {
            Problem::field(pointer, error.to_string())
        } else {
            Problem::parameter(pointer, error.to_string())
        }
    })
}

/// Devices that a filter selected.
#[derive(Debug, Default)]
pub(crate) struct Selected {
    pub(crate) ids: Vec<DeviceId>,
    pub(crate) examples: Vec<DeviceName>,
}

impl Selected {
    fn add(&mut self, device: &DeviceRow) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(DeviceName { id: device.id.0, name: device.name.clone() });
        }
        self.ids.push(device.id);
    }
}

/// Whom to look for, and when.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) store: &'a Store,
    pub(crate) tenant: TenantId,
    pub(crate) filter: &'a Filter,
    pub(crate) now: DateTime<Utc>,
}

impl Search<'_> {
    /// Everybody the filter is true of. Cost: the fleet, once; 16 bytes of memory a device.
    pub(crate) async fn everybody(self) -> Result<Selected, Problem> {
        let mut selected = Selected::default();
        let mut after = None;
        loop {
            let rows = self.store.device_filter_scan(self.tenant, after, CHUNK).await?;
            let Some(last) = rows.last() else { return Ok(selected) };
            after = Some(last.device.id);
            for row in &rows {
                if self.is_true_of(row)? {
                    selected.add(&row.device);
                }
            }
        }
    }

    /// The first `limit` after `after`, in the order of ids.
    pub(crate) async fn page(
        self,
        mut after: Option<DeviceId>,
        limit: usize,
    ) -> Result<Vec<DeviceRow>, Problem> {
        let mut found = Vec::new();
        loop {
            let rows = self.store.device_filter_scan(self.tenant, after, CHUNK).await?;
            let Some(last) = rows.last() else { return Ok(found) };
            after = Some(last.device.id);
            for row in rows {
                if self.is_true_of(&row)? {
                    found.push(row.device);
                    if found.len() == limit {
                        return Ok(found);
                    }
                }
            }
        }
    }

    /// A device in several ring sets is looked at once for each. One that was not judged yet is not
    /// selected: half of what a filter may ask is not known of it.
    fn is_true_of(self, row: &FilterRow) -> Result<bool, Problem> {
        let device = &row.device;
        let Some(registration) = device.registration else { return Ok(false) };
        let none = (String::new(), String::new());
        let places = if row.rings.is_empty() { std::slice::from_ref(&none) } else { &row.rings };
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
                now: self.now,
                ring,
                ring_set,
                held: row.held,
                excluded: row.excluded,
                groups: &row.groups,
            };
            let holds = self.filter.matches(&seen);
            if holds.map_err(|error| Problem::field("/select/filter", error.to_string()))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
