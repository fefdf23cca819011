//! Dates as clients send them (R12, R39), and times in a fixed form.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::parsing::Parsed;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// `2019-03-15`, `2019-03-15T08:00`, `2019-03-15 08:00:00.5+01:00`.
const EXTENDED: &[BorrowedFormatItem<'_>] = format_description!(
    version = 2,
    "[year]-[month]-[day][optional [[first [T] [ ]][hour]:[minute]\
     [optional [:[second][optional [.[subsecond]]]]]\
     [optional [[first [Z] [[offset_hour sign:mandatory]:[offset_minute]] \
     [[offset_hour sign:mandatory][offset_minute]]]]]]]"
);
/// `20190315T080000Z`.
const BASIC: &[BorrowedFormatItem<'_>] = format_description!(
    version = 2,
    "[year][month][day]T[hour][minute][optional [[second][optional [.[subsecond]]]]]\
     [optional [[first [Z] [[offset_hour sign:mandatory]:[offset_minute]] \
     [[offset_hour sign:mandatory][offset_minute]]]]]"
);

/// Reads a date, or a date and a time; without a zone, it is in UTC. What is finer than
/// a microsecond is cut. `None` for any other text.
#[must_use]
pub fn parse_date(text: &str) -> Option<SystemTime> {
    // The year has four digits, without a sign.
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (text, ends_day) = without_end_of_day(text);
    let text = without_leap_second(&text);
    let parsed = [EXTENDED, BASIC].into_iter().find_map(|format| {
        let mut parsed = Parsed::new();
        let rest = parsed.parse_items(text.as_bytes(), format).ok()?;
        rest.is_empty().then_some(parsed)
    })?;
    let time = time_of(&parsed)?;
    if ends_day && time.time() != Time::MIDNIGHT {
        return None;
    }
    let offset = offset_of(&parsed)?;
    let time = time.assume_offset(offset);
    let day = time::Duration::days(i64::from(ends_day));
    let time = time.checked_add(day)?.checked_to_offset(UtcOffset::UTC)?;
    (0..=9999)
        .contains(&time.year())
        .then(|| to_microseconds(time.into()))
}

fn time_of(parsed: &Parsed) -> Option<PrimitiveDateTime> {
    let date = Date::from_calendar_date(parsed.year()?, parsed.month()?, parsed.day()?.get());
    let [hour, minute, second] = [parsed.hour_24(), parsed.minute(), parsed.second()];
    let time = Time::from_hms_nano(
        hour.unwrap_or_default(),
        minute.unwrap_or_default(),
        second.unwrap_or_default(),
        parsed.subsecond().unwrap_or_default(),
    );
    Some(PrimitiveDateTime::new(date.ok()?, time.ok()?))
}

fn offset_of(parsed: &Parsed) -> Option<UtcOffset> {
    let hour = parsed.offset_hour().unwrap_or_default();
    if hour.unsigned_abs() > 23 {
        return None;
    }
    let minute = parsed.offset_minute_signed().unwrap_or_default();
    UtcOffset::from_hms(hour, minute, 0).ok()
}

/// Ruby reads `T24:00:00` as the beginning of the next day.
fn without_end_of_day(text: &str) -> (String, bool) {
    match text.split_once(['T', ' ']) {
        Some((date, clock)) if clock.starts_with("24:00") => {
            (format!("{date}T00{}", &clock[2..]), true)
        }
        _ => (text.to_owned(), false),
    }
}

/// Ruby reads second 60 as second 59.
fn without_leap_second(text: &str) -> String {
    match text.get(16..19) {
        Some(":60") => format!("{}:59{}", &text[..16], &text[19..]),
        _ => text.to_owned(),
    }
}

/// The time without what is finer than a microsecond, which is what the table keeps.
#[must_use]
pub fn to_microseconds(time: SystemTime) -> SystemTime {
    let nanoseconds = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => u64::from(since.subsec_nanos() % 1_000),
        Err(before) => u64::from((1_000 - before.duration().subsec_nanos() % 1_000) % 1_000),
    };
    time - Duration::from_nanos(nanoseconds)
}

/// The time in UTC with three decimals, as responses show it: `2019-01-03T01:56:19.539Z`.
///
/// # Panics
///
/// For a year after 9999, which [`parse_date`] does not return.
#[must_use]
pub fn to_milliseconds_text(time: SystemTime) -> String {
    const FORMAT: &[BorrowedFormatItem<'_>] = format_description!(
        version = 2,
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
    );
    format(time, FORMAT)
}

/// The time in UTC with six decimals. Such texts sort in the order of time.
///
/// # Panics
///
/// As [`to_milliseconds_text`].
#[must_use]
pub fn to_sortable_text(time: SystemTime) -> String {
    const FORMAT: &[BorrowedFormatItem<'_>] = format_description!(
        version = 2,
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z"
    );
    format(time, FORMAT)
}

fn format(time: SystemTime, format: &[BorrowedFormatItem<'_>]) -> String {
    let text = OffsetDateTime::from(time).format(format);
    text.expect("a time in UTC has every part of the format")
}

/// The seconds since 1970, rounded down.
#[must_use]
pub fn whole_seconds(time: SystemTime) -> i64 {
    OffsetDateTime::from(time).unix_timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_all_documented_forms() {
        for (text, time) in [
            ("2019-03-15", "2019-03-15T00:00:00.000000Z"),
            ("2019-03-15T08:00", "2019-03-15T08:00:00.000000Z"),
            ("2019-03-15 08:00", "2019-03-15T08:00:00.000000Z"),
            ("2019-03-15T08:00:00Z", "2019-03-15T08:00:00.000000Z"),
            ("2019-03-15T08:00:01.5Z", "2019-03-15T08:00:01.500000Z"),
            (
                "2019-03-15T08:00:00.1234567Z",
                "2019-03-15T08:00:00.123456Z",
            ),
            (
                "2019-03-15T08:00:00.123456789Z",
                "2019-03-15T08:00:00.123456Z",
            ),
            ("2019-03-15T08:00:00+09:00", "2019-03-14T23:00:00.000000Z"),
            ("2019-03-15T08:00:00-0930", "2019-03-15T17:30:00.000000Z"),
            ("2019-03-15T08:00-00:30", "2019-03-15T08:30:00.000000Z"),
            ("2019-03-15T08:00Z", "2019-03-15T08:00:00.000000Z"),
            ("20190315T080000Z", "2019-03-15T08:00:00.000000Z"),
            ("20190315T0800", "2019-03-15T08:00:00.000000Z"),
            ("2019-03-15T24:00:00Z", "2019-03-16T00:00:00.000000Z"),
            ("2019-03-15T08:00:60Z", "2019-03-15T08:00:59.000000Z"),
            ("0000-01-01", "0000-01-01T00:00:00.000000Z"),
            (
                "1969-12-31T23:59:59.9999999Z",
                "1969-12-31T23:59:59.999999Z",
            ),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(
                parse_date(text).map(to_sortable_text).as_deref(),
                Some(time),
                "{text}"
            );
        }
    }

    #[test]
    fn other_dates_are_invalid() {
        for text in [
            "",
            " ",
            "1552636800",
            "2019",
            "2019-03",
            "20190315",
            "2019-02-30T08:00:00Z",
            "2019-03-15T25:00",
            "2019-03-15T24:00:01Z",
            "2019-03-15T08",
            "2019-03-15T",
            "2019-03-15T08:00:00 Z",
            "2019-03-15T08:00:00+9",
            "2019-03-15T08:00:00+25:00",
            "15 Mar 2019",
            "08:00",
            "Mon",
            "true",
            "-2019-03-15",
            "+2019-03-15",
            "12019-03-15",
            "2019-W11-5",
            "2019-074",
            "2019-03-15T08:00:00.Z",
            "0000-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "9999-12-31T24:00:00Z",
            "2019-03-15T08:00:0é",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
