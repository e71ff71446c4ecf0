//! A form as its author wrote it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use sampan_value::answer::Kind;

use crate::entries::Entries;

/// A whole form version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormDef {
    /// The author's name for the form, the same in all versions: letters, digits, `_`, `-`, `.`.
    pub form_id: String,
    /// Title for people.
    pub title: String,
    /// The author's version label; the real name of a version is its content hash.
    pub version: String,
    /// Languages of labels as authors write them (`English (en)`); the first is shown by default. A form without
    /// language suffixes has the single language `default`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// What is asked, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// Choice lists by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub choice_lists: BTreeMap<String, ChoiceList>,
    /// Files that choices or expressions read, by instance id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external: Vec<ExternalFile>,
    /// Expression that names an interview for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_name: Option<Expression>,
    /// Other settings, kept as written. Beside the columns of a sheet, what an XForm says in a way of its own:
    /// `submission::ATTRIBUTE`, `src::INSTANCE` (an address that does not follow from the file's name), `meta::ELEMENT`
    /// with `meta::ELEMENT::value` and `meta::ELEMENT::bind::ATTRIBUTE`, and `xml`, elements that mean nothing here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// Name of the outermost element of an answer document; empty = `data`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub root: String,
    /// Lists of things that outlive an interview and that it creates or updates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<Entity>,
    /// Lists of the sheet external_choices, which travel as `itemsets.csv`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external_choices: BTreeMap<String, ChoiceList>,
    /// Tags of map features to ask for, by list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub osm: BTreeMap<String, ChoiceList>,
    /// What is to be logged of the course of an interview (`odk:track-changes` -> `true`); None = nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<BTreeMap<String, String>>,
    /// Columns that were written without a language though the form names its default one (`survey.label`): texts that
    /// have nothing but that language are not translated.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub untranslated: BTreeSet<String>,
}

impl FormDef {
    /// Notes the content of a file that belongs to the form: the BLAKE3 hash of its bytes. That makes another version
    /// of the form. False when the form knows no file of that name (letter case aside).
    pub fn attach(&mut self, file_name: &str, content: [u8; 32]) -> bool {
        let file = self
            .external
            .iter_mut()
            .find(|file| file.file_name.eq_ignore_ascii_case(file_name));
        match file {
            None => false,
            Some(file) => {
                file.content_hash = Some(content.iter().map(|byte| format!("{byte:02x}")).collect());
                true
            }
        }
    }
}

/// One thing in a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "nearly all items are questions")]
pub enum Item {
    /// Asks, tells or computes one value.
    Question(Question),
    /// Belongs together and can be irrelevant together.
    Group(Group),
    /// A group that is asked several times.
    Repeat(Repeat),
}

/// A question, note, calculation or metadata field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Name among its siblings.
    pub name: String,
    /// What kind of question.
    pub role: Role,
    /// The type of its answer.
    pub kind: Kind,
    /// Texts for people.
    #[serde(default, skip_serializing_if = "Translated::is_empty")]
    pub label: Translated,
    /// Short help.
    #[serde(default, skip_serializing_if = "Translated::is_empty")]
    pub hint: Translated,
    /// Long help.
    #[serde(default, skip_serializing_if = "Translated::is_empty")]
    pub guidance: Translated,
    /// Whether an answer is needed; None = not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<Expression>,
    /// Shown when an answer is needed and missing.
    #[serde(default, skip_serializing_if = "Translated::is_empty")]
    pub required_message: Translated,
    /// Whether it is asked; None = always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevant: Option<Expression>,
    /// Must hold for a non-empty answer (`.` = the answer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<Expression>,
    /// Shown when the constraint does not hold.
    #[serde(default, skip_serializing_if = "Translated::is_empty")]
    pub constraint_message: Translated,
    /// Should hold for a non-empty answer; where it does not, the answer is taken and doubted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft_constraint: Option<Expression>,
    /// Shown when the soft constraint does not hold.
    #[serde(default, skip_serializing_if = "Translated::is_empty")]
    pub soft_constraint_message: Translated,
    /// Computed value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calculation: Option<Expression>,
    /// First value: a literal, or an expression if it looks like one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Expression>,
    /// Whether the answer may not be changed by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<Expression>,
    /// Where its choices come from; None for questions without choices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices: Option<ChoiceSource>,
    /// Appearance words, unknown ones kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub appearance: Vec<String>,
    /// Parameters (`start=1 end=10`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// How sensitive the answer is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
    /// Attributes for other tools: `bind::NAME`, `control::NAME` or `instance::NAME` -> value as written. Beside these,
    /// what an XForm says in a way of its own, so that it is written so again: `shown` (`yes`: it has a control though it
    /// is computed and says nothing; `no`: the group has none), `items` (`inline`: its choices stand in its control),
    /// `count` (`inline`: the number of rows is computed where it is used), and `xml`, elements that mean nothing here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
    /// The type as its author chose it, in the spelling of [`crate::types::canonical`] (`rank`, `start_geopoint`): more
    /// than role and kind tell. Empty for a form that did not come from a sheet.
    #[serde(default, rename = "type", skip_serializing_if = "String::is_empty")]
    pub type_name: String,
    /// Questions whose change makes the calculation run; empty = it runs whenever what it reads changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trigger: Vec<String>,
    /// Files to show with the label: `image`, `big-image`, `audio` or `video` -> file name by language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub media: BTreeMap<String, Translated>,
    /// Shown when the program that is to answer is not installed.
    #[serde(default, skip_serializing_if = "Translated::is_empty")]
    pub no_app_message: Translated,
    /// The property of an entity list that the answer is kept in (`list#property` or `property`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_to: Option<String>,
    /// What happens to it at events, beyond what its default and its triggered calculation say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// The cell of its name.
    pub origin: Origin,
}

impl Question {
    /// A question with nothing but a name and a type.
    pub fn new(name: &str, role: Role, kind: Kind) -> Question {
        Question {
            name: name.to_string(),
            role,
            kind,
            label: Translated::default(),
            hint: Translated::default(),
            guidance: Translated::default(),
            required: None,
            required_message: Translated::default(),
            relevant: None,
            constraint: None,
            constraint_message: Translated::default(),
            soft_constraint: None,
            soft_constraint_message: Translated::default(),
            calculation: None,
            default: None,
            read_only: None,
            choices: None,
            appearance: Vec::new(),
            parameters: BTreeMap::new(),
            sensitivity: None,
            extra: BTreeMap::new(),
            type_name: String::new(),
            trigger: Vec::new(),
            media: BTreeMap::new(),
            no_app_message: Translated::default(),
            save_to: None,
            actions: Vec::new(),
            origin: Origin::default(),
        }
    }
}

/// Something that happens to a question at events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// When.
    pub events: BTreeSet<Event>,
    /// The question whose change is meant ([`Event::ValueChanged`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Which places of the question are meant, where not all are (`/data/row[1]/name`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Expression>,
    /// What.
    pub does: Does,
    /// Where it was written.
    pub origin: Origin,
}

/// A moment in the course of an interview, with its name in XForms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The interview begins (`odk-instance-first-load`).
    FirstLoad,
    /// The interview is opened, the first time or again (`odk-instance-load`).
    Load,
    /// A row came into being after the interview was opened (`odk-new-repeat`).
    NewRow,
    /// An answer is another one than before (`xforms-value-changed`).
    ValueChanged,
}

impl Event {
    /// Its name in XForms.
    pub fn name(self) -> &'static str {
        match self {
            Event::FirstLoad => "odk-instance-first-load",
            Event::Load => "odk-instance-load",
            Event::NewRow => "odk-new-repeat",
            Event::ValueChanged => "xforms-value-changed",
        }
    }

    /// The event of a name, old names among them.
    pub fn named(name: &str) -> Option<Event> {
        match name {
            "odk-instance-first-load" | "xforms-ready" => Some(Event::FirstLoad),
            "odk-instance-load" => Some(Event::Load),
            "odk-new-repeat" | "jr-insert" => Some(Event::NewRow),
            "xforms-value-changed" => Some(Event::ValueChanged),
            _ => None,
        }
    }
}

/// What happens at an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// It gets this value; None blanks it.
    Set(Option<Expression>),
    /// It gets the position of the device, if the device knows it.
    Locate,
    /// The device begins to record sound into it.
    Record,
}

impl Group {
    /// A group with nothing but a name.
    pub fn new(name: &str) -> Group {
        Group {
            name: name.to_string(),
            label: Translated::default(),
            relevant: None,
            appearance: Vec::new(),
            hint: Translated::default(),
            read_only: None,
            media: BTreeMap::new(),
            extra: BTreeMap::new(),
            items: Vec::new(),
            origin: Origin::default(),
        }
    }
}

impl Repeat {
    /// A repeat with nothing but a name, whose rows the enumerator adds.
    pub fn new(name: &str) -> Repeat {
        Repeat {
            name: name.to_string(),
            label: Translated::default(),
            relevant: None,
            count: None,
            first_rows: None,
            appearance: Vec::new(),
            hint: Translated::default(),
            read_only: None,
            media: BTreeMap::new(),
            extra: BTreeMap::new(),
            items: Vec::new(),
            origin: Origin::default(),
        }
    }
}

/// What a question does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Asks a person.
    Ask,
    /// Tells a person something, without an answer.
    Note,
    /// Computes a value, invisible.
    Calculate,
    /// Moment the interview began, written once.
    Start,
    /// Moment the interview was finished, written at finishing.
    End,
    /// Day the interview began, written once.
    Today,
    /// The device, written once.
    DeviceId,
    /// The enumerator, written once.
    Username,
}

/// Questions that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Name among its siblings.
    pub name: String,
    /// Heading.
    #[serde(default, skip_serializing_if = "Translated::is_empty")]
    pub label: Translated,
    /// Whether its content is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevant: Option<Expression>,
    /// Appearance words (`field-list`, `table-list` …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub appearance: Vec<String>,
    /// Short help.
    #[serde(default, skip_serializing_if = "Translated::is_empty")]
    pub hint: Translated,
    /// Whether nothing inside may be changed by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<Expression>,
    /// Files to show with the heading, as in [`Question::media`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub media: BTreeMap<String, Translated>,
    /// Attributes for other tools, as in [`Question::extra`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
    /// What is inside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// The cell of its name.
    pub origin: Origin,
}

/// A group that is asked several times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeat {
    /// Name among its siblings.
    pub name: String,
    /// Heading.
    #[serde(default, skip_serializing_if = "Translated::is_empty")]
    pub label: Translated,
    /// Whether its rows are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevant: Option<Expression>,
    /// Number of rows; None = the enumerator adds rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Expression>,
    /// The rows that are there at first, as an XForm has them; those of a counted repeat, as far as it has so many.
    /// None = what a sheet says: the enumerator adds the first row too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_rows: Option<Vec<FirstRow>>,
    /// Appearance words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub appearance: Vec<String>,
    /// Short help.
    #[serde(default, skip_serializing_if = "Translated::is_empty")]
    pub hint: Translated,
    /// Whether nothing inside may be changed by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<Expression>,
    /// Files to show with the heading, as in [`Question::media`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub media: BTreeMap<String, Translated>,
    /// Attributes for other tools, as in [`Question::extra`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
    /// What is inside a row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// The cell of its name.
    pub origin: Origin,
}

/// A row that is there at first, where it differs from a new one. Paths lead from the row down (`group/question`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstRow {
    /// First values by path; blank = none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Rows of the repeats inside by path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, Vec<FirstRow>>,
}

/// Text by language name; a form without languages uses the key `default`. Empty = none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Translated(pub Entries<String>);

impl Translated {
    /// Whether no language has a text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text in a language, else in the first of `languages` that has one, else any text there is.
    pub fn in_language<'a>(&'a self, language: &str, languages: &[String]) -> Option<&'a str> {
        self.0
            .get(language)
            .or_else(|| languages.iter().find_map(|other| self.0.get(other)))
            .or_else(|| self.0.values().next())
            .map(String::as_str)
    }
}

/// An expression as written, with `${name}` references, and its cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expression {
    /// As written (typographic quotes already made plain).
    pub source: String,
    /// Where it was written.
    pub origin: Origin,
}

/// The cell or row that something was written in.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// Sheet name; empty for a form that did not come from a sheet.
    #[serde(rename = "s", default, skip_serializing_if = "String::is_empty")]
    pub sheet: String,
    /// Row as spreadsheets count, from 1, or the line of a form that did not come from a sheet; 0 = unknown.
    #[serde(rename = "r", default)]
    pub row: u32,
    /// Column heading as written (`relevant`), if one column is meant.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Column letter (`F`), if one column is meant.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<String>,
}

impl Origin {
    /// The same row, another column; its letter is not known here.
    pub fn column(&self, heading: &str) -> Origin {
        Origin {
            sheet: self.sheet.clone(),
            row: self.row,
            column: Some(heading.to_string()),
            letter: None,
        }
    }
}

impl fmt::Display for Origin {
    /// `survey F12 (relevant)`; `survey row 12` when no column is meant; `line 12` of a form that did not come from a
    /// sheet; nothing when the place is unknown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sheet)?;
        if self.row > 0 {
            match &self.letter {
                None if self.sheet.is_empty() => write!(f, "line {}", self.row)?,
                Some(letter) => write!(f, " {letter}{}", self.row)?,
                None => write!(f, " row {}", self.row)?,
            }
        }
        match &self.column {
            Some(column) => write!(f, " ({column})"),
            None => Ok(()),
        }
    }
}

impl Item {
    /// Its name among its siblings.
    pub fn name(&self) -> &str {
        match self {
            Item::Question(question) => &question.name,
            Item::Group(group) => &group.name,
            Item::Repeat(repeat) => &repeat.name,
        }
    }

    /// The cell of its name.
    pub fn origin(&self) -> &Origin {
        match self {
            Item::Question(question) => &question.origin,
            Item::Group(group) => &group.origin,
            Item::Repeat(repeat) => &repeat.origin,
        }
    }
}

/// Where choices come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceSource {
    /// A list of this form, or a file.
    pub list: ListRef,
    /// Which of them are offered; names in it are columns of the list, `${name}` are answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Expression>,
    /// The cell that names the list.
    pub origin: Origin,
}

/// A list inside the form or in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListRef {
    /// A key of [`FormDef::choice_lists`].
    Internal(String),
    /// The answers that a question inside a repeat got, one choice for each row.
    Answers(String),
    /// An id of [`FormDef::external`]; columns `name` and `label` unless the parameters `value` and `label` say otherwise.
    External(String),
}

/// A list of choices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceList {
    /// In order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What is stored.
    pub name: String,
    /// What is shown.
    #[serde(default, skip_serializing_if = "Translated::is_empty")]
    pub label: Translated,
    /// Other columns, for filters.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub columns: Entries<String>,
    /// Files to show with the label, as in [`Question::media`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub media: BTreeMap<String, Translated>,
    /// The row it was written in.
    pub origin: Origin,
}

/// A file that travels with the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalFile {
    /// Instance id (`adm2`).
    pub id: String,
    /// File name (`adm2.csv`); `.csv`, `.xml` or `.geojson`.
    pub file_name: String,
    /// BLAKE3 of its bytes, lower-case hex; None until the file was attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
}

/// A list of things that outlive an interview, and what the interview does to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// Name of the list.
    pub list: String,
    /// Which thing is updated; None = a new one is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Expression>,
    /// Whether one is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_if: Option<Expression>,
    /// Whether one is updated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_if: Option<Expression>,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Expression>,
    /// The groups and repeats it belongs to, outermost first; empty = the form, else there is one for each row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<String>,
    /// The row it was written in.
    pub origin: Origin,
}

/// How an answer can hurt the person it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Names the person.
    Direct,
    /// Helps to find the person.
    Indirect,
    /// Can be used against the person.
    Sensitive,
}
