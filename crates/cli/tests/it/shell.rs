//! Completions and manual pages.

use crate::program::run;

const NOWHERE: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn every_shell_gets_completions_that_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = run(NOWHERE, &["completion", shell]).await;
        assert_eq!(run.code, 0, "{shell}: {}", run.err);
        for word in ["rollout", "rollback", "ring-set", "whoami", "dry-run"] {
            assert!(run.out.contains(word), "{shell} does not know {word}");
        }
        assert!(!run.out.contains(NOWHERE), "nothing of this environment in it");
    }
}

#[tokio::test]
async fn there_is_a_manual_page_for_each_command() {
    let directory = std::env::temp_dir().join(format!("concentric-man-{}", std::process::id()));
    let path = directory.to_str().expect("UTF-8");
    let run = run(NOWHERE, &["man", "--dir", path]).await;
    assert_eq!(run.code, 0, "{}", run.err);
    let page = |name: &str| std::fs::read_to_string(directory.join(name));
    let top = page("concentric.1").expect("the first page");
    let rollback = page("concentric-rollout-rollback.1").expect("a page for each command");
    std::fs::remove_dir_all(&directory).expect("ours");
    assert!(top.contains("Exit codes"), "{top}");
    assert!(rollback.contains("preview"), "{rollback}");
    assert!(!top.contains(NOWHERE) && !rollback.contains(NOWHERE), "nothing of this environment");
}
