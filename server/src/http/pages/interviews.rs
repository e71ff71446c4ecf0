//! The list of interviews, the next one that waits, their table as a file, and what is in quarantine.

use askama::Template;

use crate::exporting;
use crate::http::ask::{Ask, Content, Reply, Trouble};
use crate::http::pages::{Frame, page};
use crate::http::words;
use crate::reviewing;
use crate::views::{InterviewFilter, InterviewList, OptionView, QuarantineView};

/// States that wait for a reviewer, in the order they are worked off.
const WAITING: &[&str] = &["changed_since_approval", "resubmitted", "submitted"];

#[derive(Template)]
#[template(path = "interviews.html")]
struct Page<'a> {
    frame: &'a Frame,
    list: &'a InterviewList,
    filter: &'a InterviewFilter,
    states: Vec<Chip>,
    selects: Vec<Select<'a>>,
    n_waiting: u64,
    is_filtered: bool,
    csv: String,
    zip: String,
    newer: Option<String>,
    older: Option<String>,
}

/// A review state with its number, as a link.
struct Chip {
    label: String,
    link: String,
    n_records: u64,
    is_on: bool,
}

/// One select field of the filter.
struct Select<'a> {
    name: &'static str,
    label: &'static str,
    any: &'static str,
    value: &'a str,
    options: &'a [OptionView],
}

#[derive(Template)]
#[template(path = "quarantine.html")]
struct QuarantinePage<'a> {
    frame: &'a Frame,
    rows: &'a [QuarantineView],
}

/// `GET /`.
pub fn home(_ask: &Ask) -> Result<Reply, Trouble> {
    Ok(Reply::see("/interviews"))
}

/// `GET /interviews`.
pub fn list(ask: &Ask) -> Result<Reply, Trouble> {
    let frame = Frame::for_ask(ask, "interviews", "Interviews")?;
    let filter = filter(ask);
    let list = reviewing::list(&ask.site.office, ask.person()?, &filter)?;
    html(&frame, &list, &filter)
}

/// The page of the list.
pub(super) fn html(frame: &Frame, list: &InterviewList, filter: &InterviewFilter) -> Result<Reply, Trouble> {
    let mut all = filter.clone();
    all.state.clear();
    let n_all = list
        .states
        .iter()
        .filter(|state| state.value != "conflicts")
        .fold(0u64, |sum, state| sum.saturating_add(state.n_records));
    let mut states = vec![Chip {
        label: "All".into(),
        link: link("/interviews", &all, 1),
        n_records: n_all,
        is_on: filter.state.is_empty(),
    }];
    for state in &list.states {
        all.state.clone_from(&state.value);
        let is_on = filter.state == state.value;
        if state.n_records > 0 || is_on {
            states.push(Chip {
                label: state.label.clone(),
                link: link("/interviews", &all, 1),
                n_records: state.n_records,
                is_on,
            });
        }
    }
    let n_waiting = list
        .states
        .iter()
        .filter(|state| WAITING.contains(&state.value.as_str()))
        .fold(0u64, |sum, state| sum.saturating_add(state.n_records));
    let select = |name, label, any, value, options| Select {
        name,
        label,
        any,
        value,
        options,
    };
    let selects = vec![
        select(
            "country",
            "Country",
            "All countries",
            filter.country.as_str(),
            list.countries.as_slice(),
        ),
        select(
            "province",
            "Province",
            "All provinces",
            &filter.province,
            &list.provinces,
        ),
        select("team", "Team", "All teams", &filter.team, &list.teams),
        select(
            "enumerator",
            "Enumerator",
            "Everybody",
            &filter.enumerator,
            &list.enumerators,
        ),
        select("form", "Form", "All forms", &filter.form, &list.forms),
    ];
    let unfiltered = InterviewFilter {
        page: filter.page,
        ..InterviewFilter::default()
    };
    page(&Page {
        frame,
        states,
        n_waiting,
        is_filtered: *filter != unfiltered,
        csv: link("/interviews.csv", filter, 1),
        zip: with_rows(&link("/interviews.csv", filter, 1)),
        newer: (list.page > 1).then(|| link("/interviews", filter, list.page.saturating_sub(1))),
        older: (list.page < list.n_pages).then(|| link("/interviews", filter, list.page.saturating_add(1))),
        selects,
        list,
        filter,
    })
}

/// `GET /interviews/next`: the one that has waited longest for a reviewer.
pub fn next(ask: &Ask) -> Result<Reply, Trouble> {
    let after = ask.wanted("after");
    let next = reviewing::listing::next_waiting(&ask.site.office, ask.person()?, WAITING, after)?;
    if let Some(record) = next {
        return Ok(Reply::see(format!("/interviews/{record}")));
    }
    Ok(Reply::see("/interviews?done=nothing-waits"))
}

/// `GET /interviews.csv`: what the filter shows, as a file.
pub fn csv(ask: &Ask) -> Result<Reply, Trouble> {
    let with_repeats = ask.wanted("repeats") == "1";
    let file = exporting::csv(&ask.site.office, ask.person()?, &filter(ask), with_repeats)?;
    Ok(Reply::of(Content::Download {
        file_name: file.file_name,
        media_type: file.media_type,
        bytes: file.bytes,
    }))
}

/// `GET /quarantine`.
pub fn quarantine(ask: &Ask) -> Result<Reply, Trouble> {
    let rows = reviewing::quarantine(&ask.site.office, ask.person()?)?;
    page(&QuarantinePage {
        frame: &Frame::for_ask(ask, "devices", "Quarantine")?,
        rows: &rows,
    })
}

fn filter(ask: &Ask) -> InterviewFilter {
    let text = |name: &str| ask.wanted(name).chars().take(200).collect::<String>();
    InterviewFilter {
        country: text("country"),
        province: text("province"),
        team: text("team"),
        enumerator: text("enumerator"),
        state: text("state"),
        form: text("form"),
        text: text("text"),
        page: ask.wanted("page").parse().unwrap_or(1),
    }
}

/// The same download with a table for each repeat.
fn with_rows(csv: &str) -> String {
    let joint = if csv.contains('?') { '&' } else { '?' };
    format!("{csv}{joint}repeats=1")
}

/// A link that keeps the filter.
fn link(path: &str, filter: &InterviewFilter, page: u32) -> String {
    let page = if page > 1 { page.to_string() } else { String::new() };
    let pairs = [
        ("state", &filter.state),
        ("country", &filter.country),
        ("province", &filter.province),
        ("team", &filter.team),
        ("enumerator", &filter.enumerator),
        ("form", &filter.form),
        ("text", &filter.text),
        ("page", &page),
    ];
    words::link(path, &pairs)
}
