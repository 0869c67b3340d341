//! What was kept for those who send a request again goes when its day is over, and not before.

use std::time::Duration;

use simulator::Scenario;
use sqlx::Executor as _;
use uuid::Uuid;

use crate::stack::{Stack, Wish};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_forgets_answers_of_yesterday() {
    let stack = Stack::new(Wish { devices: 20, speed: 1.0, scenario: Scenario::Healthy }).await;
    // The first start makes the tables.
    stack.serve().await.shutdown().await;
    let mut raw = stack.database.connect().await;
    for (key, hours) in [("yesterday", 25), ("today", 23)] {
        let old = "insert into asked (tenant_id, caller, key, request, begun_at)
                   values ($1, $1, $2, '', now() - make_interval(hours => $3))";
        let old = sqlx::query(old).bind(Uuid::nil()).bind(key).bind(hours);
        raw.execute(old).await.unwrap();
    }
    let server = stack.serve().await;
    let mut left: Vec<String> = Vec::new();
    for _ in 0..800 {
        let keys = sqlx::query_scalar("select key from asked order by key");
        left = keys.fetch_all(&mut raw).await.unwrap();
        if left.len() < 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(left, ["today"]);
    server.shutdown().await;
    stack.end().await;
}
