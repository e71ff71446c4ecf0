//! Our own scenarios: an XForm, what is done to it, and what is so after each step; they run everywhere.
//!
//! A step is a line: `say PLACE TEXT`, `clear PLACE`, `refuse PLACE TEXT`, `add REPEAT`, `remove REPEAT NUMBER`,
//! `language NAME`, `again` (the draft is opened again), and what is to hold: `is PLACE TEXT`, `blank PLACE`,
//! `rows REPEAT NUMBER`, `asked PLACE`, `hidden PLACE`, `locked PLACE`, `open PLACE`, `label PLACE TEXT`,
//! `offers PLACE NAMES`, `invalid PLACE`, `valid PLACE`.

use std::collections::BTreeSet;
use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::def::Event;
use sampan_form::external::{Table, Tables};
use sampan_form::xform;
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;

use crate::support::{add, at, facts, is_relevant, now, say, try_say, value};

struct Scenario {
    name: &'static str,
    instance: &'static str,
    model: &'static str,
    body: &'static str,
    file: &'static str,
    steps: &'static str,
}

fn read(scenario: &Scenario) -> Result<Arc<Plan>, String> {
    let xml = format!(
        r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
             xmlns:jr="http://openrosa.org/javarosa" xmlns:odk="http://www.opendatakit.org/xforms">
             <h:head><h:title>t</h:title><model><instance><data id="t">{}</data></instance>{}</model></h:head>
             <h:body>{}</h:body></h:html>"#,
        scenario.instance, scenario.model, scenario.body
    );
    let said = |problems: Vec<sampan_form::problem::Problem>| {
        problems
            .iter()
            .map(|problem| format!("{problem}\n"))
            .collect::<String>()
    };
    let reading = xform::read::read(&xml).map_err(said)?;
    let form = Form::compile(Arc::new(reading.form)).map_err(said)?;
    let mut tables = Tables::new();
    for file in &form.def().external {
        let table =
            Table::read(&file.file_name, scenario.file.as_bytes()).map_err(|error| error.to_string())?;
        tables.insert(&file.id, Arc::new(table));
    }
    match form.check_tables(&tables) {
        problems if problems.is_empty() => {}
        problems => return Err(said(problems)),
    }
    Ok(Arc::new(Plan::new(Arc::new(form), Arc::new(tables))))
}

fn walk(scenario: &Scenario) {
    let plan = read(scenario).unwrap_or_else(|problems| panic!("{}: {problems}", scenario.name));
    let mut interview = Interview::begin(plan, &facts()).interview;
    let mut known = BTreeSet::new();
    interview.add_first_rows(&mut known, Event::FirstLoad, now());
    let mut random = 100;
    for step in scenario
        .steps
        .lines()
        .map(str::trim)
        .filter(|step| !step.is_empty())
    {
        let said = format!("{}: {step}", scenario.name);
        let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
        let (place, text) = rest.split_once(' ').unwrap_or((rest, ""));
        match verb {
            "say" => drop(say(&mut interview, place, text)),
            "clear" => drop(say(&mut interview, place, "")),
            "refuse" => assert!(try_say(&mut interview, place, text).is_err(), "{said}"),
            "add" => {
                random += 1;
                add(&mut interview, place, random);
                interview.add_first_rows(&mut known, Event::NewRow, now());
            }
            "remove" => {
                let repeat = at(&interview, place);
                let number: usize = text.parse().unwrap();
                let row = interview.rows(&repeat)[number - 1];
                interview.remove_row(&repeat, row, now()).unwrap();
            }
            "language" => assert!(interview.set_language(rest), "{said}"),
            "again" => {
                let (answers, rows) = (interview.answers(), interview.added_rows());
                interview = Interview::resume(interview.plan().clone(), &facts(), answers, rows).interview;
            }
            "is" => assert_eq!(value(&interview, place), text, "{said}"),
            "blank" => assert_eq!(value(&interview, place), "", "{said}"),
            "rows" => {
                let n_rows = interview.rows(&at(&interview, place)).len();
                assert_eq!(n_rows.to_string(), text, "{said}");
            }
            "asked" => assert!(is_relevant(&interview, place), "{said}"),
            "hidden" => assert!(!is_relevant(&interview, place), "{said}"),
            "locked" | "open" => {
                let question = interview.question(&at(&interview, place)).unwrap();
                assert_eq!(question.read_only, verb == "locked", "{said}");
            }
            "label" => {
                let label = interview.label(&at(&interview, place), interview.language());
                assert_eq!(label, text, "{said}");
            }
            "offers" => {
                let choices = interview.choices(&at(&interview, place));
                let names: Vec<&str> = choices.iter().map(|choice| choice.name.as_str()).collect();
                assert_eq!(names.join(" "), text, "{said}");
            }
            "invalid" | "valid" => {
                let at = at(&interview, place);
                let is_named = interview.problems().iter().any(|problem| problem.at == at);
                assert_eq!(is_named, verb == "invalid", "{said}");
            }
            other => panic!("{other}: no such step"),
        }
    }
}

#[test]
fn scenarios_of_our_own_go_as_written() {
    SCENARIOS.iter().for_each(walk);
}

#[test]
fn forms_that_cannot_be_meant_are_refused() {
    let form = |model, body| Scenario {
        name: "refused",
        instance: "<r><q/></r>",
        model,
        body,
        file: "",
        steps: "",
    };
    for (scenario, word) in [
        (form(r#"<submission method="put"/>"#, ""), "method"),
        (
            form(
                r#"<setvalue event="odk-new-repeat" ref="/data/r/q" value="1"/>"#,
                r#"<repeat nodeset="/data/r"><input ref="/data/r/q"/></repeat>"#,
            ),
            "row",
        ),
        (
            form(r#"<bind nodeset="/data/r/q" calculate="distance('here')"/>"#, ""),
            "positions",
        ),
        (
            form("", r#"<upload ref="/data/r/q" mediatype=".png"/>"#),
            "media type",
        ),
        (
            form(
                r#"<bind nodeset="/data/r/q" calculate="/data/r/q2 + 1"/><bind nodeset="/data/r/q" relevant="nosuch(1)"/>"#,
                "",
            ),
            "nosuch",
        ),
    ] {
        let problems = read(&scenario).expect_err(word);
        assert!(problems.contains(word), "{problems}");
    }
    assert!(read(&form(r#"<submission method="post"/>"#, "")).is_ok());
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "rows of the instance are there at first, beside a template",
        instance: r#"<r jr:template=""><q>9</q></r><r><q>1</q></r><r><q>2</q></r>"#,
        model: r#"<bind nodeset="/data/r/q" type="int"/>"#,
        body: r#"<repeat nodeset="/data/r"><input ref="/data/r/q"/></repeat>"#,
        file: "",
        steps: "rows r 2\n is r[1]/q 1\n is r[2]/q 2\n add r\n rows r 3\n is r[3]/q 9",
    },
    Scenario {
        name: "a template alone is no row",
        instance: r#"<r jr:template=""><q/></r>"#,
        model: "",
        body: r#"<repeat nodeset="/data/r"><input ref="/data/r/q"/></repeat>"#,
        file: "",
        steps: "rows r 0\n add r\n rows r 1",
    },
    Scenario {
        name: "new rows have what their template has, and that is no row of the repeat inside",
        instance: r#"<o jr:template=""><i jr:template=""><q/></i><p/></o>"#,
        model: "",
        body: r#"<repeat nodeset="/data/o"><input ref="/data/o/p"/><repeat nodeset="/data/o/i"><input ref="/data/o/i/q"/></repeat></repeat>"#,
        file: "",
        steps: "rows o 0\n add o\n rows o[1]/i 0\n add o[1]/i\n rows o[1]/i 1",
    },
    Scenario {
        name: "rows behind a removed one are numbered anew, also where the number may be changed",
        instance: r#"<r jr:template=""><n/></r><s/>"#,
        model: r#"<bind nodeset="/data/r/n" type="int" calculate="position(..)"/><bind nodeset="/data/s" type="int" calculate="sum(/data/r/n)"/>"#,
        body: r#"<repeat nodeset="/data/r"><input ref="/data/r/n"/></repeat>"#,
        file: "",
        steps: "add r\n add r\n add r\n is r[3]/n 3\n is s 6\n remove r 2\n rows r 2\n is r[2]/n 2\n is s 3",
    },
    Scenario {
        name: "what is drawn once in a row stays when another row goes",
        instance: r#"<r jr:template=""><q/><k/></r>"#,
        model: r#"<bind nodeset="/data/r/k" calculate="once(../q)"/>"#,
        body: r#"<repeat nodeset="/data/r"><input ref="/data/r/q"/></repeat>"#,
        file: "",
        steps: "add r\n add r\n say r[2]/q a\n is r[2]/k a\n say r[2]/q b\n is r[2]/k a\n remove r 1\n is r[1]/k a",
    },
    Scenario {
        name: "a repeat named from inside means all its rows",
        instance: r#"<r jr:template=""><n/><q/></r>"#,
        model: r#"<bind nodeset="/data/r/n" type="int" calculate="count(/data/r)"/>"#,
        body: r#"<repeat nodeset="/data/r"><input ref="/data/r/q"/></repeat>"#,
        file: "",
        steps: "add r\n is r[1]/n 1\n add r\n is r[1]/n 2\n is r[2]/n 2\n remove r 1\n is r[1]/n 1",
    },
    Scenario {
        name: "rows by a count come and go with it, and keep their answers",
        instance: r#"<n/><r jr:template=""><q/></r>"#,
        model: r#"<bind nodeset="/data/n" type="int"/>"#,
        body: r#"<input ref="/data/n"/><group ref="/data/r"><repeat nodeset="/data/r" jr:count="/data/n"><input ref="/data/r/q"/></repeat></group>"#,
        file: "",
        steps: "rows r 0\n say n 2\n rows r 2\n say r[2]/q b\n say n 1\n rows r 1\n say n 3\n rows r 3\n is r[2]/q b\n again\n rows r 3\n is r[2]/q b",
    },
    Scenario {
        name: "a group locks all that is in it, and lets go",
        instance: "<lock/><g><q/><h><p/></h></g>",
        model: r#"<bind nodeset="/data/g" readonly="/data/lock = 'yes'"/>"#,
        body: r#"<input ref="/data/lock"/><group ref="/data/g"><input ref="/data/g/q"/><group ref="/data/g/h"><input ref="/data/g/h/p"/></group></group>"#,
        file: "",
        steps: "open g/q\n say g/q a\n say lock yes\n locked g/q\n locked g/h/p\n refuse g/q b\n is g/q a\n say lock no\n open g/h/p\n say g/q b\n is g/q b",
    },
    Scenario {
        name: "a group that is not asked hides its answers, and has them still",
        instance: "<a/><g><q/></g><n/>",
        model: r#"<bind nodeset="/data/g" relevant="/data/a = 'yes'"/><bind nodeset="/data/g/q" type="int"/><bind nodeset="/data/n" type="int" calculate="count-non-empty(/data/g/q)"/>"#,
        body: r#"<input ref="/data/a"/><group ref="/data/g"><input ref="/data/g/q"/></group>"#,
        file: "",
        steps: "hidden g/q\n say a yes\n asked g/q\n say g/q 4\n is n 1\n say a no\n hidden g/q\n blank g/q\n is n 0\n say a yes\n is g/q 4\n is n 1",
    },
    Scenario {
        name: "events set values at the beginning, in new rows and at changes",
        instance: r#"<a/><b/><c/><r jr:template=""><p/><q/></r>"#,
        model: r#"<bind nodeset="/data/a" type="int"/><setvalue event="odk-instance-first-load" ref="/data/a" value="1 + 1"/>"#,
        body: r#"<input ref="/data/a"/><input ref="/data/b"><setvalue event="xforms-value-changed" ref="/data/c" value="concat('got ', /data/b)"/></input>
                 <repeat nodeset="/data/r"><setvalue event="odk-new-repeat" ref="/data/r/p" value="position(..)"/><input ref="/data/r/q"/></repeat>"#,
        file: "",
        steps: "is a 2\n blank c\n say b x\n is c got x\n add r\n add r\n is r[2]/p 2\n say a 7\n again\n is a 7\n is c got x",
    },
    Scenario {
        name: "labels follow the language, and name answers",
        instance: "<q/><p/>",
        model: r#"<itext><translation lang="English" default="true()"><text id="q"><value>Name</value></text><text id="p"><value>Age of <output value="/data/q"/></value></text></translation>
                  <translation lang="Khmer"><text id="q"><value>ឈ្មោះ</value></text><text id="p"><value>អាយុ <output value="/data/q"/></value></text></translation></itext>"#,
        body: r#"<input ref="/data/q"><label ref="jr:itext('q')"/></input><input ref="/data/p"><label ref="jr:itext('p')"/></input>"#,
        file: "",
        steps: "label q Name\n say q Dara\n label p Age of Dara\n language Khmer\n label q ឈ្មោះ\n label p អាយុ Dara\n language English\n label q Name",
    },
    Scenario {
        name: "choices of a file are filtered by answers",
        instance: "<p/><d/>",
        model: r#"<instance id="places" src="jr://file-csv/places.csv"/>"#,
        body: r#"<input ref="/data/p"/><select1 ref="/data/d"><itemset nodeset="instance('places')/root/item[province = /data/p]"><value ref="name"/><label ref="label"/></itemset></select1>"#,
        file: "name,label,province\nsr,Siem Reap,1\npuok,Puok,1\nbtb,Battambang,2\n",
        steps: "say p 1\n offers d sr puok\n say d puok\n refuse d btb\n is d puok\n say p 2\n offers d btb\n invalid d\n say d btb\n valid d",
    },
    Scenario {
        name: "a file with a heading and no rows offers nothing, whatever its columns are",
        instance: "<d/>",
        model: r#"<instance id="places" src="jr://file-csv/places.csv"/>"#,
        body: r#"<select1 ref="/data/d"><itemset nodeset="instance('places')/root/item"><value ref="value"/><label ref="label"/></itemset></select1>"#,
        file: "code,label\n",
        steps: "offers d\n blank d",
    },
    Scenario {
        name: "a value of a file is looked up",
        instance: "<k/><v/>",
        model: r#"<instance id="prices" src="jr://file-csv/prices.csv"/><bind nodeset="/data/v" calculate="instance('prices')/root/item[name = /data/k]/price"/>"#,
        body: r#"<input ref="/data/k"/>"#,
        file: "name,price\nrice,1200\nfish,9000\n",
        steps: "blank v\n say k fish\n is v 9000\n say k gold\n blank v",
    },
    Scenario {
        name: "what is needed and what is bound is judged",
        instance: "<a/><b/>",
        model: r#"<bind nodeset="/data/a" type="int" required="true()" constraint=". &gt; 0 and . &lt; 10"/><bind nodeset="/data/b" required="/data/a &gt; 5"/>"#,
        body: r#"<input ref="/data/a"/><input ref="/data/b"/>"#,
        file: "",
        steps: "invalid a\n valid b\n refuse a 12\n blank a\n say a 7\n valid a\n invalid b\n say b x\n valid b\n say a 3\n clear b\n valid b",
    },
    Scenario {
        name: "a whole number takes no fraction when typed, and the whole part when computed",
        instance: "<n/><m/>",
        model: r#"<bind nodeset="/data/n" type="int"/><bind nodeset="/data/m" type="int" calculate="7 div 2"/>"#,
        body: r#"<input ref="/data/n"/>"#,
        file: "",
        steps: "refuse n 10.1\n say n 3000000000\n is n 3000000000\n refuse n 1.x\n refuse n ten\n is m 3",
    },
    Scenario {
        name: "a computed value that may be written over stands until what it reads changes",
        instance: "<a/><b/>",
        model: r#"<bind nodeset="/data/a" type="int"/><bind nodeset="/data/b" type="int" calculate="/data/a * 2"/>"#,
        body: r#"<input ref="/data/a"/><input ref="/data/b"/>"#,
        file: "",
        steps: "say a 2\n is b 4\n say a 3\n is b 6",
    },
    Scenario {
        name: "an answer of a certain row is found by its number",
        instance: r#"<i/><r jr:template=""><q/></r><v/>"#,
        model: r#"<bind nodeset="/data/i" type="int"/><bind nodeset="/data/v" calculate="indexed-repeat(/data/r/q, /data/r, /data/i)"/>"#,
        body: r#"<input ref="/data/i"/><repeat nodeset="/data/r"><input ref="/data/r/q"/></repeat>"#,
        file: "",
        steps: "add r\n add r\n say r[1]/q a\n say r[2]/q b\n say i 2\n is v b\n say i 1\n is v a\n say i 3\n blank v",
    },
    Scenario {
        name: "an edit: answers and rows are there again, and go on",
        instance: r#"<r jr:template=""><q/></r><n/>"#,
        model: r#"<bind nodeset="/data/r/q" type="int"/><bind nodeset="/data/n" type="int" calculate="sum(/data/r/q)"/>"#,
        body: r#"<repeat nodeset="/data/r"><input ref="/data/r/q"/></repeat>"#,
        file: "",
        steps: "add r\n add r\n say r[1]/q 1\n say r[2]/q 2\n again\n rows r 2\n is n 3\n remove r 1\n is n 2\n add r\n say r[2]/q 5\n is n 7",
    },
    Scenario {
        name: "rows that nobody adds are those of the instance",
        instance: r#"<r><q>a</q></r><r><q>b</q></r>"#,
        model: "",
        body: r#"<repeat nodeset="/data/r" jr:noAddRemove="true()"><input ref="/data/r/q"/></repeat>"#,
        file: "",
        steps: "rows r 2\n is r[1]/q a\n is r[2]/q b\n say r[2]/q c\n again\n is r[2]/q c",
    },
    Scenario {
        name: "answers of rows are choices as soon as the row is there, blank ones too where the form does not leave them out",
        instance: r#"<r jr:template=""><q/></r><all/><some/>"#,
        model: "",
        body: r#"<repeat nodeset="/data/r"><input ref="/data/r/q"/></repeat>
            <select1 ref="/data/all"><itemset nodeset="../r"><value ref="q"/><label ref="q"/></itemset></select1>
            <select1 ref="/data/some"><itemset nodeset="../r[./q != '']"><value ref="q"/><label ref="q"/></itemset></select1>"#,
        file: "",
        steps: "add r\n add r\n say r[2]/q b\n offers all  b\n offers some b",
    },
    Scenario {
        name: "paths lead into instances of any shape",
        instance: "<a/><n/><c/>",
        model: r#"<instance id="x"><zoo country="fr"><cat><name>Tom</name><age>12</age></cat><dog><name>Tom</name><age>9</age></dog></zoo></instance>
            <instance id="y"><root><item><n>1</n><child><n>5</n></child><child><n>6</n></child></item><item><n>2</n><child><n>6</n></child></item></root></instance>
            <bind nodeset="/data/n" calculate="instance('x')/zoo/dog[name = /data/a]/age"/>
            <bind nodeset="/data/c" calculate="concat(count(instance('y')/root/item[n &lt; 3]/child[n = 6]), instance('x')/zoo/@country)"/>"#,
        body: r#"<input ref="/data/a"/>"#,
        file: "",
        steps: "is c 2fr\n blank n\n say a Tom\n is n 9",
    },
    Scenario {
        name: "a value is set in the row that the path chooses",
        instance: r#"<a/><r jr:template=""><q/></r>"#,
        model: "",
        body: r#"<input ref="/data/a"><setvalue event="xforms-value-changed" ref="/data/r[position() = 2]/q" value="/data/a"/></input>
            <repeat nodeset="/data/r"><input ref="/data/r/q"/></repeat>"#,
        file: "",
        steps: "add r\n add r\n add r\n say a x\n blank r[1]/q\n is r[2]/q x\n blank r[3]/q",
    },
    Scenario {
        name: "attributes of the instance are read",
        instance: r#"<a kind="z"/><g for="y"><b/></g><c/>"#,
        model: r#"<bind nodeset="/data/a" calculate="concat(./@kind, /data/g/@for, /data/@id)"/><bind nodeset="/data/c" calculate="/data/a/@nothing"/>"#,
        body: r#"<input ref="/data/a"/><input ref="/data/g/b"/>"#,
        file: "",
        steps: "is a zyt\n blank c",
    },
    Scenario {
        name: "without a number no row is meant",
        instance: r#"<i/><r jr:template=""><q/></r><v/>"#,
        model: r#"<bind nodeset="/data/i" type="int"/><bind nodeset="/data/v" calculate="indexed-repeat(/data/r/q, /data/r, /data/i)"/>"#,
        body: r#"<input ref="/data/i"/><repeat nodeset="/data/r"><input ref="/data/r/q"/></repeat>"#,
        file: "",
        steps: "add r\n say r[1]/q a\n blank v\n say i 1\n is v a",
    },
    Scenario {
        name: "what is computed from other rows takes the place of what is written",
        instance: r#"<r><q>1</q></r>"#,
        model: r#"<bind nodeset="/data/r/q" type="int" calculate="/data/r[position() = position(current()/..) - 1]/q + 1"/>"#,
        body: r#"<repeat nodeset="/data/r"><input ref="/data/r/q"/></repeat>"#,
        file: "",
        steps: "blank r[1]/q",
    },
    Scenario {
        name: "a whole number loses its fraction, however long that is",
        instance: "<n/><m/>",
        model: r#"<bind nodeset="/data/n" type="int" calculate="-10 div 3"/><bind nodeset="/data/m" type="int" calculate="2 div 3"/>"#,
        body: "",
        file: "",
        steps: "is n -3\n is m 0",
    },
];
