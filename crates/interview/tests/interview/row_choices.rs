//! Choices that are the answers of a question in a repeat.

use sampan_interview::interview::Interview;
use sampan_interview::view::ProblemKind;

use crate::support::{add, at, begin, now, say};

const FORM: &str = "
| survey |                          |         |                 |                                    |
|        | type                     | name    | label           | choice_filter                      |
|        | begin_repeat             | people  | Person          |                                    |
|        | text                     | person  | Name            |                                    |
|        | integer                  | age     | Age             |                                    |
|        | select_one ${person}     | friend  | Best friend     |                                    |
|        | end_repeat               |         |                 |                                    |
|        | integer                  | adult   | Adult from      |                                    |
|        | select_one ${person}     | head    | Head            | ${age} >= ${adult} and ${person} != '' |
|        | select_multiple ${person} | present | Who is present? |                                    |
";

fn offered(interview: &Interview, place: &str) -> Vec<String> {
    let choices = interview.choices(&at(interview, place));
    choices.into_iter().map(|choice| choice.name).collect()
}

fn family() -> Interview {
    let mut interview = begin(FORM);
    for (number, (name, age)) in [("Sok", "40"), ("", "50"), ("Mey", "12")].into_iter().enumerate() {
        let row = number + 1;
        add(&mut interview, "people", row as u64);
        if !name.is_empty() {
            say(&mut interview, &format!("people[{row}]/person"), name);
        }
        say(&mut interview, &format!("people[{row}]/age"), age);
    }
    say(&mut interview, "adult", "18");
    interview
}

#[test]
fn each_row_with_an_answer_is_a_choice_inside_and_outside_the_repeat() {
    let interview = family();
    assert_eq!(offered(&interview, "present"), ["Sok", "Mey"]);
    assert_eq!(offered(&interview, "people[3]/friend"), ["Sok", "Mey"]);
}

#[test]
fn a_filter_reads_the_row_that_it_judges_and_the_answers_outside() {
    let mut interview = family();
    assert_eq!(offered(&interview, "head"), ["Sok"]);
    say(&mut interview, "adult", "10");
    assert_eq!(offered(&interview, "head"), ["Sok", "Mey"]);
    say(&mut interview, "people[3]/age", "9");
    assert_eq!(offered(&interview, "head"), ["Sok"]);
}

#[test]
fn a_choice_whose_row_is_gone_is_kept_and_reported() {
    let mut interview = family();
    say(&mut interview, "head", "Sok");
    say(&mut interview, "present", "Sok Mey");
    assert_eq!(interview.answer_text(&at(&interview, "present")), "Sok, Mey");
    let people = at(&interview, "people");
    let row = interview.rows(&people)[0];
    interview.remove_row(&people, row, now()).unwrap();
    assert_eq!(offered(&interview, "head"), Vec::<String>::new());
    let gone: Vec<String> = interview
        .problems()
        .into_iter()
        .filter(|problem| problem.kind == ProblemKind::InvalidChoice)
        .map(|problem| problem.at.question.as_str().to_string())
        .collect();
    assert_eq!(gone, ["head", "present"]);
}

#[test]
fn choices_of_rows_survive_the_way_through_an_xform() {
    let reading = sampan_xlsform::reading::read_markdown(FORM).unwrap();
    let xml = sampan_form::xform::write(&reading.form);
    let again = sampan_form::xform::read::read(&xml).unwrap().form;
    let form = sampan_form::compiled::Form::compile(std::sync::Arc::new(again)).unwrap();
    let head = form.node(form.find("head").unwrap()).choices.as_ref().unwrap();
    let answers = head.answers.unwrap();
    assert_eq!(&*form.node(answers.value).path, "people/person");
    assert_eq!(&*form.node(answers.around).path, "people");
    assert!(head.filter.is_some());
}
