//! The trail in the tables: random tamperings by somebody who may do anything to the database, but
//! has no key, are all found.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use audit::{Checkpoint, Damage, Link, Outside, Report, START, Signer, Statement, Trust, Verifier};
use domain::rollout::observations::Wish;
use fastrand::Rng;
use sqlx::{PgConnection, Row as _};
use store::audit_trail::{Direction, Filter};
use uuid::Uuid;

use crate::world::{World, execute, hour, number};

const TAMPERINGS: u64 = 240;

async fn verify(world: &World, signer: &Signer) -> Result<Report, Damage> {
    let trust = Trust::Keys(vec![signer.public()]);
    let mut verifier = Verifier::new(trust, Outside::default(), None);
    let mut trail = world.store.audit_trail(world.tenant).await.unwrap();
    while let Some(lines) = trail.next().await.unwrap() {
        lines.iter().try_for_each(|line| verifier.line(line))?;
    }
    verifier.finish()
}

/// Signs what grew, of this tenant alone.
async fn sign(world: &World, signer: &Signer) -> Checkpoint {
    let grown = world.store.audit_grown().await.unwrap();
    let grown = grown.iter().find(|grown| grown.tenant == world.tenant).expect("it grew");
    let previous = grown.signed.map_or(0, |signed| signed.seq);
    let (tenant, at) = (world.tenant.0, hour(1));
    let (seq, hash) = (grown.head.seq, grown.head.hash);
    let checkpoint = signer.sign(Statement { tenant, previous, seq, hash, at }).unwrap();
    assert!(world.store.audit_checkpoint_add(&checkpoint).await.unwrap());
    assert!(!world.store.audit_checkpoint_add(&checkpoint).await.unwrap(), "it is there already");
    checkpoint
}

/// A chain with three checkpoints, the last of its last entry.
async fn signed_world(signer: &Signer) -> World {
    let world = World::of(20).await;
    for _ in 0..3 {
        for wish in [Wish::Hold, Wish::Run].repeat(5) {
            world.request(wish, hour(2)).await.expect("it works");
        }
        sign(&world, signer).await;
    }
    world
}

/// One change of the tables, as SQL.
fn tampering(rng: &mut Rng, last: i64) -> String {
    let seq = rng.i64(1..=last);
    match rng.u8(0..12) {
        0 => format!("update event set body = body || ' ' where seq = {seq}"),
        1 => format!("update event set actor = actor || 'x' where seq = {seq}"),
        2 => format!("update event set kind = 'x' || kind where seq = {seq}"),
        3 => format!("update event set at = at + interval '1 microsecond' where seq = {seq}"),
        4 => format!("update event set rollout_id = gen_random_uuid() where seq = {seq}"),
        5 => format!("update event set hash = sha256(hash) where seq = {seq}"),
        6 => format!("update event set previous = sha256(previous) where seq = {seq}"),
        7 => format!("delete from event where seq = {seq}"),
        8 => format!(
            "update event set seq = 0 where seq = {seq};
             update event set seq = {seq} where seq = {other};
             update event set seq = {other} where seq = 0",
            other = if seq == last { 1 } else { last }
        ),
        // Cut off, head and all, with the checkpoints that would miss it; its own are still known
        // by their line.
        9 => "delete from audit_checkpoint c where seq < (select max(seq) from audit_checkpoint)"
            .to_owned(),
        10 => "update audit_checkpoint set signature = signature || '' , at = at + interval '1 s'
               where seq = (select min(seq) from audit_checkpoint)"
            .to_owned(),
        _ => "with other as (select signature from audit_checkpoint order by seq desc limit 1)
              update audit_checkpoint set signature = other.signature from other
              where seq = (select min(seq) from audit_checkpoint)"
            .to_owned(),
    }
}

/// Changes one entry, and makes every hash behind it anew, head and checkpoints too.
async fn rewrite(raw: &mut PgConnection, tenant: Uuid, from: i64) {
    execute(raw, &format!("update event set actor = 'nobody' where seq = {from}")).await.unwrap();
    let select = "select seq, rollout_id, at, actor, kind, body from event order by seq";
    let rows = sqlx::query(select).fetch_all(&mut *raw).await.unwrap();
    let mut previous = START;
    for row in rows {
        let seq: i64 = row.get("seq");
        let (actor, kind): (String, String) = (row.get("actor"), row.get("kind"));
        let (body, at): (String, _) = (row.get("body"), row.get("at"));
        let link = Link {
            tenant,
            previous: &previous.0,
            seq,
            rollout: row.get("rollout_id"),
            at,
            actor: &actor,
            kind: &kind,
            body: &body,
        };
        let hash = link.hash();
        let sql = format!(
            "update event set previous = '\\x{previous}', hash = '\\x{hash}' where seq = {seq};
             update chain_head set hash = '\\x{hash}' where seq = {seq};
             update audit_checkpoint set hash = '\\x{hash}' where seq = {seq}"
        );
        execute(raw, &sql).await.unwrap();
        previous = hash;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tamperings_of_the_tables_are_found() {
    let signer = Signer::from_seed(&[7; 32]).unwrap();
    let world = Box::pin(signed_world(&signer)).await;
    let good = verify(&world, &signer).await.unwrap();
    assert_eq!((good.uncovered(), good.checkpoints), (0, 3));
    let mut raw = world.database.raw().await;
    // The service's own chain is not the subject.
    let others = format!(
        "delete from event where tenant_id <> '{0}'; delete from chain_head where tenant_id <> '{0}';
         create table kept as select * from event;
         create table kept_head as select * from chain_head;
         create table kept_checkpoint as select * from audit_checkpoint",
        world.tenant
    );
    execute(&mut raw, &others).await.unwrap();
    let last = number(&mut raw, "select max(seq) from event").await;
    for seed in 0..TAMPERINGS {
        let mut rng = Rng::with_seed(seed);
        let done = if seed % 8 == 0 {
            let from = rng.i64(1..=last);
            rewrite(&mut raw, world.tenant.0, from).await;
            format!("rewritten from {from}")
        } else {
            let sql = tampering(&mut rng, last);
            execute(&mut raw, &sql).await.unwrap();
            sql
        };
        let found = verify(&world, &signer).await;
        assert!(found.is_err(), "seed {seed}, {done}: {found:?}");
        let back = "truncate event, chain_head, audit_checkpoint;
             insert into event select * from kept;
             insert into chain_head select * from kept_head;
             insert into audit_checkpoint select * from kept_checkpoint";
        execute(&mut raw, back).await.unwrap();
    }
    assert_eq!(verify(&world, &signer).await, Ok(good), "untouched, it still passes");
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_sign_at_once_make_one_line_of_checkpoints() {
    let signer = Signer::from_seed(&[7; 32]).unwrap();
    let world = Box::pin(signed_world(&signer)).await;
    world.request(Wish::Hold, hour(2)).await.unwrap();
    let last = sign(&world, &signer).await;
    world.request(Wish::Run, hour(2)).await.unwrap();
    // Slower than the one above, and of a longer chain: not behind the last one any more.
    let late = Statement { seq: last.seq + 1, ..last.statement() };
    let late = signer.sign(late).unwrap();
    assert!(!world.store.audit_checkpoint_add(&late).await.unwrap());
    assert_eq!(verify(&world, &signer).await.unwrap().uncovered(), 1);
    let seen = [(world.tenant.0, last.previous)];
    let behind = world.store.audit_checkpoints_behind(&seen, 10).await.unwrap();
    assert_eq!(behind, [last]);
    assert_eq!(world.store.audit_checkpoints_last().await.unwrap(), [last]);
    // And the application itself may not change one.
    let mut raw = world.database.raw().await;
    let tenant = format!("set role concentric_app; set concentric.tenant = '{}'", world.tenant);
    execute(&mut raw, &tenant).await.unwrap();
    assert_eq!(number(&mut raw, "select count(*) from audit_checkpoint").await, 4);
    for forbidden in ["update audit_checkpoint set seq = 1", "delete from audit_checkpoint"] {
        assert!(execute(&mut raw, forbidden).await.is_err(), "{forbidden} was allowed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_listed_both_ways_and_filtered() {
    let world = World::of(20).await;
    for wish in [Wish::Hold, Wish::Run, Wish::Hold] {
        world.request(wish, hour(5)).await.unwrap();
    }
    let list = async |filter: Filter, direction| {
        let rows = world.store.audit_list(world.tenant, &filter, direction, 4).await.unwrap();
        rows.into_iter().map(|row| (row.seq, row.kind)).collect::<Vec<_>>()
    };
    let all = Filter::default();
    let seqs = |rows: &[(i64, String)]| rows.iter().map(|row| row.0).collect::<Vec<_>>();
    assert_eq!(seqs(&list(all.clone(), Direction::After(0)).await), [1, 2, 3, 4]);
    assert_eq!(seqs(&list(all.clone(), Direction::After(4)).await), [5, 6, 7, 8]);
    assert_eq!(seqs(&list(all.clone(), Direction::Before(i64::MAX)).await), [8, 7, 6, 5]);
    assert_eq!(seqs(&list(all.clone(), Direction::Before(3)).await), [2, 1]);
    let requested = Filter { kind: Some("requested".to_owned()), ..all.clone() };
    assert_eq!(seqs(&list(requested.clone(), Direction::After(0)).await), [6, 7, 8]);
    let early = Filter { until: Some(hour(5)), ..requested.clone() };
    assert!(list(early, Direction::After(0)).await.is_empty());
    let late = Filter { since: Some(hour(5)), rollout: Some(world.rollout), ..all.clone() };
    assert_eq!(list(late, Direction::After(0)).await.len(), 3);
    let nobody = Filter { actor: Some("nobody".to_owned()), ..all };
    assert!(list(nobody, Direction::After(0)).await.is_empty());
}
