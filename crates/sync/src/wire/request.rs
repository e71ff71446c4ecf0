//! The bytes of a request: kind, versions, then sections.

use sampan_record::ids::Dot;

use crate::blob::{Offer, Part, Want};
use crate::error::SyncError;
use crate::hello::Contact;
use crate::limits;
use crate::push::{Held, PushRequest};
use crate::receipt::{Cursor, Generation};
use crate::version::{self, Range};
use crate::wire::SyncRequest;
use crate::wire::batch;
use crate::wire::bytes::{Reader, Writer, read_dots, write_dots};

/// First byte of each request, for ever.
pub const KIND: u8 = b'Q';

/// Stands in the place of a tag where a message ends: one that was cut has none.
pub const END: u64 = 0;

const HEAD: u64 = 1;
const CHANGES: u64 = 2;
const RELAYED: u64 = 3;
const HOLDS: u64 = 4;
const ASKS: u64 = 5;
const WANTS: u64 = 6;
const OFFERS: u64 = 7;
const PARTS: u64 = 8;
/// Sections from here on may be skipped by who does not know them; unknown ones below may not.
pub const SKIPPABLE: u64 = 64;

impl SyncRequest {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.u8(KIND);
        out.number(u64::from(self.protocol.oldest));
        out.number(u64::from(self.protocol.newest));
        out.number(u64::from(self.written_in));

        let mut head = Writer::default();
        head.replica(self.push.replica);
        head.number(self.push.written_through);
        head.number(self.push.held_from);
        head.fixed(self.generation.0);
        head.number(self.cursor.0);
        head.number(u64::from(self.budget_bytes));
        head.raw(&self.forms_digest);
        head.number(self.names_through);
        head.signed(self.contact.wall_time_ms);
        head.signed(i64::from(self.contact.utc_offset_min));
        head.number(self.contact.n_open);
        head.number(self.contact.n_unsent);
        out.section(HEAD, &head);

        out.section(CHANGES, &batch::write(&self.push.changes));
        out.section(RELAYED, &batch::write(&self.push.relayed));
        if !self.push.holds.is_empty() {
            let mut section = Writer::default();
            let items: Vec<(Dot, Held)> = self.push.holds.iter().map(|held| (held.dot, *held)).collect();
            write_dots(&mut section, &items, |out, held| out.raw(&held.hash.0));
            out.section(HOLDS, &section);
        }
        if !self.push.asks.is_empty() {
            let mut section = Writer::default();
            section.count(self.push.asks.len());
            let mut before = 0u64;
            for seq in &self.push.asks {
                section.signed(seq.wrapping_sub(before) as i64);
                before = *seq;
            }
            out.section(ASKS, &section);
        }
        out.section(WANTS, &write_wants(&self.wants));
        if !self.offers.is_empty() {
            let mut section = Writer::default();
            section.count(self.offers.len());
            for offer in &self.offers {
                section.raw(&offer.hash.0);
                section.number(offer.total_bytes);
            }
            out.section(OFFERS, &section);
        }
        out.section(PARTS, &write_parts(&self.parts));
        out.number(END);
        out.bytes
    }

    /// The request in `bytes`.
    ///
    /// # Errors
    /// `Malformed`, `TooLarge`, or `Version` when the sides share no version or it is written in one this side does
    /// not speak.
    pub fn decode(bytes: &[u8]) -> Result<SyncRequest, SyncError> {
        if bytes.len() > limits::MESSAGE_BYTES {
            return Err(SyncError::TooLarge {
                what: "the request",
                limit: limits::MESSAGE_BYTES as u64,
            });
        }
        let mut reader = Reader::new(bytes);
        if reader.u8()? != KIND {
            return Err(reader.wrong("this is no request"));
        }
        let protocol = Range {
            oldest: read_version(&mut reader)?,
            newest: read_version(&mut reader)?,
        };
        let written_in = read_version(&mut reader)?;
        version::negotiate(version::OURS, protocol)?;
        if !version::OURS.speaks(written_in) {
            return Err(SyncError::Version {
                ours: version::OURS,
                theirs: Range {
                    oldest: written_in,
                    newest: written_in,
                },
            });
        }

        let mut room_bytes = limits::INFLATED_BYTES;
        let mut request = None;
        let mut changes = Vec::new();
        let mut relayed = Vec::new();
        let mut holds = Vec::new();
        let mut asks = Vec::new();
        let mut wants = Vec::new();
        let mut offers = Vec::new();
        let mut parts = Vec::new();
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
                HEAD => request = Some(read_head(&mut section, protocol, written_in)?),
                CHANGES => changes = batch::read(content, &mut room_bytes)?,
                RELAYED => relayed = batch::read(content, &mut room_bytes)?,
                HOLDS => {
                    let items = read_dots(&mut section, limits::HOLDS, "held changes", Reader::change_hash)?;
                    section.end()?;
                    holds = items.into_iter().map(|(dot, hash)| Held { dot, hash }).collect();
                }
                ASKS => {
                    let mut before = 0u64;
                    asks = section.list(limits::ASKS, "asked receipts", |reader| {
                        before = before.wrapping_add(reader.signed()? as u64);
                        Ok(before)
                    })?;
                    section.end()?;
                }
                WANTS => {
                    wants = read_wants(&mut section)?;
                    section.end()?;
                }
                OFFERS => {
                    offers = section.list(limits::CONTENT_NAMES, "offered content", |reader| {
                        Ok(Offer {
                            hash: reader.content()?,
                            total_bytes: reader.number()?,
                        })
                    })?;
                    section.end()?;
                }
                PARTS => {
                    parts = read_parts(&mut section)?;
                    section.end()?;
                }
                SKIPPABLE.. => {}
                _ => return Err(reader.wrong("a section is unknown")),
            }
        }
        let mut request = request.ok_or(reader.wrong("the head is missing"))?;
        let replica = request.push.replica;
        let mut before: Option<u64> = None;
        for change in &changes {
            let header = &change.header;
            let follows = before.is_none_or(|seq| header.seq == seq.wrapping_add(1));
            if header.replica != replica || header.seq == 0 || !follows {
                return Err(reader.wrong("the changes are not one replica's in order"));
            }
            before = Some(header.seq);
        }
        request.push.changes = changes;
        request.push.relayed = relayed;
        request.push.holds = holds;
        request.push.asks = asks;
        request.wants = wants;
        request.offers = offers;
        request.parts = parts;
        Ok(request)
    }
}

fn read_head(section: &mut Reader<'_>, protocol: Range, written_in: u16) -> Result<SyncRequest, SyncError> {
    let replica = section.replica()?;
    let written_through = section.number()?;
    let held_from = section.number()?;
    let generation = Generation(section.fixed()?);
    let cursor = Cursor(section.number()?);
    let budget_bytes = u32::try_from(section.number()?).unwrap_or(u32::MAX);
    let forms_digest = section.array()?;
    let names_through = section.number()?;
    let wall_time_ms = section.signed()?;
    let utc_offset_min =
        i16::try_from(section.signed()?).map_err(|_| section.wrong("an offset from UTC is too large"))?;
    let contact = Contact {
        wall_time_ms,
        utc_offset_min,
        n_open: section.number()?,
        n_unsent: section.number()?,
    };
    section.end()?;
    Ok(SyncRequest {
        protocol,
        written_in,
        contact,
        generation,
        cursor,
        budget_bytes,
        forms_digest,
        names_through,
        push: PushRequest {
            replica,
            written_through,
            held_from,
            changes: Vec::new(),
            relayed: Vec::new(),
            holds: Vec::new(),
            asks: Vec::new(),
        },
        wants: Vec::new(),
        offers: Vec::new(),
        parts: Vec::new(),
    })
}

/// A version number.
pub fn read_version(reader: &mut Reader<'_>) -> Result<u16, SyncError> {
    u16::try_from(reader.number()?).map_err(|_| reader.wrong("a version is impossible"))
}

/// Wanted content.
pub fn write_wants(wants: &[Want]) -> Writer {
    let mut section = Writer::default();
    if !wants.is_empty() {
        section.count(wants.len());
        for want in wants {
            section.raw(&want.hash.0);
            section.number(want.offset);
        }
    }
    section
}

/// Wanted content.
pub fn read_wants(section: &mut Reader<'_>) -> Result<Vec<Want>, SyncError> {
    section.list(limits::CONTENT_NAMES, "wanted content", |reader| {
        Ok(Want {
            hash: reader.content()?,
            offset: reader.number()?,
        })
    })
}

/// Content parts.
pub fn write_parts(parts: &[Part]) -> Writer {
    let mut section = Writer::default();
    if !parts.is_empty() {
        section.count(parts.len());
        for part in parts {
            section.raw(&part.hash.0);
            section.number(part.total_bytes);
            section.number(part.offset);
            section.blob(&part.bytes);
        }
    }
    section
}

/// Content parts, each inside its content.
pub fn read_parts(section: &mut Reader<'_>) -> Result<Vec<Part>, SyncError> {
    section.list(limits::PARTS, "content parts", |reader| {
        let hash = reader.content()?;
        let total_bytes = reader.number()?;
        let offset = reader.number()?;
        let bytes = reader.blob(limits::PART_BYTES, "a content part")?.to_vec();
        if total_bytes > limits::CONTENT_BYTES {
            return Err(SyncError::TooLarge {
                what: "bytes of one content",
                limit: limits::CONTENT_BYTES,
            });
        }
        if offset
            .checked_add(bytes.len() as u64)
            .is_none_or(|end| end > total_bytes)
        {
            return Err(reader.wrong("a part lies outside its content"));
        }
        Ok(Part {
            hash,
            total_bytes,
            offset,
            bytes,
        })
    })
}
