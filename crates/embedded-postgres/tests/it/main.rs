//! The embedded server against the PostgreSQL that is installed here. Each test has a directory
//! of its own under /tmp, because the server's account must be able to reach it.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use embedded_postgres::{Error, Options, Postgres};

const HOLD: &str = "EMBEDDED_POSTGRES_TEST_HOLD";

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory =
            PathBuf::from(format!("/tmp/embedded-postgres-{}-{number}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        Self(directory)
    }

    fn options(&self) -> Options {
        let settings = vec![("shared_buffers".to_owned(), "16MB".to_owned())];
        Options { data_dir: self.0.join("data"), settings }
    }

    fn start(&self) -> Postgres {
        Postgres::start(&self.options()).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn sql(postgres: &Postgres, database: &str, statement: &str) -> String {
    let mut psql = postgres.psql(database).unwrap();
    let output = psql.args(["-A", "-t", "-c", statement]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn runs(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn the_server_answers_on_a_private_socket_only() {
    let scratch = Scratch::new();
    let postgres = scratch.start();
    assert_eq!(sql(&postgres, "postgres", "select 1"), "1");
    assert_eq!(sql(&postgres, "postgres", "show listen_addresses"), "");
    assert_eq!(sql(&postgres, "postgres", "show data_checksums"), "on");
    assert_eq!(sql(&postgres, "postgres", "show shared_buffers"), "16MB");
    assert_eq!(sql(&postgres, "postgres", "show server_encoding"), "UTF8");
    let pid = postgres.pid();
    postgres.stop().unwrap();
    assert!(!runs(pid));
}

#[test]
fn the_url_opens_the_database_it_names() {
    let scratch = Scratch::new();
    let postgres = scratch.start();
    postgres.create_database_if_missing("fleet").unwrap();
    postgres.create_database_if_missing("fleet").unwrap();
    let refused = postgres.create_database_if_missing("fleet\"; drop");
    assert!(matches!(refused, Err(Error::DatabaseName { .. })), "{refused:?}");
    let url = postgres.url("fleet");
    assert!(url.starts_with("postgres://postgres@localhost:5432/fleet?host=%2Ftmp%2F"), "{url}");
    assert_eq!(sql(&postgres, &url, "select current_database()"), "fleet");
}

#[test]
fn a_stopped_cluster_keeps_its_tables() {
    let scratch = Scratch::new();
    let postgres = scratch.start();
    sql(&postgres, "postgres", "create table kept as select 42 as answer");
    postgres.stop().unwrap();
    let postgres = scratch.start();
    assert_eq!(sql(&postgres, "postgres", "select answer from kept"), "42");
}

#[test]
fn dropping_the_handle_stops_the_server() {
    let scratch = Scratch::new();
    let postgres = scratch.start();
    let pid = postgres.pid();
    drop(postgres);
    assert!(!runs(pid));
}

#[test]
fn the_server_stays_when_the_thread_that_started_it_ends() {
    let scratch = Scratch::new();
    let options = scratch.options();
    let starter = std::thread::spawn(move || Postgres::start(&options).unwrap());
    let postgres = starter.join().unwrap();
    sleep(Duration::from_millis(300));
    assert_eq!(sql(&postgres, "postgres", "select 1"), "1");
}

#[test]
fn a_path_too_long_for_a_socket_works_and_leaves_nothing_in_tmp() {
    let scratch = Scratch::new();
    let data_dir = scratch.0.join("x".repeat(100)).join("data");
    let postgres = Postgres::start(&Options { data_dir, settings: Vec::new() }).unwrap();
    assert_eq!(sql(&postgres, "postgres", "select 1"), "1");
    let socket_dir = postgres.socket_dir().to_owned();
    assert_eq!(socket_dir.parent(), Some(Path::new("/tmp")));
    postgres.stop().unwrap();
    assert!(!socket_dir.exists());
}

#[test]
fn a_second_start_is_refused_and_names_the_server() {
    let scratch = Scratch::new();
    let postgres = scratch.start();
    let refused = Postgres::start(&scratch.options()).unwrap_err();
    assert!(matches!(refused, Error::InUse { pid, .. } if pid == postgres.pid()), "{refused}");
    assert!(refused.to_string().contains(&postgres.pid().to_string()));
    assert_eq!(sql(&postgres, "postgres", "select 1"), "1");
}

#[test]
fn a_directory_with_other_things_is_left_alone() {
    let scratch = Scratch::new();
    let data = scratch.0.join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("letter.txt"), "dear").unwrap();
    let refused = Postgres::start(&scratch.options()).unwrap_err();
    assert!(matches!(refused, Error::NotACluster(_)), "{refused}");
    assert!(data.join("letter.txt").exists());
}

#[test]
fn a_cluster_of_another_major_version_is_refused() {
    let scratch = Scratch::new();
    let data = scratch.0.join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let refused = Postgres::start(&scratch.options()).unwrap_err();
    assert!(matches!(refused, Error::OtherMajor { cluster: 9, .. }), "{refused}");
}

#[test]
fn an_interrupted_initdb_and_a_stale_pid_file_are_no_obstacle() {
    let scratch = Scratch::new();
    let unfinished = scratch.0.join("data.new");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    scratch.start().stop().unwrap();
    // First a process that is gone, then one that has nothing to do with PostgreSQL.
    let gone = ended_process();
    for pid in [gone, std::process::id()] {
        let file = format!("{pid}\n/elsewhere\n1700000000\n5432\n\n\n\nready   \n");
        fs::write(scratch.0.join("data/postmaster.pid"), file).unwrap();
        scratch.start().stop().unwrap();
    }
}

fn ended_process() -> u32 {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id()
}

#[test]
fn a_broken_setting_is_reported_in_the_servers_words() {
    let scratch = Scratch::new();
    let mut options = scratch.options();
    options.settings.push(("no_such_setting".to_owned(), "1".to_owned()));
    let refused = Postgres::start(&options).unwrap_err();
    assert!(refused.to_string().contains("no_such_setting"), "{refused}");
}

#[test]
fn a_closed_parent_directory_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Scratch::new();
    let closed = scratch.0.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let options = Options { data_dir: closed.join("data"), settings: Vec::new() };
    match Postgres::start(&options) {
        // Only root runs the server as someone else.
        Ok(postgres) => assert!(postgres.stop().is_ok() && !is_root()),
        Err(Error::Closed { directory, .. }) => assert_eq!(directory, closed),
        Err(other) => panic!("{other}"),
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}

/// Starts a server in another process: this very program, told by the environment to run only
/// the "test" below.
fn holder(data_dir: &Path, path: &OsStr) -> (Child, u32) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hold_a_server_when_asked", "--nocapture"])
        .env(HOLD, data_dir)
        .env("PATH", path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = announced(&data_dir.with_extension("ready"));
    if pid.is_none() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    (child, pid.expect("the other process starts a server"))
}

fn announced(ready: &Path) -> Option<u32> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_mins(1) {
        if let Ok(text) = fs::read_to_string(ready) {
            return text.parse().ok();
        }
        sleep(Duration::from_millis(20));
    }
    None
}

#[test]
fn hold_a_server_when_asked() {
    let Some(data_dir) = std::env::var_os(HOLD).map(PathBuf::from) else { return };
    let postgres =
        Postgres::start(&Options { data_dir: data_dir.clone(), settings: Vec::new() }).unwrap();
    let ready = data_dir.with_extension("ready");
    let unfinished = data_dir.with_extension("almost");
    fs::write(&unfinished, postgres.pid().to_string()).unwrap();
    fs::rename(&unfinished, &ready).unwrap();
    sleep(Duration::from_mins(2));
}

fn own_path() -> OsString {
    std::env::var_os("PATH").unwrap()
}

#[test]
fn a_killed_program_leaves_the_directory_to_the_next() {
    let scratch = Scratch::new();
    let (mut child, server) = holder(&scratch.0.join("data"), &own_path());
    let refused = Postgres::start(&scratch.options()).unwrap_err();
    assert!(matches!(refused, Error::InUse { pid, .. } if pid == server), "{refused}");
    child.kill().unwrap();
    child.wait().unwrap();
    succeeds(&scratch, server);
}

#[test]
fn a_server_that_outlives_its_program_is_ended_by_the_next() {
    // Without `setpriv` on its path the killed program's server hears nothing of the kill.
    let scratch = Scratch::new();
    let path = scratch.0.join("path");
    fs::create_dir(&path).unwrap();
    let entries = own_path();
    let mut entries = std::env::split_paths(&entries).map(|entry| entry.join("id"));
    let id = entries.find(|id| id.exists()).unwrap();
    std::os::unix::fs::symlink(id, path.join("id")).unwrap();
    let (mut child, server) = holder(&scratch.0.join("data"), path.as_os_str());
    child.kill().unwrap();
    child.wait().unwrap();
    sleep(Duration::from_millis(300));
    assert!(runs(server), "it should not have heard");
    succeeds(&scratch, server);
}

fn succeeds(scratch: &Scratch, server: u32) {
    let began = Instant::now();
    let postgres = scratch.start();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(!runs(server));
    assert_eq!(sql(&postgres, "postgres", "select 1"), "1");
}
