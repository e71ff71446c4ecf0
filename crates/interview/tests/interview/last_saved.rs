//! What the interview before left, files with texts, and dates in the language of the form.

use sampan_interview::interview::Interview;
use sampan_record::op::Op;

use crate::support::{at, begin, facts, plan, say, value};

#[test]
fn an_interview_begins_with_what_the_last_one_was_answered_and_keeps_it() {
    let plan = plan(
        "
| survey |           |         |         |                       |                            |
|        | type      | name    | label   | default               | calculation                |
|        | text      | village | Village | ${last-saved#village} |                            |
|        | calculate | before  |         |                       | ${last-saved#village}      |
",
    );
    let mut first = Interview::begin(plan.clone(), &facts()).interview;
    assert_eq!(value(&first, "village"), "");
    say(&mut first, "village", "Poipet");
    let second = Interview::begin_after(plan.clone(), &facts(), &first.answers());
    assert_eq!(value(&second.interview, "village"), "Poipet");
    assert_eq!(value(&second.interview, "before"), "Poipet");
    let kept = |op: &&Op| matches!(op, Op::Set { at, .. } if at.question.as_str() == "before");
    assert_eq!(
        second.ops.iter().filter(kept).count(),
        1,
        "nobody can compute it again"
    );
    let opened = Interview::resume(plan, &facts(), second.interview.answers(), []).interview;
    assert_eq!(value(&opened, "before"), "Poipet");
}

#[test]
fn files_come_out_with_their_texts_in_the_language_shown() {
    let mut interview = begin(
        "
| survey  |                |      |             |             |                  |                  |           |
|         | type           | name | label::English (en) | label::Khmer (km) | image::English (en) | image::Khmer (km) | audio |
|         | select_one yn  | q    | Question    | សំណួរ       | q-en.png         | q-km.png         | q.mp3     |
| choices |           |      |                     |                   |                     |
|         | list_name | name | label::English (en) | label::Khmer (km) | image::English (en) |
|         | yn        | y    | Yes                 | បាទ               | yes.png             |
|         | yn        | n    | No                  | ទេ                |                     |
",
    );
    let shown = |interview: &Interview| interview.question(&at(interview, "q")).unwrap().media;
    assert_eq!(shown(&interview)["image"], "q-en.png");
    assert_eq!(shown(&interview)["audio"], "q.mp3");
    assert!(interview.set_language("km"));
    assert_eq!(shown(&interview)["image"], "q-km.png");
    let choices = interview.choices(&at(&interview, "q"));
    assert_eq!(choices[0].media["image"], "yes.png");
    assert!(choices[1].media.is_empty());
}

#[test]
fn months_and_days_have_the_names_of_the_form_s_first_language() {
    for (language, expected) in [
        ("Khmer (km)", "សុក្រ 1 ឧសភា"),
        ("Français (fr)", "ven. 1 mai"),
        ("English (en)", "Fri 1 May"),
    ] {
        let interview = begin(&format!(
            "
| survey |           |      |                   |                                           |
|        | type      | name | label::{language} | calculation                               |
|        | note      | hi   | Hi                |                                           |
|        | calculate | day  |                   | format-date(date('2026-05-01'), '%a %e %b') |
"
        ));
        assert_eq!(value(&interview, "day"), expected, "{language}");
    }
}
