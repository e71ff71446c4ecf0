//! Each thing that can be wrong with a form is reported at its cell, all of them in one pass.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use sampan_form::problem::{Problem, Severity};
use sampan_xlsform::reading::read_markdown;

/// All problems of a table, one line each; `warning` stands before those that do no harm.
fn problems(table: &str) -> Vec<String> {
    let problems = match read_markdown(table) {
        Ok(reading) => reading.warnings,
        Err(problems) => problems,
    };
    problems.iter().map(line).collect()
}

fn line(problem: &Problem) -> String {
    match problem.severity {
        Severity::Error => problem.to_string(),
        Severity::Mended => format!("mended {problem}"),
        Severity::Warning => format!("warning {problem}"),
    }
}

fn check(table: &str, expected: &[&str]) {
    assert_eq!(problems(table), expected, "{table}");
}

/// A survey of one row with these columns.
fn check_row(headings: &str, row: &str, expected: &[&str]) {
    check(
        &format!(
            "| survey |
             | | {headings} |
             | | {row} |
             | choices |
             | | list_name | name | label | country |
             | | fruit | apple | Apple | KH |
             | | fruit | pear | Pear | TH |"
        ),
        expected,
    );
}

#[test]
fn a_form_without_fault_gives_no_problem() {
    check_row("type | name | label", "select_one fruit | a | A", &[]);
    check_row(
        "type | name | label | choice_filter",
        "select_one fruit | a | A | country = 'KH'",
        &[],
    );
}

#[test]
fn types_are_checked_at_their_cell() {
    for (cell, expected) in [
        (
            "integr",
            "survey A2 (type): there is no question type integr; found \"integr\". Did you mean integer?",
        ),
        (
            "frobnicate",
            "survey A2 (type): there is no question type frobnicate; found \"frobnicate\". Write a type such as text, \
             integer, decimal, date, select_one LIST or note.",
        ),
        (
            "text fruit",
            "survey A2 (type): nothing may follow the type text; found \"fruit\". Delete it, or write select_one or \
             select_multiple before the name of a choice list.",
        ),
        (
            "select_one",
            "survey A2 (type): no choice list is named after the type. Write select_one LIST.",
        ),
        (
            "select_one fruits",
            "survey A2 (type): there is no choice list fruits; found \"fruits\". Did you mean fruit?",
        ),
        (
            "select_multiple cars",
            "survey A2 (type): there is no choice list cars; found \"cars\". Add rows with list_name cars to the sheet \
             choices.",
        ),
        (
            "select_one_from_file ../a.csv",
            "survey A2 (type): this is no plain file name; found \"../a.csv\". Write the name alone, without a folder.",
        ),
        (
            "select_one_from_file a.pdf",
            "survey A2 (type): choices are read from .csv, .xml and .geojson files, with no other point in the name; \
             found \"a.pdf\". Save the file as CSV UTF-8 and name it here.",
        ),
    ] {
        check_row("type | name | label", &format!("{cell} | a | A"), &[expected]);
    }
}

#[test]
fn names_are_checked_at_their_cell() {
    check_row(
        "type | name | label",
        "text | | A",
        &[
            "survey B2 (name): the question has no name. Write a name: letters, digits and _, beginning with a letter.",
        ],
    );
    check_row(
        "type | name | label",
        "text | 1 st | A",
        &[
            "survey B2 (name): a name begins with a letter or _ and has only letters, digits, _, - and .; found \"1 st\". \
         Write _1_st.",
        ],
    );
    check(
        "| survey |
         | | type | name | label |
         | | text | a | A |
         | | text | a | B |",
        &[
            "survey B3 (name): the name stands twice in the same group, first in survey B2 (name); found \"a\". Give one \
           of them another name.",
        ],
    );
}

#[test]
fn a_row_without_a_type_is_an_error_only_when_something_is_asked() {
    check_row(
        "type | name | label",
        "| a | A",
        &[
            "survey A2 (type): the row has no type. Write a type (text, integer, select_one …), or delete the row.",
        ],
    );
    check_row("type | name | label | private", "| | | only a remark", &[]);
}

#[test]
fn groups_must_close_what_they_open() {
    check(
        "| survey |
         | | type | name | label |
         | | end_group | | |
         | | begin_group | g | G |
         | | begin_repeat | r | R |
         | | text | a | A |
         | | end_group | | |
         | | end_group | | |
         | | begin_repeat | open | O |",
        &[
            "survey A2 (type): nothing is open here that end_group could close; found \"end_group\". Delete the row, or \
             write begin_group where it begins.",
            "survey A6 (type): the repeat r, opened in row 4, is still open here; found \"end_group\". Write end_repeat, \
             or close it before.",
            "survey B8 (name): the repeat is never closed; found \"open\". Add a row end_repeat after its last question.",
        ],
    );
}

#[test]
fn references_are_checked_in_every_expression_and_text() {
    for column in ["relevant", "constraint", "required", "read_only"] {
        let found = problems(&format!(
            "| survey |
             | | type | name | label | {column} |
             | | integer | age | Age | |
             | | integer | b | B | ${{agee}} > 3 |"
        ));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with(&format!("survey D3 ({column}): ")),
            "{found:?}"
        );
        assert!(
            found[0].contains("agee") && found[0].contains("${age}?"),
            "{found:?}"
        );
    }
    for (headings, row, place) in [
        (
            "type | name | label | calculation",
            "calculate | c | | ${nothing} + 1",
            "survey D2 (calculation): ",
        ),
        (
            "type | name | label | default",
            "text | c | C | ${nothing}",
            "survey D2 (default): ",
        ),
        (
            "type | name | label",
            "note | c | Hello ${nothing}!",
            "survey C2 (label): ",
        ),
        (
            "type | name | label::English (en)",
            "note | c | Hello ${nothing}!",
            "survey C2 (label::English (en)): ",
        ),
        (
            "type | name | label | hint:Khmer",
            "note | c | C | ${nothing}",
            "survey D2 (hint:Khmer): ",
        ),
        (
            "type | name | label | choice_filter",
            "select_one fruit | c | C | country = ${nothing}",
            "survey D2 (choice_filter): ",
        ),
    ] {
        let found = problems(&format!(
            "| survey |
             | | {headings} |
             | | {row} |
             | choices |
             | | list_name | name | label | country |
             | | fruit | apple | Apple | KH |"
        ));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(place), "{found:?}");
        assert!(found[0].contains("nothing"), "{found:?}");
    }
}

#[test]
fn expressions_that_do_not_parse_and_unknown_functions_are_reported() {
    for expression in ["1 +", "(1", "sum(", "frobnicate(1)", "if(1)", "'open", "1 2"] {
        let found = problems(&format!(
            "| survey |
             | | type | name | label | relevant |
             | | text | a | A | {expression} |"
        ));
        assert_eq!(found.len(), 1, "{expression}: {found:?}");
        assert!(found[0].starts_with("survey D2 (relevant): "), "{found:?}");
    }
}

#[test]
fn a_name_in_two_groups_cannot_be_referred_to() {
    let found = problems(
        "| survey |
         | | type | name | label | relevant |
         | | begin_group | g | G | |
         | | text | a | A | |
         | | end_group | | | |
         | | begin_group | h | H | |
         | | text | a | A | |
         | | end_group | | | |
         | | text | b | B | ${a} = '' |",
    );
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("survey D8 (relevant): "), "{found:?}");
    assert!(found[0].contains("g/a") && found[0].contains("h/a"), "{found:?}");
}

#[test]
fn circles_name_their_questions_and_cells() {
    check(
        "| survey |
         | | type | name | label | relevant | calculation |
         | | calculate | a | | | ${b} + 1 |
         | | calculate | b | | | ${c} + 1 |
         | | calculate | c | | ${a} > 1 | 1 |
         | | calculate | d | | | ${c} |
         | | integer | own | Own | ${own} > 1 | |",
        &[
            "survey D4 (relevant): a circle: c reads a in survey D4 (relevant), b reads c in survey E3 (calculation), a \
             reads b in survey E2 (calculation). Take one of these references out, so that one of the items can be \
             known first.",
            "survey D6 (relevant): own depends on itself. Take one of these references out, so that one of the items can \
             be known first.",
        ],
    );
    check(
        "| survey |
         | | type | name | label | relevant |
         | | begin_group | g | G | ${inside} = 'x' |
         | | text | inside | I | |
         | | end_group | | | |",
        &[
            "survey D2 (relevant): a circle: inside is inside g, g reads inside in survey D2 (relevant). Take one of these \
           references out, so that one of the items can be known first.",
        ],
    );
}

#[test]
fn a_constraint_may_read_its_own_answer_and_others_in_a_circle() {
    check(
        "| survey |
         | | type | name | label | constraint |
         | | integer | a | A | . > 1 and . != ${b} |
         | | integer | b | B | ${b} != ${a} |",
        &[],
    );
}

#[test]
fn choices_are_checked_at_their_cell() {
    check(
        "| survey |
         | | type | name | label |
         | | select_one fruit | a | A |
         | choices |
         | | list_name | name | label |
         | | fruit | apple | Apple |
         | | | pear | Pear |
         | | fruit | | Plum |
         | | fruit | apple | Another |
         | | fruit | fig | |",
        &[
            "warning choices A3 (list_name): the choice pear belongs to no list and is not read. Write the name of its list under list_name, or \
             delete the row.",
            "choices B4 (name): a choice of the list fruit has no name. Write what is to be stored under name, or delete \
             the row.",
            "choices B5 (name): the name stands twice in the list fruit, first in row 2; found \"apple\". Give one of \
             them another name, or set allow_choice_duplicates to yes in the sheet settings.",
            "warning choices C6 (label): the choice fig of the list fruit has no label. Write what is to be shown under \
             label; its name is shown until then.",
        ],
    );
}

#[test]
fn duplicate_choices_are_allowed_when_the_settings_say_so() {
    check(
        "| survey |
         | | type | name | label |
         | | select_one fruit | a | A |
         | choices |
         | | list_name | name | label |
         | | fruit | apple | Apple |
         | | fruit | apple | Another |
         | settings |
         | | allow_choice_duplicates |
         | | yes |",
        &[],
    );
}

#[test]
fn a_filter_on_a_column_that_the_list_has_not_is_an_error() {
    check_row("type | name | label | choice_filter", "select_one fruit | a | A | contry = 'KH'", &[
        "survey D2 (choice_filter): the choice list fruit has no column contry; found \"contry = 'KH'\". Did you mean \
         country?.",
    ]
    .map(|line| line.trim_end_matches('.')));
}

#[test]
fn other_columns_are_checked_too() {
    check_row(
        "type | name | label | bind::sec:pii",
        "text | a | A | secret",
        &[
            "survey D2 (bind::sec:pii): the sensitivity of an answer is direct, indirect or sensitive; found \"secret\". \
         Write one of the three, or clear the cell.",
        ],
    );
    check_row(
        "type | name | label | parameters",
        "range | a | A | start 1",
        &[
            "survey D2 (parameters): a parameter is written key=value; found \"start\". Write for example start=1 end=10 \
         step=1.",
        ],
    );
    check_row(
        "type | name | label",
        "calculate | a | A",
        &["survey row 2: a computes nothing. Write an expression under calculation."],
    );
    check_row(
        "type | name | label | relevent",
        "text | a | A | yes",
        &[
            "warning survey D1 (relevent): this column is not known and is not read; found \"relevent\". Did you mean \
         relevant?",
        ],
    );
    check_row(
        "type | name | label | Label",
        "text | a | A | B",
        &[
            "survey D1 (Label): this column stands twice, first as \"label\"; found \"Label\". Delete one of them or rename \
         it.",
        ],
    );
    check_row("type | name | label | my notes", "text | a | A | B", &[]);
}

#[test]
fn what_can_be_mended_is_mended_and_said() {
    check_row(
        "type | name | label",
        "phonenumber | tel |",
        &[
            "warning survey A2 (type): it stays empty on devices that were not told it; found \"phonenumber\". Ask for it \
             with a question, or delete the row.",
        ],
    );
    check(
        "| survey |\n| | type | name | label |\n| | text | a | A |\n| settings |\n| | form_id |\n| | a:b c |",
        &[
            "warning settings A2 (form_id): the form is called a_b_c here, since a form id has only letters, digits, _, - \
         and .; found \"a:b c\". Write a_b_c.",
        ],
    );
    check_row(
        "type | name | label | image | media::image",
        "text | a | A | a.jpg | b.jpg",
        &[
            "survey E1 (media::image): this column stands twice, first as \"image\"; found \"media::image\". Delete one of \
             them or rename it.",
        ],
    );
    check_row(
        "type | name | label | trigger",
        "calculate | a | | ${a}",
        &[
            "survey row 2: a computes nothing. Write an expression under calculation.",
            "survey D2 (trigger): a is never shown, so nobody can change it; found \"${a}\". Write the name of a \
             question that is asked.",
        ],
    );
}

#[test]
fn sheets_and_columns_that_are_missing_are_named() {
    check(
        "| choices |\n| | list_name | name |\n| settings |\n| | version |",
        &[
            "the workbook has no sheet named survey; found \"form.md\". Write the questions into a sheet named survey; the \
         file has: choices, settings.",
        ],
    );
    check(
        "| servey |\n| | type | name |\n| other |\n| | a |",
        &["the workbook has no sheet named survey; found \"form.md\". Rename the sheet servey to survey."],
    );
    check(
        "| survey |\n| | name | label |\n| | a | A |",
        &["survey row 1: the sheet survey has no column type. Write type into the first row."],
    );
    check("| survey |\n| | type | name | label |\n| | text | a | A |\n| setings |\n| | form_id |", &[
        "warning setings (): the sheet is not known and is not read; found \"setings\". Did you mean settings?"
            .replace(" ()", "")
            .as_str(),
    ]);
}

#[test]
fn a_form_with_thirty_errors_gives_thirty_problems_in_order() {
    let mut table = String::from("| survey |\n| | type | name | label | relevant | constraint |\n");
    for row in 0..10 {
        table.push_str(&format!(
            "| | integr | {row} bad | Q | ${{nothing{row}}} = 1 | |\n"
        ));
    }
    let found = read_markdown(&table).unwrap_err();
    assert_eq!(found.len(), 30);
    assert!(found.iter().all(Problem::is_error));
    let places: Vec<(u32, &str)> = found
        .iter()
        .map(|problem| (problem.origin.row, problem.origin.letter.as_deref().unwrap_or("")))
        .collect();
    let expected: Vec<(u32, &str)> = (2..12)
        .flat_map(|row| [(row, "A"), (row, "B"), (row, "D")])
        .collect();
    assert_eq!(places, expected);
}

#[test]
fn a_form_with_very_many_errors_is_cut_off() {
    let mut table = String::from("| survey |\n| | type | name | label |\n");
    for row in 0..2000 {
        table.push_str(&format!("| | nonsense | q{row} | Q |\n"));
    }
    let found = read_markdown(&table).unwrap_err();
    assert_eq!(found.len(), 501);
    assert_eq!(found.last().unwrap().message, "there are 1500 more problems");
}

#[test]
fn references_in_columns_that_are_not_read_are_checked_too() {
    check(
        "| survey |
         | | type | name | label | my remarks |
         | | text | a | A | as in ${a} |
         | | text | b | B | as in ${age} |",
        &[
            "survey D3 (my remarks): there is no question ${age}; found \"as in ${age}\". Write the name of a question of the sheet survey.",
        ],
    );
}

#[test]
fn one_colon_belongs_to_a_name_where_languages_stand_after_two() {
    check(
        "| survey |
         | | type | name | label::English | bind:relevant |
         | | text | a | A | false() |",
        &[],
    );
}

#[test]
fn entities_read_questions_that_are_there() {
    check(
        "| survey |
         | | type | name | label |
         | | text | a | A |
         | entities |
         | | list_name | entity_id | update_if |
         | | trees | ${b} | true() |",
        &["entities B2 (entity_id): there is no question ${b}; found \"${b}\". Did you mean ${a}?"],
    );
}

#[test]
fn a_path_to_nothing_is_empty_wherever_forms_run_and_only_doubtful() {
    check(
        "| survey |
         | | type | name | label | calculation |
         | | calculate | a | | if(true(), 1, null) |",
        &[
            "warning survey D2 (calculation): nothing named null is inside a; read as empty; found \"if(true(), 1, null)\". \
             Write '' for no value.",
        ],
    );
}
