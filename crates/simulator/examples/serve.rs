//! Serves a simulated tenant for programs that are not written in Rust: prints its address as the
//! only line, plays until standard input ends.
//!
//! `cargo run -p concentric-simulator --example serve [devices] [speed]`

use std::io::{Error, ErrorKind};

use simulator::{Config, Simulator};

fn argument<Number: std::str::FromStr>(fallback: Number, place: usize) -> std::io::Result<Number> {
    let Some(text) = std::env::args().nth(place) else { return Ok(fallback) };
    text.parse().map_err(|_| Error::new(ErrorKind::InvalidInput, format!("no number: {text}")))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let record = std::env::var_os("SIMULATOR_RECORD").map(Into::into);
    let (devices, speed) = (argument(250, 1)?, argument(1.0, 2)?);
    let simulator =
        Simulator::start(Config { devices, speed, record, ..Config::default() }).await?;
    println!("{}", simulator.base_url());
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
        .await??;
    simulator.shutdown().await;
    Ok(())
}
