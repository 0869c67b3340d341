//! How far evidence has come, in the three steps people act on.

use serde::{Deserialize, Serialize};

use super::value::EValue;

/// What evidence is enough for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing to act on.
    Calm,
    /// The next ring does not open by itself; somebody is told.
    Watch,
    /// This ring and all later ones stop.
    Pause,
    /// A rollback may be proposed, or started where the policy says so.
    RollBack,
}

impl Level {
    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Watch => "watch",
            Self::Pause => "pause",
            Self::RollBack => "roll_back",
        }
    }
}

/// The evidence at which each level starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Levels {
    watch: EValue,
    pause: EValue,
    roll_back: EValue,
}

#[derive(Deserialize)]
struct Unchecked {
    watch: EValue,
    pause: EValue,
    roll_back: EValue,
}

/// Levels out of order, or such that no evidence at all would reach one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the levels must be above 1, and watch <= pause <= roll back")]
pub struct LevelsError;

impl Levels {
    /// Levels at these plain e-values.
    pub fn new(watch: f64, pause: f64, roll_back: f64) -> Result<Self, LevelsError> {
        let at = |value: f64| EValue::from_ln(value.ln()).ok_or(LevelsError);
        Self::checked(at(watch)?, at(pause)?, at(roll_back)?)
    }

    /// The same with others at these plain e-values.
    pub fn with(
        self,
        watch: Option<f64>,
        pause: Option<f64>,
        roll_back: Option<f64>,
    ) -> Result<Self, LevelsError> {
        let at = |value: Option<f64>, is: EValue| match value {
            Some(value) => EValue::from_ln(value.ln()).ok_or(LevelsError),
            None => Ok(is),
        };
        Self::checked(
            at(watch, self.watch)?,
            at(pause, self.pause)?,
            at(roll_back, self.roll_back)?,
        )
    }

    fn checked(watch: EValue, pause: EValue, roll_back: EValue) -> Result<Self, LevelsError> {
        let good = watch > EValue::ONE && watch <= pause && pause <= roll_back;
        if good { Ok(Self { watch, pause, roll_back }) } else { Err(LevelsError) }
    }

    /// The highest level that `evidence` reaches.
    #[must_use]
    pub fn of(&self, evidence: EValue) -> Level {
        if evidence.reaches(self.roll_back) {
            Level::RollBack
        } else if evidence.reaches(self.pause) {
            Level::Pause
        } else if evidence.reaches(self.watch) {
            Level::Watch
        } else {
            Level::Calm
        }
    }

    #[must_use]
    pub fn watch(&self) -> EValue {
        self.watch
    }

    #[must_use]
    pub fn pause(&self) -> EValue {
        self.pause
    }

    #[must_use]
    pub fn roll_back(&self) -> EValue {
        self.roll_back
    }
}

impl Default for Levels {
    /// 10, 100 and 10,000 (quality.md A3): of healthy releases at most one in ten is watched, one in
    /// a hundred paused, one in ten thousand offered for rollback.
    fn default() -> Self {
        let at = |value: f64| EValue::from_finite(value.ln());
        Self { watch: at(10.0), pause: at(100.0), roll_back: at(10_000.0) }
    }
}

impl TryFrom<Unchecked> for Levels {
    type Error = LevelsError;
    fn try_from(levels: Unchecked) -> Result<Self, LevelsError> {
        Self::checked(levels.watch, levels.pause, levels.roll_back)
    }
}
