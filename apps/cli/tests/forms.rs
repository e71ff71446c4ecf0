//! `sampan form`: previews, code books, comparisons and checks, as a person runs them.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has said what it wanted to say"
)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn sampan(arguments: &[&str], typed: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sampan"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

const FORM: &str = "\
| survey | | | | | | | |
| | type | name | label::English (en) | label::Khmer (km) | relevant | constraint | required |
| | integer | age | How old? | អាយុ? | | . < 120 | yes |
| | select_one yn | ok | Is ${age} right? | | ${age} > 17 | | |
| | select_one_from_file places.csv | place | Where? | កន្លែង | | | |
| choices | | | | |
| | list_name | name | label::English (en) | label::Khmer (km) |
| | yn | y | Yes | |
| | yn | no | No | ទេ |
";

fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn a_form_is_previewed_by_typing_and_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let form = written(folder.path(), "f.md", FORM);
    written(folder.path(), "places.csv", "name,label\na,Market\n");
    let asked = sampan(&["form", "run", &form, "--language", "en"], "200\n30\n1\na\nf\n");
    assert_eq!(asked.code, Some(0), "{}{}", asked.out, asked.err);
    for part in [
        "does not fit",
        "Is 30 right?",
        "/data/place = Market",
        "Nothing is missing",
    ] {
        assert!(asked.out.contains(part), "{part}: {}", asked.out);
    }
    let left = sampan(&["form", "run", &form], "");
    assert_eq!(left.code, Some(1), "{}{}", left.out, left.err);
    assert!(left.out.contains("/data/age: "), "{}", left.out);
    let answers = written(folder.path(), "a.json", r#"{"age": 30, "ok": "y"}"#);
    let filled = sampan(&["--json", "form", "run", &form, "--answers", &answers], "");
    assert_eq!(filled.code, Some(0), "{}{}", filled.out, filled.err);
    let filled: Value = serde_json::from_str(&filled.out).unwrap();
    assert_eq!(filled["answers"]["/data/ok"], "y");
    let wrong = written(folder.path(), "w.json", r#"{"age": 300, "strange": 1}"#);
    let refused = sampan(&["form", "run", &form, "--answers", &wrong], "");
    assert_eq!(refused.code, Some(3), "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("strange"), "{}", refused.err);
}

#[test]
fn a_code_book_says_logic_in_words_and_shows_missing_translations() {
    let folder = tempfile::tempdir().unwrap();
    let form = written(folder.path(), "f.md", FORM);
    let text = sampan(&["form", "doc", &form, "--format", "md"], "");
    assert_eq!(text.code, Some(0), "{}", text.err);
    for part in [
        "Question (English (en)): Is [How old?] right?",
        "Question (Khmer (km)): **missing**",
        "Asked if: “How old?” is more than 17 — `${age} > 17`",
        "Accepted if: the answer is less than 120 — `. < 120`",
        "| `y` | Yes | **missing** |",
        "the rows of the file places.csv",
        "Missing texts in Khmer (km): 2",
    ] {
        assert!(text.out.contains(part), "{part}: {}", text.out);
    }
    let page = folder.path().join("f.html").display().to_string();
    let ran = sampan(&["form", "doc", &form, "--out", &page], "");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(
        page.contains("@media print") && page.contains("lang=\"km\""),
        "{page}"
    );
    assert!(
        !page.contains("http://") && !page.contains("<script"),
        "it needs nothing else"
    );
}

#[test]
fn a_comparison_says_what_happens_to_answers() {
    let folder = tempfile::tempdir().unwrap();
    let old = written(folder.path(), "old.md", FORM);
    let new = FORM
        .replace("integer | age", "decimal | age")
        .replace("| yn | y | Yes |", "| yn | y | Yes, it is |")
        .replace("${age} > 17", "${age} > 20")
        .replace(
            "| | select_one_from_file places.csv | place | Where? | កន្លែង | | | |\n",
            "",
        );
    let new = written(folder.path(), "new.md", &new);
    let ran = sampan(&["--json", "form", "diff", &old, &new], "");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    let effects: Vec<(String, String)> = found["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            (
                change["at"].as_str().unwrap().into(),
                change["effect"].as_str().unwrap().into(),
            )
        })
        .collect();
    for (at, effect) in [
        ("place", "lost"),
        ("age", "type_changed"),
        ("ok", "hidden"),
        ("list yn, choice y", "codebook_changed"),
        ("file places.csv", "codebook_changed"),
    ] {
        assert!(effects.contains(&(at.into(), effect.into())), "{at}: {effects:?}");
    }
    assert_eq!(found["worst"], "lost");
}

#[test]
fn many_forms_are_checked_at_once_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let good = written(folder.path(), "good.md", FORM);
    let bad = written(
        folder.path(),
        "bad.md",
        &FORM.replace("${age} > 17", "${agee} > 17"),
    );
    let ran = sampan(&["form", "check", &good, &bad], "");
    assert_eq!(ran.code, Some(3), "{}", ran.out);
    assert!(ran.out.contains("bad.md:survey!E3: error: "), "{}", ran.out);
    assert!(ran.out.contains("2 forms, 1 with errors, 1 error"), "{}", ran.out);
    let ran = sampan(&["--json", "form", "check", &good, &bad], "");
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(found["n_forms_with_errors"], 1);
    assert_eq!(found["files"][1]["problems"][0]["letter"], "E");
    let empty = tempfile::tempdir().unwrap();
    let ran = sampan(&["form", "check", &empty.path().display().to_string()], "");
    assert_eq!(ran.code, Some(2), "{}", ran.err);
}
