//! Passwords: argon2id behind a bounded number of permits, and a limit on failures per account.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::error::OfficeError;

/// Hashes at once: each takes about 20 MiB.
const AT_ONCE: usize = 2;
/// Most that wait for a permit; more are sent away.
const IN_LINE: usize = 64;
/// Failures of one account before it has to wait.
const FREE_FAILURES: u32 = 5;
/// Longest wait after failures.
const LONGEST_WAIT_MS: i64 = 15 * 60 * 1000;
/// Accounts (known or not) whose failures are remembered.
const REMEMBERED: usize = 10_000;
/// Longest password that is looked at.
pub const PASSWORD_BYTES: usize = 512;
/// Largest memory that a stored hash may ask for: a row from elsewhere cannot exhaust the machine.
const MOST_MEMORY_KIB: u32 = 256 * 1024;

/// Hashes passwords for the office.
#[derive(Debug)]
pub struct Hashing {
    argon2: Argon2<'static>,
    /// A hash of nothing, checked for logins that do not exist so that they take the same time.
    nobody: String,
    places: Mutex<Places>,
    freed: Condvar,
    failures: Mutex<HashMap<String, Failures>>,
}

#[derive(Debug, Default)]
struct Places {
    n_running: usize,
    n_waiting: usize,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    n: u32,
    blocked_until_ms: i64,
}

/// A permit to hash; given back when dropped.
struct Permit<'a>(&'a Hashing);

impl Hashing {
    /// Hashing with so much memory, t=2, p=1. `salt` is for the hash of nobody.
    pub fn new(memory_kib: u32, salt: &[u8; 16]) -> Result<Hashing, OfficeError> {
        let params = Params::new(memory_kib, 2, 1, None)
            .map_err(|error| OfficeError::invalid(error.to_string(), "Choose another argon2 memory size."))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = hash(&argon2, "nobody has this password", salt)?;
        Ok(Hashing {
            argon2,
            nobody,
            places: Mutex::default(),
            freed: Condvar::new(),
            failures: Mutex::default(),
        })
    }

    /// The PHC string of a password.
    pub fn hash(&self, password: &str, salt: &[u8; 16]) -> Result<String, OfficeError> {
        let _permit = self.permit()?;
        hash(&self.argon2, password, salt)
    }

    /// Whether a password is the one behind a PHC string; for None it takes the same time and is false.
    pub fn is_right(&self, password: &str, phc: Option<&str>) -> Result<bool, OfficeError> {
        let _permit = self.permit()?;
        let parsed = PasswordHash::new(phc.unwrap_or(&self.nobody))
            .map_err(|_| OfficeError::Damaged("a stored password".into()))?;
        let memory_kib = Params::try_from(&parsed).map_or(u32::MAX, |params| params.m_cost());
        if memory_kib > MOST_MEMORY_KIB {
            return Err(OfficeError::Damaged("a stored password".into()));
        }
        let is_right = self.argon2.verify_password(password.as_bytes(), &parsed).is_ok();
        Ok(is_right && phc.is_some())
    }

    /// Refuses an account that failed too often lately.
    pub fn check_failures(&self, login: &str, now_ms: i64) -> Result<(), OfficeError> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        match failures.get(login) {
            Some(failures) if failures.blocked_until_ms > now_ms => {
                let wait_ms = failures.blocked_until_ms.saturating_sub(now_ms);
                Err(OfficeError::Busy {
                    retry_after_s: u32::try_from(wait_ms / 1000 + 1).unwrap_or(u32::MAX),
                })
            }
            _ => Ok(()),
        }
    }

    /// Notes how a sign-in ended. The wait doubles with each failure after the first few, and never locks anybody out
    /// for longer than a quarter of an hour.
    pub fn note(&self, login: &str, is_right: bool, now_ms: i64) {
        let mut all = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if is_right {
            all.remove(login);
            return;
        }
        if all.len() >= REMEMBERED {
            all.retain(|_, failures| failures.blocked_until_ms > now_ms);
        }
        if all.len() >= REMEMBERED {
            return;
        }
        let failures = all.entry(login.to_string()).or_insert(Failures {
            n: 0,
            blocked_until_ms: 0,
        });
        failures.n = failures.n.saturating_add(1);
        if let Some(beyond) = failures.n.checked_sub(FREE_FAILURES) {
            let wait_ms = 1000_i64
                .checked_shl(beyond.min(20))
                .unwrap_or(LONGEST_WAIT_MS)
                .min(LONGEST_WAIT_MS);
            failures.blocked_until_ms = now_ms.saturating_add(wait_ms);
        }
    }

    fn permit(&self) -> Result<Permit<'_>, OfficeError> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.n_waiting >= IN_LINE {
            return Err(OfficeError::Busy { retry_after_s: 5 });
        }
        places.n_waiting += 1;
        while places.n_running >= AT_ONCE {
            places = self.freed.wait(places).unwrap_or_else(PoisonError::into_inner);
        }
        places.n_waiting -= 1;
        places.n_running += 1;
        Ok(Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut places = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.n_running = places.n_running.saturating_sub(1);
        drop(places);
        self.0.freed.notify_one();
    }
}

fn hash(argon2: &Argon2<'_>, password: &str, salt: &[u8; 16]) -> Result<String, OfficeError> {
    argon2
        .hash_password_with_salt(password.as_bytes(), salt)
        .map(|hash: PasswordHash| hash.to_string())
        .map_err(|error| OfficeError::invalid(error.to_string(), "Choose another password."))
}

#[cfg(test)]
mod tests {
    use super::Hashing;
    use crate::error::OfficeError;

    #[test]
    fn only_the_right_password_of_somebody_is_right() {
        let hashing = Hashing::new(64, &[1; 16]).unwrap();
        let phc = hashing.hash("ទូក sampan", &[2; 16]).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{phc}");
        assert!(hashing.is_right("ទូក sampan", Some(&phc)).unwrap());
        assert!(!hashing.is_right("ទូក", Some(&phc)).unwrap());
        assert!(!hashing.is_right("nobody has this password", None).unwrap());
    }

    #[test]
    fn an_account_waits_after_failures_and_others_do_not() {
        let hashing = Hashing::new(64, &[1; 16]).unwrap();
        for _ in 0..4 {
            hashing.note("dara", false, 0);
        }
        assert!(hashing.check_failures("dara", 0).is_ok());
        for _ in 0..4 {
            hashing.note("dara", false, 0);
        }
        let refused = hashing.check_failures("dara", 0).unwrap_err();
        assert!(
            matches!(refused, OfficeError::Busy { retry_after_s: 9 }),
            "{refused:?}"
        );
        assert!(hashing.check_failures("malis", 0).is_ok());
        assert!(hashing.check_failures("dara", 9_000).is_ok());
        hashing.note("dara", true, 9_000);
        hashing.note("dara", false, 9_000);
        assert!(hashing.check_failures("dara", 9_000).is_ok());
    }
}
