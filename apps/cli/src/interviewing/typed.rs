//! What was typed at a question: an answer, or a command.

/// One line that was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Enter alone.
    Pass,
    /// One question back.
    Back,
    /// An answer, as typed.
    Answer(String),
    /// There is no answer, and why (a word as in answer files).
    Missing(&'static str),
    /// Takes the answer away.
    Clear,
    /// The doubtful answer is so all the same.
    Sure,
    /// To a question.
    Goto(String),
    /// To the first question without an answer.
    Open,
    /// To the end.
    End,
    /// Says something about the question.
    Comment(String),
    /// Lists the comments that nobody has dealt with.
    Comments,
    /// The comments at this question are dealt with.
    Done,
    /// Lists what stands in the way of finishing.
    Problems,
    /// Removes the row.
    Remove,
    /// Leaves.
    Save,
    /// All commands.
    Help,
    /// Another language; None = which there are.
    Language(Option<String>),
    /// A command that there is not.
    Unknown(String),
}

/// All commands, for people.
pub const HELP: &str = "\
  Enter            keep the answer that stands, or pass by if none is needed
  1   1 3 4        a choice by number, by name or by a part of its text; several with blanks between
  <   :back        one question back
  :skip            passed by       :dk    don't know
  :ref             refused         :na    not applicable
  :clear           take the answer away
  :sure            a doubtful answer is so all the same
  :goto NAME       to a question by its name (:goto products[0]/prod for a row)
  :open   :end     to the first question without an answer; to the end
  :problems        what stands in the way of finishing
  :comment TEXT    say something about this question
  :comments :done  list open comments; those at this question are dealt with
  :remove          remove this row
  :lang   :lang L  languages; change the language
  :save            leave, and go on later (Ctrl-C loses nothing either)
  ::text           an answer that begins with a colon";

/// Reads a line.
pub fn read(line: &str) -> Typed {
    let trimmed = line.trim();
    if let Some(text) = trimmed.strip_prefix("::") {
        return Typed::Answer(format!(":{text}"));
    }
    match trimmed {
        "" => return Typed::Pass,
        "<" => return Typed::Back,
        "?" => return Typed::Help,
        _ => {}
    }
    let Some(command) = trimmed.strip_prefix(':') else {
        return Typed::Answer(trimmed.to_owned());
    };
    let (word, rest) = command
        .split_once(char::is_whitespace)
        .map_or((command, ""), |(word, rest)| (word, rest.trim()));
    let rest = Some(rest).filter(|rest| !rest.is_empty());
    match (word.to_lowercase().as_str(), rest) {
        ("back" | "b" | "<", None) => Typed::Back,
        ("clear", None) => Typed::Clear,
        ("sure", None) => Typed::Sure,
        ("goto" | "go" | "g", Some(place)) => Typed::Goto(place.to_owned()),
        ("open", None) => Typed::Open,
        ("end", None) => Typed::End,
        ("comment" | "c", Some(text)) => Typed::Comment(text.to_owned()),
        ("comments", None) => Typed::Comments,
        ("done", None) => Typed::Done,
        ("problems", None) => Typed::Problems,
        ("remove", None) => Typed::Remove,
        ("save" | "s" | "quit" | "q", None) => Typed::Save,
        ("help" | "h" | "?", None) => Typed::Help,
        ("lang" | "language", language) => Typed::Language(language.map(str::to_owned)),
        (word, None) => match missing(word) {
            Some(word) => Typed::Missing(word),
            None => Typed::Unknown(trimmed.to_owned()),
        },
        (_, Some(_)) => Typed::Unknown(trimmed.to_owned()),
    }
}

/// The missing state that a short or long word means.
pub fn missing(word: &str) -> Option<&'static str> {
    match word {
        "dk" | "dont_know" => Some("dont_know"),
        "ref" | "refused" => Some("refused"),
        "na" | "not_applicable" => Some("not_applicable"),
        "skip" | "skipped" => Some("skipped"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Typed, read};

    #[test]
    fn a_line_is_an_answer_unless_it_begins_with_a_colon() {
        for (line, expected) in [
            ("", Typed::Pass),
            ("  ", Typed::Pass),
            (" < ", Typed::Back),
            ("ភូមិ ១", Typed::Answer("ភូមិ ១".into())),
            ("::x", Typed::Answer(":x".into())),
            (":dk", Typed::Missing("dont_know")),
            (":REF", Typed::Missing("refused")),
            (":goto a/b", Typed::Goto("a/b".into())),
            (":sure", Typed::Sure),
            (":goto", Typed::Unknown(":goto".into())),
            (":comment two words", Typed::Comment("two words".into())),
            (":lang", Typed::Language(None)),
            (":lang km", Typed::Language(Some("km".into()))),
            (":dk really", Typed::Unknown(":dk really".into())),
            (":nonsense", Typed::Unknown(":nonsense".into())),
        ] {
            assert_eq!(read(line), expected, "{line:?}");
        }
    }
}
