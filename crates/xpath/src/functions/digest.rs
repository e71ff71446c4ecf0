//! Fingerprints, base64 and signatures.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};
use ed25519_dalek::{PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, Signature, VerifyingKey};
use md5::Digest;

/// Reads base64 with or without the signs that fill it up.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How a fingerprint is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Base64 with padding.
    Base64,
    /// Small hexadecimal digits.
    Hex,
}

impl Encoding {
    /// The encoding of that name, in capital or small letters; None if there is none.
    pub fn named(name: &str) -> Option<Encoding> {
        if name.eq_ignore_ascii_case("base64") {
            Some(Encoding::Base64)
        } else if name.eq_ignore_ascii_case("hex") {
            Some(Encoding::Hex)
        } else {
            None
        }
    }
}

/// `digest(text, algorithm, encoding)`; None if there is no algorithm of that name.
pub fn digest(text: &str, algorithm: &str, encoding: Encoding) -> Option<String> {
    let bytes: Vec<u8> = match algorithm.to_ascii_uppercase().as_str() {
        "MD5" => md5::Md5::digest(text).to_vec(),
        "SHA-1" => sha1::Sha1::digest(text).to_vec(),
        "SHA-256" => sha2::Sha256::digest(text).to_vec(),
        "SHA-384" => sha2::Sha384::digest(text).to_vec(),
        "SHA-512" => sha2::Sha512::digest(text).to_vec(),
        _ => return None,
    };
    Some(match encoding {
        Encoding::Base64 => general_purpose::STANDARD.encode(bytes),
        Encoding::Hex => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

/// `base64-decode(text)`: the text inside; empty if it is not base64, � where it is no UTF-8.
pub fn base64_decode(text: &str) -> String {
    bytes_of(text).map_or_else(String::new, |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// `extract-signed(contents, key)`: the text behind the Ed25519 signature that begins the contents (both in base64);
/// empty unless the key made that signature.
pub fn extract_signed(contents: &str, public_key: &str) -> String {
    signed_text(contents, public_key).unwrap_or_default()
}

fn signed_text(contents: &str, public_key: &str) -> Option<String> {
    let contents = bytes_of(contents)?;
    let key: [u8; PUBLIC_KEY_LENGTH] = bytes_of(public_key)?.try_into().ok()?;
    let (signature, message) = contents.split_first_chunk::<SIGNATURE_LENGTH>()?;
    let key = VerifyingKey::from_bytes(&key).ok()?;
    key.verify_strict(message, &Signature::from_bytes(signature))
        .ok()?;
    String::from_utf8(message.to_vec()).ok()
}

/// The first 64 bits of the SHA-256 of a text: what ODK clients take as a seed when it is no number.
pub fn seed_of(text: &str) -> i64 {
    let hash = sha2::Sha256::digest(text);
    hash.iter()
        .take(8)
        .fold(0i64, |seed, byte| (seed << 8) | i64::from(*byte))
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let plain: String = text.chars().filter(|sign| !sign.is_ascii_whitespace()).collect();
    LENIENT.decode(plain).ok()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use ed25519_dalek::{Signer, SigningKey};

    use super::{Encoding, base64_decode, digest, extract_signed, seed_of};

    #[test]
    fn fingerprints_are_those_of_the_standards() {
        for (algorithm, encoding, expected) in [
            ("MD5", "hex", "d41d8cd98f00b204e9800998ecf8427e"),
            ("sha-1", "HEX", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            (
                "SHA-256",
                "base64",
                "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            ),
        ] {
            let encoding = Encoding::named(encoding).unwrap();
            assert_eq!(digest("", algorithm, encoding).as_deref(), Some(expected));
        }
        assert_eq!(digest("", "SHA-384", Encoding::Hex).unwrap().len(), 96);
        assert_eq!(digest("", "SHA-512", Encoding::Hex).unwrap().len(), 128);
        assert_eq!(digest("", "CRC32", Encoding::Hex), None);
        assert_eq!(Encoding::named("base32"), None);
    }

    #[test]
    fn base64_that_is_none_is_empty() {
        for (written, text) in [
            ("4Z6A", "ក"),
            ("YQ", "a"),
            ("YQ==", "a"),
            ("Y Q =\n=", "a"),
            ("?", ""),
            ("", ""),
        ] {
            assert_eq!(base64_decode(written), text, "{written}");
        }
    }

    #[test]
    fn only_the_right_key_opens_what_is_signed() {
        let pair = SigningKey::from_bytes(&[7; 32]);
        let mut bytes = pair.sign("ទិន្នន័យ".as_bytes()).to_bytes().to_vec();
        bytes.extend("ទិន្នន័យ".as_bytes());
        let contents = STANDARD.encode(&bytes);
        let key = STANDARD.encode(pair.verifying_key().as_bytes());
        assert_eq!(extract_signed(&contents, &key), "ទិន្នន័យ");
        let other = STANDARD.encode(SigningKey::from_bytes(&[8; 32]).verifying_key().as_bytes());
        for (contents, key) in [
            (contents.as_str(), other.as_str()),
            ("YQ==", &key),
            ("", ""),
            (&contents, "YQ=="),
        ] {
            assert_eq!(extract_signed(contents, key), "");
        }
    }

    #[test]
    fn a_word_is_a_seed_by_its_fingerprint() {
        assert_eq!(seed_of(""), 0xE3B0_C442_98FC_1C14u64 as i64);
    }
}
