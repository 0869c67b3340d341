//! Choices of single devices: every one is a hash of seed, device and purpose, so that the order
//! in which requests arrive never changes what a device does.

use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::clock::Seconds;

/// What a choice is about; each purpose is a stream of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Purpose {
    ObjectId,
    DeviceId,
    ManagedId,
    Model,
    Build,
    Site,
    Hours,
    Habit,
    FirstCheckIn,
    CheckIn,
    Enrolled,
    Serial,
    DownloadStart,
    Download,
    Install,
    Reboot,
    AfterReboot,
    Outcome,
    Code,
    Silence,
    Uninstall,
    Wakes,
    Sample,
    FirstTry,
    Heals,
    Retry,
    /// Ids of what is neither a device nor made by a client.
    Directory,
    Chassis,
    Autopilot,
    Programs,
    ProgramLook,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Choices {
    pub(crate) seed: u64,
}

impl Choices {
    pub(crate) fn hash(self, device: u32, purpose: Purpose, extra: u32) -> u64 {
        let mut key = [0; 9];
        key[..4].copy_from_slice(&device.to_le_bytes());
        key[4] = purpose as u8;
        key[5..].copy_from_slice(&extra.to_le_bytes());
        xxh3_64_with_seed(&key, self.seed)
    }

    /// True for `share` in 100,000.
    pub(crate) fn chance(self, device: u32, purpose: Purpose, extra: u32, share: u64) -> bool {
        self.hash(device, purpose, extra) % 100_000 < share
    }

    /// A number below `bound`.
    pub(crate) fn below(self, device: u32, purpose: Purpose, extra: u32, bound: u32) -> u32 {
        let drawn = self.hash(device, purpose, extra) % u64::from(bound.max(1));
        u32::try_from(drawn).unwrap_or(0)
    }

    /// A number of seconds from `least` up to `most`.
    pub(crate) fn span(
        self,
        device: u32,
        purpose: Purpose,
        extra: u32,
        (least, most): (Seconds, Seconds),
    ) -> Seconds {
        let width = u32::try_from(most - least).unwrap_or(u32::MAX);
        least + Seconds::from(self.below(device, purpose, extra, width.saturating_add(1)))
    }

    /// The identifier of a device on one surface. The index is folded in, so that
    /// [`Self::device`] finds it again without a table.
    pub(crate) fn id(self, device: u32, purpose: Purpose) -> Uuid {
        let high = self.hash(device, purpose, 1).to_be_bytes();
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high);
        bytes[6] = 0x40 | (bytes[6] & 0x0f);
        let low = self.hash(device, purpose, 2).to_be_bytes();
        bytes[8..12].copy_from_slice(&low[..4]);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        let hidden = device ^ self.mask(&bytes);
        bytes[12..].copy_from_slice(&hidden.to_be_bytes());
        Uuid::from_bytes(bytes)
    }

    /// The device below `devices` whose identifier this is.
    pub(crate) fn device(self, id: Uuid, purpose: Purpose, devices: u32) -> Option<u32> {
        let bytes = id.as_bytes();
        let hidden = u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]);
        let device = hidden ^ self.mask(bytes);
        (device < devices && self.id(device, purpose) == id).then_some(device)
    }

    fn mask(self, bytes: &[u8; 16]) -> u32 {
        let hash = xxh3_64_with_seed(&bytes[..12], self.seed);
        u32::try_from(hash & 0xffff_ffff).unwrap_or(0)
    }
}
