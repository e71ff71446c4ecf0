//! Texts for people, by language, with answers in them.

use sampan_xpath::program::Program;

use crate::xform::references;

/// A text in several languages.
#[derive(Debug, Default)]
pub struct Label {
    by_language: Vec<(String, Template)>,
}

/// A text in one language.
#[derive(Debug, Default)]
pub struct Template {
    /// Its parts in order.
    pub parts: Vec<Part>,
}

/// A part of a text.
#[derive(Debug)]
pub enum Part {
    /// As written.
    Text(String),
    /// The value of `${name}`, evaluated at the question.
    Value(Program),
}

impl Label {
    /// A text from its languages, the default first.
    pub(super) fn new(by_language: Vec<(String, Template)>) -> Label {
        Label { by_language }
    }

    /// Whether there is no text in any language.
    pub fn is_empty(&self) -> bool {
        self.by_language.is_empty()
    }

    /// The text in a language, else in the form's default, else in any; None when there is none at all.
    pub fn in_language(&self, language: &str) -> Option<&Template> {
        self.by_language
            .iter()
            .find(|(own, _)| own == language)
            .or_else(|| self.by_language.first())
            .map(|(_, template)| template)
    }

    /// All programs in all languages.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        self.by_language
            .iter()
            .flat_map(|(_, template)| &template.parts)
            .filter_map(|part| match part {
                Part::Value(program) => Some(program),
                Part::Text(_) => None,
            })
    }
}

impl Template {
    /// The text when no answer is in it; None otherwise.
    pub fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with every answer replaced by what `value` gives for it.
    pub fn fill(&self, mut value: impl FnMut(&Program) -> String) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Value(program) => value(program),
            })
            .collect()
    }
}

/// A stretch of a text as written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Reference(&'a str),
}

/// Cuts a text into plain stretches and what is computed in it: `${name}` (the whole of it), and expressions.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut made = Vec::new();
    let mut rest = text;
    while let Some((range, source)) = references::expression(rest) {
        simple(rest.get(..range.start).unwrap_or_default(), &mut made);
        made.push(Piece::Reference(source));
        rest = rest.get(range.end..).unwrap_or_default();
    }
    simple(rest, &mut made);
    made
}

fn simple<'a>(text: &'a str, pieces: &mut Vec<Piece<'a>>) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, _)) = after.split_once('}') else {
            break;
        };
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        let reference = before.len()..before.len() + name.len() + 3;
        pieces.push(Piece::Reference(rest.get(reference.clone()).unwrap_or_default()));
        rest = rest.get(reference.end..).unwrap_or_default();
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces};

    #[test]
    fn a_text_is_cut_at_its_references() {
        for (text, expected) in [
            ("", vec![]),
            ("plain", vec![Piece::Text("plain")]),
            (
                "ក ${a} ခ${b}",
                vec![
                    Piece::Text("ក "),
                    Piece::Reference("${a}"),
                    Piece::Text(" ခ"),
                    Piece::Reference("${b}"),
                ],
            ),
            (
                "${= concat('}', ${a})} of instance('l')/rows/item[name = ${a}]/label!",
                vec![
                    Piece::Reference("concat('}', ${a})"),
                    Piece::Text(" of "),
                    Piece::Reference("instance('l')/rows/item[name = ${a}]/label!"),
                ],
            ),
            ("costs $5 {or} ${open", vec![Piece::Text("costs $5 {or} ${open")]),
        ] {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }
}
