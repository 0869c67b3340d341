//! The statistics by hand: no server anywhere.

use serde_json::{Value, json};

use crate::program::{Run, run};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

async fn gate(arguments: &str) -> Run {
    let arguments: Vec<&str> = ["gate"].into_iter().chain(arguments.split(' ')).collect();
    run(NOWHERE, &arguments).await
}

async fn read(arguments: &str) -> Value {
    let run = gate(&format!("{arguments} -o json")).await;
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{arguments}");
    serde_json::from_str(&run.out).expect("JSON")
}

#[tokio::test]
async fn evidence_halts_at_the_halt_line() {
    let halts = |failures: u32, devices: u32| async move {
        let successes = devices - failures;
        let text = format!("evidence --failures {failures} --successes {successes} --limit 0.02");
        read(&text).await["halts"].clone()
    };
    assert_eq!((halts(10, 132).await, halts(10, 133).await), (json!(true), json!(false)));
    let strict = read("evidence --failures 10 --successes 122 --limit 2% --alpha 0.1%").await;
    assert_eq!(strict["halts"], json!(false));
    let ln_e = strict["ln_e"].as_f64().expect("a number");
    assert!((ln_e - 4.638_154_833_619_648).abs() < 1e-9);
}

#[tokio::test]
async fn a_ring_says_what_it_can_prove() {
    let hundred = read("prove --devices 100 --limit 0.02").await;
    let rate = hundred["smallest_rate"].as_f64().expect("a number");
    assert!((0.13..0.135).contains(&rate), "{rate}");
    assert_eq!(read("prove --devices 1 --limit 0.02").await["smallest_rate"], Value::Null);
    let table = gate("prove --devices 100 --limit 2%").await;
    assert_eq!(table.out, "smallest rate caught\t13.4 %\nchance\t95 %\n");
}

#[tokio::test]
async fn a_limit_that_is_no_share_is_refused() {
    for bad in ["2", "0", "two"] {
        let run = gate(&format!("prove --devices 10 --limit {bad}")).await;
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{bad}: {}", run.err);
    }
}
