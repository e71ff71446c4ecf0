//! A lenient reading mends what can only mean one thing, and says each time what it read.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use sampan_form::problem::{Problem, Severity};
use sampan_xlsform::markdown;
use sampan_xlsform::reading::{Options, read_markdown, read_with};

/// Refused strictly; read leniently with mendings that say these words.
fn check(table: &str, expected: &[&str]) {
    let strict = read_markdown(table);
    let is_refused = strict.is_err();
    let options = Options {
        lenient: true,
        ..Options::default()
    };
    let reading = read_with(&markdown::workbook(table), "form.md", &options).unwrap_or_else(|problems| {
        panic!(
            "{table}: {}",
            problems.iter().map(Problem::to_string).collect::<String>()
        )
    });
    assert!(is_refused, "{table} is read strictly too");
    let mended: Vec<String> = reading
        .warnings
        .iter()
        .filter(|problem| problem.severity == Severity::Mended)
        .map(Problem::to_string)
        .collect();
    assert_eq!(mended.len(), expected.len(), "{mended:?}");
    for (mended, expected) in mended.iter().zip(expected) {
        assert!(mended.contains(expected), "{mended}");
    }
}

#[test]
fn references_are_spelt_as_the_names_they_mean() {
    check(
        "| survey |
         | | type | name | label | relevant |
         | | integer | age | Age | |
         | | text | b | B | ${ Age } > 3 |",
        &["survey D3 (relevant): read as ${age} > 3; found \"${ Age } > 3\""],
    );
}

#[test]
fn types_that_are_misspelt_or_of_other_programs_are_read() {
    check(
        "| survey |
         | | type | name | label |
         | | integr | a | A |
         | | db:person | b | B |
         | | text string | c | C |",
        &["read as integer", "read as text", "read as text"],
    );
}

#[test]
fn columns_names_and_choices_that_stand_twice_are_read_once_or_both() {
    check(
        "| survey |
         | | type | name | label | image | media::image |
         | | select_one l | a | A | a.jpg | b.jpg |
         | | begin_group | meta | M | | |
         | | text | b | B | | |
         | | end_group | | | | |
         | choices |
         | | list_name | name | label |
         | | l | 1 | One |
         | | l | 1 | Uno |
         | | l | | None |",
        &[
            "stands twice, first as \"image\", and is not read",
            "the name meta is taken by ODK; read as",
            "both are kept",
            "has no name and is not read",
        ],
    );
}

#[test]
fn what_is_not_there_is_empty() {
    check(
        "| survey |
         | | type | name | label | relevant | calculation |
         | | text | a | A | w1 | |
         | | calculate | b | | | instance('contact-summary')/context/age |",
        &["read as empty", "read as empty"],
    );
}

#[test]
fn a_group_whose_relevance_reads_what_is_inside_is_opened() {
    check(
        "| survey |
         | | type | name | label | relevant |
         | | begin_group | inputs | | ./source = 'user' |
         | | hidden | source | | |
         | | end_group | | | |",
        &["a circle"],
    );
}

#[test]
fn what_could_mean_several_things_stays_an_error() {
    let options = Options {
        lenient: true,
        ..Options::default()
    };
    for row in [
        "select_one nothing | a | A | ",
        "frobnicate | a | A | ",
        "text | a | A | ${nothing} = 1",
    ] {
        let table = format!("| survey |\n| | type | name | label | relevant |\n| | {row} |");
        let problems = read_with(&markdown::workbook(&table), "form.md", &options).unwrap_err();
        assert!(problems.iter().any(Problem::is_error), "{row}");
    }
}

#[test]
fn types_in_other_letters_and_columns_with_other_marks_are_read() {
    check(
        "| survey |
         | | type | name | label |
         | | Integer | a | A |
         | | start_geopoint | b | |",
        &["read as integer", "read as start-geopoint"],
    );
    check(
        "| survey |
         | | type | name | label | repeat-count |
         | | begin_repeat | r | R | 2 |
         | | text | a | A | |
         | | end_repeat | | | |
         | | Text | b | B | |",
        &["read as repeat_count", "read as text"],
    );
}
