//! Samples of every release must always decode to the same, and today's encoding of them may not drift.

use sampan_record::change::{Change, Header, Payload, RecordKey};
use sampan_record::context::Context;
use sampan_record::ids::{ChangeHash, ContentHash, Dot};

use crate::blob::{Offer, Part, Want};
use crate::forms::{FormListing, FormState};
use crate::hello::Contact;
use crate::names::{Names, PersonName, Standing};
use crate::push::{Held, PushRequest, PushResponse, RelayReceipt};
use crate::receipt::{Cursor, Generation, Position, Reason, Receipt, Verdict};
use crate::tests::world::{FORM, person, record, replica};
use crate::version::{OURS, V1};
use crate::wire::{SyncRequest, SyncResponse};

fn changes(n: u8) -> Vec<Change> {
    let mut prev = ChangeHash([0; 32]);
    let mut changes = Vec::new();
    for seq in 1..=4u64 {
        let mut context = Context::default();
        if seq > 1 {
            context.0.insert(replica(n), seq - 1);
            context.0.insert(replica(9), 70 + seq);
        }
        let change = Change {
            header: Header {
                replica: replica(n),
                seq,
                prev,
                record: record(n),
                context,
                lamport: seq * 2 - 1,
                author: person(n),
                form: FORM,
                wall_time_ms: 1_700_000_000_000 + seq as i64 * 60_000,
                utc_offset_min: 420,
                payload_hash: [seq as u8; 32],
            },
            payload: match seq {
                3 => Payload::Erased,
                4 => Payload::Redacted(b"less".to_vec()),
                _ => Payload::Full("សួស្តី ".repeat(9).into_bytes()),
            },
            record_key: (seq == 1).then_some(RecordKey([n; 16])),
        };
        prev = change.hash();
        changes.push(change);
    }
    changes
}

/// A request that uses everything.
pub fn full_request() -> SyncRequest {
    SyncRequest {
        protocol: OURS,
        written_in: V1,
        contact: Contact {
            wall_time_ms: 1_700_000_000_000,
            utc_offset_min: 390,
            n_open: 3,
            n_unsent: 4,
        },
        generation: Generation(0x0123_4567_89ab_cdef),
        cursor: Cursor(1234),
        budget_bytes: 524_288,
        forms_digest: [1, 2, 3, 4, 5, 6, 7, 8],
        names_through: 300,
        push: PushRequest {
            replica: replica(1),
            written_through: 4,
            held_from: 1,
            changes: changes(1),
            relayed: changes(2),
            holds: (1..5)
                .map(|seq| Held {
                    dot: Dot {
                        replica: replica(3),
                        seq: seq * seq,
                    },
                    hash: ChangeHash([seq as u8; 32]),
                })
                .collect(),
            asks: vec![9, 4, 2],
        },
        wants: vec![Want {
            hash: ContentHash([11; 32]),
            offset: 65_536,
        }],
        offers: vec![Offer {
            hash: ContentHash([12; 32]),
            total_bytes: 200_000,
        }],
        parts: vec![Part {
            hash: ContentHash([13; 32]),
            total_bytes: 10,
            offset: 4,
            bytes: b"photo".to_vec(),
        }],
    }
}

/// A response that uses everything.
pub fn full_response() -> SyncResponse {
    let receipt = |seq, verdict, position| Receipt {
        seq,
        verdict,
        position: Position(position),
    };
    SyncResponse {
        protocol: V1,
        generation: Generation(0xfedc_ba98_7654_3210),
        backed_up_through: Position(100),
        office_time_ms: 1_700_000_100_000,
        asks_holds: true,
        push: PushResponse {
            acked_through: 6,
            acked_hash: Some(ChangeHash([0x5c; 32])),
            receipts: vec![
                receipt(1, Verdict::Kept, 200),
                receipt(2, Verdict::Kept, 201),
                receipt(3, Verdict::Kept, 203),
                receipt(4, Verdict::Quarantined(Reason::UnknownForm), 204),
                receipt(5, Verdict::Quarantined(Reason::Other(99)), 205),
                receipt(6, Verdict::Erased, 206),
            ],
            fork_first_seq: Some(7),
            resend_from: Some(3),
            rejoin: Some(Dot {
                replica: replica(7),
                seq: 3,
            }),
            lacks: vec![
                Dot {
                    replica: replica(3),
                    seq: 4,
                },
                Dot {
                    replica: replica(4),
                    seq: 1,
                },
            ],
            relay_receipts: vec![RelayReceipt {
                dot: Dot {
                    replica: replica(2),
                    seq: 1,
                },
                verdict: Verdict::Duplicate,
                position: Position(12),
            }],
        },
        changes: changes(5),
        cursor: Cursor(1300),
        more: true,
        forms: Some(vec![FormListing {
            form_id: "sme_vc".into(),
            version: FORM,
            title: "វិសាលភាព SME".into(),
            label: "2026-11".into(),
            state: FormState::Closed,
        }]),
        names: Some(Names {
            through: 301,
            names: vec![
                PersonName {
                    person: person(5),
                    name: "ចាន់ សុខា".into(),
                    standing: Standing::Supervisor,
                },
                PersonName {
                    person: person(6),
                    name: "Ma Thida".into(),
                    standing: Standing::None,
                },
            ],
        }),
        parts: vec![Part {
            hash: ContentHash([14; 32]),
            total_bytes: 3,
            offset: 0,
            bytes: vec![1, 2, 3],
        }],
        wants: vec![Want {
            hash: ContentHash([12; 32]),
            offset: 0,
        }],
        safe: vec![ContentHash([13; 32])],
        retry_after_s: 30,
    }
}

#[test]
fn the_request_of_version_1_decodes_and_is_written_the_same() {
    let golden = include_bytes!("../../golden/request-v1.bin");
    assert_eq!(SyncRequest::decode(golden).unwrap(), full_request());
    assert_eq!(
        full_request().encode(),
        golden,
        "a new encoding needs a new version and a new sample"
    );
}

#[test]
fn the_response_of_version_1_decodes_and_is_written_the_same() {
    let golden = include_bytes!("../../golden/response-v1.bin");
    assert_eq!(SyncResponse::decode(golden).unwrap(), full_response());
    assert_eq!(
        full_response().encode(),
        golden,
        "a new encoding needs a new version and a new sample"
    );
}

/// Writes the samples of a new version; run by hand, once, with SAMPAN_WRITE_GOLDEN set.
#[test]
fn samples_are_written_only_on_request() {
    if std::env::var_os("SAMPAN_WRITE_GOLDEN").is_some() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/golden");
        std::fs::write(format!("{folder}/request-v{V1}.bin"), full_request().encode()).unwrap();
        std::fs::write(format!("{folder}/response-v{V1}.bin"), full_response().encode()).unwrap();
    }
}
