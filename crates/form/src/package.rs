//! A form version as bytes: canonical, versioned, and named by their hash.

use crate::def::{FormDef, Item};

/// First bytes of a form package. Format 1, 2026-11-24: the first; canonical JSON of [`FormDef`] follows.
pub const HEADER: &[u8] = b"sampan-form 1\n";
/// Largest package in bytes.
pub const PACKAGE_BYTES: usize = 32 * 1024 * 1024;
/// How deep groups and repeats may stand in each other.
pub const NESTING: usize = 20;

/// Why bytes are no form package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// More than [`PACKAGE_BYTES`].
    #[error("the form is larger than {PACKAGE_BYTES} bytes; split it or shorten its lists")]
    TooLarge,
    /// The header names another format.
    #[error("these bytes are no form of a format that this version knows; update this program")]
    UnknownFormat,
    /// The content does not decode.
    #[error("the form's bytes are damaged; fetch the form again")]
    Damaged(#[source] serde_json::Error),
    /// Groups too deep in each other.
    #[error("groups stand more than {NESTING} deep in each other; flatten the form")]
    TooDeep,
    /// Decodes, but is not written the one way that forms are written, so its hash would not be its name.
    #[error("the form's bytes are not canonical; publish the form again from its spreadsheet")]
    NotCanonical,
}

/// The bytes of a form: equal forms have equal bytes.
pub fn to_bytes(form: &FormDef) -> Vec<u8> {
    let mut bytes = HEADER.to_vec();
    serde_json::to_writer(&mut bytes, form).expect("a form has only text keys, and a Vec takes every byte");
    bytes
}

/// What names the content of a file: the BLAKE3 hash of its bytes.
pub fn content_hash(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

/// The name of a form version: BLAKE3 of its bytes. Hashes of attached files are inside.
pub fn version_hash(form: &FormDef) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(HEADER);
    let mut writer = std::io::BufWriter::with_capacity(16 * 1024, hasher);
    serde_json::to_writer(&mut writer, form)
        .expect("a form has only text keys, and a hasher takes every byte");
    let hasher = writer
        .into_inner()
        .map_err(|error| error.into_error())
        .expect("a hasher takes every byte");
    *hasher.finalize().as_bytes()
}

/// Reads what [`to_bytes`] wrote; anything else is an error.
pub fn from_bytes(bytes: &[u8]) -> Result<FormDef, PackageError> {
    if bytes.len() > PACKAGE_BYTES {
        return Err(PackageError::TooLarge);
    }
    let content = bytes.strip_prefix(HEADER).ok_or(PackageError::UnknownFormat)?;
    let form: FormDef = serde_json::from_slice(content).map_err(PackageError::Damaged)?;
    if depth(&form.items) > NESTING {
        return Err(PackageError::TooDeep);
    }
    let mut same = Same { left: content };
    match serde_json::to_writer(&mut same, &form) {
        Ok(()) if same.left.is_empty() => {}
        Ok(()) | Err(_) => return Err(PackageError::NotCanonical),
    }
    Ok(form)
}

/// Takes what is written only as long as it is the same as what is left of the bytes that were read.
struct Same<'a> {
    left: &'a [u8],
}

impl std::io::Write for Same<'_> {
    fn write(&mut self, written: &[u8]) -> std::io::Result<usize> {
        self.left = self
            .left
            .strip_prefix(written)
            .ok_or_else(|| std::io::Error::other("other bytes"))?;
        Ok(written.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// How deep groups stand in each other; the JSON reader has bounded it before.
fn depth(items: &[Item]) -> usize {
    items
        .iter()
        .map(|item| match item {
            Item::Question(_) => 0,
            Item::Group(group) => 1 + depth(&group.items),
            Item::Repeat(repeat) => 1 + depth(&repeat.items),
        })
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use crate::entries::Entries;

    use super::{HEADER, NESTING, PackageError, from_bytes, to_bytes, version_hash};
    use crate::def::{ExternalFile, FormDef, Group, Item, Translated};

    fn form(depth: usize) -> FormDef {
        let mut items = Vec::new();
        for level in 0..depth {
            items = vec![Item::Group(Group {
                label: Translated(Entries::from([("default".to_string(), "ក".to_string())])),
                items,
                ..Group::new(&format!("g{level}"))
            })];
        }
        FormDef {
            form_id: "f".into(),
            title: "F".into(),
            version: "1".into(),
            languages: vec!["default".into()],
            items,
            external: vec![ExternalFile {
                id: "adm2".into(),
                file_name: "adm2.csv".into(),
                content_hash: None,
            }],
            ..FormDef::default()
        }
    }

    #[test]
    fn a_form_comes_back_from_its_bytes_and_keeps_its_name() {
        let form = form(NESTING);
        let bytes = to_bytes(&form);
        assert_eq!(from_bytes(&bytes).unwrap(), form);
        assert_eq!(version_hash(&form), *blake3::hash(&bytes).as_bytes());
        let mut attached = form.clone();
        assert!(attached.attach("ADM2.csv", [1; 32]));
        assert_ne!(version_hash(&attached), version_hash(&form));
    }

    #[test]
    fn a_package_of_the_first_format_still_opens() {
        let golden = concat!(
            "sampan-form 1\n",
            r#"{"form_id":"f","title":"F","version":"1","languages":["default"],"items":[{"group":{"name":"g0","#,
            r#""label":{"default":"ក"},"origin":{"r":0}}}],"external":[{"id":"adm2","file_name":"adm2.csv"}]}"#
        );
        assert_eq!(from_bytes(golden.as_bytes()).unwrap(), form(1));
        assert_eq!(to_bytes(&form(1)), golden.as_bytes());
    }

    #[test]
    fn hostile_bytes_are_an_error() {
        let good = to_bytes(&form(2));
        assert!(matches!(from_bytes(b""), Err(PackageError::UnknownFormat)));
        assert!(matches!(
            from_bytes(b"sampan-form 2\n{}"),
            Err(PackageError::UnknownFormat)
        ));
        assert!(matches!(
            from_bytes(&to_bytes(&form(NESTING + 1))),
            Err(PackageError::TooDeep)
        ));
        assert!(matches!(
            from_bytes(&[good.as_slice(), b" "].concat()),
            Err(PackageError::NotCanonical)
        ));
        for length in 0..good.len() {
            assert!(from_bytes(&good[..length]).is_err(), "{length} bytes");
        }
        let deep = [HEADER, &b"[".repeat(1_000_000)].concat();
        assert!(matches!(from_bytes(&deep), Err(PackageError::Damaged(_))));
        for at in 0..good.len() {
            let mut broken = good.clone();
            broken[at] ^= 0x01;
            if let Ok(other) = from_bytes(&broken) {
                assert_ne!(version_hash(&other), version_hash(&form(2)), "byte {at}");
            }
        }
    }
}
