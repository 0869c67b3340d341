//! Keyset paging.

use uuid::Uuid;

/// Which part of a list. Lists are in ascending order of id (which is time of creation).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Rows after this id; none: from the start.
    pub after: Option<Uuid>,
    /// 1 to 500.
    pub limit: u16,
}

impl Page {
    const MOST: u16 = 500;

    pub(crate) fn rows(self) -> i64 {
        i64::from(self.limit.clamp(1, Self::MOST))
    }
}
