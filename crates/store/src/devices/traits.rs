//! Between the columns that say what a device is and the domain's `Traits`.

use domain::registration::Traits;
use domain::registration::facts::{Agent, Architecture, Join, Owner, System, Workloads};

use crate::StoreError;

/// The columns as they are read.
#[derive(Debug)]
pub(crate) struct TraitColumns {
    pub(crate) system: i16,
    pub(crate) owner: i16,
    pub(crate) agent: i16,
    pub(crate) workloads: Option<i16>,
    pub(crate) join: i16,
    pub(crate) enabled: bool,
    pub(crate) architecture: i16,
    pub(crate) edition: String,
    pub(crate) edition_number: Option<i32>,
    pub(crate) category: String,
}

pub(crate) fn traits(row: TraitColumns) -> Result<Traits, StoreError> {
    let unknown = |what: &str, code: i16| StoreError::corrupt(format_args!("{what} {code}"));
    Ok(Traits {
        system: System::from_code(row.system).ok_or_else(|| unknown("system", row.system))?,
        owner: Owner::from_code(row.owner).ok_or_else(|| unknown("owner", row.owner))?,
        agent: Agent::from_code(row.agent).ok_or_else(|| unknown("agent", row.agent))?,
        workloads: row.workloads.map(workloads),
        join: Join::from_code(row.join).ok_or_else(|| unknown("join", row.join))?,
        enabled: row.enabled,
        architecture: Architecture::from_code(row.architecture)
            .ok_or_else(|| unknown("architecture", row.architecture))?,
        edition: row.edition,
        edition_number: row.edition_number,
        category: row.category,
    })
}

const UPDATES: i16 = 1;
const CONFIGURATION: i16 = 2;
const OFFICE: i16 = 4;

fn workloads(bits: i16) -> Workloads {
    Workloads {
        updates: bits & UPDATES != 0,
        configuration: bits & CONFIGURATION != 0,
        office: bits & OFFICE != 0,
    }
}

pub(super) fn workload_bits(workloads: Workloads) -> i16 {
    let bit = |set: bool, bit: i16| if set { bit } else { 0 };
    bit(workloads.updates, UPDATES)
        | bit(workloads.configuration, CONFIGURATION)
        | bit(workloads.office, OFFICE)
}
