//! The sheet settings: what the form is called.

use std::collections::BTreeMap;

use sampan_form::def::Expression;
use sampan_form::problem::Problem;

use crate::cell;
use crate::heading::Headings;
use crate::reading::Options;

/// What the sheet says, with what follows from a missing one.
#[derive(Debug, Default)]
pub struct Settings {
    /// The author's name for the form; the file's name without its ending when the sheet gives none.
    pub form_id: String,
    /// Title for people; the form id when the sheet gives none.
    pub title: String,
    /// The author's version label, may be empty.
    pub version: String,
    /// Name of the outermost element of an answer document.
    pub root: String,
    /// The language of columns without one, and the one shown first.
    pub default_language: Option<String>,
    /// Names an interview for people.
    pub instance_name: Option<Expression>,
    /// Whether a name may stand twice in a choice list.
    pub allows_duplicates: bool,
    /// Whether runs of blanks in the cells of the survey are left as they are.
    pub keeps_blanks: bool,
    /// All other settings as written.
    pub others: BTreeMap<String, String>,
}

/// Reads the first row of settings. `headings` is None when there is no such sheet.
pub fn settings(
    headings: Option<&Headings<'_>>,
    file_name: &str,
    options: &Options,
    problems: &mut Vec<Problem>,
) -> Settings {
    let mut settings = Settings::default();
    let stem = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
    settings.form_id = stem
        .rsplit_once('.')
        .map_or(stem, |(stem, _)| stem)
        .replace(' ', "_");
    if let Some(line) = headings.and_then(|headings| headings.lines().find(|line| !line.row_is_blank())) {
        for heading in line.columns() {
            let Some(found) = line.cell(heading) else { continue };
            let text = cell::plain(found.text);
            match heading.means.as_str() {
                "form_title" => settings.title = cell::text(found.text),
                "id_string" if line.get("form_id").is_some() => problems.push(Problem::warning(
                    &found.origin,
                    &text,
                    "form_id and id_string mean the same; form_id is read",
                    "Delete the column id_string",
                )),
                "form_id" | "id_string" => {
                    if !is_form_id(&text) {
                        problems.push(Problem::warning(
                            &found.origin,
                            &text,
                            format!("the form is called {} here, since a form id has only letters, digits, _, - and .", form_id(&text)),
                            format!("Write {}", form_id(&text)),
                        ));
                    }
                    settings.form_id = text;
                }
                "version" => settings.version = text,
                "default_language" => {
                    let language = cell::text(found.text);
                    settings
                        .others
                        .insert("default_language".into(), language.clone());
                    settings.default_language = Some(language);
                }
                "instance_name" => {
                    settings.instance_name = Some(Expression {
                        source: cell::expression(found.text),
                        origin: found.origin,
                    });
                }
                "allow_choice_duplicates" => {
                    settings.allows_duplicates = cell::yes_or_no(&text) == Some(true)
                }
                "clean_text_values" => settings.keeps_blanks = cell::yes_or_no(&text) == Some(false),
                "name" => {
                    if !cell::is_tag(&text) {
                        problems.push(Problem::error(
                            &found.origin,
                            &text,
                            "the name of a form begins with a letter or _ and has only letters, digits, _, - and .",
                            format!("Write {}", cell::nearest_name(&text)),
                        ));
                    }
                    settings.root = text;
                }
                other => {
                    settings.others.insert(other.to_string(), text);
                }
            }
        }
        let omits = settings.others.get("omit_instanceid").map(String::as_str);
        if omits.and_then(cell::yes_or_no) == Some(true) && settings.others.contains_key("public_key") {
            problems.push(Problem::error(
                &line.place("omit_instanceid"),
                omits.unwrap_or_default(),
                "an encrypted form cannot do without an instanceID",
                "Clear omit_instanceID or public_key",
            ));
        }
    }
    if let Some(root) = &options.root {
        if !cell::is_tag(root) {
            problems.push(Problem::error(
                &sampan_form::def::Origin::default(),
                root,
                "the name of a form begins with a letter or _ and has only letters, digits, _, - and .",
                format!("Give the name {}", cell::nearest_name(root)),
            ));
        }
        if settings.root.is_empty() {
            settings.root = root.clone();
        }
    }
    if settings.root.is_empty() {
        settings.root = "data".into();
    }
    if settings.form_id.is_empty() || (headings.is_none() && !is_form_id(&settings.form_id)) {
        settings.form_id = form_id(&settings.form_id);
    }
    if settings.title.is_empty() {
        settings.title = settings.form_id.clone();
    }
    if !is_form_id(&settings.form_id) {
        let written = std::mem::take(&mut settings.form_id);
        settings.form_id = form_id(&written);
        settings.others.insert("form_id".into(), written);
    }
    settings
}

fn is_form_id(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

fn form_id(text: &str) -> String {
    let id: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') {
                c
            } else {
                '_'
            }
        })
        .collect();
    match id.is_empty() {
        true => "form".into(),
        false => id,
    }
}
