//! A code book as text with Markdown's marks.

use std::fmt::Write;

use sampan_form::codebook::{Codebook, Entry, List};

use super::language;

/// The whole page.
pub fn page(book: &Codebook) -> String {
    let mut out = String::new();
    put(&mut out, format_args!("# {}\n", line(&book.title)));
    for (name, value) in &book.facts {
        put(&mut out, format_args!("- {name}: {}", line(value)));
    }
    for (name, n) in &book.n_missing {
        put(&mut out, format_args!("- Missing texts in {}: {n}", named(name)));
    }
    for entry in &book.entries {
        one(&mut out, book, entry);
    }
    if !book.lists.is_empty() {
        out.push_str("\n## Lists\n");
    }
    for list in &book.lists {
        put(&mut out, format_args!("\n### {}\n", list.name));
        table(&mut out, book, list);
    }
    out
}

fn one(out: &mut String, book: &Codebook, entry: &Entry) {
    let marks = "#".repeat((entry.depth + 2).min(6));
    put(out, format_args!("\n{marks} {} {}\n", entry.number, entry.name));
    put(out, format_args!("{}, `{}`\n", entry.sort, entry.path));
    for (what, own, text) in &entry.texts {
        let beside = match language(own) {
            "" => String::new(),
            language => format!(" ({language})"),
        };
        match text {
            Some(text) => put(out, format_args!("- {what}{beside}: {}", line(text))),
            None => put(out, format_args!("- {what}{beside}: **missing**")),
        }
    }
    for (what, words, source) in &entry.rules {
        match source {
            Some(source) if source != words => {
                put(
                    out,
                    format_args!("- {what}: {} — `{}`", line(words), line(source)),
                );
            }
            _ => put(out, format_args!("- {what}: {}", line(words))),
        }
    }
    if let Some(list) = &entry.list {
        out.push('\n');
        table(out, book, list);
    }
}

fn table(out: &mut String, book: &Codebook, list: &List) {
    let mut head = vec!["name".to_string()];
    head.extend(book.languages.iter().map(|own| match language(own) {
        "" => "label".to_string(),
        own => own.to_string(),
    }));
    head.extend(list.columns.iter().cloned());
    row(out, &head);
    row(out, &vec!["---".to_string(); head.len()]);
    for (name, texts, cells) in &list.choices {
        let mut all = vec![format!("`{name}`")];
        all.extend(
            texts
                .iter()
                .map(|text| text.clone().unwrap_or("**missing**".to_string())),
        );
        all.extend(cells.iter().cloned());
        row(out, &all);
    }
}

fn row(out: &mut String, cells: &[String]) {
    let cells: Vec<String> = cells.iter().map(|cell| line(cell).replace('|', "\\|")).collect();
    put(out, format_args!("| {} |", cells.join(" | ")));
}

fn named(own: &str) -> &str {
    match language(own) {
        "" => "the form",
        own => own,
    }
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn put(out: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a text does not fail.
    let _ = writeln!(out, "{what}");
}
