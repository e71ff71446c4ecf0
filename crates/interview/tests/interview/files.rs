//! Files beside a form: XML documents of any shape, GeoJSON maps, CSV tables, and the sheet external_choices.

use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::external::{Table, Tables};
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;

use crate::support::{at, facts, plan_with, say, value};

fn offered(interview: &Interview, place: &str) -> Vec<String> {
    interview
        .choices(&at(interview, place))
        .into_iter()
        .map(|choice| format!("{}={}", choice.name, choice.label))
        .collect()
}

#[test]
fn expressions_follow_paths_through_an_xml_document_of_any_shape() {
    let form = "
| survey |              |         |       |                                                                    |
|        | type         | name    | label | calculation                                                        |
|        | xml-external | visits  |       |                                                                    |
|        | text         | number  | No.   |                                                                    |
|        | calculate    | age     |       | instance('visits')/visits/visit[person/number = ${number}]/person/age |
|        | calculate    | n       |       | count(instance('visits')/visits/visit)                             |
|        | calculate    | second  |       | instance('visits')/visits/visit[2]/@day                            |
|        | calculate    | by_day  |       | instance('visits')/visits/visit[place = 'Poipet']/person/number    |
|        | calculate    | oldest  |       | max(instance('visits')/visits/visit/person/age)                    |
|        | calculate    | nothing |       | instance('visits')/visits/person/age                               |
";
    let visits = "<?xml version='1.0'?>
<visits>
  <visit day='2026-11-01'><person><number>7</number><age>31</age></person><place>Poipet</place></visit>
  <visit day='2026-11-02'><person><number>9</number><age> 44 </age></person><place>Sisophon &amp; on</place></visit>
</visits>";
    let mut interview = Interview::begin(plan_with(form, &[("visits", visits)]), &facts()).interview;
    say(&mut interview, "number", "9");
    for (place, expected) in [
        ("age", "44"),
        ("n", "2"),
        ("second", "2026-11-02"),
        ("by_day", "7"),
        ("oldest", "44"),
        ("nothing", ""),
    ] {
        assert_eq!(value(&interview, place), expected, "{place}");
    }
}

#[test]
fn choices_come_from_xml_and_geojson_files_by_their_usual_names_or_by_parameters() {
    let form = "
| survey |                                     |       |       |                        |                |
|        | type                                | name  | label | parameters             | choice_filter  |
|        | select_one_from_file crops.xml      | crop  | Crop  |                        |                |
|        | select_one_from_file wells.geojson  | well  | Well  |                        |                |
|        | select_one_from_file wells.geojson  | owner | Owner | value=owner label=note | depth > 20     |
";
    let crops =
        "<root><item><name>rice</name><label>Rice</label></item><item><name>maize</name></item></root>";
    let wells = r#"{"type": "FeatureCollection", "features": [
        {"type": "Feature", "id": "w1", "geometry": {"type": "Point", "coordinates": [102.5, 13.6]},
         "properties": {"title": "Old well", "owner": "sok", "depth": 12, "note": null}},
        {"type": "Feature", "id": "w2", "geometry": {"type": "Point", "coordinates": [102.6, 13.7]},
         "properties": {"title": "New well", "owner": "mey", "depth": 30, "note": "deep"}}]}"#;
    let plan = plan_with(form, &[("crops", crops), ("wells", wells)]);
    let interview = Interview::begin(plan.clone(), &facts()).interview;
    assert_eq!(offered(&interview, "crop"), ["rice=Rice", "maize=maize"]);
    assert_eq!(offered(&interview, "well"), ["w1=Old well", "w2=New well"]);
    assert_eq!(offered(&interview, "owner"), ["mey=deep"]);
    let geometry = plan.tables().get("wells").unwrap().get(0, "geometry");
    assert_eq!(geometry, Some("13.6 102.5 0 0"));
}

const EXTERNAL: &str = "
| survey           |                         |          |          |                 |
|                  | type                    | name     | label    | choice_filter   |
|                  | text                    | province | Province |                 |
|                  | select_one_external com | commune  | Commune  | adm1=${province} |
| external_choices |           |      |          |      |
|                  | list_name | name | label    | adm1 |
|                  | com       | c1   | Ou Chrov | p1   |
|                  | com       | c2   | Malai    | p1   |
|                  | com       | c3   | Aranya   | p2   |
|                  | other     | c4   | Other    | p1   |
";

#[test]
fn the_sheet_external_choices_offers_its_rows_and_so_does_the_file_made_of_it() {
    let reading = sampan_xlsform::reading::read_markdown(EXTERNAL).unwrap();
    let csv = sampan_form::external::itemsets(&reading.form).unwrap();
    let xml = sampan_form::xform::write(&reading.form);
    let again = sampan_form::xform::read::read(&xml).unwrap().form;
    let written = sampan_form::xform::write(&again);
    let others: Vec<&str> = written.lines().filter(|line| !xml.contains(*line)).collect();
    assert_eq!(others, Vec::<&str>::new());
    let mut tables = Tables::new();
    tables.insert(
        "itemsets",
        Arc::new(Table::read("itemsets.csv", csv.as_bytes()).unwrap()),
    );
    for (def, tables) in [(reading.form, Tables::new()), (again, tables)] {
        let form = Form::compile(Arc::new(def)).unwrap();
        assert!(form.check_tables(&tables).is_empty());
        let plan = Plan::new(Arc::new(form), Arc::new(tables));
        let mut interview = Interview::begin(Arc::new(plan), &facts()).interview;
        assert!(offered(&interview, "commune").is_empty());
        say(&mut interview, "province", "p1");
        assert_eq!(offered(&interview, "commune"), ["c1=Ou Chrov", "c2=Malai"]);
        say(&mut interview, "commune", "c2");
        assert_eq!(interview.answer_text(&at(&interview, "commune")), "Malai");
    }
}
