//! From a form as written to a form ready to run.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use sampan_value::answer::Kind;
use sampan_xpath::program::Program;
use sampan_xpath::resolve::{NodeId, Place};

use crate::compiled::label::{Label, Part, Piece, Template, pieces};
use crate::compiled::names::FormNames;
use crate::compiled::order::{self, Edge};
use crate::compiled::outline::Outline;
use crate::compiled::{Action, Answers, Choice, Choices, Does, First, FirstRow, Form, List, Node};
use crate::def::{
    self, ChoiceList, ChoiceSource, Event, Expression, FormDef, Item, ListRef, Origin, Question, Translated,
};
use crate::external::Tables;
use crate::package;
use crate::problem::{Problem, similar};

/// How many unknown names get a guess at what was meant.
const GUESSES: u32 = 200;

/// See [`Form::compile`].
pub(super) fn form(def: Arc<FormDef>, lenient: bool) -> Result<Form, Vec<Problem>> {
    let mut outline = Outline::default();
    outline.add_root(&def.root);
    outline.add_items(&def.items, NodeId(0), &mut Vec::new());
    let instances: BTreeSet<&str> = def
        .choice_lists
        .keys()
        .chain(def.external_choices.keys())
        .map(String::as_str)
        .chain(def.external.iter().map(|file| file.id.as_str()))
        .collect();
    let mut compiler = Compiler {
        names: FormNames {
            nodes: &outline.nodes,
            by_name: &outline.by_name,
            by_path: &outline.by_path,
            instances: &instances,
            guesses: Cell::new(GUESSES),
            is_open: false,
        },
        lenient,
        def: &def,
        problems: std::mem::take(&mut outline.problems),
        edges: Vec::new(),
        reads: vec![BTreeSet::new(); outline.nodes.len()],
        columns: HashMap::new(),
        reads_last_saved: false,
    };
    let parts: Vec<Parts> = outline
        .items
        .iter()
        .map(|(id, item)| compiler.item(*id, item))
        .collect();
    let lists: BTreeMap<String, List> = def
        .external_choices
        .iter()
        .chain(&def.choice_lists)
        .map(|(name, list)| (name.clone(), compiler.list(list)))
        .collect();
    let instance_name = def
        .instance_name
        .as_ref()
        .and_then(|expression| compiler.program(NodeId(0), expression, Use::Display));
    for node in &outline.nodes {
        if let Some(parent) = node.parent {
            compiler.edges.push(Edge {
                from: parent,
                to: node.id,
                cell: None,
            });
        }
    }
    let Compiler {
        reads_last_saved,
        mut problems,
        mut edges,
        reads,
        ..
    } = compiler;
    if lenient {
        problems.extend(order::open(&outline.nodes, &mut edges));
    }
    let order = order::order(&outline.nodes, &edges).unwrap_or_else(|circles| {
        problems.extend(circles);
        Vec::new()
    });
    problems.sort();
    problems.dedup();
    if problems.iter().any(Problem::is_error) {
        return Err(problems);
    }
    let mut ranks = vec![0; outline.nodes.len()];
    for (rank, id) in (0_u32..).zip(&order) {
        if let Some(place) = ranks.get_mut(id.0 as usize) {
            *place = rank;
        }
    }
    let mut dependents = vec![Vec::new(); outline.nodes.len()];
    for (reader, reads) in (0_u32..).zip(reads) {
        for read in reads {
            if let Some(dependents) = dependents.get_mut(read.0 as usize) {
                dependents.push(NodeId(reader));
            }
        }
    }
    let Outline {
        mut nodes,
        by_path,
        by_name,
        items,
        ..
    } = outline;
    for ((id, _), parts) in items.iter().zip(parts) {
        if let Some(node) = nodes.get_mut(id.0 as usize) {
            parts.into_node(node);
        }
    }
    Ok(Form {
        version: package::version_hash(&def),
        nodes,
        by_path,
        by_name,
        lists,
        dependents,
        order,
        ranks,
        instance_name,
        reads_last_saved,
        warnings: problems,
        def,
    })
}

/// See [`Form::check_tables`].
pub(super) fn check_tables(form: &Form, tables: &Tables) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in &form.def.external {
        if tables.get(&file.id).is_none() {
            problems.push(Problem::error(
                &Origin::default(),
                &file.file_name,
                "the form needs this file",
                format!("Attach {} to the form", file.file_name),
            ));
        }
    }
    for node in &form.nodes {
        let Some(choices) = &node.choices else { continue };
        let ListRef::External(id) = &choices.list else {
            continue;
        };
        let Some(table) = tables.get(id) else { continue };
        let filtered = choices.filter.iter().flat_map(|filter| filter.columns());
        for column in [&choices.value_column, &choices.label_column]
            .into_iter()
            .chain(filtered)
        {
            if table.column(column).is_none() {
                problems.push(Problem::error(
                    &node.origin,
                    column,
                    format!("{id} has no column \"{column}\", which {} needs", node.name),
                    format!("Its columns are: {}", table.columns().join(", ")),
                ));
            }
        }
    }
    problems
}

/// What an expression is for, which decides whether it takes part in the order of computing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Others can see its result: relevance and count.
    Value,
    /// Others can see its result, and it may keep its own (`if(. = '', now(), .)`).
    Calculation,
    /// It may read its own item: it checks or shows.
    Display,
    /// Chooses rows of a list.
    Filter,
}

struct Compiler<'a> {
    names: FormNames<'a>,
    lenient: bool,
    def: &'a FormDef,
    problems: Vec<Problem>,
    edges: Vec<Edge>,
    reads: Vec<BTreeSet<NodeId>>,
    /// Columns of choice lists that filters have asked for.
    columns: HashMap<String, BTreeSet<String>>,
    reads_last_saved: bool,
}

/// The compiled parts of one item, until the names are no longer borrowed.
#[derive(Default)]
struct Parts {
    relevant: Option<Program>,
    required: Option<Program>,
    constraint: Option<Program>,
    calculation: Option<Program>,
    trigger: Vec<NodeId>,
    actions: Vec<Action>,
    default: Option<First>,
    read_only: Option<Program>,
    count: Option<Program>,
    first_rows: Option<Vec<FirstRow>>,
    choices: Option<Choices>,
    label: Label,
    hint: Label,
    guidance: Label,
    required_message: Label,
    constraint_message: Label,
    soft_constraint: Option<Program>,
    soft_constraint_message: Label,
    type_name: String,
    appearance: Vec<String>,
    parameters: BTreeMap<String, String>,
    sensitivity: Option<crate::def::Sensitivity>,
    media: BTreeMap<String, Translated>,
}

impl Compiler<'_> {
    fn item(&mut self, id: NodeId, item: &Item) -> Parts {
        match item {
            Item::Question(question) => self.question(id, question),
            Item::Group(group) => Parts {
                relevant: self.optional(id, &group.relevant, Use::Value),
                read_only: self.optional(id, &unless_false(&group.read_only), Use::Display),
                label: self.label(id, &group.label, &group.origin, "label"),
                appearance: group.appearance.clone(),
                media: group.media.clone(),
                ..Parts::default()
            },
            Item::Repeat(repeat) => Parts {
                relevant: self.optional(id, &repeat.relevant, Use::Value),
                count: self.optional(id, &repeat.count, Use::Value),
                read_only: self.optional(id, &unless_false(&repeat.read_only), Use::Display),
                first_rows: repeat.first_rows.as_ref().map(|rows| self.first_rows(id, rows)),
                label: self.label(id, &repeat.label, &repeat.origin, "label"),
                appearance: repeat.appearance.clone(),
                media: repeat.media.clone(),
                ..Parts::default()
            },
        }
    }

    fn question(&mut self, id: NodeId, question: &Question) -> Parts {
        let at = &question.origin;
        Parts {
            relevant: self.optional(id, &question.relevant, Use::Value),
            required: self.optional(id, &unless_false(&question.required), Use::Display),
            constraint: self.optional(id, &within_range(question), Use::Display),
            calculation: self.optional(
                id,
                &question.calculation,
                match question.trigger.is_empty() {
                    true => Use::Calculation,
                    // It runs after all that depends on each other.
                    false => Use::Display,
                },
            ),
            trigger: self.triggers(question),
            actions: self.actions(id, question),
            default: question
                .default
                .as_ref()
                .and_then(|default| self.first(id, question, default)),
            read_only: self.optional(id, &unless_false(&question.read_only), Use::Display),
            count: None,
            first_rows: None,
            choices: question
                .choices
                .as_ref()
                .and_then(|source| self.choices(id, question, source)),
            label: self.label(id, &question.label, at, "label"),
            hint: self.label(id, &question.hint, at, "hint"),
            guidance: self.label(id, &question.guidance, at, "guidance_hint"),
            required_message: self.label(id, &question.required_message, at, "required_message"),
            constraint_message: self.label(id, &question.constraint_message, at, "constraint_message"),
            soft_constraint: self.optional(id, &question.soft_constraint, Use::Display),
            soft_constraint_message: self.label(
                id,
                &question.soft_constraint_message,
                at,
                "soft_constraint_message",
            ),
            type_name: question.type_name.clone(),
            appearance: question.appearance.clone(),
            parameters: question.parameters.clone(),
            sensitivity: question.sensitivity,
            media: question.media.clone(),
        }
    }

    /// What happens to a question at events.
    fn actions(&mut self, id: NodeId, question: &Question) -> Vec<Action> {
        let mut actions = Vec::new();
        let known = match question.type_name.as_str() {
            "start_geopoint" => Some((Event::FirstLoad, Does::Locate)),
            "background_audio" => Some((Event::Load, Does::Record)),
            _ => None,
        };
        actions.extend(known.map(|(event, does)| Action {
            events: BTreeSet::from([event]),
            of: None,
            does,
        }));
        for name in &question.trigger {
            let Some(of) = self
                .names
                .by_name
                .get(name)
                .and_then(|found| found.first().copied())
            else {
                continue;
            };
            let does = match question.type_name.as_str() {
                "background_geopoint" => Does::Locate,
                _ => self.set(id, Some(of), &question.calculation),
            };
            actions.push(Action {
                events: BTreeSet::from([Event::ValueChanged]),
                of: Some(of),
                does,
            });
        }
        for action in &question.actions {
            let of = match &action.of {
                None => None,
                Some(name) => match self
                    .names
                    .by_name
                    .get(name)
                    .and_then(|found| found.first().copied())
                {
                    Some(of) => Some(of),
                    None => continue,
                },
            };
            let does = match &action.does {
                def::Does::Set(value) => self.set(id, of, value),
                def::Does::Locate => Does::Locate,
                def::Does::Record => Does::Record,
            };
            actions.push(Action {
                events: action.events.clone(),
                of,
                does,
            });
        }
        actions
    }

    /// A value that a question gets. It is computed where the question stands, unless the one that changed stands in
    /// rows that this one does not.
    fn set(&mut self, id: NodeId, of: Option<NodeId>, value: &Option<Expression>) -> Does {
        let repeats = |id: NodeId| {
            let node = self.names.nodes.get(id.0 as usize);
            node.map(|node| node.repeats.as_slice()).unwrap_or_default()
        };
        let origin = of.filter(|of| !repeats(id).starts_with(repeats(*of)));
        Does::Set {
            value: self.optional(origin.unwrap_or(id), value, Use::Display),
            at_origin: origin.is_some(),
        }
    }

    /// What makes its calculation run. Where the device is can only be told by the device.
    fn triggers(&self, question: &Question) -> Vec<NodeId> {
        let names = question
            .trigger
            .iter()
            .filter(|_| question.type_name != "background_geopoint");
        let items = names.filter_map(|name| self.names.by_name.get(name));
        items.filter_map(|found| found.first().copied()).collect()
    }

    /// Rows that are there at first; what they say of items that are not there says nothing.
    fn first_rows(&self, repeat: NodeId, rows: &[def::FirstRow]) -> Vec<FirstRow> {
        let around = self.names.nodes.get(repeat.0 as usize);
        let around = around.map(|node| node.path.to_string()).unwrap_or_default();
        let find = |path: &String| {
            self.names
                .by_path
                .get(format!("{around}/{path}").as_str())
                .copied()
        };
        let row = |row: &def::FirstRow| FirstRow {
            values: row
                .values
                .iter()
                .filter_map(|(path, value)| Some((find(path)?, value.clone())))
                .collect(),
            rows: row
                .rows
                .iter()
                .filter_map(|(path, rows)| find(path).map(|id| (id, self.first_rows(id, rows))))
                .collect(),
        };
        rows.iter().map(row).collect()
    }

    fn first(&mut self, id: NodeId, question: &Question, default: &Expression) -> Option<First> {
        let is_formula =
            question.kind != Kind::Text && crate::xform::is_dynamic(&default.source, &question.type_name);
        if !is_formula && !is_computed(&default.source, question.kind) {
            return Some(First::Literal(default.source.clone()));
        }
        self.program(id, default, Use::Display).map(First::Computed)
    }

    fn choices(&mut self, id: NodeId, question: &Question, source: &ChoiceSource) -> Option<Choices> {
        let answers = match &source.list {
            ListRef::Answers(name) => Some(self.answers(id, name, question, source)?),
            ListRef::Internal(_) | ListRef::External(_) => None,
        };
        let filter = match &answers {
            // It judges a row of answers: names in it mean what stands in that row.
            Some(answers) => source.filter.as_ref().and_then(|filter| {
                let program = self.program(answers.around, filter, Use::Display)?;
                self.remember(id, &program, filter, Use::Display);
                Some(program)
            }),
            None => self.optional(id, &source.filter, Use::Filter),
        };
        let parameter = |name: &str| question.parameters.get(name).map(String::as_str);
        let is_map = match &source.list {
            ListRef::External(id) => {
                let mut files = self.def.external.iter().filter(|file| file.id == *id);
                files.any(|file| file.file_name.ends_with(".geojson"))
            }
            ListRef::Internal(_) | ListRef::Answers(_) => false,
        };
        let usual = if is_map {
            ("id", "title")
        } else {
            ("name", "label")
        };
        let value_column = parameter("value").unwrap_or(usual.0).to_string();
        let label_column = parameter("label").unwrap_or(usual.1).to_string();
        let is_known = match &source.list {
            ListRef::Internal(name) => match self
                .def
                .choice_lists
                .get(name)
                .or_else(|| self.def.external_choices.get(name))
            {
                Some(list) => {
                    self.filter_columns(name, list, source, filter.as_ref());
                    true
                }
                None => {
                    let guesses = GUESSES
                        .saturating_sub(u32::try_from(self.problems.len()).unwrap_or(u32::MAX))
                        as usize;
                    let known = self.def.choice_lists.keys().map(String::as_str);
                    let advice = match similar(name, known.take(guesses * 100)) {
                        Some(name) => format!("Did you mean {name}?"),
                        None => format!("Add rows with list_name {name} to the sheet choices"),
                    };
                    self.problems.push(Problem::error(
                        &source.origin,
                        name,
                        format!("there is no choice list {name}"),
                        advice,
                    ));
                    false
                }
            },
            ListRef::External(file) => self.def.external.iter().any(|known| known.id == *file),
            ListRef::Answers(_) => true,
        };
        let randomize = parameter("randomize").is_some_and(|word| word.eq_ignore_ascii_case("true"));
        let seed = parameter("seed").and_then(|seed| {
            let seed = Expression {
                source: seed.to_string(),
                origin: question.origin.column("parameters"),
            };
            self.program(id, &seed, Use::Display)
        });
        is_known.then(|| Choices {
            list: source.list.clone(),
            answers,
            filter,
            value_column,
            label_column,
            randomize,
            seed,
        })
    }

    /// The question whose answers are the choices.
    fn answers(
        &mut self,
        id: NodeId,
        name: &str,
        question: &Question,
        source: &ChoiceSource,
    ) -> Option<Answers> {
        // The reference may be ambiguous or unknown; compiling it says so.
        let reference = Expression {
            source: format!("${{{name}}}"),
            origin: source.origin.clone(),
        };
        self.program(id, &reference, Use::Display)?;
        let value = self.names.by_name.get(name)?.first().copied()?;
        let node = self.names.nodes.get(value.0 as usize)?;
        let around = node.repeats.last().copied().or(node.parent)?;
        let labels = question.parameters.get("label").into_iter();
        let labels = labels.flat_map(|label| self.names.by_name.get(label)).flatten();
        let mut in_row = labels.filter(|label| {
            let other = self.names.nodes.get(label.0 as usize);
            other.is_some_and(|other| other.repeats == node.repeats)
        });
        Some(Answers {
            value,
            label: in_row.next().copied().unwrap_or(value),
            around,
        })
    }

    /// A filter that reads a column the list has not would silently offer nothing.
    fn filter_columns(
        &mut self,
        name: &str,
        list: &ChoiceList,
        source: &ChoiceSource,
        filter: Option<&Program>,
    ) {
        let (Some(filter), Some(expression)) = (filter, &source.filter) else {
            return;
        };
        let own = self.columns.entry(name.to_string()).or_insert_with(|| {
            let columns = list
                .choices
                .iter()
                .flat_map(|choice| choice.columns.keys().cloned());
            columns.chain(["name", "label"].map(String::from)).collect()
        });
        for column in filter.columns().iter().filter(|column| !own.contains(*column)) {
            let intended = similar(column, own.iter().map(String::as_str));
            let is_misspelt = intended.is_some();
            let advice = match intended {
                Some(column) => format!("Did you mean {column}?"),
                None => format!(
                    "Add a column {column} to the sheet choices, or write ${{{column}}} for an answer"
                ),
            };
            let message = format!("the choice list {name} has no column {column}");
            let (at, found) = (&expression.origin, &expression.source);
            self.problems.push(match self.lenient {
                true => Problem::mended(at, found, format!("{message}; read as empty"), advice),
                false if is_misspelt => Problem::error(at, found, message, advice),
                // Everywhere forms run, a column that is not there is empty: that stops nobody from asking the form.
                false => Problem::warning(at, found, format!("{message}; read as empty"), advice),
            });
        }
    }

    fn list(&mut self, list: &ChoiceList) -> List {
        let own: BTreeSet<&String> = list
            .choices
            .iter()
            .flat_map(|choice| choice.columns.keys())
            .collect();
        let columns: Vec<String> = ["name", "label"]
            .map(String::from)
            .into_iter()
            .chain(
                own.into_iter()
                    .filter(|own| *own != "name" && *own != "label")
                    .cloned(),
            )
            .collect();
        let choices: Vec<Choice> = list
            .choices
            .iter()
            .map(|choice| Choice {
                name: choice.name.clone(),
                label: self.label(NodeId(0), &choice.label, &choice.origin, "label"),
                columns: choice.columns.clone(),
                media: choice.media.clone(),
                plain_label: choice
                    .label
                    .in_language("", &self.def.languages)
                    .unwrap_or_default()
                    .to_string(),
            })
            .collect();
        let indexes = columns.iter().map(|_| OnceLock::new()).collect();
        List {
            choices,
            columns,
            indexes,
        }
    }

    fn label(&mut self, id: NodeId, text: &Translated, origin: &Origin, column: &str) -> Label {
        let default = self.def.languages.iter();
        let ordered = default
            .filter_map(|language| text.0.get_key_value(language))
            .chain(
                text.0
                    .iter()
                    .filter(|(language, _)| !self.def.languages.contains(language)),
            );
        let ordered: Vec<(&String, &String)> = ordered.collect();
        let mut by_language = Vec::with_capacity(ordered.len());
        for (language, text) in ordered {
            let heading = match language.as_str() {
                "default" => column.to_string(),
                language => format!("{column}::{language}"),
            };
            let mut parts = Vec::new();
            for piece in pieces(text) {
                match piece {
                    Piece::Text(text) => parts.push(Part::Text(text.to_string())),
                    Piece::Reference(reference) => {
                        let expression = Expression {
                            source: reference.to_string(),
                            origin: origin.column(&heading),
                        };
                        parts.extend(self.program(id, &expression, Use::Display).map(Part::Value));
                    }
                }
            }
            by_language.push((language.clone(), Template { parts }));
        }
        Label::new(by_language)
    }

    fn optional(&mut self, id: NodeId, expression: &Option<Expression>, purpose: Use) -> Option<Program> {
        self.program(id, expression.as_ref()?, purpose)
    }

    fn program(&mut self, id: NodeId, expression: &Expression, purpose: Use) -> Option<Program> {
        let place = Place {
            node: id,
            is_choice_filter: purpose == Use::Filter,
        };
        self.reads_last_saved |= expression.source.contains("last-saved");
        match Program::compile(&expression.source, &self.names, place) {
            Ok(program) => {
                self.remember(id, &program, expression, purpose);
                Some(program)
            }
            Err(problems) => {
                // A path to nothing is empty everywhere forms run, so it stops nobody from asking the form.
                let is_path_to_nothing =
                    |problem: &sampan_xpath::resolve::Problem| problem.message.starts_with("nothing named");
                let may_open = self.lenient || problems.iter().all(is_path_to_nothing);
                let names = FormNames {
                    is_open: true,
                    guesses: Cell::new(0),
                    ..self.names
                };
                let open = may_open.then(|| Program::compile(&expression.source, &names, place).ok());
                let open = open.flatten();
                let doubtful = match self.lenient {
                    true => Problem::mended,
                    false => Problem::warning,
                };
                for problem in problems {
                    if open.is_some() {
                        self.problems.push(doubtful(
                            &expression.origin,
                            &expression.source,
                            format!("{}; read as empty", problem.message.trim_end_matches('.')),
                            match problem.advice.is_empty() {
                                true => "Write ${name} for an answer".to_string(),
                                false => problem.advice,
                            },
                        ));
                        continue;
                    }
                    let advice = match (problem.advice.is_empty(), near(&expression.source, problem.at)) {
                        (false, _) => problem.advice,
                        (true, near) if near.is_empty() => "Look at the end of the cell".to_string(),
                        (true, near) => format!("Look near \"{near}\""),
                    };
                    self.problems.push(Problem::error(
                        &expression.origin,
                        &expression.source,
                        problem.message.trim_end_matches('.'),
                        advice,
                    ));
                }
                let program = open?;
                self.remember(id, &program, expression, purpose);
                Some(program)
            }
        }
    }

    /// A calculation that names its own item reads itself, unless it stands in a repeat: there it may mean another row
    /// (`indexed-repeat(${total}, ${row}, position(..) - 1)`).
    fn own_value(&self, id: NodeId, expression: &Expression) -> Option<NodeId> {
        let node = self.names.nodes.get(id.0 as usize)?;
        let is_named = expression.source.contains(&format!("${{{}}}", node.name));
        (is_named && node.repeats.is_empty()).then_some(id)
    }

    fn remember(&mut self, id: NodeId, program: &Program, expression: &Expression, purpose: Use) {
        if let Some(reads) = self.reads.get_mut(id.0 as usize) {
            reads.extend(program.dependencies());
        }
        let mut reads: Vec<NodeId> = program.dependencies().to_vec();
        match purpose {
            Use::Display | Use::Filter => return,
            Use::Value if program.reads_self() => reads.push(id),
            Use::Calculation if program.reads_self() => reads.extend(self.own_value(id, expression)),
            Use::Value | Use::Calculation => {}
        }
        self.edges.extend(reads.into_iter().map(|from| Edge {
            from,
            to: id,
            cell: Some(expression.origin.clone()),
        }));
    }
}

impl Parts {
    fn into_node(self, node: &mut Node) {
        node.relevant = self.relevant;
        node.required = self.required;
        node.constraint = self.constraint;
        node.calculation = self.calculation;
        node.trigger = self.trigger;
        node.actions = self.actions;
        node.default = self.default;
        node.read_only = self.read_only;
        node.count = self.count;
        node.first_rows = self.first_rows;
        node.choices = self.choices;
        node.label = self.label;
        node.hint = self.hint;
        node.guidance = self.guidance;
        node.required_message = self.required_message;
        node.constraint_message = self.constraint_message;
        node.soft_constraint = self.soft_constraint;
        node.soft_constraint_message = self.soft_constraint_message;
        node.type_name = self.type_name;
        node.appearance = self.appearance;
        node.parameters = self.parameters;
        node.sensitivity = self.sensitivity;
        node.media = self.media;
    }
}

/// The constraint of a question; a range has its ends for bounds too.
fn within_range(question: &Question) -> Option<Expression> {
    if question.type_name != "range" {
        return question.constraint.clone();
    }
    let end = |name: &str, otherwise: f64| match question.parameters.get(name) {
        Some(text) => text.parse::<f64>().ok(),
        None => Some(otherwise),
    };
    let (Some(start), Some(end)) = (end("start", 1.0), end("end", 10.0)) else {
        return question.constraint.clone();
    };
    let bounds = format!(". >= {} and . <= {}", start.min(end), start.max(end));
    Some(match &question.constraint {
        None => Expression {
            source: bounds,
            origin: question.origin.column("parameters"),
        },
        Some(own) => Expression {
            source: format!("({}) and {bounds}", own.source),
            origin: own.origin.clone(),
        },
    })
}

/// `false()` is as good as no expression.
fn unless_false(expression: &Option<Expression>) -> Option<Expression> {
    expression
        .as_ref()
        .filter(|expression| expression.source != "false()")
        .cloned()
}

/// Whether a default is computed: it names an answer, calls a function, or (where the answer is no free text) adds,
/// multiplies or divides.
fn is_computed(source: &str, kind: Kind) -> bool {
    if source.contains("${") {
        return true;
    }
    let calls = source.match_indices('(').any(|(at, _)| {
        let before = source.get(..at).unwrap_or_default();
        before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '-') && source.trim_end().ends_with(')')
    });
    let computes = [" + ", " - ", " * ", " div ", " mod "]
        .iter()
        .any(|sign| source.contains(sign));
    let is_number = matches!(kind, Kind::Integer | Kind::Decimal);
    calls || (is_number && (computes || crate::xform::is_dynamic(source, "integer")))
}

/// Up to twenty characters from a byte offset on.
fn near(source: &str, at: usize) -> String {
    let start = (0..=at.min(source.len()))
        .rev()
        .find(|at| source.is_char_boundary(*at))
        .unwrap_or(0);
    source.get(start..).unwrap_or_default().chars().take(20).collect()
}
