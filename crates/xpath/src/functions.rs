//! What can be called in an expression: the names, and how many arguments each takes.

pub mod date;
pub mod digest;
pub mod geo;
pub mod number;
pub mod pattern;
pub mod text;

/// Every function, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is named like the function in TABLE that it stands for"
)]
pub enum Function {
    Abs,
    Acos,
    AddDate,
    Area,
    Asin,
    Atan,
    Atan2,
    Base64Decode,
    Boolean,
    BooleanFromString,
    Ceiling,
    Checklist,
    ChoiceName,
    Coalesce,
    Concat,
    Contains,
    Cos,
    Count,
    CountNonEmpty,
    CountSelected,
    Current,
    Date,
    DateTime,
    DecimalDateTime,
    DecimalTime,
    Depend,
    DifferenceInMonths,
    Digest,
    Distance,
    EndsWith,
    Exp,
    Exp10,
    ExtractSigned,
    False,
    Floor,
    FormatDate,
    FormatDateTime,
    Geofence,
    Id,
    If,
    IndexedRepeat,
    Instance,
    Int,
    Intersects,
    Itext,
    Join,
    Lang,
    Last,
    LocalName,
    Log,
    Log10,
    Max,
    Min,
    Name,
    NamespaceUri,
    NormalizeSpace,
    Not,
    Now,
    Number,
    Once,
    Pi,
    Position,
    Pow,
    Property,
    Pulldata,
    Random,
    Randomize,
    Regex,
    Round,
    Selected,
    SelectedAt,
    Sin,
    Sqrt,
    StartsWith,
    String,
    StringLength,
    Substr,
    Substring,
    SubstringAfter,
    SubstringBefore,
    Sum,
    Tan,
    Today,
    Translate,
    True,
    Uuid,
    Version,
    WeightedChecklist,
}

/// A function by its name, and how it is called.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    /// As it is written.
    pub name: &'static str,
    /// What it is.
    pub function: Function,
    /// The fewest arguments.
    pub min: usize,
    /// The most arguments; None = any number.
    pub max: Option<usize>,
}

const fn exactly(name: &'static str, function: Function, n: usize) -> Signature {
    Signature {
        name,
        function,
        min: n,
        max: Some(n),
    }
}

const fn between(name: &'static str, function: Function, min: usize, max: usize) -> Signature {
    Signature {
        name,
        function,
        min,
        max: Some(max),
    }
}

const fn at_least(name: &'static str, function: Function, min: usize) -> Signature {
    Signature {
        name,
        function,
        min,
        max: None,
    }
}

/// All functions, by name.
pub const TABLE: &[Signature] = &[
    exactly("abs", Function::Abs, 1),
    exactly("acos", Function::Acos, 1),
    between("add-date", Function::AddDate, 2, 4),
    at_least("area", Function::Area, 1),
    exactly("asin", Function::Asin, 1),
    exactly("atan", Function::Atan, 1),
    exactly("atan2", Function::Atan2, 2),
    exactly("base64-decode", Function::Base64Decode, 1),
    exactly("boolean", Function::Boolean, 1),
    exactly("boolean-from-string", Function::BooleanFromString, 1),
    exactly("ceiling", Function::Ceiling, 1),
    at_least("checklist", Function::Checklist, 3),
    at_least("coalesce", Function::Coalesce, 2),
    at_least("concat", Function::Concat, 0),
    exactly("contains", Function::Contains, 2),
    exactly("cos", Function::Cos, 1),
    exactly("count", Function::Count, 1),
    exactly("count-non-empty", Function::CountNonEmpty, 1),
    exactly("count-selected", Function::CountSelected, 1),
    exactly("current", Function::Current, 0),
    exactly("date", Function::Date, 1),
    exactly("date-time", Function::DateTime, 1),
    exactly("decimal-date-time", Function::DecimalDateTime, 1),
    exactly("decimal-time", Function::DecimalTime, 1),
    at_least("depend", Function::Depend, 1),
    exactly("difference-in-months", Function::DifferenceInMonths, 2),
    between("digest", Function::Digest, 2, 3),
    at_least("distance", Function::Distance, 1),
    at_least("enclosed-area", Function::Area, 1),
    exactly("ends-with", Function::EndsWith, 2),
    exactly("exp", Function::Exp, 1),
    exactly("exp10", Function::Exp10, 1),
    exactly("extract-signed", Function::ExtractSigned, 2),
    exactly("false", Function::False, 0),
    exactly("floor", Function::Floor, 1),
    exactly("format-date", Function::FormatDate, 2),
    exactly("format-date-time", Function::FormatDateTime, 2),
    exactly("geofence", Function::Geofence, 2),
    exactly("id", Function::Id, 1),
    exactly("if", Function::If, 3),
    at_least("indexed-repeat", Function::IndexedRepeat, 3),
    exactly("instance", Function::Instance, 1),
    exactly("int", Function::Int, 1),
    exactly("intersects", Function::Intersects, 1),
    exactly("is-selected", Function::Selected, 2),
    at_least("join", Function::Join, 1),
    exactly("jr:choice-name", Function::ChoiceName, 2),
    exactly("jr:itext", Function::Itext, 1),
    exactly("lang", Function::Lang, 1),
    exactly("last", Function::Last, 0),
    between("local-name", Function::LocalName, 0, 1),
    exactly("log", Function::Log, 1),
    exactly("log10", Function::Log10, 1),
    at_least("max", Function::Max, 1),
    at_least("min", Function::Min, 1),
    between("name", Function::Name, 0, 1),
    between("namespace-uri", Function::NamespaceUri, 0, 1),
    between("normalize-space", Function::NormalizeSpace, 0, 1),
    exactly("not", Function::Not, 1),
    exactly("now", Function::Now, 0),
    between("number", Function::Number, 0, 1),
    exactly("once", Function::Once, 1),
    exactly("pi", Function::Pi, 0),
    between("position", Function::Position, 0, 1),
    exactly("pow", Function::Pow, 2),
    exactly("property", Function::Property, 1),
    exactly("pulldata", Function::Pulldata, 4),
    exactly("random", Function::Random, 0),
    between("randomize", Function::Randomize, 1, 2),
    exactly("regex", Function::Regex, 2),
    between("round", Function::Round, 1, 2),
    exactly("selected", Function::Selected, 2),
    exactly("selected-at", Function::SelectedAt, 2),
    exactly("sin", Function::Sin, 1),
    exactly("sqrt", Function::Sqrt, 1),
    exactly("starts-with", Function::StartsWith, 2),
    between("string", Function::String, 0, 1),
    between("string-length", Function::StringLength, 0, 1),
    between("substr", Function::Substr, 2, 3),
    between("substring", Function::Substring, 2, 3),
    exactly("substring-after", Function::SubstringAfter, 2),
    exactly("substring-before", Function::SubstringBefore, 2),
    exactly("sum", Function::Sum, 1),
    exactly("tan", Function::Tan, 1),
    exactly("today", Function::Today, 0),
    exactly("translate", Function::Translate, 3),
    exactly("true", Function::True, 0),
    between("uuid", Function::Uuid, 0, 1),
    exactly("version", Function::Version, 0),
    at_least("weighted-checklist", Function::WeightedChecklist, 4),
];

/// The function of that name; None if there is none.
pub fn named(name: &str) -> Option<&'static Signature> {
    TABLE.iter().find(|signature| signature.name == name)
}

/// The name most like one that does not exist, if one is like it.
pub fn similar(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase().replace('_', "-");
    TABLE
        .iter()
        .map(|signature| (distance(&lower, signature.name), signature.name))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

impl Signature {
    /// How many arguments it takes, in words.
    pub fn arity(&self) -> String {
        match (self.min, self.max) {
            (0, Some(0)) => "no arguments".to_owned(),
            (1, Some(1)) => "1 argument".to_owned(),
            (min, Some(max)) if min == max => format!("{min} arguments"),
            (min, Some(max)) => format!("{min} to {max} arguments"),
            (min, None) => format!("at least {min} arguments"),
        }
    }
}

/// The least number of letters to change, add or remove.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate().take(64) {
        let mut diagonal = i;
        let mut before = i + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, right) in row.iter_mut().skip(1).zip(&b) {
            let best = (diagonal + usize::from(left != *right))
                .min(*cell + 1)
                .min(before + 1);
            diagonal = *cell;
            *cell = best;
            before = best;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{TABLE, named, similar};

    #[test]
    fn the_table_is_in_order_and_names_each_function_once() {
        assert!(TABLE.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn a_slip_of_the_pen_finds_the_function_that_was_meant() {
        for (written, meant) in [
            ("count_selected", Some("count-selected")),
            ("Selected", Some("selected")),
            ("choice-name", Some("jr:choice-name")),
            ("substing", Some("substring")),
            ("owner", None),
        ] {
            assert_eq!(similar(written), meant, "{written}");
        }
        assert_eq!(named("if").unwrap().arity(), "3 arguments");
        assert_eq!(named("join").unwrap().arity(), "at least 1 arguments");
    }
}
