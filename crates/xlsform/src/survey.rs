//! The sheet survey: rows become questions, groups and repeats that stand in each other.

use std::collections::{BTreeMap, HashMap, HashSet};

use sampan_form::def::{ChoiceList, Entity, Expression, ExternalFile, Group, Item, ListRef, Origin, Repeat};
use sampan_form::package::NESTING;
use sampan_form::problem::Problem;
use sampan_form::types::{self, FREE_TEXT, HIDDEN, Type};

use crate::cell;
use crate::entities::{self, Container, Mention};
use crate::heading::{Headings, Line};
use crate::reading::PROBLEMS;
use crate::references;

mod looping;
mod parameters;
mod question;
mod whole;

/// Most questions, groups and repeats in rows; for what loops make of them see the module `looping`.
pub const ITEMS: usize = 100_000;

/// What the sheet says.
#[derive(Debug, Default)]
pub struct Survey {
    /// In order.
    pub items: Vec<Item>,
    /// Choice lists, with what `or_other` added to them.
    pub lists: BTreeMap<String, ChoiceList>,
    /// Files that choices come from.
    pub files: Vec<ExternalFile>,
    /// What is to be logged; None = nothing.
    pub audit: Option<BTreeMap<String, String>>,
    /// The title, when a row gives it.
    pub title: Option<String>,
    /// The form's id, when a row gives it.
    pub form_id: Option<String>,
    /// Lists whose choices `search()` takes from a file.
    pub searched: HashSet<String>,
    /// The entities with the groups and repeats they belong to.
    pub entities: Vec<Entity>,
}

/// What other sheets say that the survey refers to.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// Choice lists.
    pub lists: BTreeMap<String, ChoiceList>,
    /// Lists of the sheet external_choices.
    pub external_choices: &'a BTreeMap<String, ChoiceList>,
    /// The sheet entities.
    pub entities: Vec<Entity>,
    /// Name of the outermost element.
    pub root: &'a str,
    /// Whether what the form's compiler would report is reported here.
    pub is_outline: bool,
    /// Whether what can only mean one thing is mended.
    pub lenient: bool,
}

/// Reads all rows. A row that is wrong still becomes an item where it can, so that what refers to it is not reported too.
pub fn survey(
    headings: &Headings<'_>,
    default_language: &str,
    around: Surroundings<'_>,
    problems: &mut Vec<Problem>,
) -> Survey {
    let mentioned_names = around.entities.iter().map(entities::names).collect();
    let mut rows = Rows {
        survey: Survey {
            lists: around.lists,
            ..Survey::default()
        },
        open: Vec::new(),
        names: vec![HashMap::new()],
        repeats: HashSet::new(),
        external_files: HashSet::new(),
        language: default_language,
        root: around.root,
        is_outline: around.is_outline,
        lenient: around.lenient,
        external_choices: around.external_choices,
        mentions: vec![Vec::new(); around.entities.len()],
        entities: around.entities,
        mentioned_names,
        containers: Vec::new(),
        n_items: 0,
        room: looping::Room::default(),
        is_out_of_room: false,
        problems,
    };
    for line in headings.lines() {
        rows.line(line);
        if rows.n_items > ITEMS {
            rows.problems.push(Problem::error(
                &line.origin(),
                "",
                format!("the form has more than {ITEMS} questions and groups"),
                "Split the form",
            ));
            break;
        }
    }
    rows.close_all();
    rows.place_entities();
    let n_before = rows.problems.len();
    whole::check(&mut rows);
    // These know what their column means, and not yet where it is.
    for problem in rows.problems.iter_mut().skip(n_before) {
        if problem.origin.letter.is_none() {
            headings.locate(&mut problem.origin, default_language);
        }
    }
    rows.survey
}

/// A group or repeat that is not closed yet.
struct Open {
    kind: OpenKind,
    item: Item,
    row: u32,
    container: Container,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum OpenKind {
    Group,
    Repeat,
    /// Asked once for each choice of this list.
    Loop(String),
}

impl OpenKind {
    fn word(&self) -> &'static str {
        match self {
            OpenKind::Group => "group",
            OpenKind::Repeat => "repeat",
            OpenKind::Loop(_) => "loop",
        }
    }
}

struct Rows<'p> {
    survey: Survey,
    open: Vec<Open>,
    /// Names used in the form and in each open group, with the cell of the first use.
    names: Vec<HashMap<String, Origin>>,
    repeats: HashSet<String>,
    /// Files that rows of their own name.
    external_files: HashSet<String>,
    language: &'p str,
    root: &'p str,
    is_outline: bool,
    lenient: bool,
    external_choices: &'p BTreeMap<String, ChoiceList>,
    entities: Vec<Entity>,
    mentions: Vec<Vec<Mention>>,
    mentioned_names: Vec<HashSet<String>>,
    /// All groups and repeats: name and what is around.
    containers: Vec<(String, Vec<Container>)>,
    n_items: usize,
    /// What loops may still make.
    room: looping::Room,
    /// Whether loops wanted to make more.
    is_out_of_room: bool,
    problems: &'p mut Vec<Problem>,
}

impl Rows<'_> {
    fn line(&mut self, line: Line<'_>) {
        if line.is_blank() {
            return;
        }
        if let Some(disabled) = line.get("disabled")
            && cell::yes_or_no(disabled.text) == Some(true)
        {
            self.problems.push(Problem::warning(
                &disabled.origin,
                disabled.text,
                "the row is disabled and is not read",
                "Clear the cell to ask it",
            ));
            return;
        }
        let Some(written) = line.get("type") else {
            if line.get("name").is_some() || !line.translated("label", self.language).is_empty() {
                self.problems.push(Problem::error(
                    &line.place("type"),
                    "",
                    "the row has no type",
                    "Write a type (text, integer, select_one …), or delete the row",
                ));
            }
            return;
        };
        let text = cell::plain(written.text);
        if self.setting(line, &text) {
            return;
        }
        let known = types::read_word(&text).filter(|(_, meaning, rest)| self.is_possible(*meaning, rest));
        // Words that may not follow are reported with the question.
        let takes_no_more = |meaning: Type, rest: &str| {
            !rest.is_empty() && matches!(meaning, Type::Question(meaning) if meaning.choices.is_none())
        };
        if let Some((word, meaning, rest)) = known
            && !types::is_as_specified(&text)
            && !takes_no_more(meaning, rest)
        {
            let usual = format!("{} {rest}", types::usual(word));
            self.oddly_spelt(&text, usual.trim(), &written.origin);
        }
        match known {
            Some((_, Type::BeginGroup, _)) => self.begin(line, OpenKind::Group),
            Some((_, Type::BeginRepeat, _)) => self.begin(line, OpenKind::Repeat),
            Some((_, Type::BeginLoop, rest)) => {
                let list = rest.strip_prefix("over ").unwrap_or(rest).trim().to_string();
                if !self.survey.lists.contains_key(&list) {
                    self.no_list(&written.origin, &text, &list);
                }
                self.begin(line, OpenKind::Loop(list));
            }
            Some((_, Type::EndGroup, _)) => self.end(line, &OpenKind::Group),
            Some((_, Type::EndRepeat, _)) => self.end(line, &OpenKind::Repeat),
            Some((_, Type::EndLoop, _)) => self.end(line, &OpenKind::Loop(String::new())),
            Some((_, Type::Audit, _)) => parameters::audit(self, line),
            Some((word, Type::ExternalFile, _)) => self.external_file(line, word),
            Some((word, Type::Question(meaning), rest)) => {
                let items = question::questions(self, line, word, meaning, rest, &written.origin);
                for item in items {
                    self.add(item);
                }
            }
            Some((word, Type::Unknowable, _)) => {
                let is_contact = word.ends_with("email") || word.ends_with("phonenumber");
                self.problems.push(Problem::warning(
                    &written.origin,
                    &text,
                    match is_contact {
                        true => "it stays empty on devices that were not told it",
                        false => "devices do not know this, so it stays empty",
                    },
                    "Ask for it with a question, or delete the row",
                ));
                let item = question::placeholder(self, line, word, HIDDEN);
                self.add(item);
            }
            None => self.unknown(line, &text, &written.origin),
        }
    }

    /// A type that is clear though no other program reads its spelling.
    fn oddly_spelt(&mut self, text: &str, usual: &str, origin: &Origin) {
        self.problems.push(match self.lenient {
            true => Problem::mended(
                origin,
                text,
                format!("the type is spelt otherwise; read as {usual}"),
                format!("Write {usual}"),
            ),
            false => Problem::error(
                origin,
                text,
                "the type is not spelt as programs for forms read it",
                format!("Write {usual}"),
            ),
        });
    }

    /// Some old forms give settings as rows of the survey.
    fn setting(&mut self, line: Line<'_>, text: &str) -> bool {
        let name = || line.get("name").map(|found| cell::plain(found.text));
        match text.to_lowercase().replace(' ', "_").as_str() {
            "set_form_title" | "form_title" => self.survey.title = name(),
            "set_form_id" | "form_id" => self.survey.form_id = name(),
            _ => return false,
        }
        true
    }

    /// Whether words may follow this type: a reading that is not lenient takes nothing else.
    fn is_possible(&self, meaning: Type, rest: &str) -> bool {
        match meaning {
            Type::Question(_) | Type::BeginLoop => true,
            Type::BeginGroup
            | Type::EndGroup
            | Type::BeginRepeat
            | Type::EndRepeat
            | Type::EndLoop
            | Type::Audit
            | Type::ExternalFile
            | Type::Unknowable => rest.is_empty() || self.lenient,
        }
    }

    fn unknown(&mut self, line: Line<'_>, text: &str, origin: &Origin) {
        let word = text.split_whitespace().next().unwrap_or(text);
        let is_read = self.problems.len() < PROBLEMS;
        let intended = is_read.then(|| types::intended(text)).flatten();
        // Types of other programs whose answers are texts.
        let is_text = text.starts_with("db:") || text == "tel";
        if self.lenient && (is_text || intended.is_some()) {
            let rest = text.get(word.len()..).unwrap_or_default();
            let meant = match intended {
                Some(intended) if !is_text => format!("{intended}{rest}"),
                _ => "text".to_string(),
            };
            if let Some((word, Type::Question(meaning), rest)) = types::read_word(&meant) {
                self.problems.push(Problem::mended(
                    origin,
                    text,
                    format!("there is no such question type; read as {meant}"),
                    format!("Write {meant}"),
                ));
                let items = question::questions(self, line, word, meaning, rest, origin);
                for item in items {
                    self.add(item);
                }
                return;
            }
        }
        let advice = match intended {
            _ if text == "tel" => "Write text, with the appearance numbers for telephone numbers".into(),
            _ if is_text => "This type is for one other program only: write text".into(),
            Some(intended) => format!("Did you mean {intended}?"),
            None => "Write a type such as text, integer, decimal, date, select_one LIST or note".into(),
        };
        self.problems.push(Problem::error(
            origin,
            text,
            format!("there is no question type {word}"),
            advice,
        ));
        let item = question::placeholder(self, line, "text", FREE_TEXT);
        self.add(item);
    }

    fn no_list(&mut self, origin: &Origin, found: &str, list: &str) {
        self.problems.push(Problem::error(
            origin,
            found,
            format!("there is no choice list {list}"),
            format!("Add rows with list_name {list} to the sheet choices"),
        ));
    }

    /// The name of a row, with problems for a missing or impossible one. None is never given: a row without a name gets
    /// one that nothing can refer to.
    fn name(&mut self, line: Line<'_>, what: &str) -> (String, Origin) {
        let place = line.place("name");
        let Some(found) = line.get("name") else {
            self.problems.push(Problem::error(
                &place,
                "",
                format!("the {what} has no name"),
                "Write a name: letters, digits and _, beginning with a letter",
            ));
            return (format!("row {}", line.row()), place);
        };
        let name = cell::plain(found.text);
        if !cell::is_name(&name) {
            self.problems.push(Problem::error(
                &place,
                &name,
                "a name begins with a letter or _ and has only letters, digits, _, - and .",
                format!("Write {}", cell::nearest_name(&name)),
            ));
        }
        self.take(&name, &place);
        (name, place)
    }

    /// Notes a name among its siblings.
    fn take(&mut self, name: &str, place: &Origin) {
        if name == "meta" {
            let (message, advice) = ("the name meta is taken by ODK", "Choose another name");
            self.problems.push(match self.lenient {
                true => Problem::mended(
                    place,
                    name,
                    format!("{message}; read as a group that shares it"),
                    advice,
                ),
                false => Problem::error(place, name, message, advice),
            });
        }
        let Some(names) = self.names.last_mut() else {
            return;
        };
        if let Some(first) = names.get(name) {
            self.problems.push(Problem::error(
                place,
                name,
                format!("the name stands twice in the same group, first in {first}"),
                "Give one of them another name",
            ));
        } else {
            names.insert(name.to_string(), place.clone());
        }
        let path: Vec<Container> = self.open.iter().map(|open| open.container).collect();
        for (entity, names) in self.mentioned_names.iter().enumerate() {
            if names.contains(name)
                && let Some(mentions) = self.mentions.get_mut(entity)
            {
                mentions.push(Mention {
                    path: path.clone(),
                    property: None,
                    question: name.to_string(),
                    origin: place.clone(),
                });
            }
        }
    }

    /// Notes that the answer of a row is kept in an entity, and gives the property.
    fn save_to(&mut self, line: Line<'_>, name: &str, is_begin_or_end: bool) -> Option<String> {
        let found = line.get("save_to")?;
        let text = cell::plain(found.text);
        match entities::saved_to(
            &text,
            &found.origin,
            &self.entities,
            &self.mentions,
            is_begin_or_end,
        ) {
            Ok((entity, property)) => {
                let path = self.open.iter().map(|open| open.container).collect();
                if let Some(mentions) = self.mentions.get_mut(entity) {
                    mentions.push(Mention {
                        path,
                        property: Some(property),
                        question: name.to_string(),
                        origin: found.origin,
                    });
                }
                Some(text)
            }
            Err(problem) => {
                self.problems.push(*problem);
                None
            }
        }
    }

    fn begin(&mut self, line: Line<'_>, kind: OpenKind) {
        let (name, origin) = self.name(line, kind.word());
        parameters::read(self, line);
        self.no_trigger(line);
        self.save_to(line, &name, true);
        if kind == OpenKind::Repeat {
            if name == self.root {
                self.problems.push(Problem::error(
                    &origin,
                    &name,
                    "a repeat may not have the name of the form itself",
                    "Choose another name",
                ));
            } else if !self.repeats.insert(name.clone()) {
                self.problems.push(Problem::error(
                    &origin,
                    &name,
                    "another repeat has this name",
                    "Choose another name",
                ));
            }
        }
        let count = line
            .expression("repeat_count")
            .filter(|_| kind == OpenKind::Repeat);
        if count
            .as_ref()
            .is_some_and(|count| references::only(&count.source).is_none())
        {
            self.take(&format!("{name}_count"), &origin);
        }
        let label = line.translated("label", self.language);
        let appearance = question::appearance(line);
        if self.open.len() == NESTING {
            self.problems.push(Problem::error(
                &line.origin(),
                &name,
                format!("groups stand more than {NESTING} deep in each other"),
                "Flatten the form",
            ));
        }
        let mut extra = line.attributes();
        for (means, attribute) in [
            ("intent", "control::intent"),
            ("rows", "control::rows"),
            ("autoplay", "control::autoplay"),
            ("required", "bind::required"),
            ("constraint", "bind::constraint"),
            ("calculation", "bind::calculate"),
            ("compact_tag", "instance::odk:tag"),
        ] {
            if let Some(Expression { source, .. }) = line.expression(means) {
                extra.insert(attribute.to_string(), source);
            }
        }
        let is_repeat = kind == OpenKind::Repeat;
        let (relevant, read_only) = (line.expression("relevant"), line.expression("read_only"));
        let hint = line.translated("hint", self.language);
        let media = line.media(self.language);
        let item = match is_repeat {
            true => Item::Repeat(Repeat {
                name: name.clone(),
                label,
                relevant,
                count,
                first_rows: None,
                appearance,
                hint,
                read_only,
                media,
                extra,
                items: Vec::new(),
                origin,
            }),
            false => Item::Group(Group {
                name: name.clone(),
                label,
                relevant,
                appearance,
                hint,
                read_only,
                media,
                extra,
                items: Vec::new(),
                origin,
            }),
        };
        let container = Container {
            number: u32::try_from(self.containers.len()).unwrap_or(u32::MAX),
            is_repeat,
        };
        let around = self.open.iter().map(|open| open.container).collect();
        self.containers.push((name, around));
        self.names.push(HashMap::new());
        self.n_items += 1;
        self.open.push(Open {
            kind,
            item,
            row: line.row(),
            container,
        });
    }

    /// Nothing is triggered in a row that opens or closes, but what stands there must be spelt right all the same.
    fn no_trigger(&mut self, line: Line<'_>) {
        if !self.lenient {
            question::trigger(self, line);
        }
    }

    fn end(&mut self, line: Line<'_>, kind: &OpenKind) {
        let kind_word = kind.word();
        let word = format!("end_{kind_word}");
        self.no_trigger(line);
        if !self.lenient {
            parameters::read(self, line);
        }
        self.save_to(line, "", true);
        let Some(open) = self.open.pop() else {
            self.problems.push(Problem::error(
                &line.place("type"),
                &word,
                format!("nothing is open here that {word} could close"),
                format!("Delete the row, or write begin_{kind_word} where it begins"),
            ));
            return;
        };
        self.names.pop();
        if open.kind.word() != kind_word {
            let opened = open.kind.word();
            self.problems.push(Problem::error(
                &line.place("type"),
                &word,
                format!(
                    "the {opened} {}, opened in row {}, is still open here",
                    open.item.name(),
                    open.row
                ),
                format!("Write end_{opened}, or close it before"),
            ));
        }
        if let Some(named) = line.get("name")
            && cell::plain(named.text) != open.item.name()
        {
            self.problems.push(Problem::warning(
                &named.origin,
                named.text,
                format!("the row closes {}, opened in row {}", open.item.name(), open.row),
                "Check whether a row that closes is missing or stands too early",
            ));
        }
        self.close(open);
    }

    fn close(&mut self, open: Open) {
        let item = match (open.kind, open.item) {
            (OpenKind::Loop(list), Item::Group(group)) => {
                let choices = self.survey.lists.get(&list).cloned().unwrap_or_default();
                let (name, origin) = (group.name.clone(), group.origin.clone());
                for choice in choices
                    .choices
                    .iter()
                    .filter(|choice| !cell::is_name(&choice.name))
                {
                    self.problems.push(Problem::error(
                        &choice.origin,
                        &choice.name,
                        format!("the loop {name} makes a group for each choice, and this cannot be its name"),
                        "Begin with a letter, then use letters, digits, _, - and .",
                    ));
                }
                match looping::expand(group, &choices, &mut self.room) {
                    Some(group) => Item::Group(group),
                    // Said once: the loops around would only make more of it.
                    None => {
                        if !self.is_out_of_room {
                            self.problems.push(Problem::error(
                                &origin,
                                &name,
                                format!(
                                    "the loops of the form make more than {} questions and groups, or more than {} MiB \
                                     of text",
                                    looping::LOOPED,
                                    looping::LOOPED_BYTES / 1024 / 1024
                                ),
                                "Shorten the lists of its loops, or ask in a repeat",
                            ));
                        }
                        self.is_out_of_room = true;
                        Item::Group(Group {
                            origin,
                            ..Group::new(&name)
                        })
                    }
                }
            }
            (_, item) => item,
        };
        self.add(item);
    }

    fn close_all(&mut self) {
        while let Some(open) = self.open.pop() {
            let opened = open.kind.word();
            self.problems.push(Problem::error(
                open.item.origin(),
                open.item.name(),
                format!("the {opened} is never closed"),
                format!("Add a row end_{opened} after its last question"),
            ));
            self.close(open);
        }
    }

    fn add(&mut self, item: Item) {
        self.n_items += 1;
        let items = match self.open.last_mut() {
            None => &mut self.survey.items,
            Some(open) => match &mut open.item {
                Item::Group(group) => &mut group.items,
                Item::Repeat(repeat) => &mut repeat.items,
                Item::Question(_) => &mut self.survey.items,
            },
        };
        items.push(item);
    }

    fn place_entities(&mut self) {
        let mut entities = std::mem::take(&mut self.entities);
        let places = entities::places(&entities, &self.mentions, self.problems);
        for (entity, place) in entities.iter_mut().zip(places) {
            let name = |container: &Container| {
                let (name, _) = self.containers.get(container.number as usize)?;
                Some(name.clone())
            };
            entity.inside = place.iter().filter_map(name).collect();
        }
        self.survey.entities = entities;
    }

    /// The files csv-external and xml-external name: the row is no question.
    fn external_file(&mut self, line: Line<'_>, word: &str) {
        let (name, origin) = self.name(line, "file");
        parameters::read(self, line);
        self.save_to(line, &name, false);
        let ending = if word == "csv_external" { "csv" } else { "xml" };
        let id = name.clone();
        let file_name = format!("{name}.{ending}");
        let before = self.survey.files.iter().find(|file| file.id == id);
        let is_other = before.is_some_and(|before| before.file_name != file_name) || name == "__last-saved";
        if is_other || !self.external_files.insert(name.clone()) {
            self.problems.push(Problem::error(
                &origin,
                &name,
                "another file has this name",
                "Choose another name, or delete the row",
            ));
            return;
        }
        if before.is_some() {
            return;
        }
        self.survey.files.push(ExternalFile {
            id,
            file_name,
            content_hash: None,
        });
    }

    /// Adds a file that choices come from, and gives its instance id.
    fn file(&mut self, file_name: &str, origin: &Origin) -> String {
        let id = file_name
            .rsplit_once('.')
            .map_or(file_name, |(stem, _)| stem)
            .to_string();
        match self.survey.files.iter().find(|file| file.id == id) {
            Some(file) if file.file_name != file_name => self.problems.push(Problem::error(
                origin,
                file_name,
                format!("{id} already means the file {}", file.file_name),
                "Give one of the files another name",
            )),
            Some(_) => {}
            None => self.survey.files.push(ExternalFile {
                id: id.clone(),
                file_name: file_name.to_string(),
                content_hash: None,
            }),
        }
        id
    }
}

/// The list of a select that the form itself holds.
fn internal(list: &ListRef) -> Option<&str> {
    match list {
        ListRef::Internal(name) => Some(name),
        ListRef::Answers(_) | ListRef::External(_) => None,
    }
}
