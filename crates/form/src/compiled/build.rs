//! From a form as written to a form ready to run.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use sampan_value::answer::Kind;
use sampan_xpath::program::Program;
use sampan_xpath::resolve::{NodeId, Place};

use crate::compiled::entities::{self, Entity};
use crate::compiled::label::{Label, Part, Piece, Template, pieces};
use crate::compiled::list::List;
use crate::compiled::names::FormNames;
use crate::compiled::order::{self, Edge};
use crate::compiled::outline::Outline;
use crate::compiled::{Action, Choices, First, FirstRow, Form, Node};
use crate::def::{Expression, FormDef, Item, ListRef, Origin, Question, Translated};
use crate::external::Tables;
use crate::problem::{Problem, Problems};

/// How many comparisons of names guesses at what was meant may take, in one form.
const COMPARISONS: usize = 200_000;

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
    let mut seen = HashSet::new();
    let names = outline.nodes.iter().skip(1).map(|node| node.name.as_str());
    let words: Vec<&str> = names.filter(|name| seen.insert(*name)).collect();
    let comparisons = Cell::new(COMPARISONS);
    let mut compiler = Compiler {
        names: FormNames {
            nodes: &outline.nodes,
            by_name: &outline.by_name,
            by_path: &outline.by_path,
            instances: &instances,
            words: &words,
            comparisons: &comparisons,
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
        .map(|(name, list)| (name.clone(), compiler.list(name, list)))
        .collect();
    let documents = compiler.documents();
    let instance_name = def
        .instance_name
        .as_ref()
        .and_then(|expression| compiler.program(NodeId(0), expression, Use::Display));
    let entities = compiler.entities(&outline.items);
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
        order::open(&outline.nodes, &mut edges)
            .into_iter()
            .for_each(|problem| problems.push(problem));
    }
    let order = order::order(&outline.nodes, &edges).unwrap_or_else(|circles| {
        circles.into_iter().for_each(|circle| problems.push(circle));
        Vec::new()
    });
    let problems = problems.into_sorted();
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
        version: OnceLock::new(),
        nodes,
        by_path,
        by_name,
        lists,
        documents,
        dependents,
        order,
        ranks,
        instance_name,
        entities,
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
            // Without rows, nothing is offered whatever the columns are.
            if table.column(column).is_none() && !table.is_empty() {
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

mod actions;
mod choices;

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
    def: &'a Arc<FormDef>,
    problems: Problems,
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
    attributes: Vec<(String, String)>,
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
                attributes: attributes(&group.extra),
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
                attributes: attributes(&repeat.extra),
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
            attributes: attributes(&question.extra),
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

    /// The things that an interview creates or updates, each where it belongs.
    fn entities(&mut self, items: &[(NodeId, &Item)]) -> Vec<Entity> {
        let def = self.def;
        let mut compiled: Vec<Entity> = Vec::new();
        let mut numbers = HashMap::new();
        for (number, entity) in def.entities.iter().enumerate() {
            let place = entity.inside.join("/");
            let inside = match place.is_empty() {
                true => Some(NodeId(0)),
                false => self.names.by_path.get(place.as_str()).copied(),
            };
            // A group holds one entity.
            let Some(inside) = inside.filter(|inside| compiled.iter().all(|other| other.inside != *inside))
            else {
                continue;
            };
            let seen = entity.id.iter().flat_map(|id| {
                entities::VERSIONS.iter().map(|(attribute, column)| {
                    let rows = crate::xform::rows(&entity.list);
                    let row = format!("{rows}[name={}]", id.source);
                    (*attribute, format!("{row}/{column}"))
                })
            });
            let place = Place {
                node: inside,
                is_choice_filter: false,
            };
            let versions = seen
                .filter_map(|(attribute, source)| {
                    Some((attribute, Program::compile(&source, &self.names, place).ok()?))
                })
                .collect();
            numbers.insert(number, compiled.len());
            compiled.push(Entity {
                list: entity.list.clone(),
                inside,
                id: self.optional(inside, &entity.id, Use::Display),
                create_if: self.optional(inside, &entity.create_if, Use::Display),
                update_if: self.optional(inside, &entity.update_if, Use::Display),
                label: self.optional(inside, &entity.label, Use::Display),
                versions,
                saved: Vec::new(),
            });
        }
        for (id, item) in items {
            let Item::Question(question) = item else { continue };
            let path = self.names.nodes.get(id.0 as usize).map(|node| node.path.clone());
            if let (Some(save_to), Some(path)) = (&question.save_to, path)
                && let Some((number, property)) = entities::kept_in(def, &path, save_to)
                && let Some(entity) = numbers.get(&number).and_then(|own| compiled.get_mut(*own))
            {
                entity.saved.push((*id, property.to_string()));
            }
        }
        compiled
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

    /// A calculation that names its own item reads itself, unless it may mean another row of the repeat around it
    /// (`indexed-repeat(${total}, ${row}, position(..) - 1)`).
    fn own_value(&self, id: NodeId, expression: &Expression) -> Option<NodeId> {
        let node = self.names.nodes.get(id.0 as usize)?;
        let is_named = expression.source.contains(&format!("${{{}}}", node.name));
        let source = &expression.source;
        let may_be_another =
            !node.repeats.is_empty() && (source.contains("indexed-repeat") || source.contains('['));
        (is_named && !may_be_another).then_some(id)
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
        node.attributes = self.attributes;
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

/// The attributes of an item's element.
fn attributes(extra: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let own = extra.iter();
    own.filter_map(|(key, value)| Some((key.strip_prefix("instance::")?.to_string(), value.clone())))
        .collect()
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
