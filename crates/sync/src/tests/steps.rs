//! Pushing, pulling, forms and content on a good line.

use sampan_record::change::Payload;
use sampan_record::ids::{ContentHash, Dot};
use sampan_record::op::Op;

use crate::forms::{FormListing, FormState};
use crate::limits;
use crate::log::DeviceLog;
use crate::memory::content_hash;
use crate::memory::line;
use crate::receipt::{Position, Reason, Verdict};
use crate::session::Options;
use crate::tests::world::{
    FORM, assert_same, caller, device, key, office, person, record, replica, set, shown, sync, write,
};

#[test]
fn what_a_device_wrote_is_at_the_office_with_a_receipt_each() {
    let (mut phone, mut office) = (device(1), office());
    write(&mut phone, 1, "name", "ស្រី");
    write(&mut phone, 2, "name", "Nguyễn");
    write(&mut phone, 1, "age", "30");
    let total = sync(&mut phone, &mut office);
    assert_eq!(total.n_rounds, 1);
    let verdicts: Vec<Verdict> = phone.receipts.values().map(|receipt| receipt.verdict).collect();
    assert_eq!(verdicts, [Verdict::Kept; 3]);
    assert_same(&phone, &office, 1);
    assert_same(&phone, &office, 2);
}

#[test]
fn an_idle_sync_is_one_small_round() {
    let (mut phone, mut office) = (device(1), office());
    write(&mut phone, 1, "name", "a");
    sync(&mut phone, &mut office);
    let total = sync(&mut phone, &mut office);
    assert_eq!(total.n_rounds, 1);
    assert!(total.up_bytes < 100, "{} bytes", total.up_bytes);
    assert!(total.down_bytes < 60, "{} bytes", total.down_bytes);
}

#[test]
fn a_record_that_comes_into_view_comes_whole() {
    let (mut phone, mut other, mut office) = (device(1), device(2), office());
    write(&mut phone, 1, "name", "a");
    write(&mut phone, 1, "name", "b");
    sync(&mut phone, &mut office);
    sync(&mut other, &mut office);
    assert!(other.records().is_empty());
    office.show(person(2), record(1));
    sync(&mut other, &mut office);
    assert_same(&other, &office, 1);
    write(&mut other, 1, "name", "c");
    sync(&mut other, &mut office);
    sync(&mut phone, &mut office);
    assert_eq!(shown(&phone.record(record(1)), "name").as_deref(), Some("c"));
}

#[test]
fn a_feed_longer_than_the_budget_comes_in_several_rounds() {
    let (mut phone, mut overseer, mut office) = (device(1), device(2), office());
    office.overseers.insert(person(2));
    for n in 0..60 {
        write(&mut phone, n, "name", &"x".repeat(1000));
    }
    sync(&mut phone, &mut office);
    let options = Options {
        budget_bytes: 10_000,
        ..Options::default()
    };
    let who = caller(&overseer);
    let total = line::sync(&mut overseer, &mut office, &who, options, &mut |_| {
        line::Fault::None
    })
    .unwrap();
    assert!(total.n_rounds > 5, "{} rounds", total.n_rounds);
    assert_eq!(overseer.records().len(), 60);
    for n in 0..60 {
        assert_same(&overseer, &office, n);
    }
}

#[test]
fn the_offices_own_writing_reaches_the_device() {
    let (mut phone, mut office) = (device(1), office());
    write(&mut phone, 1, "name", "a");
    sync(&mut phone, &mut office);
    office
        .write_as(replica(9), person(9), record(1), key(1), &[set("name", "b")])
        .unwrap();
    sync(&mut phone, &mut office);
    assert_eq!(shown(&phone.record(record(1)), "name").as_deref(), Some("b"));
    assert_same(&phone, &office, 1);
}

#[test]
fn poison_in_the_middle_is_quarantined_and_the_rest_arrives() {
    type Spoil = fn(&mut crate::tests::world::Poison);
    let kinds: [(Spoil, Reason); 6] = [
        (
            |p| p.change.payload = Payload::Full(vec![9, 9, 9]),
            Reason::PayloadHashMismatch,
        ),
        (|p| p.rewrite(vec![1, 1, 1, 9]), Reason::UndecodablePayload),
        (|p| p.change.header.author = person(77), Reason::NotAllowed),
        (|p| p.change.header.lamport += 5, Reason::WrongLamport),
        (
            |p| {
                let dot = p.change.header.dot();
                p.change.header.context.add(&dot);
            },
            Reason::MalformedContext,
        ),
        (|p| p.change.header.utc_offset_min = 9000, Reason::MalformedHeader),
    ];
    for (spoil, reason) in kinds {
        let (mut phone, mut office) = (device(1), office());
        write(&mut phone, 1, "name", "before");
        write(&mut phone, 2, "name", "poison");
        let mut poison = crate::tests::world::Poison::last(&mut phone, key(2));
        spoil(&mut poison);
        poison.put_back(&mut phone);
        write(&mut phone, 3, "name", "after");
        let total = sync(&mut phone, &mut office);
        assert_eq!(total.n_rounds, 1, "{reason}");
        let verdicts: Vec<Verdict> = phone.receipts.values().map(|receipt| receipt.verdict).collect();
        assert_eq!(
            verdicts,
            [Verdict::Kept, Verdict::Quarantined(reason), Verdict::Kept],
            "{reason}"
        );
        assert_same(&phone, &office, 1);
        assert_same(&phone, &office, 3);
        assert!(office.record(record(2)).is_empty());
        assert_eq!(office.data.log.len(), 3, "the quarantined change is stored too");
    }
}

#[test]
fn a_chain_broken_by_its_own_writer_is_quarantined_and_the_rest_arrives() {
    let (mut phone, mut office) = (device(1), office());
    write(&mut phone, 1, "name", "a");
    sync(&mut phone, &mut office);
    write(&mut phone, 2, "name", "b");
    let mut poison = crate::tests::world::Poison::last(&mut phone, key(2));
    poison.change.header.prev.0 = [3; 32];
    poison.put_back(&mut phone);
    write(&mut phone, 3, "name", "c");
    sync(&mut phone, &mut office);
    let verdicts: Vec<Verdict> = phone.receipts.values().map(|receipt| receipt.verdict).collect();
    let broken = Verdict::Quarantined(Reason::BrokenChain);
    assert_eq!(verdicts, [Verdict::Kept, broken, Verdict::Kept]);
    assert_same(&phone, &office, 3);
}

#[test]
fn ops_of_a_later_version_travel_unread() {
    let (mut phone, mut other, mut office) = (device(1), device(2), office());
    office.overseers.insert(person(2));
    let unknown = Op::Unknown {
        tag: 120,
        bytes: vec![1, 2, 3],
    };
    phone
        .write(record(1), FORM, key(1), 0, &[unknown, set("name", "a")])
        .unwrap();
    sync(&mut phone, &mut office);
    sync(&mut other, &mut office);
    assert_eq!(phone.changes, other.changes);
    assert_eq!(shown(&other.record(record(1)), "name").as_deref(), Some("a"));
}

#[test]
fn a_missing_form_is_fetched_from_the_device_and_the_quarantine_ends() {
    let (mut phone, mut office) = (device(1), office());
    let package = b"a form package".repeat(1000);
    let form = content_hash(&package);
    phone.contents.insert(form, package);
    office.known_forms = Some([FORM].into());
    phone
        .write(record(1), form, key(1), 0, &[set("name", "a")])
        .unwrap();
    write(&mut phone, 2, "name", "b");
    sync(&mut phone, &mut office);
    assert!(office.contents.contains_key(&form));
    assert_same(&phone, &office, 1);
    sync(&mut phone, &mut office);
    let verdicts: Vec<Verdict> = phone.receipts.values().map(|receipt| receipt.verdict).collect();
    assert_eq!(verdicts, [Verdict::Kept; 2]);
}

#[test]
fn listed_forms_and_their_content_come_down_in_pieces_and_verified() {
    let (mut phone, mut office) = (device(1), office());
    let package: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    let version = content_hash(&package);
    office.contents.insert(version, package);
    office.forms.push(FormListing {
        form_id: "sme_vc".into(),
        version,
        title: "SME".into(),
        label: "3".into(),
        state: FormState::Published,
    });
    let total = sync(&mut phone, &mut office);
    assert_eq!(phone.forms, office.forms);
    assert!(phone.contents.contains_key(&version));
    assert!(total.n_rounds > 3);
    // The listing travels again only when it changed.
    let idle = sync(&mut phone, &mut office);
    assert!(idle.down_bytes < 60, "{} bytes", idle.down_bytes);
}

#[test]
fn damaged_content_never_counts_and_does_not_hold_up_the_sync() {
    let (mut phone, mut office) = (device(1), office());
    let hash = content_hash(b"what it should be");
    office.contents.insert(hash, b"what it is".to_vec());
    phone.also_wanted.insert(hash);
    phone.also_wanted.insert(ContentHash([5; 32]));
    write(&mut phone, 1, "name", "a");
    sync(&mut phone, &mut office);
    assert!(!phone.contents.contains_key(&hash));
    assert_same(&phone, &office, 1);
}

#[test]
fn media_goes_up_after_the_answers_in_pieces_and_is_known_to_be_safe() {
    let (mut phone, mut office) = (device(1), office());
    let photo = phone.keep_media((0..900_000u32).map(|n| (n % 253) as u8).collect());
    let unknown = phone.keep_media(vec![1; 100]);
    office.wanted.insert(photo);
    for n in 0..100 {
        write(&mut phone, n, "name", &"y".repeat(8000));
    }
    let total = sync(&mut phone, &mut office);
    let first_media = total.steps.iter().position(|step| step.media_bytes > 0).unwrap();
    assert_eq!(total.steps[first_media].n_unsent, 0);
    assert!(office.contents.contains_key(&photo));
    assert!(phone.safe.contains(&photo));
    assert!(!phone.safe.contains(&unknown));
}

#[test]
fn an_erased_record_gets_its_receipt_and_the_device_empties_it() {
    let (mut phone, mut office) = (device(1), office());
    let dot = write(&mut phone, 1, "name", "a");
    office.erased.insert(record(1));
    sync(&mut phone, &mut office);
    assert_eq!(phone.receipts[&1].verdict, Verdict::Erased);
    assert_eq!(phone.changes[&dot].payload, Payload::Erased);
    assert_eq!(office.data.log[0].0.payload, Payload::Erased);
}

#[test]
fn ninety_days_offline_go_up_in_batches_that_grow() {
    let (mut phone, mut office) = (device(1), office());
    for n in 0..900u64 {
        write(
            &mut phone,
            (n % 90) as u8,
            "name",
            &format!("{n} {}", "z".repeat(3000)),
        );
    }
    office.backed_up_through = Position(12);
    let total = sync(&mut phone, &mut office);
    assert_eq!(phone.state().unwrap().acked_through, 900);
    assert_eq!(phone.backed_up_through, Position(12));
    assert!((3..12).contains(&total.n_rounds), "{} rounds", total.n_rounds);
    for n in 0..90 {
        assert_same(&phone, &office, n);
    }
}

#[test]
fn a_batch_never_exceeds_the_number_of_changes_a_message_may_have() {
    let (mut phone, mut office) = (device(1), office());
    let first = write(&mut phone, 1, "name", "a");
    for _ in 0..limits::CHANGES {
        let seq = phone.state().unwrap().written_through;
        let mut next = phone.changes[&Dot { seq, ..first }].clone();
        next.header.prev = next.hash();
        next.header.seq += 1;
        next.header.context.add(&Dot {
            seq: next.header.seq - 1,
            ..first
        });
        next.header.lamport += 1;
        next.record_key = None;
        phone.push_own(next);
    }
    let options = Options {
        batch_bytes: limits::BATCH_BYTES_MOST,
        ..Options::default()
    };
    let who = caller(&phone);
    let total = line::sync(&mut phone, &mut office, &who, options, &mut |_| line::Fault::None).unwrap();
    assert_eq!(total.n_rounds, 2);
    assert_eq!(office.data.log.len(), limits::CHANGES + 1);
}
