//! Numbers, names and lists as bytes: varints, fixed-size ids, and a reader that never runs past the end.

use sampan_record::ids::{ChangeHash, ContentHash, DeviceId, Dot, PersonId, RecordId, Replica};
use uuid::Uuid;

use crate::error::SyncError;
use crate::limits;

/// Collects the bytes of a message.
#[derive(Debug, Default)]
pub struct Writer {
    /// What was written so far.
    pub bytes: Vec<u8>,
}

impl Writer {
    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// A number as LEB128 varint, 1 to 10 bytes.
    pub fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push((value as u8) | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// A length or count.
    pub fn count(&mut self, value: usize) {
        self.number(value as u64);
    }

    /// A signed number, zigzag then varint.
    pub fn signed(&mut self, value: i64) {
        self.number(((value << 1) ^ (value >> 63)) as u64);
    }

    /// Eight bytes, little-endian: for random numbers, where a varint would be longer.
    pub fn fixed(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Length, then bytes.
    pub fn blob(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    /// 16 bytes of device, 8 of incarnation.
    pub fn replica(&mut self, replica: Replica) {
        self.raw(replica.device.0.as_bytes());
        self.fixed(replica.incarnation);
    }

    /// A section of a message: tag, length, content. An empty one is left out.
    pub fn section(&mut self, tag: u64, content: &Writer) {
        if !content.bytes.is_empty() {
            self.number(tag);
            self.blob(&content.bytes);
        }
    }
}

/// Reads the bytes of a message.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// From the beginning.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    /// Whether nothing is left.
    pub fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// How many bytes were read.
    pub fn at(&self) -> usize {
        self.at
    }

    /// An error at this place.
    pub fn wrong(&self, what: &'static str) -> SyncError {
        SyncError::Malformed { at: self.at, what }
    }

    /// Err unless nothing is left.
    pub fn end(&self) -> Result<(), SyncError> {
        if self.is_done() {
            Ok(())
        } else {
            Err(self.wrong("bytes are left over"))
        }
    }

    /// The next `n` bytes.
    pub fn raw(&mut self, n: usize) -> Result<&'a [u8], SyncError> {
        let end = self
            .at
            .checked_add(n)
            .ok_or(self.wrong("a length is impossible"))?;
        let taken = self
            .bytes
            .get(self.at..end)
            .ok_or(self.wrong("it ends too early"))?;
        self.at = end;
        Ok(taken)
    }

    /// An array of bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], SyncError> {
        let mut array = [0u8; N];
        array.copy_from_slice(self.raw(N)?);
        Ok(array)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, SyncError> {
        let [byte] = self.array::<1>()?;
        Ok(byte)
    }

    /// A varint.
    pub fn number(&mut self) -> Result<u64, SyncError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return Err(self.wrong("a number is too large"));
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.wrong("a number is too long"))
    }

    /// A signed varint.
    pub fn signed(&mut self) -> Result<i64, SyncError> {
        let value = self.number()?;
        Ok(((value >> 1) as i64) ^ -((value & 1) as i64))
    }

    /// Eight bytes, little-endian.
    pub fn fixed(&mut self) -> Result<u64, SyncError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A count of at most `limit` things.
    pub fn count(&mut self, limit: usize, what: &'static str) -> Result<usize, SyncError> {
        let found = self.number()?;
        match usize::try_from(found) {
            Ok(count) if count <= limit => Ok(count),
            _ => Err(SyncError::TooLarge {
                what,
                limit: limit as u64,
            }),
        }
    }

    /// Length, then bytes.
    pub fn blob(&mut self, limit: usize, what: &'static str) -> Result<&'a [u8], SyncError> {
        let length = self.count(limit, what)?;
        self.raw(length)
    }

    /// A short text.
    pub fn text(&mut self) -> Result<String, SyncError> {
        let bytes = self.blob(limits::TEXT_BYTES, "a text")?;
        let text = std::str::from_utf8(bytes).map_err(|_| self.wrong("a text is not UTF-8"))?;
        Ok(text.to_owned())
    }

    /// A replica.
    pub fn replica(&mut self) -> Result<Replica, SyncError> {
        Ok(Replica {
            device: DeviceId(self.uuid()?),
            incarnation: self.fixed()?,
        })
    }

    /// A UUID.
    pub fn uuid(&mut self) -> Result<Uuid, SyncError> {
        Ok(Uuid::from_bytes(self.array()?))
    }

    /// A record.
    pub fn record(&mut self) -> Result<RecordId, SyncError> {
        Ok(RecordId(self.uuid()?))
    }

    /// A person.
    pub fn person(&mut self) -> Result<PersonId, SyncError> {
        Ok(PersonId(self.uuid()?))
    }

    /// The name of content.
    pub fn content(&mut self) -> Result<ContentHash, SyncError> {
        Ok(ContentHash(self.array()?))
    }

    /// The name of a change.
    pub fn change_hash(&mut self) -> Result<ChangeHash, SyncError> {
        Ok(ChangeHash(self.array()?))
    }

    /// A list of at most `limit` things, read one by one so that no memory is taken before the bytes were there.
    pub fn list<T>(
        &mut self,
        limit: usize,
        what: &'static str,
        mut one: impl FnMut(&mut Reader<'a>) -> Result<T, SyncError>,
    ) -> Result<Vec<T>, SyncError> {
        let count = self.count(limit, what)?;
        let mut list = Vec::new();
        for _ in 0..count {
            list.push(one(self)?);
        }
        Ok(list)
    }
}

/// Dots (with something at each), written replica by replica: the replica once, then numbers as differences.
pub fn write_dots<T>(writer: &mut Writer, items: &[(Dot, T)], one: impl Fn(&mut Writer, &T)) {
    let mut groups: Vec<(Replica, Vec<&(Dot, T)>)> = Vec::new();
    for item in items {
        match groups.last_mut() {
            Some((replica, group)) if *replica == item.0.replica => group.push(item),
            _ => groups.push((item.0.replica, vec![item])),
        }
    }
    writer.count(groups.len());
    for (replica, group) in groups {
        writer.replica(replica);
        writer.count(group.len());
        let mut before = 0u64;
        for (dot, what) in group {
            writer.signed(dot.seq.wrapping_sub(before) as i64);
            before = dot.seq;
            one(writer, what);
        }
    }
}

/// The dots that [`write_dots`] wrote, at most `limit`.
pub fn read_dots<'a, T>(
    reader: &mut Reader<'a>,
    limit: usize,
    what: &'static str,
    mut one: impl FnMut(&mut Reader<'a>) -> Result<T, SyncError>,
) -> Result<Vec<(Dot, T)>, SyncError> {
    let mut items = Vec::new();
    let n_groups = reader.count(limit, what)?;
    for _ in 0..n_groups {
        let replica = reader.replica()?;
        let n_dots = reader.count(limit.saturating_sub(items.len()), what)?;
        let mut before = 0u64;
        for _ in 0..n_dots {
            let seq = before.wrapping_add(reader.signed()? as u64);
            before = seq;
            items.push((Dot { replica, seq }, one(reader)?));
        }
    }
    Ok(items)
}

/// As much of a text as a message takes.
pub fn short(text: &str) -> &str {
    let mut end = text.len().min(limits::TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
