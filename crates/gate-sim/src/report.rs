//! What came out, as one markdown page: the targets first, then the tables behind them.

use std::fmt::Write as _;

use crate::figures::thousands;
use crate::play::Size;

/// One promise beside what was measured.
#[derive(Debug, Clone)]
pub struct Check {
    pub what: String,
    pub target: String,
    /// What an independent simulation of the same formulas gave.
    pub reference: &'static str,
    pub found: String,
    pub met: bool,
}

/// One table.
#[derive(Debug, Clone)]
pub struct Section {
    pub title: &'static str,
    pub text: String,
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// Everything that was played.
#[derive(Debug, Clone)]
pub struct Report {
    size: Size,
    seed: u64,
    pub checks: Vec<Check>,
    pub sections: Vec<Section>,
}

impl Report {
    pub(crate) fn new(size: Size, seed: u64) -> Self {
        Self { size, seed, checks: Vec::new(), sections: Vec::new() }
    }

    /// Adds a promise about a number that must be at most (or, for `at_least`, at least) its bound.
    pub(crate) fn check(
        &mut self,
        what: impl Into<String>,
        target: impl Into<String>,
        reference: &'static str,
        (found, met): (String, bool),
    ) {
        let (what, target) = (what.into(), target.into());
        self.checks.push(Check { what, target, reference, found, met });
    }

    pub(crate) fn section(
        &mut self,
        title: &'static str,
        text: impl Into<String>,
        head: &[&str],
        rows: Vec<Vec<String>>,
    ) {
        let head = head.iter().map(|&name| name.to_owned()).collect();
        self.sections.push(Section { title, text: text.into(), head, rows });
    }

    #[must_use]
    pub fn all_met(&self) -> bool {
        self.checks.iter().all(|check| check.met)
    }

    /// The page.
    #[must_use]
    pub fn markdown(&self) -> String {
        let quick = match self.size {
            Size::Quick => " --quick",
            Size::Full => "",
        };
        let mut text = format!(
            "# What the gates' evidence is worth, measured\n\n    cargo xtask gate-sim{quick} --seed \
             {}\n\nplayed {} releases for each cell of a table (from {} where a run is dear) past \
             `domain::evidence`, formula {}. The same\nseed gives the same page, but for the time \
             one evaluation takes. Healthy means failing at the limit: 2 % where\nnothing else is \
             said. What the words mean: [gates.md](gates.md); the formulas: \
             [gate-statistics.md](gate-statistics.md).\n\n## Targets\n\n",
            self.seed,
            thousands(self.size.runs()),
            thousands(self.size.dear_runs()),
            domain::evidence::FORMULA,
        );
        let rows = self.checks.iter().map(|check| {
            let met = if check.met { "yes" } else { "**no**" };
            vec![
                check.what.clone(),
                check.target.clone(),
                check.reference.to_owned(),
                check.found.clone(),
                met.to_owned(),
            ]
        });
        let head = ["what", "target", "reference", "measured", "met"].map(str::to_owned);
        table(&mut text, &head, rows);
        for section in &self.sections {
            // Writing to a string does not fail.
            let _ = write!(text, "\n## {}\n\n{}\n\n", section.title, section.text);
            table(&mut text, &section.head, section.rows.iter().cloned());
        }
        text
    }
}

fn table(text: &mut String, head: &[String], rows: impl Iterator<Item = Vec<String>>) {
    let mut line = |cells: &[String]| {
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    };
    line(head);
    line(&vec!["---".to_owned(); head.len()]);
    rows.for_each(|row| line(&row));
}
