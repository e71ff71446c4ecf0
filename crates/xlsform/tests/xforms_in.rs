//! ODK's XML is read back to the form that it was written from.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may panic"
)]

use std::path::Path;
use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::def::FormDef;
use sampan_form::problem::Problem;
use sampan_form::xform;
use sampan_xlsform::reading::{read_markdown, read_xlsx};
use serde_json::Value;

/// A form without the places that it was written in.
fn content(form: &FormDef) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("origin");
                fields.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut value = serde_json::to_value(form).unwrap();
    strip(&mut value);
    value
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

fn comes_back(form: &FormDef, what: &str) {
    let text = xform::write(form);
    let again = xform::read::read(&text).unwrap_or_else(|problems| panic!("{what}: {}", lines(&problems)));
    assert_eq!(lines(&again.warnings), "", "{what}");
    let (before, after) = (content(form), content(&again.form));
    for (key, value) in before.as_object().unwrap() {
        let found = &after[key];
        let differing: Vec<String> = match (value, found) {
            (Value::Array(before), Value::Array(after)) => before
                .iter()
                .zip(after)
                .filter(|(before, after)| before != after)
                .map(|(before, after)| format!("{before}\n{after}"))
                .take(2)
                .collect(),
            _ => vec![format!("{value}\n{found}")],
        };
        assert!(value == found, "{what}: {key}\n{}", differing.join("\n"));
    }
    assert_eq!(before, after, "{what}");
}

#[test]
fn the_studys_forms_come_back_from_xml_as_they_were() {
    for name in ["kii", "market_actor", "sme_vc"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../studies/sec-value-chain/forms")
            .join(format!("{name}.xlsx"));
        let form = read_xlsx(&std::fs::read(path).unwrap(), name).unwrap().form;
        comes_back(&form, name);
    }
}

#[test]
fn repeats_triggers_defaults_and_choices_come_back() {
    for table in [
        "| survey |
         | | type | name | label | calculation | repeat_count | default | trigger |
         | | integer | n | N | | | 3 | |
         | | begin_repeat | r | R | | ${n} + 1 | | |
         | | text | a | A | | | now() | |
         | | calculate | b | | ${a} | | | |
         | | end_repeat | | | | | | |
         | | text | c | C ${n} and more | | | a - b | |
         | | calculate | d | | now() | | | ${c} |
         | | calculate | all | | join(' ', ${a}) | | | |",
        "| survey |
         | | type | name | label | choice_filter | parameters | appearance |
         | | select_one l | a | A | | randomize=true seed=42 | minimal w1 |
         | | select_multiple l | b | B | x = ${a} | | |
         | | rank l | c | C | | | |
         | | range | d | D | | start=2 end=5 step=0.5 | |
         | | select_one_from_file m.csv | e | E | p = ${a} | | |
         | | image | f | F | | max-pixels=640 | |
         | choices |
         | | list_name | name | label | x |
         | | l | 1 | One | a |
         | | l | 2 | Two | b |",
    ] {
        comes_back(
            &read_markdown(table)
                .unwrap_or_else(|p| panic!("{}", lines(&p)))
                .form,
            table,
        );
    }
}

#[test]
fn what_is_no_xform_is_refused_with_its_line() {
    for (text, expected) in [
        ("", "ends before"),
        ("<a><b></a>", "line 1: this is no well-formed XML"),
        ("<a/>", "no XForm"),
        ("<!DOCTYPE a [<!ENTITY b \"c\">]>\n<a>&b;</a>", "DOCTYPE"),
        ("<a>\n&b;</a>", "line 2: the entity &b; is not read"),
        ("<a b='&c;'/>", "line 1: an attribute cannot be read"),
    ] {
        let problems = xform::read::read(text).unwrap_err();
        assert!(
            lines(&problems).contains(expected),
            "{text}: {}",
            lines(&problems)
        );
    }
    let deep = "<a>".repeat(200_000);
    assert!(lines(&xform::read::read(&deep).unwrap_err()).contains("nested more than"));
}

/// A form with this instance, these binds and this body.
fn document(instance: &str, binds: &str, body: &str) -> String {
    format!(
        "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml' \
         xmlns:jr='http://openrosa.org/javarosa'><h:head><h:title>T</h:title><model><instance><data id='t'>{instance}\
         </data></instance>{binds}</model></h:head><h:body>{body}</h:body></h:html>"
    )
}

#[test]
fn paths_to_all_rows_of_the_own_repeat_stay_paths() {
    let text = document(
        "<r><a/><n/><all/><own/></r>",
        "<bind nodeset='/data/r/n' calculate='position(..)'/>\
         <bind nodeset='/data/r/all' calculate='sum(../../r/a) + count(../../r)'/>\
         <bind nodeset='/data/r/own' calculate='../a + 1'/>",
        "<group ref='/data/r'><repeat nodeset='/data/r'><input ref='/data/r/a'><label>A</label></input></repeat></group>",
    );
    let form = xform::read::read(&text)
        .unwrap_or_else(|p| panic!("{}", lines(&p)))
        .form;
    let written = xform::write(&form);
    for calculation in ["position(..)", "sum(../../r/a) + count(../../r)", " ../a + 1"] {
        assert!(
            written.contains(&format!("calculate=\"{calculation}\"")),
            "{calculation}: {written}"
        );
    }
    comes_back(&form, "paths");
}

#[test]
fn questions_are_asked_in_the_order_of_the_body() {
    let text = document(
        "<a/><computed/><b/><g><c/><d/></g>",
        "<bind nodeset='/data/computed' calculate='/data/a'/>",
        "<group ref='/data/g'><input ref='/data/g/d'><label>D</label></input>\
         <input ref='/data/g/c'><label>C</label></input></group>\
         <input ref='/data/b'><label>B</label></input><input ref='/data/a'><label>A</label></input>",
    );
    let form = xform::read::read(&text)
        .unwrap_or_else(|p| panic!("{}", lines(&p)))
        .form;
    let names: Vec<&str> = form.items.iter().map(|item| item.name()).collect();
    assert_eq!(names, ["g", "b", "a", "computed"]);
    comes_back(&form, "order");
}

#[test]
fn types_and_first_values_of_other_programs_are_kept() {
    let text = document(
        "<a/><b/>",
        "<bind nodeset='/data/a' type='boolean' jr:preload='patient' jr:preloadParams='name'/>",
        "<input ref='/data/a'><label>A</label></input>",
    );
    let form = xform::read::read(&text)
        .unwrap_or_else(|p| panic!("{}", lines(&p)))
        .form;
    let written = xform::write(&form);
    for part in [
        "type=\"boolean\"",
        "jr:preload=\"patient\"",
        "jr:preloadParams=\"name\"",
    ] {
        assert!(written.contains(part), "{part}: {written}");
    }
    comes_back(&form, "types");
}

#[test]
fn what_a_sheet_has_no_column_for_is_written_as_it_was_read() {
    let text = r#"<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:my="urn:mine">
<h:head><h:title>Odd</h:title><model>
<submission action="https://example.org" method="form-data-post" my:retry="3"/>
<instance><data id="odd"><a/><hidden><b/></hidden><sum/><rows><c/></rows><pick/><own/><photo/>
<meta><deviceID/><instanceID/></meta></data></instance>
<instance id="l"><root><item><value>1</value><title>One</title><name>n</name></item></root></instance>
<instance id="far" src="jr://file/far.csv"/>
<bind nodeset="/data/sum" calculate="/data/a + 1" type="boolean"/>
<bind nodeset="/data/own" type="int"/>
<bind nodeset="/data/meta/deviceID" jr:preload="property" jr:preloadParams="deviceid"/>
<bind nodeset="/data/meta/instanceID" calculate="concat('x', /data/a)"/>
<setvalue event="odk-instance-first-load" ref="/data/rows[1]/c" value="7"/>
<my:model unit="m"><my:part/></my:model>
</model></h:head><h:body>
<input ref="/data/a"><label>Is <output value="concat(/data/a, '}')"/> right?</label><help>Help</help></input>
<input ref="/data/hidden/b"><label>B</label></input>
<input ref="/data/sum"/>
<group><repeat nodeset="/data/rows" jr:count="3"><input ref="/data/rows/c"><label>C</label></input></repeat></group>
<select1 ref="/data/pick"><label>Pick</label><itemset nodeset="instance('l')/root/item"><value ref="value"/><label ref="title"/></itemset></select1>
<select1 ref="/data/own"><label>Own</label><item><label>Yes</label><value>y</value></item></select1>
<upload ref="/data/photo" mediatype="image/jpeg"><label>Photo</label></upload>
</h:body></h:html>"#;
    let first = xform::read::read(text).unwrap();
    let written = xform::write(&first.form);
    for kept in [
        "method=\"form-data-post\"",
        "my:retry=\"3\"",
        "<value>1</value>",
        "<title>One</title>",
        "<name>n</name>",
        "src=\"jr://file/far.csv\"",
        "type=\"boolean\"",
        "jr:preloadParams=\"deviceid\"",
        "calculate=\"concat('x', /data/a )\"",
        "ref=\"/data/rows[1]/c\"",
        "<my:model unit=\"m\"><my:part/></my:model>",
        "<output value=\"concat( /data/a , '}')\"/>",
        "<help>Help</help>",
        "<input ref=\"/data/sum\"/>",
        "jr:count=\"3\"",
        "<value ref=\"value\"/>",
        "<label ref=\"title\"/>",
        "<value>y</value>",
        "mediatype=\"image/jpeg\"",
    ] {
        let is_in = |text: &str| {
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            bare(text).contains(&bare(kept))
        };
        assert!(is_in(&written), "{kept}\n{written}");
    }
    for gone in ["rows_count", "<group ref=\"/data/hidden\">", "id=\"own\""] {
        assert!(!written.contains(gone), "{gone}\n{written}");
    }
    let again = xform::read::read(&written).unwrap();
    assert_eq!(content(&again.form), content(&first.form), "{written}");
    let compiled =
        Form::compile(Arc::new(first.form)).unwrap_or_else(|problems| panic!("{}", lines(&problems)));
    assert!(compiled.find("a").is_some());
}

#[test]
fn what_an_action_sets_and_is_no_expression_is_a_text() {
    let text = document(
        "<a/>",
        "<setvalue event=\"odk-instance-first-load\" ref=\"/data/a\" value=\"1405-\"/>",
        "<input ref=\"/data/a\"><label>A</label></input>",
    );
    let form = xform::read::read(&text).unwrap().form;
    let written = xform::write(&form);
    assert!(written.contains("<a>1405-</a>"), "{written}");
    assert!(Form::compile(Arc::new(form)).is_ok());
}

#[test]
fn languages_keep_their_order() {
    let languages = ["b", "c", "a"];
    let translations: String = languages
        .iter()
        .map(|language| {
            let text = match *language {
                "b" => "",
                _ => "<text id=\"/data/q:label\"><value>Q</value></text>",
            };
            format!(
                "<translation lang=\"{language}\">{text}<text id=\"/data/r:label\"><value>R</value></text></translation>"
            )
        })
        .collect();
    let text = document(
        "<q/><r/>",
        &format!("<itext>{translations}</itext>"),
        "<input ref=\"/data/q\"><label ref=\"jr:itext('/data/q:label')\"/></input>
         <input ref=\"/data/r\"><label ref=\"jr:itext('/data/r:label')\"/></input>",
    );
    let form = xform::read::read(&text).unwrap().form;
    assert_eq!(form.languages, languages);
    comes_back(&form, "languages");
}

#[test]
fn real_forms_are_read_and_compiled() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/forms");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: there is no folder of real forms here");
        return;
    };
    let (mut n_read, mut n_compiled, mut n_forms) = (0, 0, 0);
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "xml") {
            continue;
        }
        n_forms += 1;
        match xform::read::read(&std::fs::read_to_string(&path).unwrap()) {
            Ok(reading) => {
                n_read += 1;
                match Form::compile_leniently(Arc::new(reading.form)) {
                    Ok(_) => n_compiled += 1,
                    Err(problems) => eprintln!("{}: {}", path.display(), problems[0]),
                }
            }
            Err(problems) => {
                eprintln!("{}: {}", path.display(), lines(&problems));
                assert!(!problems.is_empty());
            }
        }
    }
    eprintln!("{n_forms} forms, {n_read} read, {n_compiled} compiled");
    assert_eq!(n_read, n_forms);
    assert!(n_compiled * 100 >= n_forms * 90, "{n_compiled} of {n_forms}");
}
