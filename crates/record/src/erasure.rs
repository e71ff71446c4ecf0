//! Emptying what the law wants emptied, without breaking a chain.
//!
//! An erasure empties every change that did not know of it, whenever that change arrives; what somebody writes
//! knowing of the erasure stays. Headers, hashes and the erasure itself remain.

use crate::change::Change;
use crate::op::Op;
use crate::record::Record;
use crate::schema::Schema;

/// A change with what the record's erasures name taken out, and its key dropped; None when there is nothing to take
/// out. `ops` are the change's decoded ops, `schema` that of its form version. The record must hold the erasures; it
/// need not hold the change.
pub fn redact(_record: &Record, _change: &Change, _ops: &[Op], _schema: &dyn Schema) -> Option<Change> {
    None
}
