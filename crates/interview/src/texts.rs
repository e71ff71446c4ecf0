//! Texts of the form by the names that they have in ODK's XML, which an expression may ask for (`jr:itext`).

use std::collections::BTreeMap;

use sampan_form::compiled::Form;
use sampan_form::compiled::label::Label;
use sampan_form::def::Translated;
use sampan_xpath::eval::At;
use sampan_xpath::world::World;

use crate::places::Spot;
use crate::sight::Sight;

/// The text `/data/group/question:label` (or `hint`, `constraintMsg`, `requiredMsg`) or `list-2` (a choice by its place
/// from 0), in the language shown; None if there is none.
pub(crate) fn text_of(sight: &Sight<'_>, id: &str) -> Option<String> {
    match id.strip_prefix('/') {
        Some(path) => {
            let (path, text) = path.rsplit_once(':')?;
            let (_, path) = path.split_once('/')?;
            let node = sight.plan.form().get(sight.plan.form().find(path)?)?;
            let label = match text {
                "label" => &node.label,
                "hint" => &node.hint,
                "constraintMsg" | "jr:constraintMsg" => &node.constraint_message,
                "requiredMsg" | "jr:requiredMsg" => &node.required_message,
                _ => return None,
            };
            let spot = sight.node(node.id, &sight.root())?;
            filled(sight, label, spot)
        }
        None => {
            let (list, place) = id.rsplit_once('-')?;
            let list = sight.plan.form().list(list)?;
            let root = At::node(sight.root());
            list.label(place.parse().ok()?, sight.language, |program| {
                program.eval_text(sight, &root).unwrap_or_default()
            })
        }
    }
}

fn filled(sight: &Sight<'_>, label: &Label, spot: Spot) -> Option<String> {
    let template = label.in_language(sight.language)?;
    Some(template.fill(|program| program.eval_text(sight, &At::node(spot)).unwrap_or_default()))
}

/// The files to show with a text in a language, by what they are.
pub(crate) fn media(
    media: &BTreeMap<String, Translated>,
    language: &str,
    form: &Form,
) -> BTreeMap<String, String> {
    media
        .iter()
        .filter_map(|(what, files)| {
            let file = files.in_language(language, form.languages())?;
            Some((what.clone(), file.to_string()))
        })
        .collect()
}
