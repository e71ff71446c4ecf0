//! Just enough XML to stand in for answers: elements, attributes, text.

use std::borrow::Cow;
use std::cell::Cell;

use chrono::{DateTime, FixedOffset};
use sampan_value::answer::Missing;
use sampan_xpath::resolve::{Named, Names, NodeId};
use sampan_xpath::world::{Table, World};

pub struct Dom {
    pub elements: Vec<Element>,
    /// The element under which the evaluated tree begins.
    pub top: usize,
    /// What kinds of elements there are below the top, as a form would declare them; empty = nothing is declared.
    pub declared: Vec<Declared>,
    tables: Vec<(String, Rows)>,
    chance: Cell<u64>,
}

pub struct Element {
    pub name: String,
    pub parent: Option<usize>,
    pub children: Vec<usize>,
    pub attributes: Vec<(String, String)>,
    /// All text inside, in order.
    pub text: String,
}

/// Elements of one name at one place of the tree.
pub struct Declared {
    name: String,
    parent: Option<NodeId>,
    is_repeat: bool,
}

struct Rows {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Dom {
    /// Element 0 is the document.
    pub fn new(xml: &str) -> Dom {
        let mut dom = Dom {
            elements: vec![Element::new("", None)],
            top: 0,
            declared: Vec::new(),
            tables: Vec::new(),
            chance: Cell::new(1),
        };
        let mut open = 0;
        let mut rest = xml;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("<![CDATA[") {
                let (inside, after) = after.split_once("]]>").unwrap();
                dom.add_text(open, inside);
                rest = after;
            } else if let Some(after) = rest.strip_prefix("<!--") {
                rest = after.split_once("-->").unwrap().1;
            } else if rest.starts_with("<?") || rest.starts_with("<!") {
                rest = rest.split_once('>').unwrap().1;
            } else if let Some(after) = rest.strip_prefix("</") {
                rest = after.split_once('>').unwrap().1;
                open = dom.elements[open].parent.unwrap();
            } else if let Some(after) = rest.strip_prefix('<') {
                let (tag, after) = after.split_once('>').unwrap();
                rest = after;
                let is_empty = tag.ends_with('/');
                let element = dom.add(open, tag.trim_end_matches('/'));
                open = if is_empty { open } else { element };
            } else {
                let end = rest.find('<').unwrap_or(rest.len());
                dom.add_text(open, &plain(&rest[..end]));
                rest = &rest[end..];
            }
        }
        dom.keep_tables();
        dom
    }

    fn add(&mut self, parent: usize, tag: &str) -> usize {
        let name_end = tag.find(char::is_whitespace).unwrap_or(tag.len());
        let mut element = Element::new(&tag[..name_end], Some(parent));
        let mut rest = tag[name_end..].trim_start();
        while let Some((name, after)) = rest.split_once('=') {
            let quote = after.chars().next().unwrap();
            let (value, after) = after[1..].split_once(quote).unwrap();
            if !name.starts_with("xmlns") {
                element.attributes.push((name.trim().to_owned(), plain(value)));
            }
            rest = after.trim_start();
        }
        self.elements.push(element);
        let index = self.elements.len() - 1;
        self.elements[parent].children.push(index);
        index
    }

    fn add_text(&mut self, element: usize, text: &str) {
        let mut next = Some(element);
        while let Some(element) = next {
            self.elements[element].text.push_str(text);
            next = self.elements[element].parent;
        }
    }

    /// Each `<instance id="x"><root><item>` is a list as forms have them.
    fn keep_tables(&mut self) {
        for instance in 0..self.elements.len() {
            let element = &self.elements[instance];
            let id = element.attributes.iter().find(|(name, _)| name == "id");
            let (Some((_, id)), [root]) = (id, element.children.as_slice()) else {
                continue;
            };
            if element.name != "instance" {
                continue;
            }
            let mut table = Rows {
                columns: Vec::new(),
                rows: Vec::new(),
            };
            for item in &self.elements[*root].children {
                let mut row = vec![String::new(); table.columns.len()];
                for cell in &self.elements[*item].children {
                    let cell = &self.elements[*cell];
                    let column = table.columns.iter().position(|column| *column == cell.name);
                    let column = column.unwrap_or_else(|| {
                        table.columns.push(cell.name.clone());
                        row.push(String::new());
                        row.len() - 1
                    });
                    row[column] = cell.text.clone();
                }
                table.rows.push(row);
            }
            self.tables.push((id.clone(), table));
        }
    }

    /// Takes the tree below the top as a form: what stands more than once at a place is a repeat.
    pub fn declare(&mut self) {
        let mut waiting = vec![(World::root(self), None)];
        while let Some((element, parent)) = waiting.pop() {
            let name = self.elements[element].name.clone();
            let is_repeat = World::position(self, &element) > 1;
            let known = self
                .declared
                .iter()
                .position(|known| known.name == name && known.parent == parent);
            let item = known.unwrap_or_else(|| {
                self.declared.push(Declared {
                    name,
                    parent,
                    is_repeat: false,
                });
                self.declared.len() - 1
            });
            self.declared[item].is_repeat |= is_repeat;
            let children = self.elements[element].children.iter().rev();
            waiting.extend(children.map(|child| (*child, Some(NodeId(item as u32)))));
        }
    }

    /// What an element is declared as.
    pub fn item(&self, element: usize) -> Option<NodeId> {
        let parent = match World::parent(self, &element) {
            Some(parent) => Some(self.item(parent)?),
            None => None,
        };
        let same = |known: &Declared| known.name == self.elements[element].name && known.parent == parent;
        self.declared
            .iter()
            .position(same)
            .map(|item| NodeId(item as u32))
    }

    fn rows_around(&self, element: usize) -> Vec<usize> {
        let mut rows = Vec::new();
        let mut next = Some(element);
        while let Some(element) = next {
            if self
                .item(element)
                .is_some_and(|item| self.declared[item.0 as usize].is_repeat)
            {
                rows.push(element);
            }
            next = World::parent(self, &element);
        }
        rows
    }

    /// The element at a path such as `/html[1]/body[1]`; None for other nodes.
    pub fn find(&self, path: &str) -> Option<usize> {
        let mut at = 0;
        for step in path.split('/').filter(|step| !step.is_empty()) {
            let (name, place) = step.strip_suffix(']')?.split_once('[')?;
            let place: usize = place.parse().ok()?;
            let children = self.elements[at].children.iter();
            at = *children
                .filter(|child| self.elements[**child].name == name)
                .nth(place - 1)?;
        }
        Some(at)
    }

    pub fn path(&self, element: usize) -> String {
        match self.elements[element].parent {
            None => "/".to_owned(),
            Some(parent) => {
                let before = if parent == 0 {
                    String::new()
                } else {
                    self.path(parent)
                };
                format!(
                    "{before}/{}[{}]",
                    self.elements[element].name,
                    self.position(&element)
                )
            }
        }
    }
}

impl Element {
    fn new(name: &str, parent: Option<usize>) -> Element {
        Element {
            name: name.to_owned(),
            parent,
            children: Vec::new(),
            attributes: Vec::new(),
            text: String::new(),
        }
    }
}

fn plain(text: &str) -> String {
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    text.replace("&apos;", "'")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&")
}

impl Names for Dom {
    fn named(&self, _: &str) -> Named {
        Named::Unknown { similar: None }
    }
    fn root(&self) -> NodeId {
        NodeId(0)
    }
    fn parent(&self, node: NodeId) -> Option<NodeId> {
        self.declared.get(node.0 as usize)?.parent
    }
    fn child(&self, node: NodeId, name: &str) -> Option<NodeId> {
        Names::children(self, node)
            .into_iter()
            .find(|child| Names::name(self, *child) == name)
    }
    fn children(&self, node: NodeId) -> Vec<NodeId> {
        let all = (0..self.declared.len()).map(|item| NodeId(item as u32));
        all.filter(|item| Names::parent(self, *item) == Some(node))
            .collect()
    }
    fn name(&self, node: NodeId) -> &str {
        self.declared
            .get(node.0 as usize)
            .map_or("", |item| item.name.as_str())
    }
    fn is_repeat(&self, node: NodeId) -> bool {
        self.declared
            .get(node.0 as usize)
            .is_some_and(|item| item.is_repeat)
    }
    fn has_instance(&self, id: &str) -> bool {
        self.table(id).is_some()
    }
    fn is_open(&self) -> bool {
        self.declared.is_empty()
    }
}

impl World for Dom {
    type Node = usize;

    fn root(&self) -> usize {
        self.elements[self.top].children.first().copied().unwrap_or(0)
    }
    fn nodes(&self, target: NodeId, from: &usize) -> Vec<usize> {
        let ours = self.rows_around(*from);
        let elements = (1..self.elements.len()).filter(|element| self.item(*element) == Some(target));
        elements
            .filter(|element| {
                let mut rows = self.rows_around(*element).into_iter();
                rows.all(|row| {
                    ours.contains(&row) || ours.iter().all(|our| self.item(*our) != self.item(row))
                })
            })
            .collect()
    }
    fn text<'a>(&'a self, node: &usize) -> Cow<'a, str> {
        Cow::Borrowed(&self.elements[*node].text)
    }
    fn missing(&self, _: &usize) -> Option<Missing> {
        None
    }
    fn name<'a>(&'a self, node: &usize) -> Cow<'a, str> {
        Cow::Borrowed(&self.elements[*node].name)
    }
    fn parent(&self, node: &usize) -> Option<usize> {
        self.elements[*node].parent.filter(|parent| *parent != self.top)
    }
    fn children(&self, node: &usize) -> Vec<usize> {
        self.elements[*node].children.clone()
    }
    fn position(&self, node: &usize) -> usize {
        let element = &self.elements[*node];
        let Some(parent) = element.parent else { return 1 };
        let siblings = self.elements[parent].children.iter();
        siblings
            .filter(|sibling| self.elements[**sibling].name == element.name && *sibling <= node)
            .count()
    }
    fn attributes(&self, node: &usize) -> Vec<(String, String)> {
        self.elements[*node].attributes.clone()
    }
    fn table(&self, id: &str) -> Option<&dyn Table> {
        self.tables
            .iter()
            .find(|(known, _)| known == id)
            .map(|(_, table)| table as &dyn Table)
    }
    fn choice_label(&self, _: NodeId, _: &usize, _: &str) -> Option<String> {
        None
    }
    fn now(&self) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339("2026-11-23T12:00:00-07:00").unwrap()
    }
    fn random(&self) -> u64 {
        self.chance.set(
            self.chance
                .get()
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1),
        );
        self.chance.get()
    }
}

impl Table for Rows {
    fn n_rows(&self) -> usize {
        self.rows.len()
    }
    fn columns(&self) -> &[String] {
        &self.columns
    }
    fn cell(&self, row: usize, column: usize) -> &str {
        self.rows
            .get(row)
            .and_then(|row| row.get(column))
            .map_or("", String::as_str)
    }
}
