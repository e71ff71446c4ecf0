//! Choices on offer: lists and files, cascades, and answers that an earlier one has made impossible.

use sampan_interview::interview::Interview;
use sampan_interview::refusal::Reason;
use sampan_interview::view::ProblemKind;

use crate::support::{at, begin, facts, plan_with, refusal, reopened, say, value};

const FORM: &str = "
| survey |                              |         |         |                      |                                   |
|        | type                         | name    | label   | choice_filter        | calculation                       |
|        | select_one country           | country | Country |                      |                                   |
|        | select_one adm1              | adm1    | Adm1    | country=${country}   |                                   |
|        | select_one_from_file adm2.csv | adm2   | Adm2    | adm1=${adm1}         |                                   |
|        | calculate                    | told    |         |                      | jr:choice-name(${adm1}, '${adm1}') |
| choices |           |       |             |         |
|         | list_name | name  | label       | country |
|         | country   | KH    | Cambodia    |         |
|         | country   | TH    | Thailand    |         |
|         | adm1      | KH-1  | Poipet side | KH      |
|         | adm1      | KH-2  | Battambang  | KH      |
|         | adm1      | TH-27 | Sa Kaeo     | TH      |
";
const ADM2: &str = "name,label,adm1\nKH-1-1,Ou Chrov,KH-1\nKH-1-2,Malai,KH-1\nTH-27-1,Aranyaprathet,TH-27\n";

fn cascade() -> Interview {
    Interview::begin(plan_with(FORM, &[("adm2", ADM2)]), &facts()).interview
}

fn offered(interview: &Interview, place: &str) -> Vec<String> {
    interview
        .choices(&at(interview, place))
        .into_iter()
        .map(|choice| format!("{} {}", choice.name, choice.label))
        .collect()
}

#[test]
fn a_cascade_offers_what_belongs_to_the_answer_before() {
    let mut interview = cascade();
    assert_eq!(offered(&interview, "country"), ["KH Cambodia", "TH Thailand"]);
    assert!(offered(&interview, "adm1").is_empty());
    say(&mut interview, "country", "KH");
    assert_eq!(
        offered(&interview, "adm1"),
        ["KH-1 Poipet side", "KH-2 Battambang"]
    );
    say(&mut interview, "adm1", "KH-1");
    assert_eq!(offered(&interview, "adm2"), ["KH-1-1 Ou Chrov", "KH-1-2 Malai"]);
    say(&mut interview, "adm2", "KH-1-2");
    assert_eq!(value(&interview, "told"), "Poipet side");
    assert_eq!(interview.answer_text(&at(&interview, "adm2")), "Malai");
    let (reason, message) = refusal(&mut interview, "adm2", "TH-27-1");
    assert_eq!(reason, Reason::NotAChoice);
    assert!(message.contains("KH-1-1, KH-1-2"), "{message}");
}

#[test]
fn an_answer_that_became_impossible_is_kept_and_reported() {
    let mut interview = cascade();
    for (place, name) in [
        ("country", "KH"),
        ("adm1", "KH-1"),
        ("adm2", "KH-1-1"),
        ("country", "TH"),
    ] {
        say(&mut interview, place, name);
    }
    assert_eq!(value(&interview, "adm1"), "KH-1");
    let state = interview.question(&at(&interview, "adm1")).unwrap();
    assert!(state.invalid_choice);
    let problems = interview.problems();
    assert_eq!(
        problems.len(),
        1,
        "adm2 still belongs to the adm1 that stands there"
    );
    assert_eq!(problems[0].kind, ProblemKind::InvalidChoice);
    assert_eq!(problems[0].at, at(&interview, "adm1"));
    assert!(
        reopened(&interview)
            .question(&at(&interview, "adm1"))
            .unwrap()
            .invalid_choice
    );
    say(&mut interview, "adm1", "TH-27");
    assert_eq!(interview.problems()[0].at, at(&interview, "adm2"));
    say(&mut interview, "adm2", "TH-27-1");
    assert!(interview.problems().is_empty());
}

#[test]
fn a_file_that_is_not_there_offers_nothing_and_breaks_nothing() {
    let mut interview = Interview::begin(plan_with(FORM, &[]), &facts()).interview;
    say(&mut interview, "country", "KH");
    say(&mut interview, "adm1", "KH-1");
    assert!(offered(&interview, "adm2").is_empty());
    let (reason, message) = refusal(&mut interview, "adm2", "KH-1-1");
    assert_eq!(reason, Reason::NotAChoice);
    assert!(message.contains("no choices"), "{message}");
}

#[test]
fn labels_of_choices_follow_the_language() {
    let mut interview = begin(
        "| survey |               |      |                     |                   |
         |        | type          | name | label::English (en) | label::ไทย (th)    |
         |        | select_one yn | q    | Sure?               | แน่ใจไหม            |
         | choices |           |      |                     |                  |
         |         | list_name | name | label::English (en) | label::ไทย (th)   |
         |         | yn        | yes  | Yes                 | ใช่               |
         |         | yn        | no   | No                  | ไม่               |",
    );
    assert_eq!(offered(&interview, "q"), ["yes Yes", "no No"]);
    interview.set_language("th");
    assert_eq!(offered(&interview, "q"), ["yes ใช่", "no ไม่"]);
}
