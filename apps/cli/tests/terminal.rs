//! The real program, as a person or a script runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn sampan(arguments: &[&str]) -> Ran {
    let home = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_sampan"))
        .args(arguments)
        .stdin(Stdio::null())
        .env("HOME", home.path())
        .env_remove("XDG_DATA_HOME")
        .output()
        .expect("the program starts");
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

fn study(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../studies/sec-value-chain");
    folder.join(file).display().to_string()
}

fn written(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    path
}

/// A form with thirty questions, each with a type that there is not.
fn thirty_errors() -> String {
    let mut text = "| survey | | | |\n| | type | name | label |\n".to_owned();
    for number in 0..30 {
        text.push_str(&format!("| | integr | q{number} | Number {number} |\n"));
    }
    text
}

#[test]
fn the_studys_forms_are_checked_without_errors() {
    for (form, attach) in [
        ("forms/sme_vc.xlsx", vec!["adm2.csv", "adm3.csv"]),
        ("forms/market_actor.xlsx", vec![]),
        ("forms/kii.xlsx", vec![]),
    ] {
        let form = study(form);
        let attach: Vec<String> = attach.into_iter().map(study).collect();
        let mut arguments = vec!["form", "check", form.as_str()];
        for file in &attach {
            arguments.extend(["--attach", file.as_str()]);
        }
        let ran = sampan(&arguments);
        assert_eq!(ran.code, Some(0), "{form}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains("is a form without errors"), "{}", ran.out);
    }
}

#[test]
fn a_form_that_reads_files_says_which_were_not_checked() {
    let ran = sampan(&["form", "check", &study("forms/sme_vc.xlsx")]);
    assert!(ran.out.contains("It reads adm2.csv, adm3.csv"), "{}", ran.out);
}

#[test]
fn an_attached_file_that_is_no_table_or_that_nothing_reads_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let broken = written(folder.path(), "adm2.csv", "name,label\nKH-1,a,b\n");
    let strange = written(folder.path(), "other.csv", "name,label\n");
    let ran = sampan(&[
        "form",
        "check",
        &study("forms/sme_vc.xlsx"),
        "--attach",
        &broken.display().to_string(),
        &strange.display().to_string(),
    ]);
    assert_eq!(ran.code, Some(3));
    assert!(
        ran.out
            .contains("sme_vc.xlsx:adm2.csv: error: line 2 has 3 fields"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("other.csv: warning: the form reads no file of this name"),
        "{}",
        ran.out
    );
}

#[test]
fn thirty_errors_come_in_one_pass_with_file_sheet_and_cell() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(folder.path(), "bad.md", &thirty_errors())
        .display()
        .to_string();
    let ran = sampan(&["form", "check", &path]);
    assert_eq!(ran.code, Some(3));
    let errors: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| line.contains(": error: "))
        .collect();
    assert_eq!(errors.len(), 30, "{}", ran.out);
    assert_eq!(
        errors[0],
        format!(
            "{path}:survey!A2: error: there is no question type integr; found \"integr\". Did you mean integer?"
        )
    );
    assert!(errors[29].contains(":survey!A31: "), "{}", errors[29]);
    assert!(ran.out.ends_with("30 errors, 0 warnings\n"), "{}", ran.out);
}

#[test]
fn a_script_reads_problems_as_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(folder.path(), "bad.md", &thirty_errors())
        .display()
        .to_string();
    let ran = sampan(&["form", "check", &path, "--json"]);
    assert_eq!(ran.code, Some(3));
    let value: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(value["n_errors"], 30);
    assert_eq!(value["problems"][0]["origin"]["l"], "A");
    assert_eq!(value["problems"][0]["severity"], "error");
}

#[test]
fn what_is_no_spreadsheet_is_an_error_and_not_a_crash() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(folder.path(), "letter.xlsx", "Dear office")
        .display()
        .to_string();
    let ran = sampan(&["form", "check", &path]);
    assert_eq!(ran.code, Some(3));
    assert!(ran.out.contains("letter.xlsx: error: "), "{}", ran.out);
}

#[test]
fn a_file_that_is_absent_is_named() {
    let ran = sampan(&["form", "check", "absent.xlsx"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("absent.xlsx could not be read"), "{}", ran.err);
    let ran = sampan(&["form", "check", "absent.xlsx", "--json"]);
    let value: Value = serde_json::from_str(&ran.err).expect("JSON");
    assert_eq!(value["code"], "unreadable_file");
    assert_ne!(value["advice"], "");
}

#[test]
fn the_help_teaches_the_first_day() {
    let ran = sampan(&["--help"]);
    assert_eq!(ran.code, Some(0));
    for expected in [
        "The first day:",
        "sampan enroll '",
        "sampan interview sme_vc",
        "Exit codes:",
        "interview",
        "sync",
        "log",
    ] {
        assert!(ran.out.contains(expected), "{expected} is not in\n{}", ran.out);
    }
    let ran = sampan(&["interview", "--help"]);
    for expected in [":dk", ":save", "\"missing\": \"refused\"", "Enter"] {
        assert!(ran.out.contains(expected), "{expected} is not in\n{}", ran.out);
    }
    for command in ["enroll", "status", "forms", "list", "show", "sync", "log", "form"] {
        let ran = sampan(&[command, "--help"]);
        assert_eq!(ran.code, Some(0), "{command}");
        assert!(ran.out.contains("Usage: sampan"), "{command}");
    }
}

#[test]
fn unknown_commands_and_options_are_wrong_usage() {
    for arguments in [
        &["intervew"] as &[&str],
        &["list", "--colour"],
        &["list", "--state", "lost"],
        &["interview", "sme_vc", "--json"],
        &[],
    ] {
        let ran = sampan(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.out, "", "{arguments:?}");
        assert_ne!(ran.err, "", "{arguments:?}");
    }
}

#[test]
fn a_device_that_is_not_enrolled_says_what_to_do_first() {
    let ran = sampan(&["status"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.out.contains("sampan enroll"), "{}", ran.out);
    for command in [&["sync"] as &[&str], &["interview", "sme_vc"]] {
        let ran = sampan(command);
        assert_eq!(ran.code, Some(1), "{command:?}");
        assert!(
            ran.err.contains("This device is not enrolled yet."),
            "{}",
            ran.err
        );
        assert!(ran.err.contains("link"), "{}", ran.err);
    }
    let ran = sampan(&["sync", "--json"]);
    let value: Value = serde_json::from_str(&ran.err).expect("JSON");
    assert_eq!(value["code"], "not_enrolled");
    assert_eq!(ran.out, "");
}

#[test]
fn lists_of_an_empty_device_are_empty_lists() {
    for command in ["forms", "list"] {
        let ran = sampan(&[command, "--json"]);
        assert_eq!((ran.code, ran.out.trim()), (Some(0), "[]"), "{command}");
    }
    let ran = sampan(&["status", "--json"]);
    let value: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(value["is_enrolled"], false);
}

#[test]
fn a_link_that_is_none_is_told() {
    let ran = sampan(&["enroll", "https://office.example"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("This is no enrolment link"), "{}", ran.err);
    assert!(ran.err.contains("sampan:enroll"), "{}", ran.err);
}

#[test]
fn a_folder_in_use_by_another_program_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("device");
    let _open =
        sampan_client_core::client::Client::open(&data, sampan_client_core::platform::Platform::system())
            .expect("opened");
    let ran = sampan(&["--data", &data.display().to_string(), "status"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("Close the other program"), "{}", ran.err);
}

#[test]
fn a_form_is_written_as_xml_which_is_a_form_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("kii.xml").display().to_string();
    let ran = sampan(&[
        "form",
        "xform",
        &study("forms/kii.xlsx"),
        &to,
        "--form-name",
        "talk",
    ]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let xml = std::fs::read_to_string(&to).expect("written");
    assert!(xml.contains("<talk id="), "{xml}");
    let ran = sampan(&["form", "check", &to]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let ran = sampan(&["form", "diff", &study("forms/kii.xlsx"), &to]);
    assert!(ran.out.starts_with("No question"), "{}{}", ran.out, ran.err);
}

#[test]
fn two_versions_are_compared_by_what_happens_to_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let version = |name: &str, rows: &str| {
        let text = format!("| survey |\n| | type | name | label | constraint |\n{rows}");
        written(folder.path(), name, &text).display().to_string()
    };
    let old = version("a.md", "| | text | age | Age | |\n| | text | gone | G | |\n");
    let new = version(
        "b.md",
        "| | integer | age | Age | . > 3 |\n| | text | more | M | |\n",
    );
    let ran = sampan(&["form", "diff", &old, &new]);
    for expected in [
        "gone: gone.",
        "more: new.",
        "from Text to Integer",
        "from none to `. > 3`",
    ] {
        assert!(ran.out.contains(expected), "{expected} in {}{}", ran.out, ran.err);
    }
}

/// An office that enrols, says once that it is busy, and then shuts the device out.
fn busy_office() -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        let mut n_syncs = 0;
        for stream in listener.incoming() {
            let mut stream = stream.expect("a caller");
            let mut buffer = [0u8; 16 * 1024];
            let n_read = stream.read(&mut buffer).unwrap_or(0);
            let head = String::from_utf8_lossy(buffer.get(..n_read).unwrap_or_default()).into_owned();
            let (status, body) = if head.starts_with("POST /v1/devices/enrol") {
                let body = r#"{"device":"0190a1b2-0000-4000-8000-000000000001","person":{"id":"0190a1b2-0000-4000-8000-000000000002","login":"srey","name":"Srey"},"generation":"0000000000000007","token":"t","token_expires_at_ms":0}"#;
                ("200 OK", body)
            } else if n_syncs == 0 {
                n_syncs += 1;
                let body = r#"{"code":"busy","message":"The office has too much to do at once.","advice":"Nothing is lost."}"#;
                ("503 Busy\r\nRetry-After: 1", body)
            } else {
                let body = r#"{"code":"revoked","message":"This device was shut out.","advice":"Ask your supervisor."}"#;
                ("403 Forbidden", body)
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
            let _ = stream.shutdown(std::net::Shutdown::Write);
            while matches!(stream.read(&mut buffer), Ok(n_read) if n_read > 0) {}
        }
    });
    address
}

#[test]
fn a_sync_that_may_wait_tries_again_when_the_office_said_and_stops_where_a_person_is_needed() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("device").display().to_string();
    let link = format!("sampan:enroll?server=http%3A%2F%2F{}&code=K7", busy_office());
    let enrolled = sampan(&["--data", &data, "enroll", &link]);
    assert_eq!(enrolled.code, Some(0), "{}", enrolled.err);
    let ran = sampan(&["--data", &data, "sync", "--wait"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains("too much to do at once. Trying again in "),
        "{}",
        ran.out
    );
    assert!(ran.err.contains("shut out"), "{}", ran.err);
    let status = sampan(&["--data", &data, "status"]);
    assert!(status.out.contains("did not come to its end"), "{}", status.out);
    assert!(status.out.contains("Ask your supervisor."), "{}", status.out);
}
