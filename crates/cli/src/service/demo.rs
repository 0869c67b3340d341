//! `concentric demo`: an update walks through the rings of a simulated fleet, and what the service
//! says about it is held against what really happened to the devices.

mod cast;
mod check;
mod collect;
mod home;
mod play;
mod summary;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use server::telemetry::{self, LogFormat};
use simulator::Scenario;

use self::cast::Cast;
use self::home::Home;
use self::summary::Summary;
use crate::failure::{Exit, Failure};
use crate::output::{Form, Output, say, write};

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Size of the simulated fleet.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    devices: u32,
    /// Simulated seconds per second.
    #[arg(long, default_value = "60000", value_parser = super::simulator::speed)]
    speed: f64,
    /// What goes wrong with the update: healthy, bad-update, bad-model, silent.
    #[arg(long, value_name = "NAME", default_value = "healthy")]
    scenario: Scenario,
    /// Where the service listens; any free port with --once if not given.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Empty directory for database, key, token and log; a temporary one if not given.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print a summary and leave when the update has come to rest.
    #[arg(long)]
    once: bool,
    /// Give up after so many minutes.
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    max_minutes: u64,
}

impl Demo {
    fn listen(&self) -> SocketAddr {
        let port = if self.once { 0 } else { 8080 };
        self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], port)))
    }
}

pub(crate) async fn run(demo: Demo, output: Output) -> Result<Exit, Failure> {
    let home = Home::new(demo.data_dir.clone())?;
    // To its end; a demo that is left leaves the last spans unsent.
    let _traces = telemetry::init(LogFormat::Text, Some(home.log_file()?), None);
    say(&format!(
        "Starting a simulated fleet of {} devices, a database and the service.",
        demo.devices
    ));
    let cast = tokio::select! {
        cast = Cast::start(&demo, &home) => cast.map_err(|failure| home.explain(failure))?,
        () = super::asked_to_stop() => return Ok(Exit::Interrupted),
    };
    if let Some(link) = cast.link().filter(|_| !demo.once) {
        say(&format!(
            "Watch it in a browser, signed in by this link, which is good once:\n  {link}"
        ));
    }
    let outcome = tokio::select! {
        outcome = perform(&demo, &cast, &home, output) => outcome,
        () = super::asked_to_stop() => Ok(Exit::Interrupted),
    };
    cast.end().await;
    outcome
}

async fn perform(demo: &Demo, cast: &Cast, home: &Home, output: Output) -> Result<Exit, Failure> {
    let limit = Duration::from_mins(demo.max_minutes);
    let mut stage = play::Stage::default();
    let playing = play::play(demo, cast, &mut stage, output);
    let Ok(ended) = tokio::time::timeout(limit, playing).await else {
        say(&format!("time ran out after {} minutes", demo.max_minutes));
        stage.explain(cast, output).await;
        return Ok(Exit::TimedOut);
    };
    let ended = ended.map_err(|failure| home.explain(failure))?;
    let summary = Summary::new(demo, &ended);
    // Apart from the tree above it.
    say("");
    write(&summary.text(matches!(output.form, Form::Data(_)))?)?;
    for complaint in summary::complaints(demo.scenario, &ended) {
        say(&complaint);
    }
    let exit = if ended.is_right(demo.scenario) { Exit::Ok } else { Exit::Error };
    if !demo.once {
        for line in home.how_to_look(&cast.url()) {
            say(&line);
        }
        // Until somebody interrupts; that is the end of the demo, not a failure.
        super::asked_to_stop().await;
    }
    Ok(exit)
}
