//! The words that form authors write for the type of a question, and what they mean.

use sampan_value::answer::Kind;

use crate::def::Role;
use crate::problem::similar;

/// What a type word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A question, a note, a calculation or metadata.
    Question(QuestionType),
    /// Opens a group.
    BeginGroup,
    /// Closes a group.
    EndGroup,
    /// Opens a repeat.
    BeginRepeat,
    /// Closes a repeat.
    EndRepeat,
    /// Metadata that no device here can know (telephone number, SIM card): stays empty.
    Unknowable,
    /// Known to other tools, not to this one yet.
    Unsupported,
}

/// What the type word of a question means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuestionType {
    /// What it does.
    pub role: Role,
    /// The type of its answer.
    pub kind: Kind,
    /// Whether a choice list or a file follows the word.
    pub choices: Option<ChoicesFrom>,
}

/// The type that takes any answer.
pub const FREE_TEXT: QuestionType = QuestionType {
    role: Role::Ask,
    kind: Kind::Text,
    choices: None,
};

/// The type of a value that nobody sees or types.
pub const HIDDEN: QuestionType = QuestionType {
    role: Role::Calculate,
    kind: Kind::Text,
    choices: None,
};

/// Where the choices after a type word come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChoicesFrom {
    /// A list of the form.
    List,
    /// A file that travels with the form.
    File,
}

/// Each way to write a type, with `_` for blanks, and its meaning. The first of several ways is the one to advise.
const WORDS: &[(&str, Type)] = &[
    ("text", ask(Kind::Text)),
    ("string", ask(Kind::Text)),
    ("barcode", ask(Kind::Text)),
    ("integer", ask(Kind::Integer)),
    ("int", ask(Kind::Integer)),
    ("decimal", ask(Kind::Decimal)),
    ("range", ask(Kind::Decimal)),
    ("date", ask(Kind::Date)),
    ("time", ask(Kind::Time)),
    ("datetime", ask(Kind::DateTime)),
    ("date_time", ask(Kind::DateTime)),
    ("geopoint", ask(Kind::Geopoint)),
    ("gps", ask(Kind::Geopoint)),
    ("location", ask(Kind::Geopoint)),
    ("geotrace", ask(Kind::Geotrace)),
    ("geoshape", ask(Kind::Geoshape)),
    ("image", ask(Kind::Media)),
    ("photo", ask(Kind::Media)),
    ("audio", ask(Kind::Media)),
    ("video", ask(Kind::Media)),
    ("file", ask(Kind::Media)),
    ("acknowledge", ask(Kind::Acknowledge)),
    ("trigger", ask(Kind::Acknowledge)),
    ("select_one", select(Kind::Choice, ChoicesFrom::List)),
    ("select1", select(Kind::Choice, ChoicesFrom::List)),
    ("select_one_from", select(Kind::Choice, ChoicesFrom::List)),
    ("select_one_from_file", select(Kind::Choice, ChoicesFrom::File)),
    ("select_multiple", select(Kind::Choices, ChoicesFrom::List)),
    ("select", select(Kind::Choices, ChoicesFrom::List)),
    ("select_many", select(Kind::Choices, ChoicesFrom::List)),
    ("select_multiple_from", select(Kind::Choices, ChoicesFrom::List)),
    (
        "select_all_that_apply_from",
        select(Kind::Choices, ChoicesFrom::List),
    ),
    ("select_all_that_apply", select(Kind::Choices, ChoicesFrom::List)),
    (
        "select_multiple_from_file",
        select(Kind::Choices, ChoicesFrom::File),
    ),
    ("note", own(Role::Note, Kind::Text)),
    ("calculate", own(Role::Calculate, Kind::Text)),
    ("calculation", own(Role::Calculate, Kind::Text)),
    ("hidden", own(Role::Calculate, Kind::Text)),
    ("start", own(Role::Start, Kind::DateTime)),
    ("end", own(Role::End, Kind::DateTime)),
    ("today", own(Role::Today, Kind::Date)),
    ("deviceid", own(Role::DeviceId, Kind::Text)),
    ("device_id", own(Role::DeviceId, Kind::Text)),
    ("imei", own(Role::DeviceId, Kind::Text)),
    ("username", own(Role::Username, Kind::Text)),
    ("begin_group", Type::BeginGroup),
    ("group", Type::BeginGroup),
    ("end_group", Type::EndGroup),
    ("begin_repeat", Type::BeginRepeat),
    ("begin_lgroup", Type::BeginRepeat),
    ("begin_looped_group", Type::BeginRepeat),
    ("repeat", Type::BeginRepeat),
    ("end_repeat", Type::EndRepeat),
    ("end_lgroup", Type::EndRepeat),
    ("end_looped_group", Type::EndRepeat),
    ("rank", Type::Unsupported),
    ("select_one_external", Type::Unsupported),
    ("select_multiple_external", Type::Unsupported),
    ("start_geopoint", Type::Unsupported),
    ("background_geopoint", Type::Unsupported),
    ("background_audio", Type::Unsupported),
    ("osm", Type::Unsupported),
    ("audit", Type::Unsupported),
    ("email", Type::Unknowable),
    ("phonenumber", Type::Unknowable),
    ("phone_number", Type::Unknowable),
    ("subscriberid", Type::Unknowable),
    ("simserial", Type::Unknowable),
    ("csv_external", Type::Unsupported),
    ("xml_external", Type::Unsupported),
    ("begin_loop", Type::Unsupported),
    ("end_loop", Type::Unsupported),
];

/// The longest type word at the beginning of a cell, and what follows it (`select_one` and `yes_no`). Case, `_`, `-`
/// and blanks make no difference in the word.
pub fn read(cell: &str) -> Option<(Type, &str)> {
    let cell = cell.trim();
    let mut best: Option<(usize, Type)> = None;
    for (word, meaning) in WORDS {
        if let Some(length) = prefix(cell, word)
            && best.is_none_or(|(longest, _)| length > longest)
        {
            best = Some((length, *meaning));
        }
    }
    let (length, meaning) = best?;
    Some((meaning, cell.get(length..).unwrap_or_default().trim()))
}

/// The type word that a misspelt one most likely means.
pub fn intended(cell: &str) -> Option<&'static str> {
    let plain = plain(cell.trim());
    let first = cell
        .split_whitespace()
        .next()
        .map(|word| word.to_lowercase())
        .unwrap_or_default();
    let known = || {
        WORDS
            .iter()
            .filter(|(_, meaning)| *meaning != Type::Unsupported)
            .map(|(word, _)| *word)
    };
    similar(&first, known()).or_else(|| similar(&plain, known()))
}

/// The type of a range's answer: whole numbers unless an end or the step has a decimal point.
pub fn range_kind(ends_and_step: [&str; 3]) -> Kind {
    match ends_and_step.iter().any(|number| number.contains('.')) {
        true => Kind::Decimal,
        false => Kind::Integer,
    }
}

const fn ask(kind: Kind) -> Type {
    own(Role::Ask, kind)
}

const fn own(role: Role, kind: Kind) -> Type {
    Type::Question(QuestionType {
        role,
        kind,
        choices: None,
    })
}

const fn select(kind: Kind, from: ChoicesFrom) -> Type {
    Type::Question(QuestionType {
        role: Role::Ask,
        kind,
        choices: Some(from),
    })
}

/// How many bytes of a cell the word takes, when the cell begins with it as a whole word.
fn prefix(cell: &str, word: &str) -> Option<usize> {
    let mut letters = cell.char_indices().peekable();
    for expected in word.chars() {
        let (_, letter) = letters.next()?;
        let is_gap = |c: char| c == '_' || c == '-' || c.is_whitespace();
        if expected == '_' && is_gap(letter) {
            while letters.next_if(|(_, c)| is_gap(*c)).is_some() {}
        } else if letter.to_ascii_lowercase() != expected {
            return None;
        }
    }
    match letters.peek() {
        None => Some(cell.len()),
        Some((at, c)) if c.is_whitespace() => Some(*at),
        Some(_) => None,
    }
}

fn plain(word: &str) -> String {
    word.to_lowercase().replace([' ', '-'], "_")
}

#[cfg(test)]
mod tests {
    use sampan_value::answer::Kind;

    use super::{ChoicesFrom, Type, ask, intended, read, select};

    #[test]
    fn a_type_is_read_however_it_is_spaced() {
        for (cell, expected) in [
            ("text", Some((ask(Kind::Text), ""))),
            ("Integer", Some((ask(Kind::Integer), ""))),
            ("dateTime", Some((ask(Kind::DateTime), ""))),
            (
                "select_one yes_no",
                Some((select(Kind::Choice, ChoicesFrom::List), "yes_no")),
            ),
            (
                "select one  yes_no",
                Some((select(Kind::Choice, ChoicesFrom::List), "yes_no")),
            ),
            (
                "select one from yes_no",
                Some((select(Kind::Choice, ChoicesFrom::List), "yes_no")),
            ),
            (
                "select_one_from_file a.csv",
                Some((select(Kind::Choice, ChoicesFrom::File), "a.csv")),
            ),
            (
                "select all that apply from fruit",
                Some((select(Kind::Choices, ChoicesFrom::List), "fruit")),
            ),
            ("begin group", Some((Type::BeginGroup, ""))),
            ("end_repeat", Some((Type::EndRepeat, ""))),
            ("rank fruit", Some((Type::Unsupported, "fruit"))),
            ("textual", None),
            ("", None),
        ] {
            assert_eq!(read(cell), expected, "{cell}");
        }
    }

    #[test]
    fn a_misspelt_type_is_guessed() {
        for (cell, expected) in [
            ("integr", Some("integer")),
            ("selct_one yes_no", Some("select_one")),
            ("begn group", Some("begin_group")),
            ("xyz", None),
        ] {
            assert_eq!(intended(cell), expected, "{cell}");
        }
    }
}
