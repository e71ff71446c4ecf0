//! XML elements, and how they are written.

/// An element with its attributes and content.
#[derive(Debug, Clone)]
pub(super) struct Element {
    tag: String,
    attributes: Vec<(String, String)>,
    children: Vec<Child>,
}

#[derive(Debug, Clone)]
enum Child {
    Element(Element),
    Text(String),
    /// Elements as they are written where they stand.
    Written(String),
}

impl Element {
    pub(super) fn new(tag: &str) -> Element {
        Element {
            tag: tag.to_string(),
            attributes: Vec::new(),
            children: Vec::new(),
        }
    }

    /// With an attribute; one of that name is replaced.
    pub(super) fn attribute(mut self, name: &str, value: &str) -> Element {
        self.set(name, value);
        self
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self.attributes.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => *own = value.to_string(),
            None => self.attributes.push((name.to_string(), value.to_string())),
        }
    }

    /// Takes an attribute away.
    pub(super) fn unset(&mut self, name: &str) {
        self.attributes.retain(|(own, _)| own != name);
    }

    /// The element by itself, without line breaks of its own.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.write_inline(&mut out);
        out
    }

    pub(super) fn with(mut self, child: Element) -> Element {
        self.children.push(Child::Element(child));
        self
    }

    pub(super) fn push(&mut self, child: Element) {
        self.children.push(Child::Element(child));
    }

    /// As [`Element::push`], but written at once, so that a long list of elements takes no more memory than its text.
    /// `depth`: how many elements are around it.
    pub(super) fn push_written(&mut self, child: &Element, depth: usize) {
        match self.children.last_mut() {
            Some(Child::Written(written)) => child.write(written, depth),
            _ => {
                let mut written = String::new();
                child.write(&mut written, depth);
                self.children.push(Child::Written(written));
            }
        }
    }

    pub(super) fn with_text(mut self, text: &str) -> Element {
        self.push_text(text);
        self
    }

    pub(super) fn push_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.children.push(Child::Text(text.to_string()));
        }
    }

    /// The whole document, with the declaration before it.
    pub(super) fn document(&self) -> String {
        let mut out = String::from("<?xml version=\"1.0\"?>\n");
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        self.open(out, depth);
        if self.children.is_empty() {
            out.push_str("/>\n");
            return;
        }
        out.push('>');
        if self.is_mixed() {
            self.content(out);
        } else {
            out.push('\n');
            for child in &self.children {
                match child {
                    Child::Element(child) => child.write(out, depth + 1),
                    Child::Written(written) => out.push_str(written),
                    Child::Text(_) => {}
                }
            }
            indent(out, depth);
        }
        self.close(out);
        out.push('\n');
    }

    /// Without any line breaks of its own: blanks between text and elements are part of the text.
    fn write_inline(&self, out: &mut String) {
        self.open(out, 0);
        if self.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        self.content(out);
        self.close(out);
    }

    fn content(&self, out: &mut String) {
        let is_several = self.children.len() > 1;
        for (place, child) in self.children.iter().enumerate() {
            match child {
                Child::Text(text) => {
                    if is_several && place == 0 {
                        out.push(' ');
                    }
                    escape(text, false, out);
                }
                Child::Element(child) => child.write_inline(out),
                Child::Written(written) => out.push_str(written),
            }
        }
        if is_several && self.is_mixed() {
            out.push(' ');
        }
    }

    fn is_mixed(&self) -> bool {
        self.children.iter().any(|child| matches!(child, Child::Text(_)))
    }

    fn open(&self, out: &mut String, depth: usize) {
        indent(out, depth);
        out.push('<');
        out.push_str(&self.tag);
        if let [only] = self.attributes.as_slice() {
            return attribute(only, out);
        }
        let mut attributes: Vec<&(String, String)> = self.attributes.iter().collect();
        attributes.sort_by_cached_key(|(name, _)| order(name));
        for one in attributes {
            attribute(one, out);
        }
    }

    fn close(&self, out: &mut String) {
        out.push_str("</");
        out.push_str(&self.tag);
        out.push('>');
    }
}

fn attribute((name, value): &(String, String), out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    escape(value, true, out);
    out.push('"');
}

/// Attributes as canonical XML orders them: namespaces, those without a prefix, then by namespace and name.
fn order(name: &str) -> (u8, &str, &str) {
    match name.split_once(':') {
        None if name == "xmlns" => (0, "", ""),
        None => (2, "", name),
        Some(("xmlns", prefix)) => (1, "", prefix),
        Some((prefix, local)) => {
            let uri = super::model::NAMESPACES
                .iter()
                .find(|(own, _)| own.strip_prefix("xmlns:") == Some(prefix))
                .map_or(prefix, |(_, uri)| *uri);
            (3, uri, local)
        }
    }
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// Text as XML allows it: control characters that XML has no way to write are left out.
fn escape(text: &str, is_attribute: bool, out: &mut String) {
    // The last two characters that XML has no way to write begin with this byte.
    let may_be_special = |byte: u8| matches!(byte, b'&' | b'<' | b'>' | b'"' | 0xEF) || byte < 0x20;
    if !text.bytes().any(may_be_special) {
        return out.push_str(text);
    }
    let is_special = |letter: char| {
        matches!(letter, '&' | '<' | '>' | '"' | '\u{fffe}' | '\u{ffff}') || u32::from(letter) < 0x20
    };
    let mut rest = text;
    while let Some(at) = rest.find(is_special) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut letters = special.chars();
        match letters.next() {
            Some('&') => out.push_str("&amp;"),
            Some('<') => out.push_str("&lt;"),
            Some('>') => out.push_str("&gt;"),
            Some('"') => out.push_str(if is_attribute { "&quot;" } else { "\"" }),
            Some('\n') => out.push_str(if is_attribute { "&#10;" } else { "\n" }),
            Some('\t') => out.push_str(if is_attribute { "&#9;" } else { "\t" }),
            Some('\r') => out.push_str("&#13;"),
            Some(_) | None => {}
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
}
