//! Times, languages, places and sizes as people read them.

use chrono::{DateTime, FixedOffset, Utc};

use crate::access::{Grant, Scope};

/// The office's own clock on screen: UTC+7, as in Cambodia, Thailand and Viet Nam (Myanmar is half an hour behind).
pub const OFFICE_OFFSET_MIN: i16 = 7 * 60;

/// `24 Nov 2026, 21:40` at an offset from UTC in minutes; a time that no calendar has is said to be unknown.
pub fn moment(at_ms: &i64, utc_offset_min: &i16) -> String {
    at(*at_ms, *utc_offset_min).map_or_else(
        || "at an unknown time".to_string(),
        |at| at.format("%-d %b %Y, %H:%M").to_string(),
    )
}

/// The same at the office's own offset.
pub fn office_moment(at_ms: &i64) -> String {
    moment(at_ms, &OFFICE_OFFSET_MIN)
}

/// For `<time datetime>`.
pub fn iso(at_ms: &i64) -> String {
    at(*at_ms, 0).map_or_else(String::new, |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn at(at_ms: i64, utc_offset_min: i16) -> Option<DateTime<FixedOffset>> {
    let offset = FixedOffset::east_opt(i32::from(utc_offset_min).saturating_mul(60))?;
    let at = DateTime::<Utc>::from_timestamp_millis(at_ms)?;
    // Far from any calendar the offset itself would overflow.
    at.checked_add_signed(chrono::TimeDelta::minutes(i64::from(utc_offset_min)))?;
    Some(at.with_timezone(&offset))
}

/// How long ago, in the largest unit that fits: `just now`, `5 min ago`, `3 h ago`, `12 days ago`.
pub fn ago(now_ms: &i64, at_ms: &i64) -> String {
    let minutes = now_ms.saturating_sub(*at_ms) / 60_000;
    match minutes {
        i64::MIN..=0 => "just now".into(),
        1..=59 => format!("{minutes} min ago"),
        60..=2879 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1440),
    }
}

/// The language of a text as far as its letters tell (`km my th vi`), empty when they do not: for `lang`, so that
/// browsers choose fonts and break lines as that script wants it.
pub fn lang(text: &str) -> &'static str {
    text.chars()
        .find_map(|c| match c {
            '\u{1780}'..='\u{17FF}' | '\u{19E0}'..='\u{19FF}' => Some("km"),
            '\u{1000}'..='\u{109F}' | '\u{A9E0}'..='\u{A9FF}' | '\u{AA60}'..='\u{AA7F}' => Some("my"),
            '\u{0E00}'..='\u{0E7F}' => Some("th"),
            '\u{1EA0}'..='\u{1EF9}' | 'ơ' | 'Ơ' | 'ư' | 'Ư' | 'đ' | 'Đ' | 'ă' | 'Ă' => Some("vi"),
            _ => None,
        })
        .unwrap_or("")
}

/// The code in a language's name as form authors write it: `en` of `English (en)`; empty when there is none.
pub fn language_code(language: &str) -> &str {
    let inside = language
        .rsplit_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'))
        .unwrap_or("");
    match inside.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        true => inside,
        false => "",
    }
}

/// A country's name; another code as it is.
pub fn country(code: &str) -> &str {
    match code {
        "KH" => "Cambodia",
        "MM" => "Myanmar",
        "TH" => "Thailand",
        "VN" => "Viet Nam",
        other => other,
    }
}

/// `Cambodia · បាត់ដំបង (Battambang)`, or empty.
pub fn place(country_code: &str, province: &str) -> String {
    match (country_code, province) {
        ("", "") => String::new(),
        (code, "") => country(code).to_string(),
        ("", province) => province.to_string(),
        (code, province) => format!("{} · {province}", country(code)),
    }
}

/// `1,234`.
pub fn number(n: impl ToString) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 interview`, `1,234 interviews`.
pub fn count(n: impl ToString, one: &str, many: &str) -> String {
    match number(n).as_str() {
        "1" => format!("1 {one}"),
        n => format!("{n} {many}"),
    }
}

/// `640 bytes`, `12 KB`, `3.4 MB`.
pub fn size(size_bytes: &u64) -> String {
    match *size_bytes {
        0..=1023 => format!("{size_bytes} bytes"),
        1024..=1_048_575 => format!("{} KB", size_bytes.div_ceil(1024)),
        more => {
            let tenths = more / 104_858;
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
    }
}

/// The first characters of a long id.
pub fn short(id: impl ToString) -> String {
    id.to_string().chars().take(8).collect()
}

/// Where a role holds: `all of the study`, `Cambodia, province KH-12, team A`.
pub fn scope(scope: &Scope) -> String {
    let mut parts = Vec::new();
    if let Some(code) = &scope.country {
        parts.push(country(code).to_string());
    }
    if let Some(province) = &scope.province {
        parts.push(format!("province {province}"));
    }
    if let Some(team) = &scope.team {
        parts.push(format!("team {team}"));
    }
    match parts.is_empty() {
        true => "all of the study".into(),
        false => parts.join(", "),
    }
}

/// A role with where it holds.
pub fn grant(grant: &Grant) -> String {
    format!("{} for {}", grant.role.word(), scope(&grant.scope))
}

/// Most roles on the page that sets them.
pub const ROLE_LINES: usize = 16;

/// One line of the page that sets roles; empty text = all, and no role in a line that is still free.
pub struct RoleLine {
    /// Role word.
    pub role: &'static str,
    /// Project.
    pub project: String,
    /// Country code.
    pub country: String,
    /// Admin-1 code.
    pub province: String,
    /// Team.
    pub team: String,
}

/// Whether a role is bound to a country that the page does not offer.
pub fn is_other_country(code: &str) -> bool {
    !matches!(code, "" | "KH" | "MM" | "TH" | "VN")
}

/// A line for each role a person has, and two more.
pub fn role_lines(grants: &[Grant]) -> Vec<RoleLine> {
    let text = |bound: &Option<String>| bound.clone().unwrap_or_default();
    let mut lines: Vec<RoleLine> = grants
        .iter()
        .map(|grant| RoleLine {
            role: grant.role.word(),
            project: text(&grant.scope.project),
            country: text(&grant.scope.country),
            province: text(&grant.scope.province),
            team: text(&grant.scope.team),
        })
        .collect();
    for _ in 0..2 {
        lines.push(RoleLine {
            role: "",
            project: String::new(),
            country: String::new(),
            province: String::new(),
            team: String::new(),
        });
    }
    lines.truncate(ROLE_LINES);
    lines
}

/// A path with what stands after its question mark; empty values are left out.
pub fn link(path: &str, pairs: &[(&str, &String)]) -> String {
    let mut text = path.to_string();
    let mut joint = '?';
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        text.push(joint);
        joint = '&';
        text.push_str(name);
        text.push('=');
        text.push_str(&percent(value));
    }
    text
}

/// Percent-encoded for a part of an address.
pub fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// A name for a place on a page, fit for an HTML id.
pub fn anchor(at: &str) -> String {
    let hash = blake3::hash(at.as_bytes()).to_hex();
    format!("at-{}", hash.as_str().get(..12).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_tells_its_language_by_its_letters() {
        let table = [
            ("សុខា", "km"),
            ("ဒေါ်အေးအေး", "my"),
            ("นางสาว", "th"),
            ("Nguyễn Thị Hồng", "vi"),
            ("Sok Dara", ""),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(lang(text), expected, "{text}");
        }
    }

    #[test]
    fn times_at_the_end_of_the_calendar_do_no_harm() {
        for at_ms in [
            0,
            -1,
            i64::MIN,
            i64::MAX,
            8_210_266_876_799_999,
            -8_334_601_228_800_000,
        ] {
            for offset in [0, 420, -1440, 1440, i16::MAX, i16::MIN] {
                let _ = (moment(&at_ms, &offset), iso(&at_ms));
                let _ = (ago(&at_ms, &i64::MIN), ago(&i64::MIN, &at_ms));
            }
        }
        assert_eq!(moment(&1_795_521_600_000, &420), "24 Nov 2026, 19:00");
    }

    #[test]
    fn numbers_are_grouped_and_sizes_named() {
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(number(999), "999");
        assert_eq!(count(1, "interview", "interviews"), "1 interview");
        assert_eq!(size(&2048), "2 KB");
        assert_eq!(size(&3_500_000), "3.3 MB");
    }

    #[test]
    fn language_names_give_their_code() {
        assert_eq!(language_code("English (en)"), "en");
        assert_eq!(language_code("ខ្មែរ (km)"), "km");
        assert_eq!(language_code("default"), "");
        assert_eq!(language_code("x (\"><b>)"), "");
    }
}
