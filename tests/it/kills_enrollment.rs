//! Servers that are killed while a tenant is enrolled and while it is given back. In the end everything
//! is there once, and then nothing is.
//!
//! The moments are counted in what the tenant has seen, so that they lie all over the steps.

use std::time::{Duration, Instant};

use api_types::EnrollmentState;
use serde_json::{Value, json};
use simulator::Defect;

use crate::enrollment::{everything, objects};
use crate::kills::free_port;
use crate::organisation::{Organisation, Tenant, difference, eventually, wish};
use crate::process::Process;
use crate::stack::{Api, Stack, three_rings};

/// Kills of each direction.
const KILLS: usize = 11;

/// Counts how often the tenant changes until it is as it should be, or until `most` changes.
async fn changes(organisation: &Organisation, end: Option<&Value>, most: usize) -> usize {
    let began = Instant::now();
    let mut last = organisation.state().await;
    let mut seen = 0;
    while seen < most && end.is_none_or(|end| *end != last) {
        assert!(began.elapsed() < Duration::from_secs(30), "{seen} changes and no end");
        let now = organisation.state().await;
        seen += usize::from(now != last);
        last = now;
    }
    seen
}

async fn ask(tenant: &Tenant, settings: &Value, enroll: bool) {
    if enroll {
        let body = json!({ "settings": settings, "apply": true });
        let _: api_types::Enrollment = tenant.put("/enrollment", &body).await;
    } else {
        let body = json!({ "apply": true });
        let _: api_types::Enrollment = tenant.post("/enrollment/unenroll", &body).await;
    }
}

/// Waits until the service says that it is done.
async fn done(tenant: &Tenant, enroll: bool) {
    let wanted = if enroll { EnrollmentState::Enrolled } else { EnrollmentState::NotEnrolled };
    eventually("the enrollment ends", async || {
        let now = tenant.enrollment().await;
        (now.state == wanted && now.members_pending == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_enrollment_survives_its_servers() {
    let stack = Stack::new(wish(40, 2.0)).await;
    let organisation = Organisation::of(&stack.simulator);
    organisation.strike(&[Defect::UpdateRingForAllDevices]).await;
    let listen = free_port();
    let mut server = Process::start(&stack, listen).await;
    let api = Api::new(server.address, server.token.as_deref().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let set = tenant.ring_set(&three_rings()).await;
    let settings = everything(&set);
    tenant.assess().await;
    let empty = organisation.state().await;

    // Uninterrupted, once.
    tenant.enroll(&settings, true).await;
    let full = organisation.state().await;
    ask(&tenant, &settings, false).await;
    let leaving = changes(&organisation, Some(&empty), usize::MAX).await;
    done(&tenant, false).await;
    ask(&tenant, &settings, true).await;
    let coming = changes(&organisation, Some(&full), usize::MAX).await;
    done(&tenant, true).await;
    ask(&tenant, &settings, false).await;
    done(&tenant, false).await;
    assert_eq!(difference(&empty, &organisation.state().await), Vec::<String>::new());

    let mut early = [0, 0];
    for round in 0..KILLS {
        for enroll in [true, false] {
            ask(&tenant, &settings, enroll).await;
            let all = if enroll { coming } else { leaving };
            let (before, after) = if enroll { (&empty, &full) } else { (&full, &empty) };
            // The first kill comes before anything, the last one at the very end.
            changes(&organisation, Some(after), round * all / (KILLS - 1)).await;
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..8))).await;
            server.kill().await;
            let at_kill = organisation.state().await;
            objects(&at_kill);
            early[usize::from(enroll)] += usize::from(at_kill != *after);
            server = Process::start(&stack, listen).await;
            done(&tenant, enroll).await;
            let end = organisation.state().await;
            objects(&end);
            let difference = difference(after, &end);
            let from = crate::organisation::difference(before, &at_kill).len();
            assert!(
                difference.is_empty() && *after == end,
                "round {round}, enroll {enroll}, killed after {from} differences:\n{}",
                difference.join("\n")
            );
        }
    }
    println!("{coming} and {leaving} changes; kills in the middle: {early:?} of {KILLS}");
    assert!(early.iter().all(|early| early * 2 >= KILLS), "{early:?}");
    server.kill().await;
    stack.end().await;
}
