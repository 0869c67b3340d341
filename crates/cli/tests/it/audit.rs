//! Verifying an export without any server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use audit::{End, Entry, FORMAT, Header, Line, START, Signer, Statement};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::program::{Run, TempFile, run};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// An export of four entries, the first three of them covered; its checkpoint alone; and its key.
fn files() -> (String, String, String) {
    let (tenant, signer) = (Uuid::from_u128(1), Signer::from_seed(&[7; 32]).unwrap());
    let mut lines = vec![Line::Header(Header { format: FORMAT, tenant })];
    let (mut hash, mut kept) = (START, String::new());
    for seq in 1..=4 {
        let mut entry = Entry {
            seq,
            at: AT,
            rollout: None,
            actor: "ana".to_owned(),
            kind: "budget_set".to_owned(),
            body: format!(r#"{{"devices":{seq}}}"#),
            previous: hash,
            hash: START,
        };
        entry.hash = entry.computed(tenant);
        hash = entry.hash;
        lines.push(Line::Entry(entry));
        if seq == 3 {
            let statement = Statement { tenant, previous: 0, seq, hash, at: AT };
            let checkpoint = Line::Checkpoint(signer.sign(statement).unwrap());
            kept = format!("{checkpoint}\n");
            lines.push(checkpoint);
        }
    }
    lines.push(Line::End(End { seq: 4, hash, checkpoint: 3 }));
    let export = lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n");
    (export, kept, signer.public().to_string())
}

async fn verify(arguments: &[&str]) -> Run {
    run(NOWHERE, &[&["audit", "verify"], arguments].concat()).await
}

#[tokio::test]
async fn an_export_is_verified_from_files_alone() {
    let (export, kept, key) = files();
    let (file, key) = (TempFile::new(&export), TempFile::new(&key));
    let kept = TempFile::new(&format!("{kept}{{\"checkpoint\":{{\"ten"));
    let all = [file.path(), "--checkpoints", kept.path(), "--public-key", key.path()];
    let good = verify(&[&all[..], &["-o", "json"]].concat()).await;
    assert_eq!(good.code, 0, "{}", good.err);
    let said: Value = serde_json::from_str(&good.out).expect("JSON");
    assert_eq!((&said["intact"], &said["covered"]), (&json!(true), &json!(3)), "{said}");
    assert_eq!(good.err, "1 lines of checkpoints are torn, and left out.\n");
    let alone = verify(&[file.path(), "-o", "table"]).await;
    assert_eq!(alone.code, 0);
    assert!(alone.out.contains("up to 3; 1 behind are not covered"), "{}", alone.out);
    assert!(alone.err.contains("No --public-key") && alone.err.contains("No --checkpoints"));
}

#[tokio::test]
async fn damage_has_an_exit_code_of_its_own() {
    let (export, kept, key) = files();
    let (kept, key) = (TempFile::new(&kept), TempFile::new(&key));
    let tampered = TempFile::new(&export.replacen(r#"devices\":2"#, r#"devices\":9"#, 1));
    let run = verify(&[tampered.path(), "--public-key", key.path()]).await;
    assert_eq!(run.code, 17, "{}", run.err);
    assert!(run.out.contains("entry\t2\n") && run.out.contains("line\t3\n"), "{}", run.out);
    // All of it replaced by an empty trail: the copy outside knows better.
    let start = export.lines().next().unwrap();
    let end = Line::End(End { seq: 0, hash: START, checkpoint: 0 });
    let empty = TempFile::new(&format!("{start}\n{end}\n"));
    let run = verify(&[empty.path(), "--checkpoints", kept.path()]).await;
    assert_eq!(run.code, 17, "{}", run.out);
    // Signed by nobody one trusts.
    let other = TempFile::new(&Signer::from_seed(&[8; 32]).unwrap().public().to_string());
    let whole = TempFile::new(&export);
    let run = verify(&[whole.path(), "--public-key", other.path()]).await;
    assert_eq!(run.code, 17, "{}", run.out);
    // What cannot be read is no damage.
    for wrong in [&["/nowhere"][..], &[], &[whole.path(), "--public-key", whole.path()]] {
        assert_eq!(verify(wrong).await.code, 2, "{wrong:?}");
    }
}
