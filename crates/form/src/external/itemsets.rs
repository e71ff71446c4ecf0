//! The lists of the sheet external_choices as one CSV file.

use std::collections::BTreeSet;

use crate::def::FormDef;

/// See [`crate::external::itemsets`].
pub(super) fn write(form: &FormDef) -> Option<String> {
    let rows = || {
        form.external_choices
            .iter()
            .flat_map(|(name, list)| list.choices.iter().map(move |choice| (name, choice)))
    };
    rows().next()?;
    let languages: Vec<&String> = form
        .languages
        .iter()
        .filter(|language| rows().any(|(_, choice)| choice.label.0.contains_key(language)))
        .filter(|language| *language != "default")
        .collect();
    let columns: BTreeSet<&String> = rows().flat_map(|(_, choice)| choice.columns.keys()).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let headings = ["list_name", "name", "label"].map(String::from).into_iter();
    let translated = languages.iter().map(|language| format!("label::{language}"));
    let own = columns.iter().map(|column| (*column).clone());
    let heading: Vec<String> = headings.chain(translated).chain(own).collect();
    writer.write_record(&heading).ok()?;
    for (list, choice) in rows() {
        let label = choice.label.in_language("", &form.languages).unwrap_or_default();
        let fields = [list.as_str(), choice.name.as_str(), label].into_iter();
        let translated = languages
            .iter()
            .map(|language| choice.label.0.get(language).map_or("", String::as_str));
        let own = columns
            .iter()
            .map(|column| choice.columns.get(column).map_or("", String::as_str));
        writer.write_record(fields.chain(translated).chain(own)).ok()?;
    }
    String::from_utf8(writer.into_inner().ok()?).ok()
}
