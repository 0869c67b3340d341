//! What it costs to look at a fleet: its health, a page of a filtered report, and all of it as a stream.

use std::time::{Duration, Instant};

use domain::health::{Bucket, Status};
use domain::ids::TenantId;
use store::Store;
use store::fleet::{Relation, Scene, Selection, Sieve, Test, Text};
use store::page::Page;
use tokio::sync::mpsc;

use crate::fleet::hour;
use crate::raw::Raw;
use crate::table::{Latencies, Table};
use crate::{Outcome, expect};

const TIMES: u32 = 50;

/// Pages under filters: one that one device in a thousand passes, one that follows from what devices are
/// counted by, and one that nobody passes.
async fn filtered(
    store: &Store,
    tenant: TenantId,
    scene: &Scene,
    table: &mut Table,
) -> Outcome<()> {
    let named = |text: &str| Sieve {
        tests: vec![Test::Text(Text::Name, Relation::Contains, text.to_owned())],
    };
    let late = |scene: &Scene, class: &Bucket| {
        let build = class.build.map(|build| scene.yardstick(build, class.place));
        build.is_some_and(|yardstick| class.build.is_some_and(|build| !yardstick.is_latest(build)))
    };
    for (what, sieve, by_class) in [
        ("a page of names with 777", named("777"), false),
        ("a page of devices behind", Sieve::default(), true),
        ("a page of a name that nobody has", named("no such name"), false),
    ] {
        let (mut pages, mut after) = (Latencies::default(), None);
        for _ in 0..TIMES {
            let started = Instant::now();
            let page = Page { after, limit: 500 };
            let may_hold = |class: &Bucket| !by_class || late(scene, class);
            let through = (Selection::default(), &sieve);
            let sifted = store.fleet_sift(tenant, scene, through, may_hold, page).await?;
            pages.add(started.elapsed());
            after = sifted.next;
        }
        table.latency(what, &pages, Duration::from_millis(100));
    }
    Ok(())
}

pub(crate) async fn look(
    store: &Store,
    raw: &mut Raw,
    tenant: TenantId,
    devices: u32,
    table: &mut Table,
) -> Outcome<()> {
    raw.run("vacuum analyze").await?;
    let mut reads = Latencies::default();
    for _ in 0..TIMES {
        let started = Instant::now();
        let health = store.fleet_health(tenant, hour(30)).await?.health;
        reads.add(started.elapsed());
        expect("devices in health", health.counts.devices.into(), devices.into())?;
    }
    table.latency("read the health of the fleet", &reads, Duration::from_millis(50));

    let scene = store.fleet_scene(tenant, hour(30)).await?;
    let (mut pages, mut after) = (Latencies::default(), None);
    for _ in 0..TIMES {
        let started = Instant::now();
        let page = Page { after, limit: 500 };
        let lines = store.fleet_page(tenant, &scene, Selection::default(), page).await?;
        let late = lines.iter().filter(|line| line.quality_status(&scene) != Status::UpToDate);
        let told = late.filter(|line| line.quality_finding(&scene).is_some()).count();
        pages.add(started.elapsed());
        if told > lines.len() {
            return Err("more reasons than devices".into());
        }
        after = lines.last().map(|line| line.id.0);
    }
    table.latency("500 devices with their reasons", &pages, Duration::from_millis(100));
    filtered(store, tenant, &scene, table).await?;

    let started = Instant::now();
    let (to, mut from) = mpsc::channel(4);
    let (read, seen) =
        tokio::join!(store.fleet_stream(tenant, &scene, Selection::default(), to), async {
            let mut seen = 0_u64;
            while let Some(batch) = from.recv().await {
                let reasons = batch.iter().filter_map(|line| line.quality_finding(&scene));
                std::hint::black_box(reasons.count());
                seen += batch.len() as u64;
            }
            seen
        });
    let ours = started.elapsed();
    read?;
    expect("devices streamed", seen, devices.into())?;
    table.rate(
        &format!("stream {devices} devices with their reasons"),
        devices.into(),
        ours,
        raw.copy_out(tenant).await?,
    );
    Ok(())
}
