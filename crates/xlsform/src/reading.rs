//! The entrance: a workbook in, a form or everything that is wrong with it out.

use std::collections::BTreeSet;
use std::sync::Arc;

use sampan_form::compiled::Form;
use sampan_form::def::{ExternalFile, FormDef, Item, Origin};
use sampan_form::problem::{Problem, Severity, similar};

use crate::heading::{CHOICES, ENTITIES, Headings, SETTINGS, SURVEY};
use crate::survey::{self, Surroundings, Survey};
use crate::workbook::{Sheet, Workbook};
use crate::{choices, entities, markdown, mending, references, settings, spreadsheet, table};

/// Most problems that are reported for one form.
pub const PROBLEMS: usize = 500;

/// A form that was read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The form as written.
    pub form: FormDef,
    /// What is doubtful in it, and what was mended.
    pub warnings: Vec<Problem>,
}

/// How to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether what is wrong but can only mean one thing is read as that, and said
    /// ([`Severity::Mended`]), instead of being an error.
    pub lenient: bool,
    /// Name of the outermost element of an answer document; None = as the settings say, else `data`.
    pub root: Option<String>,
    /// Whether expressions are left uncompiled: the form can then be written for other tools whose functions and rules
    /// this one does not know, while references are still checked.
    pub is_outline: bool,
}

/// Reads a file of any kind that holds a form: .xlsx, .xls, .ods, .csv or a table in Markdown, told apart by how it
/// begins. `file_name` gives the form its id when the settings do not, and stands in messages; no file is opened.
pub fn read_file(bytes: &[u8], file_name: &str, options: &Options) -> Result<Reading, Vec<Problem>> {
    read_with(&workbook(bytes, file_name)?, file_name, options)
}

/// The sheets of such a file as they stand there, to be shown.
pub fn workbook(bytes: &[u8], file_name: &str) -> Result<Workbook, Vec<Problem>> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.trim_start_matches('\u{feff}').trim_start().starts_with('|') => {
            Ok(markdown::workbook(text))
        }
        Ok(text) if table::is_table(text) => table::workbook(bytes, file_name),
        _ => spreadsheet::workbook(bytes, file_name),
    }
}

/// Reads an .xlsx file (or another spreadsheet) strictly. On failure everything that is wrong, in the order of sheets,
/// rows and columns, warnings among it.
pub fn read_xlsx(bytes: &[u8], file_name: &str) -> Result<Reading, Vec<Problem>> {
    let workbook = spreadsheet::workbook(bytes, file_name)?;
    read_workbook(&workbook, file_name)
}

/// Reads a table of text strictly, see [`markdown::workbook`].
pub fn read_markdown(text: &str) -> Result<Reading, Vec<Problem>> {
    read_workbook(&markdown::workbook(text), "form.md")
}

/// Reads a workbook strictly.
pub fn read_workbook(workbook: &Workbook, file_name: &str) -> Result<Reading, Vec<Problem>> {
    read_with(workbook, file_name, &Options::default())
}

/// Reads a workbook.
pub fn read_with(workbook: &Workbook, file_name: &str, options: &Options) -> Result<Reading, Vec<Problem>> {
    let mut problems = Vec::new();
    let mended;
    let workbook = match options.lenient {
        true => {
            mended = mending::mend(workbook, &mut problems);
            &mended
        }
        false => workbook,
    };
    let only = Some(workbook.sheets.as_slice());
    let Some(survey_sheet) = workbook.sheet("survey").or_else(|| match only {
        Some([sheet]) if !references::is_private(&sheet.name) => Some(sheet),
        _ => None,
    }) else {
        return Err(vec![no_survey(workbook, file_name)]);
    };
    warn_of_sheets(workbook, &mut problems);
    let lenient = options.lenient;
    let mut found = Vec::new();
    let settings_headings = headings(workbook.sheet("settings"), SETTINGS, lenient, &mut found);
    // A strange setting may be one of another program; one that stands twice is a mistake.
    problems.extend(
        found
            .into_iter()
            .filter(|problem| problem.severity < Severity::Warning),
    );
    let settings = settings::settings(settings_headings.as_ref(), file_name, options, &mut problems);
    let mut survey_headings = Headings::read(survey_sheet, SURVEY, lenient, &mut problems);
    survey_headings.keeps_blanks = settings.keeps_blanks;
    // Headings of choices are columns for filters too, so a strange one is no mistake; one that stands twice is.
    let mut found = Vec::new();
    let mut choice_headings = headings(workbook.sheet("choices"), CHOICES, lenient, &mut found);
    if let Some(headings) = &mut choice_headings {
        headings.keeps_blanks = true;
    }
    problems.extend(
        found
            .into_iter()
            .filter(|problem| problem.severity < Severity::Warning),
    );
    let external_headings = headings(workbook.sheet("external_choices"), CHOICES, true, &mut Vec::new());
    let osm_headings = headings(workbook.sheet("osm"), CHOICES, true, &mut Vec::new());
    for (means, headings, sheet) in [
        ("type", Some(&survey_headings), Some(survey_sheet)),
        ("list_name", choice_headings.as_ref(), workbook.sheet("choices")),
        ("name", choice_headings.as_ref(), workbook.sheet("choices")),
    ] {
        if let (Some(headings), Some(sheet)) = (headings, sheet)
            && !headings.has(means)
            && (means == "type" || sheet.rows.len() > 1)
        {
            problems.push(Problem::error(
                &sheet.row_origin(sheet.rows.first().map_or(1, |row| row.number)),
                "",
                format!("the sheet {} has no column {means}", sheet.name.trim()),
                format!("Write {means} into the first row"),
            ));
        }
    }
    if problems
        .iter()
        .any(|problem| problem.message.ends_with("has no column type"))
    {
        return Err(problems);
    }
    let default_language = settings
        .default_language
        .clone()
        .unwrap_or_else(|| "default".into());
    let read_lists = |headings: Option<&Headings<'_>>, allows_duplicates, problems: &mut Vec<Problem>| {
        headings
            .map(|headings| {
                let rules = choices::Rules {
                    allows_duplicates,
                    lenient,
                };
                choices::lists(headings, &default_language, rules, problems)
            })
            .unwrap_or_default()
    };
    let lists = read_lists(
        choice_headings.as_ref(),
        settings.allows_duplicates,
        &mut problems,
    );
    let external_choices = read_lists(external_headings.as_ref(), true, &mut Vec::new());
    let osm = read_lists(osm_headings.as_ref(), true, &mut Vec::new());
    let entity_headings = headings(workbook.sheet("entities"), ENTITIES, lenient, &mut problems);
    let declared = entity_headings
        .as_ref()
        .map(|headings| entities::declared(headings, &mut problems))
        .unwrap_or_default();
    let untranslated = untranslated(&default_language, &survey_headings, choice_headings.as_ref());
    let Survey {
        items,
        lists,
        mut files,
        audit,
        title,
        form_id,
        entities,
        searched,
    } = survey::survey(
        &survey_headings,
        &default_language,
        Surroundings {
            lists,
            external_choices: &external_choices,
            entities: declared,
            root: &settings.root,
            is_outline: options.is_outline,
            lenient,
        },
        &mut problems,
    );
    let instance_name = settings.instance_name;
    let sources = instance_name.iter().map(|expression| expression.source.as_str());
    add_pulled(&items, sources, &mut files, &mut problems);
    for file in files.iter().filter(|file| !searched.contains(&file.id)) {
        let list = lists.get(&file.id).and_then(|list| list.choices.first());
        if let Some(choice) = list {
            problems.push(Problem::error(
                &choice.origin,
                &file.id,
                format!("the list has the name of the file {}", file.file_name),
                "Give one of them another name",
            ));
        }
    }
    let form = FormDef {
        form_id: form_id.unwrap_or(settings.form_id),
        title: title.unwrap_or(settings.title),
        version: settings.version,
        languages: languages(
            &settings.default_language,
            &survey_headings,
            choice_headings.as_ref(),
        ),
        items,
        choice_lists: lists,
        external: files,
        instance_name,
        settings: settings.others,
        root: match settings.root.as_str() {
            "data" => String::new(),
            root => root.to_string(),
        },
        entities,
        external_choices,
        osm,
        audit,
        untranslated: match settings.default_language {
            Some(_) => untranslated,
            None => BTreeSet::new(),
        },
    };
    if let Some(language) = &settings.default_language {
        warn_of_language(
            language,
            &survey_headings,
            settings_headings.as_ref(),
            &mut problems,
        );
    }
    let form = Arc::new(form);
    let mut compiled = match options.is_outline {
        true => references::check(
            &form,
            &references::Sheets {
                survey: &survey_headings,
                choices: choice_headings.as_ref(),
                settings: settings_headings.as_ref(),
                entities: entity_headings.as_ref(),
            },
            lenient,
        ),
        false => match match lenient {
            true => Form::compile_leniently(form.clone()),
            false => Form::compile(form.clone()),
        } {
            Ok(compiled) => compiled.warnings().to_vec(),
            Err(problems) => problems,
        },
    };
    if !lenient && !options.is_outline {
        let unread = references::check_unread(&form, &survey_headings, entity_headings.as_ref());
        // A name that is wrong in a cell is said once.
        let said: BTreeSet<_> = unread.iter().map(|problem| place(&problem.origin)).collect();
        compiled.retain(|problem| {
            let is_entity = problem.origin.sheet.trim().eq_ignore_ascii_case("entities");
            !(is_entity && said.contains(&place(&problem.origin)))
        });
        problems.extend(unread);
    }
    problems.extend(compiled.into_iter().map(|mut problem| {
        if problem.origin.letter.is_none() {
            let choices = choice_headings.as_ref();
            let sheet = problem.origin.sheet.trim();
            if sheet.eq_ignore_ascii_case("survey") {
                survey_headings.locate(&mut problem.origin, &default_language);
            } else if let Some(headings) = choices.filter(|_| sheet.eq_ignore_ascii_case("choices")) {
                headings.locate(&mut problem.origin, &default_language);
            }
        }
        problem
    }));
    finish(form, problems)
}

fn finish(form: Arc<FormDef>, mut problems: Vec<Problem>) -> Result<Reading, Vec<Problem>> {
    problems.sort_by_cached_key(|problem| (place(&problem.origin), problem.clone()));
    problems.dedup();
    if !problems.iter().any(Problem::is_error) {
        return Ok(Reading {
            form: Arc::unwrap_or_clone(form),
            warnings: problems,
        });
    }
    if problems.len() > PROBLEMS {
        problems.sort_by_key(|problem| problem.severity);
        let more = problems.len() - PROBLEMS;
        problems.truncate(PROBLEMS);
        problems.push(Problem::error(
            &Origin::default(),
            "",
            format!("there are {more} more problems"),
            "Mend those above first",
        ));
    }
    Err(problems)
}

/// Sheets in the order of a workbook, rows, and columns by their letters.
fn place(origin: &Origin) -> (usize, u32, usize, Option<String>) {
    let sheets = ["", "survey", "choices", "settings", "entities"];
    let sheet = sheets
        .iter()
        .position(|sheet| origin.sheet.trim().eq_ignore_ascii_case(sheet));
    let letter = origin.letter.clone();
    (
        sheet.unwrap_or(sheets.len()),
        origin.row,
        letter.as_ref().map_or(0, String::len),
        letter,
    )
}

fn headings<'a>(
    sheet: Option<&'a Sheet>,
    known: &[(&str, &[&str])],
    lenient: bool,
    problems: &mut Vec<Problem>,
) -> Option<Headings<'a>> {
    sheet.map(|sheet| Headings::read(sheet, known, lenient, problems))
}

/// Columns for people that are written without a language, as `survey.label`.
fn untranslated(default: &str, survey: &Headings<'_>, choices: Option<&Headings<'_>>) -> BTreeSet<String> {
    [("survey", Some(survey)), ("choices", choices)]
        .into_iter()
        .filter_map(|(sheet, headings)| Some((sheet, headings?)))
        .flat_map(|(sheet, headings)| {
            let plain = headings.columns().iter().filter(|heading| {
                heading.is_known
                    && heading.language.is_none()
                    && heading.is_translated()
                    && !headings.columns().iter().any(|other| {
                        other.means == heading.means && other.language.as_deref() == Some(default)
                    })
            });
            plain.map(move |heading| format!("{sheet}.{}", heading.means))
        })
        .collect()
}

fn no_survey(workbook: &Workbook, file_name: &str) -> Problem {
    let names: Vec<&str> = workbook.sheets.iter().map(|sheet| sheet.name.trim()).collect();
    let advice = match names.iter().find(|name| similar("survey", [**name]).is_some()) {
        Some(name) => format!("Rename the sheet {name} to survey"),
        None if names.is_empty() => "Write the questions into a sheet named survey".into(),
        None => format!(
            "Write the questions into a sheet named survey; the file has: {}",
            names.join(", ")
        ),
    };
    Problem::error(
        &Origin::default(),
        file_name,
        "the workbook has no sheet named survey",
        advice,
    )
}

fn warn_of_sheets(workbook: &Workbook, problems: &mut Vec<Problem>) {
    let known = ["choices", "settings", "entities", "external_choices"];
    for sheet in &workbook.sheets {
        let name = sheet.name.trim();
        let place = sheet.row_origin(0);
        if let Some(intended) = similar(name, known)
            && !known.iter().any(|known| name.eq_ignore_ascii_case(known))
            && !references::is_private(name)
            && workbook.sheet(intended).is_none()
        {
            problems.push(Problem::warning(
                &place,
                name,
                "the sheet is not known and is not read",
                format!("Did you mean {intended}?"),
            ));
        }
    }
}

fn warn_of_language(
    language: &str,
    survey: &Headings<'_>,
    settings: Option<&Headings<'_>>,
    problems: &mut Vec<Problem>,
) {
    let known: BTreeSet<&str> = survey.languages().collect();
    if known.is_empty() || known.contains(language) {
        return;
    }
    let place = settings
        .and_then(|settings| settings.lines().next())
        .map(|line| line.place("default_language"));
    problems.push(Problem::warning(
        &place.unwrap_or_default(),
        language,
        "no column of the sheet survey has this language",
        format!(
            "Write one of: {}",
            known.into_iter().collect::<Vec<_>>().join(", ")
        ),
    ));
}

/// All languages of a form, the default first.
fn languages(default: &Option<String>, survey: &Headings<'_>, choices: Option<&Headings<'_>>) -> Vec<String> {
    let written: Vec<&str> = survey
        .languages()
        .chain(choices.into_iter().flat_map(|choices| choices.languages()))
        .collect();
    let has_plain = [Some(survey), choices].into_iter().flatten().any(|headings| {
        headings.columns().iter().any(|heading| {
            heading.is_known
                && heading.language.is_none()
                && ["label", "hint"].contains(&heading.means.as_str())
        })
    });
    let first = default
        .as_deref()
        .filter(|default| has_plain || written.is_empty() || written.contains(default));
    let plain = (first.is_none() && has_plain).then_some("default");
    let mut languages: Vec<String> = Vec::new();
    for language in first.into_iter().chain(plain).chain(written) {
        if !languages.iter().any(|known| known == language) {
            languages.push(language.to_string());
        }
    }
    if languages.is_empty() {
        languages.push("default".into());
    }
    languages
}

/// Files that only expressions name: `pulldata('prices', …)` reads prices.csv.
fn add_pulled<'a>(
    items: &'a [Item],
    more: impl Iterator<Item = &'a str>,
    files: &mut Vec<ExternalFile>,
    problems: &mut Vec<Problem>,
) {
    let mut sources: Vec<&str> = more.collect();
    collect_sources(items, &mut sources);
    for source in sources {
        for (at, call) in source.match_indices("pulldata") {
            let rest = source.get(at + call.len()..).unwrap_or_default().trim_start();
            let Some(rest) = rest.strip_prefix('(').map(str::trim_start) else {
                continue;
            };
            let Some(quote) = rest.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
                continue;
            };
            let Some(id) = rest.get(1..).and_then(|rest| rest.split(quote).next()) else {
                continue;
            };
            if let Some(file) = files.iter().find(|file| file.id == id)
                && !file.file_name.ends_with(".csv")
            {
                problems.push(Problem::error(
                    &Origin::default(),
                    source,
                    format!(
                        "pulldata reads {id}.csv, but {id} already means {}",
                        file.file_name
                    ),
                    "Give one of the files another name",
                ));
            }
            if !id.is_empty() && !files.iter().any(|file| file.id == id) {
                files.push(ExternalFile {
                    id: id.to_string(),
                    file_name: format!("{id}.csv"),
                    content_hash: None,
                });
            }
        }
    }
}

fn collect_sources<'a>(items: &'a [Item], sources: &mut Vec<&'a str>) {
    for item in items {
        let expressions = match item {
            Item::Question(question) => vec![
                question.choices.as_ref().map_or(&None, |choices| &choices.filter),
                &question.required,
                &question.relevant,
                &question.constraint,
                &question.calculation,
                &question.default,
                &question.read_only,
            ],
            Item::Group(group) => {
                collect_sources(&group.items, sources);
                vec![&group.relevant]
            }
            Item::Repeat(repeat) => {
                collect_sources(&repeat.items, sources);
                vec![&repeat.relevant, &repeat.count]
            }
        };
        sources.extend(
            expressions
                .into_iter()
                .flatten()
                .map(|expression| expression.source.as_str()),
        );
    }
}
