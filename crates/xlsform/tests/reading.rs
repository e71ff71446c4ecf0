//! What rows and columns become when nothing is wrong with them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::sync::Arc;

use sampan_form::compiled::{First, Form, What};
use sampan_form::def::{Item, ListRef, Role};
use sampan_xlsform::reading::read_markdown;

fn form(table: &str) -> Form {
    let reading = read_markdown(table).unwrap_or_else(|problems| {
        panic!(
            "{}",
            problems
                .iter()
                .map(|problem| format!("{problem}\n"))
                .collect::<String>()
        )
    });
    Form::compile(Arc::new(reading.form)).unwrap()
}

#[test]
fn every_type_is_read_with_its_aliases() {
    let rows = [
        ("text", "text"),
        ("string", "text"),
        ("integer", "integer"),
        ("int", "integer"),
        ("decimal", "decimal"),
        ("date", "date"),
        ("time", "time"),
        ("dateTime", "date_time"),
        ("geopoint", "geopoint"),
        ("gps", "geopoint"),
        ("geotrace", "geotrace"),
        ("geoshape", "geoshape"),
        ("image", "media"),
        ("photo", "media"),
        ("audio", "media"),
        ("video", "media"),
        ("file", "media"),
        ("barcode", "text"),
        ("acknowledge", "acknowledge"),
        ("trigger", "acknowledge"),
        ("range", "integer"),
        ("select_one l", "choice"),
        ("select one from l", "choice"),
        ("select_one_from_file f.csv", "choice"),
        ("select_multiple l", "choices"),
        ("select all that apply from l", "choices"),
        ("note", "text"),
        ("start", "date_time"),
        ("end", "date_time"),
        ("today", "date"),
        ("deviceid", "text"),
        ("username", "text"),
    ];
    let mut table = String::from("| survey |\n| | type | name | label |\n");
    for (row, (cell, _)) in rows.iter().enumerate() {
        table.push_str(&format!("| | {cell} | q{row} | Q |\n"));
    }
    table.push_str("| choices |\n| | list_name | name | label |\n| | l | a | A |\n");
    let form = form(&table);
    for (row, (cell, expected)) in rows.iter().enumerate() {
        let (_, kind) = form
            .node(form.find(&format!("q{row}")).unwrap())
            .question()
            .unwrap();
        let kind = format!("{kind:?}");
        assert_eq!(kind.to_lowercase(), expected.replace('_', ""), "{cell}");
    }
}

#[test]
fn groups_and_repeats_stand_in_each_other() {
    let form = form(
        "| survey |
         | | type | name | label | relevant | appearance | repeat_count |
         | | integer | n | N | | | |
         | | begin group | g | G | ${n} > 0 | field-list | |
         | | begin repeat | r | R | | | ${n} |
         | | begin_repeat | inner | I | | | 2 |
         | | text | a | A | | w1 w2 | |
         | | end_repeat | | | | | |
         | | end repeat | | | | | |
         | | end group | | | | | |
         | | calculate | dummy | | | | |"
            .replace("| | calculate | dummy | | | | |", "")
            .as_str(),
    );
    let paths: Vec<&str> = form.nodes().iter().map(|node| &*node.path).collect();
    assert_eq!(paths, ["", "n", "g", "g/r", "g/r/inner", "g/r/inner/a"]);
    let deepest = form.node(form.find("g/r/inner/a").unwrap());
    assert_eq!(
        deepest.repeats,
        [form.find("g/r").unwrap(), form.find("g/r/inner").unwrap()]
    );
    assert_eq!(deepest.appearance, ["w1", "w2"]);
    assert_eq!(form.node(form.find("g/r").unwrap()).what, What::Repeat);
    assert!(form.node(form.find("g").unwrap()).looks("field-list"));
    let n = form.find("n").unwrap();
    assert_eq!(
        form.dependents(n),
        [form.find("g").unwrap(), form.find("g/r").unwrap()]
    );
}

#[test]
fn languages_and_defaults_are_kept_apart() {
    let form = form(
        "| survey |
         | | type | name | label::English (en) | label::ខ្មែរ (km) | hint::English (en) |
         | | text | a | Name of ${b} | ឈ្មោះ | who |
         | | text | b | Other | | |
         | choices |
         | | list_name | name | label::ខ្មែរ (km) | label::Tiếng Việt (vi) |
         | | l | x | ក | X |
         | settings |
         | | form_title | form_id | version | default_language | instance_name |
         | | Title | the_id | 7 | ខ្មែរ (km) | concat(${a}, '-', ${b}) |",
    );
    assert_eq!(form.languages(), ["ខ្មែរ (km)", "English (en)", "Tiếng Việt (vi)"]);
    assert_eq!(
        (
            form.form_id(),
            form.def().title.as_str(),
            form.def().version.as_str()
        ),
        ("the_id", "Title", "7")
    );
    let a = form.node(form.find("a").unwrap());
    assert_eq!(a.label.in_language("ខ្មែរ (km)").unwrap().plain(), Some("ឈ្មោះ"));
    assert_eq!(
        a.label.in_language("English (en)").unwrap().fill(|_| "B".into()),
        "Name of B"
    );
    assert_eq!(
        a.label.in_language("Tiếng Việt (vi)").unwrap().plain(),
        Some("ឈ្មោះ")
    );
    let b = form.node(form.find("b").unwrap());
    assert_eq!(b.label.in_language("ខ្មែរ (km)").unwrap().plain(), Some("Other"));
    assert!(form.instance_name().is_some());
    assert!(form.dependents(b.id).contains(&a.id));
}

#[test]
fn a_default_is_a_literal_unless_it_computes() {
    for (kind, cell, is_computed) in [
        ("text", "hello - world", false),
        ("text", "a (b)", false),
        ("date", "2026-11-24", false),
        ("date", "today()", true),
        ("integer", "5", false),
        ("integer", "2 + 3", true),
        ("text", "concat('a', 'b')", true),
    ] {
        let form = form(&format!(
            "| survey |\n| | type | name | label | default |\n| | {kind} | a | A | {cell} |"
        ));
        match form.node(form.find("a").unwrap()).default.as_ref().unwrap() {
            First::Literal(text) => assert!(!is_computed && text == cell, "{cell}"),
            First::Computed(_) => assert!(is_computed, "{cell}"),
        }
    }
}

#[test]
fn quotes_and_yes_are_made_plain() {
    let form = form(
        "| survey |
         | | type | name | label | required | relevant | read_only |
         | | text | a | \u{201c}A\u{201d} | yes | | no |
         | | text | b | B | FALSE | ${a} = \u{2018}x\u{2019} | true |",
    );
    let [_, a, b] = form.nodes() else {
        panic!("two questions")
    };
    assert!(a.required.is_some() && a.read_only.is_none());
    assert!(b.required.is_none() && b.read_only.is_some());
    assert_eq!(a.label.in_language("").unwrap().plain(), Some("\"A\""));
    let Item::Question(b) = &form.def().items[1] else {
        panic!("a question")
    };
    assert_eq!(b.relevant.as_ref().unwrap().source, "${a} = 'x'");
}

#[test]
fn files_of_choices_and_pulled_data_belong_to_the_form() {
    let form = form(
        "| survey |
         | | type | name | label | calculation | parameters | choice_filter |
         | | select_one_from_file places.csv | p | P | | value=code label=title | adm1 = 'x' |
         | | calculate | c | | pulldata('prices', 'price', 'code', ${p}) | | |",
    );
    let files: Vec<(&str, &str)> = form
        .def()
        .external
        .iter()
        .map(|file| (file.id.as_str(), file.file_name.as_str()))
        .collect();
    assert_eq!(files, [("places", "places.csv"), ("prices", "prices.csv")]);
    let choices = form.node(form.find("p").unwrap()).choices.as_ref().unwrap();
    assert_eq!(choices.list, ListRef::External("places".into()));
    assert_eq!(
        (choices.value_column.as_str(), choices.label_column.as_str()),
        ("code", "title")
    );
    let mut def = (**form.def()).clone();
    assert!(def.attach("places.csv", [7; 32]));
    assert!(!def.attach("other.csv", [7; 32]));
    assert_ne!(Form::compile(Arc::new(def)).unwrap().version(), form.version());
}

#[test]
fn or_other_asks_for_the_other_in_words() {
    let form = form(
        "| survey |
         | | type | name | label |
         | | select_one l or_other | a | A |
         | choices |
         | | list_name | name | label |
         | | l | x | X |",
    );
    let names: Vec<&str> = form.questions().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["a", "a_other"]);
    assert!(form.list("l").unwrap().named("other").is_some());
    let other = form.node(form.find("a_other").unwrap());
    assert_eq!(
        other.relevant.as_ref().unwrap().dependencies(),
        [form.find("a").unwrap()]
    );
}

#[test]
fn a_note_needs_no_name_and_a_disabled_row_is_left_out() {
    let form = form(
        "| survey |
         | | type | name | label | disabled |
         | | note | | Hello | |
         | | text | b | B | yes |",
    );
    let found: Vec<(&str, Role)> = form
        .questions()
        .map(|node| (node.name.as_str(), node.question().unwrap().0))
        .collect();
    assert_eq!(found, [("generated_note_name_2", Role::Note)]);
}
