//! `promtool`, which reads the alert rules: that of the machine, or out of Debian's package of Prometheus, unpacked
//! under the target directory. Installed, the package would also start a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where it is; or why it is not.
pub(crate) fn promtool() -> Result<PathBuf, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let home = std::path::absolute(target.join("promtool")).map_err(|error| error.to_string())?;
    let found = || {
        let unpacked = home.join("usr/bin/promtool");
        [PathBuf::from("/usr/bin/promtool"), unpacked].into_iter().find(|path| path.exists())
    };
    if let Some(path) = found() {
        return Ok(path);
    }
    println!("Fetching promtool (apt-get download prometheus) for the tests of alert rules.");
    fs::create_dir_all(&home).map_err(|error| error.to_string())?;
    run(Command::new("apt-get").args(["-qq", "download", "prometheus"]), &home)
        .or_else(|_| {
            crate::database::update()?;
            run(Command::new("apt-get").args(["-qq", "download", "prometheus"]), &home)
        })
        .map_err(|why| format!("there is no promtool on this machine: {why}"))?;
    let packages = fs::read_dir(&home).map_err(|error| error.to_string())?;
    let mut packages = packages.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let package = packages.find(|path| path.extension().is_some_and(|ending| ending == "deb"));
    let package = package.ok_or("apt-get downloaded no package")?;
    run(Command::new("dpkg-deb").arg("-x").arg(&package).arg("."), &home)?;
    // Only one of its files is wanted.
    let _ = (fs::remove_file(&package), fs::remove_file(home.join("usr/bin/prometheus")));
    found().ok_or_else(|| "the package of Prometheus holds no promtool".to_owned())
}

fn run(command: &mut Command, folder: &Path) -> Result<(), String> {
    let output = command.current_dir(folder).stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("{command:?}: {}", said.lines().last().unwrap_or_default()))
        }
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}
