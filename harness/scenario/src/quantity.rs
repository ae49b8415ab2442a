//! Quantities with their units: durations, rates, sizes and shares.

use std::time::Duration;

/// The units of a kind of quantity, each with how much of the base unit it is; the largest first.
type Units = &'static [(&'static str, u64)];

/// Nanoseconds.
const DURATION: Units = &[
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("µs", 1_000),
    ("us", 1_000),
    ("ns", 1),
];
/// Bits per second.
const RATE: Units = &[
    ("Gbit/s", 1_000_000_000),
    ("Mbit/s", 1_000_000),
    ("kbit/s", 1_000),
    ("bit/s", 1),
];
/// Bytes.
const SIZE: Units = &[
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// Reads a duration such as `40ms`, to the nanosecond.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    quantity(text, DURATION, "a duration", "40ms").map(Duration::from_nanos)
}

/// Reads a rate such as `1Mbit/s` as bits per second, above zero.
pub(crate) fn rate(text: &str) -> Result<u64, String> {
    match quantity(text, RATE, "a rate", "1Mbit/s")? {
        0 => Err("a rate is above zero; use `outage: true` to let nothing through".to_owned()),
        rate => Ok(rate),
    }
}

/// Reads a size such as `64kB` as bytes.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    quantity(text, SIZE, "a size", "64kB")
}

/// Reads a share such as `2%` as a number from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let number = text
        .strip_suffix('%')
        .ok_or_else(|| format!("{text:?} has no unit; expected a share such as `2%`"))?;
    let percent =
        decimal(number).ok_or_else(|| format!("{text:?} is not a share; expected one such as `2%`"))?;
    if percent > 100.0 {
        return Err(format!("{text} is more than 100%"));
    }
    Ok(percent / 100.0)
}

fn quantity(text: &str, units: Units, what: &str, example: &str) -> Result<u64, String> {
    let digits = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let Some(number) = decimal(number) else {
        return Err(format!(
            "{text:?} is not {what}; expected one such as `{example}`"
        ));
    };
    let names: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
    if unit.is_empty() {
        return Err(format!(
            "{text:?} has no unit; expected {what} such as `{example}`"
        ));
    }
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        return Err(format!(
            "unknown unit {unit:?}; {what} has {}",
            crate::report::list(&names)
        ));
    };
    let value = (number * *factor as f64).round();
    if value >= 9e18 {
        return Err(format!("{text} is too large"));
    }
    Ok(value as u64)
}

fn decimal(text: &str) -> Option<f64> {
    let begins = text.starts_with(|character: char| character.is_ascii_digit());
    (begins && !text.ends_with('.'))
        .then(|| text.parse().ok())
        .flatten()
}

/// Writes a duration so that it reads back exactly.
pub(crate) fn write_duration(duration: Duration) -> String {
    write(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX), DURATION)
}

/// Writes a rate so that it reads back exactly.
pub(crate) fn write_rate(rate: u64) -> String {
    write(rate, RATE)
}

/// Writes a size so that it reads back exactly.
pub(crate) fn write_size(size: u64) -> String {
    write(size, SIZE)
}

/// Writes a share so that it reads back exactly.
pub(crate) fn write_share(share: f64) -> String {
    let short = format!("{}%", share * 100.0);
    if self::share(&short) == Ok(share) {
        return short;
    }
    // A product that rounds: the next decimals settle it.
    let precise = format!("{:.15}%", share * 100.0);
    if self::share(&precise) == Ok(share) {
        precise
    } else {
        short
    }
}

fn write(value: u64, units: Units) -> String {
    let (name, factor) = units
        .iter()
        .copied()
        .find(|(name, factor)| {
            value != 0 && value.is_multiple_of(*factor) && *name != "µs" && !name.ends_with("iB")
        })
        .or_else(|| units.last().copied())
        .unwrap_or(("", 1));
    format!("{}{name}", value / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_with_their_unit_only() {
        assert_eq!(duration("40ms"), Ok(Duration::from_millis(40)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2min"), Ok(Duration::from_secs(120)));
        assert_eq!(rate("1Mbit/s"), Ok(1_000_000));
        assert_eq!(size("64kB"), Ok(64_000));
        assert_eq!(size("64KiB"), Ok(65_536));
        assert_eq!(share("2%"), Ok(0.02));
        for wrong in ["40", "ms", "40 ms", "-1s", "1h", "1.s", "", "99999999999999min"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
        assert!(rate("0bit/s").is_err());
        assert!(share("0.02").is_err());
        assert_eq!(share("101%"), Err("101% is more than 100%".to_owned()));
    }

    #[test]
    fn quantities_written_read_back_exactly() {
        for text in ["40ms", "1500ms", "2min", "7ns", "0ns", "90s"] {
            let value = duration(text).unwrap();
            assert_eq!(duration(&write_duration(value)), Ok(value), "{text}");
        }
        for tenths in 0..=1000 {
            let value = share(&format!("{}%", f64::from(tenths) / 10.0)).unwrap();
            assert_eq!(share(&write_share(value)), Ok(value));
        }
        assert_eq!(size(&write_size(65_536)), Ok(65_536));
        assert_eq!(rate(&write_rate(1_500_000)), Ok(1_500_000));
    }
}
