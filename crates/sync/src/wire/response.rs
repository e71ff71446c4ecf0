//! The bytes of a response: kind, version, then sections.

use sampan_record::ids::Dot;

use crate::error::SyncError;
use crate::forms;
use crate::limits;
use crate::names;
use crate::push::{PushResponse, RelayReceipt};
use crate::receipt::{Cursor, Generation, Position, Reason, Receipt, Verdict};
use crate::version::{self, Range};
use crate::wire::SyncResponse;
use crate::wire::batch;
use crate::wire::bytes::{Reader, Writer, read_dots, write_dots};
use crate::wire::request::{END, SKIPPABLE, read_parts, read_version, read_wants, write_parts, write_wants};

/// First byte of each response, for ever.
pub const KIND: u8 = b'A';

const HEAD: u64 = 1;
const CHANGES: u64 = 2;
const RECEIPTS: u64 = 3;
const LACKS: u64 = 4;
const RELAY_RECEIPTS: u64 = 5;
const FORMS: u64 = 6;
const WANTS: u64 = 7;
const SAFE: u64 = 8;
const PARTS: u64 = 9;
const NAMES: u64 = 10;
const ACKED_HASH: u64 = 11;
const REJOIN: u64 = 12;

const MORE: u8 = 1;
const ASKS_HOLDS: u8 = 2;

const KEPT: u8 = 0;
const DUPLICATE: u8 = 1;
const ERASED: u8 = 2;
/// A quarantine's verdict is this plus the reason's number.
const QUARANTINED: u64 = 16;

impl SyncResponse {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.u8(KIND);
        out.number(u64::from(self.protocol));

        let mut head = Writer::default();
        head.fixed(self.generation.0);
        head.number(self.backed_up_through.0);
        head.signed(self.office_time_ms);
        let mut flags = 0;
        if self.more {
            flags |= MORE;
        }
        if self.asks_holds {
            flags |= ASKS_HOLDS;
        }
        head.u8(flags);
        head.number(self.cursor.0);
        head.number(self.push.acked_through);
        head.number(self.push.fork_first_seq.unwrap_or(0));
        head.number(self.push.resend_from.unwrap_or(0));
        head.number(u64::from(self.retry_after_s));
        out.section(HEAD, &head);

        out.section(CHANGES, &batch::write(&self.changes));
        out.section(RECEIPTS, &write_receipts(&self.push.receipts));
        if !self.push.lacks.is_empty() {
            let mut section = Writer::default();
            let items: Vec<(Dot, ())> = self.push.lacks.iter().map(|dot| (*dot, ())).collect();
            write_dots(&mut section, &items, |_, ()| {});
            out.section(LACKS, &section);
        }
        if !self.push.relay_receipts.is_empty() {
            let mut section = Writer::default();
            let receipts = self.push.relay_receipts.iter();
            let items: Vec<(Dot, RelayReceipt)> = receipts.map(|receipt| (receipt.dot, *receipt)).collect();
            write_dots(&mut section, &items, |out, receipt| {
                out.number(verdict_number(receipt.verdict));
                out.number(receipt.position.0);
            });
            out.section(RELAY_RECEIPTS, &section);
        }
        if let Some(listings) = &self.forms {
            let mut section = Writer::default();
            forms::write(&mut section, listings);
            out.section(FORMS, &section);
        }
        out.section(WANTS, &write_wants(&self.wants));
        if !self.safe.is_empty() {
            let mut section = Writer::default();
            section.count(self.safe.len());
            for hash in &self.safe {
                section.raw(&hash.0);
            }
            out.section(SAFE, &section);
        }
        out.section(PARTS, &write_parts(&self.parts));
        if let Some(known) = &self.names {
            let mut section = Writer::default();
            names::write(&mut section, known);
            out.section(NAMES, &section);
        }
        if let Some(hash) = &self.push.acked_hash {
            let mut section = Writer::default();
            section.raw(&hash.0);
            out.section(ACKED_HASH, &section);
        }
        if let Some(dot) = &self.push.rejoin {
            let mut section = Writer::default();
            write_dots(&mut section, &[(*dot, ())], |_, ()| {});
            out.section(REJOIN, &section);
        }
        out.number(END);
        out.bytes
    }

    /// The response in `bytes`.
    ///
    /// # Errors
    /// `Malformed`, `TooLarge`, or `Version` when it is written in a version this side does not speak.
    pub fn decode(bytes: &[u8]) -> Result<SyncResponse, SyncError> {
        if bytes.len() > limits::MESSAGE_BYTES {
            return Err(SyncError::TooLarge {
                what: "the response",
                limit: limits::MESSAGE_BYTES as u64,
            });
        }
        let mut reader = Reader::new(bytes);
        if reader.u8()? != KIND {
            return Err(reader.wrong("this is no response"));
        }
        let protocol = read_version(&mut reader)?;
        if !version::OURS.speaks(protocol) {
            return Err(SyncError::Version {
                ours: version::OURS,
                theirs: Range {
                    oldest: protocol,
                    newest: protocol,
                },
            });
        }
        let mut room_bytes = limits::INFLATED_BYTES;
        let mut head = None;
        let mut changes = Vec::new();
        let mut receipts = Vec::new();
        let mut lacks = Vec::new();
        let mut relay_receipts = Vec::new();
        let mut listings = None;
        let mut wants = Vec::new();
        let mut safe = Vec::new();
        let mut parts = Vec::new();
        let mut people = None;
        let mut acked_hash = None;
        let mut rejoin = None;
        let mut last_tag = 0;
        loop {
            let tag = reader.number()?;
            if tag == END {
                reader.end()?;
                break;
            }
            if tag <= last_tag {
                return Err(reader.wrong("sections are out of order"));
            }
            last_tag = tag;
            let content = reader.blob(limits::MESSAGE_BYTES, "a section")?;
            let mut section = Reader::new(content);
            match tag {
                HEAD => head = Some(read_head(&mut section, protocol)?),
                CHANGES => changes = batch::read(content, &mut room_bytes)?,
                RECEIPTS => receipts = read_receipts(&mut section)?,
                LACKS => {
                    let items = read_dots(&mut section, limits::HOLDS, "wanted changes", |_| Ok(()))?;
                    lacks = items.into_iter().map(|(dot, ())| dot).collect();
                    section.end()?;
                }
                RELAY_RECEIPTS => {
                    let items = read_dots(&mut section, limits::CHANGES, "relay receipts", |reader| {
                        Ok((read_verdict(reader)?, Position(reader.number()?)))
                    })?;
                    section.end()?;
                    let receipts = items.into_iter();
                    relay_receipts = receipts
                        .map(|(dot, (verdict, position))| RelayReceipt {
                            dot,
                            verdict,
                            position,
                        })
                        .collect();
                }
                FORMS => listings = Some(forms::read(&mut section)?),
                WANTS => {
                    wants = read_wants(&mut section)?;
                    section.end()?;
                }
                SAFE => {
                    safe = section.list(limits::CONTENT_NAMES, "safe content", Reader::content)?;
                    section.end()?;
                }
                PARTS => {
                    parts = read_parts(&mut section)?;
                    section.end()?;
                }
                NAMES => people = Some(names::read(&mut section)?),
                ACKED_HASH => {
                    acked_hash = Some(section.change_hash()?);
                    section.end()?;
                }
                REJOIN => {
                    let items = read_dots(&mut section, 1, "names to take back", |_| Ok(()))?;
                    rejoin = items.first().map(|(dot, ())| *dot);
                    section.end()?;
                }
                SKIPPABLE.. => {}
                _ => return Err(reader.wrong("a section is unknown")),
            }
        }
        let mut response = head.ok_or(reader.wrong("the head is missing"))?;
        response.changes = changes;
        response.push.receipts = receipts;
        response.push.acked_hash = acked_hash;
        response.push.rejoin = rejoin;
        response.push.lacks = lacks;
        response.push.relay_receipts = relay_receipts;
        response.forms = listings;
        response.wants = wants;
        response.safe = safe;
        response.parts = parts;
        response.names = people;
        Ok(response)
    }
}

fn read_head(section: &mut Reader<'_>, protocol: u16) -> Result<SyncResponse, SyncError> {
    let generation = Generation(section.fixed()?);
    let backed_up_through = Position(section.number()?);
    let office_time_ms = section.signed()?;
    let flags = section.u8()?;
    let cursor = Cursor(section.number()?);
    let push = PushResponse {
        acked_through: section.number()?,
        fork_first_seq: Some(section.number()?).filter(|seq| *seq > 0),
        resend_from: Some(section.number()?).filter(|seq| *seq > 0),
        ..PushResponse::default()
    };
    let retry_after_s = u32::try_from(section.number()?).unwrap_or(u32::MAX);
    section.end()?;
    Ok(SyncResponse {
        protocol,
        generation,
        backed_up_through,
        office_time_ms,
        asks_holds: flags & ASKS_HOLDS != 0,
        push,
        changes: Vec::new(),
        cursor,
        more: flags & MORE != 0,
        forms: None,
        names: None,
        parts: Vec::new(),
        wants: Vec::new(),
        safe: Vec::new(),
        retry_after_s,
    })
}

/// A verdict's number.
fn verdict_number(verdict: Verdict) -> u64 {
    match verdict {
        Verdict::Kept => u64::from(KEPT),
        Verdict::Duplicate => u64::from(DUPLICATE),
        Verdict::Erased => u64::from(ERASED),
        Verdict::Quarantined(reason) => QUARANTINED + u64::from(reason.code()),
    }
}

fn read_verdict(reader: &mut Reader<'_>) -> Result<Verdict, SyncError> {
    let number = reader.number()?;
    let reason = number
        .checked_sub(QUARANTINED)
        .and_then(|code| u8::try_from(code).ok());
    match (u8::try_from(number), reason) {
        (_, Some(code)) => Ok(Verdict::Quarantined(Reason::from_code(code))),
        (Ok(KEPT), None) => Ok(Verdict::Kept),
        (Ok(DUPLICATE), None) => Ok(Verdict::Duplicate),
        (Ok(ERASED), None) => Ok(Verdict::Erased),
        _ => Err(reader.wrong("a verdict is unknown")),
    }
}

/// Receipts in runs: numbers and positions that rise by one under the same verdict are written once.
fn write_receipts(receipts: &[Receipt]) -> Writer {
    let mut section = Writer::default();
    if receipts.is_empty() {
        return section;
    }
    let mut runs: Vec<(Receipt, u64)> = Vec::new();
    for receipt in receipts {
        match runs.last_mut() {
            Some((first, length))
                if first.verdict == receipt.verdict
                    && first.seq.checked_add(*length) == Some(receipt.seq)
                    && first.position.0.checked_add(*length) == Some(receipt.position.0) =>
            {
                *length += 1;
            }
            _ => runs.push((*receipt, 1)),
        }
    }
    section.count(runs.len());
    let (mut last_seq, mut last_position) = (0u64, 0u64);
    for (first, length) in runs {
        section.signed(first.seq.wrapping_sub(last_seq) as i64);
        section.number(length);
        section.number(verdict_number(first.verdict));
        section.signed(first.position.0.wrapping_sub(last_position) as i64);
        last_seq = first.seq.wrapping_add(length);
        last_position = first.position.0.wrapping_add(length);
    }
    section
}

fn read_receipts(section: &mut Reader<'_>) -> Result<Vec<Receipt>, SyncError> {
    let limit = limits::CHANGES + limits::ASKS;
    let mut receipts = Vec::new();
    let (mut last_seq, mut last_position) = (0u64, 0u64);
    for _ in 0..section.count(limit, "runs of receipts")? {
        let seq = last_seq.wrapping_add(section.signed()? as u64);
        let length = section.count(limit.saturating_sub(receipts.len()), "receipts")? as u64;
        let verdict = read_verdict(section)?;
        let position = last_position.wrapping_add(section.signed()? as u64);
        for step in 0..length {
            receipts.push(Receipt {
                seq: seq.wrapping_add(step),
                verdict,
                position: Position(position.wrapping_add(step)),
            });
        }
        last_seq = seq.wrapping_add(length);
        last_position = position.wrapping_add(length);
    }
    section.end()?;
    Ok(receipts)
}
