//! Pages of made-up content in four scripts, with text that tries to be more than text.

use sampan_record::ids::{CommentId, RecordId};
use uuid::Uuid;

use super::{Frame, interview, interviews};
use crate::http::ask::{Content, Reply, Trouble};
use crate::views::{
    AnswerView, ChangedView, CommentView, ConflictValueView, ConflictView, DecisionView, GroupView,
    HistoryView, InterviewFilter, InterviewList, InterviewRow, InterviewView, MayView, OptionView,
};

/// 24 Nov 2026, 12:00 UTC.
const NOW_MS: i64 = 1_795_521_600_000;
const HOUR_MS: i64 = 3_600_000;
const HOSTILE: &str = "</textarea><script>alert(1)</script>\" onfocus=\"x' &amp;";

fn frame(title: &str) -> Frame {
    Frame {
        title: title.into(),
        part: "interviews",
        name: Some("Sok Dara".into()),
        is_reviewer: true,
        is_admin: true,
        csrf: "seal".into(),
        style: "/assets/style.css",
        boat: "/assets/boat.svg",
        now_ms: NOW_MS,
        ..Frame::default()
    }
}

fn html(outcome: Result<Reply, Trouble>) -> String {
    match outcome.map(|reply| reply.content) {
        Ok(Content::Page(200, html)) => html,
        other => panic!("no page: {other:?}"),
    }
}

/// For looking at: `SAMPAN_PAGES=DIR cargo test -p sampan-server pages` writes what the tests make.
fn keep(name: &str, html: &str) {
    if let Ok(folder) = std::env::var("SAMPAN_PAGES") {
        let html = html
            .replace("/assets/style.css", "style.css")
            .replace("/assets/boat.svg", "boat.svg");
        std::fs::write(format!("{folder}/{name}.html"), html).unwrap();
    }
}

fn row(n: u128, label: &str, state: &str, place: (&str, &str), who: &str) -> InterviewRow {
    InterviewRow {
        record: RecordId(Uuid::from_u128(0x0190_a1b2_0000_7000_8000_0000_0000_0000 + n)),
        label: label.into(),
        form_id: "sme_vc".into(),
        form_title: "Small enterprises in the value chain".into(),
        state: state.into(),
        state_label: state.replace('_', " "),
        country: place.0.into(),
        province: place.1.into(),
        province_label: if place.1 == "KH-12" {
            "ភ្នំពេញ (Phnom Penh)".into()
        } else {
            String::new()
        },
        team: "A".into(),
        enumerator: who.into(),
        n_conflicts: u64::from(n == 1),
        n_open_comments: u64::from(n == 3),
        updated_at_ms: NOW_MS - i64::try_from(n * n).unwrap() * HOUR_MS,
    }
}

fn rows() -> Vec<InterviewRow> {
    vec![
        row(1, "ហាងកាត់ដេរ សុខា", "submitted", ("KH", "KH-12"), "ចាន់ សុភា"),
        row(
            2,
            "ဒေါ်အေးအေးမြင့် အထည်ချုပ်",
            "changed_since_approval",
            ("MM", "MM-07"),
            "မောင်မောင်",
        ),
        row(3, "ร้านตัดเย็บคุณสมหญิง", "returned", ("TH", "TH-50"), "สมชาย ใจดี"),
        row(
            4,
            "Xưởng may Nguyễn Thị Hồng",
            "approved",
            ("VN", "VN-79"),
            "Trần Văn Đức",
        ),
        row(5, "Golden River Trading & Sons", "draft", ("KH", ""), "ចាន់ សុភា"),
        row(6, "រោងចក្រកែច្នៃត្រី ទន្លេសាប", "resubmitted", ("KH", "KH-17"), "លី ម៉ារី"),
        row(7, HOSTILE, "rejected", ("VN", "VN-01"), HOSTILE),
    ]
}

fn option(value: &str, label: &str, n_records: u64) -> OptionView {
    OptionView {
        value: value.into(),
        label: label.into(),
        n_records,
    }
}

fn list() -> InterviewList {
    InterviewList {
        rows: rows(),
        n_matching: 412,
        page: 2,
        n_pages: 9,
        countries: vec![
            option("KH", "KH", 210),
            option("MM", "MM", 92),
            option("TH", "TH", 60),
            option("VN", "VN", 50),
        ],
        provinces: vec![option("KH-12", "KH-12", 80)],
        teams: vec![option("A", "A", 200)],
        enumerators: vec![option("1", "ចាន់ សុភា", 33), option("2", HOSTILE, 1)],
        states: vec![
            option("submitted", "Submitted", 120),
            option("resubmitted", "Resubmitted", 14),
            option("changed_since_approval", "Changed since approval", 3),
            option("returned", "Returned", 31),
            option("approved", "Approved", 230),
            option("draft", "Draft", 9),
            option("rejected", "Rejected", 5),
            option("conflicts", "With conflicts", 4),
        ],
        forms: vec![option("sme_vc", "Small enterprises in the value chain", 300)],
        n_quarantined: 2,
    }
}

fn answer(at: &str, label: &str, text: &str) -> AnswerView {
    AnswerView {
        at: at.into(),
        name: at.into(),
        label: label.into(),
        text: text.into(),
        missing: None,
        is_calculated: false,
        is_changed_since: false,
        is_irrelevant: false,
        doubt: None,
        is_confirmed: false,
        conflict: None,
        comments: Vec::new(),
        link: None,
    }
}

fn said(n: u128, text: &str, who: &str, replies: Vec<CommentView>) -> CommentView {
    CommentView {
        id: CommentId(Uuid::from_u128(n)),
        at: None,
        label: String::new(),
        text: text.into(),
        who: who.into(),
        written_at_ms: NOW_MS - 5 * HOUR_MS,
        is_resolved: n == 9,
        replies,
    }
}

fn value(text: &str, who: &str, is_shown: bool) -> ConflictValueView {
    ConflictValueView {
        token: format!("token of {text}"),
        text: text.into(),
        who: who.into(),
        device: "Samsung A14".into(),
        written_at_ms: NOW_MS - 30 * HOUR_MS,
        utc_offset_min: 420,
        is_shown,
    }
}

fn view() -> InterviewView {
    let conflict = ConflictView {
        at: "emp_ft".into(),
        label: "How many people work here full time?".into(),
        values: vec![value("12", "ចាន់ សុភា", true), value("15", "លី ម៉ារី", false)],
    };
    let split = AnswerView {
        conflict: Some(conflict.clone()),
        ..answer("emp_ft", "How many people work here full time?", "12")
    };
    let changed = AnswerView {
        is_changed_since: true,
        comments: vec![
            said(
                1,
                "សូមពិនិត្យលេខនេះម្តងទៀត ព្រោះវាធំជាងឆ្នាំមុនដប់ដង។",
                "Sok Dara",
                vec![said(2, "បាទ ខ្ញុំបានសួរម្តងទៀត", "ចាន់ សុភា", Vec::new())],
            ),
            said(9, "Currency?", "Sok Dara", Vec::new()),
        ],
        ..answer("turnover", "Turnover last year, in riel", "480,000,000")
    };
    InterviewView {
        row: row(
            1,
            "ហាងកាត់ដេរ សុខា",
            "changed_since_approval",
            ("KH", "KH-12"),
            "ចាន់ សុភា",
        ),
        form_version: "2026.1 · 3fa1c9d2".into(),
        language: "English (en)".into(),
        languages: vec!["English (en)".into(), "ខ្មែរ (km)".into()],
        is_form_known: true,
        is_erased: false,
        groups: vec![
            GroupView {
                depth: 1,
                heading: "A. The enterprise".into(),
                at: "a".into(),
                answers: vec![
                    answer("name", "Name of the enterprise", "ហាងកាត់ដេរ សុខា"),
                    answer("owner", "Who is the owner?", "សុខា ចន្ទ្រា"),
                    answer("owner_mm", "Name in Burmese", "ဒေါ်အေးအေးမြင့်"),
                    answer("owner_th", "Name in Thai", "นางสาวสมหญิง รักเรียน"),
                    answer("owner_vn", "Name in Vietnamese", "Nguyễn Thị Hồng Nhung"),
                    AnswerView {
                        missing: Some("refused to say".into()),
                        ..answer("phone", "Telephone", "")
                    },
                    split,
                ],
            },
            GroupView {
                depth: 1,
                heading: "B. Money".into(),
                at: "b".into(),
                answers: vec![
                    changed,
                    AnswerView {
                        is_calculated: true,
                        ..answer("per_head", "Turnover per head", "40,000,000")
                    },
                    AnswerView {
                        is_irrelevant: true,
                        ..answer("loan", "Which bank gave the loan?", "ACLEDA")
                    },
                    answer("hostile", HOSTILE, HOSTILE),
                ],
            },
            GroupView {
                depth: 1,
                heading: "C. Products".into(),
                at: "c".into(),
                answers: Vec::new(),
            },
            GroupView {
                depth: 2,
                heading: "Product 1".into(),
                at: "c/1".into(),
                answers: vec![
                    answer("c1", "Product", "School uniforms; Traditional dresses"),
                    answer("c2", "Share of sales", "70"),
                ],
            },
            GroupView {
                depth: 2,
                heading: "Product 2".into(),
                at: "c/2".into(),
                answers: vec![
                    answer("c3", "Product", "Curtains"),
                    answer("c4", "Share of sales", "30"),
                ],
            },
        ],
        conflicts: vec![conflict],
        comments: vec![said(7, "ขอบคุณมากค่ะ ทำได้ดี", "สมชาย ใจดี", Vec::new())],
        history: vec![
            HistoryView {
                written_at_ms: NOW_MS - 72 * HOUR_MS,
                utc_offset_min: 420,
                who: "ចាន់ សុភា".into(),
                what: "answered 41 questions and submitted the interview".into(),
                details: vec!["Telephone: refused to say".into()],
                kept_at_ms: NOW_MS - 70 * HOUR_MS,
            },
            HistoryView {
                written_at_ms: NOW_MS - 50 * HOUR_MS,
                utc_offset_min: 420,
                who: "Sok Dara".into(),
                what: "approved it".into(),
                details: Vec::new(),
                kept_at_ms: NOW_MS - 50 * HOUR_MS,
            },
            HistoryView {
                written_at_ms: i64::MAX,
                utc_offset_min: i16::MAX,
                who: HOSTILE.into(),
                what: "changed 1 answer".into(),
                details: vec![HOSTILE.into()],
                kept_at_ms: NOW_MS,
            },
        ],
        decision: Some(DecisionView {
            decision: "approve".into(),
            label: "Approved".into(),
            who: "Sok Dara".into(),
            written_at_ms: NOW_MS - 50 * HOUR_MS,
            note: Some("Well done".into()),
        }),
        changed_since: vec![ChangedView {
            at: "turnover".into(),
            label: "Turnover last year, in riel".into(),
        }],
        seen: "seen-text".into(),
        may: MayView {
            decide: true,
            comment: true,
            edit: true,
            assign: true,
            erase: true,
        },
        assignable: vec![option("p1", "ចាន់ សុភា", 0)],
        assignee: None,
    }
}

#[test]
fn the_list_keeps_its_filter_in_links_and_escapes_what_people_wrote() {
    let filter = InterviewFilter {
        state: "submitted".into(),
        text: "ហាង & co".into(),
        ..InterviewFilter::default()
    };
    let html = html(interviews::html(&frame("Interviews"), &list(), &filter));
    keep("interviews", &html);
    assert!(
        html.contains("state=submitted&#38;text=%E1%9E%A0")
            || html.contains("state=submitted&amp;text=%E1%9E%A0")
    );
    assert!(!html.contains("<script"), "{html}");
    assert!(html.contains("lang=\"km\"") && html.contains("lang=\"my\"") && html.contains("lang=\"th\""));
    assert!(
        html.contains("137 wait"),
        "submitted, resubmitted and changed wait"
    );
}

#[test]
fn an_empty_office_says_how_to_begin() {
    let html = html(interviews::html(
        &frame("Interviews"),
        &InterviewList::default(),
        &InterviewFilter::default(),
    ));
    keep("interviews-empty", &html);
    assert!(html.contains("No interview has arrived yet"));
}

#[test]
fn an_interview_shows_conflicts_comments_and_what_changed_and_escapes_everything() {
    let html = html(interview::html(&frame("Interview"), &view(), &|| "key".into()));
    keep("interview", &html);
    assert!(
        !html.contains("<script") && !html.contains("\" onfocus"),
        "{html}"
    );
    for words in [
        "Changed since it was approved",
        "Choose this",
        "refused to say",
        "no longer asked",
        "computed",
        "dealt with",
        "value=\"seen-text\"",
        "name=\"comment:emp_ft\"",
        "at an unknown time",
    ] {
        assert!(html.contains(words), "{words} is missing in {html}");
    }
}

#[test]
fn one_who_may_only_see_gets_no_forms() {
    let view = InterviewView {
        may: MayView::default(),
        ..view()
    };
    let html = html(interview::html(&frame("Interview"), &view, &|| "key".into()));
    let n_forms = html.matches("<form method=\"post\"").count();
    assert_eq!(n_forms, 0, "{html}");
    assert!(!html.contains("id=\"review\""));
}
