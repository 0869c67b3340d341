//! One model, 5 % of the fleet, fails at 30 %; all others at 2 %. Is it stopped, and is it named?

use domain::evidence::rate::RateTest;
use domain::evidence::verdict::{Setting, Signal, judge};
use domain::evidence::{Alpha, Level, Levels, Weight};

use super::limit;
use crate::figures::{percent, percentile, real, share, stopped};
use crate::play::{self, Size};
use crate::random::Chance;
use crate::report::Report;

const DEVICES: u64 = 20_000;
const MODELS: usize = 20;
const RATES: [f64; 3] = [0.02, 0.3, 0.1];

/// One release: reports at the stop of the pooled rate alone and of the whole verdict, and which
/// models the verdict named then.
struct Run {
    pooled: Option<u64>,
    verdict: Option<u64>,
    named: Vec<usize>,
}

pub(crate) fn play(report: &mut Report, size: Size, seed: u64) {
    let test = RateTest::new(limit(0.02));
    let played: Vec<Vec<Run>> = (600..)
        .zip(RATES)
        .map(|(scenario, rate)| {
            let runs = size.runs() / 5;
            play::play(runs, seed, scenario, |chance| release(chance, rate, &test))
        })
        .collect();
    let pooled = |rate: usize| played[rate].iter().map(|run| run.pooled).collect::<Vec<_>>();
    let verdict = |rate: usize| played[rate].iter().map(|run| run.verdict).collect::<Vec<_>>();
    let right = |rate: usize| share(&played[rate], |run| run.named == [0]);
    let row = |name: &str, of: &dyn Fn(usize) -> String| vec![name.to_owned(), of(0), of(1), of(2)];
    let rows = vec![
        row("pooled rate alone", &|rate| stopped(&pooled(rate))),
        row("**verdict: half pooled, half to 20 models**", &|rate| stopped(&verdict(rate))),
        row("the bad model named when stopped, and no other", &|rate| {
            if rate == 0 { "-".to_owned() } else { percent(right(rate)) }
        }),
    ];
    let note = "20,000 devices of 20 models, one of them bad, the others failing at 2 %. Share \
                stopped, reports p50 / p95.";
    let head = ["rule", "bad model at 2 % (healthy)", "at 30 %", "at 10 %"];
    report.section("One bad model", note, &head, rows);
    let healthy = share(&verdict(0), Option::is_some);
    let what = "segments: healthy release stopped by the whole verdict";
    report.check(
        what,
        "<= 1 %",
        "-",
        (percent(healthy), size.at_most(healthy, 0.01, size.runs() / 5)),
    );
    let p95 = percentile(&verdict(1), 95).map_or(f64::INFINITY, real);
    let met = p95 <= 800.0 * size.slack();
    let what = "segments: model of 5 % failing at 30 %, p95 of reports at the stop";
    report.check(what, "<= 800", "753", (p95.to_string(), met));
    let named = right(1);
    let what = "segments: the model is named, and no other";
    report.check(
        what,
        ">= 95 %",
        "-",
        (percent(named), size.at_least(named, 0.95, size.runs() / 5)),
    );
}

fn release(chance: &mut Chance, bad: f64, test: &RateTest) -> Run {
    let setting = Setting {
        levels: Levels::default(),
        planned_rings: 1,
        planned_segments: MODELS,
        false_suspects: Weight::one_of(10),
    };
    let mut run = Run { pooled: None, verdict: None, named: Vec::new() };
    let mut seen = [(0_u64, 0_u64); MODELS];
    let mut failed = 0;
    for device in 1..=DEVICES {
        let model = chance.below(MODELS);
        let fails = chance.happens(if model == 0 { bad } else { 0.02 });
        let counts = &mut seen[model];
        if !fails {
            counts.1 += 1;
            continue;
        }
        counts.0 += 1;
        failed += 1;
        let pooled = test.evidence(failed, device - failed);
        if pooled.reaches(Alpha::DEFAULT.threshold()) {
            run.pooled = run.pooled.or(Some(device));
        }
        if run.verdict.is_none() {
            let segments = seen.iter().map(|(failed, good)| test.evidence(*failed, *good));
            let segments = segments.collect();
            let signal = Signal { weight: Weight::WHOLE, pooled, rings: vec![pooled], segments };
            let verdict = judge(&[signal], &setting);
            if verdict.level >= Level::Pause {
                run.verdict = Some(device);
                run.named = verdict.suspects;
            }
        }
        if run.pooled.is_some() && run.verdict.is_some() {
            break;
        }
    }
    run
}
