//! Tokens that devices carry: short-lived, signed by the office, renewed with a proof by the device's own key.
//!
//! A device never loses its way over a token: it signs a challenge with the key it made at enrolment and gets a new
//! one, as often as it likes. So a lost answer, a restart or a rotation of keys locks nobody out.
//!
//! The office's keys live in files of its folder (mode 0600), never in the database, so a backup of the database
//! cannot sign. Signing and checking are Ed25519 only; what a token says about its own algorithm is not believed.

use std::path::PathBuf;
use std::sync::RwLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use sampan_record::ids::DeviceId;
use serde::{Deserialize, Serialize};

use crate::tokens::files::KeyFile;

pub mod files;

/// How long a token is good for, in milliseconds.
pub const TOKEN_MS: i64 = 15 * 60 * 1000;
/// How long a challenge may be answered, in milliseconds.
pub const CHALLENGE_MS: i64 = 10 * 60 * 1000;
/// Age at which a new signing key takes over; the previous one stays valid for the tokens it signed.
pub const ROTATE_MS: i64 = 90 * 24 * 60 * 60 * 1000;
/// Clocks of two processes of one office may differ by this much, in seconds.
const LEEWAY_S: i64 = 30;
/// Longest token that is looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 2048;
const ISSUER: &str = "sampan-office";
const AUDIENCE: &str = "sampan-sync";
const TYPE: &str = "sampan-device+jwt";
const CHALLENGE_BYTES: usize = 16 + 8 + 32;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Always this office's name for itself.
    iss: String,
    /// Always the sync of this office.
    aud: String,
    /// The device.
    sub: String,
    /// Name of this token, for the log.
    jti: String,
    /// Seconds since 1970 from which it is good.
    nbf: i64,
    /// Seconds since 1970 until which it is good.
    exp: i64,
    /// The device's epoch when it was issued; a revocation raises the device's epoch and so ends it.
    epoch: u64,
}

/// A token that was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer {
    /// Who carries it.
    pub device: DeviceId,
    /// The device's epoch when it was issued; the caller compares it with the present one.
    pub epoch: u64,
}

/// A new token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// As it goes into the `Authorization` header.
    pub token: String,
    /// Milliseconds since 1970 until which it is good.
    pub expires_at_ms: i64,
}

/// Why keys or tokens are not to be had.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// A key file cannot be read or written.
    #[error(
        "the key file {path} cannot be used: {source}; check that the disk is not full and the folder is yours"
    )]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A key file can be read by others.
    #[error("others can read the key file {0}; run: chmod 600 {0}")]
    Open(PathBuf),
    /// A key file is not one.
    #[error(
        "{0} is not a key of this program; put the right file back from your backup, or move it away to get a new key"
    )]
    Damaged(PathBuf),
    /// The random generator of the system failed.
    #[error("the system gives no random numbers; the server cannot run without them")]
    Chance,
    /// Signing failed.
    #[error("a token could not be signed: {0}")]
    Signing(String),
    /// Signing and checking do not do what they must on this machine.
    #[error("the self-test of token signing failed ({0}); do not run this build")]
    SelfTest(&'static str),
}

/// Why a token, challenge or signature was refused. The reason is for the log, never for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not a token of ours, or changed, or signed by nobody we know.
    #[error("forged or damaged")]
    Forged,
    /// Its time is over.
    #[error("expired")]
    Expired,
    /// Its time has not come.
    #[error("not valid yet")]
    TooEarly,
}

/// Gives 32 random bytes.
pub type Chance<'a> = &'a dyn Fn() -> [u8; 32];

/// The office's keys, current and previous, and what is done with them.
pub struct Tokens {
    folder: PathBuf,
    keys: RwLock<Keys>,
}

struct Keys {
    current: Key,
    previous: Option<Key>,
    challenge: [u8; 32],
}

struct Key {
    id: String,
    created_ms: i64,
    signing: EncodingKey,
    checking: DecodingKey,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(***)")
    }
}

impl Tokens {
    /// Opens the keys in `folder`, makes them if there are none, rotates them if they are due, and proves that
    /// signing, checking and refusing work on this machine.
    pub fn open(folder: PathBuf, chance: Chance<'_>, now_ms: i64) -> Result<Tokens, TokenError> {
        files::make_folder(&folder)?;
        let current = match files::read(&folder.join("token-current.key"))? {
            Some(file) => file,
            None => files::create(&folder.join("token-current.key"), chance, now_ms)?,
        };
        let previous = files::read(&folder.join("token-previous.key"))?;
        let challenge = match files::read(&folder.join("challenge.key"))? {
            Some(file) => file,
            None => files::create(&folder.join("challenge.key"), chance, now_ms)?,
        };
        let keys = Keys {
            current: Key::new(&current)?,
            previous: previous.as_ref().map(Key::new).transpose()?,
            challenge: challenge.secret,
        };
        let tokens = Tokens {
            folder,
            keys: RwLock::new(keys),
        };
        tokens.rotate_if_due(chance, now_ms)?;
        tokens.self_test(now_ms)?;
        Ok(tokens)
    }

    /// A token for a device, good for [`TOKEN_MS`].
    pub fn issue(&self, device: DeviceId, epoch: u64, jti: u128, now_ms: i64) -> Result<Issued, TokenError> {
        let expires_at_ms = now_ms.saturating_add(TOKEN_MS);
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: device.to_string(),
            jti: format!("{jti:032x}"),
            nbf: now_ms.div_euclid(1000),
            exp: expires_at_ms.div_euclid(1000),
            epoch,
        };
        let keys = self
            .keys
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(Issued {
            token: keys.current.sign(&claims)?,
            expires_at_ms,
        })
    }

    /// Who carries this token, if it is ours and its time is now. The caller still compares the epoch.
    pub fn check(&self, token: &str, now_ms: i64) -> Result<Bearer, Refused> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refused::Forged);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refused::Forged)?;
        let is_plain = header.typ.as_deref() == Some(TYPE)
            && header.alg == Algorithm::EdDSA
            && header.crit.is_none()
            && header.jwk.is_none()
            && header.jku.is_none()
            && header.x5u.is_none()
            && header.x5c.is_none();
        let kid = header.kid.filter(|_| is_plain).ok_or(Refused::Forged)?;
        let keys = self
            .keys
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = [Some(&keys.current), keys.previous.as_ref()]
            .into_iter()
            .flatten()
            .find(|key| key.id == kid)
            .ok_or(Refused::Forged)?;
        let claims = key.check(token)?;
        let now_s = now_ms.div_euclid(1000);
        if claims.exp < now_s.saturating_sub(LEEWAY_S) {
            return Err(Refused::Expired);
        }
        if claims.nbf > now_s.saturating_add(LEEWAY_S) {
            return Err(Refused::TooEarly);
        }
        let is_ours = claims.jti.len() == 32 && claims.exp.saturating_sub(claims.nbf) <= TOKEN_MS / 1000 + 1;
        let device = claims.sub.parse().map_err(|_| Refused::Forged)?;
        if !is_ours {
            return Err(Refused::Forged);
        }
        Ok(Bearer {
            device,
            epoch: claims.epoch,
        })
    }

    /// Something for a device to sign: random bytes and the time under the office's seal, so nothing is stored.
    pub fn challenge(&self, device: DeviceId, random: u128, now_ms: i64) -> String {
        let random = random.to_be_bytes();
        let seal = self.seal(device, &random, now_ms);
        let mut bytes = Vec::with_capacity(CHALLENGE_BYTES);
        bytes.extend_from_slice(&random);
        bytes.extend_from_slice(&now_ms.to_be_bytes());
        bytes.extend_from_slice(seal.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whether this device signed this challenge of ours in time.
    pub fn prove(
        &self,
        device: DeviceId,
        public_key: &[u8; 32],
        challenge: &str,
        signature: &str,
        now_ms: i64,
    ) -> Result<(), Refused> {
        let bytes = URL_SAFE_NO_PAD.decode(challenge).map_err(|_| Refused::Forged)?;
        let (random, rest) = bytes.split_first_chunk::<16>().ok_or(Refused::Forged)?;
        let (time, seal) = rest.split_first_chunk::<8>().ok_or(Refused::Forged)?;
        let seal = <[u8; 32]>::try_from(seal).map_err(|_| Refused::Forged)?;
        let issued_ms = i64::from_be_bytes(*time);
        if self.seal(device, random, issued_ms) != blake3::Hash::from_bytes(seal) {
            return Err(Refused::Forged);
        }
        if now_ms.saturating_sub(issued_ms) > CHALLENGE_MS {
            return Err(Refused::Expired);
        }
        if issued_ms.saturating_sub(now_ms) > LEEWAY_S * 1000 {
            return Err(Refused::TooEarly);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Refused::Forged)?;
        let signature = Signature::from_slice(&signature).map_err(|_| Refused::Forged)?;
        let key = VerifyingKey::from_bytes(public_key).map_err(|_| Refused::Forged)?;
        key.verify_strict(proof_text(device, challenge).as_bytes(), &signature)
            .map_err(|_| Refused::Forged)
    }

    /// Makes a new signing key when the current one is old; tokens of the old one stay good until they expire.
    pub fn rotate_if_due(&self, chance: Chance<'_>, now_ms: i64) -> Result<bool, TokenError> {
        let mut keys = self
            .keys
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if now_ms.saturating_sub(keys.current.created_ms) < ROTATE_MS {
            return Ok(false);
        }
        let current = self.folder.join("token-current.key");
        files::copy(&current, &self.folder.join("token-previous.key"))?;
        let next = Key::new(&files::create(&current, chance, now_ms)?)?;
        keys.previous = Some(std::mem::replace(&mut keys.current, next));
        Ok(true)
    }

    /// A seal on a text for one purpose, as base64url: whoever can show it got it from this office.
    pub fn seal_text(&self, purpose: &str, text: &str) -> String {
        let keys = self
            .keys
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut hasher = blake3::Hasher::new_keyed(&keys.challenge);
        hasher.update(b"sampan-text-v1");
        hasher.update(&(purpose.len() as u64).to_be_bytes());
        hasher.update(purpose.as_bytes());
        hasher.update(text.as_bytes());
        URL_SAFE_NO_PAD.encode(hasher.finalize().as_bytes())
    }

    /// Whether a seal is the one of [`Tokens::seal_text`], compared in constant time.
    pub fn is_sealed(&self, purpose: &str, text: &str, seal: &str) -> bool {
        let hash = |seal: &str| blake3::hash(seal.as_bytes());
        hash(&self.seal_text(purpose, text)) == hash(seal)
    }

    fn seal(&self, device: DeviceId, random: &[u8; 16], issued_ms: i64) -> blake3::Hash {
        let keys = self
            .keys
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut hasher = blake3::Hasher::new_keyed(&keys.challenge);
        hasher.update(b"sampan-challenge-v1");
        hasher.update(device.0.as_bytes());
        hasher.update(random);
        hasher.update(&issued_ms.to_be_bytes());
        hasher.finalize()
    }

    /// A provider that is missing or broken shows itself at start, not at the first device.
    fn self_test(&self, now_ms: i64) -> Result<(), TokenError> {
        let device = DeviceId(uuid::Uuid::from_u128(1));
        let issued = self.issue(device, 7, 1, now_ms)?;
        let bearer = self
            .check(&issued.token, now_ms)
            .map_err(|_| TokenError::SelfTest("a good token was refused"))?;
        if bearer.device != device || bearer.epoch != 7 {
            return Err(TokenError::SelfTest("a token changed on its way"));
        }
        if self.check(&issued.token, issued.expires_at_ms + 60_000).is_ok() {
            return Err(TokenError::SelfTest("an expired token was taken"));
        }
        let (rest, signature) = issued.token.rsplit_once('.').unwrap_or_default();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let forged = format!("{rest}.{other}{}", signature.get(1..).unwrap_or_default());
        if self.check(&forged, now_ms).is_ok() {
            return Err(TokenError::SelfTest("a forged token was taken"));
        }
        Ok(())
    }
}

/// The device that a token claims to be of, without any check: good for choosing a challenge, for nothing else.
pub fn claimed_device(token: &str) -> Option<DeviceId> {
    #[derive(Deserialize)]
    struct Subject {
        sub: DeviceId,
    }
    let payload = token
        .split('.')
        .nth(1)
        .filter(|text| text.len() <= MAX_TOKEN_BYTES)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice::<Subject>(&bytes)
        .ok()
        .map(|subject| subject.sub)
}

/// What a device signs to prove that it is itself.
pub fn proof_text(device: DeviceId, challenge: &str) -> String {
    format!("sampan-token-v1\n{device}\n{challenge}")
}

impl Key {
    fn new(file: &KeyFile) -> Result<Key, TokenError> {
        let pair = SigningKey::from_bytes(&file.secret);
        let public = pair.verifying_key().to_bytes();
        let der = pair
            .to_pkcs8_der()
            .map_err(|error| TokenError::Signing(error.to_string()))?;
        let id: String = blake3::hash(&public).to_hex().chars().take(16).collect();
        Ok(Key {
            id,
            created_ms: file.created_ms,
            signing: EncodingKey::from_ed_der(der.as_bytes()),
            checking: DecodingKey::from_ed_der(&public),
        })
    }

    fn sign(&self, claims: &Claims) -> Result<String, TokenError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.into());
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.signing)
            .map_err(|error| TokenError::Signing(error.to_string()))
    }

    /// Signature, presence and type of every claim, issuer and audience; the time is compared by the caller, against
    /// the clock that the whole office uses.
    fn check(&self, token: &str) -> Result<Claims, Refused> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        jsonwebtoken::decode::<Claims>(token, &self.checking, &validation)
            .map(|data| data.claims)
            .map_err(|_| Refused::Forged)
    }
}

#[cfg(test)]
mod tests;
