//! The normative page says the numbers that the code has.

use crate::limits;
use crate::office;
use crate::receipt::Reason;
use crate::version::{NEWEST, OLDEST};

const PAGE: &str = include_str!("../../../../docs/sync-protocol.md");

/// 8388608 as the page writes it: 8,388,608.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn the_page_names_every_limit() {
    let limits = [
        ("a message as sent", limits::MESSAGE_BYTES as u64, " bytes"),
        (
            "all batches of a message decompressed",
            limits::INFLATED_BYTES as u64,
            " bytes",
        ),
        ("payload of one change", limits::PAYLOAD_BYTES as u64, " bytes"),
        ("changes in a batch", limits::CHANGES as u64, ""),
        ("replicas in a context", limits::CONTEXT_REPLICAS as u64, ""),
        ("context entries in a batch", limits::CONTEXT_ENTRIES as u64, ""),
        ("names of each kind in a batch", limits::DICTIONARY as u64, ""),
        ("held changes offered at once", limits::HOLDS as u64, ""),
        ("content named in one section", limits::CONTENT_NAMES as u64, ""),
        ("content parts in a message", limits::PARTS as u64, ""),
        ("a content part", limits::PART_BYTES as u64, " bytes"),
        ("a content", limits::CONTENT_BYTES, " bytes"),
        ("forms in a listing", limits::FORMS as u64, ""),
        ("names in a response", limits::NAMES as u64, ""),
        ("a text", limits::TEXT_BYTES as u64, " bytes"),
        ("asked receipts", limits::ASKS as u64, ""),
        (
            "changes and content in a response, whatever budget_bytes says",
            office::BUDGET_BYTES_MOST as u64,
            " bytes",
        ),
    ];
    for (what, limit, unit) in limits {
        let line = format!("| {what} | {}{unit} |", grouped(limit));
        assert!(PAGE.contains(&line), "missing in docs/sync-protocol.md: {line}");
    }
    let batch = format!(
        "begins at {} bytes, doubles with success while changes wait, halves with a cut or 413, within {} and {} bytes",
        grouped(limits::BATCH_BYTES as u64),
        grouped(limits::BATCH_BYTES_LEAST as u64),
        grouped(limits::BATCH_BYTES_MOST as u64),
    );
    assert!(PAGE.contains(&batch), "{batch}");
    assert!(PAGE.contains(&format!("by at most {}", grouped(limits::LAMPORT_SLACK))));
    assert!(PAGE.contains(&format!("for {} rounds", limits::IDLE_ROUNDS)));
}

#[test]
fn the_page_names_every_version_and_reason() {
    for version in OLDEST..=NEWEST {
        assert!(PAGE.contains(&format!("\n| {version} | 20")), "version {version}");
    }
    for code in 1..=12 {
        let reason = Reason::from_code(code);
        assert_ne!(reason, Reason::Other(code), "{code}");
        assert_eq!(reason.code(), code);
        assert!(PAGE.contains(&format!(" | {code} | ")), "reason {code}: {reason}");
    }
    assert_eq!(
        Reason::from_code(13),
        Reason::Other(13),
        "a new reason belongs on the page and in this test"
    );
}
