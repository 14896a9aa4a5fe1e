//! What became of each mutant, over all runs.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Lines such as `caught src/mode/mod.rs:183:5: delete ! in is_specific_v6`; the last one on a mutant counts.
pub(crate) struct Results {
    file: File,
    last: HashMap<String, String>,
}

impl Results {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let text = fs::read_to_string(path)?;
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        let last = lines.map(|(word, name)| (name.to_owned(), word.to_owned())).collect();
        Ok(Self { file, last })
    }

    pub(crate) fn last(&self, name: &str) -> Option<&str> {
        self.last.get(name).map(String::as_str)
    }

    /// Whether a mutant need not be tried again.
    pub(crate) fn is_settled(&self, name: &str) -> bool {
        matches!(self.last(name), Some("caught" | "timeout" | "unviable"))
    }

    pub(crate) fn tell(&mut self, name: &str, word: &str) -> io::Result<()> {
        if !self.is_settled(name) && self.last(name) != Some(word) {
            writeln!(self.file, "{word} {name}")?;
            self.last.insert(name.to_owned(), word.to_owned());
        }
        Ok(())
    }
}
