//! `concentric tenant strategy`.

use api_types::{ChooseStrategies, KindStrategy, List, Strategy, UpdateKind};
use clap::{Args, ValueEnum};

use super::Context;
use crate::client::Query;
use crate::failure::Failure;
use crate::text;

/// Shows how each kind of update is delivered; with KIND and STRATEGY chooses.
#[derive(Debug, Args)]
pub(crate) struct Choose {
    /// The kind to choose for.
    #[arg(requires = "strategy")]
    kind: Option<Kind>,
    /// `usual` takes a choice back.
    strategy: Option<Choice>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Quality,
    Feature,
    Driver,
    Edge,
    #[value(name = "microsoft-365-apps", alias = "microsoft_365_apps")]
    Microsoft365Apps,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    #[value(alias = "deployment_service")]
    DeploymentService,
    Intune,
    Usual,
}

impl Choose {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let tenant = context.tenant().await?;
        let path = ["tenants", &tenant, "strategies"];
        let mut shown = context.client.all::<KindStrategy>(&path, &Query::new()).await?;
        if let (Some(kind), Some(choice)) = (self.kind, self.strategy) {
            let mut body = choices(shown.iter().map(|one| &one.typed));
            *place(&mut body, kind) = match choice {
                Choice::DeploymentService => Some(Strategy::DeploymentService),
                Choice::Intune => Some(Strategy::Intune),
                Choice::Usual => None,
            };
            context.client.put::<List<KindStrategy>>(&path, &body).await?;
            shown = context.client.all(&path, &Query::new()).await?;
        }
        let head = ["kind", "strategy", "chosen", "impossible"];
        context.output.list(&head, &shown, row)
    }
}

fn row(one: &KindStrategy) -> Vec<String> {
    vec![
        text::update_kind(one.kind).to_owned(),
        text::strategy(one.strategy).to_owned(),
        if one.chosen { "by a person" } else { "as usual" }.to_owned(),
        text::maybe(one.impossible.as_deref()),
    ]
}

/// What was chosen so far.
fn choices<'a>(kinds: impl Iterator<Item = &'a KindStrategy>) -> ChooseStrategies {
    let mut body = ChooseStrategies::default();
    for one in kinds.filter(|one| one.chosen) {
        *place(&mut body, Kind::from(one.kind)) = Some(one.strategy);
    }
    body
}

const fn place(body: &mut ChooseStrategies, kind: Kind) -> &mut Option<Strategy> {
    match kind {
        Kind::Quality => &mut body.quality,
        Kind::Feature => &mut body.feature,
        Kind::Driver => &mut body.driver,
        Kind::Edge => &mut body.edge,
        Kind::Microsoft365Apps => &mut body.microsoft_365_apps,
    }
}

impl From<UpdateKind> for Kind {
    fn from(kind: UpdateKind) -> Self {
        match kind {
            UpdateKind::Quality => Self::Quality,
            UpdateKind::Feature => Self::Feature,
            UpdateKind::Driver => Self::Driver,
            UpdateKind::Edge => Self::Edge,
            UpdateKind::Microsoft365Apps => Self::Microsoft365Apps,
        }
    }
}
