//! `concentric simulator`: a simulated Microsoft Graph tenant, until it is asked to stop.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use server::telemetry::{self, LogFormat};
use simulator::{
    Config, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT, Scenario, Simulator,
};

use crate::failure::{Exit, Failure};
use crate::output::say;

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
    /// Size of the fleet.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    devices: u32,
    /// Two simulators with one seed have the same fleet.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Simulated seconds per second.
    #[arg(long, default_value = "1", value_parser = speed)]
    speed: f64,
    /// What goes wrong with this month's update: healthy, bad-update, bad-model, silent.
    #[arg(long, value_name = "NAME", default_value = "healthy")]
    scenario: Scenario,
    /// Folder that receives one file per request, for the conformance checker.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
}

/// A clock that stands still or runs backwards ends nothing.
pub(crate) fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (1.0..=1_000_000.0).contains(&speed) => Ok(speed),
        Ok(_) | Err(_) => Err("a number from 1 to 1000000".to_owned()),
    }
}

pub(crate) async fn run(simulate: Simulate) -> Result<Exit, Failure> {
    let _traces = telemetry::init(LogFormat::Text, None, None);
    let config = Config {
        listen: simulate.listen,
        devices: simulate.devices,
        seed: simulate.seed,
        speed: simulate.speed,
        scenario: simulate.scenario,
        record: simulate.record,
        ..Config::default()
    };
    let listen = config.listen;
    let simulator = Simulator::start(config)
        .await
        .map_err(|error| Failure::Failed(format!("cannot listen on {listen}: {error}")))?;
    let url = simulator.base_url();
    say(&format!("A tenant of {} devices is on {url}", simulate.devices));
    say(&format!("  tenant {DEFAULT_TENANT}, client {DEFAULT_CLIENT_ID}"));
    say(&format!("  secret {DEFAULT_CLIENT_SECRET} (it opens nothing but a simulator)"));
    say(&format!("  POST {url}/{DEFAULT_TENANT}/oauth2/v2.0/token, then GET {url}/v1.0/devices"));
    super::asked_to_stop().await;
    simulator.shutdown().await;
    Ok(Exit::Ok)
}
