//! Records out: CSV with exactly what was collected, calculated values recomputed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use sampan_export::columns;
use sampan_export::csv::{self as tables, ExportError, Options};
use sampan_export::record::ExportRecord;
use sampan_form::compiled::{Form, What};
use sampan_form::def::Role as QuestionRole;
use sampan_interview::interview::Interview;
use sampan_record::ids::{DeviceId, FormVersionId, RowId};
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_record::review::{ReviewState, review};
use sampan_store::office::rows::{ListRow, RowFilter, Sight};
use sampan_store::office::session::Reading;
use sampan_value::answer::{Answer, Value};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::access::{Action, Principal, Resource};
use crate::error::OfficeError;
use crate::people::may;
use crate::projecting;
use crate::reviewing::listing::{self, Names};
use crate::shelf::ShelfForm;
use crate::state::Office;
use crate::views::{DownloadView, InterviewFilter};

/// Lines of the list read at once.
const STEP: u64 = 500;

/// The records that match the filter, as one CSV (one row per record), or as a zip with a table per repeat when
/// `with_repeats`. Several forms without a form in the filter: a zip with all.
pub fn csv(
    office: &Office,
    who: &Principal,
    filter: &InterviewFilter,
    with_repeats: bool,
) -> Result<DownloadView, OfficeError> {
    may(who, Action::Export, &Resource::Office)?;
    // Enumerator roles do not export, so only the places of other roles count.
    let sights: Vec<Sight> = listing::sights(who)
        .into_iter()
        .filter(|sight| matches!(sight, Sight::Place { .. }))
        .collect();
    let wanted = listing::row_filter(filter);
    office.store().read(|reading| {
        let rows = all_rows(reading, &sights, &wanted)?;
        let source = Source {
            office,
            reading,
            names: Names::read(reading)?,
            office_device: reading.identity()?.replica.device,
        };
        let form_ids: BTreeSet<&str> = rows.iter().map(|row| row.form_id.as_str()).collect();
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        for form_id in &form_ids {
            let rows: Vec<&ListRow> = rows.iter().filter(|row| row.form_id == *form_id).collect();
            if let Some(form) = source.newest(form_id, &rows)? {
                source.tables(&form, &rows, with_repeats, &mut files)?;
            }
        }
        let name = if filter.form.is_empty() {
            "interviews"
        } else {
            &filter.form
        };
        download(name, files)
    })
}

fn download(name: &str, mut files: Vec<(String, Vec<u8>)>) -> Result<DownloadView, OfficeError> {
    if files.len() <= 1 {
        let (file_name, bytes) = files.pop().unwrap_or_else(|| (format!("{name}.csv"), Vec::new()));
        return Ok(DownloadView {
            file_name,
            media_type: "text/csv; charset=utf-8".into(),
            bytes,
        });
    }
    let failed = |error: zip::result::ZipError| OfficeError::File {
        what: "the zip of the export".into(),
        source: std::io::Error::other(error),
    };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (file_name, bytes) in files {
        zip.start_file(file_name, SimpleFileOptions::default())
            .map_err(failed)?;
        zip.write_all(&bytes).map_err(|source| OfficeError::File {
            what: "the zip of the export".into(),
            source,
        })?;
    }
    Ok(DownloadView {
        file_name: format!("{name}.zip"),
        media_type: "application/zip".into(),
        bytes: zip.finish().map_err(failed)?.into_inner(),
    })
}

fn all_rows(
    reading: &Reading<'_>,
    sights: &[Sight],
    filter: &RowFilter,
) -> Result<Vec<ListRow>, OfficeError> {
    let mut rows = Vec::new();
    loop {
        let offset = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let step = reading.rows(sights, filter, offset, STEP)?;
        let is_last = step.is_empty();
        // The search text is not needed any more, and there may be many lines.
        rows.extend(step.into_iter().map(|row| ListRow {
            search: String::new(),
            ..row
        }));
        if is_last {
            return Ok(rows);
        }
    }
}

/// Where the records come from.
struct Source<'a> {
    office: &'a Office,
    reading: &'a Reading<'a>,
    names: Names,
    office_device: DeviceId,
}

impl Source<'_> {
    /// The version whose columns the table has: the newest that is not a draft, else the one of the newest record.
    fn newest(&self, form_id: &str, rows: &[&ListRow]) -> Result<Option<ShelfForm>, OfficeError> {
        let used: BTreeSet<FormVersionId> = rows.iter().map(|row| row.form).collect();
        for row in self.reading.forms()? {
            if row.form_id == form_id
                && used.contains(&row.version)
                && let Some(form) = self.office.form(row.version)?
            {
                return Ok(Some(form));
            }
        }
        match rows.first() {
            Some(row) => self.office.form(row.form),
            None => Ok(None),
        }
    }

    fn tables(
        &self,
        form: &ShelfForm,
        rows: &[&ListRow],
        with_repeats: bool,
        files: &mut Vec<(String, Vec<u8>)>,
    ) -> Result<(), OfficeError> {
        let form = form.form();
        let failure = RefCell::new(None);
        let mut bytes = Vec::new();
        tables::write(form, self.records(rows, &failure), &mut bytes).map_err(write_error)?;
        files.push((columns::file_name(form, None), bytes));
        if with_repeats {
            for repeat in columns::repeats(form) {
                let mut bytes = Vec::new();
                let records = self.records(rows, &failure);
                tables::write_repeat(form, repeat, Options::default(), records, &mut bytes)
                    .map_err(write_error)?;
                files.push((columns::file_name(form, Some(repeat)), bytes));
            }
        }
        match failure.into_inner() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// The records one after the other; a failure ends them and is kept, so that no table is given out short.
    fn records<'s>(
        &'s self,
        rows: &'s [&'s ListRow],
        failure: &'s RefCell<Option<OfficeError>>,
    ) -> impl Iterator<Item = ExportRecord> + 's {
        rows.iter().rev().map_while(move |row| match self.record(row) {
            Ok(record) => Some(record),
            Err(error) => {
                *failure.borrow_mut() = Some(error);
                None
            }
        })
    }

    fn record(&self, row: &ListRow) -> Result<ExportRecord, OfficeError> {
        let loaded = projecting::load(self.office, self.reading, row.record)?.ok_or(OfficeError::Absent)?;
        let record = &loaded.record;
        let device = record
            .first()
            .map(|header| header.replica.device)
            .filter(|device| *device != self.office_device);
        let review = review(record);
        let mut exported = ExportRecord {
            record: row.record,
            form_version: row.form,
            review_state: review.state,
            enumerator: self.names.person(row.owner),
            device,
            started: record
                .first()
                .and_then(|header| moment(header.wall_time_ms, header.utc_offset_min)),
            finished: record
                .submits()
                .last()
                .and_then(|stamp| moment(stamp.wall_time_ms, stamp.utc_offset_min)),
            country: row.country.clone(),
            province: row.province.clone(),
            n_conflicts: u32::try_from(row.n_conflicts).unwrap_or(u32::MAX),
            has_changed_since_approval: review.state == ReviewState::ChangedSinceApproval,
            answers: BTreeMap::new(),
            rows: BTreeMap::new(),
        };
        let Some(form) = self.office.form(row.form)? else {
            exported.answers = record
                .answers()
                .map(|(at, answer)| (at.clone(), answer.clone()))
                .collect();
            return Ok(exported);
        };
        let interview = Interview::from_answers(
            Arc::clone(&form.plan),
            record.answers().map(|(at, answer)| (at.clone(), answer.clone())),
            projecting::rows_of(record),
        );
        exported.answers = interview.values().into_iter().collect();
        // What this version has no place for was collected all the same.
        for aside in interview.set_aside() {
            if let Some(answer) = &aside.answer {
                exported.answers.insert(aside.at.clone(), answer.clone());
            }
        }
        collect_rows(form.form(), &interview, &mut exported.rows);
        for node in form.form().questions() {
            let Some((role, _)) = node.question() else {
                continue;
            };
            let at = AnswerPath {
                question: QuestionPath(node.path.clone()),
                rows: Vec::new(),
            };
            if let Some(Answer::Value(Value::DateTime(moment))) = exported.answers.get(&at) {
                match role {
                    QuestionRole::Start => exported.started = Some(*moment),
                    QuestionRole::End => exported.finished = Some(*moment),
                    QuestionRole::Ask
                    | QuestionRole::Note
                    | QuestionRole::Calculate
                    | QuestionRole::Today
                    | QuestionRole::DeviceId
                    | QuestionRole::Username => {}
                }
            }
        }
        Ok(exported)
    }
}

/// A moment by a writer's own clock; None when that clock was beyond all years.
fn moment(wall_time_ms: i64, utc_offset_min: i16) -> Option<DateTime<FixedOffset>> {
    let offset = FixedOffset::east_opt(i32::from(utc_offset_min).saturating_mul(60))?;
    Some(DateTime::from_timestamp_millis(wall_time_ms)?.with_timezone(&offset))
}

/// The rows of every repeat, inner ones in each row of the outer.
fn collect_rows(form: &Form, interview: &Interview, rows: &mut BTreeMap<AnswerPath, Vec<RowId>>) {
    for node in form.nodes() {
        if node.what != What::Repeat {
            continue;
        }
        let mut around: Vec<Vec<RowId>> = vec![Vec::new()];
        for outer in node.repeats.iter().filter_map(|id| form.get(*id)) {
            around = around
                .into_iter()
                .flat_map(|outside| {
                    let at = AnswerPath {
                        question: QuestionPath(outer.path.clone()),
                        rows: outside.clone(),
                    };
                    interview.rows(&at).into_iter().map(move |row| {
                        let mut inside = outside.clone();
                        inside.push(row);
                        inside
                    })
                })
                .collect();
        }
        for outside in around {
            let at = AnswerPath {
                question: QuestionPath(node.path.clone()),
                rows: outside,
            };
            let inside = interview.rows(&at);
            if !inside.is_empty() {
                rows.insert(at, inside);
            }
        }
    }
}

fn write_error(error: ExportError) -> OfficeError {
    match error {
        ExportError::Write(source) => OfficeError::File {
            what: "the export".into(),
            source,
        },
    }
}
