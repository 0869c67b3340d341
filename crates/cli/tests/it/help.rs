//! Help texts: they are the first documentation people meet.

use crate::program::run;

async fn help(arguments: &[&str]) -> String {
    let help = run("http://127.0.0.1:1", &[arguments, &["--help"]].concat()).await;
    assert_eq!(help.code, 0, "{}", help.err);
    // The version and the address of this run are no part of the picture.
    let global = help.out.find("Global options:").unwrap_or(help.out.len());
    let after = help.out.find("Environment:").unwrap_or(help.out.len());
    format!("{}{}", &help.out[..global], &help.out[after..])
}

#[tokio::test]
async fn commands_and_exit_codes_are_listed() {
    insta::assert_snapshot!("help_tenant", help(&["tenant"]).await);
    insta::assert_snapshot!("help_device", help(&["device"]).await);
    insta::assert_snapshot!("help_ring_set", help(&["ring-set"]).await);
    let top = help(&[]).await;
    assert!(top.contains("6 changes pending"), "{top}");
}

#[tokio::test]
async fn long_commands_explain_their_options() {
    insta::assert_snapshot!("help_assess", help(&["tenant", "assess"]).await);
    insta::assert_snapshot!("help_enroll", help(&["tenant", "enroll"]).await);
    insta::assert_snapshot!("help_drift", help(&["tenant", "drift"]).await);
    insta::assert_snapshot!("help_hold", help(&["device", "hold"]).await);
    insta::assert_snapshot!("help_apply", help(&["apply"]).await);
    insta::assert_snapshot!("help_replay", help(&["policy", "replay"]).await);
}
