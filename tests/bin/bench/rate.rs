//! How many reads a second: of a rollout, by a caller who is known, beside a bare server that reads one row.
//!
//! Both are processes of their own over the same database, with as many connections to it, asked by the
//! same client in turns.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::Outcome;
use crate::api::Api;
use crate::table::Table;

/// Of `concentric serve`.
const CONNECTIONS: u32 = 10;
/// Readers at once.
const READERS: usize = 16;
const TURNS: u32 = 4;
const TURN: Duration = Duration::from_secs(3);

/// The argument that makes this program the bare server.
pub(crate) const BARE: &str = "bare";

/// What one row says of a rollout.
#[derive(Debug, Serialize, sqlx::FromRow)]
struct Row {
    id: Uuid,
    phase: serde_json::Value,
    generation: i64,
    created_at: DateTime<Utc>,
}

async fn row(State(pool): State<PgPool>, Path(id): Path<Uuid>) -> Result<Json<Row>, StatusCode> {
    sqlx::query_as("select id, phase, generation, created_at from rollout where id = $1")
        .bind(id)
        .fetch_optional(&pool)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?
        .map(Json)
        .ok_or(StatusCode::NOT_FOUND)
}

/// Serves one row until its input ends.
pub(crate) async fn serve_bare(url: &str) -> Outcome<()> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(url).await?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("ready {}", listener.local_addr()?);
    let app = Router::new().route("/rollouts/{id}", get(row)).with_state(pool);
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    tokio::select! {
        served = axum::serve(listener, app) => served?,
        _ = ended => (),
    }
    Ok(())
}

struct Bare {
    child: Child,
    address: SocketAddr,
}

impl Bare {
    async fn start(url: &str) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([BARE, url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let line = lines.next_line().await?.ok_or("the bare server ended")?;
        let address = line.strip_prefix("ready ").ok_or("the bare server is not ready")?.parse()?;
        Ok(Self { child, address })
    }
}

/// One connection that asks for the same thing again and again.
struct Reader {
    stream: BufReader<TcpStream>,
    request: String,
    line: String,
    body: Vec<u8>,
}

impl Reader {
    async fn new(address: SocketAddr, path: &str, token: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        let stream = BufReader::new(stream);
        Ok(Self { stream, request, line: String::new(), body: Vec::new() })
    }

    async fn read(&mut self) -> Outcome<()> {
        self.stream.get_mut().write_all(self.request.as_bytes()).await?;
        let (mut length, mut is_first) = (0, true);
        loop {
            self.line.clear();
            self.stream.read_line(&mut self.line).await?;
            let line = self.line.trim_end();
            if is_first && !line.ends_with("200 OK") {
                return Err(format!("answered {line:?}").into());
            }
            is_first = false;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).await?;
        if self.body.first() == Some(&b'{') { Ok(()) } else { Err("no object".into()) }
    }
}

/// Answers in one turn.
async fn turn(address: SocketAddr, path: &str, token: &str) -> Outcome<u32> {
    let ends = Instant::now() + TURN;
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..READERS {
        let mut reader = Reader::new(address, path, token).await?;
        readers.spawn(async move {
            let mut answers = 0;
            while Instant::now() < ends {
                reader.read().await?;
                answers += 1;
            }
            Outcome::Ok(answers)
        });
    }
    let mut answers: u32 = 0;
    while let Some(read) = readers.join_next().await {
        answers += read??;
    }
    Ok(answers)
}

/// Reads of `rollout`, whose path is `path`, and of its row.
pub(crate) async fn reads(
    url: &str,
    (address, api): (SocketAddr, &Api),
    (path, rollout): (&str, Uuid),
    table: &mut Table,
) -> Outcome<()> {
    let bare = Bare::start(url).await?;
    let row = format!("/rollouts/{rollout}");
    let path = format!("/api/v1{path}");
    // Both have their connections before it counts.
    turn(address, &path, api.token()).await?;
    turn(bare.address, &row, "").await?;
    let (mut ours, mut beside) = (0, 0);
    for _ in 0..TURNS {
        ours += turn(address, &path, api.token()).await?;
        beside += turn(bare.address, &row, "").await?;
    }
    let mut child = bare.child;
    drop(child.stdin.take());
    child.wait().await?;
    let seconds = f64::from(TURNS) * TURN.as_secs_f64();
    let rate = |answers: u32| f64::from(answers) / seconds;
    table.share(
        &format!("reads of a rollout, {READERS} callers at once"),
        (rate(ours), "bare axum and sqlx, one row", rate(beside)),
        50.0,
    );
    Ok(())
}
