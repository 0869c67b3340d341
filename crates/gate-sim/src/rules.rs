//! Rules that stop a ring, ours and other people's, each as: these devices failed, when do you
//! stop? All look after every report.

use domain::evidence::{Alpha, Limit, rate};

use crate::figures::{count, real};

/// A rule, by the failures it is told of.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    /// T1 of `domain::evidence`, read off its halt line.
    Evidence(Vec<u64>),
    /// Eclipse hawkBit: failed devices of the *whole* group, as a share of it
    /// (`ThresholdRolloutGroupErrorCondition`).
    HawkBit { percent: u64 },
    /// Jobs of AWS: failed of executed at least `percent`, once `least` have executed
    /// (`AbortCriteria`).
    Aws { percent: u64, least: u64 },
    /// Wald's test for exactly 2 % against 4 %, upper boundary only: the best there is if one knows
    /// the regression beforehand.
    Sprt { alpha: f64 },
}

impl Rule {
    pub(crate) fn evidence(limit: Limit, alpha: Alpha, devices: u64) -> Self {
        Self::Evidence(rate::halt_line(limit, alpha, devices))
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::Evidence(_) => "**evidence (T1), alpha 1 %**".to_owned(),
            Self::HawkBit { percent } => format!("hawkBit: errors/group > {percent} %"),
            Self::Aws { percent, least } => format!("AWS IoT: >= {percent} %, min {least}"),
            Self::Sprt { .. } => "SPRT tuned to 2 % against 4 %".to_owned(),
        }
    }

    /// The device after whose report a ring of `devices` stops; `failures` are the positions of
    /// those that fail.
    pub(crate) fn stops(&self, failures: &[u64], devices: u64) -> Option<u64> {
        match self {
            Self::Evidence(line) => {
                let mut both = failures.iter().zip(line);
                both.find(|(device, last)| device <= last).map(|(device, _)| *device)
            }
            Self::HawkBit { percent } => {
                let allowed = usize::try_from(devices * percent / 100).ok()?;
                failures.get(allowed).copied()
            }
            Self::Aws { percent, least } => aws(failures, devices, *percent, *least),
            Self::Sprt { alpha } => {
                let numbered = (1_u64..).zip(failures);
                numbered.map(|(failed, device)| (failed, *device)).find_map(|(failed, device)| {
                    let ratio =
                        real(failed) * 2_f64.ln() + real(device - failed) * (0.96_f64 / 0.98).ln();
                    (ratio >= -alpha.ln()).then_some(device)
                })
            }
        }
    }
}

fn aws(failures: &[u64], devices: u64, percent: u64, least: u64) -> Option<u64> {
    let early = count(failures.partition_point(|device| *device <= least));
    // The look at the moment the minimum is met may find enough though that device is good.
    if devices >= least && early * 100 >= percent * least {
        return Some(least);
    }
    let numbered = (1_u64..).zip(failures);
    numbered
        .map(|(failed, device)| (failed, *device))
        .find(|(failed, device)| *device > least && failed * 100 >= percent * device)
        .map(|(_, device)| device)
}
