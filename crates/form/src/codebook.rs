//! A form as a page for people: what is asked, with which choices, under which conditions, in all languages.

use crate::def::{
    Choice, Expression, FormDef, Item, ListRef, Origin, Question, Role, Sensitivity, Translated,
};
use crate::types;
use crate::wording::Wording;

/// The longest list that is shown at its question; longer ones are shown at the end.
const CHOICES: usize = 40;

/// A whole code book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Codebook {
    /// Title of the form.
    pub title: String,
    /// Languages of the texts; a form without languages has one without name.
    pub languages: Vec<String>,
    /// What is said about the whole form: name and value.
    pub facts: Vec<(String, String)>,
    /// Items in the order of the form.
    pub entries: Vec<Entry>,
    /// Lists that are too long to stand at their questions, and those that no question shows.
    pub lists: Vec<List>,
    /// How many texts are missing, by language.
    pub n_missing: Vec<(String, usize)>,
}

/// One question, group or repeat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// How many groups it stands in.
    pub depth: usize,
    /// Its number in the form (`3.2`).
    pub number: String,
    /// Its path.
    pub path: String,
    /// Its name.
    pub name: String,
    /// What it is, in words.
    pub sort: String,
    /// Whether others stand in it.
    pub is_group: bool,
    /// The texts: what (`Question`, `Hint` …), language, text; None = missing in that language.
    pub texts: Vec<(&'static str, String, Option<String>)>,
    /// Logic and other properties: what, in words, and the expression if there is one.
    pub rules: Vec<(&'static str, String, Option<String>)>,
    /// Its choices, if they stand here.
    pub list: Option<List>,
}

/// A list of choices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// Its name.
    pub name: String,
    /// Further columns.
    pub columns: Vec<String>,
    /// Name, texts in the order of the languages (None = missing), further cells.
    pub choices: Vec<(String, Vec<Option<String>>, Vec<String>)>,
}

/// Makes the code book of a form.
pub fn codebook(form: &FormDef) -> Codebook {
    let languages = match form.languages.as_slice() {
        [] => vec!["default".to_string()],
        languages => languages.to_vec(),
    };
    let main = languages.first().cloned().unwrap_or_default();
    let mut maker = Maker {
        form,
        wording: Wording::new(form, &main),
        n_missing: vec![0; languages.len()],
        entries: Vec::new(),
        shown: Vec::new(),
        languages,
    };
    maker.items(&form.items, "", "", 0);
    let lists = form
        .choice_lists
        .iter()
        .chain(&form.external_choices)
        .filter(|(name, _)| !maker.shown.contains(name))
        .map(|(name, _)| name.clone())
        .collect::<Vec<_>>();
    let lists = lists.iter().filter_map(|name| maker.list(name)).collect();
    Codebook {
        title: form.title.clone(),
        facts: facts(form, &maker.wording),
        lists,
        n_missing: maker
            .languages
            .iter()
            .cloned()
            .zip(maker.n_missing.iter().copied())
            .filter(|(_, n)| *n > 0)
            .collect(),
        languages: maker.languages,
        entries: maker.entries,
    }
}

struct Maker<'a> {
    form: &'a FormDef,
    wording: Wording<'a>,
    languages: Vec<String>,
    n_missing: Vec<usize>,
    entries: Vec<Entry>,
    /// Lists that stand at a question.
    shown: Vec<String>,
}

impl Maker<'_> {
    fn items(&mut self, items: &[Item], inside: &str, number: &str, depth: usize) {
        for (index, item) in items.iter().enumerate() {
            let number = match number {
                "" => (index + 1).to_string(),
                around => format!("{around}.{}", index + 1),
            };
            let path = format!("{inside}{}", item.name());
            let mut entry = Entry {
                depth,
                number: number.clone(),
                path: path.clone(),
                name: item.name().to_string(),
                ..Entry::default()
            };
            match item {
                Item::Question(question) => {
                    self.question(question, &mut entry);
                    self.entries.push(entry);
                }
                Item::Group(group) => {
                    entry.is_group = true;
                    entry.sort = "Group".to_string();
                    self.text("Heading", &group.label, false, &mut entry);
                    self.text("Hint", &group.hint, false, &mut entry);
                    self.rule("Asked if", &group.relevant, &mut entry);
                    self.rule("Read only if", &group.read_only, &mut entry);
                    words("Appearance", &group.appearance.join(" "), &mut entry);
                    self.entries.push(entry);
                    self.items(&group.items, &format!("{path}/"), &number, depth + 1);
                }
                Item::Repeat(repeat) => {
                    entry.is_group = true;
                    entry.sort = "Repeat: asked once for each row".to_string();
                    self.text("Heading", &repeat.label, false, &mut entry);
                    self.text("Hint", &repeat.hint, false, &mut entry);
                    self.rule("Asked if", &repeat.relevant, &mut entry);
                    match &repeat.count {
                        Some(_) => self.rule("Number of rows", &repeat.count, &mut entry),
                        None => words("Number of rows", "as many as are added", &mut entry),
                    }
                    words("Appearance", &repeat.appearance.join(" "), &mut entry);
                    self.entries.push(entry);
                    self.items(&repeat.items, &format!("{path}/"), &number, depth + 1);
                }
            }
        }
    }

    fn question(&mut self, question: &Question, entry: &mut Entry) {
        entry.sort = sort(question);
        let is_asked = matches!(question.role, Role::Ask | Role::Note);
        self.text("Question", &question.label, is_asked, entry);
        self.text("Hint", &question.hint, false, entry);
        self.text("Guidance", &question.guidance, false, entry);
        if let Some(required) = &question.required {
            match ["yes", "true", "true()"].contains(&required.source.trim()) {
                true => words("Answer needed", "always", entry),
                false => self.rule("Answer needed if", &question.required, entry),
            }
        }
        self.text("If it is missing", &question.required_message, false, entry);
        self.rule("Asked if", &question.relevant, entry);
        self.rule("Accepted if", &question.constraint, entry);
        self.text(
            "If it is not accepted",
            &question.constraint_message,
            false,
            entry,
        );
        self.rule("Computed as", &question.calculation, entry);
        self.rule("At first", &question.default, entry);
        self.rule("Read only if", &question.read_only, entry);
        if !question.trigger.is_empty() {
            let names = question.trigger.iter();
            let names: Vec<String> = names
                .map(|name| {
                    self.wording
                        .item(name.trim_start_matches("${").trim_end_matches('}'))
                })
                .collect();
            words("Set when this changes", &names.join(", "), entry);
        }
        if let Some(choices) = &question.choices {
            match &choices.list {
                ListRef::Internal(name) => self.choices(name, entry),
                ListRef::External(id) => {
                    let file = self.form.external.iter().find(|file| file.id == *id);
                    let name = file.map_or(id.as_str(), |file| file.file_name.as_str());
                    words("Choices", &format!("the rows of the file {name}"), entry);
                }
                ListRef::Answers(name) => {
                    let label = self.wording.item(name);
                    words(
                        "Choices",
                        &format!("the answers to {label}, one for each row"),
                        entry,
                    );
                }
            }
            self.rule("Offered if", &choices.filter, entry);
        }
        words("Appearance", &question.appearance.join(" "), entry);
        let pairs = |map: &std::collections::BTreeMap<String, String>| {
            let pairs: Vec<String> = map
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            pairs.join(" ")
        };
        words("Parameters", &pairs(&question.parameters), entry);
        let media: Vec<String> = question
            .media
            .iter()
            .flat_map(|(kind, files)| files.0.values().map(move |file| format!("{kind} {file}")))
            .collect();
        words("Shown with it", &media.join(", "), entry);
        if let Some(sensitivity) = question.sensitivity {
            let said = match sensitivity {
                Sensitivity::Direct => "names the person",
                Sensitivity::Indirect => "helps to find the person",
                Sensitivity::Sensitive => "can be used against the person",
            };
            words("Sensitivity", said, entry);
        }
        words("Saved to", question.save_to.as_deref().unwrap_or_default(), entry);
        words("Other attributes", &pairs(&question.extra), entry);
        words("Written at", &at(&question.origin), entry);
    }

    fn choices(&mut self, name: &str, entry: &mut Entry) {
        let n_choices = self
            .form
            .choice_lists
            .get(name)
            .map_or(0, |list| list.choices.len());
        if n_choices > CHOICES {
            words(
                "Choices",
                &format!("the list {name}, {n_choices} choices, at the end"),
                entry,
            );
            return;
        }
        if !self.shown.contains(&name.to_string()) {
            self.shown.push(name.to_string());
        }
        entry.list = self.list(name);
    }

    fn list(&mut self, name: &str) -> Option<List> {
        let list = self
            .form
            .choice_lists
            .get(name)
            .or_else(|| self.form.external_choices.get(name))?;
        let columns: std::collections::BTreeSet<&String> = list
            .choices
            .iter()
            .flat_map(|choice| choice.columns.keys())
            .collect();
        let columns: Vec<String> = columns.into_iter().cloned().collect();
        let row = |choice: &Choice| {
            let texts = self.languages.iter().map(|language| {
                let text = choice.label.0.get(language)?;
                Some(self.wording.readable(text))
            });
            let cells = columns
                .iter()
                .map(|column| choice.columns.get(column).cloned().unwrap_or_default());
            (choice.name.clone(), texts.collect(), cells.collect())
        };
        let choices: Vec<(String, Vec<Option<String>>, Vec<String>)> = list.choices.iter().map(row).collect();
        for (_, texts, _) in &choices {
            for (n_missing, _) in self
                .n_missing
                .iter_mut()
                .zip(texts)
                .filter(|(_, text)| text.is_none())
            {
                *n_missing += 1;
            }
        }
        Some(List {
            name: name.to_string(),
            columns,
            choices,
        })
    }

    /// A text in all languages; missing ones count where some language has it, or where it is needed.
    fn text(&mut self, what: &'static str, text: &Translated, is_needed: bool, entry: &mut Entry) {
        if text.is_empty() && !is_needed {
            return;
        }
        for (language, n_missing) in self.languages.iter().zip(&mut self.n_missing) {
            let own = text.0.get(language).map(|text| self.wording.readable(text));
            *n_missing += usize::from(own.is_none());
            entry.texts.push((what, language.clone(), own));
        }
    }

    fn rule(&self, what: &'static str, expression: &Option<Expression>, entry: &mut Entry) {
        if let Some(expression) = expression {
            let source = expression.source.trim();
            let clause = match what {
                // A default that is no expression is what stands there.
                "At first" if !crate::xform::is_dynamic(source, "text") => Some(source.to_string()),
                "Offered if" => self.wording.filter(source),
                _ => self.wording.clause(source),
            };
            let said = clause.unwrap_or_else(|| source.to_string());
            entry.rules.push((what, said, Some(source.to_string())));
        }
    }
}

fn words(what: &'static str, said: &str, entry: &mut Entry) {
    if !said.is_empty() {
        entry.rules.push((what, said.to_string(), None));
    }
}

fn at(origin: &Origin) -> String {
    match (origin.sheet.as_str(), origin.row) {
        (_, 0) => String::new(),
        ("", row) => format!("line {row}"),
        (sheet, row) => format!("{sheet} row {row}"),
    }
}

/// What a question is, in words.
fn sort(question: &Question) -> String {
    let type_name = match question.type_name.as_str() {
        "" => types::canonical(question.role, question.kind),
        name => name,
    };
    let words = match question.role {
        Role::Note => "Note: nothing is answered",
        Role::Calculate => "Computed, not shown",
        Role::Start => "Moment the interview began",
        Role::End => "Moment the interview was finished",
        Role::Today => "Day of the interview",
        Role::DeviceId => "The device",
        Role::Username => "The enumerator",
        Role::Ask => match type_name {
            "integer" => "Whole number",
            "decimal" => "Number",
            "text" => "Text",
            "select_one" | "select_one_from_file" | "select_one_external" => "One choice",
            "select_multiple" | "select_multiple_from_file" => "Any number of choices",
            "rank" => "Choices in an order",
            "range" => "Number on a scale",
            "date" => "Day",
            "time" => "Time",
            "datetime" => "Day and time",
            "geopoint" => "Position",
            "geotrace" => "Line of positions",
            "geoshape" => "Area of positions",
            "image" | "photo" => "Picture",
            "audio" => "Sound",
            "video" => "Video",
            "file" => "File",
            "barcode" => "Barcode",
            "acknowledge" | "trigger" => "To be ticked",
            _ => "Answer",
        },
    };
    format!("{words} ({type_name})")
}

fn facts(form: &FormDef, wording: &Wording<'_>) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            facts.push((name.to_string(), value));
        }
    };
    fact("Form id", form.form_id.clone());
    fact("Version", form.version.clone());
    let languages: Vec<&str> = form
        .languages
        .iter()
        .map(String::as_str)
        .filter(|own| *own != "default")
        .collect();
    fact("Languages", languages.join(", "));
    if let Some(name) = &form.instance_name {
        let words = wording
            .clause(&name.source)
            .unwrap_or_else(|| name.source.clone());
        fact("Name of an interview", format!("{words} — {}", name.source));
    }
    let files: Vec<&str> = form.external.iter().map(|file| file.file_name.as_str()).collect();
    fact("Files", files.join(", "));
    let entities: Vec<&str> = form.entities.iter().map(|entity| entity.list.as_str()).collect();
    fact("Entities", entities.join(", "));
    if form.audit.is_some() {
        fact("Log", "the course of the interview is logged".to_string());
    }
    for (name, value) in &form.settings {
        if !["form_id", "form_title", "version"].contains(&name.as_str()) {
            fact(&format!("Setting {name}"), value.clone());
        }
    }
    facts
}
