//! Each rule is broken once on a scratch copy of the tree, and tidy must see it.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::run::root;
use crate::tidy::tree::Tree;
use crate::tidy::{RULES, check};

/// Copies what tidy reads (and what cargo needs to read the manifests) to a scratch folder.
fn scratch() -> TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let tree = Tree::read(&root()).expect("our own tree");
    for file in &tree.files {
        let target = folder.path().join(&file.path);
        fs::create_dir_all(target.parent().expect("files stand in folders")).expect("a folder");
        fs::write(target, &file.text).expect("a copy");
    }
    // What is no text is only asked for by name.
    for path in &tree.others {
        let target = folder.path().join(path);
        fs::create_dir_all(target.parent().expect("files stand in folders")).expect("a folder");
        fs::write(target, []).expect("a copy");
    }
    folder
}

fn write(root: &Path, path: &str, text: &str) {
    let target = root.join(path);
    fs::create_dir_all(target.parent().expect("files stand in folders")).expect("a folder");
    fs::write(target, text).expect("written");
}

fn append(root: &Path, path: &str, text: &str) {
    let old = fs::read_to_string(root.join(path)).expect("a file of ours");
    write(root, path, &format!("{old}{text}"));
}

/// Breaks a copy and expects exactly the named rule to speak, at a place that contains `place`.
fn breaks(rule: &str, place: &str, damage: impl Fn(&Path)) {
    let folder = scratch();
    damage(folder.path());
    let violations = check(folder.path()).expect("tidy runs");
    assert!(
        violations
            .iter()
            .any(|violation| violation.rule == rule && violation.place.contains(place)),
        "{rule} did not speak of {place}: {violations:?}"
    );
    assert!(
        violations.iter().all(|violation| violation.rule == rule),
        "others spoke too: {violations:?}"
    );
}

#[test]
fn the_tree_as_it_stands_holds_every_rule() {
    let violations = check(&root()).expect("tidy runs");
    assert!(violations.is_empty(), "{violations:#?}");
}

#[test]
fn an_arrow_from_record_to_store_is_seen() {
    // A cycle of packages is refused by cargo itself; the same rule reports it.
    breaks("arrows", "", |root| {
        let manifest = fs::read_to_string(root.join("crates/export/Cargo.toml")).expect("a manifest");
        let with_arrow = manifest.replace(
            "[dependencies]\n",
            "[dependencies]\nsampan-store.workspace = true\n",
        );
        write(root, "crates/export/Cargo.toml", &with_arrow);
    });
    let folder = scratch();
    let manifest = fs::read_to_string(folder.path().join("crates/record/Cargo.toml")).expect("a manifest");
    let with_arrow = manifest.replace(
        "[dependencies]\n",
        "[dependencies]\nsampan-store.workspace = true\n",
    );
    write(folder.path(), "crates/record/Cargo.toml", &with_arrow);
    let violations = check(folder.path()).expect("tidy runs");
    assert!(
        violations.iter().any(|violation| violation.rule == "arrows"),
        "{violations:?}"
    );
}

#[test]
fn a_clock_or_a_file_in_a_pure_crate_is_seen() {
    for line in [
        "let now = std::time::SystemTime::now();",
        "let text = std::fs::read_to_string(\"x\");",
    ] {
        breaks("purity", "crates/record/src/clock.rs", |root| {
            write(
                root,
                "crates/record/src/clock.rs",
                &format!("//! A clock.\nfn f() {{ {line} }}\n"),
            );
        });
    }
}

#[test]
fn an_impure_package_below_a_pure_crate_is_seen() {
    breaks("purity", "sampan-record", |root| {
        let manifest = fs::read_to_string(root.join("crates/record/Cargo.toml")).expect("a manifest");
        let with_chance =
            manifest.replace("[dependencies]\n", "[dependencies]\ngetrandom.workspace = true\n");
        write(root, "crates/record/Cargo.toml", &with_chance);
    });
}

#[test]
fn sql_outside_the_store_is_seen() {
    breaks("sql", "server/src/shortcut.rs", |root| {
        write(
            root,
            "server/src/shortcut.rs",
            "//! A shortcut.\nconst ALL: &str = \"SELECT * FROM people\";\n",
        );
    });
}

#[test]
fn axum_outside_the_server_is_seen() {
    breaks("axum", "client-core/src/door.rs", |root| {
        write(
            root,
            "client-core/src/door.rs",
            "//! A door.\nuse axum::Router;\n",
        );
    });
}

#[test]
fn a_file_without_a_head_is_seen() {
    breaks("head", "crates/form/src/silent.rs", |root| {
        write(root, "crates/form/src/silent.rs", "pub fn f() {}\n");
    });
}

#[test]
fn a_file_that_is_too_long_is_seen() {
    breaks("length", "crates/form/src/long.rs", |root| {
        write(
            root,
            "crates/form/src/long.rs",
            &format!("//! Long.\n{}", "// line\n".repeat(900)),
        );
    });
}

#[test]
fn a_path_of_one_machine_is_seen() {
    breaks("machine", "docs/operations.md", |root| {
        append(root, "docs/operations.md", "\nSee /home/somebody/notes.\n")
    });
}

#[test]
fn a_document_that_names_what_is_gone_is_seen() {
    breaks("paths", "ARCHITECTURE.md", |root| {
        append(root, "ARCHITECTURE.md", "\nSee `crates/gone/src/lib.rs`.\n")
    });
}

#[test]
fn a_route_outside_the_table_is_seen() {
    breaks("routes", "server/src/backdoor.rs", |root| {
        write(
            root,
            "server/src/backdoor.rs",
            "//! A back door.\nfn f(r: R) -> R { r.route(\"/x\", g) }\n",
        );
    });
}

#[test]
fn every_rule_has_a_test_that_breaks_it() {
    let own_text = include_str!("tests.rs");
    for (rule, _) in RULES {
        assert!(
            own_text.contains(&format!("breaks(\"{rule}\"")),
            "no test breaks the rule {rule}"
        );
    }
}
