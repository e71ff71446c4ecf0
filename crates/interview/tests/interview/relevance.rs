//! Relevance, computed values and missing states: what follows from an answer, and only that.

use crate::support::{begin, is_relevant, say, value};

const FORM: &str = "
| survey |               |          |          |                     |                 |
|        | type          | name     | label    | relevant            | calculation     |
|        | select_one yn | has_shop | Shop?    |                     |                 |
|        | begin_group   | shop     | Shop     | ${has_shop} = 'yes' |                 |
|        | integer       | staff    | Staff    |                     |                 |
|        | integer       | women    | Women    | ${staff} > 0        |                 |
|        | calculate     | men      |          |                     | ${staff} - ${women} |
|        | end_group     |          |          |                     |                 |
|        | calculate     | seen     |          |                     | concat('staff ', ${staff}) |
|        | note          | told     | ${staff} people, ${men} men | ${staff} != '' | |
| choices |           |      |       |
|         | list_name | name | label |
|         | yn        | yes  | Yes   |
|         | yn        | no   | No    |
";

#[test]
fn a_group_that_is_not_relevant_hides_its_answers_and_gives_them_back() {
    let mut interview = begin(FORM);
    assert!(!is_relevant(&interview, "shop/staff"));
    say(&mut interview, "has_shop", "yes");
    say(&mut interview, "shop/staff", "5");
    say(&mut interview, "shop/women", "2");
    assert_eq!(value(&interview, "shop/men"), "3");
    assert_eq!(value(&interview, "seen"), "staff 5");
    assert!(is_relevant(&interview, "told"));

    say(&mut interview, "has_shop", "no");
    assert_eq!(value(&interview, "shop/staff"), "");
    assert_eq!(value(&interview, "shop/men"), "");
    assert_eq!(value(&interview, "seen"), "staff ");
    assert!(!is_relevant(&interview, "told"));
    assert_eq!(interview.answers().len(), 3, "what was answered is kept");

    say(&mut interview, "has_shop", "yes");
    assert_eq!(value(&interview, "shop/men"), "3");
    assert_eq!(value(&interview, "seen"), "staff 5");
}

#[test]
fn an_answer_to_what_is_not_asked_is_refused_but_may_be_cleared() {
    let mut interview = begin(FORM);
    let (reason, message) = crate::support::refusal(&mut interview, "shop/staff", "5");
    assert_eq!(reason, sampan_interview::refusal::Reason::NotAsked, "{message}");
    say(&mut interview, "shop/staff", "");
}

#[test]
fn a_missing_number_is_blank_and_answers_to_its_code_only() {
    let mut interview = begin(
        "| survey |           |         |       |                     |                          |
         |        | type      | name    | label | relevant            | calculation              |
         |        | integer   | ft      | FT    |                     |                          |
         |        | integer   | pt      | PT    |                     |                          |
         |        | text      | any     | Any   | ${ft} > 0 or ${pt} > 0 |                       |
         |        | text      | why     | Why   | ${ft} = -88         |                          |
         |        | calculate | total   |       |                     | if(${ft} > 0, ${ft}, 0) + if(${pt} > 0, ${pt}, 0) |",
    );
    say(&mut interview, "ft", "-88");
    say(&mut interview, "pt", "50");
    assert!(is_relevant(&interview, "any"));
    assert!(is_relevant(&interview, "why"));
    assert_eq!(value(&interview, "total"), "50");
    say(&mut interview, "ft", "-99");
    assert!(!is_relevant(&interview, "why"));
}

#[test]
fn a_label_is_filled_with_what_was_answered_in_the_chosen_language() {
    let mut interview = begin(
        "| survey |         |      |                    |                      |
         |        | type    | name | label::English (en) | label::ខ្មែរ (km)     |
         |        | integer | n    | How many?          | ប៉ុន្មាន?             |
         |        | note    | told | You said ${n}.     | អ្នកបាននិយាយ ${n}។    |",
    );
    say(&mut interview, "n", "7");
    let told = crate::support::at(&interview, "told");
    assert_eq!(interview.question(&told).unwrap().label, "You said 7.");
    assert_eq!(interview.label(&told, "km"), "អ្នកបាននិយាយ 7។");
    assert!(interview.set_language("km"));
    assert_eq!(interview.question(&told).unwrap().label, "អ្នកបាននិយាយ 7។");
    assert!(!interview.set_language("fr"));
}

#[test]
fn a_long_chain_of_calculations_follows_one_answer() {
    let mut form = String::from(
        "| survey | | | | |\n| | type | name | label | calculation |\n| | integer | n0 | N | |\n",
    );
    // The chain is written backwards, so that the order of the form is no help.
    for link in (1..=300).rev() {
        form.push_str(&format!("| | calculate | n{link} | | ${{n{}}} + 1 |\n", link - 1));
    }
    let mut interview = begin(&form);
    say(&mut interview, "n0", "1");
    assert_eq!(value(&interview, "n300"), "301");
    say(&mut interview, "n0", "-5");
    assert_eq!(value(&interview, "n300"), "295");
}
