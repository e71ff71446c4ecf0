//! Every screen as a picture, at the width of a desk and of a phone, with text in four scripts on it.

mod driver;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Parser;
use sampan_acceptance::acts::PASSWORD;
use sampan_acceptance::desk::Desk;
use sampan_acceptance::office::{Office, program};
use sampan_acceptance::sheet;

use driver::{Driver, Window};

/// Widths in CSS pixels, with the height of what is seen at once.
const WINDOWS: [(u32, u32); 2] = [(1280, 900), (390, 844)];

/// Takes pictures of every screen of the office, in Chromium, with the demo's interviews on them.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask screenshots")]
struct Options {
    /// Folder for the pictures.
    folder: PathBuf,
}

fn main() -> ExitCode {
    match run(&Options::parse().folder) {
        Ok(n_pictures) => {
            println!("{n_pictures} pictures");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("screenshots: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path) -> Result<usize, String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let data = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    collect(data.path())?;
    let office = Office::start(&data.path().join("office"), 0)?;
    let screens = screens(&office)?;
    let driver = Driver::start()?;
    let mut n_pictures = 0;
    for (width, height) in WINDOWS {
        let window = driver.window(width, height)?;
        let take = |name: &str| {
            let file = folder.join(format!("{name}-{width}.png"));
            println!("{}", file.display());
            window.picture(&file)
        };
        window.open(&format!("{}/sign-in", office.url()))?;
        take("sign-in")?;
        sign_in(&window)?;
        for (name, path) in &screens {
            window.open(&format!("{}{path}", office.url()))?;
            if name == "interview-open" {
                window.script("document.querySelectorAll('details').forEach((d) => d.open = true);")?;
            }
            take(name)?;
        }
        upload_errors(&window, &office, data.path())?;
        take("forms-errors")?;
        new_code(&window, &office)?;
        take("device-code")?;
        n_pictures += screens.len() + 3;
    }
    Ok(n_pictures)
}

/// A season of fieldwork in a folder, as the demo makes it.
fn collect(data: &Path) -> Result<(), String> {
    let status = Command::new(program("sampan-demo")?)
        .args(["--check", "--interviews", "32", "--seed", "3", "--data"])
        .arg(data)
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("sampan-demo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("the demo failed; run cargo xtask demo --check to see why".into())
    }
}

/// Names and paths of the screens that a link leads to.
fn screens(office: &Office) -> Result<Vec<(String, String)>, String> {
    let mut desk = Desk::sign_in(&office.url(), "admin", PASSWORD)?;
    let mut screens: Vec<(String, String)> = [
        ("interviews", "/interviews"),
        ("interviews-filtered", "/interviews?country=MM&state=submitted"),
        ("forms", "/forms"),
        ("form", "/forms/sme_vc"),
        ("forms-upload", "/forms/upload"),
        ("devices", "/devices"),
        ("people", "/people"),
        ("quarantine", "/quarantine"),
        ("audit", "/audit"),
        ("not-found", "/interviews/nowhere"),
    ]
    .iter()
    .map(|(name, path)| (name.to_string(), path.to_string()))
    .collect();
    let form = desk.get("/forms/sme_vc")?;
    let preview = form
        .links("/forms/sme_vc/")
        .into_iter()
        .find(|link| link.ends_with("/preview"))
        .ok_or("no preview of sme_vc")?;
    screens.push(("preview".into(), preview));
    for (name, filter) in [
        ("interview", "state=conflicts"),
        ("interview-approved", "state=approved"),
        ("interview-burmese", "country=MM&form=sme_vc"),
        ("interview-open", "country=TH&form=market_actor"),
    ] {
        let list = desk.get(&format!("/interviews?{filter}"))?;
        let link = list
            .links("/interviews/")
            .into_iter()
            .find(|link| link.len() == "/interviews/".len() + 36)
            .ok_or_else(|| format!("no interview with {filter}"))?;
        screens.push((name.into(), link));
    }
    Ok(screens)
}

fn sign_in(window: &Window<'_>) -> Result<(), String> {
    window.fill("input[name=login]", "admin")?;
    window.fill("input[name=password]", PASSWORD)?;
    window.click("form button")?;
    window
        .wait_until("location.pathname !== '/sign-in'")
        .map_err(|error| {
            let page = window.script("return document.body.innerText;");
            format!("signing in failed ({error}): {page:?}")
        })
}

/// A form with three things wrong, uploaded as an admin would.
fn upload_errors(window: &Window<'_>, office: &Office, folder: &Path) -> Result<(), String> {
    let bytes = sheet::xlsx(&[
        (
            "survey",
            &[
                &["type", "name", "label", "relevant", "constraint"],
                &["integer", "price", "តម្លៃក្នុងមួយគីឡូ", "${sold} = 'yes'"],
                &["selectone market", "market", "ตลาดไหน"],
                &["integer", "stalls", "ဆိုင်ဘယ်နှစ်ဆိုင်", "", ". >= 0 an . < 5"],
            ],
        ),
        (
            "choices",
            &[&["list_name", "name", "label"], &["markt", "old", "Chợ cũ"]],
        ),
        ("settings", &[&["form_title", "form_id"], &["Stalls", "stalls"]]),
    ]);
    let file = folder.join("stalls.xlsx");
    std::fs::write(&file, bytes).map_err(|error| format!("{}: {error}", file.display()))?;
    window.open(&format!("{}/forms/upload", office.url()))?;
    window.fill("input[name=form]", &file.display().to_string())?;
    window.click("form button.primary")?;
    window.wait_until("document.querySelector('.note.bad') !== null")
}

fn new_code(window: &Window<'_>, office: &Office) -> Result<(), String> {
    window.open(&format!("{}/devices", office.url()))?;
    window.script("document.querySelector('select[name=person]').selectedIndex = 4;")?;
    window.click("form button.primary")?;
    window.wait_until("document.querySelector('.qr') !== null")
}
