//! Certificates: how often a bad release gets one, and how many devices a good one needs.

use domain::evidence::Alpha;
use domain::evidence::certificate::CertificateTest;
use domain::evidence::power::chance_of_certificate;

use super::limit;
use crate::figures::{count, percent, percentile, real, share, when};
use crate::play::{self, Size};
use crate::report::Report;

const DEVICES: u64 = 100_000;

/// Limit, true rate, and the p50 and p95 that an independent simulation gave.
const CELLS: [(f64, f64, u64, u64); 6] = [
    (0.02, 0.002, 178, 452),
    (0.02, 0.005, 321, 988),
    (0.02, 0.01, 1_090, 3_200),
    (0.04, 0.004, 91, 221),
    (0.04, 0.01, 155, 494),
    (0.04, 0.02, 494, 1_646),
];

pub(crate) fn play(report: &mut Report, size: Size, seed: u64) {
    let upto = match size {
        Size::Quick => 10_000,
        Size::Full => DEVICES,
    };
    for (scenario, healthy) in [(700, 0.02), (701, 0.04)] {
        let runs = devices(size.runs(), (seed, scenario), healthy, healthy, DEVICES);
        let wrong = share(&runs, Option::is_some);
        let exact = chance_of_certificate(healthy, limit(healthy), Alpha::CERTIFICATE, upto);
        let what = format!("wrong certificate: true rate at the limit of {} %", healthy * 100.0);
        let found = format!("{}; exact {}", percent(wrong), percent(exact));
        // The exact chance is what the promise is about; the runs have to agree with it.
        let spread = 3.0 * (exact * (1.0 - exact) / real(size.runs())).sqrt();
        let agrees = wrong <= exact + spread + 2.0 / real(size.runs());
        report.check(what, "<= 5 %", "4.5-5.0 %", (found, exact <= 0.05 && agrees));
    }
    let mut worst: f64 = 0.0;
    let rows = (710..)
        .zip(CELLS)
        .map(|(scenario, (healthy, rate, p50, p95))| {
            let runs = devices(size.runs(), (seed, scenario), rate, healthy, DEVICES);
            for (p, reference) in [(50, p50), (95, p95)] {
                let found = percentile(&runs, p).map_or(f64::INFINITY, real);
                worst = worst.max(found / real(reference));
            }
            vec![
                format!("{} %", healthy * 100.0),
                format!("{} %", rate * 100.0),
                when(&runs),
                format!("{p50} / {p95}"),
            ]
        })
        .collect();
    let note = "Devices until the certificate \"the failure rate is below the limit\", beta 5 %, \
                p50 / p95.";
    let head = ["limit", "true rate", "devices", "reference"];
    report.section("Certificates", note, &head, rows);
    let what = "certificates: devices needed, worst of 12 cells against the reference";
    report.check(what, "<= 1.05x", "1x", (format!("{worst:.2}x"), worst <= 1.05 * size.slack()));
}

fn devices(
    runs: u64,
    (seed, scenario): (u64, u64),
    rate: f64,
    healthy: f64,
    devices: u64,
) -> Vec<Option<u64>> {
    let test = CertificateTest::new(limit(healthy));
    let mut from = Vec::new();
    // The first device at which so many failures pass.
    while from.last().is_none_or(|device| *device <= devices) {
        from.push(test.passes_from(count(from.len()), Alpha::CERTIFICATE.threshold()));
    }
    play::play(runs, seed, scenario, |chance| {
        let failures = chance.failures(devices, rate);
        let until = failures.iter().map(|device| device - 1).chain([devices]);
        let mut passes = from.iter().zip(until);
        passes.find(|(from, until)| *from <= until).map(|(from, _)| *from)
    })
}
