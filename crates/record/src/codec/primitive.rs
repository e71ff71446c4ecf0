//! The bricks of the binary form: bounded reading, shortest varints, texts and contexts.

use uuid::Uuid;

use crate::codec::{CodecError, MAX_CONTEXT};
use crate::context::Context;
use crate::ids::{DeviceId, Replica};

/// Reads bytes from the front, never beyond the end and never more than is allowed.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// A reader of `bytes`; `what` names them in errors.
    pub fn new(bytes: &'a [u8], what: &'static str) -> Reader<'a> {
        Reader { rest: bytes, what }
    }

    /// Number of bytes not yet read.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Err unless everything has been read.
    pub fn end(&self) -> Result<(), CodecError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(CodecError::Trailing {
            what: self.what,
            n_bytes: self.rest.len(),
        })
    }

    /// The next `len` bytes.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], CodecError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(CodecError::Truncated { what: self.what })?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(CodecError::Truncated { what: self.what })?;
        self.rest = rest;
        Ok(*taken)
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, CodecError> {
        let [byte] = self.array::<1>()?;
        Ok(byte)
    }

    /// An unsigned number in its shortest LEB128 form.
    pub fn varint(&mut self) -> Result<u64, CodecError> {
        let mut number = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(CodecError::Invalid {
                    what: "a number of more than 64 bits",
                });
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(CodecError::NotCanonical { what: "a number" });
                }
                return Ok(number);
            }
        }
        Err(CodecError::Invalid {
            what: "a number of more than 64 bits",
        })
    }

    /// A signed number, zigzag in LEB128.
    pub fn zigzag(&mut self) -> Result<i64, CodecError> {
        let folded = self.varint()?;
        Ok((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
    }

    /// A number that must fit a smaller type; `what` names it in the error.
    pub fn small<T: TryFrom<u64>>(&mut self, what: &'static str) -> Result<T, CodecError> {
        T::try_from(self.varint()?).map_err(|_| CodecError::Invalid { what })
    }

    /// A signed number that must fit a smaller type; `what` names it in the error.
    pub fn small_zigzag<T: TryFrom<i64>>(&mut self, what: &'static str) -> Result<T, CodecError> {
        T::try_from(self.zigzag()?).map_err(|_| CodecError::Invalid { what })
    }

    /// How many things follow: at most `limit`, and at most as many as there are bytes left.
    pub fn count(&mut self, limit: usize, what: &'static str) -> Result<usize, CodecError> {
        let found = self.varint()?;
        let count = usize::try_from(found).unwrap_or(usize::MAX);
        if count > limit {
            return Err(CodecError::TooMuch {
                what,
                found,
                limit: limit as u64,
            });
        }
        if count > self.rest.len() {
            return Err(CodecError::Truncated { what: self.what });
        }
        Ok(count)
    }

    /// Bytes with their length in front.
    pub fn bytes(&mut self, limit: usize, what: &'static str) -> Result<&'a [u8], CodecError> {
        let len = self.count(limit, what)?;
        self.take(len)
    }

    /// UTF-8 text with its length in bytes in front.
    pub fn text(&mut self, limit: usize, what: &'static str) -> Result<&'a str, CodecError> {
        let bytes = self.bytes(limit, what)?;
        std::str::from_utf8(bytes).map_err(|_| CodecError::Invalid { what })
    }

    /// A UUID.
    pub fn uuid(&mut self) -> Result<Uuid, CodecError> {
        Ok(Uuid::from_bytes(self.array()?))
    }

    /// Device and incarnation.
    pub fn replica(&mut self) -> Result<Replica, CodecError> {
        Ok(Replica {
            device: DeviceId(self.uuid()?),
            incarnation: u64::from_le_bytes(self.array()?),
        })
    }

    /// A context: replicas in ascending order, each with a number of at least 1.
    pub fn context(&mut self) -> Result<Context, CodecError> {
        let count = self.count(MAX_CONTEXT, "a context")?;
        let mut context = Context::default();
        for _ in 0..count {
            let replica = self.replica()?;
            let seq = self.varint()?;
            let is_ascending = context.0.last_key_value().is_none_or(|(last, _)| *last < replica);
            if !is_ascending || seq == 0 {
                return Err(CodecError::NotCanonical { what: "a context" });
            }
            context.0.insert(replica, seq);
        }
        Ok(context)
    }
}

/// Writes an unsigned number in its shortest LEB128 form.
pub fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes a signed number, zigzag in LEB128.
pub fn put_zigzag(out: &mut Vec<u8>, number: i64) {
    put_varint(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Writes bytes with their length in front.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Writes device and incarnation.
pub fn put_replica(out: &mut Vec<u8>, replica: &Replica) {
    out.extend_from_slice(replica.device.0.as_bytes());
    out.extend_from_slice(&replica.incarnation.to_le_bytes());
}

/// Writes a context. Entries with number 0 say nothing and are left out.
pub fn put_context(out: &mut Vec<u8>, context: &Context) {
    let count = context.0.values().filter(|seq| **seq > 0).count();
    put_varint(out, count as u64);
    for (replica, seq) in context.0.iter().filter(|(_, seq)| **seq > 0) {
        put_replica(out, replica);
        put_varint(out, *seq);
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, put_varint, put_zigzag};
    use crate::codec::CodecError;

    #[test]
    fn numbers_of_every_size_come_back() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, number);
            let mut reader = Reader::new(&bytes, "a test");
            assert_eq!(reader.varint(), Ok(number));
            assert_eq!(reader.end(), Ok(()));
        }
        for number in [0, -1, 1, -64, 63, i64::MIN, i64::MAX] {
            let mut bytes = Vec::new();
            put_zigzag(&mut bytes, number);
            assert_eq!(Reader::new(&bytes, "a test").zigzag(), Ok(number));
        }
    }

    #[test]
    fn a_number_written_longer_than_needed_is_refused() {
        let not_canonical = Err(CodecError::NotCanonical { what: "a number" });
        assert_eq!(Reader::new(&[0x80, 0x00], "a test").varint(), not_canonical);
        assert_eq!(Reader::new(&[0x81, 0x80, 0x00], "a test").varint(), not_canonical);
    }

    #[test]
    fn a_number_of_more_than_64_bits_is_refused() {
        let mut bytes = [0xff; 10];
        bytes[9] = 0x02;
        assert!(matches!(
            Reader::new(&bytes, "a test").varint(),
            Err(CodecError::Invalid { .. })
        ));
        assert!(matches!(
            Reader::new(&[0xff; 12], "a test").varint(),
            Err(CodecError::Invalid { .. })
        ));
    }

    #[test]
    fn a_count_beyond_the_bytes_reserves_nothing() {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, 1_000_000);
        let counted = Reader::new(&bytes, "a test").count(2_000_000, "things");
        assert_eq!(counted, Err(CodecError::Truncated { what: "a test" }));
    }
}
