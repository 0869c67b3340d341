//! Rate limits: one caller does not crowd out the others, and nothing keeps anybody from a stop.

use std::num::NonZeroU32;

use api::Limits;
use api::access::Role;
use axum::http::Method;

use crate::world::World;

/// So high that no test meets it.
pub(crate) const NONE: Limits = Limits { per_second: NonZeroU32::MAX, burst: NonZeroU32::MAX };

#[tokio::test]
async fn one_caller_waits_and_the_others_do_not() {
    let few = NonZeroU32::new(5).unwrap();
    let world = World::limited(Limits { per_second: NonZeroU32::MIN, burst: few }).await;
    let hasty = world.token(Role::Viewer, None).await;
    let read =
        async |token: &str| world.call(Method::GET, "/api/v1/tenants", Some(token), None).await;
    for left in (0..5).rev() {
        let answer = read(&hasty).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["ratelimit-policy"], "\"default\";q=5;w=5");
        let said = answer.headers["ratelimit"].to_str().unwrap();
        assert!(said.starts_with(&format!("\"default\";r={left};t=")), "{said}");
    }
    let refused = read(&hasty).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.body["code"], "too_many_requests");
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    assert_eq!(read(&world.admin).await.status, 200, "others are not kept waiting");
    tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
    assert_eq!(read(&hasty).await.status, 200, "after the time that was said");
}

#[tokio::test]
async fn a_stop_is_never_told_to_wait() {
    let few = NonZeroU32::new(20).unwrap();
    let world = World::limited(Limits { per_second: NonZeroU32::MIN, burst: few }).await;
    let tenant = world.tenant("Ours").await;
    let rollout = world.rollout(tenant).await;
    let operator = world.token(Role::Operator, None).await;
    let base = format!("/api/v1/tenants/{tenant}");
    let call =
        async |path: &str| world.call(Method::POST, path, Some(&operator), None).await.status;
    let mut refused = false;
    for _ in 0..30 {
        refused |= call(&format!("{base}/sync")).await == 429;
    }
    assert!(refused, "the operator has used up everything");
    for path in [
        format!("{base}/rollouts/{rollout}/pause"),
        format!("{base}/pause"),
        format!("{base}/rollouts/{rollout}/rings/0/pause"),
    ] {
        for _ in 0..30 {
            assert_eq!(call(&path).await, 200, "{path}");
        }
    }
}
