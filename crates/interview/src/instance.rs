//! An interview as a document of XML: what ODK's clients send, and what they open to edit.

use chrono::{DateTime, FixedOffset};
use sampan_form::compiled::What;
use sampan_record::ids::RowId;
use sampan_record::path::{AnswerPath, QuestionPath};
use sampan_value::answer::{Answer, Kind, MediaRef, Missing, Value};
use sampan_value::text;
use sampan_xpath::document::{Document, DocumentError, DocumentNode};
use sampan_xpath::resolve::NodeId;
use sampan_xpath::world::{NodeKind, World};

use crate::entities::{group_of_id, id_path};
use crate::facts::ROWS;
use crate::interview::{Interview, Row};
use crate::places::{FrameId, Spot};
use crate::plan::{Plan, Source};

/// The attribute that says why there is no answer, in a namespace of its own.
const MISSING: &str = "sampan:missing";

/// The namespace of that attribute.
const NAMESPACE: &str = "urn:sampan:answers";

/// What a document is called besides its answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Its own id (`uuid:…`); None = it gets none.
    pub instance_id: Option<String>,
    /// The id of the document that it replaces.
    pub deprecated_id: Option<String>,
}

/// What a document holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Answers of the form's questions; computed ones are left out, since they are computed again.
    pub answers: Vec<(AnswerPath, Answer)>,
    /// Rows of repeats whose rows people add.
    pub rows: Vec<Row>,
    /// The form that it says it is of.
    pub form_id: Option<String>,
    /// Its own id.
    pub instance_id: Option<String>,
    /// What this form version has no place for, one sentence each.
    pub set_aside: Vec<String>,
}

/// Why a document is no interview of a form.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InstanceError {
    /// It is no XML that is read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Its outermost element is another one.
    #[error(
        "the document begins with <{found}>, and this form's with <{expected}>; give an interview of this form"
    )]
    OtherRoot {
        /// What it begins with.
        found: String,
        /// What it should begin with.
        expected: String,
    },
    /// It has more rows than an interview may have.
    #[error("the document has more than {limit} rows at {place}; an interview holds no more")]
    TooManyRows {
        /// Which repeat.
        place: String,
        /// The most.
        limit: usize,
    },
}

impl Interview {
    /// The document that is sent: what is not asked is left out, what has no answer is empty. The reason why there is no
    /// answer is an attribute.
    pub fn instance(&self, envelope: &Envelope) -> String {
        let form = self.plan.form();
        let def = form.def();
        let root = Spot {
            node: form.root().id,
            frame: FrameId::INTERVIEW,
        };
        let mut inside = String::new();
        self.write_children(root, 1, &mut inside);
        let mut meta = String::new();
        self.write_entity(root, 2, &mut meta);
        if let Some(id) = &envelope.instance_id {
            leaf("instanceID", id, 2, &mut meta);
        }
        if let Some(id) = &envelope.deprecated_id {
            leaf("deprecatedID", id, 2, &mut meta);
        }
        if let Some(name) = self.name() {
            leaf("instanceName", &name, 2, &mut meta);
        }
        if !meta.is_empty() {
            inside.push_str(&format!("  <meta>\n{meta}  </meta>\n"));
        }
        let name = self.root_name();
        let mut tag = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name}");
        let mut attribute = |name: &str, value: &str| {
            tag.push_str(&format!(" {name}=\"{}\"", escaped(value, true)));
        };
        attribute("id", def.settings.get("form_id").unwrap_or(&def.form_id));
        if !def.version.is_empty() {
            attribute("version", &def.version);
        }
        if let Some(own) = def.settings.get("instance_xmlns") {
            attribute("xmlns", own);
        }
        attribute("xmlns:jr", "http://openrosa.org/javarosa");
        attribute("xmlns:orx", "http://openrosa.org/xforms");
        if inside.contains(MISSING) {
            attribute("xmlns:sampan", NAMESPACE);
        }
        format!("{tag}>\n{inside}</{name}>\n")
    }

    /// The thing that a group or row tells of.
    fn write_meta(&self, around: Spot, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        let mut inside = String::new();
        self.write_entity(around, depth + 1, &mut inside);
        if !inside.is_empty() {
            out.push_str(&format!("{indent}<meta>\n{inside}{indent}</meta>\n"));
        }
    }

    fn write_entity(&self, around: Spot, depth: usize, out: &mut String) {
        let Some(element) = self.entity_element(around) else {
            return;
        };
        let indent = "  ".repeat(depth);
        out.push_str(&format!("{indent}<entity"));
        for (name, value) in &element.attributes {
            out.push_str(&format!(" {name}=\"{}\"", escaped(value, true)));
        }
        match &element.label {
            None => out.push_str("/>\n"),
            Some(label) => {
                out.push_str(">\n");
                leaf("label", label, depth + 1, out);
                out.push_str(&format!("{indent}</entity>\n"));
            }
        }
    }

    fn write_children(&self, around: Spot, depth: usize, out: &mut String) {
        let Some(node) = self.plan.form().get(around.node) else {
            return;
        };
        let indent = "  ".repeat(depth);
        for child in &node.children {
            let Some(item) = self.plan.form().get(*child) else {
                continue;
            };
            let spot = Spot {
                node: *child,
                frame: around.frame,
            };
            let Some(cell) = self.places.cell(&self.plan, spot).filter(|cell| cell.relevant) else {
                continue;
            };
            let name = &item.name;
            match item.what {
                What::Question { .. } => match &cell.answer {
                    None => out.push_str(&format!("{indent}<{name}/>\n")),
                    Some(Answer::Missing(missing)) => {
                        out.push_str(&format!("{indent}<{name} {MISSING}=\"{}\"/>\n", missing.word()));
                    }
                    Some(Answer::Value(value)) => {
                        let text = match value {
                            Value::Media(file) => file.name.clone(),
                            other => text::to_odk_text(other),
                        };
                        leaf(name, &text, depth, out);
                    }
                },
                What::Group | What::Root => {
                    out.push_str(&format!("{indent}<{name}>\n"));
                    self.write_children(spot, depth + 1, out);
                    self.write_meta(spot, depth + 1, out);
                    out.push_str(&format!("{indent}</{name}>\n"));
                }
                What::Repeat => {
                    for row in self.places.shown(spot.frame, *child) {
                        out.push_str(&format!("{indent}<{name}>\n"));
                        let row = Spot {
                            node: *child,
                            frame: *row,
                        };
                        self.write_children(row, depth + 1, out);
                        self.write_meta(row, depth + 1, out);
                        out.push_str(&format!("{indent}</{name}>\n"));
                    }
                }
            }
        }
    }
}

/// Reads a document of answers of a form; `zone` is a moment with the offset of the place, for times without one.
pub fn read(plan: &Plan, xml: &str, zone: DateTime<FixedOffset>) -> Result<Contents, InstanceError> {
    let document = Document::parse(xml)?;
    let expected = match plan.form().def().root.as_str() {
        "" => "data",
        root => root,
    };
    let top = World::root(&document);
    let root = elements(&document, top).next().unwrap_or(top);
    let found = local(&World::name(&document, &root)).to_string();
    if found != expected {
        return Err(InstanceError::OtherRoot {
            found,
            expected: expected.to_string(),
        });
    }
    let mut contents = Contents {
        form_id: attribute(&document, root, "id"),
        ..Contents::default()
    };
    let mut reading = Reading {
        plan,
        document: &document,
        zone,
        contents: &mut contents,
    };
    reading.inside(root, plan.form().root().id, "", &mut Vec::new())?;
    Ok(contents)
}

struct Reading<'a> {
    plan: &'a Plan,
    document: &'a Document,
    zone: DateTime<FixedOffset>,
    contents: &'a mut Contents,
}

impl Reading<'_> {
    fn inside(
        &mut self,
        around: DocumentNode,
        node: NodeId,
        path: &str,
        rows: &mut Vec<RowId>,
    ) -> Result<(), InstanceError> {
        let mut n_seen: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
        for element in elements(self.document, around) {
            let full = World::name(self.document, &element).into_owned();
            let name = local(&full);
            let own = match path.is_empty() {
                true => name.to_string(),
                false => format!("{path}/{name}"),
            };
            let Some(id) = self.plan.form().find(&own) else {
                if name == "meta" {
                    self.meta(element, path, rows);
                } else {
                    let reason = format!("{own} has no place in this form version");
                    self.contents.set_aside.push(reason);
                }
                continue;
            };
            let Some(item) = self.plan.form().get(id) else {
                continue;
            };
            debug_assert!(item.parent == Some(node));
            let is_template = attribute(self.document, element, "template").is_some();
            match item.what {
                What::Question { kind, .. } => self.answer(element, id, kind, &own, rows),
                What::Group | What::Root => self.inside(element, id, &own, rows)?,
                What::Repeat if is_template => {}
                What::Repeat => {
                    let seen = n_seen.entry(own.clone()).or_insert(0);
                    let index = *seen;
                    *seen += 1;
                    if index >= ROWS {
                        return Err(InstanceError::TooManyRows {
                            place: own,
                            limit: ROWS,
                        });
                    }
                    let number = u32::try_from(index).expect("ROWS fits 32 bits");
                    let row = match item.count {
                        Some(_) => RowId::counted(number),
                        None => RowId::added(u64::from(number) + 1),
                    };
                    if item.count.is_none() {
                        self.contents.rows.push(Row {
                            repeat: AnswerPath {
                                question: QuestionPath::new(&own),
                                rows: rows.clone(),
                            },
                            row,
                            position: u64::from(number),
                        });
                    }
                    rows.push(row);
                    self.inside(element, id, &own, rows)?;
                    rows.pop();
                }
            }
        }
        Ok(())
    }

    fn answer(&mut self, element: DocumentNode, id: NodeId, kind: Kind, path: &str, rows: &[RowId]) {
        match self.plan.source(id) {
            Source::Given | Source::Kept => {}
            Source::Computed | Source::Nothing => return,
        }
        let text = World::text(self.document, &element).into_owned();
        let missing = attribute(self.document, element, "missing");
        let missing = missing.and_then(|word| Missing::from_word(&word));
        let answer = match (missing, text.trim()) {
            (Some(missing), _) => Answer::Missing(missing),
            (None, "") => return,
            (None, name) if kind == Kind::Media => Answer::Value(Value::Media(MediaRef {
                hash: [0; 32],
                size_bytes: 0,
                name: name.to_string(),
            })),
            (None, trimmed) => {
                let whole = if kind == Kind::Text {
                    text.as_str()
                } else {
                    trimmed
                };
                match typed(whole, kind, self.zone) {
                    Some(value) => Answer::Value(value),
                    None => {
                        let reason = format!("{path} holds what is no answer of its type");
                        self.contents.set_aside.push(reason);
                        return;
                    }
                }
            }
        };
        let at = AnswerPath {
            question: QuestionPath::new(path),
            rows: rows.to_vec(),
        };
        self.contents.answers.push((at, answer));
    }

    fn meta(&mut self, meta: DocumentNode, around: &str, rows: &[RowId]) {
        for element in elements(self.document, meta) {
            let name = World::name(self.document, &element).into_owned();
            match local(&name) {
                "instanceID" if around.is_empty() => {
                    let id = World::text(self.document, &element).trim().to_string();
                    self.contents.instance_id = Some(id).filter(|id| !id.is_empty());
                }
                "entity" => {
                    let at = id_path(&AnswerPath {
                        question: QuestionPath::new(around),
                        rows: rows.to_vec(),
                    });
                    let id = attribute(self.document, element, "id").filter(|id| !id.is_empty());
                    if let (Some(id), Some(_)) = (id, group_of_id(self.plan.form(), at.question.as_str())) {
                        self.contents.answers.push((at, Answer::Value(Value::Text(id))));
                    }
                }
                _ => {}
            }
        }
    }
}

/// A value from ODK's text form; a moment without an offset is one at the place of `zone`.
pub fn typed(written: &str, kind: Kind, zone: DateTime<FixedOffset>) -> Option<Value> {
    if let Ok(value) = text::parse_value(written, kind) {
        return Some(value);
    }
    match kind {
        Kind::Acknowledge => (written.eq_ignore_ascii_case("ok")).then_some(Value::Acknowledge),
        Kind::DateTime => {
            let (local, offset) = text::parse_local_date_time(written).ok()?;
            let moment = text::at_offset(local, offset.unwrap_or(*zone.offset())).ok()?;
            Some(Value::DateTime(moment))
        }
        // A day with a time, as engines write it for questions of the type date.
        Kind::Date => {
            let day = written.get(..10).filter(|_| written.get(10..11) == Some("T"))?;
            text::parse_date(day).ok().map(Value::Date)
        }
        Kind::Text
        | Kind::Integer
        | Kind::Decimal
        | Kind::Time
        | Kind::Geopoint
        | Kind::Geotrace
        | Kind::Geoshape
        | Kind::Choice
        | Kind::Choices
        | Kind::Media => None,
    }
}

fn elements(document: &Document, around: DocumentNode) -> impl Iterator<Item = DocumentNode> + '_ {
    World::children(document, &around)
        .into_iter()
        .filter(|child| World::kind(document, child) == NodeKind::Element)
}

/// An attribute by its name without a prefix.
fn attribute(document: &Document, element: DocumentNode, name: &str) -> Option<String> {
    let attributes = World::attribute_nodes(document, &element)?;
    attributes
        .iter()
        .find(|attribute| local(&World::name(document, attribute)) == name)
        .map(|attribute| World::text(document, attribute).into_owned())
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn leaf(name: &str, text: &str, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    out.push_str(&format!("{indent}<{name}>{}</{name}>\n", escaped(text, false)));
}

fn escaped(text: &str, in_attribute: bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' if in_attribute => safe.push_str("&quot;"),
            '\n' | '\t' if in_attribute => safe.push_str(&format!("&#{};", u32::from(letter))),
            '\r' => safe.push_str("&#13;"),
            letter if letter.is_control() && !matches!(letter, '\n' | '\t') => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}
