//! [`Timestamp`]: every time that clients see or that the table has, and the forms in which clients
//! send dates (R12, R39, R89).

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::parsing::Parsed;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// A time in whole microseconds, from the year 0000 to the year 9999 in UTC.
///
/// Its text is RFC 3339 with six decimals, so that texts sort in the order of time. That is also
/// the form of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Since 1970.
    microseconds: i64,
}

/// The text is not a date, or its year is not between 0000 and 9999 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a date between the years 0000 and 9999, such as 2019-03-15T08:00:00Z")]
pub struct NotADate;

impl Timestamp {
    /// The beginning of the year 0000.
    const FIRST: Self = Self {
        microseconds: -62_167_219_200_000_000,
    };
    /// The end of the year 9999.
    const LAST: Self = Self {
        microseconds: 253_402_300_799_999_999,
    };

    /// This time without what is finer than a microsecond. A clock that is outside the range gives
    /// the first or the last time.
    #[must_use]
    pub fn from_clock(time: SystemTime) -> Self {
        let microseconds = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => {
                let before = before.duration().as_nanos().div_ceil(1_000);
                i64::try_from(before).map_or(i64::MIN, |before| -before)
            }
        };
        Self { microseconds }.clamp(Self::FIRST, Self::LAST)
    }

    /// The time in UTC with three decimals, as responses show it: `2019-01-03T01:56:19.539Z`.
    #[must_use]
    pub fn to_milliseconds_text(self) -> String {
        self.start_of_text("2019-01-03T01:56:19.539") + "Z"
    }

    /// The time in UTC without decimals, as messages show it: `2019-01-03T01:56:19Z`.
    #[must_use]
    pub fn to_seconds_text(self) -> String {
        self.start_of_text("2019-01-03T01:56:19") + "Z"
    }

    /// The date in UTC: `2019-01-03`.
    #[must_use]
    pub fn to_date_text(self) -> String {
        self.start_of_text("2019-01-03")
    }

    /// The time in UTC in words, to the minute: `3 January 2019, 01:56 UTC`.
    #[must_use]
    pub fn to_words(self) -> String {
        let time = self.utc();
        let (year, month, day) = (time.year(), time.month(), time.day());
        let (hour, minute) = (time.hour(), time.minute());
        format!("{day} {month} {year:04}, {hour:02}:{minute:02} UTC")
    }

    /// The end of the second in which the time is.
    #[must_use]
    pub fn end_of_second(self) -> Self {
        Self {
            microseconds: self.unix_seconds() * 1_000_000 + 999_999,
        }
    }

    /// The beginning of the text, as long as the example. Every part of the text has a fixed width.
    fn start_of_text(self, example: &str) -> String {
        let mut text = self.to_string();
        text.truncate(example.len());
        text
    }

    /// The seconds since 1970, rounded down.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.microseconds.div_euclid(1_000_000)
    }

    /// The time in whole seconds. A timestamp is always within the range of this type.
    fn utc(self) -> OffsetDateTime {
        let time = OffsetDateTime::from_unix_timestamp(self.unix_seconds());
        time.unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.utc();
        let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
        let (hour, minute, second) = time.to_hms();
        let microseconds = self.microseconds.rem_euclid(1_000_000);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{microseconds:06}Z"
        )
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        let distance = Duration::from_micros(time.microseconds.unsigned_abs());
        if time.microseconds < 0 {
            UNIX_EPOCH - distance
        } else {
            UNIX_EPOCH + distance
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// `2019-03-15`, `2019-03-15T08:00`, `2019-03-15 08:00:00,5 +01:00`, `2019-03-15 08:00:00 UTC`.
const EXTENDED: &[BorrowedFormatItem<'_>] = format_description!(
    version = 2,
    "[year]-[month]-[day][optional [[first [T] [t] [ ]][hour]:[minute]\
     [optional [:[second][optional [[first [.] [,]][subsecond]]]]]\
     [optional [[optional [ ]][first [UTC] [Z] [z] [[offset_hour sign:mandatory]:[offset_minute]] \
     [[offset_hour sign:mandatory][offset_minute]] [[offset_hour sign:mandatory]]]]]]]"
);
/// `20190315T080000Z`.
const BASIC: &[BorrowedFormatItem<'_>] = format_description!(
    version = 2,
    "[year][month][day][first [T] [t]][hour][minute]\
     [optional [[second][optional [[first [.] [,]][subsecond]]]]]\
     [optional [[optional [ ]][first [UTC] [Z] [z] [[offset_hour sign:mandatory]:[offset_minute]] \
     [[offset_hour sign:mandatory][offset_minute]] [[offset_hour sign:mandatory]]]]]"
);

impl FromStr for Timestamp {
    type Err = NotADate;

    /// Reads a date, or a date and a time; without a zone, it is in UTC. What is finer than
    /// a microsecond is cut.
    fn from_str(text: &str) -> Result<Self, NotADate> {
        parse(text).ok_or(NotADate)
    }
}

fn parse(text: &str) -> Option<Timestamp> {
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
    let time = read_date_and_clock(&parsed)?;
    if ends_day && time.time() != Time::MIDNIGHT {
        return None;
    }
    let offset = read_offset(&parsed)?;
    let day = if ends_day { 24 * 60 * 60 } else { 0 };
    let seconds = time.assume_utc().unix_timestamp() - i64::from(offset.whole_seconds()) + day;
    let microseconds = seconds * 1_000_000 + i64::from(time.microsecond());
    let is_in_range = |time: &Timestamp| (Timestamp::FIRST..=Timestamp::LAST).contains(time);
    Some(Timestamp { microseconds }).filter(is_in_range)
}

fn read_date_and_clock(parsed: &Parsed) -> Option<PrimitiveDateTime> {
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

fn read_offset(parsed: &Parsed) -> Option<UtcOffset> {
    let hour = parsed.offset_hour().unwrap_or_default();
    if hour.unsigned_abs() > 23 {
        return None;
    }
    let minute = parsed.offset_minute_signed().unwrap_or_default();
    UtcOffset::from_hms(hour, minute, 0).ok()
}

/// Ruby reads `T24:00:00` as the beginning of the next day.
fn without_end_of_day(text: &str) -> (String, bool) {
    match text.split_once(['T', 't', ' ']) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, NotADate> {
        text.parse().map(|time: Timestamp| time.to_string())
    }

    #[test]
    fn dates_are_read_as_git_and_ruby_print_them() {
        for (text, time) in [
            ("2019-08-23 09:36:10 +0200", "2019-08-23T07:36:10.000000Z"),
            ("2019-08-23 07:36:10 UTC", "2019-08-23T07:36:10.000000Z"),
            ("2019-08-23T09:36:10,25+02", "2019-08-23T07:36:10.250000Z"),
            ("2019-08-23T09:36:10-02", "2019-08-23T11:36:10.000000Z"),
            ("2019-08-23t07:36:10z", "2019-08-23T07:36:10.000000Z"),
            ("2019-03-15T08:00:00 Z", "2019-03-15T08:00:00.000000Z"),
            ("2019-03-15t24:00:00z", "2019-03-16T00:00:00.000000Z"),
            ("20190315t080000,5 +01", "2019-03-15T07:00:00.500000Z"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(time), "{text}");
        }
    }

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
                text.parse()
                    .map(|time: Timestamp| time.to_string())
                    .as_deref(),
                Ok(time),
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
            "2019-03-15T08:00:00  Z",
            "2019-03-15T08:00:00 utc",
            "2019-03-15T08:00:00 +",
            "2019-03-15T08:00:00, ",
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
            assert_eq!(text.parse::<Timestamp>(), Err(NotADate), "{text}");
        }
    }

    #[test]
    fn a_clock_gives_a_time_within_the_range() {
        let year = Duration::from_secs(366 * 24 * 60 * 60);
        for (clock, text) in [
            (
                UNIX_EPOCH - Duration::from_nanos(1),
                "1969-12-31T23:59:59.999999Z",
            ),
            (
                UNIX_EPOCH + Duration::from_nanos(1_999),
                "1970-01-01T00:00:00.000001Z",
            ),
            (UNIX_EPOCH + year * 9_000, "9999-12-31T23:59:59.999999Z"),
            (UNIX_EPOCH - year * 9_000, "0000-01-01T00:00:00.000000Z"),
        ] {
            let time = Timestamp::from_clock(clock);
            assert_eq!(time.to_string(), text);
            assert_eq!(text.parse(), Ok(time));
            assert_eq!(Timestamp::from_clock(time.into()), time);
            let json = serde_json::to_string(&time).unwrap();
            assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), time);
        }
        let before_1970 = Timestamp { microseconds: -1 };
        assert_eq!(before_1970.unix_seconds(), -1);
        assert_eq!(
            before_1970.to_milliseconds_text(),
            "1969-12-31T23:59:59.999Z"
        );
        assert_eq!(before_1970.to_seconds_text(), "1969-12-31T23:59:59Z");
        assert_eq!(before_1970.to_date_text(), "1969-12-31");
        assert_eq!(before_1970.to_words(), "31 December 1969, 23:59 UTC");
        assert_eq!(before_1970.end_of_second(), before_1970);
    }
}
