//! An XML document beside a form.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::external::TableError;
use crate::external::document::{Builder, Document};

/// Deepest nesting.
const DEPTH: usize = 100;

/// Reads a document. Names keep no prefix. Document types, and entities beside the five of XML, are refused.
pub(super) fn read(xml: &str) -> Result<Document, TableError> {
    let mut reader = Reader::from_str(xml);
    let mut builder = Builder::default();
    loop {
        let before = reader.buffer_position();
        let refused = |problem: &str| TableError::Xml {
            line: line(xml, before),
            problem: problem.to_string(),
        };
        let event = reader.read_event().map_err(|error| TableError::Xml {
            line: line(xml, reader.error_position()),
            problem: format!("this is no well-formed XML ({error}); correct it, or save the file again"),
        })?;
        match event {
            Event::Start(_) | Event::Empty(_) => {
                let (start, is_empty) = match &event {
                    Event::Start(start) => (start, false),
                    Event::Empty(start) => (start, true),
                    _ => continue,
                };
                if builder.depth() == 0 && !builder.is_empty() {
                    return Err(refused("there are two outermost elements; put both into one"));
                }
                if builder.depth() >= DEPTH {
                    return Err(refused("elements are nested more than 100 deep; nest them less"));
                }
                builder.open(local(start.name().as_ref()))?;
                for attribute in start.attributes() {
                    let broken =
                        || refused("an attribute cannot be read; write each once, as name=\"value\"");
                    let attribute = attribute.map_err(|_| broken())?;
                    let name: &str = attribute.key.as_ref();
                    if name.starts_with("xmlns") {
                        continue;
                    }
                    let value = quick_xml::escape::unescape(&attribute.value).map_err(|_| broken())?;
                    builder.leaf(&format!("@{}", local(name)), &value)?;
                }
                if is_empty {
                    builder.close();
                }
            }
            Event::End(_) => builder.close(),
            Event::Text(text) => builder.text(&text.xml10_content()),
            Event::CData(text) => builder.text(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let name: &str = &reference;
                match reference.resolve_char_ref() {
                    Ok(Some(letter)) => builder.text(letter.encode_utf8(&mut [0; 4])),
                    _ => match quick_xml::escape::resolve_predefined_entity(name) {
                        Some(text) => builder.text(text),
                        None => {
                            return Err(refused(&format!(
                                "the entity &{name}; is not read; write the letter itself"
                            )));
                        }
                    },
                }
            }
            Event::DocType(_) => {
                return Err(refused("a document type (DOCTYPE) is not read; remove it"));
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof if builder.depth() > 0 || builder.is_empty() => {
                return Err(refused("the document ends too early; copy the file again"));
            }
            Event::Eof => return Ok(builder.finish()),
        }
    }
}

fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// The line of a position, counted only when something is wrong.
fn line(xml: &str, position: u64) -> u64 {
    let position = usize::try_from(position).unwrap_or(usize::MAX).min(xml.len());
    let before = xml.as_bytes().get(..position).unwrap_or_default();
    let n_lines = before.iter().filter(|byte| **byte == b'\n').count();
    u64::try_from(n_lines).unwrap_or(u64::MAX).saturating_add(1)
}
