//! The list of records: what the person may see, filtered, with numbers per country, team and state.

use std::collections::BTreeMap;

use sampan_record::ids::{PersonId, RecordId};
use sampan_record::review::ReviewState;
use sampan_store::office::forms::FormRow;
use sampan_store::office::rows::{Facet, ListRow, RowFilter, Sight};
use sampan_store::office::session::Reading;
use uuid::Uuid;

use crate::access::{Action, Decision, Principal, Resource, Role, authorize};
use crate::error::OfficeError;
use crate::projecting;
use crate::state::Office;
use crate::views::{InterviewFilter, InterviewList, InterviewRow, OptionView};
use crate::wording::{country_name, state_label};

/// Records on one page.
pub const PAGE: u64 = 50;

/// The parts of the records that a person may see, as the store filters by them. Says the same as the policy does of
/// each record ([`authorize`] with `SeeRecord`); a test holds the two together.
pub fn sights(who: &Principal) -> Vec<Sight> {
    who.grants
        .iter()
        .map(|grant| match grant.role {
            Role::Enumerator => Sight::Own(who.person),
            Role::Supervisor | Role::Admin => Sight::Place {
                project: grant.scope.project.clone().unwrap_or_default(),
                country: grant.scope.country.clone().unwrap_or_default(),
                province: grant.scope.province.clone().unwrap_or_default(),
                team: grant.scope.team.clone().unwrap_or_default(),
            },
        })
        .collect()
}

/// A page's filter as the store's. An enumerator that is no id finds nothing.
pub fn row_filter(filter: &InterviewFilter) -> RowFilter {
    let with_conflicts = filter.state == "conflicts";
    RowFilter {
        country: filter.country.clone(),
        province: filter.province.clone(),
        team: filter.team.clone(),
        enumerator: match filter.enumerator.as_str() {
            "" => None,
            text => Some(text.parse().unwrap_or(PersonId(Uuid::nil()))),
        },
        state: if with_conflicts {
            String::new()
        } else {
            filter.state.clone()
        },
        with_conflicts,
        form_id: filter.form.clone(),
        words: filter
            .text
            .split_whitespace()
            .map(str::to_string)
            .take(8)
            .collect(),
    }
}

/// Records within the person's scope.
pub fn list(
    office: &Office,
    who: &Principal,
    filter: &InterviewFilter,
) -> Result<InterviewList, OfficeError> {
    let sights = sights(who);
    let wanted = row_filter(filter);
    let everything = RowFilter::default();
    office.store().read(|reading| {
        let n_matching = reading.n_rows(&sights, &wanted)?;
        let n_pages = n_matching.div_ceil(PAGE).max(1);
        let page = u64::from(filter.page.max(1)).min(n_pages);
        let rows = reading.rows(&sights, &wanted, (page - 1).saturating_mul(PAGE), PAGE)?;
        let names = Names::read(reading)?;
        let facet = |facet: Facet| -> Result<Vec<OptionView>, OfficeError> {
            let counted = reading.facet(facet, &sights, &everything)?;
            Ok(counted
                .into_iter()
                .map(|(value, n_records)| names.option(facet, value, n_records))
                .collect())
        };
        let waiting = reading.quarantined()?;
        let mut n_quarantined = 0;
        for one in waiting {
            let is_visible = match reading.row(one.record)? {
                Some(row) => {
                    let place = projecting::row_place(&row);
                    authorize(who, Action::SeeRecord, &Resource::Record(&place)) == Decision::Allowed
                }
                None => match reading.device(one.device)? {
                    Some(device) => crate::devices::visible_person(reading, who, device.person)?.is_some(),
                    None => who.role() == Some(Role::Admin),
                },
            };
            n_quarantined += u64::from(is_visible);
        }
        let labels: BTreeMap<String, String> = reading.province_labels(&sights)?.into_iter().collect();
        let mut provinces = facet(Facet::Province)?;
        for province in &mut provinces {
            if let Some(label) = labels.get(&province.value) {
                province.label.clone_from(label);
            }
        }
        let states = facet(Facet::State)?;
        let conflicts = RowFilter {
            with_conflicts: true,
            ..RowFilter::default()
        };
        Ok::<_, OfficeError>(InterviewList {
            rows: rows.into_iter().map(|row| names.row(row)).collect(),
            n_matching,
            page: u32::try_from(page).unwrap_or(u32::MAX),
            n_pages: u32::try_from(n_pages).unwrap_or(u32::MAX),
            countries: facet(Facet::Country)?,
            provinces,
            teams: facet(Facet::Team)?,
            enumerators: facet(Facet::Enumerator)?,
            states: all_states(states, reading.n_rows(&sights, &conflicts)?),
            forms: facet(Facet::Form)?,
            n_quarantined,
        })
    })
}

/// The interview in one of these states that has waited longest, the states in their order; not `after`, which the
/// person has just left. None when nothing waits.
pub fn next_waiting(
    office: &Office,
    who: &Principal,
    states: &[&str],
    after: &str,
) -> Result<Option<RecordId>, OfficeError> {
    let sights = sights(who);
    office.store().read(|reading| {
        for state in states {
            let filter = RowFilter {
                state: (*state).to_string(),
                ..RowFilter::default()
            };
            let oldest = reading.oldest_rows(&sights, &filter, 2)?;
            if let Some(row) = oldest.iter().find(|row| row.record.to_string() != after) {
                return Ok(Some(row.record));
            }
        }
        Ok(None)
    })
}

fn all_states(counted: Vec<OptionView>, n_conflicts: u64) -> Vec<OptionView> {
    let mut states: Vec<OptionView> = ReviewState::all()
        .into_iter()
        .map(|state| OptionView {
            value: state.word().to_string(),
            label: state_label(state.word()).to_string(),
            n_records: counted
                .iter()
                .find(|option| option.value == state.word())
                .map_or(0, |option| option.n_records),
        })
        .collect();
    states.push(OptionView {
        value: "conflicts".into(),
        label: "With conflicts".into(),
        n_records: n_conflicts,
    });
    states
}

/// Names of people and forms for the lines of a list.
pub(crate) struct Names {
    people: BTreeMap<PersonId, String>,
    forms: BTreeMap<String, String>,
}

impl Names {
    pub(crate) fn read(reading: &Reading<'_>) -> Result<Names, OfficeError> {
        let people = reading
            .people()?
            .into_iter()
            .map(|person| (person.person, person.name))
            .collect();
        let mut forms = BTreeMap::new();
        for FormRow { form_id, title, .. } in reading.forms()? {
            forms.entry(form_id).or_insert(title);
        }
        Ok(Names { people, forms })
    }

    pub(crate) fn person(&self, person: PersonId) -> String {
        self.people
            .get(&person)
            .cloned()
            .unwrap_or_else(|| "somebody without an account".into())
    }

    pub(crate) fn form(&self, form_id: &str) -> String {
        self.forms
            .get(form_id)
            .cloned()
            .unwrap_or_else(|| "an unknown form".into())
    }

    pub(crate) fn row(&self, row: ListRow) -> InterviewRow {
        InterviewRow {
            record: row.record,
            form_title: self.form(&row.form_id),
            state_label: state_label(&row.state).to_string(),
            enumerator: self.person(row.assignee.unwrap_or(row.owner)),
            label: row.label,
            form_id: row.form_id,
            state: row.state,
            country: row.country,
            province: row.province,
            province_label: row.province_label,
            team: row.team,
            n_conflicts: row.n_conflicts,
            n_open_comments: row.n_open_comments,
            updated_at_ms: row.updated_at_ms,
        }
    }

    fn option(&self, facet: Facet, value: String, n_records: u64) -> OptionView {
        let (value, label) = match facet {
            Facet::Country => {
                let label = country_name(&value).to_string();
                (value, label)
            }
            Facet::Form => {
                let label = self.form(&value);
                (value, label)
            }
            Facet::State => {
                let label = state_label(&value).to_string();
                (value, label)
            }
            Facet::Enumerator => match Uuid::parse_str(&value) {
                Ok(id) => (id.to_string(), self.person(PersonId(id))),
                Err(_) => (value.clone(), value),
            },
            Facet::Province | Facet::Team => (value.clone(), value),
        };
        OptionView {
            value,
            label,
            n_records,
        }
    }
}
