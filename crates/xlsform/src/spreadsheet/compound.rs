//! How large the sheets of an .xls file are, found before any room is made for them; what they claim is taken out.
//!
//! The file is a small file system: sectors in chains, a directory, and in it the stream `Workbook` of records.

use std::ops::Range;

/// Most links of one chain of sectors: no file that is read has more.
const SECTORS: usize = 1 << 17;

/// Where cells lie in one sheet.
#[derive(Debug, Clone, Copy)]
struct Extent {
    first: (u32, u32),
    last: (u32, u32),
}

impl Extent {
    fn with(own: Option<Extent>, row: u32, column: u32) -> Option<Extent> {
        let own = own.unwrap_or(Extent {
            first: (row, column),
            last: (row, column),
        });
        Some(Extent {
            first: (own.first.0.min(row), own.first.1.min(column)),
            last: (own.last.0.max(row), own.last.1.max(column)),
        })
    }

    fn cells(self) -> u64 {
        let rows = u64::from(self.last.0.saturating_sub(self.first.0)) + 1;
        let columns = u64::from(self.last.1.saturating_sub(self.first.1)) + 1;
        rows.saturating_mul(columns)
    }
}

/// The most cells that a sheet of the file spans from its first to its last one, and the file without what its sheets
/// claim to span: that may be any number, and room would be made for it. None when the file is damaged.
pub(super) fn examined(bytes: &[u8]) -> Option<(u64, Vec<u8>)> {
    let file = File::open(bytes)?;
    let stream = file.stream("Workbook").or_else(|| file.stream("Book"))?;
    let mut most = 0;
    let mut claims = Vec::new();
    for (kind, _, data) in records(&stream.content, 0) {
        if kind == 0x0085 {
            let start = usize::try_from(u32_at(data, 0)?).ok()?;
            most = most.max(cells_of_sheet(&stream.content, start, &mut claims)?);
        }
    }
    let mut bytes = bytes.to_vec();
    for place in claims.into_iter().flatten() {
        let sector = stream.starts.get(place / stream.sector_bytes)?;
        *bytes.get_mut(sector + place % stream.sector_bytes)? = 0;
    }
    Some((most, bytes))
}

/// The cells of the sheet that begins there.
fn cells_of_sheet(stream: &[u8], start: usize, claims: &mut Vec<Range<usize>>) -> Option<u64> {
    let (mut values, mut formulas) = (None, None);
    let mut depth = 0_usize;
    for (kind, begin, data) in records(stream, start) {
        match kind {
            0x0809 => depth += 1,
            0x000A if depth <= 1 => break,
            0x000A => depth -= 1,
            0x0200 => claims.push(begin..begin.saturating_add(data.len())),
            // Cells of one value each.
            0x0203..=0x0205 | 0x00D6 | 0x027E | 0x00FD => {
                values = Extent::with(values, u16_at(data, 0)?, u16_at(data, 2)?);
            }
            // A row of numbers, whose last two bytes are its last column.
            0x00BD => {
                let (row, first) = (u16_at(data, 0)?, u16_at(data, 2)?);
                let last = u16_at(data, data.len().checked_sub(2)?)?;
                if last < first {
                    return None;
                }
                values = Extent::with(Extent::with(values, row, first), row, last);
            }
            0x0006 => {
                let (row, column) = (u16_at(data, 0)?, u16_at(data, 2)?);
                values = Extent::with(values, row, column);
                formulas = Extent::with(formulas, row, column);
            }
            _ => {}
        }
    }
    let spanned = [values, formulas].into_iter().flatten().map(Extent::cells).max();
    Some(spanned.unwrap_or(0))
}

/// Records from a place on: kind, where the content begins, and the content. A last one that is cut off is left out.
fn records(stream: &[u8], start: usize) -> impl Iterator<Item = (u32, usize, &[u8])> {
    let mut at = start;
    std::iter::from_fn(move || {
        let kind = u16_at(stream, at)?;
        let length = usize::try_from(u16_at(stream, at.checked_add(2)?)?).ok()?;
        let begin = at.checked_add(4)?;
        let end = begin.checked_add(length)?;
        let data = stream.get(begin..end)?;
        at = end;
        Some((kind, begin, data))
    })
}

/// The file system.
struct File<'a> {
    bytes: &'a [u8],
    sector_bytes: usize,
    /// Per sector the next one of its chain.
    next: Vec<u32>,
    /// The same for the small sectors, and where these lie.
    next_small: Vec<u32>,
    small: Stream,
    directory: Vec<u8>,
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Option<File<'a>> {
        let sector_bytes = match u16_at(bytes, 30)? {
            9 => 512,
            12 => 4096,
            _ => return None,
        };
        let mut file = File {
            bytes,
            sector_bytes,
            next: Vec::new(),
            next_small: Vec::new(),
            small: Stream::default(),
            directory: Vec::new(),
        };
        // Where the table of chains lies is listed in the head, then in sectors that are chained by their last number.
        let mut tables = numbers(bytes.get(76..512)?);
        let mut more = u32_at(bytes, 68)?;
        let mut n_more = 0;
        while more < FIRST_MARK {
            n_more += 1;
            if n_more > SECTORS {
                return None;
            }
            tables.extend(numbers(file.sector(more)?));
            more = tables.pop()?;
        }
        for table in tables.into_iter().filter(|table| *table < FIRST_MARK) {
            let table = numbers(file.sector(table)?);
            file.next.extend(table);
        }
        file.directory = file.chain(u32_at(bytes, 48)?)?.content;
        if u32_at(bytes, 64)? > 0 {
            file.next_small = numbers(&file.chain(u32_at(bytes, 60)?)?.content);
            file.small = file.chain(u32_at(&file.directory, 116)?)?;
        }
        Some(file)
    }

    fn start(&self, number: u32) -> Option<usize> {
        usize::try_from(number)
            .ok()?
            .checked_add(1)?
            .checked_mul(self.sector_bytes)
    }

    fn sector(&self, number: u32) -> Option<&'a [u8]> {
        let start = self.start(number)?;
        // The last one may be cut off.
        let end = start.checked_add(self.sector_bytes)?.min(self.bytes.len());
        self.bytes.get(start..end)
    }

    /// What a chain of sectors holds.
    fn chain(&self, first: u32) -> Option<Stream> {
        let mut stream = Stream {
            sector_bytes: self.sector_bytes,
            ..Stream::default()
        };
        let mut at = first;
        while at < FIRST_MARK {
            if stream.starts.len() > self.next.len().min(SECTORS) {
                return None;
            }
            stream.content.extend_from_slice(self.sector(at)?);
            stream.starts.push(self.start(at)?);
            at = *self.next.get(usize::try_from(at).ok()?)?;
        }
        Some(stream)
    }

    fn small_chain(&self, first: u32) -> Option<Stream> {
        let mut stream = Stream {
            sector_bytes: SMALL_BYTES,
            ..Stream::default()
        };
        let mut at = first;
        while at < FIRST_MARK {
            if stream.starts.len() > self.next_small.len() {
                return None;
            }
            let start = usize::try_from(at).ok()?.checked_mul(SMALL_BYTES)?;
            let end = start.checked_add(SMALL_BYTES)?.min(self.small.content.len());
            stream
                .content
                .extend_from_slice(self.small.content.get(start..end)?);
            let around = self.small.starts.get(start / self.sector_bytes)?;
            stream.starts.push(around + start % self.sector_bytes);
            at = *self.next_small.get(usize::try_from(at).ok()?)?;
        }
        Some(stream)
    }

    /// A stream by its name.
    fn stream(&self, name: &str) -> Option<Stream> {
        let entry = self.directory.chunks_exact(128).find(|entry| {
            let letters = entry.get(..64).unwrap_or_default().chunks_exact(2);
            let own: Vec<u16> = letters
                .map(|letter| {
                    letter
                        .iter()
                        .rev()
                        .fold(0, |word, byte| word << 8 | u16::from(*byte))
                })
                .take_while(|letter| *letter != 0)
                .collect();
            String::from_utf16_lossy(&own).eq_ignore_ascii_case(name)
        })?;
        let first = u32_at(entry, 116)?;
        let length = usize::try_from(u32_at(entry, 120)?).ok()?;
        let mut stream = match length < 4096 {
            true => self.small_chain(first)?,
            false => self.chain(first)?,
        };
        stream.content.truncate(length);
        Some(stream)
    }
}

/// What a chain holds, and where in the file each of its sectors begins.
#[derive(Default)]
struct Stream {
    content: Vec<u8>,
    starts: Vec<usize>,
    sector_bytes: usize,
}

/// Bytes of a small sector.
const SMALL_BYTES: usize = 64;

/// Numbers from here on are marks, no sectors.
const FIRST_MARK: u32 = 0xFFFF_FFFA;

fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes
        .chunks_exact(4)
        .filter_map(|number| number.try_into().ok())
        .map(u32::from_le_bytes)
        .collect()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let number = bytes.get(at..at.checked_add(4)?)?;
    number.try_into().ok().map(u32::from_le_bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u32> {
    let number = bytes.get(at..at.checked_add(2)?)?;
    number.try_into().ok().map(u16::from_le_bytes).map(u32::from)
}
