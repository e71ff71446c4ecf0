//! The study's own forms, asked from the first to the last question.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use sampan_form::compiled::{Form, What};
use sampan_form::def::Role;
use sampan_form::external::{Table, Tables};
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_interview::view::{Part, Position};
use sampan_record::path::AnswerPath;
use sampan_value::answer::{Answer, Kind, Value};

use crate::support::{
    at, course, facts, in_text, is_relevant, now, place_name, reopened, say, try_say, value,
};

/// A form of the study with its files.
pub fn study(name: &str) -> Arc<Plan> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../studies/sec-value-chain");
    let bytes = std::fs::read(folder.join(format!("forms/{name}.xlsx"))).unwrap();
    let reading =
        sampan_xlsform::reading::read_xlsx(&bytes, &format!("{name}.xlsx")).unwrap_or_else(|problems| {
            panic!(
                "{}",
                problems
                    .iter()
                    .map(|problem| format!("{problem}\n"))
                    .collect::<String>()
            )
        });
    let mut tables = Tables::new();
    for file in &reading.form.external {
        let bytes = std::fs::read(folder.join(&file.file_name)).unwrap();
        tables.insert(&file.id, Arc::new(Table::from_csv(&bytes).unwrap()));
    }
    let form = Form::compile(Arc::new(reading.form)).unwrap();
    assert_eq!(form.check_tables(&tables), []);
    Arc::new(Plan::new(Arc::new(form), Arc::new(tables)))
}

/// What an enumerator writes down, by the question's name and row; others get the first thing that is taken.
fn written(name: &str, row: usize) -> Option<&'static str> {
    let by_row = |texts: &[&'static str]| texts.get(row).copied();
    match name {
        "country" => Some("KH"),
        "adm1" => Some("KH-1"),
        "consent" | "consent_contact" | "consent_gps" | "registered" | "assoc" | "loan_now" | "b2b" => {
            Some("yes")
        }
        "gps" => Some("13.6561 102.5636 12 5"),
        "ent_name" => Some("សហគ្រាស អូរជ្រៅ"),
        "resp_name" => Some("သူဇာ"),
        "phone" => Some("+85512345678"),
        "vc_roles" => Some("processor exporter"),
        "owner_gender" => Some("mixed"),
        "n_products" => Some("3"),
        "prod_share" => by_row(&["50", "30", "15"]),
        "prod_unit" => Some("basket"),
        "prod_cert" | "bds_used" | "bds_need" => Some("none"),
        "n_links" => Some("6"),
        "lk_country" => by_row(&["KH", "TH", "VN", "KH", "CN", "MM"]),
        "lk_qty" | "lk_price" | "border_cost" => Some("120.5"),
        "turnover" => Some("-88"),
        "cost_raw" => Some("60"),
        "cost_labour" | "cost_energy" => Some("30"),
        "exp_mode" => Some("direct"),
        "closure_effect" => Some("worse"),
        "con_item" => by_row(&["finance", "border", "power"]),
        _ => None,
    }
}

/// Answers one question as the script says, or with the first thing of its kind that is taken.
fn reply(interview: &mut Interview, at: &AnswerPath) {
    let state = interview.question(at).unwrap();
    if state.role != Part::Ask || state.read_only {
        return;
    }
    let place = place_name(interview, at);
    let name = at.question.as_str().rsplit('/').next().unwrap().to_string();
    let row = at.rows.last().and_then(|row| row.counted_index()).unwrap_or(0) as usize;
    if let Some(text) = written(&name, row) {
        say(interview, &place, text);
        return;
    }
    let candidates: Vec<String> = match state.kind {
        Kind::Choice | Kind::Choices => interview
            .choices(at)
            .into_iter()
            .map(|choice| choice.name)
            .collect(),
        Kind::Integer | Kind::Decimal => ["3", "20", "2010", "0"].map(String::from).to_vec(),
        Kind::Date => vec!["2026-01-31".into()],
        _ => vec!["ชื่อ ភាសា".into(), "+66812345678".into()],
    };
    let taken = candidates
        .iter()
        .any(|candidate| try_say(interview, &place, candidate).is_ok());
    assert!(taken, "{place}: none of {candidates:?} is taken");
}

/// Walks from the first screen to the end, answering everything. Returns the screens in order.
fn ask_everything(interview: &mut Interview) -> Vec<Position> {
    let mut walked = vec![];
    let mut screen = interview.first();
    while screen.position != Position::End {
        assert!(walked.len() < 1_000);
        // Answers on a screen can bring about more questions on it.
        let mut answered = BTreeSet::new();
        while let Some(at) = interview
            .screen(&screen.position)
            .questions
            .iter()
            .find(|at| !answered.contains(*at))
        {
            let at = at.clone();
            reply(interview, &at);
            answered.insert(at);
        }
        assert_eq!(interview.problems_at(&screen.position), []);
        walked.push(screen.position.clone());
        screen = interview.next(&screen.position);
    }
    walked
}

#[test]
fn sme_vc_is_asked_from_the_first_to_the_last_question() {
    let opened = Interview::begin(study("sme_vc"), &facts());
    let mut interview = opened.interview;
    assert_eq!(opened.ops.len(), 3, "start, today, deviceid");
    let walked = ask_everything(&mut interview);
    assert_eq!(
        walked,
        interview
            .screens()
            .into_iter()
            .filter(|position| *position != Position::End)
            .collect::<Vec<_>>()
    );

    // Every group was visited.
    let groups: BTreeSet<&str> = walked
        .iter()
        .filter_map(|position| match position {
            Position::Question(at) | Position::Together(at) => at.question.as_str().split('/').next(),
            Position::AddRow(_) | Position::End => None,
        })
        .collect();
    let all: BTreeSet<&str> = interview
        .form()
        .root()
        .children
        .iter()
        .map(|child| interview.form().node(*child))
        .filter(|node| node.what == What::Group)
        .map(|node| node.name.as_str())
        .collect();
    assert_eq!(groups, all);

    // Cascades from lists and files.
    assert!(
        value(&interview, "a_cover/adm2").starts_with("KH-1"),
        "{}",
        value(&interview, "a_cover/adm2")
    );
    assert!(!value(&interview, "a_cover/adm3").is_empty());
    assert!(
        interview
            .choices(&at(&interview, "e_links/links[2]/lk_adm1"))
            .iter()
            .all(|choice| choice.name.starts_with("TH"))
    );
    // Rows, sums and notes that speak of them.
    assert_eq!(value(&interview, "d_products/prod_share_sum"), "95");
    assert!(!is_relevant(&interview, "d_products/prod_share_warn"));
    assert_eq!(value(&interview, "d_products/products[3]/prod_share"), "15");
    assert!(is_relevant(&interview, "d_products/products[1]/prod_unit_kg"));
    assert!(!is_relevant(&interview, "e_links/links[1]/lk_crossing"));
    assert!(is_relevant(&interview, "e_links/links[2]/lk_crossing"));
    assert!(
        !is_relevant(&interview, "e_links/links[5]/lk_adm1"),
        "China is not one of the four countries"
    );
    // Missing answers.
    assert_eq!(value(&interview, "f_money/turnover"), "dont_know");
    assert!(is_relevant(&interview, "f_money/turnover_band"));
    assert!(!is_relevant(&interview, "f_money/turnover_cur"));
    // Computed.
    assert_eq!(value(&interview, "c_work/emp_total"), "9");
    assert_eq!(value(&interview, "f_money/cost_sum"), "129");
    let told = interview.question(&at(&interview, "f_money/cost_warn")).unwrap();
    assert!(told.relevant);
    assert!(told.label.contains("129"), "{}", told.label);
    // One table for the ten constraints.
    let grid = interview.screen(&interview.position_of(&at(&interview, "h_grid/c_finance")));
    assert!(grid.is_table);
    assert_eq!(grid.questions.len(), 10);
    for (row, item) in [(1, "finance"), (2, "border"), (3, "power")] {
        assert_eq!(value(&interview, &format!("h_top3/top3[{row}]/con_item")), item);
    }

    assert_eq!(interview.problems(), []);
    assert_eq!(interview.first_unanswered(), Position::End);
    interview.finish(now()).unwrap();
    let office = Interview::from_answers(
        interview.plan().clone(),
        interview.answers(),
        interview.added_rows(),
    );
    assert_eq!(office.values(), interview.values());
    assert!(office.set_aside().is_empty());
}

#[test]
fn a_refusal_ends_sme_vc_early() {
    let mut interview = Interview::begin(study("sme_vc"), &facts()).interview;
    for (place, text) in [("country", "MM"), ("adm1", "MM-15"), ("int_lang", "")] {
        if !text.is_empty() && try_say(&mut interview, &format!("a_cover/{place}"), text).is_err() {
            let at = at(&interview, &format!("a_cover/{place}"));
            let first = interview.choices(&at)[0].name.clone();
            say(&mut interview, &format!("a_cover/{place}"), &first);
        }
    }
    say(&mut interview, "a_cover/consent", "no");
    let course = course(&interview);
    assert!(
        course
            .iter()
            .all(|stop| stop.starts_with("a_cover/") || stop == "end"),
        "{course:?}"
    );
    assert!(course.contains(&"a_cover/refusal_reason".to_string()));
    assert!(!course.contains(&"a_cover/consent_gps".to_string()));
    say(&mut interview, "a_cover/consent", "yes");
    assert!(
        !is_relevant(&interview, "a_cover/consent_gps"),
        "no positions are taken in Myanmar"
    );
}

#[test]
fn a_changed_country_leaves_the_province_to_be_answered_again() {
    let mut interview = Interview::begin(study("sme_vc"), &facts()).interview;
    ask_everything(&mut interview);
    let n_values = interview.values().len();
    say(&mut interview, "a_cover/country", "TH");
    let open: Vec<String> = interview
        .problems()
        .iter()
        .map(|problem| place_name(&interview, &problem.at))
        .collect();
    assert!(open.contains(&"a_cover/adm1".to_string()), "{open:?}");
    assert_eq!(value(&interview, "a_cover/adm1"), "KH-1", "nothing is deleted");
    say(&mut interview, "a_cover/country", "KH");
    assert_eq!(interview.problems(), []);
    assert_eq!(interview.values().len(), n_values);
}

#[test]
fn market_actor_and_kii_are_asked_to_their_end() {
    for (name, place, kind) in [
        ("market_actor", "b/actor_type", "trader"),
        ("kii", "a/inst", "customs"),
    ] {
        let mut interview = Interview::begin(study(name), &facts()).interview;
        // What decides which groups are asked is answered beforehand.
        for (place, text) in [("a/country", "KH"), ("a/consent", "yes"), (place, kind)] {
            say(&mut interview, place, text);
        }
        let mut chosen = BTreeMap::new();
        let mut screen = interview.first();
        while screen.position != Position::End {
            for question in interview.screen(&screen.position).questions {
                let state = interview.question(&question).unwrap();
                if state.answer.is_none() {
                    reply_freely(&mut interview, &question, &mut chosen);
                }
            }
            screen = interview.next(&screen.position);
        }
        assert_eq!(interview.problems(), [], "{name}");
        interview.finish(now()).unwrap();
        assert!(
            interview.values().len() > 30,
            "{name}: {}",
            interview.values().len()
        );
        assert_eq!(reopened(&interview).values(), interview.values());
    }
}

/// Takes another choice each time, since some questions must differ from those before.
fn reply_freely(interview: &mut Interview, at: &AnswerPath, n_taken: &mut BTreeMap<String, usize>) {
    let state = interview.question(at).unwrap();
    if state.role != Part::Ask {
        return;
    }
    let candidates: Vec<String> = match state.kind {
        Kind::Choice | Kind::Choices => interview
            .choices(at)
            .into_iter()
            .map(|choice| choice.name)
            .collect(),
        Kind::Integer | Kind::Decimal => ["3", "20", "2010"].map(String::from).to_vec(),
        _ => vec!["+66812345678".into()],
    };
    let key = candidates.join(" ");
    let first = n_taken.get(&key).copied().unwrap_or(0);
    for (number, candidate) in candidates
        .iter()
        .enumerate()
        .cycle()
        .skip(first)
        .take(candidates.len())
    {
        let answer = interview.parse_input(at, candidate).unwrap();
        if interview.answer(at, Some(answer), now()).is_ok() {
            if state.kind == Kind::Choice {
                n_taken.insert(key, number + 1);
            }
            return;
        }
    }
    panic!("{}: none of {candidates:?} is taken", at.question);
}

#[test]
fn every_question_of_the_forms_has_a_number_for_the_codec() {
    use sampan_record::path::QuestionPath;
    use sampan_record::schema::Schema;
    for name in ["sme_vc", "market_actor", "kii"] {
        let plan = study(name);
        let schema = sampan_interview::schema::FormSchema(plan.form().clone());
        for node in plan.form().questions() {
            let path = QuestionPath(node.path.clone());
            let id = schema.id(&path).unwrap();
            assert_eq!(schema.path(id), Some(path));
            assert_eq!(schema.kind(id), node.question().map(|(_, kind)| kind));
        }
        assert_eq!(schema.id(&QuestionPath::new("no/such")), None);
        assert_eq!(schema.path(u32::MAX), None);
    }
}

/// Some answer for a question, decided by `bits`: often one that is taken, sometimes one that is not.
pub fn some_answer(interview: &Interview, at: &AnswerPath, bits: u64) -> Option<Answer> {
    let state = interview.question(at)?;
    let small = bits / 16;
    if bits.is_multiple_of(16) {
        return None;
    }
    if bits % 16 == 1 {
        return interview
            .missing_allowed(at)
            .get((small % 4) as usize)
            .map(|missing| Answer::Missing(*missing));
    }
    let choices = interview.choices(at);
    let text = match state.kind {
        Kind::Choice => choices
            .get((small % choices.len().max(1) as u64) as usize)?
            .name
            .clone(),
        Kind::Choices => {
            let names: Vec<&str> = choices
                .iter()
                .enumerate()
                .filter(|(number, _)| (small >> (number % 60)) & 1 == 1)
                .map(|(_, choice)| choice.name.as_str())
                .take(5)
                .collect();
            names.join(" ")
        }
        Kind::Integer | Kind::Decimal => match small % 4 {
            0 => "-88".into(),
            1 => ((small / 4) % 200).to_string(),
            _ => ((small / 4) % 6).to_string(),
        },
        Kind::Geopoint => "13.5 102.5".into(),
        Kind::Text => "+85512345678".into(),
        _ => return Some(Answer::Value(Value::Text("x".into()))),
    };
    interview.parse_input(at, &text).ok()
}

/// The questions that a person could answer now.
pub fn askable(interview: &Interview) -> Vec<AnswerPath> {
    let mut found = Vec::new();
    for position in interview.screens() {
        for at in interview.screen(&position).questions {
            let id = interview.form().find(at.question.as_str()).unwrap();
            if matches!(interview.form().node(id).question(), Some((Role::Ask, _))) {
                found.push(at);
            }
        }
    }
    found
}

pub fn snapshot(interview: &Interview) -> Vec<String> {
    let mut lines: Vec<String> = interview
        .values()
        .iter()
        .map(|(at, answer)| format!("{} = {}", place_name(interview, at), in_text(answer)))
        .collect();
    lines.extend(course(interview));
    lines.extend(interview.problems().iter().map(|problem| {
        format!(
            "{} {:?} {}",
            place_name(interview, &problem.at),
            problem.kind,
            problem.message
        )
    }));
    lines
}
