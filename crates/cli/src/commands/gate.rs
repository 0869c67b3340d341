//! `concentric gate`: the statistics of the gates, to check by hand. Asks no server; all numbers
//! are those of `domain::evidence`.

use clap::Subcommand;
use domain::evidence::power::prove;
use domain::evidence::{Alpha, Limit, Power, rate};
use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The evidence that devices fail at a rate above a limit, and whether it halts a ring.
    Evidence {
        /// Devices that failed.
        #[arg(long, value_name = "F")]
        failures: u64,
        /// Devices confirmed good.
        #[arg(long, value_name = "S")]
        successes: u64,
        /// The largest failure rate that is still healthy: 0.02 or 2%.
        #[arg(long, value_name = "P")]
        limit: Limit,
        /// The most often a healthy release may be halted: 0.01 or 1%.
        #[arg(long, value_name = "A", default_value_t = Alpha::DEFAULT)]
        alpha: Alpha,
    },
    /// The smallest failure rate that a ring of this size is halted for, 19 times in 20.
    Prove {
        /// Devices of the ring.
        #[arg(long, value_name = "N")]
        devices: u64,
        /// The largest failure rate that is still healthy: 0.02 or 2%.
        #[arg(long, value_name = "P")]
        limit: Limit,
        /// The most often a healthy release may be halted: 0.01 or 1%.
        #[arg(long, value_name = "A", default_value_t = Alpha::DEFAULT)]
        alpha: Alpha,
    },
}

pub(crate) fn run(command: &Command, output: Output) -> Result<Exit, Failure> {
    match *command {
        Command::Evidence { failures, successes, limit, alpha } => {
            let found = rate::ln_e(failures, successes, limit);
            let halts = found.reaches(alpha.threshold());
            let fields = [
                ("ln E", format!("{:.6}", found.ln())),
                ("E", format!("{:.4e}", found.value())),
                ("halts", if halts { "yes" } else { "no" }.to_owned()),
            ];
            output.one(&json!({ "ln_e": found.ln(), "halts": halts }), &fields)?;
        }
        Command::Prove { devices, limit, alpha } => {
            let smallest = prove(devices, limit, alpha).smallest_rate.map(|rate| rate.0);
            let said = smallest.map_or_else(
                || "none: too few devices to halt for anything".to_owned(),
                // Rounded up, so that it is true.
                |rate| format!("{:.1} %", (rate * 1_000.0).ceil() / 10.0),
            );
            let fields = [("smallest rate caught", said), ("chance", "95 %".to_owned())];
            let json = json!({ "smallest_rate": smallest, "power": Power::DEFAULT.get() });
            output.one(&json, &fields)?;
        }
    }
    Ok(Exit::Ok)
}
