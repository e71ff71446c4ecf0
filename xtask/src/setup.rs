//! Installs or checks what building, testing and screenshots need.

use std::process::Command;

use crate::run::{Outcome, has, step};

/// What a build needs beside the Rust toolchain, as (program to look for, Debian package).
const BUILD: &[(&str, &str)] = &[("cc", "gcc"), ("git", "git")];

/// Debian packages for pictures of the screens: a browser and the four scripts.
const BROWSER: &[&str] = &[
    "chromium",
    "chromium-driver",
    "fonts-noto-core",
    "fonts-noto-ui-core",
];

/// `cargo xtask setup [--browser]`.
pub fn setup(arguments: &[String]) -> Outcome {
    for argument in arguments {
        if argument != "--browser" {
            return Err(format!(
                "setup: unknown option {argument:?}; it takes --browser or nothing"
            ));
        }
    }
    build_tools()?;
    if !arguments.is_empty() {
        browser()?;
    }
    println!("setup: everything is there");
    Ok(())
}

/// Makes sure that a C compiler and git are there: SQLite and the cryptography are built from source.
pub fn build_tools() -> Outcome {
    let missing: Vec<&str> = BUILD
        .iter()
        .filter(|(program, _)| !has(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        install(&missing)
    }
}

/// Makes sure that Chromium and the fonts of the four scripts are there.
pub fn browser() -> Outcome {
    let fonts = Command::new("fc-list").arg(":lang=my").output();
    let has_fonts = fonts.is_ok_and(|output| !output.stdout.is_empty());
    if has("chromium") && has("chromedriver") && has_fonts {
        Ok(())
    } else {
        install(BROWSER)
    }
}

fn install(packages: &[&str]) -> Outcome {
    let by_hand = format!(
        "apt-get update && apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    );
    if !has("apt-get") || !is_root() {
        return Err(format!(
            "these Debian packages are missing; install them as root with\n    {by_hand}"
        ));
    }
    step("apt-get update", Command::new("apt-get").args(["-q", "update"]))?;
    step(
        &format!("apt-get install {}", packages.join(" ")),
        Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-q", "install", "-y", "--no-install-recommends"])
            .args(packages),
    )
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.starts_with(b"0"))
}
