//! Which choices a person means by what they typed.

use sampan_client_core::api::ChoiceView;

use crate::words;

/// What was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// These choices, by name.
    Names(Vec<String>),
    /// One of several; their places in the list.
    OneOf(Vec<usize>),
    /// None of them.
    Nothing(String),
}

/// What to type for each choice: its number, or its name when names are numbers themselves.
pub fn keys(choices: &[ChoiceView]) -> Vec<String> {
    let names_are_numbers = choices
        .iter()
        .any(|choice| choice.name.chars().all(|letter| letter.is_ascii_digit()));
    choices
        .iter()
        .enumerate()
        .map(|(index, choice)| {
            if names_are_numbers {
                choice.name.clone()
            } else {
                (index + 1).to_string()
            }
        })
        .collect()
}

/// Finds the choices that were meant.
pub fn meant(choices: &[ChoiceView], typed: &str, several: bool) -> Meant {
    let keys = keys(choices);
    if let Some(name) = exactly(choices, &keys, typed) {
        return Meant::Names(vec![name]);
    }
    if several {
        let words: Vec<&str> = typed
            .split(|letter: char| letter.is_whitespace() || ",;、၊".contains(letter))
            .filter(|word| !word.is_empty())
            .collect();
        let names: Vec<Option<String>> = words.iter().map(|word| exactly(choices, &keys, word)).collect();
        if let Some(index) = names.iter().position(Option::is_none)
            && names.iter().any(Option::is_some)
        {
            return Meant::Nothing(words.get(index).copied().unwrap_or_default().to_owned());
        }
        let mut known: Vec<String> = Vec::new();
        for name in names.into_iter().flatten() {
            if !known.contains(&name) {
                known.push(name);
            }
        }
        if !known.is_empty() {
            return Meant::Names(known);
        }
    }
    by_part(choices, typed)
}

fn exactly(choices: &[ChoiceView], keys: &[String], typed: &str) -> Option<String> {
    let folded = words::plain_digits(typed.trim());
    let small = typed.trim().to_lowercase();
    let find = |is_it: &dyn Fn(usize, &ChoiceView) -> bool| {
        choices
            .iter()
            .enumerate()
            .find(|(index, choice)| is_it(*index, choice))
            .map(|(_, choice)| choice.name.clone())
    };
    find(&|_, choice| choice.name == typed.trim())
        .or_else(|| find(&|index, _| keys.get(index).is_some_and(|key| *key == folded)))
        .or_else(|| find(&|_, choice| choice.name.to_lowercase() == small))
        .or_else(|| find(&|_, choice| choice.label.trim().to_lowercase() == small))
}

/// Choices whose name or text begins with what was typed; else those whose text contains it.
fn by_part(choices: &[ChoiceView], typed: &str) -> Meant {
    let small = typed.trim().to_lowercase();
    let is_number = words::plain_digits(&small)
        .chars()
        .all(|letter| letter.is_ascii_digit());
    if is_number {
        return Meant::Nothing(typed.to_owned());
    }
    let find = |is_it: &dyn Fn(&str) -> bool| -> Vec<usize> {
        choices
            .iter()
            .enumerate()
            .filter(|(_, choice)| is_it(&choice.name.to_lowercase()) || is_it(&choice.label.to_lowercase()))
            .map(|(index, _)| index)
            .collect()
    };
    let mut found = find(&|text| text.starts_with(&small));
    if found.is_empty() && small.chars().count() > 1 {
        found = find(&|text| text.contains(&small));
    }
    match found.as_slice() {
        [] => Meant::Nothing(typed.to_owned()),
        [one] => Meant::Names(
            choices
                .get(*one)
                .map(|choice| choice.name.clone())
                .into_iter()
                .collect(),
        ),
        _ => Meant::OneOf(found),
    }
}

#[cfg(test)]
mod tests {
    use sampan_client_core::api::ChoiceView;

    use super::{Meant, keys, meant};

    fn choices(list: &[(&str, &str)]) -> Vec<ChoiceView> {
        list.iter()
            .map(|(name, label)| ChoiceView {
                name: (*name).into(),
                label: (*label).into(),
                exclusive: false,
                media: Vec::new(),
            })
            .collect()
    }

    fn names(names: &[&str]) -> Meant {
        Meant::Names(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_choice_is_named_by_number_name_label_or_a_part_of_it() {
        let places = choices(&[
            ("KH", "កម្ពុជា (Cambodia)"),
            ("TH", "ไทย (Thailand)"),
            ("VN", "Việt Nam"),
        ]);
        for (typed, expected) in [
            ("2", names(&["TH"])),
            ("២", names(&["TH"])),
            ("kh", names(&["KH"])),
            ("Việt Nam", names(&["VN"])),
            ("thai", names(&["TH"])),
            ("កម្ពុ", names(&["KH"])),
            ("4", Meant::Nothing("4".into())),
            ("a", Meant::Nothing("a".into())),
            ("v", names(&["VN"])),
            ("am", Meant::OneOf(vec![0, 2])),
        ] {
            assert_eq!(meant(&places, typed, false), expected, "{typed}");
        }
    }

    #[test]
    fn several_choices_stand_with_blanks_or_commas_between() {
        let crops = choices(&[("rice", "Rice"), ("cassava", "Cassava"), ("none", "None of them")]);
        for (typed, expected) in [
            ("1 2", names(&["rice", "cassava"])),
            ("rice,2,1", names(&["rice", "cassava"])),
            ("none of them", names(&["none"])),
            ("1 9", Meant::Nothing("9".into())),
        ] {
            assert_eq!(meant(&crops, typed, true), expected, "{typed}");
        }
    }

    #[test]
    fn the_beginning_of_a_text_counts_before_its_middle() {
        let burmese = choices(&[("yes", "ဟုတ်ကဲ့"), ("no", "မဟုတ်ပါ")]);
        assert_eq!(meant(&burmese, "ဟုတ်", false), names(&["yes"]));
        assert_eq!(meant(&burmese, "n", false), names(&["no"]));
    }

    #[test]
    fn where_names_are_numbers_the_names_count() {
        let scale = choices(&[("0", "Not at all"), ("1", "A little"), ("2", "Much")]);
        assert_eq!(keys(&scale), ["0", "1", "2"]);
        assert_eq!(meant(&scale, "1", false), names(&["1"]));
    }
}
