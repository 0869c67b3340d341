//! Contexts: where commands go when nobody says so, and where a token never goes.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::process::Command;

use crate::api::{Api, tenant};
use crate::program::{Run, command, finish};

/// A home of its own, gone with the test.
struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = format!("concentric-home-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(path);
        std::fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    fn config(&self) -> PathBuf {
        self.0.join(".config/concentric/config.toml")
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a file");
        private(&path);
        path.to_str().expect("UTF-8").to_owned()
    }

    /// Nothing in the environment but where home is.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command("http://127.0.0.1:1", arguments);
        command.env_remove("CONCENTRIC_URL").env_remove("CONCENTRIC_TOKEN").env("HOME", &self.0);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Run {
        finish(self.command(arguments)).await
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(unix)]
fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("ours");
}

#[cfg(not(unix))]
fn private(_: &Path) {}

#[tokio::test]
async fn a_context_says_server_tenant_and_token() {
    let (api, home) = (Api::start().await, Home::new());
    let second = tenant("0195d000-0000-7000-8000-000000000002", "Fabrikam");
    api.change(|world| world.tenants.push(second));
    let token = home.write("token", "good\n");
    let set = ["context", "set", "prod", "--url", &api.url, "--tenant", "Contoso"];
    let set = home.run(&[&set[..], &["--token-file", &token, "-o", "name"]].concat()).await;
    assert_eq!(set.code, 0, "{}", set.err);
    let list = home.run(&["rollout", "list"]).await;
    assert_eq!((list.code, list.out.as_str()), (0, "2026-11 B\n2026-10 B\n"), "{}", list.err);
    // A flag wins over the environment, that over the context.
    let mut other = home.command(&["rollout", "list"]);
    other.env("CONCENTRIC_TENANT", "Nobody");
    assert_eq!(finish(other).await.code, 3);
    let mut flag = home.command(&["rollout", "list", "--tenant", "Contoso"]);
    flag.env("CONCENTRIC_TENANT", "Nobody");
    assert_eq!(finish(flag).await.code, 0);
}

#[tokio::test]
async fn a_token_goes_to_the_server_of_its_context_alone() {
    let (api, home) = (Api::start().await, Home::new());
    let token = home.write("token", "good\n");
    let elsewhere = "https://concentric.invalid";
    let set = ["context", "set", "prod", "--url", elsewhere, "--token-file", &token];
    assert_eq!(home.run(&set).await.code, 0);
    let run = home.run(&["tenant", "list", "--url", &api.url]).await;
    assert_eq!(run.code, 4, "another server gets no token: {}", run.err);
    let run = home.run(&["tenant", "list", "--url", &api.url, "--token-file", &token]).await;
    assert_eq!(run.code, 0, "{}", run.err);
}

#[tokio::test]
async fn contexts_are_listed_chosen_and_forgotten() {
    let (api, home) = (Api::start().await, Home::new());
    for name in ["prod", "lab"] {
        let mut set = home.command(&["context", "set", name, "--url", &api.url, "--token-stdin"]);
        let token = home.write("stdin", "good\n");
        set.stdin(std::fs::File::open(token).expect("it is there"));
        let set = finish(set).await;
        assert_eq!(set.code, 0, "{}", set.err);
    }
    let kept = home.config().with_file_name("lab.token");
    assert_eq!(std::fs::read_to_string(&kept).expect("it is kept"), "good\n");
    let text = std::fs::read_to_string(home.config()).expect("it is there");
    assert!(!text.contains("good"), "the token stands in a file of its own: {text}");
    #[cfg(unix)]
    for file in [&kept, &home.config()] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(file).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    let list = home.run(&["context", "list", "-o", "jsonl"]).await;
    assert_eq!(list.out.lines().count(), 2, "{}", list.err);
    assert!(home.run(&["context", "current"]).await.out.starts_with("name\tprod\n"));
    assert_eq!(home.run(&["context", "use", "lab"]).await.code, 0);
    assert!(home.run(&["context", "current"]).await.out.starts_with("name\tlab\n"));
    assert_eq!(home.run(&["tenant", "list"]).await.code, 0);
    assert_eq!(home.run(&["context", "delete", "lab"]).await.code, 0);
    assert!(!kept.exists(), "its token is forgotten with it");
    assert_eq!(home.run(&["context", "current"]).await.code, 3);
    let typo = home.run(&["tenant", "list", "--context", "prd"]).await;
    assert_eq!(typo.code, 2);
    assert!(typo.err.contains("did you mean `prod`?"), "{}", typo.err);
}

#[tokio::test]
async fn a_broken_configuration_says_where() {
    let home = Home::new();
    let file = home.write("broken.toml", "current = \"prod\"\ncontext = 1\n");
    let mut list = home.command(&["tenant", "list"]);
    list.env("CONCENTRIC_CONFIG", &file);
    let run = finish(list).await;
    assert_eq!(run.code, 2);
    assert!(run.err.contains("broken.toml") && run.err.contains("context"), "{}", run.err);
}

#[cfg(unix)]
#[tokio::test]
async fn a_token_that_others_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let (api, home) = (Api::start().await, Home::new());
    let token = home.write("token", "good\n");
    let arguments = ["tenant", "list", "--url", &api.url, "--token-file", &token];
    assert_eq!(home.run(&arguments).await.err, "");
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).expect("ours");
    let run = home.run(&arguments).await;
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("mode 0644") && run.err.contains("chmod 600"), "{}", run.err);
}
