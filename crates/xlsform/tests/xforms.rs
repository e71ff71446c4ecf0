//! Forms as ODK's XML: one small form for each thing that a form can say.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use sampan_form::problem::Problem;
use sampan_form::{package, xform};
use sampan_xlsform::markdown;
use sampan_xlsform::reading::{Options, read_with};

fn written(table: &str) -> String {
    let options = Options {
        is_outline: true,
        ..Options::default()
    };
    let reading = read_with(&markdown::workbook(table), "f.md", &options).unwrap_or_else(|problems| {
        panic!(
            "{table}: {}",
            problems.iter().map(Problem::to_string).collect::<String>()
        )
    });
    let again = package::from_bytes(&package::to_bytes(&reading.form)).unwrap();
    let text = xform::write(&reading.form);
    assert_eq!(
        xform::write(&again),
        text,
        "a form writes the same after its package"
    );
    text
}

fn check(table: &str, expected: &[&str]) {
    let text = written(table);
    for expected in expected {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[test]
fn a_small_form_is_written_whole() {
    let text = written(
        "| survey |
         | | type | name | label | relevant |
         | | text | a | A & B | |
         | | note | b | Hello ${a}! | ${a} != '' |",
    );
    let expected = r#"<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:ev="http://www.w3.org/2001/xml-events" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:odk="http://www.opendatakit.org/xforms" xmlns:orx="http://openrosa.org/xforms" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <h:head>
    <h:title>f</h:title>
    <model odk:xforms-version="1.0.0">
      <instance>
        <data id="f">
          <a/>
          <b/>
          <meta>
            <instanceID/>
          </meta>
        </data>
      </instance>
      <bind nodeset="/data/a" type="string"/>
      <bind nodeset="/data/b" readonly="true()" relevant=" /data/a  != ''" type="string"/>
      <bind nodeset="/data/meta/instanceID" readonly="true()" type="string" jr:preload="uid"/>
    </model>
  </h:head>
  <h:body>
    <input ref="/data/a">
      <label>A &amp; B</label>
    </input>
    <input ref="/data/b">
      <label> Hello <output value=" /data/a "/>! </label>
    </input>
  </h:body>
</h:html>
"#;
    assert_eq!(text, expected);
}

#[test]
fn repeats_have_templates_counts_and_relative_references() {
    check(
        "| survey |
         | | type | name | label | calculation | repeat_count | default |
         | | integer | n | N | | | |
         | | begin_repeat | r | R | | ${n} + 1 | |
         | | text | a | A | | | now() |
         | | calculate | b | | ${a} | | |
         | | end_repeat | | | | | |
         | | calculate | all | | join(' ', ${a}) | | |",
        &[
            r#"<r jr:template="">"#,
            r#"<bind calculate=" /data/n  + 1" nodeset="/data/r_count" readonly="true()" type="string"/>"#,
            r#"<repeat nodeset="/data/r" jr:count=" /data/r_count ">"#,
            r#"<bind calculate=" ../a " nodeset="/data/r/b" type="string"/>"#,
            r#"<bind calculate="join(' ',  /data/r/a )" nodeset="/data/all" type="string"/>"#,
            r#"<setvalue event="odk-instance-first-load" ref="/data/r/a" value="now()"/>"#,
            r#"<setvalue event="odk-new-repeat" ref="/data/r/a" value="now()"/>"#,
        ],
    );
}

#[test]
fn choices_come_from_lists_files_rows_and_searches() {
    check(
        "| survey |
         | | type | name | label | choice_filter | parameters | appearance |
         | | begin_repeat | people | P | | | |
         | | text | who | Who | | | |
         | | select_one l | mine | M | x = ${who} | | |
         | | end_repeat | | | | | |
         | | select_one l | a | A | | randomize=true seed=42 | |
         | | select_multiple_from_file m.geojson | b | B | | | |
         | | select_one ${who} | c | C | | | |
         | | select_one s | d | D | | | search('f') |
         | choices |
         | | list_name | name | label | x |
         | | l | 1 | One | 7 |
         | | s | k | K | |",
        &[
            r#"<itemset nodeset="instance('l')"#,
            "item[x =  current()/../who ]",
            "item, 42)\"",
            "<x>7</x>",
            r#"<instance id="m" src="jr://file/m.geojson"/>"#,
            r#"<value ref="id"/>"#,
            r#"<itemset nodeset="/data/people[./who != '']">"#,
            r#"<value>k</value>"#,
        ],
    );
}

#[test]
fn translated_texts_and_media_are_texts_by_id() {
    check(
        "| survey |
         | | type | name | label::English (en) | label::Khmer (km) | image | guidance_hint |
         | | text | a | Hello | សួស្តី | a.jpg | more |
         | | text | b | Only | | | |
         | settings |
         | | default_language |
         | | English (en) |",
        &[
            r#"<translation default="true()" lang="English (en)">"#,
            r#"<text id="/data/a:label">"#,
            r#"<value form="image">jr://images/a.jpg</value>"#,
            r#"<value form="guidance">more</value>"#,
            "<value>-</value>",
            r#"<hint ref="jr:itext('/data/a:hint')"/>"#,
        ],
    );
}

#[test]
fn events_entities_and_the_audit_are_written() {
    check(
        "| survey |
         | | type | name | label | trigger | calculation | save_to | parameters |
         | | audit | | | | | | track-changes=true |
         | | text | a | A | | | name_of | |
         | | calculate | when | | ${a} | now() | | |
         | | start-geopoint | where | | | | | |
         | | background-audio | sound | | | | | quality=low |
         | entities |
         | | list_name | label |
         | | people | ${a} |",
        &[
            r#"entities:entities-version="2024.1.0""#,
            r#"<entity create="1" dataset="people" id="">"#,
            r#"<bind nodeset="/data/a" type="string" entities:saveto="name_of"/>"#,
            r#"<setvalue event="odk-instance-first-load" ref="/data/meta/entity/@id" value="uuid()"/>"#,
            r#"<setvalue event="xforms-value-changed" ref="/data/when" value="now()"/>"#,
            r#"<odk:setgeopoint event="odk-instance-first-load" ref="/data/where"/>"#,
            r#"<odk:recordaudio event="odk-instance-load" ref="/data/sound" odk:quality="low"/>"#,
            r#"<bind nodeset="/data/meta/audit" type="binary" odk:track-changes="true"/>"#,
        ],
    );
}

#[test]
fn tables_loops_and_other_add_what_they_imply() {
    check(
        "| survey |
         | | type | name | label | appearance |
         | | begin_group | t | Table | table-list |
         | | select_one l | a | A | |
         | | end_group | | | |
         | | begin_loop over l | each | | |
         | | integer | n | How many %(label)s? | |
         | | end_loop | | | |
         | | select_one m or_other | o | O | |
         | choices |
         | | list_name | name | label |
         | | l | x | Ox |
         | | m | y | Yak |",
        &[
            r#"<group appearance="field-list" ref="/data/t">"#,
            r#"ref="/data/t/generated_table_list_label_2""#,
            r#"<select1 appearance="label" ref="/data/t/reserved_name_for_field_list_labels_3">"#,
            r#"<select1 appearance="list-nolabel" ref="/data/t/a">"#,
            "<label>How many Ox?</label>",
            r#"relevant="selected(../o, 'other')""#,
            "<label>Specify other.</label>",
        ],
    );
}

#[test]
fn signs_that_mean_something_in_xml_are_escaped() {
    check(
        "| survey |
         | | type | name | label | relevant |
         | | text | a | <b> \"&\" | . < 3 and \"x\" = 'y' |",
        &[
            "&lt;b&gt; \"&amp;\"",
            "relevant=\". &lt; 3 and &quot;x&quot; = 'y'\"",
        ],
    );
}

#[test]
fn a_large_form_is_read_and_written_in_proportion() {
    let mut table = String::from("| survey |\n| | type | name | label | relevant |\n");
    for row in 0..20_000 {
        table.push_str(&format!("| | text | q{row} | Q ${{q0}} | ${{q0}} = '{row}' |\n"));
    }
    let text = written(&table);
    assert_eq!(text.matches("<bind nodeset=\"/data/q").count(), 20_000);
}

#[test]
fn a_loop_that_multiplies_without_end_is_refused_by_its_limit() {
    let mut table = String::from("| survey |\n| | type | name | label |\n");
    for depth in 0..6 {
        table.push_str(&format!("| | begin_loop over l | l{depth} | |\n"));
    }
    table.push_str("| | text | a | A |\n");
    for _ in 0..6 {
        table.push_str("| | end_loop | | |\n");
    }
    table.push_str("| choices |\n| | list_name | name | label |\n");
    for choice in 0..50 {
        table.push_str(&format!("| | l | c{choice} | C |\n"));
    }
    let options = Options {
        is_outline: true,
        ..Options::default()
    };
    let problems = read_with(&markdown::workbook(&table), "f.md", &options).unwrap_err();
    assert!(
        problems
            .iter()
            .any(|problem| problem.message.contains("make more than 20000 questions")),
        "{problems:?}"
    );
}

fn loop_problems(table: &str) -> Vec<String> {
    let options = Options {
        is_outline: true,
        ..Options::default()
    };
    let problems = read_with(&markdown::workbook(table), "f.md", &options).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn what_a_loop_may_make_is_counted_in_bytes_too() {
    // A long label in each of many copies, and a mark for it that stands there many times.
    let long = "x".repeat(20_000);
    for (question, label) in [(long.as_str(), "C"), (&"%(label)s ".repeat(2_000), long.as_str())] {
        let mut table = format!(
            "| survey |\n| | type | name | label |\n| | begin_loop over l | each | |\n| | text | a | {question} |\n\
             | | end_loop | | |\n| choices |\n| | list_name | name | label |\n"
        );
        for choice in 0..1_000 {
            table.push_str(&format!(
                "| | l | c{choice} | {} |\n",
                if choice == 0 { label } else { "C" }
            ));
        }
        let problems = loop_problems(&table);
        assert!(
            problems
                .iter()
                .any(|problem| problem.contains("more than 16 MiB of text")),
            "{:.300}",
            problems.join("\n")
        );
    }
}

#[test]
fn a_choice_that_cannot_name_the_group_of_a_loop_is_refused_at_its_cell() {
    let problems = loop_problems(
        "| survey |\n| | type | name | label |\n| | begin_loop over l | each | |\n| | text | a | A |\n\
         | | end_loop | | |\n| choices |\n| | list_name | name | label |\n| | l | ok | C |\n| | l | a b | C |\n",
    );
    assert!(
        problems
            .iter()
            .any(|problem| problem.starts_with("choices") && problem.contains("the loop each makes a group")),
        "{problems:?}"
    );
}

#[test]
fn what_is_recorded_and_what_is_preloaded_is_said_again_after_reading() {
    let text = written(
        "| survey |
         | | type | name | label | parameters | default | bind::jr:preload | bind::jr:preloadParams |
         | | background-audio | sound | | quality=voice-only | | | |
         | | audio | told | Told | quality=low | | | |
         | | text | day | Day | | unknown | date | today |",
    );
    for part in [
        r#"<odk:recordaudio event="odk-instance-load" ref="/data/sound" odk:quality="voice-only"/>"#,
        r#"<bind nodeset="/data/told" type="binary" odk:quality="low"/>"#,
        "<day>unknown</day>",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let again = xform::read::read(&text).unwrap().form;
    let sound = r#"<odk:recordaudio event="odk-instance-load" ref="/data/sound" odk:quality="voice-only"/>"#;
    assert!(xform::write(&again).contains(sound));
    assert!(xform::write(&again).contains("<day>unknown</day>"));
}
