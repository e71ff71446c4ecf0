//! Bytes from anybody: never a panic, never more memory than the limits say.

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;

use crate::error::SyncError;
use crate::limits;
use crate::tests::golden::{full_request, full_response};
use crate::tests::world::{caller, device, office};
use crate::wire::batch;
use crate::wire::bytes::Writer;
use crate::wire::{SyncRequest, SyncResponse};

/// One way to damage bytes.
#[derive(Debug, Clone)]
enum Damage {
    Flip(usize, u8),
    Cut(usize),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Huge(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<usize>(), 1u8..).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        any::<usize>().prop_map(Damage::Cut),
        (any::<usize>(), proptest::collection::vec(any::<u8>(), 1..9))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (any::<usize>(), 1usize..40).prop_map(|(at, n)| Damage::Remove(at, n)),
        any::<usize>().prop_map(Damage::Huge),
        Just(Damage::Cut(0)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    let n = bytes.len();
    if n == 0 {
        return;
    }
    match damage {
        Damage::Flip(at, bits) => bytes[at % n] ^= bits,
        Damage::Cut(at) => bytes.truncate(at % n),
        Damage::Insert(at, new) => {
            let at = at % n;
            bytes.splice(at..at, new.iter().copied());
        }
        Damage::Remove(at, count) => {
            let at = at % n;
            bytes.drain(at..(at + count).min(n));
        }
        Damage::Huge(at) => {
            let at = at % n;
            let end = (at + 10).min(n);
            bytes[at..end].fill(0xff);
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 3000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn damaged_messages_are_errors_or_messages_never_panics(
        is_request in any::<bool>(),
        damages in proptest::collection::vec(damage(), 1..6),
    ) {
        let mut bytes = if is_request { full_request().encode() } else { full_response().encode() };
        for damage in &damages {
            apply(&mut bytes, damage);
        }
        if is_request {
            if let Ok(request) = SyncRequest::decode(&bytes) {
                let again = SyncRequest::decode(&request.encode()).unwrap();
                assert_eq!(again, request);
            }
            let _ = crate::office::answer(&mut office(), &caller(&device(1)), 0, &bytes);
        } else if let Ok(response) = SyncResponse::decode(&bytes) {
            let again = SyncResponse::decode(&response.encode()).unwrap();
            assert_eq!(again, response);
        }
    }

    #[test]
    fn random_bytes_are_errors(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for kind in [b'Q', b'A'] {
            let mut message = vec![kind, 1, 1, 1];
            message.extend_from_slice(&bytes);
            let _ = SyncRequest::decode(&message);
            let _ = SyncResponse::decode(&message);
        }
    }
}

#[test]
fn a_bomb_is_refused_by_its_own_declaration() {
    let packed = miniz_oxide::deflate::compress_to_vec(&vec![0u8; limits::INFLATED_BYTES * 2], 9);
    assert!(packed.len() < 100_000);
    for declared in [limits::INFLATED_BYTES * 2, limits::INFLATED_BYTES, 10] {
        let mut section = Writer::default();
        section.blob(&[0, 0, 0, 0]);
        section.u8(1);
        section.count(declared);
        section.raw(&packed);
        let mut room = limits::INFLATED_BYTES;
        let error = batch::read(&section.bytes, &mut room).unwrap_err();
        let is_refused = matches!(error, SyncError::TooLarge { .. } | SyncError::Malformed { .. });
        assert!(is_refused, "{error}");
    }
}

#[test]
fn counts_beyond_the_limits_are_refused_before_memory_is_taken() {
    for section in [2u8, 4, 5, 6, 7, 8] {
        let mut bytes = SyncRequest {
            push: crate::push::PushRequest {
                changes: Vec::new(),
                relayed: Vec::new(),
                holds: Vec::new(),
                asks: Vec::new(),
                ..full_request().push
            },
            wants: Vec::new(),
            offers: Vec::new(),
            parts: Vec::new(),
            ..full_request()
        }
        .encode();
        bytes.pop();
        bytes.extend_from_slice(&[
            section, 10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
        ]);
        let error = SyncRequest::decode(&bytes).unwrap_err();
        assert!(matches!(error, SyncError::TooLarge { .. }), "{section}: {error}");
    }
}

#[test]
fn a_message_cut_anywhere_is_refused_even_between_two_sections() {
    let request = full_request().encode();
    for end in 0..request.len() {
        assert!(
            SyncRequest::decode(&request[..end]).is_err(),
            "request cut at {end}"
        );
    }
    // A response without its changes, but with the cursor behind them, would lose them.
    let response = full_response().encode();
    for end in 0..response.len() {
        assert!(
            SyncResponse::decode(&response[..end]).is_err(),
            "response cut at {end}"
        );
    }
    let followed = [&response[..], &[0]].concat();
    assert!(
        SyncResponse::decode(&followed).is_err(),
        "something follows the end"
    );
}

#[test]
fn repeated_contexts_cannot_multiply_memory() {
    let (mut phone, mut changes) = (device(1), Vec::new());
    crate::tests::world::write(&mut phone, 1, "name", "a");
    let mut change = phone.changes.values().next().unwrap().clone();
    for n in 0..2000u64 {
        let replica = sampan_record::ids::Replica {
            incarnation: n,
            ..change.header.replica
        };
        change.header.context.0.insert(replica, 1);
    }
    for _ in 0..200 {
        change.header.context.add(&change.header.dot());
        change.header.seq += 1;
        changes.push(change.clone());
    }
    let section = batch::write(&changes);
    let mut room = limits::INFLATED_BYTES;
    assert!(matches!(
        batch::read(&section.bytes, &mut room),
        Err(SyncError::TooLarge { .. })
    ));
}

#[test]
fn a_message_over_the_limit_is_refused() {
    let long = vec![b'Q'; limits::MESSAGE_BYTES + 1];
    assert!(matches!(
        SyncRequest::decode(&long),
        Err(SyncError::TooLarge { .. })
    ));
    assert!(matches!(
        SyncResponse::decode(&long),
        Err(SyncError::TooLarge { .. })
    ));
}
