//! XForms: any text, documents of the elements that XForms are made of, and written forms with pieces exchanged.

use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::xform;

use crate::bytes::Bytes;
use crate::sheet::asked;

/// A whole form, to be taken apart.
const WHOLE: &str = "<h:html xmlns=\"http://www.w3.org/2002/xforms\" xmlns:h=\"http://www.w3.org/1999/xhtml\" \
    xmlns:jr=\"http://openrosa.org/javarosa\" xmlns:odk=\"http://www.opendatakit.org/xforms\" \
    xmlns:orx=\"http://openrosa.org/xforms\">\n<h:head>\n<h:title>T</h:title>\n<model odk:xforms-version=\"1.0.0\">\n<itext>\n\
    <translation lang=\"en\" default=\"true()\">\n<text id=\"/data/a:label\">\n<value>A <output value=\"/data/b\"/></value>\n\
    <value form=\"image\">jr://images/a.png</value>\n</text>\n</translation>\n<translation lang=\"km\">\n\
    <text id=\"/data/a:label\"><value>K</value></text>\n</translation>\n</itext>\n<instance>\n\
    <data id=\"f\" version=\"1\" orx:version=\"2\">\n<a>1</a>\n<b/>\n<g>\n<c/>\n</g>\n<n/>\n<r jr:template=\"\">\n<x/>\n<y/>\n</r>\n\
    <r>\n<x/>\n<y/>\n</r>\n<meta>\n<instanceID/>\n<entity dataset=\"e\" create=\"1\" id=\"\">\n<label/>\n</entity>\n</meta>\n</data>\n\
    </instance>\n<instance id=\"l\">\n<root>\n<item>\n<name>x</name>\n<label>X</label>\n</item>\n<item>\n<name>y</name>\n\
    <itextId>l-1</itextId>\n</item>\n</root>\n</instance>\n<instance id=\"p\" src=\"jr://file-csv/p.csv\"/>\n\
    <bind nodeset=\"/data/a\" type=\"int\" relevant=\"/data/b = 1\" required=\"true()\" constraint=\". &gt; 0\" \
    jr:constraintMsg=\"no\"/>\n<bind nodeset=\"/data/b\" type=\"string\" calculate=\"/data/a + 1\"/>\n\
    <bind nodeset=\"/data/g/c\" type=\"string\" readonly=\"true()\"/>\n<bind nodeset=\"/data/r/x\" type=\"int\"/>\n\
    <bind nodeset=\"/data/meta/instanceID\" type=\"string\" jr:preload=\"uid\"/>\n\
    <setvalue event=\"odk-instance-first-load\" ref=\"/data/a\" value=\"1 + 1\"/>\n\
    <submission action=\"https://e.org\" method=\"post\"/>\n</model>\n</h:head>\n<h:body class=\"pages\">\n<input ref=\"/data/a\">\n\
    <label ref=\"jr:itext('/data/a:label')\"/>\n<hint>h</hint>\n<setvalue event=\"xforms-value-changed\" ref=\"/data/b\" value=\"2\"/>\n\
    </input>\n<group ref=\"/data/g\" appearance=\"field-list\">\n<label>G</label>\n<select1 ref=\"/data/g/c\">\n<label>C</label>\n\
    <itemset nodeset=\"instance('l')/root/item[name = /data/a]\">\n<value ref=\"name\"/>\n<label ref=\"jr:itext(itextId)\"/>\n\
    </itemset>\n</select1>\n</group>\n<group ref=\"/data/r\">\n<label>R</label>\n<repeat nodeset=\"/data/r\" \
    jr:count=\"/data/n\">\n<input ref=\"/data/r/x\"><label>X</label></input>\n<select ref=\"/data/r/y\"><item><label>1</label>\
    <value>1</value></item></select>\n</repeat>\n</group>\n<range ref=\"/data/n\" start=\"1\" end=\"5\" step=\"1\"/>\n\
    <upload ref=\"/data/b\" mediatype=\"image/*\"/>\n<trigger ref=\"/data/b\"/>\n<odk:rank ref=\"/data/b\"/>\n</h:body>\n</h:html>";

const NAMES: &[&str] = &[
    "h:html",
    "h:head",
    "h:body",
    "model",
    "instance",
    "data",
    "bind",
    "input",
    "select",
    "select1",
    "group",
    "repeat",
    "itemset",
    "label",
    "hint",
    "value",
    "itext",
    "translation",
    "text",
    "output",
    "setvalue",
    "meta",
    "instanceID",
    "entity",
    "a",
    "b",
    "c",
    "r",
    "x",
    "item",
    "root",
    "name",
    "trigger",
    "upload",
    "range",
    "odk:rank",
    "odk:setgeopoint",
    "odk:recordaudio",
    "submission",
    "copy",
    "secondary",
    "audit",
];

const ATTRIBUTES: &[&str] = &[
    "nodeset",
    "ref",
    "id",
    "src",
    "type",
    "relevant",
    "required",
    "constraint",
    "calculate",
    "readonly",
    "jr:count",
    "jr:template",
    "jr:noAddRemove",
    "jr:preload",
    "jr:preloadParams",
    "appearance",
    "lang",
    "default",
    "form",
    "value",
    "event",
    "bind",
    "xmlns",
    "xmlns:q",
    "version",
    "dataset",
    "create",
    "update",
    "entities:saveto",
    "start",
    "end",
    "step",
    "mediatype",
    "query",
    "accuracyThreshold",
    "jr:constraintMsg",
];

const VALUES: &[&str] = &[
    "",
    "/data/a",
    "/data/b",
    "/data/r",
    "/data/r/x",
    "../x",
    "a",
    "/data",
    "/",
    "//x",
    "jr:itext('/data/a:label')",
    "jr:itext('-')",
    "int",
    "string",
    "select1",
    "dateTime",
    "true()",
    "false()",
    "1",
    "1 + 1",
    ". > 0",
    "instance('l')/root/item",
    "instance('l')/root/item[name = /data/a]",
    "randomize(instance('l')/root/item, 3)",
    "jr://file/a.xml",
    "jr://file-csv/p.csv",
    "jr://instance/last-saved",
    "odk-instance-first-load",
    "xforms-value-changed odk-new-repeat",
    "field-list",
    "l",
    "p",
    "f",
    "en",
    "count(/data/r)",
    "position(..)",
    "&lt;",
    "&#0;",
    "&x;",
    "((",
    "current()/../a",
    "http://www.w3.org/2002/xforms",
    "uid",
    "timestamp",
    "start",
    "property",
];

/// The first byte says what follows.
pub fn run(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let xml = match bytes.byte() % 3 {
        0 => String::from_utf8_lossy(bytes.rest()).into_owned(),
        1 => exchanged(&mut bytes),
        _ => grown(&mut bytes),
    };
    let Ok(reading) = xform::read::read(&xml) else {
        return;
    };
    let written = xform::write(&reading.form);
    match xform::read::read(&written) {
        Ok(again) => {
            let again = xform::write(&again.form);
            // The second writing is the form as it stays.
            match xform::read::read(&again) {
                Ok(third) => assert_eq!(xform::write(&third.form), again, "of {xml}"),
                Err(problems) => panic!("{}\n{again}\nof {xml}", problems[0]),
            }
        }
        Err(problems) => panic!(
            "what was written is not read: {}\n{written}\nof {xml}",
            problems[0]
        ),
    }
    if Form::compile(Arc::new(reading.form.clone())).is_ok() {
        asked(reading.form);
    }
}

/// The whole form with lines left out, doubled, moved, and words exchanged.
fn exchanged(bytes: &mut Bytes<'_>) -> String {
    let mut lines: Vec<String> = WHOLE.lines().map(str::to_owned).collect();
    while !bytes.is_done() && lines.len() < 300 {
        let at = bytes.below(lines.len());
        match bytes.below(7) {
            0 => {
                lines.remove(at);
                if lines.is_empty() {
                    break;
                }
            }
            1 => lines.insert(at, lines[at].clone()),
            2 => {
                let to = bytes.below(lines.len());
                lines.swap(at, to);
            }
            3 | 4 => {
                // Another value of one attribute.
                let quotes: Vec<usize> = lines[at].match_indices('"').map(|(at, _)| at).collect();
                if quotes.len() >= 2 {
                    let which = bytes.below(quotes.len() / 2) * 2;
                    lines[at].replace_range(quotes[which] + 1..quotes[which + 1], bytes.pick(VALUES));
                }
            }
            5 => {
                let (attribute, value) = (bytes.pick(ATTRIBUTES), bytes.pick(VALUES));
                if let Some(end) = lines[at].find(['>', '/'].as_slice()).filter(|end| *end > 1) {
                    lines[at].insert_str(end, &format!(" {attribute}=\"{value}\""));
                }
            }
            _ => {
                let name = bytes.pick(NAMES);
                lines.insert(at, format!("<{name} ref=\"{}\"/>", bytes.pick(VALUES)));
            }
        }
    }
    lines.join("\n")
}

/// A document of the usual frame around elements of any kind.
fn grown(bytes: &mut Bytes<'_>) -> String {
    let mut xml = "<h:html xmlns=\"http://www.w3.org/2002/xforms\" xmlns:h=\"http://www.w3.org/1999/xhtml\" \
        xmlns:jr=\"http://openrosa.org/javarosa\"><h:head><model><instance><data id=\"f\">"
        .to_owned();
    elements(bytes, 0, &mut xml);
    xml.push_str("</data></instance>");
    elements(bytes, 0, &mut xml);
    xml.push_str("</model></h:head><h:body>");
    elements(bytes, 0, &mut xml);
    xml.push_str("</h:body></h:html>");
    xml
}

fn elements(bytes: &mut Bytes<'_>, depth: usize, xml: &mut String) {
    let n = bytes.below(6);
    for _ in 0..n {
        if xml.len() > 20_000 {
            return;
        }
        let name = bytes.pick(NAMES);
        xml.push_str(&format!("<{name}"));
        for _ in 0..bytes.below(4) {
            let (attribute, value) = (bytes.pick(ATTRIBUTES), bytes.pick(VALUES));
            if !xml
                .rsplit('<')
                .next()
                .is_some_and(|tag| tag.contains(&format!(" {attribute}=")))
            {
                xml.push_str(&format!(" {attribute}=\"{value}\""));
            }
        }
        xml.push('>');
        if depth < 8 {
            elements(bytes, depth + 1, xml);
        }
        if bytes.one_in(4) {
            xml.push_str(bytes.pick(VALUES));
        }
        xml.push_str(&format!("</{name}>"));
    }
}
