//! What the evidence of a release is held against, settled when its rollout starts: a limit that
//! moves with the reports it judges proves nothing.

use serde::{Deserialize, Serialize};

use crate::evidence::baseline::{Baseline, BaselinePolicy, PastRelease, learn};
use crate::evidence::control::Ratio;
use crate::evidence::delay::DelayCurve;
use crate::evidence::power::devices_until_halt;
use crate::evidence::verdict::Setting;
use crate::evidence::{Alpha, FORMULA, Levels, Limit, Power, Weight};

/// Something that healthy releases do rarely, counted in devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The install failed, or the device rolled back by itself.
    Failed,
    /// Not heard of any more once the install had started.
    Lost,
    /// Updated, and silent while devices that were not offered the update yet are not.
    Dark,
}

impl Signal {
    /// In the order of every list of signals.
    pub const ALL: [Self; 3] = [Self::Failed, Self::Lost, Self::Dark];

    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::Dark => "dark",
        }
    }

    /// Its share of the error of a release. Most goes to what most releases that are stopped are
    /// stopped for; together 1 (quality.md A3).
    #[must_use]
    pub fn weight(self) -> Weight {
        let share = match self {
            Self::Failed => 0.7,
            Self::Lost | Self::Dark => 0.15,
        };
        Weight::new(share).unwrap_or(Weight::QUARTER)
    }
}

/// What a segment is a segment by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKind {
    /// Manufacturer and model.
    Model,
    /// The Windows version before the update.
    Build,
    /// The device category, which organisations use for sites and departments.
    Category,
}

impl SegmentKind {
    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Build => "build",
            Self::Category => "category",
        }
    }
}

/// Devices that have something in common, and so may fail together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    pub kind: SegmentKind,
    /// What they have in common, as people call it.
    pub name: String,
    /// How many of them the rollout has.
    pub members: u32,
}

/// What happens by itself when the evidence that stops a release comes from suspect segments of one
/// kind, and the rest is calm without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSuspect {
    /// The release is paused and the segment named.
    #[default]
    Pause,
    /// The segment is held; the rest goes on.
    Hold,
}

/// The part of a policy that people choose.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Choices {
    /// The share of failed installs that is healthy, while there is no history to learn it from.
    pub failed: Limit,
    /// The share of devices lost during the install that is healthy.
    pub lost: Limit,
    pub levels: Levels,
    pub on_suspect: OnSuspect,
}

impl Default for Choices {
    /// 2 % failed, 1 % lost, levels 10, 100 and 10,000, a suspect pauses the release.
    fn default() -> Self {
        Self {
            failed: Limit::TWO_PERCENT,
            lost: Limit::ONE_PERCENT,
            levels: Levels::default(),
            on_suspect: OnSuspect::default(),
        }
    }
}

/// What evidence is held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// The formulas it was made for.
    pub formula: u16,
    pub failed: Baseline,
    pub lost: Limit,
    /// How much more often updated devices may be dark than the others.
    pub dark: Ratio,
    pub levels: Levels,
    pub on_suspect: OnSuspect,
    /// Devices after which a doubled failure rate has stopped a release, 19 times in 20 (n95); none
    /// if even very many do not show it.
    pub enough: Option<u32>,
    pub segments: Vec<Segment>,
    /// How soon devices of past releases had an outcome; none while there are too few of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<DelayCurve>,
}

/// Nobody waits for more devices than these to see a doubled rate.
const ENOUGH: u64 = 20_000;

impl Policy {
    /// Settles what was chosen, with what past healthy releases of the same tenant were like.
    /// Cost: grows with the devices that show a doubled rate, milliseconds.
    #[must_use]
    pub fn settle(choices: Choices, past: &[PastRelease], segments: Vec<Segment>) -> Self {
        let failed = learn(past, &BaselinePolicy::new(choices.failed));
        let setting = Setting {
            levels: choices.levels,
            planned_rings: 0,
            planned_segments: segments.len(),
            false_suspects: FALSE_SUSPECTS,
        };
        let pause = Alpha::new((-choices.levels.pause().ln()).exp()).unwrap_or(Alpha::DEFAULT);
        let alpha = pause.times(setting.share_of_pooled(Signal::Failed.weight()));
        let doubled = failed.limit().get() * 2.0;
        let enough = devices_until_halt(doubled, failed.limit(), alpha, Power::DEFAULT, ENOUGH)
            .and_then(|devices| u32::try_from(devices).ok());
        Self {
            formula: FORMULA,
            failed,
            lost: choices.lost,
            dark: Ratio::DEFAULT,
            levels: choices.levels,
            on_suspect: choices.on_suspect,
            enough,
            segments,
            reported: None,
        }
    }

    /// The same, with how soon outcomes usually come.
    #[must_use]
    pub fn with_reported(self, reported: Option<DelayCurve>) -> Self {
        Self { reported, ..self }
    }

    /// The part of the error that one signal over all rings has: by itself it reaches a level when its
    /// evidence, times this, does.
    #[must_use]
    pub fn share(&self, signal: Signal) -> Weight {
        let setting = Setting {
            levels: self.levels,
            planned_rings: 0,
            planned_segments: self.segments.len(),
            false_suspects: FALSE_SUSPECTS,
        };
        setting.share_of_pooled(signal.weight())
    }

    /// The largest share of devices that is healthy; none where devices are compared with others.
    #[must_use]
    pub fn limit(&self, signal: Signal) -> Option<Limit> {
        match signal {
            Signal::Failed => Some(self.failed.limit()),
            Signal::Lost => Some(self.lost),
            Signal::Dark => None,
        }
    }

    /// The segment at `index`, if the policy has it.
    #[must_use]
    pub fn segment(&self, index: u16) -> Option<&Segment> {
        self.segments.get(usize::from(index))
    }
}

/// Of the segments that are named, at most a tenth is innocent on average.
pub(crate) const FALSE_SUSPECTS: Weight = Weight::TENTH;
