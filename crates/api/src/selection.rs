//! Selecting devices by an expression: every device is looked at, page by page, in the program; no
//! condition of a person ever reaches the database.

use api_types::DeviceName;
use chrono::{DateTime, Utc};
use domain::filter::Filter;
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

    fn is_true_of(self, row: &FilterRow) -> Result<bool, Problem> {
        let holds = row.is_of(self.filter, self.now);
        holds.map_err(|error| Problem::field("/select/filter", error.to_string()))
    }
}
