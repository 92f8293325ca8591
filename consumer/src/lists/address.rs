//! Addresses and networks.
//!
//! What enters: the text of an address, or of a network in CIDR form. What leaves: a [`Network`]. What
//! holds: an IPv4 address that is written as IPv6 (`::ffff:203.0.113.7`) is the IPv4 address.

use std::net::IpAddr;

use crate::lists::Match;

/// The length of a prefix of IPv4 within the 128 bits of [`Network::bits`].
const V4_OFFSET: u8 = 96;

/// The first bits of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    /// 4 or 6.
    pub(super) family: u8,
    /// How many bits count, 0 to 32 or 128.
    pub(super) length: u8,
    /// The address; bits past the length are 0. IPv4 is in the first 32.
    pub(super) bits: u128,
}

impl Network {
    /// Reads `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let length = match (address, length) {
            (IpAddr::V4(_), length) => length.unwrap_or(32),
            (IpAddr::V6(v6), length) => {
                let length = length.unwrap_or(128);
                // A mapped address counts as IPv4, its network too where the length reaches into that part.
                if v6.to_ipv4_mapped().is_some() && (V4_OFFSET..=128).contains(&length) {
                    return Self::of(address.to_canonical(), length - V4_OFFSET);
                }
                length
            }
        };
        Self::of(address, length)
    }

    /// The network of so many bits that an address lies in.
    fn of(address: IpAddr, length: u8) -> Option<Self> {
        let (family, bits, longest) = match address {
            IpAddr::V4(v4) => (4, u128::from(v4.to_bits()) << V4_OFFSET, 32),
            IpAddr::V6(v6) => (6, v6.to_bits(), 128),
        };
        (length <= longest).then(|| Self { family, length, bits }.within(length))
    }

    /// The network of so many bits around this one, which has at least as many.
    pub(super) fn within(self, length: u8) -> Self {
        let mask = if length == 0 { 0 } else { u128::MAX << (128 - u32::from(length)) };
        Self { length, bits: self.bits & mask, ..self }
    }
}

/// Whether a text can be an entry's value: a single address, or a network without bits right of its mask.
pub(super) fn check(text: &str, how: Option<Match>) -> Result<(), String> {
    let strange = || format!("neither an address nor a network: {text:?}");
    let (address, length) = text.split_once('/').unwrap_or((text, ""));
    let address: IpAddr = address.parse().map_err(|_| strange())?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = match length {
        "" if !text.contains('/') => longest,
        digits => digits.parse().map_err(|_| strange())?,
    };
    let whole = Network::of(address, longest).ok_or_else(strange)?;
    if length > longest {
        return Err(strange());
    }
    if how == Some(Match::Exact) && length < longest {
        return Err(format!("{text} is a network, which never matches exactly"));
    }
    if whole.within(length).bits != whole.bits {
        return Err(format!("{text} has bits right of its mask"));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_none() {
        for text in ["", "203.0.113", "203.0.113.7/33", "203.0.113.7/", "::1/129", "::1/-1", "host", "/8"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_an_entry_is_said() {
        for (text, words) in [
            ("203.0.113.7/24", "bits right"),
            ("2001:db8::1/32", "bits right"),
            ("203.0.113.0/33", "neither"),
            ("203.0.113.0/", "neither"),
            ("203.0.113", "neither"),
        ] {
            assert!(check(text, None).unwrap_err().contains(words), "{text}");
        }
        assert!(check("203.0.113.0/24", Some(Match::Exact)).is_err());
        for text in ["203.0.113.7", "203.0.113.0/24", "0.0.0.0/0", "::/0", "2001:db8::1/128"] {
            assert_eq!(check(text, Some(Match::Prefix)), Ok(()), "{text}");
        }
        assert_eq!(check("203.0.113.7/32", Some(Match::Exact)), Ok(()));
    }

    #[test]
    fn a_mapped_address_is_ipv4() {
        assert_eq!(Network::parse("::ffff:203.0.113.7"), Network::parse("203.0.113.7"));
        assert_eq!(Network::parse("::ffff:203.0.113.0/120"), Network::parse("203.0.113.0/24"));
        assert_eq!(Network::parse("::/0").unwrap().family, 6);
    }

    #[test]
    fn a_network_of_no_bits_holds_its_whole_family() {
        let any = Network::parse("0.0.0.0/0").unwrap();
        assert_eq!(Network::parse("255.1.2.3").unwrap().within(0), any);
        assert_ne!(Network::parse("2001:db8::1").unwrap().within(0), any);
    }
}
