//! Interviews drawn by chance until the study's forms have been through every branch: each question reached, each
//! condition true and false, each constraint kept and broken.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use sampan_form::compiled::{Form, Node, What};
use sampan_form::def::{Item, Role};
use sampan_form::external::Tables;
use sampan_interview::interview::Interview;
use sampan_interview::plan::Plan;
use sampan_interview::refusal::Reason;
use sampan_interview::view::{Part, Position};
use sampan_record::ids::RowId;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::Kind;
use sampan_xpath::resolve::NodeId;

use crate::study::study;
use crate::support::{facts, now, plan};
use crate::traces::read;

/// Most interviews of one form; each form has needed less than a third of it.
const INTERVIEWS: u64 = 600;

/// Real forms that are walked to their end at least.
const WALKED: usize = 134;

/// Numbers to type anywhere, besides those that a constraint names and their neighbours.
const NUMBERS: &[i64] = &[-88, -1, 0, 1, 2, 30];

#[test]
fn interviews_by_chance_go_through_every_branch_of_the_study_forms() {
    for (name, least) in [("sme_vc", 280), ("market_actor", 120), ("kii", 70)] {
        let plan = study(name);
        let n_branches = branches(plan.form()).len();
        assert!(n_branches >= least, "{name}: {n_branches}");
        let (missing, n_interviews) = missing(&plan, INTERVIEWS);
        eprintln!("{name}: {n_branches} branches in {n_interviews} interviews");
        assert!(
            missing.is_empty(),
            "{name}: after {n_interviews} interviews these are missing: {missing:#?}"
        );
    }
}

#[test]
fn a_branch_that_no_interview_can_take_is_told() {
    let plan = plan(
        "| survey |
         | | type    | name | relevant          | constraint | label |
         | | integer | a    |                   | . < 5      | A     |
         | | text    | b    | ${a} > 5          |            | B     |
         | | text    | c    | ${a} < 5          |            | C     |
         | | integer | d    |                   | . = .      | D     |",
    );
    let expected = [
        Branch::Reached("b".into()),
        Branch::Asked("b".into()),
        Branch::Refused("d".into()),
    ];
    assert_eq!(missing(&plan, 20).0, BTreeSet::from(expected));
}

/// The branches that a number of interviews did not take, and how many it took to take all.
fn missing(plan: &Arc<Plan>, most: u64) -> (BTreeSet<Branch>, u64) {
    let mut wanted = branches(plan.form());
    let mut n_interviews = 0;
    while !wanted.is_empty() && n_interviews < most {
        n_interviews += 1;
        let mut walk = Walk {
            interview: Interview::begin(plan.clone(), &facts()).interview,
            chance: n_interviews,
            wanted: &mut wanted,
        };
        walk.go_through();
    }
    (wanted, n_interviews)
}

#[test]
fn each_real_form_that_is_read_is_walked_to_its_end() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let Ok(list) = std::fs::read_to_string(folder.join("forms.jsonl")) else {
        eprintln!("skipped: there is no folder shared/conformance with the forms beside the repository");
        return;
    };
    let (mut n_walked, mut n_refused) = (0, 0);
    for line in list.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let form = match read(&folder, entry["form"].as_str().unwrap()) {
            Ok(form) => form,
            Err(reason) => {
                eprintln!("refused: {} {reason}", entry["form"]);
                n_refused += 1;
                continue;
            }
        };
        let plan = Arc::new(Plan::new(Arc::new(form), Arc::new(Tables::new())));
        let mut wanted = branches(plan.form());
        let mut walk = Walk {
            interview: Interview::begin(plan, &facts()).interview,
            chance: 1,
            wanted: &mut wanted,
        };
        walk.go_through();
        n_walked += 1;
    }
    eprintln!("real forms: {n_walked} walked to their end, {n_refused} refused");
    assert!(n_walked >= WALKED, "{n_walked}");
}

/// One way that an interview can go at an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Branch {
    Reached(String),
    Asked(String),
    NotAsked(String),
    Taken(String),
    Refused(String),
}

fn branches(form: &Form) -> BTreeSet<Branch> {
    let mut branches = BTreeSet::new();
    for node in form.nodes() {
        let path = node.path.to_string();
        if node.question().is_some() {
            branches.insert(Branch::Reached(path.clone()));
        }
        if node.relevant.is_some() {
            branches.insert(Branch::Asked(path.clone()));
            branches.insert(Branch::NotAsked(path.clone()));
        }
        if node.constraint.is_some() {
            branches.insert(Branch::Taken(path.clone()));
            branches.insert(Branch::Refused(path));
        }
    }
    branches
}

/// One interview in which chance answers.
struct Walk<'a> {
    interview: Interview,
    chance: u64,
    wanted: &'a mut BTreeSet<Branch>,
}

impl Walk<'_> {
    fn go_through(&mut self) {
        let mut screen = self.interview.first();
        while screen.position != Position::End {
            if let Position::AddRow(repeat) = &screen.position
                && self.interview.rows(repeat).is_empty()
            {
                // A row that finds no room is none.
                let _ = self.interview.add_row(repeat, 1, now());
            }
            let mut answered = BTreeSet::new();
            while let Some(at) = self
                .interview
                .screen(&screen.position)
                .questions
                .into_iter()
                .find(|at| !answered.contains(at))
            {
                self.see(Branch::Reached, &at);
                self.reply(&at);
                answered.insert(at);
            }
            screen = self.interview.next(&screen.position);
        }
        self.look();
        // What chance leaves open may forbid finishing; some interviews get through.
        let _ = self.interview.finish(now());
        for (at, _) in self.interview.values() {
            let id = self.interview.form().find(at.question.as_str()).unwrap();
            if !matches!(self.interview.form().node(id).question(), Some((Role::Ask, _))) {
                self.see(Branch::Reached, &at);
            }
        }
    }

    fn see(&mut self, branch: fn(String) -> Branch, at: &AnswerPath) {
        self.wanted.remove(&branch(at.question.as_str().to_string()));
    }

    /// Types several things at a question; what was taken last stays.
    fn reply(&mut self, at: &AnswerPath) {
        let state = self.interview.question(at).unwrap();
        if state.role != Part::Ask || state.read_only {
            return;
        }
        for candidate in self.candidates(at, state.kind) {
            let Ok(answer) = self.interview.parse_input(at, &candidate) else {
                continue;
            };
            match self.interview.answer(at, Some(answer), now()) {
                Ok(_) => self.see(Branch::Taken, at),
                Err(refused) if refused.reason == Reason::Constraint => self.see(Branch::Refused, at),
                Err(refused) if refused.reason == Reason::NotAsked => {}
                Err(refused) => panic!("{} = {candidate}: {refused}", at.question),
            }
        }
    }

    fn candidates(&mut self, at: &AnswerPath, kind: Kind) -> Vec<String> {
        let mut texts: Vec<String> = match kind {
            Kind::Choice | Kind::Choices => {
                let choices = self.interview.choices(at);
                choices.into_iter().map(|choice| choice.name).collect()
            }
            Kind::Integer | Kind::Decimal => {
                let name = at.question.as_str().rsplit('/').next().unwrap();
                let items = &self.interview.form().def().items;
                let named = numbers(&constraint(items, name).unwrap_or_default());
                let near = named
                    .into_iter()
                    .flat_map(|number| [number - 1, number, number + 1]);
                let near: BTreeSet<i64> = near.chain(NUMBERS.iter().copied()).collect();
                near.iter().map(i64::to_string).collect()
            }
            Kind::Date => vec!["2026-01-31".into()],
            Kind::Geopoint => vec!["13.5 102.5 3 5".into()],
            Kind::Acknowledge => vec!["OK".into()],
            _ => vec!["ឈ្មោះ".into(), "+85512345678".into()],
        };
        for last in (1..texts.len()).rev() {
            let other = self.draw(last + 1);
            texts.swap(last, other);
        }
        match kind {
            Kind::Choices => {
                let n_ticked = 1 + self.draw(3);
                let several: Vec<String> = texts.iter().take(n_ticked).cloned().collect();
                texts.truncate(2);
                // One alone, everything beside it, and a few.
                let alone = texts.first().cloned();
                alone
                    .into_iter()
                    .chain([texts.join(" "), several.join(" ")])
                    .collect()
            }
            Kind::Choice => {
                texts.truncate(20);
                texts
            }
            _ => texts,
        }
    }

    /// Looks where each condition stands, wherever what is around it is asked.
    fn look(&mut self) {
        let plan = self.interview.plan().clone();
        let form = plan.form();
        for node in form.nodes().iter().filter(|node| node.relevant.is_some()) {
            let around = node.parent.map(|parent| form.node(parent));
            for rows in rows_of(&self.interview, form, &node.repeats) {
                let own = is_asked(&self.interview, form, node, &rows);
                let at = path(node, rows.clone());
                if own {
                    self.see(Branch::Asked, &at);
                } else if around.is_none_or(|around| is_asked(&self.interview, form, around, &rows)) {
                    self.see(Branch::NotAsked, &at);
                }
            }
        }
    }

    /// A number below `n`.
    fn draw(&mut self, n: usize) -> usize {
        self.chance = self
            .chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.chance >> 33) % n as u64) as usize
    }
}

/// Whether an item is asked in a row: itself, or anything inside it.
fn is_asked(interview: &Interview, form: &Form, node: &Node, rows: &[RowId]) -> bool {
    match node.what {
        What::Question { .. } => interview
            .question(&path(node, rows.to_vec()))
            .is_some_and(|state| state.relevant),
        What::Repeat if rows.len() == node.repeats.len() => {
            !interview.rows(&path(node, rows.to_vec())).is_empty()
        }
        What::Root | What::Group | What::Repeat => node
            .children
            .iter()
            .any(|child| is_asked(interview, form, form.node(*child), rows)),
    }
}

/// The rows of the repeats, one in the other, that are there now.
fn rows_of(interview: &Interview, form: &Form, repeats: &[NodeId]) -> Vec<Vec<RowId>> {
    let mut found = vec![Vec::new()];
    for repeat in repeats {
        let within = |rows: &Vec<RowId>| {
            let inner = interview.rows(&path(form.node(*repeat), rows.clone()));
            inner
                .into_iter()
                .map(|row| rows.iter().copied().chain([row]).collect())
                .collect::<Vec<_>>()
        };
        found = found.iter().flat_map(within).collect();
    }
    found
}

fn path(node: &Node, rows: Vec<RowId>) -> AnswerPath {
    AnswerPath {
        question: QuestionPath(node.path.clone()),
        rows,
    }
}

/// The constraint of the question of that name, as written.
fn constraint(items: &[Item], name: &str) -> Option<String> {
    items.iter().find_map(|item| match item {
        Item::Question(question) if question.name == name => {
            question.constraint.as_ref().map(|own| own.source.clone())
        }
        Item::Question(_) => None,
        Item::Group(group) => constraint(&group.items, name),
        Item::Repeat(repeat) => constraint(&repeat.items, name),
    })
}

/// The whole numbers in an expression.
fn numbers(expression: &str) -> Vec<i64> {
    expression
        .split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}
