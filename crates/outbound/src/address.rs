//! Which addresses the world at large has, and which are nobody's business.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Public,
    Unspecified,
    Loopback,
    LinkLocal,
    /// Where clouds tell a machine its secrets.
    Metadata,
    /// RFC 1918.
    Private,
    /// Shared between a provider and its customers (RFC 6598).
    Shared,
    UniqueLocal,
    Multicast,
    /// An IPv4 address in the clothes of an IPv6 one.
    Translated,
    Reserved,
}

impl Kind {
    /// As it stands in errors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Metadata => "cloud metadata",
            Self::Private => "private",
            Self::Shared => "carrier-shared",
            Self::UniqueLocal => "unique local",
            Self::Multicast => "multicast",
            Self::Translated => "translated IPv4",
            Self::Reserved => "reserved",
        }
    }

    /// Whether an entry of the allow list that is a host's name opens it. Names are resolved by
    /// others, so what no monitoring ever has stays closed; an entry that is an address opens more.
    pub(crate) const fn opens_by_name(self) -> bool {
        match self {
            Self::Public | Self::Loopback | Self::Private | Self::Shared | Self::UniqueLocal => {
                true
            }
            Self::Unspecified | Self::LinkLocal | Self::Metadata | Self::Multicast => false,
            Self::Translated | Self::Reserved => false,
        }
    }

    /// Whether anything opens it.
    pub(crate) const fn opens_by_address(self) -> bool {
        match self {
            Self::Unspecified | Self::Multicast | Self::Metadata => false,
            Self::Public | Self::Loopback | Self::LinkLocal | Self::Private | Self::Shared => true,
            Self::UniqueLocal | Self::Translated | Self::Reserved => true,
        }
    }
}

/// What kind of address this is.
#[must_use]
pub fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

fn v4(address: Ipv4Addr) -> Kind {
    match address.octets() {
        // AWS, Azure, Google and others; Azure's wire server; Alibaba; Oracle.
        [169, 254, 169, 254 | 253]
        | [169, 254, 170, 2]
        | [168, 63, 129, 16]
        | [100, 100, 100, 200]
        | [192, 0, 0, 192] => Kind::Metadata,
        [0, 0, 0, 0] => Kind::Unspecified,
        [127, ..] => Kind::Loopback,
        [169, 254, ..] => Kind::LinkLocal,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Kind::Private,
        [100, 64..=127, ..] => Kind::Shared,
        [224..=239, ..] => Kind::Multicast,
        // This network, protocol assignments, documentation, 6to4 relays, benchmarks, the future.
        [0 | 240..=255, ..] => Kind::Reserved,
        [192, 0, 0 | 2, _] => Kind::Reserved,
        [192, 88, 99, _] => Kind::Reserved,
        [198, 18..=19, ..] => Kind::Reserved,
        [198, 51, 100, _] => Kind::Reserved,
        [203, 0, 113, _] => Kind::Reserved,
        _ => Kind::Public,
    }
}

fn v6(address: Ipv6Addr) -> Kind {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Kind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Loopback,
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] => Kind::Metadata,
        // Compatible, mapped and translated (RFC 4291, 2765), NAT64 (RFC 6052, 8215), 6to4, Teredo.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] => Kind::Translated,
        [0, 0, 0, 0, 0xffff, 0, ..] => Kind::Translated,
        [0x0064, 0xff9b, ..] | [0x2002, ..] | [0x2001, 0, ..] => Kind::Translated,
        [0xfe80..=0xfebf, ..] => Kind::LinkLocal,
        [0xfc00..=0xfdff, ..] => Kind::UniqueLocal,
        [0xff00..=0xffff, ..] => Kind::Multicast,
        // Protocol assignments, documentation.
        [0x2001, 0..=0x01ff | 0x0db8, ..] => Kind::Reserved,
        [0x3fff, 0..=0x0fff, ..] => Kind::Reserved,
        // Global unicast; nothing else has been given out.
        [0x2000..=0x3fff, ..] => Kind::Public,
        _ => Kind::Reserved,
    }
}
