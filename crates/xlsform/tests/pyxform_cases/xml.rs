//! A small XML tree for the assertions: elements, attributes and texts in document order.

use std::collections::HashMap;

use quick_xml::events::{BytesStart, Event};

/// All nodes; the first is the document.
#[derive(Debug, Default)]
pub struct Xml {
    pub nodes: Vec<Node>,
}

#[derive(Debug, Clone)]
pub struct Node {
    pub kind: Kind,
    pub parent: usize,
    pub children: Vec<usize>,
    pub attributes: Vec<usize>,
    pub namespaces: Vec<usize>,
}

#[derive(Debug, Clone)]
pub enum Kind {
    Document,
    Element(Name),
    Attribute(Name, String),
    Text(String),
}

#[derive(Debug, Clone, Default)]
pub struct Name {
    pub prefix: String,
    pub uri: String,
    pub local: String,
}

impl Name {
    pub fn written(&self) -> String {
        match self.prefix.is_empty() {
            true => self.local.clone(),
            false => format!("{}:{}", self.prefix, self.local),
        }
    }
}

impl Xml {
    pub fn parse(text: &str) -> Result<Xml, String> {
        let mut reader = quick_xml::Reader::from_str(text);
        let mut xml = Xml {
            nodes: vec![Node {
                kind: Kind::Document,
                parent: 0,
                children: Vec::new(),
                attributes: Vec::new(),
                namespaces: Vec::new(),
            }],
        };
        let mut open = vec![0];
        let mut scopes: Vec<HashMap<String, String>> = vec![HashMap::from([(
            "xml".to_string(),
            "http://www.w3.org/XML/1998/namespace".to_string(),
        )])];
        loop {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Start(start) => {
                    let place = xml.element(&start, *open.last().unwrap(), &mut scopes)?;
                    open.push(place);
                }
                Event::Empty(start) => {
                    xml.element(&start, *open.last().unwrap(), &mut scopes)?;
                    scopes.pop();
                }
                Event::End(_) => {
                    open.pop();
                    scopes.pop();
                }
                Event::Text(text) => {
                    let text = text.xml10_content();
                    xml.text(*open.last().unwrap(), &text);
                }
                Event::GeneralRef(reference) => {
                    let name: &str = &reference;
                    let text = match name {
                        "lt" => "<".to_string(),
                        "gt" => ">".into(),
                        "amp" => "&".into(),
                        "quot" => "\"".into(),
                        "apos" => "'".into(),
                        _ => {
                            let letter = reference.resolve_char_ref().map_err(|error| error.to_string())?;
                            letter.ok_or("an unknown entity")?.to_string()
                        }
                    };
                    xml.text(*open.last().unwrap(), &text);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        match open.as_slice() {
            [0] => Ok(xml),
            _ => Err("an element is not closed".into()),
        }
    }

    fn text(&mut self, parent: usize, text: &str) {
        if let Some(last) = self.nodes[parent].children.last().copied()
            && let Kind::Text(own) = &mut self.nodes[last].kind
        {
            own.push_str(text);
            return;
        }
        self.add(parent, Kind::Text(text.to_string()));
    }

    fn add(&mut self, parent: usize, kind: Kind) -> usize {
        let place = self.nodes.len();
        let is_attribute = matches!(kind, Kind::Attribute(..));
        self.nodes.push(Node {
            kind,
            parent,
            children: Vec::new(),
            attributes: Vec::new(),
            namespaces: Vec::new(),
        });
        match is_attribute {
            true => self.nodes[parent].attributes.push(place),
            false => self.nodes[parent].children.push(place),
        }
        place
    }

    fn element(
        &mut self,
        start: &BytesStart<'_>,
        parent: usize,
        scopes: &mut Vec<HashMap<String, String>>,
    ) -> Result<usize, String> {
        let mut scope = scopes.last().cloned().unwrap_or_default();
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let name = attribute.key.as_ref().to_string();
            let raw = attribute.value.to_string();
            let value = quick_xml::escape::unescape(&raw)
                .map_err(|error| error.to_string())?
                .to_string();
            match name.strip_prefix("xmlns") {
                Some("") => {
                    scope.insert(String::new(), value);
                }
                Some(prefix) => {
                    scope.insert(prefix.trim_start_matches(':').to_string(), value);
                }
                None => attributes.push((name, value)),
            }
        }
        let resolve = |written: &str, is_attribute: bool| -> Result<Name, String> {
            let (prefix, local) = written.split_once(':').unwrap_or(("", written));
            let uri = match (prefix, is_attribute) {
                ("", true) => String::new(),
                _ => scope.get(prefix).cloned().unwrap_or_default(),
            };
            if !prefix.is_empty() && uri.is_empty() {
                return Err(format!("the prefix {prefix} is not declared"));
            }
            Ok(Name {
                prefix: prefix.to_string(),
                uri,
                local: local.to_string(),
            })
        };
        let written = start.name().as_ref().to_string();
        let name = resolve(&written, false)?;
        let place = self.add(parent, Kind::Element(name));
        for (written, value) in attributes {
            let name = resolve(&written, true)?;
            self.add(place, Kind::Attribute(name, value));
        }
        if parent == 0 {
            for (prefix, uri) in &scope {
                let name = Name {
                    local: prefix.clone(),
                    ..Name::default()
                };
                let namespace = self.add(place, Kind::Attribute(name, uri.clone()));
                self.nodes[place].attributes.pop();
                self.nodes[place].namespaces.push(namespace);
            }
        }
        scopes.push(scope);
        Ok(place)
    }

    pub fn string(&self, place: usize) -> String {
        match &self.nodes[place].kind {
            Kind::Attribute(_, value) => value.clone(),
            Kind::Text(text) => text.clone(),
            Kind::Document | Kind::Element(_) => self.nodes[place]
                .children
                .iter()
                .map(|child| self.string(*child))
                .collect(),
        }
    }

    /// An element as text, without blanks between elements and without namespaces.
    pub fn written(&self, place: usize) -> String {
        let escape = |text: &str| {
            text.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
        };
        match &self.nodes[place].kind {
            Kind::Attribute(_, value) => escape(value),
            Kind::Text(text) => escape(text),
            Kind::Document => String::new(),
            Kind::Element(name) => {
                let node = &self.nodes[place];
                let mut text = format!("<{}", name.written());
                for attribute in &node.attributes {
                    if let Kind::Attribute(name, value) = &self.nodes[*attribute].kind {
                        text.push_str(&format!(
                            " {}=\"{}\"",
                            name.written(),
                            escape(value).replace('"', "&quot;")
                        ));
                    }
                }
                if node.children.is_empty() {
                    return text + "/>";
                }
                text.push('>');
                for child in &node.children {
                    text.push_str(&self.written(*child));
                }
                text + &format!("</{}>", name.written())
            }
        }
    }
}
