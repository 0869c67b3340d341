//! Values worked out with 60 digits, by another program, from the formulas as quality.md A3 and A5
//! print them. Large counts may lose digits relative to the size of the logarithm, no more.

use domain::evidence::control::{Interval, Ratio, Side, Stream};
use domain::evidence::expected::{self, Expected};
use domain::evidence::{certificate, rate};

use super::{close, limit};

/// 1e-9, and beyond a million the last digits of the number itself.
fn near(found: f64, expected: f64) {
    close(found, expected, 1e-9 + expected.abs() * 1e-14);
}

#[test]
fn rate_against_a_limit() {
    for (failures, successes, healthy, expected) in [
        (0, 0, 0.02, 0.0),
        (2, 0, 0.02, 4.957_380_406_535_835),
        (3, 8, 0.02, 4.622_851_982_184_885),
        (10, 122, 0.02, 4.638_154_833_619_648),
        (60, 1_721, 0.02, 4.617_913_844_628_098),
        (1, 99, 0.005, -0.720_464_015_340_931),
        (500, 99_500, 0.005, -16.528_218_216_435_058),
        (7, 3, 0.3, 2.607_799_484_650_149),
        (2_500, 97_500, 0.02, 55.926_673_351_269_12),
        (1_000_000, 99_000_000, 0.01, -26_547.646_598_340_49),
        (30_000_000, 970_000_000, 0.02, 2_200_217.406_802_754),
        (0, 1_000_000_000, 0.05, -12_422_523.176_610_98),
        (1_000_000_000, 0, 0.001, 3_864_185_672.835_932),
    ] {
        near(rate::ln_e(failures, successes, limit(healthy)).ln(), expected);
    }
}

#[test]
fn certificate() {
    for (failures, successes, healthy, expected) in [
        (0, 178, 0.02, 3.028_695_338_091_680_3),
        (1, 300, 0.02, 2.802_594_002_554_825),
        (10, 1_080, 0.02, 2.496_460_562_556_425),
        (40, 460, 0.04, -8.069_683_474_135_94),
        (0, 1_000_000_000, 0.02, 19_794_624.150_125_712),
        (5, 1, 0.04, -3.629_211_781_331_884),
    ] {
        near(certificate::ln_e(failures, successes, limit(healthy)).ln(), expected);
    }
}

#[test]
fn control_cohort() {
    let intervals = [(100, 900, 3, 9), (250, 750, 5, 2), (500, 500, 0, 7)];
    near(stream(&intervals[..1]).evidence().ln(), -0.194_422_222_259_153_6);
    near(stream(&intervals).evidence().ln(), -1.803_020_399_417_340_4);
    near(stream(&[(2_000, 8_000, 900_000, 1_000_000)]).evidence().ln(), 266_438.719_890_315_6);
}

#[test]
fn observed_against_expected() {
    for (failures, lambda, value) in [
        (0, 3.5, -3.493_198_598_091_418),
        (12, 4.25, 3.036_954_090_449_613),
        (300, 120.0, 91.529_745_803_081_65),
        (2_000_000, 1_000_000.0, 386_166.294_922_382_3),
    ] {
        let expected = Expected::new(lambda).expect("a number");
        near(expected::ln_e(failures, expected).ln(), value);
    }
}

/// (exposure updated, exposure control, incidents updated, incidents control)
pub(super) fn stream(intervals: &[(u64, u64, u64, u64)]) -> Stream {
    let mut stream = Stream::new(Ratio::DEFAULT);
    for &(updated, control, on_updated, on_control) in intervals {
        let interval = Interval {
            updated: Side { exposure: updated, incidents: on_updated },
            control: Side { exposure: control, incidents: on_control },
        };
        stream.add(&interval).expect("devices on both sides");
    }
    stream
}
