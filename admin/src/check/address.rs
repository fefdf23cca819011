//! Which addresses are not on the public internet.
//!
//! Everyone who may write a link chooses its URL, so a URL must not lead the check to what only its
//! own network can reach, such as the metadata service of a cloud.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The IPv4 addresses that are not public: the first address, the length of the prefix, and what
/// they are. Sources: IANA's registry of special-purpose addresses, and Azure's documents for the
/// address of its platform.
const SPECIAL_V4: [([u8; 4], u32, &str); 16] = [
    ([0, 0, 0, 0], 8, "a reserved"),
    ([10, 0, 0, 0], 8, "a private"),
    ([100, 64, 0, 0], 10, "a shared"),
    ([127, 0, 0, 0], 8, "a loopback"),
    ([168, 63, 129, 16], 32, "a metadata"),
    ([169, 254, 0, 0], 16, "a link-local"),
    ([172, 16, 0, 0], 12, "a private"),
    ([192, 0, 0, 0], 24, "a reserved"),
    ([192, 0, 2, 0], 24, "a documentation"),
    ([192, 88, 99, 0], 24, "a reserved"),
    ([192, 168, 0, 0], 16, "a private"),
    ([198, 18, 0, 0], 15, "a benchmarking"),
    ([198, 51, 100, 0], 24, "a documentation"),
    ([203, 0, 113, 0], 24, "a documentation"),
    ([224, 0, 0, 0], 4, "a multicast"),
    ([240, 0, 0, 0], 4, "a reserved"),
];

/// The IPv6 addresses that are not public, in the same form. All others that are not in `2000::/3`
/// are reserved.
const SPECIAL_V6: [([u16; 3], u32, &str); 9] = [
    ([0x0064, 0xff9b, 0x0001], 48, "a translated"),
    ([0x2001, 0x0000, 0], 32, "a tunnelled"),
    ([0x2001, 0x0000, 0], 23, "a reserved"),
    ([0x2001, 0x0db8, 0], 32, "a documentation"),
    ([0x2002, 0, 0], 16, "a tunnelled"),
    ([0x3fff, 0, 0], 20, "a documentation"),
    ([0xfc00, 0, 0], 7, "a private"),
    ([0xfe80, 0, 0], 10, "a link-local"),
    ([0xff00, 0, 0], 8, "a multicast"),
];

/// What kind of address a check must not request, such as `a private` one; `None` if it may.
pub type Refuse = fn(IpAddr) -> Option<&'static str>;

/// Refuses no address.
pub fn refuse_none(_: IpAddr) -> Option<&'static str> {
    None
}

/// What kind of address this is, if it is not public.
pub fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => not_public_v4(address),
        IpAddr::V6(address) => not_public_v6(address),
    }
}

fn not_public_v4(address: Ipv4Addr) -> Option<&'static str> {
    let is_in = |(first, length, _): &&([u8; 4], u32, &str)| {
        let first = Ipv4Addr::from(*first).to_bits();
        (first ^ address.to_bits()).leading_zeros() >= *length
    };
    SPECIAL_V4.iter().find(is_in).map(|(_, _, kind)| *kind)
}

fn not_public_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => return Some("a reserved"),
        [0, 0, 0, 0, 0, 0, 0, 1] => return Some("a loopback"),
        // IPv4-mapped and the former IPv4-compatible addresses.
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] => return Some("an IPv4-in-IPv6"),
        // A network without IPv4 reaches every IPv4 host in this form (RFC 6052), so the address
        // in it decides.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            return not_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
        }
        _ => {}
    }
    let is_in = |(first, length, _): &&([u16; 3], u32, &str)| {
        let [a, b, c] = *first;
        let first = Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).to_bits();
        (first ^ address.to_bits()).leading_zeros() >= *length
    };
    let special = SPECIAL_V6.iter().find(is_in).map(|(_, _, kind)| *kind);
    let is_global = segments[0] & 0xe000 == 0x2000;
    special.or((!is_global).then_some("a reserved"))
}

/// The address that the URL itself names. The URL parser has already read forms such as `0x7f.1` as
/// addresses.
pub fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let is_localhost = name == "localhost" || name.ends_with(".localhost");
            is_localhost.then_some(Ipv4Addr::LOCALHOST.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_internet_are_public() {
        for host in [
            "1.1.1.1",
            "9.255.255.255",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "[2606:4700::1111]",
            "[2001:200::1]",
            "[2001:4860:4860::8888]",
            "[64:ff9b::8.8.8.8]",
            "example.com",
            "localhost.example.com",
            "10.0.0.1.example.com",
        ] {
            let url = Url::parse(&format!("http://{host}/")).unwrap();
            assert_eq!(literal(&url).and_then(not_public), None, "{host}");
        }
    }

    /// Each kind of address, and hosts of that kind.
    const OTHERS: &str = "\
a loopback: 127.0.0.1 127.1 0x7f.1 2130706433 017700000001 0177.0.0.01
a loopback: localhost localhost. LOCALHOST a.localhost. [::1] １２７.0.0.1 [64:ff9b::127.0.0.1]
a private: 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 [fd00:ec2::254]
a link-local: 169.254.169.254 0xa9fea9fe [fe80::1] [febf::1] [64:ff9b::a9fe:a9fe]
a metadata: 168.63.129.16
a shared: 100.64.0.1 100.127.255.255 100.100.100.200
a documentation: 192.0.2.1 198.51.100.1 203.0.113.9 [2001:db8::1] [3fff::1]
a multicast: 224.0.0.1 239.255.255.255 [ff02::1]
a reserved: 0.0.0.0 0 192.0.0.192 192.88.99.1 240.0.0.1 255.255.255.255
a reserved: [::] [1::1] [4000::1] [fec0::1] [2001:10::1] [2001:20::1]
a benchmarking: 198.18.0.1 198.19.255.255
an IPv4-in-IPv6: [::ffff:8.8.8.8] [::ffff:7f00:1] [::8.8.8.8] [::7f00:1]
a translated: [64:ff9b:1::8.8.8.8]
a tunnelled: [2002:7f00:1::] [2002:808:808::1] [2001::1] [2001:0:7f00::]";

    #[test]
    fn other_addresses_are_recognized_in_every_form() {
        for line in OTHERS.lines() {
            let (kind, hosts) = line.split_once(": ").unwrap();
            for host in hosts.split(' ') {
                let url = Url::parse(&format!("http://{host}/")).unwrap();
                assert_eq!(literal(&url).and_then(not_public), Some(kind), "{host}");
            }
        }
    }
}
