//! Many changes as bytes: names once per batch, numbers as differences, incompressible bytes apart, the rest deflated.

use std::collections::BTreeMap;

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use sampan_record::change::{Change, Header, Payload, RecordKey};
use sampan_record::context::Context;
use sampan_record::ids::{ChangeHash, ContentHash, PersonId, RecordId, Replica};

use crate::error::SyncError;
use crate::limits;
use crate::wire::bytes::{Reader, Writer};

const PAYLOAD_KIND: u8 = 0b0000_0011;
const FULL: u8 = 0;
const REDACTED: u8 = 1;
const ERASED: u8 = 2;
const HAS_KEY: u8 = 0b0000_0100;
const SPELLS_PREV: u8 = 0b0000_1000;
const SPELLS_CONTEXT: u8 = 0b0001_0000;
const KNOWN_FLAGS: u8 = PAYLOAD_KIND | HAS_KEY | SPELLS_PREV | SPELLS_CONTEXT;

const PLAIN: u8 = 0;
const DEFLATED: u8 = 1;
/// Effort of compression: on interviews, 10 wins 0.3 % over 6 and takes several times as long.
const LEVEL: u8 = 6;

/// What the writer and the reader of a batch both remember, so that a change says only what is new.
#[derive(Default)]
struct Memory {
    /// Each replica's last change in this batch: number, hash, wall time, offset.
    replicas: BTreeMap<Replica, (u64, ChangeHash, i64, i16)>,
    /// Each record's last change in this batch: what a next one would know, lamport.
    records: BTreeMap<RecordId, (Context, u64)>,
}

impl Memory {
    fn replica(&self, replica: Replica) -> (u64, ChangeHash, i64, i16) {
        let none = (0, ChangeHash([0; 32]), 0, 0);
        self.replicas.get(&replica).copied().unwrap_or(none)
    }

    fn lamport(&self, record: RecordId) -> u64 {
        self.records.get(&record).map_or(0, |(_, lamport)| *lamport)
    }

    fn context(&self, record: RecordId) -> Context {
        self.records
            .get(&record)
            .map(|(context, _)| context.clone())
            .unwrap_or_default()
    }

    fn add(&mut self, header: &Header, hash: ChangeHash) {
        self.replicas.insert(
            header.replica,
            (header.seq, hash, header.wall_time_ms, header.utc_offset_min),
        );
        let mut knows = header.context.clone();
        knows.add(&header.dot());
        self.records.insert(header.record, (knows, header.lamport));
    }
}

/// Names in the order of their first use.
struct Names<T> {
    index: BTreeMap<T, usize>,
    order: Vec<T>,
}

impl<T: Ord + Copy> Names<T> {
    fn new() -> Names<T> {
        Names {
            index: BTreeMap::new(),
            order: Vec::new(),
        }
    }

    fn of(&mut self, name: T) -> usize {
        let order = &mut self.order;
        *self.index.entry(name).or_insert_with(|| {
            order.push(name);
            order.len() - 1
        })
    }
}

/// Writes a batch. No changes = nothing.
pub fn write(changes: &[Change]) -> Writer {
    let mut out = Writer::default();
    if changes.is_empty() {
        return out;
    }
    let mut replicas: Names<Replica> = Names::new();
    let mut records: Names<RecordId> = Names::new();
    let mut persons: Names<PersonId> = Names::new();
    let mut forms: Names<ContentHash> = Names::new();
    let mut memory = Memory::default();
    let mut hashes = Writer::default();
    let mut body = Writer::default();
    body.count(changes.len());
    for change in changes {
        let header = &change.header;
        let (last_seq, last_hash, last_time, last_offset) = memory.replica(header.replica);
        let expected = memory.context(header.record);
        let prev_is_known = header.prev == last_hash;
        let context_is_known = header.context == expected;
        let (kind, payload): (u8, &[u8]) = match &change.payload {
            Payload::Full(bytes) => (FULL, bytes),
            Payload::Redacted(bytes) => (REDACTED, bytes),
            Payload::Erased => (ERASED, &[]),
        };
        let mut flags = kind;
        if change.record_key.is_some() {
            flags |= HAS_KEY;
        }
        if !prev_is_known {
            flags |= SPELLS_PREV;
            hashes.raw(&header.prev.0);
        }
        if !context_is_known {
            flags |= SPELLS_CONTEXT;
        }
        hashes.raw(&header.payload_hash);
        if let Some(key) = &change.record_key {
            hashes.raw(&key.0);
        }
        body.u8(flags);
        body.count(replicas.of(header.replica));
        body.signed(header.seq.wrapping_sub(last_seq).wrapping_sub(1) as i64);
        body.count(records.of(header.record));
        body.count(persons.of(header.author));
        body.count(forms.of(header.form));
        let last_lamport = memory.lamport(header.record);
        body.signed(header.lamport.wrapping_sub(last_lamport).wrapping_sub(1) as i64);
        body.signed(header.wall_time_ms.wrapping_sub(last_time));
        body.signed(i64::from(header.utc_offset_min) - i64::from(last_offset));
        if !context_is_known {
            body.count(header.context.0.len());
            for (replica, seq) in &header.context.0 {
                body.count(replicas.of(*replica));
                body.number(*seq);
            }
        }
        if kind != ERASED {
            body.blob(payload);
        }
        memory.add(header, change.hash());
    }

    let mut names = Writer::default();
    names.count(replicas.order.len());
    for replica in &replicas.order {
        names.replica(*replica);
    }
    names.count(records.order.len());
    for record in &records.order {
        names.raw(record.0.as_bytes());
    }
    names.count(persons.order.len());
    for person in &persons.order {
        names.raw(person.0.as_bytes());
    }
    names.count(forms.order.len());
    for form in &forms.order {
        names.raw(&form.0);
    }
    names.raw(&hashes.bytes);

    out.blob(&names.bytes);
    let deflated = compress_to_vec(&body.bytes, LEVEL);
    if deflated.len() + 3 < body.bytes.len() {
        out.u8(DEFLATED);
        out.count(body.bytes.len());
        out.raw(&deflated);
    } else {
        out.u8(PLAIN);
        out.raw(&body.bytes);
    }
    out
}

/// Reads a batch. `room_bytes` is what decompression may still take of this message; what it takes is subtracted.
///
/// # Errors
/// `Malformed` and `TooLarge`.
pub fn read(bytes: &[u8], room_bytes: &mut usize) -> Result<Vec<Change>, SyncError> {
    let mut out = Reader::new(bytes);
    let mut names = Reader::new(out.blob(limits::MESSAGE_BYTES, "names of a batch")?);
    let replicas = names.list(limits::DICTIONARY, "replicas in a batch", Reader::replica)?;
    let records = names.list(limits::DICTIONARY, "records in a batch", Reader::record)?;
    let persons = names.list(limits::DICTIONARY, "persons in a batch", Reader::person)?;
    let forms = names.list(limits::DICTIONARY, "forms in a batch", Reader::content)?;
    let inflated;
    let body: &[u8] = match out.u8()? {
        PLAIN => rest(&mut out, bytes)?,
        DEFLATED => {
            let length = out.count(*room_bytes, "decompressed bytes")?;
            *room_bytes -= length;
            let packed = rest(&mut out, bytes)?;
            inflated = decompress_to_vec_with_limit(packed, length)
                .map_err(|_| out.wrong("compressed bytes are damaged"))?;
            if inflated.len() != length {
                return Err(out.wrong("compressed bytes have another length"));
            }
            &inflated
        }
        _ => return Err(out.wrong("this compression is unknown")),
    };
    let mut body = Reader::new(body);
    let mut memory = Memory::default();
    let mut n_context_entries = 0usize;
    let count = body.count(limits::CHANGES, "changes in a message")?;
    let mut changes = Vec::new();
    for _ in 0..count {
        let flags = body.u8()?;
        if flags & !KNOWN_FLAGS != 0 {
            return Err(body.wrong("a change is written in an unknown way"));
        }
        let replica = pick(&mut body, &replicas)?;
        let (last_seq, last_hash, last_time, last_offset) = memory.replica(replica);
        let seq = last_seq.wrapping_add(1).wrapping_add(body.signed()? as u64);
        let record = pick(&mut body, &records)?;
        let author = pick(&mut body, &persons)?;
        let form = pick(&mut body, &forms)?;
        let lamport = memory
            .lamport(record)
            .wrapping_add(1)
            .wrapping_add(body.signed()? as u64);
        let wall_time_ms = last_time.wrapping_add(body.signed()?);
        let offset = i64::from(last_offset).wrapping_add(body.signed()?);
        let utc_offset_min =
            i16::try_from(offset).map_err(|_| body.wrong("an offset from UTC is too large"))?;
        let context = if flags & SPELLS_CONTEXT == 0 {
            memory.context(record)
        } else {
            let mut context = Context::default();
            for _ in 0..body.count(limits::CONTEXT_REPLICAS, "replicas in a context")? {
                let replica = pick(&mut body, &replicas)?;
                let seq = body.number()?;
                if context.0.insert(replica, seq).is_some() {
                    return Err(body.wrong("a context names a replica twice"));
                }
            }
            context
        };
        n_context_entries = n_context_entries.saturating_add(context.0.len());
        if n_context_entries > limits::CONTEXT_ENTRIES {
            return Err(SyncError::TooLarge {
                what: "contexts in a batch",
                limit: limits::CONTEXT_ENTRIES as u64,
            });
        }
        let prev = if flags & SPELLS_PREV == 0 {
            last_hash
        } else {
            names.change_hash()?
        };
        let payload_hash = names.array()?;
        let record_key = if flags & HAS_KEY == 0 {
            None
        } else {
            Some(RecordKey(names.array()?))
        };
        let payload = match flags & PAYLOAD_KIND {
            FULL => Payload::Full(body.blob(limits::PAYLOAD_BYTES, "a payload")?.to_vec()),
            REDACTED => Payload::Redacted(body.blob(limits::PAYLOAD_BYTES, "a payload")?.to_vec()),
            ERASED => Payload::Erased,
            _ => return Err(body.wrong("a payload is of an unknown kind")),
        };
        let change = Change {
            header: Header {
                replica,
                seq,
                prev,
                record,
                context,
                lamport,
                author,
                form,
                wall_time_ms,
                utc_offset_min,
                payload_hash,
            },
            payload,
            record_key,
        };
        memory.add(&change.header, change.hash());
        changes.push(change);
    }
    body.end()?;
    names.end()?;
    Ok(changes)
}

/// How many bytes a change takes in a batch at most, roughly: for budgets.
pub fn weight(change: &Change) -> usize {
    let payload = match &change.payload {
        Payload::Full(bytes) | Payload::Redacted(bytes) => bytes.len(),
        Payload::Erased => 0,
    };
    payload + 96 + change.header.context.0.len() * 8
}

fn pick<T: Copy>(reader: &mut Reader<'_>, names: &[T]) -> Result<T, SyncError> {
    let index = reader.number()?;
    usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index))
        .copied()
        .ok_or(reader.wrong("a name is not in the batch"))
}

fn rest<'a>(reader: &mut Reader<'a>, whole: &'a [u8]) -> Result<&'a [u8], SyncError> {
    reader.raw(whole.len().saturating_sub(reader.at()))
}
