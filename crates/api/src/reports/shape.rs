//! Which columns of a report are shown, and in which order.

use super::cell::{Cell, Row};
use super::table::{Column, Report};
use crate::problem::Problem;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    columns: Vec<Column>,
    /// None: all of them, as they are.
    picked: Option<Vec<usize>>,
}

impl Shape {
    /// All columns if none is named. `parameter`: what a wrong name is a fault of.
    pub(super) fn of<'a>(
        report: Report,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, String> {
        let mut picked = Vec::new();
        for name in names {
            let at = report.column(name.trim()).ok_or_else(|| {
                let there: Vec<&str> = report.columns().iter().map(|(name, _)| *name).collect();
                let (report, there) = (report.name(), there.join(", "));
                format!("{report} has no column {name:?}; it has {there}")
            })?;
            if picked.contains(&at) {
                return Err(format!("the column {name:?} is named twice"));
            }
            picked.push(at);
        }
        if picked.is_empty() {
            return Ok(Self { columns: report.columns().to_vec(), picked: None });
        }
        let columns = picked.iter().filter_map(|at| report.columns().get(*at).copied()).collect();
        Ok(Self { columns, picked: Some(picked) })
    }

    /// Of `columns=status,ring`.
    pub(super) fn parse(report: Report, text: Option<&str>) -> Result<Self, Problem> {
        let names = text.filter(|text| !text.trim().is_empty()).map(|text| text.split(','));
        Self::of(report, names.into_iter().flatten())
            .map_err(|wrong| Problem::parameter("columns", wrong))
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The cells that are shown.
    pub(super) fn apply(&self, mut row: Row) -> Row {
        let Some(picked) = &self.picked else { return row };
        let mut take = |at: &usize| {
            row.get_mut(*at).map_or(Cell::Empty, |cell| std::mem::replace(cell, Cell::Empty))
        };
        picked.iter().map(&mut take).collect()
    }
}
