//! Places: from what a file says to a question of the form, and to a row of an interview.

use std::collections::HashMap;

use sampan_client_core::api::PlaceRef;
use sampan_client_core::error::ClientError;
use sampan_client_core::interviewing::OpenInterview;
use sampan_form::compiled::{Form, Node};
use sampan_form::def::Role;
use sampan_form::problem::similar;

/// Most rows that a file may name, so that a slip of the finger does not make millions.
const ROWS: usize = 1000;

/// A question that a file means.
pub struct Question<'a> {
    /// Which.
    pub id: &'a Node,
    /// Its place, rows by number: `d_products/products[0]/prod`.
    pub at: String,
}

/// The question that a text means: a place, or the end of one that the form has once. The error says what is wrong.
pub fn question<'a>(form: &'a Form, text: &str) -> Result<Question<'a>, String> {
    let mut names: Vec<&str> = Vec::new();
    let mut rows: Vec<&str> = Vec::new();
    for part in text.trim().trim_matches('/').split('/') {
        let (name, brackets) = part.split_at(part.find('[').unwrap_or(part.len()));
        names.push(name.trim());
        for row in brackets.split_terminator(']') {
            rows.push(row.trim().strip_prefix('[').unwrap_or(row).trim());
        }
    }
    let node = find(form, &names)?;
    match node.question() {
        Some((Role::Ask, _)) => {}
        Some((Role::Note, _)) => return Err(format!("{} is a note; it takes no answer", node.path)),
        Some(_) => {
            return Err(format!(
                "{} is filled in by the program; it takes no answer",
                node.path
            ));
        }
        None => return Err(format!("{} is a group; name a question in it", node.path)),
    }
    let at = with_rows(form, node, &rows)?;
    Ok(Question { id: node, at })
}

fn find<'a>(form: &'a Form, names: &[&str]) -> Result<&'a Node, String> {
    let path = names.join("/");
    if path.is_empty() {
        return Err("no question is named".into());
    }
    if let Some(id) = form.find(&path) {
        return Ok(form.node(id));
    }
    let ending = format!("/{path}");
    let ending_so: Vec<&Node> = form
        .nodes()
        .iter()
        .filter(|node| node.path.ends_with(&ending))
        .collect();
    match ending_so.as_slice() {
        [node] => Ok(node),
        [] => Err(unknown(form, &path, names)),
        several => {
            let paths: Vec<&str> = several.iter().map(|node| node.path.as_ref()).collect();
            Err(format!(
                "several questions are called {path}; write one of {}",
                paths.join(", ")
            ))
        }
    }
}

/// Says that there is no such question, and which one was probably meant.
fn unknown(form: &Form, path: &str, names: &[&str]) -> String {
    let paths = form.nodes().iter().map(|node| node.path.as_ref());
    let by_name = || {
        let known = form.nodes().iter().map(|node| node.name.as_str());
        let name = similar(names.last()?, known.filter(|name| !name.is_empty()))?;
        let node = form.nodes().iter().find(|node| node.name == name)?;
        Some(node.path.as_ref())
    };
    let meant = similar(path, paths.filter(|path| !path.is_empty())).or_else(by_name);
    match meant {
        Some(meant) => format!(
            "there is no question {path} in {}; did you mean {meant}?",
            form.form_id()
        ),
        None => format!("there is no question {path} in {}", form.form_id()),
    }
}

/// The path of a question with its rows in brackets.
fn with_rows(form: &Form, node: &Node, rows: &[&str]) -> Result<String, String> {
    let repeats: Vec<&str> = node
        .repeats
        .iter()
        .map(|id| form.node(*id).path.as_ref())
        .collect();
    let example = |row: &dyn Fn(usize) -> String| {
        let mut place = String::new();
        let mut path = String::new();
        let mut index = 0;
        for part in node.path.split('/') {
            if !path.is_empty() {
                path.push('/');
                place.push('/');
            }
            path.push_str(part);
            place.push_str(part);
            if repeats.contains(&path.as_str()) {
                place.push_str(&format!("[{}]", row(index)));
                index += 1;
            }
        }
        place
    };
    if rows.len() != repeats.len() {
        let place = example(&|_| "0".into());
        return Err(match (repeats.is_empty(), rows.is_empty()) {
            (true, _) => format!("{} stands in no repeat; write it without [ ]", node.path),
            (false, true) => format!("it stands in a repeat; say in which row: {place} is in the first"),
            (false, false) => format!("it stands in {} repeats; write it as {place}", repeats.len()),
        });
    }
    for row in rows {
        let is_added = row.len() == 17 && row.starts_with('x');
        if !is_added && row.parse::<usize>().is_ok_and(|row| row >= ROWS) {
            return Err(format!("row {row} is too far; rows count from 0 to {}", ROWS - 1));
        }
        if !is_added && row.parse::<usize>().is_err() {
            return Err(format!("[{row}] is no row; rows count from 0"));
        }
    }
    Ok(example(&|index| {
        rows.get(index).map_or_else(String::new, |row| (*row).to_owned())
    }))
}

/// The repeats of a place with their row numbers, outermost first: `a/b[1]/c[0]/d` gives `a/b` 1, `a/b[1]/c` 0.
pub fn rows_of(at: &str) -> Vec<(String, usize)> {
    at.match_indices('[')
        .filter_map(|(begin, _)| {
            let number = at.get(begin + 1..)?.split(']').next()?.parse().ok()?;
            Some((at.get(..begin)?.to_owned(), number))
        })
        .collect()
}

/// A place without its rows: the path of a question or repeat.
pub fn without_rows(at: &str) -> String {
    let mut path = String::new();
    let mut is_inside = false;
    for letter in at.chars() {
        match letter {
            '[' => is_inside = true,
            ']' => is_inside = false,
            letter if !is_inside => path.push(letter),
            _ => {}
        }
    }
    path
}

/// A place with rows by number, as this interview names it.
pub fn in_interview(open: &OpenInterview, at: &str) -> Result<PlaceRef, ClientError> {
    let mut place = String::new();
    let mut rest = at;
    while let Some((before, after)) = rest.split_once('[') {
        let (row, behind) = after.split_once(']').unwrap_or((after, ""));
        place.push_str(before);
        match row.parse::<usize>() {
            Ok(number) => {
                let rows = open.rows(&PlaceRef(place.clone()))?;
                let found = rows
                    .get(number)
                    .ok_or_else(|| ClientError::NoPlace { place: at.to_owned() })?;
                place.clone_from(&found.0);
            }
            Err(_) => place.push_str(&format!("[{row}]")),
        }
        rest = behind;
    }
    place.push_str(rest);
    Ok(PlaceRef(place))
}

/// Numbers of rows by their place in one interview.
#[derive(Default)]
pub struct RowNumbers {
    known: HashMap<String, usize>,
}

impl RowNumbers {
    /// The place with rows by number.
    pub fn of(&mut self, open: &OpenInterview, place: &PlaceRef) -> Result<String, ClientError> {
        let mut at = String::new();
        let mut begun = 0;
        for (begin, _) in place.0.match_indices('[') {
            let repeat = place.0.get(..begin).unwrap_or_default();
            let end = place
                .0
                .get(begin..)
                .and_then(|rest| rest.find(']'))
                .map_or(place.0.len(), |n| begin + n + 1);
            let row = place.0.get(..end).unwrap_or_default();
            if !self.known.contains_key(row) {
                for (number, other) in open.rows(&PlaceRef(repeat.to_owned()))?.into_iter().enumerate() {
                    self.known.insert(other.0, number);
                }
            }
            at.push_str(place.0.get(begun..begin).unwrap_or_default());
            match self.known.get(row) {
                Some(number) => at.push_str(&format!("[{number}]")),
                None => at.push_str(place.0.get(begin..end).unwrap_or_default()),
            }
            begun = end;
        }
        at.push_str(place.0.get(begun..).unwrap_or_default());
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sampan_form::compiled::Form;
    use sampan_xlsform::reading;

    use super::{question, rows_of, without_rows};

    fn form() -> Form {
        let read = reading::read_markdown(
            "| survey |              |       |          |
             |        | type         | name  | label    |
             |        | begin_group  | a     | A        |
             |        | integer      | age   | Age?     |
             |        | text         | name  | Name?    |
             |        | note         | hello | Hello    |
             |        | end_group    |       |          |
             |        | begin_repeat | child | Child    |
             |        | text         | name  | Name?    |
             |        | text         | toy   | Toy?     |
             |        | end_repeat   |       |          |
             |        | begin_group  | pets  | Pets     |
             |        | begin_repeat | cat   | Cat      |
             |        | text         | colour | Colour? |
             |        | end_repeat   |       |          |
             |        | end_group    |       |          |",
        )
        .expect("a form");
        Form::compile(Arc::new(read.form)).expect("compiles")
    }

    #[test]
    fn a_question_is_named_by_its_place_or_by_a_name_that_the_form_has_once() {
        let form = form();
        for (text, expected) in [
            ("age", "a/age"),
            ("a/age", "a/age"),
            ("/a/age", "a/age"),
            ("child[2]/toy", "child[2]/toy"),
            ("toy[2]", "child[2]/toy"),
            ("cat[0]/colour", "pets/cat[0]/colour"),
        ] {
            assert_eq!(
                question(&form, text).map(|found| found.at),
                Ok(expected.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_names_no_question_is_told_with_what_was_probably_meant() {
        let form = form();
        for (text, expected) in [
            ("agee", "there is no question agee in form; did you mean a/age?"),
            ("b/age", "there is no question b/age in form; did you mean a/age?"),
            ("zebra", "there is no question zebra in form"),
            (
                "name",
                "several questions are called name; write one of a/name, child/name",
            ),
            ("hello", "a/hello is a note; it takes no answer"),
            ("a", "a is a group; name a question in it"),
            (
                "toy",
                "it stands in a repeat; say in which row: child[0]/toy is in the first",
            ),
            ("age[1]", "a/age stands in no repeat; write it without [ ]"),
            ("child[one]/toy", "[one] is no row; rows count from 0"),
            (
                "child[9999999]/toy",
                "row 9999999 is too far; rows count from 0 to 999",
            ),
            ("", "no question is named"),
        ] {
            assert_eq!(
                question(&form, text).map(|found| found.at),
                Err(expected.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn rows_are_found_in_a_place() {
        assert_eq!(
            rows_of("a/b[1]/c[0]/d"),
            [("a/b".to_owned(), 1), ("a/b[1]/c".to_owned(), 0)]
        );
        assert_eq!(without_rows("a/b[1]/c[0]/d"), "a/b/c/d");
    }
}
