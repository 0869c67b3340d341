//! Strata: the parts of a fleet that an early ring should have an example of.

use xxhash_rust::xxh3::Xxh3;

use crate::build::Build;
use crate::ring::Stratum;

/// A stratum by the hash of its words, which is all that placing needs: XXH3-64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StratumKey(pub u64);

/// What strata are made of, of one device.
#[derive(Debug, Clone, Copy)]
pub struct StratumOf<'a> {
    pub manufacturer: &'a str,
    pub model: &'a str,
    pub build: Option<Build>,
    pub site: &'a str,
}

impl StratumKey {
    /// The stratum of a device in a set that covers by `cover`; none if it covers by nothing. What is
    /// unknown is a stratum of its own. The order of `cover` does not matter, the case of words does.
    #[must_use]
    pub fn of(cover: &[Stratum], device: StratumOf<'_>) -> Option<Self> {
        if cover.is_empty() {
            return None;
        }
        let mut hash = Xxh3::new();
        // A byte that no UTF-8 text has keeps neighbouring words apart.
        let mut word = |word: &[u8]| {
            hash.update(word);
            hash.update(&[0xff]);
        };
        if cover.contains(&Stratum::Model) {
            word(device.manufacturer.trim().as_bytes());
            word(device.model.trim().as_bytes());
        }
        if cover.contains(&Stratum::Build) {
            for number in
                device.build.iter().flat_map(|build| [build.major, build.minor, build.build])
            {
                word(&number.to_le_bytes());
            }
            word(&[]);
        }
        if cover.contains(&Stratum::Site) {
            word(device.site.trim().as_bytes());
        }
        Some(Self(hash.digest()))
    }
}
