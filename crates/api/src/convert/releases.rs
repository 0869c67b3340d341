//! Releases.

use api_types as wire;
use store::releases::ReleaseRow;

pub(crate) fn release(row: ReleaseRow) -> wire::Release {
    wire::Release {
        id: row.id.0,
        name: row.name,
        update_id: row.update.0,
        created_by: row.created_by,
        created_at: row.created_at,
    }
}
