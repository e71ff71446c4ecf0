//! A form ready to run: every expression compiled, every reference resolved, everything in an order to compute it in.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use sampan_value::answer::Kind;
use sampan_xpath::program::Program;
use sampan_xpath::resolve::NodeId;

use crate::compiled::entities::Entity;
use crate::compiled::label::Label;
use crate::compiled::list::List;
use crate::def::{Event, FormDef, ListRef, Origin, Role, Sensitivity, Translated};
use crate::external::{Table, Tables};
use crate::package;
use crate::problem::Problem;

mod build;
pub mod entities;
pub mod label;
pub mod list;
mod names;
mod order;
mod outline;

/// A form version ready to run. Never changes; share it in an `Arc`.
#[derive(Debug)]
pub struct Form {
    def: Arc<FormDef>,
    /// Worked out when it is first asked for.
    version: OnceLock<[u8; 32]>,
    nodes: Vec<Node>,
    by_path: HashMap<Arc<str>, NodeId>,
    by_name: HashMap<String, Vec<NodeId>>,
    lists: BTreeMap<String, List>,
    documents: BTreeMap<String, Table>,
    dependents: Vec<Vec<NodeId>>,
    order: Vec<NodeId>,
    ranks: Vec<u32>,
    instance_name: Option<Program>,
    entities: Vec<Entity>,
    reads_last_saved: bool,
    warnings: Vec<Problem>,
}

/// One item of a form, in document order; the first is the root.
#[derive(Debug)]
pub struct Node {
    /// Its number: the index in [`Form::nodes`]. Stable within one form version, and its question id on the wire.
    pub id: NodeId,
    /// What it stands in; None for the root only.
    pub parent: Option<NodeId>,
    /// Its name among its siblings; the root is named `data`.
    pub name: String,
    /// Names from the root down, joined by `/`, without the root: `d_products/products/prod`. Empty for the root.
    pub path: Arc<str>,
    /// What it is.
    pub what: What,
    /// The repeats around it, outermost first; a repeat is not around itself.
    pub repeats: Vec<NodeId>,
    /// What stands directly in it, in order.
    pub children: Vec<NodeId>,
    /// Whether it is asked (its parents must be relevant too); None = always.
    pub relevant: Option<Program>,
    /// Whether an answer is needed; None = not.
    pub required: Option<Program>,
    /// Must hold for a non-empty answer; `.` is the answer.
    pub constraint: Option<Program>,
    /// Computes its value; with [`Role::Calculate`] or read-only always, else whenever what it reads changes.
    pub calculation: Option<Program>,
    /// The questions whose change makes the calculation run, and nothing else does; without a calculation it is blanked
    /// then. Empty = it runs whenever what it reads changes.
    pub trigger: Vec<NodeId>,
    /// What happens to it at events, a triggered calculation among it; its default is not.
    pub actions: Vec<Action>,
    /// Its first value.
    pub default: Option<First>,
    /// Whether the answer may not be changed by hand; None = it may.
    pub read_only: Option<Program>,
    /// Number of rows of a repeat; None = a person adds rows.
    pub count: Option<Program>,
    /// The rows of a repeat that are there when what it stands in comes into being; of a counted one, as far as it has so
    /// many. Rows beyond are new ones. None = the form does not say: a person adds the first row too.
    pub first_rows: Option<Vec<FirstRow>>,
    /// Where its choices come from; None for anything but selects.
    pub choices: Option<Choices>,
    /// Its text; groups and repeats: the heading.
    pub label: Label,
    /// Short help.
    pub hint: Label,
    /// Long help.
    pub guidance: Label,
    /// Shown when an answer is needed and missing.
    pub required_message: Label,
    /// Shown when the constraint does not hold.
    pub constraint_message: Label,
    /// Should hold for a non-empty answer; `.` is the answer.
    pub soft_constraint: Option<Program>,
    /// Shown when the soft constraint does not hold.
    pub soft_constraint_message: Label,
    /// The type as its author chose it ([`Question::type_name`](crate::def::Question::type_name)); empty for anything
    /// but questions.
    pub type_name: String,
    /// Appearance words.
    pub appearance: Vec<String>,
    /// Parameters (`start=1 end=10`).
    pub parameters: BTreeMap<String, String>,
    /// Files to show with the text: `image`, `big-image`, `audio` or `video` -> file name by language.
    pub media: BTreeMap<String, Translated>,
    /// How sensitive the answer is.
    pub sensitivity: Option<Sensitivity>,
    /// Names and values of the attributes of its element; of the root see [`Form::attributes`].
    pub attributes: Vec<(String, String)>,
    /// The cell of its name.
    pub origin: Origin,
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The form itself.
    Root,
    /// Questions that belong together.
    Group,
    /// A group asked several times.
    Repeat,
    /// Asks, tells or computes one value.
    Question {
        /// What it does.
        role: Role,
        /// The type of its answer.
        kind: Kind,
    },
}

/// Something that happens to a question at events.
#[derive(Debug)]
pub struct Action {
    /// When.
    pub events: BTreeSet<Event>,
    /// The question whose change is meant; None where there is no [`Event::ValueChanged`].
    pub of: Option<NodeId>,
    /// Which of the places of the question are meant, as nodes; None = all that share rows with the changed one.
    pub at: Option<Program>,
    /// What.
    pub does: Does,
}

/// What happens at an event.
#[derive(Debug)]
pub enum Does {
    /// It gets this value; None blanks it.
    Set {
        /// What is computed.
        value: Option<Program>,
        /// Whether it is computed at the place that changed: it stands in rows that the question to be set does not.
        at_origin: bool,
    },
    /// It gets the position of the device, if the device knows it.
    Locate,
    /// The device begins to record sound into it.
    Record,
}

/// A row that is there at first, where it differs from a new one.
#[derive(Debug, Default)]
pub struct FirstRow {
    /// First values, as written; blank = none.
    pub values: BTreeMap<NodeId, String>,
    /// Rows of the repeats inside; none for those that are not named.
    pub rows: BTreeMap<NodeId, Vec<FirstRow>>,
}

/// The first value of a question.
#[derive(Debug)]
pub enum First {
    /// As written, in ODK's text form.
    Literal(String),
    /// Computed once, when the question (or its row) comes into being.
    Computed(Program),
}

/// Where the choices of a select come from.
#[derive(Debug)]
pub struct Choices {
    /// A list of this form ([`Form::list`]) or a file (by instance id in [`Tables`]).
    pub list: ListRef,
    /// The answers that are the choices, for [`ListRef::Answers`].
    pub answers: Option<Answers>,
    /// Which of them are offered; None = all.
    pub filter: Option<Program>,
    /// The column that is stored: `name` unless the parameter `value` says otherwise.
    pub value_column: String,
    /// The column that is shown: `label` unless the parameter `label` says otherwise.
    pub label_column: String,
    /// Whether their order is drawn by chance.
    pub randomize: bool,
    /// What the chance starts from; None = the interview's own seed.
    pub seed: Option<Program>,
}

/// Answers that are choices of another question, one for each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers {
    /// The question whose answers are stored.
    pub value: NodeId,
    /// The question whose answers are shown; it stands in the same repeats.
    pub label: NodeId,
    /// The innermost repeat around it (its group, outside repeats): the filter is judged in each row of it.
    pub around: NodeId,
    /// Whether a blank answer is a choice too.
    pub with_blanks: bool,
}

impl Form {
    /// Compiles a form as written. Everything that is wrong is reported at once; warnings alone do not stop it, see
    /// [`Form::warnings`].
    pub fn compile(def: Arc<FormDef>) -> Result<Form, Vec<Problem>> {
        build::form(def, false)
    }

    /// As [`Form::compile`], but what most programs put up with is mended and said among [`Form::warnings`]: a path to
    /// nothing is empty, and so is an instance that is not there; a group whose relevance reads what is inside it is
    /// asked by what was there before.
    pub fn compile_leniently(def: Arc<FormDef>) -> Result<Form, Vec<Problem>> {
        build::form(def, true)
    }

    /// The form as written.
    pub fn def(&self) -> &Arc<FormDef> {
        &self.def
    }

    /// The name of this version: BLAKE3 of its package.
    pub fn version(&self) -> [u8; 32] {
        *self.version.get_or_init(|| package::version_hash(&self.def))
    }

    /// The author's name for the form, the same in all versions.
    pub fn form_id(&self) -> &str {
        &self.def.form_id
    }

    /// Languages as authors write them (`English (en)`), the default first.
    pub fn languages(&self) -> &[String] {
        &self.def.languages
    }

    /// The form's language that a person means by `English (en)`, `English` or `en`, if it has it.
    pub fn language(&self, wanted: &str) -> Option<&str> {
        let wanted = wanted.trim().to_lowercase();
        self.def
            .languages
            .iter()
            .find(|language| {
                let language = language.to_lowercase();
                let (name, code) = language.split_once('(').unwrap_or((&language, ""));
                language == wanted || name.trim() == wanted || code.trim_end_matches(')').trim() == wanted
            })
            .map(String::as_str)
    }

    /// All items in document order; the first is the root.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// All questions (notes, calculations and metadata among them) in document order.
    pub fn questions(&self) -> impl Iterator<Item = &Node> {
        self.nodes
            .iter()
            .filter(|node| matches!(node.what, What::Question { .. }))
    }

    /// The root.
    pub fn root(&self) -> &Node {
        self.node(NodeId(0))
    }

    /// An item. The id must come from this form.
    pub fn node(&self, id: NodeId) -> &Node {
        self.nodes
            .get(id.0 as usize)
            .expect("a node id is used with the form that gave it")
    }

    /// An item by an id from outside; None when this form has no such item.
    pub fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }

    /// An item by its path (`d_products/products/prod`).
    pub fn find(&self, path: &str) -> Option<NodeId> {
        self.by_path.get(path).copied()
    }

    /// Whether devices answer the question at this path by themselves: when the interview began and ended, by whom and
    /// on what; what stands beside an answer or a row (`age/@confirmed`) is among them. Such answers differ as a matter of
    /// course and are nobody's to decide. False for no path of the form.
    pub fn is_metadata(&self, path: &str) -> bool {
        let is_beside = path.rsplit('/').next().is_some_and(|last| last.starts_with('@'));
        if path == "meta/audit" || is_beside {
            return true;
        }
        let question = self.find(path).and_then(|id| self.get(id)?.question());
        question.is_some_and(|(role, _)| match role {
            Role::Start | Role::End | Role::Today | Role::DeviceId | Role::Username => true,
            Role::Ask | Role::Note | Role::Calculate => false,
        })
    }

    /// The lists of things that an interview creates or updates.
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// The one item of a name, wherever it stands; None when there is none or more than one.
    pub fn find_named(&self, name: &str) -> Option<NodeId> {
        match self.by_name.get(name).map(Vec::as_slice) {
            Some([id]) => Some(*id),
            _ => None,
        }
    }

    /// A list of choices of this form.
    pub fn list(&self, name: &str) -> Option<&List> {
        self.lists.get(name)
    }

    /// A secondary instance of this form that is no list of rows.
    pub fn document(&self, id: &str) -> Option<&Table> {
        self.documents.get(id)
    }

    /// Names and values of the attributes that an item's element has from the start; a form's `id` and `version` are
    /// among those of the root.
    pub fn attributes(&self, id: NodeId) -> Vec<(String, String)> {
        let Some(node) = self.get(id) else {
            return Vec::new();
        };
        if node.what != What::Root {
            return node.attributes.clone();
        }
        let own = |name: &str, value: &str| (name.to_string(), value.to_string());
        let form_id = self.def.settings.get("form_id").unwrap_or(&self.def.form_id);
        let settings = self.def.settings.iter();
        let others = settings.filter_map(|(key, value)| Some(own(key.strip_prefix("attribute::")?, value)));
        [own("id", form_id), own("version", &self.def.version)]
            .into_iter()
            .chain(others)
            .collect()
    }

    /// The items that read this one's answer, relevance or row count in any of their expressions (directly: relevance,
    /// requirement, constraint, calculation, default, read-only, count, choice filter, labels and messages).
    /// What stands inside a group whose relevance changes is not listed.
    pub fn dependents(&self, id: NodeId) -> &[NodeId] {
        self.dependents
            .get(id.0 as usize)
            .map(Vec::as_slice)
            .unwrap_or(&[])
    }

    /// All items, each after everything that its relevance, calculation and count read and after what it stands in.
    pub fn calculation_order(&self) -> &[NodeId] {
        &self.order
    }

    /// The place of an item in [`Form::calculation_order`].
    pub fn rank(&self, id: NodeId) -> u32 {
        self.ranks.get(id.0 as usize).copied().unwrap_or(u32::MAX)
    }

    /// What names an interview for people, evaluated at the root.
    pub fn instance_name(&self) -> Option<&Program> {
        self.instance_name.as_ref()
    }

    /// Whether an expression reads what the interview saved before was answered.
    pub fn reads_last_saved(&self) -> bool {
        self.reads_last_saved
    }

    /// What is doubtful in it.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// What is wrong with the files for this form: missing ones, and missing columns.
    pub fn check_tables(&self, tables: &Tables) -> Vec<Problem> {
        build::check_tables(self, tables)
    }
}

impl Node {
    /// The role and answer kind of a question; None for groups, repeats and the root.
    pub fn question(&self) -> Option<(Role, Kind)> {
        match self.what {
            What::Question { role, kind } => Some((role, kind)),
            What::Root | What::Group | What::Repeat => None,
        }
    }

    /// Whether it has this appearance word.
    pub fn looks(&self, word: &str) -> bool {
        self.appearance.iter().any(|own| own == word)
    }
}
