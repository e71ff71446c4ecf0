//! The study's three forms are read completely, from the files that are published.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::path::Path;
use std::sync::Arc;

use sampan_form::compiled::{Form, What};
use sampan_form::def::{ListRef, Role, Sensitivity};
use sampan_form::external::{Table, Tables};
use sampan_form::package;
use sampan_xlsform::reading::read_xlsx;

fn study(file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../studies/sec-value-chain")
        .join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn form(name: &str) -> Form {
    let file_name = format!("{name}.xlsx");
    let reading = read_xlsx(&study(&format!("forms/{file_name}")), &file_name).unwrap_or_else(|problems| {
        panic!(
            "{}",
            problems.iter().map(|p| format!("{p}\n")).collect::<String>()
        )
    });
    assert_eq!(reading.warnings, []);
    Form::compile(Arc::new(reading.form)).unwrap()
}

/// Questions that ask a person, repeats, calculations, notes, metadata, lists.
fn counts(form: &Form) -> [usize; 6] {
    let roles = |wanted: &[Role]| {
        form.questions()
            .filter(|node| node.question().is_some_and(|(role, _)| wanted.contains(&role)))
            .count()
    };
    [
        roles(&[Role::Ask]),
        form.nodes()
            .iter()
            .filter(|node| node.what == What::Repeat)
            .count(),
        roles(&[Role::Calculate]),
        roles(&[Role::Note]),
        roles(&[
            Role::Start,
            Role::End,
            Role::Today,
            Role::DeviceId,
            Role::Username,
        ]),
        form.def().choice_lists.len(),
    ]
}

#[test]
fn the_enterprise_survey_has_all_it_asks() {
    let form = form("sme_vc");
    assert_eq!(counts(&form)[..5], [117, 3, 4, 3, 4]);
    assert_eq!(form.form_id(), "sme_vc");
    assert_eq!(form.def().title, "SME enterprise and value-chain survey");
    assert_eq!(form.def().version, "2026112301");
    assert_eq!(form.languages(), ["English (en)"]);
    assert_eq!(form.language("en"), Some("English (en)"));
    assert_eq!(form.language("English"), Some("English (en)"));
    let node = |path: &str| form.node(form.find(path).unwrap_or_else(|| panic!("{path}")));
    let filter_reads = |path: &str| -> (Vec<String>, Vec<String>) {
        let filter = node(path).choices.as_ref().unwrap().filter.as_ref().unwrap();
        let names = filter
            .dependencies()
            .iter()
            .map(|id| form.node(*id).name.clone())
            .collect();
        (filter.columns().to_vec(), names)
    };
    assert_eq!(
        filter_reads("a_cover/adm1"),
        (vec!["country".into()], vec!["country".into()])
    );
    assert_eq!(
        filter_reads("a_cover/adm2"),
        (vec!["adm1".into()], vec!["adm1".into()])
    );
    assert_eq!(
        filter_reads("e_links/links/lk_adm1"),
        (vec!["country".into()], vec!["lk_country".into()])
    );
    let main_role = node("b_profile/vc_role_main").constraint.as_ref().unwrap();
    assert!(main_role.reads_self());
    assert_eq!(main_role.dependencies(), [node("b_profile/vc_roles").id]);
    assert_eq!(
        node("a_cover/adm3").choices.as_ref().unwrap().list,
        ListRef::External("adm3".into())
    );
    assert!(node("d_products/products").count.is_some());
    assert!(node("h_top3/top3").count.is_some());
    assert_eq!(
        node("d_products/products/prod").repeats,
        [node("d_products/products").id]
    );
    assert!(node("h_grid").looks("table-list"));
    assert_eq!(node("b_profile/phone").sensitivity, Some(Sensitivity::Direct));
    assert_eq!(
        node("b_profile/phone")
            .constraint_message
            .in_language("English (en)")
            .unwrap()
            .plain(),
        Some("Digits only after conversion, 8 to 15")
    );
    let sum = node("d_products/prod_share_sum");
    let reads = sum.calculation.as_ref().unwrap().dependencies();
    assert_eq!(
        reads,
        [
            node("d_products/products").id,
            node("d_products/products/prod_share").id
        ]
    );
    assert!(
        form.dependents(sum.id)
            .contains(&node("d_products/prod_share_warn").id)
    );
    assert!(form.rank(node("d_products/products/prod_share").id) < form.rank(sum.id));
    assert!(form.rank(sum.id) < form.rank(node("d_products/prod_share_warn").id));
    assert_eq!(form.calculation_order().len(), form.nodes().len());
}

#[test]
fn the_market_actor_interview_has_all_it_asks() {
    let form = form("market_actor");
    assert_eq!(counts(&form)[..5], [54, 1, 0, 0, 4]);
    let flows = form.node(form.find("t/flows").unwrap());
    assert_eq!(flows.children.len(), 10);
    assert!(form.node(form.find("b/area_served").unwrap()).looks("minimal"));
}

#[test]
fn the_key_informant_interview_has_all_it_asks() {
    let form = form("kii");
    assert_eq!(counts(&form)[..5], [42, 1, 0, 0, 4]);
}

#[test]
fn a_study_form_survives_its_package_and_keeps_its_name() {
    for name in ["sme_vc", "market_actor", "kii"] {
        let form = form(name);
        let bytes = package::to_bytes(form.def());
        let again = package::from_bytes(&bytes).unwrap();
        assert_eq!(again, **form.def());
        assert_eq!(package::version_hash(&again), form.version());
        assert!(bytes.len() < 250_000, "{name}: {} bytes", bytes.len());
    }
}

#[test]
fn the_files_of_places_have_what_the_survey_needs() {
    let form = form("sme_vc");
    let mut tables = Tables::new();
    assert_eq!(form.check_tables(&tables).len(), 2);
    for id in ["adm2", "adm3"] {
        let table = Table::from_csv(&study(&format!("{id}.csv"))).unwrap();
        let provinces = form.list("adm1").unwrap();
        let column = table.column("adm1").unwrap();
        for row in 0..table.len() {
            let province = provinces.named(table.cell(row, column));
            let province =
                province.unwrap_or_else(|| panic!("{id} row {}: {}", row + 2, table.cell(row, column)));
            assert_eq!(
                table.get(row, "country"),
                province.columns.get("country").map(String::as_str)
            );
        }
        let name = table.column("name").unwrap();
        for row in 0..table.len() {
            assert_eq!(
                table.rows_where(name, table.cell(row, name)).len(),
                1,
                "{id}: {}",
                table.cell(row, name)
            );
        }
        tables.insert(id, Arc::new(table));
    }
    assert_eq!(form.check_tables(&tables), []);
}
