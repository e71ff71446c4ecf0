//! XML documents and GeoJSON maps beside a form: what is read, what is refused, and at which line.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use sampan_form::external::Table;
use sampan_xpath::world::Table as _;

#[test]
fn an_xml_document_is_a_table_of_what_is_inside_its_outermost_element() {
    let xml = "\u{feff}<?xml version='1.0' encoding='UTF-8'?>
<!-- made by hand -->
<f:list xmlns:f='urn:f'>
  <item code='a'><name> rice </name><label><![CDATA[Rice & more]]></label><more><deep>1</deep></more></item>
  <item><name>maize</name><kg>&#51;0</kg></item>
  <item/>
</f:list>";
    let table = Table::read("Crops.XML", xml.as_bytes()).unwrap();
    assert_eq!(table.columns(), ["@code", "name", "label", "kg"]);
    assert_eq!(table.len(), 3);
    for (row, column, expected) in [
        (0, "name", "rice"),
        (0, "label", "Rice & more"),
        (0, "@code", "a"),
        (1, "kg", "30"),
        (1, "label", ""),
        (2, "name", ""),
    ] {
        assert_eq!(table.get(row, column), Some(expected), "{row} {column}");
    }
    let tree = table.tree().unwrap();
    assert_eq!(tree.name(0), "list");
    let more = tree.children(tree.row(0).unwrap())[2];
    assert_eq!((tree.name(more), tree.text(more)), ("more", ""));
    assert_eq!(tree.text(tree.children(more)[0]), "1");
}

#[test]
fn a_bad_document_is_refused_with_its_line() {
    let deep = "<a>".repeat(200);
    for (bytes, expected) in [
        (&b"<a>\n<b>\n</a>"[..], "line 3"),
        (b"<a/>\n<b/>", "line 2: there are two outermost elements"),
        (b"<a>", "ends too early"),
        (b"", "ends too early"),
        (b"<a>\n&own;</a>", "line 2: the entity &own;"),
        (b"<!DOCTYPE a [<!ENTITY e 'x'>]>\n<a/>", "a document type"),
        (b"<a>\n\xE9</a>", "line 2 is not UTF-8"),
        (b"\xFF\xFE<\0a\0", "UTF-16"),
        (deep.as_bytes(), "nested more than 100 deep"),
        (b"<a b='1' b='2'/>", "an attribute cannot be read"),
    ] {
        let message = Table::read("x.xml", bytes).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    assert!(
        Table::read("x.txt", b"a")
            .unwrap_err()
            .to_string()
            .contains(".geojson")
    );
}

#[test]
fn a_map_becomes_rows_with_geometry_and_properties() {
    let map = r#"{"name": "wells", "type": "FeatureCollection", "crs": {"a": [1]}, "features": [
        {"type": "Feature", "properties": {"id": 7, "ok": true, "tags": ["a"]}, "geometry": {"type": "LineString",
         "coordinates": [[102, 13.5], [102.25, 13.75, 4]]}},
        {"type": "Feature", "id": "x", "properties": null, "geometry": {"type": "Polygon",
         "coordinates": [[[0, 1], [2, 3], [0, 1]]]}},
        {"type": "Feature", "properties": {"title": "Nowhere"}, "geometry": null}]}"#;
    let table = Table::read("wells.geojson", map.as_bytes()).unwrap();
    for (row, column, expected) in [
        (0, "geometry", "13.5 102 0 0; 13.75 102.25 0 0"),
        (0, "id", "7"),
        (0, "ok", "true"),
        (0, "tags", "[\"a\"]"),
        (1, "geometry", "1 0 0 0; 3 2 0 0; 1 0 0 0"),
        (1, "id", "x"),
        (2, "title", "Nowhere"),
        (2, "geometry", ""),
    ] {
        assert_eq!(table.get(row, column), Some(expected), "{row} {column}");
    }
    for (json, expected) in [
        ("{\"type\": \"Feature\"}", "its type is Feature"),
        ("{}", "it has no features"),
        ("[1]", "FeatureCollection"),
        (
            "{\"features\": [\n\n{\"geometry\": {\"type\": \"Point\", \"coordinates\": []}}]}",
            "feature 1 has a Point",
        ),
        ("{\"features\": [\n{]}", "line 2"),
        ("{\"features\": []} x", "trailing"),
    ] {
        let message = Table::read("x.geojson", json.as_bytes()).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_long_document_is_looked_up_by_index_like_a_table() {
    let mut xml = String::from("<villages>");
    for row in 0..16_000 {
        xml.push_str(&format!("<v><name>v{row}</name><adm>p{}</adm></v>", row % 40));
    }
    xml.push_str("</villages>");
    let table = Table::from_xml(xml.as_bytes()).unwrap();
    assert_eq!(table.len(), 16_000);
    let column = table.column("adm").unwrap();
    let found = table.rows_where(column, "p7");
    assert_eq!((found.len(), &found[..2]), (400, &[7, 47][..]));
}
