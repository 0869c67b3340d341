//! The tables of quality.md A4, worked out again.

use domain::evidence::power::{
    chance_of_certificate, chance_of_halt, devices_until_certified, devices_until_halt, prove,
    smallest_rate_caught,
};
use domain::evidence::rate::{RateTest, halt_line};
use domain::evidence::{Alpha, Power};

use super::{alpha, close, limit};

#[test]
fn the_halt_line_is_that_of_table_2() {
    let line = halt_line(limit(0.02), Alpha::DEFAULT, 1_781);
    for (failure, device) in [
        (1, 0),
        (2, 2),
        (3, 11),
        (4, 21),
        (5, 35),
        (6, 51),
        (8, 89),
        (10, 132),
        (15, 258),
        (20, 400),
        (30, 714),
        (40, 1_054),
        (60, 1_781),
    ] {
        assert_eq!(line[failure - 1], device, "the {failure}-th failure");
    }
    assert_eq!(line.len(), 60);
    assert!(line.is_sorted());
}

#[test]
fn the_halt_line_says_what_the_evidence_says() {
    for (healthy, level) in [(0.005, 0.01), (0.02, 0.1), (0.05, 0.0001), (0.3, 0.01)] {
        let test = RateTest::new(limit(healthy));
        let threshold = alpha(level).threshold();
        for (failures, last) in (1..).zip(halt_line(limit(healthy), alpha(level), 500)) {
            for devices in failures..failures + 600 {
                let halts = test.evidence(failures, devices - failures).reaches(threshold);
                assert_eq!(halts, devices <= last, "{failures} of {devices}");
            }
        }
    }
}

/// To the digits that the table shows.
#[test]
fn the_smallest_rates_caught_are_those_of_table_3() {
    let devices = [10, 25, 50, 100, 250, 500, 1_000];
    for (healthy, expected) in [
        (0.005, [43.0, 23.0, 14.0, 8.3, 4.5, 3.0, 2.1]),
        (0.01, [50.0, 26.0, 16.0, 10.0, 6.0, 4.2, 3.1]),
        (0.02, [51.0, 31.0, 20.0, 13.0, 8.3, 6.1, 4.8]),
        (0.05, [60.0, 40.0, 28.0, 20.0, 14.0, 11.0, 9.1]),
    ] {
        for (devices, percent) in devices.into_iter().zip(expected) {
            let rate =
                smallest_rate_caught(devices, limit(healthy), Alpha::DEFAULT, Power::DEFAULT);
            let digit = if percent < 10.0 { 0.1 } else { 1.0 };
            close(rate.expect("large enough") * 100.0, percent, digit);
        }
    }
}

#[test]
fn a_large_ring_is_bounded_and_never_proves_less_than_a_smaller_one() {
    let caught = |devices| {
        smallest_rate_caught(devices, limit(0.05), Alpha::DEFAULT, Power::DEFAULT).expect("enough")
    };
    let (million, billion) = (caught(1_000_000), caught(1_000_000_000));
    assert!(0.05 < billion && billion < million && million < 0.058, "{billion} {million}");
}

#[test]
fn one_device_proves_nothing() {
    assert_eq!(prove(1, limit(0.02), Alpha::DEFAULT).smallest_rate, None);
    assert_eq!(prove(0, limit(0.02), Alpha::DEFAULT).smallest_rate, None);
    let two = prove(2, limit(0.02), Alpha::DEFAULT).smallest_rate.expect("both fail");
    close(two.0, 0.95_f64.sqrt(), 1e-3);
}

/// Table 9.
#[test]
fn the_levels_of_a_ring_of_100() {
    for (level, expected) in [
        (0.1, [3.2, 20.9, 51.6, 91.9, 100.0]),
        (0.01, [0.3, 5.1, 23.4, 75.6, 99.9]),
        (0.0001, [0.0, 0.3, 3.6, 38.5, 99.2]),
    ] {
        for (rate, percent) in [0.02, 0.04, 0.06, 0.1, 0.2].into_iter().zip(expected) {
            // The table was played, not worked out.
            close(chance_of_halt(100, rate, limit(0.02), alpha(level)) * 100.0, percent, 0.5);
        }
    }
}

/// First table of A4: T1 at twice and three times the limit.
#[test]
fn devices_until_the_halt() {
    for (rate, power, expected) in [(0.06, 0.5, 197.0), (0.06, 0.95, 533.0), (0.1, 0.95, 170.0)] {
        let power = Power::new(power).expect("a share");
        let devices = devices_until_halt(rate, limit(0.02), Alpha::DEFAULT, power, 10_000);
        let devices = devices.expect("caught");
        close(f64::from(u32::try_from(devices).expect("small")), expected, expected * 0.05);
    }
}

/// Table 4.
#[test]
fn devices_until_a_certificate() {
    for (rate, power, expected) in [(0.002, 0.5, 178.0), (0.002, 0.95, 452.0), (0.005, 0.5, 321.0)]
    {
        let power = Power::new(power).expect("a share");
        let certified =
            devices_until_certified(rate, limit(0.02), Alpha::CERTIFICATE, power, 5_000);
        let devices = certified.expect("good enough");
        close(f64::from(u32::try_from(devices).expect("small")), expected, expected * 0.05);
    }
    let wrong = chance_of_certificate(0.02, limit(0.02), Alpha::CERTIFICATE, 5_000);
    assert!(wrong > 0.03 && wrong <= 0.05, "{wrong}");
}

/// All `2^n` fates of a small ring, one by one.
#[test]
fn the_walk_agrees_with_enumeration() {
    let line = halt_line(limit(0.02), alpha(0.1), 12);
    for rate in [0.02, 0.1, 0.4] {
        let mut halted = 0.0;
        for fate in 0_u32..1 << 12 {
            let failures: Vec<u64> =
                (1..=12).filter(|device| fate & (1 << (device - 1)) != 0).collect();
            let failed = i32::try_from(failures.len()).expect("small");
            if failures.iter().zip(&line).any(|(device, last)| device <= last) {
                halted += f64::powi(rate, failed) * f64::powi(1.0 - rate, 12 - failed);
            }
        }
        close(chance_of_halt(12, rate, limit(0.02), alpha(0.1)), halted, 1e-12);
    }
}
