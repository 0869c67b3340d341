//! Approvals: distinct people, never the author, of what they saw (I9).

use chrono::{DateTime, Utc};
use domain::approval::{Context, Quorum, judge};
use domain::attempt::AttemptState;
use domain::gate::Verdict;
use domain::ids::{PlanId, RolloutId};
use domain::ring::{RingIndex, RingSet};
use domain::rollout::observations::Wish;
use domain::rollout::phase::Event;
use domain::work::WorkKind;
use store::StoreError;
use store::approvals::{ApprovalRow, Evidence, NewApproval};
use store::events::ChainState;
use store::ingest::Report;
use uuid::Uuid;

use crate::world::{ALL, FIRST, World, execute, hour, new_rollout, number, ring, tenant};

/// A rollout whose first ring asks for two of ben, cleo and ana, who made it.
async fn world() -> World {
    let mut world = World::of(200).await;
    world.request(Wish::Cancel, hour(1)).await.expect("a good world");
    world.record(Event::Cancelled, hour(1)).await.expect("a good world");
    let mut rings = vec![ring("First", 30, vec![]), ring("Broad", 70, vec![])];
    let approvers = ["Ben", "cleo", "ana"].map(str::to_owned).to_vec();
    rings[0].approvals = Quorum::new(2, approvers).ok();
    let set = RingSet::new("Rings".to_owned(), rings).expect("a good set");
    world
        .store
        .ring_set_update(world.tenant, world.ring_set, &set, "ana", hour(1))
        .await
        .expect("a good world");
    let new = new_rollout(world.release, world.ring_set);
    let row =
        world.store.rollout_create(world.tenant, &new, "ana", hour(1)).await.expect("a good world");
    world.rollout = row.id;
    world
}

/// As `world`, with the first ring open.
async fn opened() -> World {
    let world = world().await;
    world.record(Event::RingOpened { ring: FIRST }, hour(1)).await.expect("a good world");
    world
}

async fn seen(world: &World) -> NewApproval {
    let row = world.store.rollout_fetch(world.tenant, world.rollout).await.expect("a good world");
    let evidence = Evidence::of(row.plan, FIRST, &row.rings[0].tally);
    NewApproval { ring: FIRST, plan: row.plan, evidence, comment: "looked at it".to_owned() }
}

async fn give(
    world: &World,
    new: &NewApproval,
    by: &str,
    at: DateTime<Utc>,
) -> Result<ApprovalRow, StoreError> {
    world.store.approval_give(world.tenant, world.rollout, new, by, at).await
}

async fn verdict(world: &World, now: DateTime<Utc>) -> (Verdict, Vec<String>) {
    let book = world.store.approval_list(world.tenant, world.rollout).await.expect("a good world");
    let given: Vec<_> = book.approvals.into_iter().map(|row| row.approval).collect();
    let quorum = book.plan.rings()[0].approvals.as_ref();
    let (plan, author) = (book.plan_id, book.author.as_str());
    let context = Context { ring: FIRST, plan, author, void_before: None, now };
    let (verdict, tally) = judge(quorum, &given, &context);
    (verdict, tally.counted)
}

#[track_caller]
fn said<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> String {
    match outcome.expect_err("it is refused") {
        StoreError::Forbidden(why) => format!("forbidden: {why}"),
        StoreError::Conflict(why) => format!("conflict: {why}"),
        StoreError::Invalid(why) => format!("invalid: {why}"),
        other @ (StoreError::NotFound { .. }
        | StoreError::Stale
        | StoreError::Tried
        | StoreError::Changed
        | StoreError::LeaseLost
        | StoreError::Corrupt(_)
        | StoreError::Schema(_)
        | StoreError::Database(_)) => format!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_who_did_not_make_it_are_enough_for_a_day() {
    let world = opened().await;
    let new = seen(&world).await;
    let before = world
        .store
        .rollout_fetch(world.tenant, world.rollout)
        .await
        .expect("a good world")
        .generation;
    let ben = give(&world, &new, "ben", hour(2)).await.expect("a good world");
    assert_eq!(verdict(&world, hour(2)).await, (Verdict::Wait { until: None }, vec!["ben".into()]));
    let cleo = give(&world, &new, "cleo", hour(3)).await.expect("a good world");
    assert_eq!(cleo.approval.expires_at, hour(27));
    let both = vec!["ben".to_owned(), "cleo".to_owned()];
    assert_eq!(verdict(&world, hour(25)).await, (Verdict::Pass, both));
    assert_eq!(verdict(&world, hour(26)).await.1, ["cleo"]);
    // Ben's has expired, so it may be given again; Cleo's has not.
    give(&world, &new, "Ben", hour(26)).await.expect("a good world");
    assert_eq!(verdict(&world, hour(26)).await.0, Verdict::Pass);
    let again = "conflict: Cleo approved ring 0 (First) already, until 2024-10-05 03:00 UTC; withdraw \
                 that to approve anew";
    assert_eq!(said(give(&world, &new, "Cleo", hour(26)).await), again);
    // Each woke the planner, made older decisions stale and stands in the chain.
    let after = world
        .store
        .rollout_fetch(world.tenant, world.rollout)
        .await
        .expect("a good world")
        .generation;
    assert_eq!(after, before + 3);
    let claims =
        world.store.work_claim(&[WorkKind::Decide], 9, std::time::Duration::from_secs(9), hour(26));
    assert!(
        claims.await.expect("a good world").iter().any(|claim| claim.subject == world.rollout.0)
    );
    let events =
        world.store.event_list(world.tenant, world.rollout, 0, 100).await.expect("a good world");
    let given: Vec<_> = events.iter().filter(|event| event.kind == "approved").collect();
    assert_eq!((given.len(), given[0].actor.as_str()), (3, "ben"));
    let body: serde_json::Value = serde_json::from_str(&given[0].body).expect("a good world");
    assert_eq!(body["approval"], ben.id.to_string());
    assert_eq!(body["evidence"], new.evidence.to_string());
    let chain = world.store.chain_verify(world.tenant).await.expect("a good world");
    assert!(matches!(chain, ChainState::Intact { .. }), "{chain:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_count_is_refused() {
    let world = world().await;
    let new = seen(&world).await;
    let mut refusals = vec![said(give(&world, &new, "ben", hour(2)).await)];
    world.record(Event::RingOpened { ring: FIRST }, hour(2)).await.expect("a good world");
    let second = NewApproval { ring: RingIndex(1), ..new.clone() };
    let third = NewApproval { ring: RingIndex(2), ..new.clone() };
    for (new, by) in [(&new, "ANA "), (&new, "dan"), (&second, "ben"), (&third, "ben")] {
        refusals.push(said(give(&world, new, by, hour(2)).await));
    }
    let other = NewApproval { plan: PlanId(Uuid::from_u128(1)), ..new.clone() };
    let refused = said(give(&world, &other, "ben", hour(2)).await);
    refusals.push(refused.replace(&new.plan.to_string(), "<plan>"));
    world.record(Event::RingOpened { ring: RingIndex(1) }, hour(3)).await.expect("a good world");
    refusals.push(said(give(&world, &new, "ben", hour(3)).await));
    world.record(Event::Cancelled, hour(4)).await.expect("a good world");
    refusals.push(said(give(&world, &new, "ben", hour(4)).await));
    // Nobody but the author and one more: it would wait for ever.
    let book = world.store.approval_list(world.tenant, world.rollout).await.expect("a good world");
    assert_eq!(book.approvals, []);
    let mut rings = book.plan.rings().to_vec();
    rings[0].approvals = Quorum::new(2, vec!["Ana".to_owned(), "ben".to_owned()]).ok();
    let set = RingSet::new("Rings".to_owned(), rings).expect("a good set");
    world
        .store
        .ring_set_update(world.tenant, world.ring_set, &set, "ana", hour(5))
        .await
        .expect("a good world");
    let new = new_rollout(world.release, world.ring_set);
    refusals.push(said(world.store.rollout_create(world.tenant, &new, "ana", hour(5)).await));
    let expected = [
        "conflict: the rollout is scheduled: there is nothing to approve",
        "forbidden: ANA  made the plan, and its author cannot approve it; somebody else has to",
        "forbidden: dan is not among the approvers of ring 0 (First): Ben, cleo, ana",
        "conflict: ring 1 (Broad) asks for no approvals",
        "invalid: the plan has no ring 2",
        "conflict: the rollout follows another plan now: revision 1, <plan>; look again",
        "conflict: ring 1 (Broad) has opened already: an approval of ring 0 (First) changes nothing",
        "conflict: the rollout is cancelled: there is nothing to approve",
        "invalid: ring 0 (First) needs 2 approvals, and too few people besides ana, who would be the \
         author, may give one",
    ];
    assert_eq!(refusals, expected);
    world.store.rollout_create(world.tenant, &new, "dan", hour(5)).await.expect("a good world");
}

#[tokio::test(flavor = "multi_thread")]
async fn worse_evidence_is_to_be_looked_at_again_and_better_is_not() {
    let world = opened().await;
    world.offer(20, hour(2)).await.expect("a good world");
    let new = seen(&world).await;
    let devices: Vec<_> = world.attempts().await.into_iter().map(|one| one.0).collect();
    let report = async |at: usize, state| {
        let reports = [Report { device: devices[at], state, code: None, at: hour(3) }];
        let counts = world.store.report_ingest(world.tenant, world.rollout, &reports, hour(3));
        assert_eq!(counts.await.expect("a good world").moved, 1);
    };
    report(0, AttemptState::Installed).await;
    give(&world, &new, "ben", hour(3)).await.expect("a good world");
    report(1, AttemptState::Failed).await;
    let worse = "conflict: failed devices grew from 0 to 1 since you looked; look again";
    assert_eq!(said(give(&world, &new, "cleo", hour(3)).await), worse);
    let new = seen(&world).await;
    give(&world, &new, "cleo", hour(4)).await.expect("a good world");
    assert_eq!(verdict(&world, hour(4)).await.0, Verdict::Pass);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_withdrawn_by_who_gave_it_until_it_was_used() {
    let world = opened().await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    let new = seen(&world).await;
    let first = give(&world, &new, "ben", hour(2)).await.expect("a good world").id;
    let foreign = store.approval_withdraw(tenant, rollout, first, "cleo", hour(2)).await;
    let others = "forbidden: this is the approval of ben, and only ben may withdraw it";
    assert_eq!(said(foreign), others);
    let decided_on = store.rollout_snapshot(tenant, rollout).await.expect("a good world");
    for _ in 0..2 {
        store
            .approval_withdraw(tenant, rollout, first, "Ben", hour(3))
            .await
            .expect("a good world");
    }
    // What was decided while it counted cannot be recorded any more.
    let event = Event::RingOpened { ring: RingIndex(1) };
    let late = store.rollout_record(tenant, rollout, &decided_on, event, hour(3)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    assert_eq!(verdict(&world, hour(3)).await.1, [""; 0]);
    let events = store.event_list(tenant, rollout, 0, 100).await.expect("a good world");
    assert_eq!(events.iter().filter(|one| one.kind == "approval_withdrawn").count(), 1);
    let second = give(&world, &new, "ben", hour(4)).await.expect("a good world").id;
    world.record(event, hour(5)).await.expect("a good world");
    let used = store.approval_withdraw(tenant, rollout, second, "ben", hour(5)).await;
    let late =
        "conflict: ring 1 (Broad) has opened since; pausing the rollout is what stops it now";
    assert_eq!(said(used), late);
    let nothing = Uuid::from_u128(1);
    let unknown = store.approval_withdraw(tenant, rollout, nothing, "ben", hour(5)).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { what: "approval" })), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_who_asks_eight_times_at_once_approves_once() {
    let world = opened().await;
    let new = seen(&world).await;
    let asked = (0..8).map(|at| {
        let (store, new, tenant, rollout) =
            (world.store.clone(), new.clone(), world.tenant, world.rollout);
        tokio::spawn(async move {
            let by = if at % 2 == 0 { "ben" } else { "BEN" };
            store.approval_give(tenant, rollout, &new, by, hour(2)).await.is_ok()
        })
    });
    let mut given = 0;
    for one in asked.collect::<Vec<_>>() {
        given += i32::from(one.await.expect("a good world"));
    }
    assert_eq!(given, 1);
    assert_eq!(verdict(&world, hour(2)).await.1.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_of_another_tenant_are_not_there() {
    let world = opened().await;
    let other = tenant(&world.store, 2).await;
    let new = seen(&world).await;
    let id = give(&world, &new, "ben", hour(2)).await.expect("a good world").id;
    let missing = |outcome: Result<(), StoreError>| {
        assert!(matches!(outcome, Err(StoreError::NotFound { what: "rollout" })), "{outcome:?}");
    };
    let (store, rollout) = (&world.store, world.rollout);
    missing(store.approval_list(other, rollout).await.map(drop));
    missing(store.approval_give(other, rollout, &new, "cleo", hour(3)).await.map(drop));
    missing(store.approval_withdraw(other, rollout, id, "ben", hour(3)).await);
    missing(store.approval_list(world.tenant, RolloutId(Uuid::from_u128(1))).await.map(drop));
    // Row-level security by itself; and what was said is not changed afterwards.
    let mut raw = world.database.raw().await;
    execute(&mut raw, "set role concentric_app").await.expect("a good world");
    execute(&mut raw, &format!("set concentric.tenant = '{other}'")).await.expect("a good world");
    assert_eq!(number(&mut raw, "select count(*) from approval").await, 0);
    execute(&mut raw, &format!("set concentric.tenant = '{}'", world.tenant))
        .await
        .expect("a good world");
    assert_eq!(number(&mut raw, "select count(*) from approval").await, 1);
    for forbidden in ["delete from approval", "update approval set given_by = 'cleo'"] {
        assert!(execute(&mut raw, forbidden).await.is_err(), "{forbidden} was allowed");
    }
    assert_eq!(store.rollout_list(other, ALL).await.expect("a good world"), []);
}
