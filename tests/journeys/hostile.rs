//! Bytes, tokens and spreadsheets that nobody honest would send: each gets a clear answer, and the office goes on.

use sampan_acceptance::sheet;
use ureq::Agent;

use crate::world::{World, stall, sync};

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(std::time::Duration::from_secs(30)))
        .build()
        .into()
}

fn post(world: &World, token: Option<&str>, body: &[u8]) -> (u16, String) {
    let mut request = agent()
        .post(format!("{}/v1/sync", world.office.url()))
        .header("Content-Type", "application/x-sampan-sync");
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let response = request.send(body).expect("an answer");
    let status = response.status().as_u16();
    (status, response.into_body().read_to_string().unwrap_or_default())
}

#[test]
fn forged_tokens_and_garbled_requests_get_a_problem_with_advice_and_change_nothing() {
    let mut world = World::new();
    let dara = world.device("dara", "dara-phone");
    stall(&dara, "honest", 1000);
    sync(&dara);
    for token in [
        None,
        Some("nonsense"),
        Some("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."),
        Some("a.b.c"),
    ] {
        let (status, text) = post(&world, token, b"SAMPAN");
        assert_eq!(status, 401, "{token:?}: {text}");
        let problem: serde_json::Value = serde_json::from_str(&text).expect("a JSON problem");
        for key in ["code", "message", "advice"] {
            assert!(
                problem[key].as_str().is_some_and(|words| !words.is_empty()),
                "{key} in {text}"
            );
        }
    }
    assert_eq!(world.csv("stall").len(), 1);
    stall(&dara, "honest again", 1001);
    sync(&dara);
    assert_eq!(world.csv("stall").len(), 2, "the honest device goes on");
}

#[test]
fn an_oversized_request_is_refused_before_it_is_read() {
    let world = World::new();
    let body = vec![0u8; 17 * 1024 * 1024];
    let outcome = agent()
        .post(format!("{}/v1/sync", world.office.url()))
        .header("Content-Type", "application/x-sampan-sync")
        .send(&body[..]);
    match outcome {
        Ok(response) => assert!(
            matches!(response.status().as_u16(), 401 | 413),
            "{}",
            response.status()
        ),
        // The office may close the connection before all of it was sent.
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let health = agent()
        .get(format!("{}/health", world.office.url()))
        .call()
        .expect("an answer");
    assert_eq!(health.status().as_u16(), 200);
}

#[test]
fn a_form_with_many_errors_shows_all_of_them_at_their_cells_and_a_zip_that_is_no_form_is_refused() {
    let mut world = World::bare();
    let mut rows: Vec<Vec<String>> = vec![
        ["type", "name", "label", "relevant"]
            .iter()
            .map(|cell| cell.to_string())
            .collect(),
    ];
    for number in 0..30 {
        rows.push(vec![
            "integer".into(),
            format!("q{number}"),
            "How many?".into(),
            format!("${{nowhere_{number}}} > 0"),
        ]);
    }
    let borrowed: Vec<Vec<&str>> = rows
        .iter()
        .map(|row| row.iter().map(String::as_str).collect())
        .collect();
    let survey: Vec<&[&str]> = borrowed.iter().map(Vec::as_slice).collect();
    let bytes = sheet::xlsx(&[("survey", &survey)]);
    let page = world.admin.get("/forms/upload").expect("the upload page");
    let form = page.form("/forms/upload").expect("a form");
    let page = world
        .admin
        .upload(&form, &[("form", "wrong.xlsx", &bytes)])
        .expect("an answer");
    assert_eq!(page.status, 422);
    for number in 0..30 {
        assert!(
            page.text.contains(&format!("nowhere_{number}")),
            "error {number} of 30 is shown"
        );
    }
    assert!(page.text.contains("survey"), "with its sheet");

    for (name, bytes) in [
        ("form.xlsx", b"this is no spreadsheet".to_vec()),
        ("form.xlsx", Vec::new()),
        ("form.xlsx", bytes[..bytes.len() / 2].to_vec()),
    ] {
        let page = world.admin.get("/forms/upload").expect("the upload page");
        let form = page.form("/forms/upload").expect("a form");
        let page = world
            .admin
            .upload(&form, &[("form", name, &bytes)])
            .expect("an answer");
        assert!((400..500).contains(&page.status), "{}", page.status);
        assert!(page.plain().len() > 100, "it says what to do");
    }
}

#[test]
fn what_is_outside_a_persons_reach_answers_as_if_it_did_not_exist() {
    let mut world = World::new();
    let dara = world.device("dara", "dara-phone");
    let record = stall(&dara, "Chan Dara", 2000);
    sync(&dara);
    let mut thida = sampan_acceptance::acts::sign_in(&world.office, "thida").expect("signed in");
    let foreign = thida
        .get(&format!("/interviews/{}", record.0))
        .expect("an answer");
    let absent = thida
        .get("/interviews/00000000-0000-7000-8000-000000000000")
        .expect("an answer");
    assert_eq!(foreign.status, 404);
    assert_eq!(absent.status, 404);
    let without_id = |text: &str, id: &str| text.replace(id, "");
    assert_eq!(
        without_id(&foreign.plain(), &record.0),
        without_id(&absent.plain(), "00000000-0000-7000-8000-000000000000"),
        "foreign and absent cannot be told apart"
    );
}
