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
    /// Metadata that devices do not know by themselves: stays empty (SIM card), or is what the device was told (telephone
    /// number, e-mail).
    Unknowable,
    /// Opens a group that is asked once for each choice of a list.
    BeginLoop,
    /// Closes such a group.
    EndLoop,
    /// Asks for a log of the interview.
    Audit,
    /// Names a file that expressions read.
    ExternalFile,
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
    /// A list of the sheet external_choices.
    ExternalList,
}

/// Each way to write a type, with `_` for blanks, its canonical spelling, and its meaning.
const WORDS: &[(&str, &str, Type)] = &[
    ("text", "text", ask(Kind::Text)),
    ("string", "text", ask(Kind::Text)),
    ("barcode", "barcode", ask(Kind::Text)),
    ("integer", "integer", ask(Kind::Integer)),
    ("int", "integer", ask(Kind::Integer)),
    ("decimal", "decimal", ask(Kind::Decimal)),
    ("range", "range", ask(Kind::Decimal)),
    ("date", "date", ask(Kind::Date)),
    ("time", "time", ask(Kind::Time)),
    ("datetime", "datetime", ask(Kind::DateTime)),
    ("date_time", "datetime", ask(Kind::DateTime)),
    ("geopoint", "geopoint", ask(Kind::Geopoint)),
    ("gps", "gps", ask(Kind::Geopoint)),
    ("location", "location", ask(Kind::Geopoint)),
    ("geotrace", "geotrace", ask(Kind::Geotrace)),
    ("geoshape", "geoshape", ask(Kind::Geoshape)),
    ("image", "image", ask(Kind::Media)),
    ("photo", "image", ask(Kind::Media)),
    ("audio", "audio", ask(Kind::Media)),
    ("video", "video", ask(Kind::Media)),
    ("file", "file", ask(Kind::Media)),
    ("osm", "osm", ask(Kind::Media)),
    ("acknowledge", "acknowledge", ask(Kind::Acknowledge)),
    ("trigger", "trigger", ask(Kind::Acknowledge)),
    (
        "select_one",
        "select_one",
        select(Kind::Choice, ChoicesFrom::List),
    ),
    ("select1", "select_one", select(Kind::Choice, ChoicesFrom::List)),
    (
        "select_one_from",
        "select_one",
        select(Kind::Choice, ChoicesFrom::List),
    ),
    (
        "add_select_one_prompt_using",
        "select_one",
        select(Kind::Choice, ChoicesFrom::List),
    ),
    (
        "select_one_from_file",
        "select_one_from_file",
        select(Kind::Choice, ChoicesFrom::File),
    ),
    (
        "select_one_external",
        "select_one_external",
        select(Kind::Choice, ChoicesFrom::ExternalList),
    ),
    (
        "select_multiple",
        "select_multiple",
        select(Kind::Choices, ChoicesFrom::List),
    ),
    (
        "select",
        "select_multiple",
        select(Kind::Choices, ChoicesFrom::List),
    ),
    (
        "select_many",
        "select_multiple",
        select(Kind::Choices, ChoicesFrom::List),
    ),
    (
        "select_multiple_from",
        "select_multiple",
        select(Kind::Choices, ChoicesFrom::List),
    ),
    (
        "select_all_that_apply_from",
        "select_multiple",
        select(Kind::Choices, ChoicesFrom::List),
    ),
    (
        "select_all_that_apply",
        "select_multiple",
        select(Kind::Choices, ChoicesFrom::List),
    ),
    (
        "add_select_multiple_prompt_using",
        "select_multiple",
        select(Kind::Choices, ChoicesFrom::List),
    ),
    (
        "select_multiple_from_file",
        "select_multiple_from_file",
        select(Kind::Choices, ChoicesFrom::File),
    ),
    ("rank", "rank", select(Kind::Choices, ChoicesFrom::List)),
    ("note", "note", own(Role::Note, Kind::Text)),
    ("calculate", "calculate", own(Role::Calculate, Kind::Text)),
    ("calculation", "calculate", own(Role::Calculate, Kind::Text)),
    ("hidden", "hidden", own(Role::Calculate, Kind::Text)),
    ("start", "start", own(Role::Start, Kind::DateTime)),
    ("start_time", "start", own(Role::Start, Kind::DateTime)),
    ("get_start_time", "start", own(Role::Start, Kind::DateTime)),
    ("end", "end", own(Role::End, Kind::DateTime)),
    ("end_time", "end", own(Role::End, Kind::DateTime)),
    ("get_end_time", "end", own(Role::End, Kind::DateTime)),
    ("today", "today", own(Role::Today, Kind::Date)),
    ("get_today", "today", own(Role::Today, Kind::Date)),
    ("deviceid", "deviceid", own(Role::DeviceId, Kind::Text)),
    ("device_id", "deviceid", own(Role::DeviceId, Kind::Text)),
    ("get_device_id", "deviceid", own(Role::DeviceId, Kind::Text)),
    ("uri:deviceid", "uri:deviceid", own(Role::DeviceId, Kind::Text)),
    ("imei", "deviceid", own(Role::DeviceId, Kind::Text)),
    ("username", "username", own(Role::Username, Kind::Text)),
    ("uri:username", "uri:username", own(Role::Username, Kind::Text)),
    ("begin_group", "begin_group", Type::BeginGroup),
    ("group", "begin_group", Type::BeginGroup),
    ("end_group", "end_group", Type::EndGroup),
    ("begin_repeat", "begin_repeat", Type::BeginRepeat),
    ("begin_lgroup", "begin_repeat", Type::BeginRepeat),
    ("begin_looped_group", "begin_repeat", Type::BeginRepeat),
    ("repeat", "begin_repeat", Type::BeginRepeat),
    ("end_repeat", "end_repeat", Type::EndRepeat),
    ("end_lgroup", "end_repeat", Type::EndRepeat),
    ("end_looped_group", "end_repeat", Type::EndRepeat),
    ("begin_loop", "begin_loop", Type::BeginLoop),
    ("end_loop", "end_loop", Type::EndLoop),
    (
        "start_geopoint",
        "start_geopoint",
        own(Role::Calculate, Kind::Geopoint),
    ),
    (
        "background_geopoint",
        "background_geopoint",
        own(Role::Calculate, Kind::Geopoint),
    ),
    (
        "background_audio",
        "background_audio",
        own(Role::Calculate, Kind::Media),
    ),
    ("audit", "audit", Type::Audit),
    ("csv_external", "csv_external", Type::ExternalFile),
    ("xml_external", "xml_external", Type::ExternalFile),
    ("percentage", "percentage", ask(Kind::Integer)),
    ("phone_number", "phone_number", ask(Kind::Text)),
    (
        "number_of_days_in_last_month",
        "number_of_days_in_last_month",
        ask(Kind::Integer),
    ),
    (
        "number_of_days_in_last_six_months",
        "number_of_days_in_last_six_months",
        ask(Kind::Integer),
    ),
    (
        "number_of_days_in_last_year",
        "number_of_days_in_last_year",
        ask(Kind::Integer),
    ),
    ("email", "email", Type::Unknowable),
    ("uri:email", "uri:email", Type::Unknowable),
    ("phonenumber", "phonenumber", Type::Unknowable),
    ("uri:phonenumber", "uri:phonenumber", Type::Unknowable),
    ("get_phone_number", "phonenumber", Type::Unknowable),
    ("subscriberid", "subscriberid", Type::Unknowable),
    ("subscriber_id", "subscriberid", Type::Unknowable),
    ("get_subscriber_id", "subscriberid", Type::Unknowable),
    ("uri:subscriberid", "uri:subscriberid", Type::Unknowable),
    ("simserial", "simserial", Type::Unknowable),
    ("sim_id", "simserial", Type::Unknowable),
    ("get_sim_id", "simserial", Type::Unknowable),
    ("uri:simserial", "uri:simserial", Type::Unknowable),
];

/// The longest type word at the beginning of a cell, and what follows it (`select_one` and `yes_no`). Case, `_`, `-`
/// and blanks make no difference in the word.
pub fn read(cell: &str) -> Option<(Type, &str)> {
    read_word(cell).map(|(_, meaning, rest)| (meaning, rest))
}

/// As [`read`], with the canonical spelling of the word before it: `text` for `add text prompt`.
pub fn read_word(cell: &str) -> Option<(&'static str, Type, &str)> {
    let cell = cell.trim();
    let found = longest(cell);
    if found.is_some() {
        return found;
    }
    let rest = cell.strip_prefix("q ").or_else(|| {
        cell.strip_prefix("add ")
            .and_then(|rest| rest.strip_suffix(" prompt"))
    })?;
    longest(rest).filter(|(_, meaning, rest)| {
        rest.is_empty() && matches!(meaning, Type::Question(QuestionType { choices: None, .. }))
    })
}

/// Types without a list, as the reference converter spells them.
const AS_SPECIFIED: &[&str] = &[
    "acknowledge",
    "audio",
    "audit",
    "background-audio",
    "background-geopoint",
    "barcode",
    "calculate",
    "csv-external",
    "date",
    "date time",
    "dateTime",
    "datetime",
    "decimal",
    "device id",
    "deviceid",
    "email",
    "end",
    "end time",
    "file",
    "geopoint",
    "geoshape",
    "geotrace",
    "get device id",
    "get end time",
    "get phone number",
    "get sim id",
    "get start time",
    "get subscriber id",
    "get today",
    "gps",
    "hidden",
    "image",
    "imei",
    "int",
    "integer",
    "location",
    "note",
    "number of days in last month",
    "number of days in last six months",
    "number of days in last year",
    "osm",
    "percentage",
    "phone number",
    "phonenumber",
    "photo",
    "range",
    "sim id",
    "simserial",
    "start",
    "start time",
    "start-geopoint",
    "string",
    "subscriber id",
    "subscriberid",
    "text",
    "time",
    "today",
    "trigger",
    "uri:deviceid",
    "uri:email",
    "uri:phonenumber",
    "uri:simserial",
    "uri:subscriberid",
    "uri:username",
    "username",
    "video",
    "xml-external",
];

/// Words before the name of a list, as the reference converter spells them.
const BEFORE_A_LIST: &[&str] = &[
    "add select one prompt using",
    "add select multiple prompt using",
    "select all that apply from",
    "select one from",
    "select1",
    "select_one",
    "select one",
    "select_multiple",
    "select all that apply",
    "select_one_external",
    "select_one_from_file",
    "select_multiple_from_file",
    "select one from file",
    "select multiple from file",
    "rank",
    "osm",
];

/// Whether the reference converter reads a type that [`read`] understands: it takes neither other letter cases nor other
/// marks between words.
pub fn is_as_specified(cell: &str) -> bool {
    let cell = cell.trim();
    let single = cell
        .strip_prefix("q ")
        .or_else(|| {
            cell.strip_prefix("add ")
                .and_then(|rest| rest.strip_suffix(" prompt"))
        })
        .unwrap_or(cell);
    if AS_SPECIFIED.contains(&single) {
        return true;
    }
    let has_list = |word: &&&str| {
        cell.strip_prefix(**word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    if BEFORE_A_LIST.iter().any(|word| has_list(&word)) {
        return true;
    }
    let control = cell.strip_prefix("begin").or_else(|| cell.strip_prefix("end"));
    let control = control.and_then(|rest| rest.strip_prefix([' ', '_']));
    ["group", "repeat", "loop", "lgroup", "looped group"]
        .iter()
        .any(|kind| {
            control
                .and_then(|rest| rest.strip_prefix(kind))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
}

/// How authors write a type given in its canonical spelling.
pub fn usual(canonical: &str) -> &str {
    match canonical {
        "csv_external" => "csv-external",
        "xml_external" => "xml-external",
        "start_geopoint" => "start-geopoint",
        "background_geopoint" => "background-geopoint",
        "background_audio" => "background-audio",
        "datetime" => "dateTime",
        other => other,
    }
}

fn longest(cell: &str) -> Option<(&'static str, Type, &str)> {
    let mut best: Option<(usize, &'static str, Type)> = None;
    for (word, canonical, meaning) in WORDS {
        if let Some(length) = prefix(cell, word)
            && best.is_none_or(|(longest, _, _)| length > longest)
        {
            best = Some((length, canonical, *meaning));
        }
    }
    let (length, canonical, meaning) = best?;
    Some((canonical, meaning, cell.get(length..).unwrap_or_default().trim()))
}

/// The canonical spelling of the type that a question without one has by what it does.
pub fn canonical(role: Role, kind: Kind) -> &'static str {
    match (role, kind) {
        (Role::Note, _) => "note",
        (Role::Calculate, _) => "calculate",
        (Role::Start, _) => "start",
        (Role::End, _) => "end",
        (Role::Today, _) => "today",
        (Role::DeviceId, _) => "deviceid",
        (Role::Username, _) => "username",
        (Role::Ask, Kind::Text) => "text",
        (Role::Ask, Kind::Integer) => "integer",
        (Role::Ask, Kind::Decimal) => "decimal",
        (Role::Ask, Kind::Date) => "date",
        (Role::Ask, Kind::Time) => "time",
        (Role::Ask, Kind::DateTime) => "datetime",
        (Role::Ask, Kind::Geopoint) => "geopoint",
        (Role::Ask, Kind::Geotrace) => "geotrace",
        (Role::Ask, Kind::Geoshape) => "geoshape",
        (Role::Ask, Kind::Choice) => "select_one",
        (Role::Ask, Kind::Choices) => "select_multiple",
        (Role::Ask, Kind::Media) => "file",
        (Role::Ask, Kind::Acknowledge) => "acknowledge",
    }
}

/// The type word that a misspelt one most likely means.
pub fn intended(cell: &str) -> Option<&'static str> {
    let plain = plain(cell.trim());
    let first = cell
        .split_whitespace()
        .next()
        .map(|word| word.to_lowercase())
        .unwrap_or_default();
    // Words of other programs that no spelling comes near.
    match first.as_str() {
        "numeric" | "number" | "float" | "double" => return Some("decimal"),
        "tel" | "phone" | "email" | "url" | "varchar" => return Some("text"),
        "select" | "dropdown" | "radio" | "choice" => return Some("select_one"),
        "checkbox" | "checkboxes" | "multiple" | "multiselect" => return Some("select_multiple"),
        "gps" | "location" | "point" => return Some("geopoint"),
        "formula" | "expression" | "computed" => return Some("calculate"),
        "label" | "info" | "message" => return Some("note"),
        _ => {}
    }
    let known = || WORDS.iter().map(|(word, _, _)| *word);
    similar(&first, known()).or_else(|| similar(&plain, known()))
}

/// The type of a range's answer: whole numbers unless an end, a step or a mark is none.
pub fn range_kind(is_whole: bool) -> Kind {
    match is_whole {
        true => Kind::Integer,
        false => Kind::Decimal,
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
            (
                "rank fruit",
                Some((select(Kind::Choices, ChoicesFrom::List), "fruit")),
            ),
            ("add text prompt", Some((ask(Kind::Text), ""))),
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
