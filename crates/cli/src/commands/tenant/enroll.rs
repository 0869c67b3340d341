//! `concentric tenant enroll`, `unenroll` and `enrollment`.

use api_types::{
    DriverApproval, DriverSettings, EdgeSettings, EnrollmentSettings, FeatureSettings,
    OfficeChannel, OfficeSettings,
};
use clap::{Args, ValueEnum};

use crate::commands::Context;
use crate::confirm;
use crate::enrolling::{self, Enrolling, Wish};
use crate::failure::Failure;
use crate::find;
use crate::output::{Form, write};
use crate::wait::Patience;

#[derive(Debug, Args)]
pub(crate) struct Enroll {
    /// The ring set whose rings get groups and policies: name, id, or beginning of its id.
    #[arg(long, value_name = "NAME")]
    ring_set: String,
    /// Keep update rings of the organisation that target everybody away from our devices.
    #[arg(long)]
    exclude_from_foreign_rings: bool,
    /// Restore by itself what others change or delete.
    #[arg(long)]
    restore_drift: bool,
    /// Keep devices on this version: `Windows 11, version 24H2`.
    #[arg(long, value_name = "VERSION")]
    feature_version: Option<String>,
    /// How drivers are approved.
    #[arg(long, value_name = "HOW")]
    drivers: Option<Drivers>,
    /// So many rings, from the first on, get Edge's Beta channel, the others Stable.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(0..=15))]
    edge_beta_rings: Option<u8>,
    /// The update channel of Microsoft 365 Apps.
    #[arg(long, value_name = "CHANNEL", requires = "office_deadline_days")]
    office_channel: Option<Channel>,
    /// Days until an update of Microsoft 365 Apps must be installed.
    #[arg(long, value_name = "DAYS", requires = "office_channel",
        value_parser = clap::value_parser!(u8).range(1..=30))]
    office_deadline_days: Option<u8>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
pub(crate) struct Unenroll {
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct How {
    /// Show the steps and take none.
    #[arg(long, conflicts_with = "yes")]
    plan_only: bool,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    patience: Patience,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Drivers {
    Automatic,
    Manual,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Channel {
    Current,
    MonthlyEnterprise,
    SemiAnnual,
}

impl Enroll {
    pub(crate) async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        self.how.check()?;
        let tenant = context.tenant().await?;
        let set = find::ring_set(&context.client, &tenant, &self.ring_set).await?.typed;
        let office = self.office_channel.zip(self.office_deadline_days);
        let settings = EnrollmentSettings {
            ring_set_id: set.id,
            restore_drift: self.restore_drift,
            exclude_from_foreign_rings: self.exclude_from_foreign_rings,
            feature: self.feature_version.map(|version| FeatureSettings { version }),
            drivers: self.drivers.map(|drivers| DriverSettings {
                approval: match drivers {
                    Drivers::Automatic => DriverApproval::Automatic,
                    Drivers::Manual => DriverApproval::Manual,
                },
            }),
            edge: self.edge_beta_rings.map(|beta_rings| EdgeSettings { beta_rings }),
            office: office.map(|(channel, deadline_days)| OfficeSettings {
                channel: match channel {
                    Channel::Current => OfficeChannel::Current,
                    Channel::MonthlyEnterprise => OfficeChannel::MonthlyEnterprise,
                    Channel::SemiAnnual => OfficeChannel::SemiAnnual,
                },
                deadline_days,
            }),
        };
        self.how.carry_out(context, &tenant, &Wish::Enrolled(settings)).await
    }
}

impl Unenroll {
    pub(crate) async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        self.how.check()?;
        let tenant = context.tenant().await?;
        self.how.carry_out(context, &tenant, &Wish::NotEnrolled).await
    }
}

impl How {
    /// Before anything is asked of the server: without an answer nothing may happen anyway.
    fn check(&self) -> Result<(), Failure> {
        if self.plan_only { Ok(()) } else { confirm::can_ask(self.yes) }
    }

    async fn carry_out(
        &self,
        context: &Context<'_>,
        tenant: &str,
        wish: &Wish,
    ) -> Result<(), Failure> {
        let mut enrolling = Enrolling::new(context, tenant, self.patience);
        let planned = enrolling.plan(wish).await?;
        if self.plan_only || context.client.is_dry() {
            return match context.output.form {
                Form::Table | Form::Plain => Ok(()),
                Form::Data(data) => data.document(&planned.enrollment.json),
            };
        }
        let done = enrolling.carry_out(wish, planned, self.yes).await?;
        if context.output.form == Form::Table {
            write("\n")?;
        }
        enrolling::status(context.output, &done)
    }
}

pub(crate) async fn status(context: &Context<'_>) -> Result<(), Failure> {
    let tenant = context.tenant().await?;
    enrolling::status(context.output, &enrolling::read(&context.client, &tenant).await?)
}
