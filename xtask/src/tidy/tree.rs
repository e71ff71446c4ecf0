//! The source tree as tidy sees it: every text file that belongs to the project.

use std::path::{Path, PathBuf};

/// Folders that are not ours to judge.
const SKIP: &[&str] = &["target", ".git", "node_modules"];

/// A source tree.
pub struct Tree {
    /// Its folder.
    pub root: PathBuf,
    /// Text files, sorted by path.
    pub files: Vec<SourceFile>,
    /// Paths of files that are no text: pictures, spreadsheets, golden samples.
    pub others: Vec<String>,
}

/// One text file.
pub struct SourceFile {
    /// Path from the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Tree {
    /// Reads all text files below a folder.
    pub fn read(root: &Path) -> Result<Tree, String> {
        let mut tree = Tree {
            root: root.to_path_buf(),
            files: Vec::new(),
            others: Vec::new(),
        };
        tree.visit(root)?;
        tree.files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(tree)
    }

    /// All Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    fn visit(&mut self, folder: &Path) -> Result<(), String> {
        let entries = std::fs::read_dir(folder)
            .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
        for entry in entries {
            let path = entry
                .map_err(|error| format!("cannot read {}: {error}", folder.display()))?
                .path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
            if path.is_dir() {
                if !SKIP.contains(&name) {
                    self.visit(&path)?;
                }
                continue;
            }
            let relative = path.strip_prefix(&self.root).unwrap_or(&path);
            let relative = relative.to_string_lossy().replace('\\', "/");
            match std::fs::read_to_string(&path) {
                Ok(text) => self.files.push(SourceFile { path: relative, text }),
                Err(_) => self.others.push(relative),
            }
        }
        Ok(())
    }
}

impl SourceFile {
    /// Whether this is test code, which may be long and may break production rules.
    pub fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// Whether this is tidy itself, which has to spell what it forbids.
    pub fn is_tidy(&self) -> bool {
        self.path.starts_with("xtask/src/tidy")
    }

    /// Lines with their number from 1, up to where the unit tests begin.
    pub fn production_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self.text.find("#[cfg(test)]\nmod ").unwrap_or(self.text.len());
        self.text
            .get(..end)
            .unwrap_or("")
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }
}
