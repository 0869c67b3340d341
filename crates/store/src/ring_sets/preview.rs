//! What placing would do, without doing it. Runs the same steps as placing; writes nothing.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use domain::ids::{DeviceId, RingSetId, TenantId};
use domain::placement::{Coverage, StratumKey, Why, coverage};
use domain::ring::{Lint, RingIndex, RingSet, Stratum};
use uuid::Uuid;

use super::candidates::{self, Device, Outcome, Rule, Scene, decide, page};
use super::claims::Claims;
use super::place::FILLED_BELOW;
use super::{NOT_FOUND, RingSetRow, members};
use crate::convert::{build, ring};
use crate::{Store, StoreError};

/// Devices that are named of each move, and strata of each ring.
const NAMED: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingPreview {
    /// Of the set as it would be; none: the ring would be gone.
    pub name: Option<String>,
    pub before: u32,
    pub after: u32,
    /// Up to 20 strata that no device of the ring is of, largest first, in words.
    pub uncovered: Vec<String>,
}

/// Devices that would go the same way for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// None: they are in no ring now.
    pub from: Option<RingIndex>,
    /// None: they would leave the set.
    pub to: Option<RingIndex>,
    /// None when they would leave.
    pub why: Option<Why>,
    pub devices: u32,
    /// Up to 20 of them, with their names.
    pub examples: Vec<(DeviceId, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacementPreview {
    pub rings: Vec<RingPreview>,
    pub moves: Vec<Move>,
    pub coverage: Coverage,
    pub lints: Vec<Lint>,
}

impl Store {
    /// What `ring_set_place` would do to the set as it is stored, or as `changed` would make it. With
    /// `changed` the set need not exist yet. Cost: the fleet, once, and 16 bytes of memory a device.
    pub async fn ring_set_preview(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
        changed: Option<&RingSet>,
        now: DateTime<Utc>,
    ) -> Result<PlacementPreview, StoreError> {
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        let claims = match changed {
            None => Claims::load(&mut tx, tenant).await?,
            Some(set) => {
                let row =
                    RingSetRow { id: ring_set, set: set.clone(), placed_at: None, created_at: now };
                Claims::load_with(&mut tx, tenant, row).await?
            }
        };
        let row = claims.sets.iter().find(|row| row.id == ring_set).ok_or(NOT_FOUND)?;
        let scene = Scene { tenant, ring_set, set: &row.set, claims: &claims, now };
        let mut seen = candidates::seen(&mut tx, scene, None, &[]).await?;
        let mut tallied = Tallied::default();
        let mut devices = page(&mut tx, scene, Uuid::nil()).await?;
        let whole = devices.len() < FILLED_BELOW;
        while let Some(last) = devices.last() {
            let after = last.id;
            let rule = if whole { Rule::Fleet } else { Rule::Besides(&mut seen) };
            let outcomes = decide(&mut tx, scene, &devices, rule).await?;
            tallied.add(scene.set, &devices, &outcomes)?;
            devices = page(&mut tx, scene, after).await?;
        }
        tx.commit().await?;
        Ok(tallied.preview(scene.set))
    }
}

type Way = (Option<RingIndex>, Option<RingIndex>, Option<Why>);

/// What was counted so far.
#[derive(Default)]
struct Tallied {
    before: BTreeMap<RingIndex, u32>,
    moves: BTreeMap<Way, (u32, Vec<(DeviceId, String)>)>,
    placed: Vec<(Option<RingIndex>, Option<StratumKey>)>,
    words: HashMap<StratumKey, String>,
}

impl Tallied {
    fn add(
        &mut self,
        set: &RingSet,
        devices: &[Device],
        outcomes: &[Outcome],
    ) -> Result<(), StoreError> {
        for (device, outcome) in devices.iter().zip(outcomes) {
            let from = device.ring.map(ring).transpose()?;
            let to = outcome.placed.map(|placed| placed.ring);
            if let Some(from) = from {
                *self.before.entry(from).or_default() += 1;
            }
            if to.is_some() {
                self.placed.push((to, outcome.stratum));
            }
            if let Some(stratum) = outcome.stratum {
                self.words.entry(stratum).or_insert_with(|| words(set, device));
            }
            if from == to {
                continue;
            }
            let why = outcome.placed.map(|placed| members::recorded(placed, None)).transpose()?;
            let (count, examples) = self.moves.entry((from, to, why)).or_default();
            *count += 1;
            if examples.len() < NAMED {
                examples.push((DeviceId(device.id), device.name.clone()));
            }
        }
        Ok(())
    }

    fn preview(self, set: &RingSet) -> PlacementPreview {
        let coverage = coverage(set, self.placed);
        let last = self.before.keys().map(|ring| ring.slot() + 1).max().unwrap_or(0);
        let rings = (0_u8..).map(RingIndex).take(last.max(set.rings().len()));
        let rings = rings.map(|index| {
            let seen = coverage.rings.get(index.slot());
            let uncovered = seen.map_or(&[][..], |ring| ring.uncovered.as_slice());
            let words = uncovered.iter().take(NAMED).filter_map(|key| self.words.get(key)).cloned();
            RingPreview {
                name: set.rings().get(index.slot()).map(|ring| ring.name.clone()),
                before: self.before.get(&index).copied().unwrap_or(0),
                after: seen.map_or(0, |ring| ring.members),
                uncovered: words.collect(),
            }
        });
        let rings = rings.collect();
        let moves = self.moves.into_iter().map(|((from, to, why), (devices, examples))| Move {
            from,
            to,
            why,
            devices,
            examples,
        });
        let lints = set.lint(&coverage.counts());
        PlacementPreview { rings, moves: moves.collect(), coverage, lints }
    }
}

/// The words that a stratum is made of, from a device of it.
fn words(set: &RingSet, device: &Device) -> String {
    let version = || {
        let of = build(device.build_columns()).ok().flatten();
        of.map_or_else(String::new, |of| format!("{}.{}.{}", of.major, of.minor, of.build))
    };
    let parts = set.rules().cover.iter().map(|stratum| match stratum {
        Stratum::Model => format!("{} {}", device.manufacturer, device.model),
        Stratum::Build => version(),
        Stratum::Site => device.category.clone(),
    });
    parts.collect::<Vec<_>>().join(", ")
}
