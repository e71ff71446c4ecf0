//! What ODK Collect and a server of its kind say to each other for the same interviews: the list of forms, the manifest,
//! then HEAD and a multipart POST for each submission, uncompressed, over one connection that is kept open. The
//! application's key stands in the path, so no password is asked for; nothing is downloaded, as on a day without changes.

use std::collections::BTreeSet;

use sampan_interview::interview::Interview;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::Answer;
use sampan_value::text;

use super::tapped::Exchange;

const PATH: &str = "/v1/key/Wm9kYW5mN3h1c2FtcGFuYmVuY2hrZXkxMjM0NTY3ODkwYWJjZGVmZ2hpamtsbW5v/projects/1";

/// What is asked before anything is sent.
pub fn before() -> Vec<Exchange> {
    let list = r#"<?xml version="1.0" encoding="UTF-8"?><xforms xmlns="http://openrosa.org/xforms/xformsList"><xform><formID>sme_vc</formID><name>Small businesses in value chains</name><version>2026-11-01</version><hash>md5:0cc175b9c0f1b6a831c399e269772661</hash><downloadUrl>https://office.example/v1/projects/1/forms/sme_vc.xml</downloadUrl><manifestUrl>https://office.example/v1/projects/1/forms/sme_vc/manifest</manifestUrl></xform></xforms>"#;
    let manifest = r#"<?xml version="1.0" encoding="UTF-8"?><manifest xmlns="http://openrosa.org/xforms/xformsManifest"><mediaFile><filename>adm2.csv</filename><hash>md5:0cc175b9c0f1b6a831c399e269772661</hash><downloadUrl>https://office.example/v1/projects/1/forms/sme_vc/attachments/adm2.csv</downloadUrl></mediaFile><mediaFile><filename>adm3.csv</filename><hash>md5:92eb5ffee6ae2fec3ad71c777531578f</hash><downloadUrl>https://office.example/v1/projects/1/forms/sme_vc/attachments/adm3.csv</downloadUrl></mediaFile></manifest>"#;
    vec![
        exchange("GET", "/formList", "", 0, "200 OK", list.len()),
        exchange("GET", "/forms/sme_vc/manifest", "", 0, "200 OK", manifest.len()),
    ]
}

/// What sends one submission.
pub fn sending(xml: &str) -> Vec<Exchange> {
    const BOUNDARY: &str = "7f1c3a52-0c1d-4f3e-9a7e-5a1b2c3d4e5f";
    let part = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; filename=\"sme_vc_2026-11-24_14-30-05.xml\"\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n\r\n--{BOUNDARY}--\r\n",
        xml.len()
    );
    let answer = r#"<OpenRosaResponse xmlns="http://openrosa.org/http/response" items="0"><message nature="submit_success">Full form submission was successful.</message></OpenRosaResponse>"#;
    let kind = format!("Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n");
    let path = "/submission?deviceID=collect%3A7RqW3x0ZbN1kLmPv";
    vec![
        exchange("HEAD", path, "", 0, "204 No Content", 0),
        exchange(
            "POST",
            path,
            &kind,
            part.len() + xml.len(),
            "201 Created",
            answer.len(),
        ),
    ]
}

fn exchange(verb: &str, path: &str, more: &str, body: usize, status: &str, answer: usize) -> Exchange {
    let length = match body {
        0 => String::new(),
        bytes => format!("Content-Length: {bytes}\r\n"),
    };
    let request = format!(
        "{verb} {PATH}{path} HTTP/1.1\r\nX-OpenRosa-Version: 1.0\r\nDate: Tue, 24 Nov 2026 14:30:05 GMT+07:00\r\nUser-Agent: org.odk.collect.android/v2026.2.1 (Dalvik/2.1.0)\r\n{more}{length}Host: office.example\r\nConnection: Keep-Alive\r\nAccept-Encoding: gzip\r\n\r\n"
    );
    let response = format!(
        "HTTP/1.1 {status}\r\nServer: nginx\r\nDate: Tue, 24 Nov 2026 07:30:05 GMT\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {answer}\r\nConnection: keep-alive\r\nX-OpenRosa-Version: 1.0\r\nX-OpenRosa-Accept-Content-Length: 100000000\r\nContent-Language: en\r\n\r\n"
    );
    Exchange {
        up: (request.len() + body) as u64,
        down: (response.len() + answer) as u64,
    }
}

/// The submission as an XForm's instance: every relevant question of the form, those without an answer empty, as
/// JavaRosa writes it. Rows of repeats bring their answered questions only, which is in its favour.
pub fn submission(running: &Interview, is_edit: bool) -> String {
    let form = running.form();
    let mut xml = format!(
        "<?xml version='1.0' ?><data id=\"{}\" version=\"2026-11-01\" xmlns:ev=\"http://www.w3.org/2001/xml-events\" xmlns:orx=\"http://openrosa.org/xforms\" xmlns:odk=\"http://www.opendatakit.org/xforms\" xmlns:h=\"http://www.w3.org/1999/xhtml\" xmlns:jr=\"http://openrosa.org/javarosa\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">",
        form.form_id()
    );
    let values = running.values();
    let mut repeats_done = BTreeSet::new();
    let mut open: Vec<String> = Vec::new();
    for node in form.questions() {
        match node.repeats.first() {
            None => {
                let at = AnswerPath {
                    question: QuestionPath::new(&node.path),
                    rows: Vec::new(),
                };
                let answer = values.iter().find(|(place, _)| *place == at);
                let is_asked = running.question(&at).is_some_and(|question| question.relevant);
                if answer.is_some() || is_asked {
                    write(&mut xml, &mut open, &at, answer.map(|(_, answer)| answer));
                }
            }
            Some(repeat) => {
                if repeats_done.insert(repeat.0) {
                    let inside = format!("{}/", form.node(*repeat).path);
                    for (at, answer) in &values {
                        if at.question.as_str().starts_with(&inside) {
                            write(&mut xml, &mut open, at, Some(answer));
                        }
                    }
                }
            }
        }
    }
    close(&mut xml, &mut open, 0);
    xml.push_str("<meta><instanceID>uuid:8f14e45f-ceea-467f-a0e6-1c3b2d4e5f60</instanceID>");
    if is_edit {
        xml.push_str("<deprecatedID>uuid:c9f0f895-fb98-4ab9-8f5c-2d3e4f506172</deprecatedID>");
    }
    xml.push_str("</meta></data>");
    xml
}

/// Writes one element, after closing and opening what is around it. The innermost group around an answer in a row is
/// told apart by its row.
fn write(xml: &mut String, open: &mut Vec<String>, at: &AnswerPath, answer: Option<&Answer>) {
    let mut steps: Vec<String> = at.question.as_str().split('/').map(str::to_owned).collect();
    let Some(question) = steps.pop() else { return };
    if let (Some(row), Some(last)) = (at.rows.last(), steps.last_mut()) {
        *last = format!("{last}[{}", row.0);
    }
    let n_same = open
        .iter()
        .zip(&steps)
        .take_while(|(one, other)| one == other)
        .count();
    close(xml, open, n_same);
    for step in &steps[n_same..] {
        xml.push_str(&format!("<{}>", bare(step)));
    }
    *open = steps;
    let text = match answer {
        None => String::new(),
        // What such a form has for it.
        Some(Answer::Missing(_)) => "-99".to_owned(),
        Some(Answer::Value(value)) => escaped(&text::to_odk_text(value)),
    };
    match text.is_empty() {
        true => xml.push_str(&format!("<{question}/>")),
        false => xml.push_str(&format!("<{question}>{text}</{question}>")),
    }
}

fn close(xml: &mut String, open: &mut Vec<String>, n_left: usize) {
    for step in open.drain(n_left..).rev() {
        xml.push_str(&format!("</{}>", bare(&step)));
    }
}

/// A step without its row.
fn bare(step: &str) -> &str {
    step.split('[').next().unwrap_or(step)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
