//! Strategies.

use api_types as wire;
use domain::offering::possible;
use domain::update::{Strategy, UpdateKind};
use store::strategies::Chosen;

use super::updates::kind;

pub(crate) fn strategies(all: &[Chosen]) -> wire::List<wire::KindStrategy> {
    let shown = |one: &Chosen| wire::KindStrategy {
        kind: kind(one.kind),
        strategy: strategy(one.strategy),
        chosen: one.chosen,
        impossible: possible(one.kind, one.strategy).err().map(|why| why.to_string()),
    };
    wire::List { items: all.iter().map(shown).collect(), next_page_token: None }
}

/// The choices that were made.
pub(crate) fn choices_in(body: wire::ChooseStrategies) -> Vec<(UpdateKind, Strategy)> {
    let wire::ChooseStrategies { quality, feature, driver, edge, microsoft_365_apps } = body;
    [
        (UpdateKind::Quality, quality),
        (UpdateKind::Feature, feature),
        (UpdateKind::Driver, driver),
        (UpdateKind::Edge, edge),
        (UpdateKind::Microsoft365Apps, microsoft_365_apps),
    ]
    .into_iter()
    .filter_map(|(kind, chosen)| Some((kind, strategy_in(chosen?))))
    .collect()
}

const fn strategy(strategy: Strategy) -> wire::Strategy {
    match strategy {
        Strategy::DeploymentService => wire::Strategy::DeploymentService,
        Strategy::Intune => wire::Strategy::Intune,
    }
}

const fn strategy_in(given: wire::Strategy) -> Strategy {
    match given {
        wire::Strategy::DeploymentService => Strategy::DeploymentService,
        wire::Strategy::Intune => Strategy::Intune,
    }
}
