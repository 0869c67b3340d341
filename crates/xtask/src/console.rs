//! The web console: checked and built by Node, where there is one. The server is built without it as well.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::process::{passed, root, run};

/// The first version that everything in `package.json` runs on.
const NODE: (u32, u32) = (20, 19);

/// How the program is built that a browser looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Profile {
    Dev,
    Release,
}

/// What is done with the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Only built.
    Build,
    /// Types against the API's description, types, lint, unit tests; then built.
    Check,
}

fn web() -> PathBuf {
    root().join("crates/console/web")
}

/// `cargo xtask console`.
pub(crate) fn console() -> Outcome {
    node()?;
    install()?;
    work(Depth::Check)
}

/// Builds the console if it can be and its sources changed since; says so if it cannot. A build that fails
/// is a failure.
pub(crate) fn where_possible(depth: Depth) -> Result<(), String> {
    if let Err(why) = node() {
        println!("NOT BUILT: the web console: {why}; the server is built without it");
        return Ok(());
    }
    let (stamp, now) = (web().join(stamp_name(depth)), fingerprint()?);
    if built().is_ok() && fs::read_to_string(&stamp).is_ok_and(|there| there == now) {
        return Ok(());
    }
    if let Err(why) = install() {
        println!("NOT BUILT: the web console: {why}; the server is built without it");
        return Ok(());
    }
    if !passed(work(depth)?) {
        return Err("the console could not be built; see above".to_owned());
    }
    let stamps = if depth == Depth::Check { vec![Depth::Check, Depth::Build] } else { vec![depth] };
    for depth in stamps {
        fs::write(web().join(stamp_name(depth)), &now).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Whether the server that is built next holds the console.
pub(crate) fn built() -> Result<(), String> {
    if web().join("dist/app/index.html").is_file() {
        Ok(())
    } else {
        Err("the web console was not built".to_owned())
    }
}

/// Ignored by version control like all of `dist`, and outside of what the server holds.
fn stamp_name(depth: Depth) -> &'static str {
    match depth {
        Depth::Build => "dist/built",
        Depth::Check => "dist/checked",
    }
}

fn work(depth: Depth) -> Outcome {
    let scripts: &[&str] = match depth {
        Depth::Build => &["build"],
        Depth::Check => &["types:check", "typecheck", "lint", "test", "build"],
    };
    for script in scripts {
        let outcome = run(npm().args(["run", "--silent", script]))?;
        if !passed(outcome) {
            return Ok(outcome);
        }
    }
    Ok(std::process::ExitCode::SUCCESS)
}

fn npm() -> Command {
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(web());
    npm
}

/// Exactly what `package-lock.json` says, and none of its scripts.
pub(crate) fn install() -> Result<(), String> {
    let lock = fs::read_to_string(web().join("package-lock.json")).map_err(|e| e.to_string())?;
    let stamp = web().join("node_modules/.installed");
    if fs::read_to_string(&stamp).is_ok_and(|there| there == lock) {
        return Ok(());
    }
    println!("Installing what the console is built with (npm ci).");
    if !passed(run(npm().args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?) {
        return Err("npm ci failed; see above".to_owned());
    }
    fs::write(stamp, lock).map_err(|error| error.to_string())
}

/// Whether there is a Node that is new enough, and npm.
pub(crate) fn node() -> Result<(), String> {
    let said = Command::new("node").arg("--version").stderr(Stdio::null()).output();
    let said = said.map_err(|_| "there is no Node on this machine".to_owned())?;
    let text = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    let wanted = format!("{}.{}", NODE.0, NODE.1);
    match version(&text) {
        Some(found) if found >= NODE => {}
        Some(_) | None => return Err(format!("Node {text} is older than {wanted}")),
    }
    let npm = npm().arg("--version").stdout(Stdio::null()).status();
    match npm {
        Ok(status) if status.success() => Ok(()),
        Ok(_) | Err(_) => Err("there is no npm on this machine".to_owned()),
    }
}

/// `v20.19.4`
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Changes with every source of the console, and with the API's description.
fn fingerprint() -> Result<String, String> {
    let mut files = vec![root().join("docs/openapi.json")];
    collect(&web(), &mut files).map_err(|error| error.to_string())?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        fs::read(&file).map_err(|error| error.to_string())?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !matches!(name, "node_modules" | "dist") {
                collect(&path, files)?;
            }
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// A browser for the tests, installed where that is possible.
pub(crate) fn chromium() -> Result<PathBuf, String> {
    let found = || {
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
    };
    if let Some(path) = found() {
        return Ok(path);
    }
    println!("Installing Chromium (apt-get install chromium) for the tests of the console.");
    crate::database::install(&["chromium"])?;
    found().ok_or_else(|| "there is no Chromium on this machine".to_owned())
}

/// Pictures of the main pages for the documentation: `docs/images`.
pub(crate) fn screenshots() -> Outcome {
    play(Profile::Dev, "screenshots", &[])
}

/// What the console takes of a person's time beside a large fleet, of a build as it is released.
/// `arguments`: nothing, or `--devices N`.
pub(crate) fn bench(arguments: &[String]) -> Outcome {
    let devices = match arguments {
        [] => "100000",
        [flag, devices] if flag == "--devices" => devices,
        _ => return Err("usage: cargo xtask bench-console [--devices N]".to_owned()),
    };
    play(Profile::Release, "bench", &[devices])
}

/// Builds the program and plays a script of `tests/browser` with it and a browser.
fn play(profile: Profile, script: &str, arguments: &[&str]) -> Outcome {
    node()?;
    crate::database::install_if_missing()?;
    where_possible(Depth::Build)?;
    let browser = chromium()?;
    let mut compile = crate::process::cargo(["build", "--locked", "--package", "concentric"]);
    if profile == Profile::Release {
        compile.arg("--release");
    }
    let built = run(compile.env("SQLX_OFFLINE", "true"))?;
    if !passed(built) {
        return Ok(built);
    }
    let mut node = Command::new("node");
    node.arg(format!("tests/browser/{script}.mjs")).args(arguments).current_dir(web());
    node.env("CONCENTRIC_CHROMIUM", browser);
    let program = match profile {
        Profile::Dev => crate::process::binary("concentric")?,
        Profile::Release => crate::process::released("concentric")?,
    };
    node.env("CONCENTRIC_BINARY", program);
    run(&mut node)
}
