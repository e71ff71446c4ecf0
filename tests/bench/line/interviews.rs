//! The interviews as they are in the requests that were sent: merged, and computed by their form.

use std::collections::BTreeMap;
use std::sync::Arc;

use sampan_client_core::api::RecordRef;
use sampan_interview::interview::{Interview, Row};
use sampan_interview::plan::Plan;
use sampan_interview::schema::FormSchema;
use sampan_record::change::Payload;
use sampan_record::codec;
use sampan_record::ids::RecordId;
use sampan_record::record::{Record, RowState};
use sampan_sync::wire::SyncRequest;

use crate::engine;

/// Interviews of one form.
pub struct Interviews {
    plan: Arc<Plan>,
    records: BTreeMap<RecordId, Record>,
}

impl Interviews {
    /// All that stand in these requests.
    pub fn of_requests(bodies: &[Vec<u8>]) -> Result<Interviews, String> {
        let def = Arc::new(engine::read_form(&engine::spreadsheet()?)?);
        let tables = engine::read_tables(&def)?;
        let form = Arc::new(engine::compile(&def)?);
        let schema = FormSchema(Arc::clone(&form));
        let mut records = BTreeMap::new();
        for body in bodies {
            let request = SyncRequest::decode(body).map_err(|error| error.to_string())?;
            for change in &request.push.changes {
                let Payload::Full(payload) = &change.payload else {
                    return Err("a change is empty".into());
                };
                let ops = codec::decode_ops(payload, &schema).map_err(|error| error.to_string())?;
                let id = change.header.record;
                let record: &mut Record = records.entry(id).or_insert_with(|| Record::new(id));
                record.insert(change, ops);
            }
        }
        Ok(Interviews {
            plan: Arc::new(Plan::new(form, Arc::new(tables))),
            records,
        })
    }

    /// One of them.
    pub fn of(&self, record: &RecordRef) -> Result<Interview, String> {
        let id: RecordId = record
            .0
            .parse()
            .map_err(|_| format!("{} is no record", record.0))?;
        let record = self.records.get(&id).ok_or("a record was not sent")?;
        let answers: Vec<_> = record
            .answers()
            .map(|(at, answer)| (at.clone(), answer.clone()))
            .collect();
        let mut rows = Vec::new();
        for repeat in record.repeats() {
            for row in record.rows(&repeat) {
                if row.state != RowState::Removed && row.row.counted_index().is_none() {
                    rows.push(Row {
                        repeat: repeat.clone(),
                        row: row.row,
                        position: row.position,
                    });
                }
            }
        }
        Ok(Interview::from_answers(Arc::clone(&self.plan), answers, rows))
    }
}
