//! Looks whether the database keeps what it promised: chains, receipts, bytes.

use sampan_record::ids::ChangeHash;
use sampan_record::write;
use sampan_sync::receipt::{Position, Reason, Verdict};

use crate::error::StoreError;
use crate::office::session::{Reading, count};

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Changes looked at.
    pub n_changes: u64,
    /// What is wrong, in words.
    pub problems: Vec<String>,
}

const STEP: u32 = 500;

impl Reading<'_> {
    /// Reads everything once: the file's structure, each change against its receipt and its payload's hash, each
    /// chain from its first change to its last.
    pub fn check(&self) -> Result<Checked, StoreError> {
        let mut checked = Checked::default();
        let lines = self.all("check the database", "PRAGMA quick_check(10)", [], |row| {
            row.get::<_, String>(0)
        })?;
        checked
            .problems
            .extend(lines.into_iter().filter(|line| line != "ok"));
        let broken = self.all("check the database", "PRAGMA foreign_key_check", [], |row| {
            row.get::<_, String>(0)
        })?;
        checked.problems.extend(
            broken
                .into_iter()
                .map(|table| format!("a line of `{table}` points nowhere")),
        );
        self.check_changes(&mut checked)?;
        self.check_chains(&mut checked)?;
        let n_receipts = self.number("count receipts", "SELECT count(*) FROM receipt", [])?;
        let n_contradicted = self.number(
            "count contradicted changes",
            "SELECT count(*) FROM contradicted",
            [],
        )?;
        if count(n_receipts + n_contradicted) != checked.n_changes {
            checked.problems.push(format!(
                "there are {} changes but {n_receipts} receipts and {n_contradicted} contradicted ones",
                checked.n_changes
            ));
        }
        Ok(checked)
    }

    fn check_changes(&self, checked: &mut Checked) -> Result<(), StoreError> {
        let mut after = Position(0);
        loop {
            let changes = self.changes_after(after, STEP)?;
            let Some(last) = changes.last() else {
                return Ok(());
            };
            after = last.position;
            for stored in changes {
                checked.n_changes += 1;
                let header = &stored.change.header;
                let at = stored.position.0;
                if self.contradicted(header.hash())? == Some(stored.position) {
                    if stored.is_in_force {
                        checked.problems.push(format!(
                            "the change at {at} is in force, and another has its name"
                        ));
                    }
                    continue;
                }
                match self.receipt(header.dot())? {
                    None => checked
                        .problems
                        .push(format!("the change at {at} has no receipt")),
                    Some(receipt) => {
                        if receipt.hash != header.hash() {
                            checked
                                .problems
                                .push(format!("the change at {at} is not the one its receipt names"));
                        }
                        if receipt.position != stored.position {
                            checked
                                .problems
                                .push(format!("the receipt of the change at {at} names another place"));
                        }
                    }
                }
                // With several keys it takes the whole record to say which one a change was made with.
                let key = match self.keys_of(header.record)?.as_slice() {
                    [only] => *only,
                    _ => None,
                };
                if stored.is_in_force
                    && let Err(error) = write::verify(&stored.change, key.as_ref())
                {
                    checked.problems.push(format!("the change at {at}: {error}"));
                }
            }
        }
    }

    fn check_chains(&self, checked: &mut Checked) -> Result<(), StoreError> {
        // After a restore a device may no longer hold what the backup lacked: then its chain begins again behind a gap.
        let may_have_gaps = self.identity()?.is_restored;
        for (replica, chain) in self.chains()? {
            let mut prev = (0, ChangeHash([0; 32]));
            for (seq, receipt) in self.receipts_of(replica, chain.through)? {
                let is_next = seq == prev.0 + 1;
                if !is_next && !may_have_gaps {
                    checked.problems.push(format!(
                        "device {} lacks its changes {} to {} although {} are acknowledged",
                        replica.device,
                        prev.0 + 1,
                        seq.saturating_sub(1),
                        chain.through
                    ));
                }
                let is_known_as_broken = receipt.verdict == Verdict::Quarantined(Reason::BrokenChain);
                match self.change_at(receipt.position)? {
                    None => checked.problems.push(format!(
                        "change {seq} of device {} is not at its place",
                        replica.device
                    )),
                    Some(stored)
                        if is_next
                            && !is_known_as_broken
                            && write::verify_chain(&stored.change.header, &prev.1).is_err() =>
                    {
                        checked.problems.push(format!(
                            "change {seq} of device {} does not follow the one before",
                            replica.device
                        ));
                    }
                    Some(_) => {}
                }
                prev = (seq, receipt.hash);
            }
            if prev != (chain.through, chain.hash) {
                checked.problems.push(format!(
                    "the chain of device {} does not end where it says",
                    replica.device
                ));
            }
        }
        Ok(())
    }
}
