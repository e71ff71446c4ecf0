//! Values as they were written: `14:02:10` stays so, though it is kept as `14:02:10.000`.
//!
//! ODK's clients keep the text of a value, this program its meaning. Who drives it by what those do sees the text again,
//! for as long as it means what is kept.

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset};
use sampan_form::def::{FormDef, Item};
use sampan_record::path::AnswerPath;
use sampan_value::answer::Kind;
use sampan_value::text;

use crate::instance;

/// The texts that were written, by place or by path of a question, each with the text form of its meaning.
#[derive(Debug, Clone, Default)]
pub(crate) struct Written {
    by_place: HashMap<AnswerPath, (String, String)>,
    by_path: HashMap<String, (String, String)>,
}

/// Kinds whose values can be written in several ways.
fn has_several_forms(kind: Kind) -> bool {
    match kind {
        Kind::Time | Kind::DateTime | Kind::Geopoint | Kind::Geotrace | Kind::Geoshape => true,
        Kind::Text
        | Kind::Integer
        | Kind::Decimal
        | Kind::Date
        | Kind::Choice
        | Kind::Choices
        | Kind::Media
        | Kind::Acknowledge => false,
    }
}

impl Written {
    /// What the form itself writes: first values.
    pub(crate) fn of(def: &FormDef, now: DateTime<FixedOffset>) -> Written {
        let mut written = Written::default();
        written.look(&def.items, "", now);
        written
    }

    fn look(&mut self, items: &[Item], around: &str, now: DateTime<FixedOffset>) {
        for item in items {
            let path = format!("{around}{}", item.name());
            match item {
                Item::Question(question) => {
                    let first = question.default.as_ref().map(|first| first.source.as_str());
                    if let Some(pair) = first.and_then(|first| pair(first, question.kind, now)) {
                        self.by_path.insert(path, pair);
                    }
                }
                Item::Group(group) => self.look(&group.items, &format!("{path}/"), now),
                Item::Repeat(repeat) => self.look(&repeat.items, &format!("{path}/"), now),
            }
        }
    }

    /// Notes what was written at a place.
    pub(crate) fn note(&mut self, place: &AnswerPath, written: &str, kind: Kind, now: DateTime<FixedOffset>) {
        match pair(written, kind, now) {
            Some(pair) => self.by_place.insert(place.clone(), pair),
            None => self.by_place.remove(place),
        };
    }

    /// The value at a place as it was written, if it is still that value; else in the form that ODK's clients write.
    pub(crate) fn shown(&self, place: &AnswerPath, kind: Kind, kept: &str) -> String {
        if kept.is_empty() || !has_several_forms(kind) {
            return kept.to_string();
        }
        let pairs = [
            self.by_place.get(place),
            self.by_path.get(place.question.as_str()),
        ];
        let written = pairs.into_iter().flatten().find(|(meaning, _)| meaning == kept);
        let shown = written.map_or(kept, |(_, written)| written.as_str());
        match kind {
            Kind::Geopoint | Kind::Geotrace | Kind::Geoshape => plain(shown),
            Kind::Text
            | Kind::Integer
            | Kind::Decimal
            | Kind::Date
            | Kind::Time
            | Kind::DateTime
            | Kind::Choice
            | Kind::Choices
            | Kind::Media
            | Kind::Acknowledge => shown.to_string(),
        }
    }
}

fn pair(written: &str, kind: Kind, now: DateTime<FixedOffset>) -> Option<(String, String)> {
    let written = written.trim();
    if written.is_empty() || !written.is_ascii() || !has_several_forms(kind) {
        return None;
    }
    let meaning = instance::typed(written, kind, now)?;
    Some((text::to_odk_text(&meaning), written.to_string()))
}

/// Positions as ODK's clients write their numbers: `13.36 103.86 0.0 5.0`.
pub(crate) fn plain(positions: &str) -> String {
    let number = |number: &str| match number.split_once('.') {
        None => format!("{number}.0"),
        Some((whole, part)) => match part.trim_end_matches('0') {
            "" => format!("{whole}.0"),
            part => format!("{whole}.{part}"),
        },
    };
    let point = |point: &str| point.split_whitespace().map(number).collect::<Vec<_>>().join(" ");
    let points = positions.split(';').map(point).filter(|point| !point.is_empty());
    points.collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use sampan_record::path::{AnswerPath, QuestionPath};
    use sampan_value::answer::Kind;

    use super::{Written, plain};

    #[test]
    fn a_text_is_shown_as_long_as_it_means_what_is_kept() {
        let mut written = Written::default();
        let at = AnswerPath {
            question: QuestionPath::new("at"),
            rows: Vec::new(),
        };
        let now = "2026-11-24T08:30:00+07:00".parse().expect("a moment");
        written.note(&at, "14:02:10", Kind::Time, now);
        assert_eq!(written.shown(&at, Kind::Time, "14:02:10.000"), "14:02:10");
        assert_eq!(written.shown(&at, Kind::Time, "15:00:00.000"), "15:00:00.000");
        written.note(&at, "13.3612345678 103.5", Kind::Geopoint, now);
        let kept = "13.3612346 103.5000000 0 0";
        assert_eq!(written.shown(&at, Kind::Geopoint, kept), "13.3612345678 103.5");
        written.note(&at, "nowhere", Kind::Geopoint, now);
        assert_eq!(
            written.shown(&at, Kind::Geopoint, kept),
            "13.3612346 103.5 0.0 0.0"
        );
        assert_eq!(plain("0 1.50 0 0; 0 91 0 0;"), "0.0 1.5 0.0 0.0;0.0 91.0 0.0 0.0");
    }
}
