//! The list of records and the search: projections, made from changes by the server and made anew by a rebuild.

use rusqlite::types::Value;
use rusqlite::{Row, params, params_from_iter};

use sampan_record::ids::{FormVersionId, PersonId, RecordId};
use sampan_sync::receipt::Position;

use crate::error::StoreError;
use crate::office::session::{Reading, Writing, content_at, count, person_at, position, record_at};

/// A record's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// The record.
    pub record: RecordId,
    /// The author's name of its form; empty when the form is unknown.
    pub form_id: String,
    /// The form version it is worked on under.
    pub form: FormVersionId,
    /// Review state word.
    pub state: String,
    /// Project.
    pub project: String,
    /// Country code; empty = unknown.
    pub country: String,
    /// Admin-1 code; empty = unknown.
    pub province: String,
    /// The province's name in the first language of the record's form; empty = unknown.
    pub province_label: String,
    /// Team; empty = none.
    pub team: String,
    /// Who began it.
    pub owner: PersonId,
    /// Who is to work on it; None = its owner.
    pub assignee: Option<PersonId>,
    /// Its name for people.
    pub label: String,
    /// Places with more than one value.
    pub n_conflicts: u64,
    /// Comments not yet resolved.
    pub n_open_comments: u64,
    /// Changes in force.
    pub n_changes: u64,
    /// When the office took in its last change.
    pub updated_at_ms: i64,
    /// Position of its last change.
    pub last_position: Position,
    /// Label and answers in lower case, one a line.
    pub search: String,
    /// Files its answers name: hash and size in bytes.
    pub media: Vec<([u8; 32], u64)>,
}

/// A part of the records that somebody may see; several are joined by "or".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// Those at a place; empty text = anywhere.
    Place {
        /// Project.
        project: String,
        /// Country code.
        country: String,
        /// Admin-1 code.
        province: String,
        /// Team.
        team: String,
    },
    /// Those a person began or is to work on.
    Own(PersonId),
}

/// Which records to list; empty text = not filtered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// Country code.
    pub country: String,
    /// Admin-1 code.
    pub province: String,
    /// Team.
    pub team: String,
    /// Who began it or is to work on it.
    pub enumerator: Option<PersonId>,
    /// Review state word.
    pub state: String,
    /// Only those with conflicts.
    pub with_conflicts: bool,
    /// Form.
    pub form_id: String,
    /// Words that must all occur.
    pub words: Vec<String>,
}

/// By what records are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facet {
    /// Country code.
    Country,
    /// Admin-1 code.
    Province,
    /// Team.
    Team,
    /// Who is to work on it, else who began it (person id as hex).
    Enumerator,
    /// Review state word.
    State,
    /// Form.
    Form,
}

const ROW: &str =
    "SELECT record, form_id, form, state, project, country, province, team, owner, assignee, label,
    n_conflicts, n_open_comments, n_changes, updated_at_ms, last_position, search, province_label FROM record_row";

fn list_row(row: &Row<'_>) -> rusqlite::Result<ListRow> {
    Ok(ListRow {
        record: record_at(row, 0)?,
        form_id: row.get(1)?,
        form: content_at(row, 2)?,
        state: row.get(3)?,
        project: row.get(4)?,
        country: row.get(5)?,
        province: row.get(6)?,
        team: row.get(7)?,
        owner: person_at(row, 8)?,
        assignee: row
            .get::<_, Option<[u8; 16]>>(9)?
            .map(|bytes| PersonId(uuid::Uuid::from_bytes(bytes))),
        label: row.get(10)?,
        n_conflicts: count(row.get(11)?),
        n_open_comments: count(row.get(12)?),
        n_changes: count(row.get(13)?),
        updated_at_ms: row.get(14)?,
        last_position: Position(count(row.get(15)?)),
        search: row.get(16)?,
        province_label: row.get(17)?,
        media: Vec::new(),
    })
}

/// A condition with its values, for SQL that is put together from fixed pieces.
struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl Condition {
    fn and(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
        self.values.extend(values);
    }
}

fn blob(person: PersonId) -> Value {
    Value::Blob(person.0.as_bytes().to_vec())
}

fn condition(sights: &[Sight], filter: &RowFilter) -> Condition {
    let mut condition = Condition {
        sql: "(FALSE".into(),
        values: Vec::new(),
    };
    for sight in sights {
        match sight {
            Sight::Own(person) => {
                condition.sql.push_str(" OR owner = ? OR assignee = ?");
                condition.values.extend([blob(*person), blob(*person)]);
            }
            Sight::Place {
                project,
                country,
                province,
                team,
            } => {
                condition.sql.push_str(" OR (TRUE");
                for (column, bound) in [
                    ("project = ?", project),
                    ("country = ?", country),
                    ("province = ?", province),
                    ("team = ?", team),
                ] {
                    if !bound.is_empty() {
                        condition.and(column, [Value::Text(bound.clone())]);
                    }
                }
                condition.sql.push(')');
            }
        }
    }
    condition.sql.push(')');
    for (column, bound) in [
        ("country = ?", &filter.country),
        ("province = ?", &filter.province),
        ("team = ?", &filter.team),
        ("state = ?", &filter.state),
        ("form_id = ?", &filter.form_id),
    ] {
        if !bound.is_empty() {
            condition.and(column, [Value::Text(bound.clone())]);
        }
    }
    if let Some(person) = filter.enumerator {
        condition.and("coalesce(assignee, owner) = ?", [blob(person)]);
    }
    if filter.with_conflicts {
        condition.and("n_conflicts > 0", []);
    }
    for word in &filter.words {
        condition.and("instr(search, ?) > 0", [Value::Text(word.to_lowercase())]);
    }
    condition
}

impl Reading<'_> {
    /// A record's line, without its media; None when there is none.
    pub fn row(&self, record: RecordId) -> Result<Option<ListRow>, StoreError> {
        self.first(
            "read a record's line",
            &format!("{ROW} WHERE record = ?1"),
            params![record.0.as_bytes()],
            list_row,
        )
    }

    /// The files a record's answers name, by hash.
    pub fn media_of(&self, record: RecordId) -> Result<Vec<([u8; 32], u64)>, StoreError> {
        self.all(
            "read a record's files",
            "SELECT hash, size_bytes FROM record_media WHERE record = ?1 ORDER BY hash",
            params![record.0.as_bytes()],
            |row| Ok((row.get(0)?, count(row.get(1)?))),
        )
    }

    /// Lines within sight that match, newest first.
    pub fn rows(
        &self,
        sights: &[Sight],
        filter: &RowFilter,
        offset: u64,
        limit: u64,
    ) -> Result<Vec<ListRow>, StoreError> {
        let mut condition = condition(sights, filter);
        condition
            .values
            .extend([Value::Integer(position(limit)), Value::Integer(position(offset))]);
        self.all(
            "list records",
            &format!(
                "{ROW} WHERE {} ORDER BY last_position DESC LIMIT ? OFFSET ?",
                condition.sql
            ),
            params_from_iter(condition.values),
            list_row,
        )
    }

    /// The lines within sight that match and have waited longest, oldest first.
    pub fn oldest_rows(
        &self,
        sights: &[Sight],
        filter: &RowFilter,
        limit: u64,
    ) -> Result<Vec<ListRow>, StoreError> {
        let mut condition = condition(sights, filter);
        condition.values.push(Value::Integer(position(limit)));
        self.all(
            "list records",
            &format!("{ROW} WHERE {} ORDER BY last_position LIMIT ?", condition.sql),
            params_from_iter(condition.values),
            list_row,
        )
    }

    /// The names of the provinces of the records within sight, by code; where forms differ, the one of the record that
    /// changed last.
    pub fn province_labels(&self, sights: &[Sight]) -> Result<Vec<(String, String)>, StoreError> {
        let condition = condition(sights, &RowFilter::default());
        self.all(
            "read the names of provinces",
            &format!(
                "SELECT province, province_label, max(last_position) FROM record_row
                 WHERE {} AND province_label <> '' GROUP BY province ORDER BY province",
                condition.sql
            ),
            params_from_iter(condition.values),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// How many lines within sight match.
    pub fn n_rows(&self, sights: &[Sight], filter: &RowFilter) -> Result<u64, StoreError> {
        let condition = condition(sights, filter);
        self.number(
            "count records",
            &format!("SELECT count(*) FROM record_row WHERE {}", condition.sql),
            params_from_iter(condition.values),
        )
        .map(count)
    }

    /// How many records within sight each value of a facet has, by value; unknown (empty) values are left out.
    pub fn facet(
        &self,
        facet: Facet,
        sights: &[Sight],
        filter: &RowFilter,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let column = match facet {
            Facet::Country => "country",
            Facet::Province => "province",
            Facet::Team => "team",
            Facet::Enumerator => "lower(hex(coalesce(assignee, owner)))",
            Facet::State => "state",
            Facet::Form => "form_id",
        };
        let condition = condition(sights, filter);
        self.all(
            "count records",
            &format!(
                "SELECT {column} AS value, count(*) FROM record_row WHERE {} AND {column} <> ''
                 GROUP BY value ORDER BY value",
                condition.sql
            ),
            params_from_iter(condition.values),
            |row| Ok((row.get(0)?, count(row.get(1)?))),
        )
    }
}

impl Writing<'_> {
    /// Puts a record's line in place of the one before.
    pub fn put_row(&self, row: &ListRow) -> Result<(), StoreError> {
        self.run(
            "keep a record's line",
            "INSERT OR REPLACE INTO record_row (record, form_id, form, state, project, country, province, team, owner,
                 assignee, label, n_conflicts, n_open_comments, n_changes, updated_at_ms, last_position, search,
                 province_label)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
            params![
                row.record.0.as_bytes(),
                row.form_id,
                row.form.0,
                row.state,
                row.project,
                row.country,
                row.province,
                row.team,
                row.owner.0.as_bytes(),
                row.assignee.map(|person| *person.0.as_bytes()),
                row.label,
                position(row.n_conflicts),
                position(row.n_open_comments),
                position(row.n_changes),
                row.updated_at_ms,
                position(row.last_position.0),
                row.search,
                row.province_label
            ],
        )?;
        self.run(
            "forget a record's files",
            "DELETE FROM record_media WHERE record = ?1",
            params![row.record.0.as_bytes()],
        )?;
        for (hash, size_bytes) in &row.media {
            self.run(
                "keep a record's file",
                "INSERT OR IGNORE INTO record_media (record, hash, size_bytes) VALUES (?1, ?2, ?3)",
                params![row.record.0.as_bytes(), hash, position(*size_bytes)],
            )?;
        }
        Ok(())
    }

    /// Empties the projections, before a rebuild.
    pub fn clear_rows(&self) -> Result<(), StoreError> {
        self.run("clear the lists", "DELETE FROM record_row", [])?;
        self.run("clear the lists", "DELETE FROM record_media", [])?;
        Ok(())
    }
}
