//! What goes out as text comes back as the same value, and what people type is understood or refused.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

use super::{ValueError, fold_digits, parse_value, to_odk_text};
use crate::answer::{Kind, MediaRef, Value};
use crate::decimal::Decimal;
use crate::geo::Geopoint;

#[track_caller]
fn check(text: &str, kind: Kind, shown: &str) {
    let value = parse_value(text, kind).unwrap_or_else(|error| panic!("{text:?} {error}"));
    assert_eq!(value.kind(), kind);
    assert_eq!(to_odk_text(&value), shown, "{text}");
}

#[test]
fn every_kind_is_read_and_written_as_odk_does() {
    check(" as typed \n\t", Kind::Text, " as typed \n\t");
    check("-12", Kind::Integer, "-12");
    check("12.0", Kind::Integer, "12");
    check(" 12.50 ", Kind::Decimal, "12.5");
    check("2026-11-24", Kind::Date, "2026-11-24");
    check("0001-1-2", Kind::Date, "0001-01-02");
    check("14:30", Kind::Time, "14:30:00.000");
    check("4:30:05.25+07:00", Kind::Time, "04:30:05.250");
    check(
        "2026-11-24T14:30:00+07",
        Kind::DateTime,
        "2026-11-24T14:30:00.000+07:00",
    );
    check(
        "2026-11-24T14:30:00.000Z",
        Kind::DateTime,
        "2026-11-24T14:30:00.000+00:00",
    );
    check(
        "2026-11-24T14:30:00.123456-0330",
        Kind::DateTime,
        "2026-11-24T14:30:00.123456-03:30",
    );
    check(
        "11.556374 104.928207",
        Kind::Geopoint,
        "11.5563740 104.9282070 0 0",
    );
    check(
        "-11.5 -104.9 0.0 4.55",
        Kind::Geopoint,
        "-11.5000000 -104.9000000 0.0 4.55",
    );
    check(
        "1 2 -3.5 0;4 5;",
        Kind::Geotrace,
        "1.0000000 2.0000000 -3.5 0; 4.0000000 5.0000000 0 0",
    );
    check("yes", Kind::Choice, "yes");
    check("b a  b", Kind::Choices, "b a");
    check("ok", Kind::Acknowledge, "OK");
}

#[test]
fn positions_beyond_their_units_are_rounded_not_refused() {
    check(
        "11.55637404999999 104.92820705 1.0005 0.0004",
        Kind::Geopoint,
        "11.5563740 104.9282071 1.001 0.0",
    );
}

#[test]
fn local_digits_count_in_numbers_dates_and_positions_but_stay_in_text() {
    check("១២៣", Kind::Integer, "123");
    check("၁၂.၅", Kind::Decimal, "12.5");
    check("๒๕๖๙-๑๑-๒๔", Kind::Date, "2569-11-24");
    check("១១.៥ ១០៤.៩", Kind::Geopoint, "11.5000000 104.9000000 0 0");
    check("០១២ ៣៤៥", Kind::Text, "០១២ ៣៤៥");
    assert_eq!(fold_digits("ราคา ๑๐ บาท"), "ราคา 10 บาท");
}

#[test]
fn what_is_no_value_is_refused() {
    for (text, kind) in [
        ("", Kind::Text),
        ("  ", Kind::Integer),
        ("a\u{0}b", Kind::Text),
        ("a\rb", Kind::Text),
        ("12.5", Kind::Integer),
        ("1e3", Kind::Decimal),
        ("9223372036854775808", Kind::Integer),
        ("2026-02-30", Kind::Date),
        ("24/11/2026", Kind::Date),
        ("2026-11-24-1", Kind::Date),
        ("0000-01-01", Kind::Date),
        ("24:00", Kind::Time),
        ("14", Kind::Time),
        ("14:30:60", Kind::Time),
        ("2026-11-24T14:30:00", Kind::DateTime),
        ("2026-11-24 14:30:00+07:00", Kind::DateTime),
        ("2026-11-24T14:30:00+99:00", Kind::DateTime),
        ("91 0", Kind::Geopoint),
        ("104.9 11.5", Kind::Geopoint),
        ("11.5", Kind::Geopoint),
        ("1 2 3 4 5", Kind::Geopoint),
        ("1 2 3 -4", Kind::Geopoint),
        ("1 2;;3 4", Kind::Geotrace),
        ("photo.jpg", Kind::Media),
        ("seen", Kind::Acknowledge),
    ] {
        assert!(parse_value(text, kind).is_err(), "{text:?} as {kind:?}");
    }
    assert_eq!(parse_value("photo.jpg", Kind::Media), Err(ValueError::NeedsFile));
}

#[test]
fn media_are_shown_by_their_file_name() {
    let photo = MediaRef {
        hash: [7; 32],
        size_bytes: 5,
        name: "shop.jpg".to_owned(),
    };
    assert_eq!(to_odk_text(&Value::Media(photo)), "shop.jpg");
}

fn any_point() -> impl Strategy<Value = Geopoint> {
    (
        -900_000_000i32..=900_000_000,
        -1_800_000_000i32..=1_800_000_000,
        any::<Option<i32>>(),
        any::<Option<u32>>(),
    )
        .prop_map(|(lat_e7, lon_e7, altitude_mm, accuracy_mm)| Geopoint {
            lat_e7,
            lon_e7,
            altitude_mm,
            accuracy_mm,
        })
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    // Two days of room at both ends, so that every offset stays within the years 1 to 9999.
    (3i32..3_652_057).prop_map(|day| NaiveDate::from_num_days_from_ce_opt(day).unwrap())
}

fn any_time() -> impl Strategy<Value = NaiveTime> {
    (0u32..86_400, 0u32..1_000_000_000)
        .prop_map(|(second, nano)| NaiveTime::from_num_seconds_from_midnight_opt(second, nano).unwrap())
}

fn any_moment() -> impl Strategy<Value = DateTime<FixedOffset>> {
    (any_day(), any_time(), -23 * 60i32..=23 * 60).prop_map(|(day, time, minutes)| {
        super::at_offset(day.and_time(time), FixedOffset::east_opt(minutes * 60).unwrap()).unwrap()
    })
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[^\\p{Cc}]{1,20}".prop_map(Value::Text),
        any::<i64>().prop_map(Value::Integer),
        (any::<i64>(), 0u8..=15)
            .prop_map(|(mantissa, scale)| Value::Decimal(Decimal::new(mantissa, scale).unwrap())),
        any_day().prop_map(Value::Date),
        any_time().prop_map(Value::Time),
        any_moment().prop_map(Value::DateTime),
        any_point().prop_map(Value::Geopoint),
        proptest::collection::vec(any_point(), 1..5).prop_map(Value::Geotrace),
        proptest::collection::vec(any_point(), 1..5).prop_map(Value::Geoshape),
        "[a-z0-9_ក-អ-]{1,9}".prop_map(Value::Choice),
        proptest::collection::btree_set("[a-z0-9_က-အ-]{1,9}", 1..6)
            .prop_map(|names| Value::Choices(names.into_iter().collect())),
        Just(Value::Acknowledge),
    ]
}

proptest! {
    #[test]
    fn every_value_survives_its_text(value in any_value()) {
        prop_assert_eq!(parse_value(&to_odk_text(&value), value.kind()), Ok(value));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}", number in "[-+0-9.:TZ ;០-៩]{0,30}") {
        for kind in [
            Kind::Text, Kind::Integer, Kind::Decimal, Kind::Date, Kind::Time, Kind::DateTime, Kind::Geopoint,
            Kind::Geotrace, Kind::Geoshape, Kind::Choice, Kind::Choices, Kind::Media, Kind::Acknowledge,
        ] {
            let _ = parse_value(&text, kind);
            let _ = parse_value(&number, kind);
        }
    }
}
