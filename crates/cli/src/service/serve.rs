//! `concentric serve`: the service, until it is asked to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use server::telemetry::{self, LogFormat};
use server::{AllowList, Config, Database, OidcSettings, Server, Syslog};

use super::key::Keys;
use super::mail::Mail;
use crate::failure::{Exit, Failure};
use crate::output::say;
use crate::watch::length;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen.
    #[arg(long, env = "CONCENTRIC_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where people reach the service, if not where it listens: `https://updates.example.com`. With https,
    /// which whatever stands before the service ends, browsers keep sessions to it.
    #[arg(long, env = "CONCENTRIC_PUBLIC_URL", value_name = "URL")]
    public_url: Option<url::Url>,
    /// Which provider of identities people sign in at, and what its groups may do: a TOML file, or JSON if
    /// it is called so.
    #[arg(long, env = "CONCENTRIC_OIDC_CONFIG", value_name = "FILE")]
    oidc_config: Option<PathBuf>,
    /// Where the keys that seal credentials and sign the audit trail are kept, and the embedded database if there is one.
    #[arg(long, env = "CONCENTRIC_DATA_DIR", value_name = "DIR", default_value = ".concentric")]
    data_dir: PathBuf,
    #[command(flatten)]
    keys: Keys,
    #[command(flatten)]
    mail: Mail,
    /// How to write logs, which go to stderr: text or json; `CONCENTRIC_LOG` says which.
    #[arg(long, env = "CONCENTRIC_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// Collector that traces are sent to by OTLP over HTTP: `http://127.0.0.1:4318`. If not given, the standard
    /// variables of OpenTelemetry say where; if those are not set, nowhere.
    #[arg(long, env = "CONCENTRIC_OTLP_ENDPOINT", value_name = "URL")]
    otlp_endpoint: Option<url::Url>,
    /// How often check-ins and reports of devices are read.
    #[arg(long, value_name = "LENGTH", default_value = "15m", value_parser = length)]
    observe_every: Duration,
    /// How often devices, groups and catalogue are read from scratch.
    #[arg(long, value_name = "LENGTH", default_value = "12h", value_parser = length)]
    sync_every: Duration,
    /// HTTP proxy through which the network check tries addresses. Graph itself is called through the
    /// one that `HTTPS_PROXY` names.
    #[arg(long, env = "CONCENTRIC_PROXY", value_name = "URL", hide_env_values = true)]
    proxy: Option<url::Url>,
    /// Hosts, addresses and networks beyond the public internet that signals may be read from, by
    /// plain http too: `prometheus.corp:9090,10.1.2.0/24`.
    #[arg(long, env = "CONCENTRIC_OUTBOUND_ALLOW", value_name = "LIST", default_value = "")]
    outbound_allow: AllowList,
    /// Ports of public addresses that signals may be read from.
    #[arg(
        long,
        env = "CONCENTRIC_OUTBOUND_PORTS",
        value_name = "PORTS",
        default_value = "443",
        value_delimiter = ','
    )]
    outbound_ports: Vec<u16>,
    /// Where Log Analytics is asked, in a sovereign cloud.
    #[arg(
        long,
        env = "CONCENTRIC_LOG_ANALYTICS_URL",
        value_name = "URL",
        default_value = "https://api.loganalytics.azure.com"
    )]
    log_analytics_url: url::Url,
    /// File that signed checkpoints of the audit trail are added to; `audit-checkpoints.jsonl` in the
    /// data directory if not given. Best on another machine's disk.
    #[arg(long, env = "CONCENTRIC_AUDIT_FILE", value_name = "FILE")]
    audit_file: Option<PathBuf>,
    /// Log server that checkpoints are also sent to: `unix:/dev/log` or `udp:logs.corp:514`.
    #[arg(long, env = "CONCENTRIC_AUDIT_SYSLOG", value_name = "WHERE")]
    audit_syslog: Option<Syslog>,
    /// How long entries of the audit trail may wait for a checkpoint; a thousand do not wait.
    #[arg(long, value_name = "LENGTH", default_value = "1m", value_parser = length)]
    audit_every: Duration,
}

pub(crate) async fn run(serve: Serve) -> Result<Exit, Failure> {
    let otlp = serve.otlp_endpoint.as_ref().map(url::Url::as_str);
    let traces = telemetry::init(serve.log_format, None, otlp);
    let data_dir = std::path::absolute(&serve.data_dir)
        .map_err(|error| Failure::Usage(format!("{}: {error}", serve.data_dir.display())))?;
    super::create_dir(&data_dir)?;
    let mut config = Config::embedded(data_dir);
    config.listen = serve.listen;
    config.proxy = serve.proxy;
    config.public_url = serve.public_url;
    if let Some(file) = serve.oidc_config {
        let settings = OidcSettings::load(&file);
        config.oidc = Some(settings.map_err(|error| Failure::Usage(error.to_string()))?);
    }
    config.smtp = serve.mail.settings()?;
    config.outbound.allow = serve.outbound_allow;
    config.outbound.ports = serve.outbound_ports;
    if let Some(file) = serve.audit_file {
        config.audit.file = std::path::absolute(&file)
            .map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?;
    }
    config.audit.syslog = serve.audit_syslog;
    config.audit.every = serve.audit_every;
    config.log_analytics_url = serve.log_analytics_url.into();
    config.settings.observe_every = time_delta(serve.observe_every)?;
    config.settings.sync_every = time_delta(serve.sync_every)?;
    if let Some(source) = serve.keys.source()? {
        config.keys = source;
    }
    if let Some(url) = super::database_url() {
        config.database = Database::Url(url);
    }
    let starting = Server::start(config);
    let server = tokio::select! {
        started = starting => started.map_err(|error| Failure::Failed(error.to_string()))?,
        () = super::asked_to_stop() => return Ok(Exit::Ok),
    };
    let url = format!("http://{}", server.address());
    say(&format!("Concentric listens on {url}"));
    if let Some(token) = server.first_token() {
        for line in first_token(&url, token) {
            say(&line);
        }
    }
    super::asked_to_stop().await;
    say("Stopping.");
    server.shutdown().await;
    traces.finish().await;
    Ok(Exit::Ok)
}

fn time_delta(length: Duration) -> Result<TimeDelta, Failure> {
    TimeDelta::from_std(length).map_err(|error| Failure::Usage(error.to_string()))
}

fn first_token(url: &str, token: &str) -> [String; 6] {
    [
        String::new(),
        "The first admin token, shown this once and kept nowhere:".to_owned(),
        format!("  {token}"),
        "Use it:".to_owned(),
        format!("  export CONCENTRIC_URL={url} CONCENTRIC_TOKEN={token}"),
        "  concentric tenant list".to_owned(),
    ]
}
