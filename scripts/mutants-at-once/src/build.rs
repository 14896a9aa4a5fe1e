//! A copy of the crate in which all mutants stand that the compiler lets stand there together.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::insert::Written;
use crate::list::{Genre, Mutant, Source};
use crate::place::place;

/// Why a mutant is not in the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Out {
    /// It does not compile, whatever else is there.
    Unviable,
    /// It does not compile beside the others, or must be known to the compiler.
    Apart,
}

impl Out {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Unviable => "unviable",
            Self::Apart => "apart",
        }
    }
}

/// The test programs with all mutants.
pub(crate) struct Built {
    pub(crate) programs: Vec<PathBuf>,
    pub(crate) out: BTreeMap<usize, Out>,
    pub(crate) evaluated: BTreeSet<usize>,
}

/// The crate in the current directory, its copy, and what cargo makes of that.
pub(crate) struct Tree<'a> {
    mutants: &'a [Mutant],
    sources: BTreeMap<&'a str, Source>,
    pub(crate) copy: PathBuf,
    target: PathBuf,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(mutants: &'a [Mutant], dir: &Path) -> io::Result<Self> {
        let mut sources = BTreeMap::new();
        for mutant in mutants {
            if !sources.contains_key(&*mutant.file) {
                sources.insert(&*mutant.file, Source::new(fs::read_to_string(&mutant.file)?));
            }
        }
        let tree = Self { mutants, sources, copy: dir.join("tree"), target: dir.join("target") };
        tree.copy_files()?;
        Ok(tree)
    }

    /// All that git knows or would know, and the switch.
    fn copy_files(&self) -> io::Result<()> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let output = git.stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(io::Error::other("git ls-files failed"));
        }
        if self.copy.exists() {
            fs::remove_dir_all(self.copy.join("src"))?;
        }
        for name in String::from_utf8_lossy(&output.stdout).split_terminator('\0') {
            // What git knows may be gone.
            if Path::new(name).is_file() {
                let to = self.copy.join(name);
                fs::create_dir_all(to.parent().unwrap_or(&self.copy))?;
                fs::copy(name, to)?;
            }
        }
        let lib = self.copy.join("src/lib.rs");
        let features = "#![feature(const_eval_select, core_intrinsics)]";
        let text = fs::read_to_string(&lib)?;
        fs::write(&lib, format!("{features}\n{text}\n#[doc(hidden)]\npub mod mutant;\n"))?;
        fs::write(self.copy.join("src/mutant.rs"), include_str!("../switch.rs"))
    }

    /// Leaves out what the compiler rejects until it rejects nothing.
    pub(crate) fn build(&self) -> Result<Built, Box<dyn Error>> {
        let mut out = BTreeMap::new();
        let mut evaluated = BTreeSet::new();
        let mut programs = Vec::new();
        for arguments in [
            &["check", "--lib"][..],
            &["test", "--no-run", "--lib", "--test", "it"],
            &["build", "--examples"],
        ] {
            loop {
                let mut files = BTreeMap::new();
                for (&name, source) in &self.sources {
                    let mutants = self.mutants.iter().enumerate();
                    let mutants = mutants.map(|(index, mutant)| (index + 1, mutant));
                    let mutants: Vec<_> = mutants
                        .filter(|(number, mutant)| mutant.file == name && !out.contains_key(number))
                        .collect();
                    let placed =
                        place(source, &mutants).map_err(|error| format!("{name}: {error}"))?;
                    out.extend(placed.fixed.iter().map(|number| (*number, Out::Apart)));
                    evaluated.extend(placed.evaluated);
                    write_changed(&self.copy.join(name), &placed.written.text)?;
                    files.insert(name, placed.written);
                }
                let (done, messages) = self.cargo(arguments)?;
                if done {
                    programs.extend(executables(&messages));
                    break;
                }
                let before = out.len();
                for message in &messages {
                    self.blame(&message["message"], &files, &mut out);
                }
                eprintln!("{}: {} mutants more are left out", arguments[0], out.len() - before);
                if out.len() == before {
                    return Err(texts(&messages).into());
                }
            }
        }
        evaluated.retain(|number| !out.contains_key(number));
        Ok(Built { programs, out, evaluated })
    }

    fn cargo(&self, arguments: &[&str]) -> Result<(bool, Vec<Value>), Box<dyn Error>> {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).arg("--message-format=json").current_dir(&self.copy);
        cargo.env("CARGO_TARGET_DIR", &self.target).env("CARGO_PROFILE_DEV_DEBUG", "0");
        // What a constant function calls at run time only is not stable.
        cargo.env("RUSTC_BOOTSTRAP", "inet6").env("RUSTFLAGS", "--cap-lints=allow");
        let output = cargo.stderr(Stdio::inherit()).output()?;
        let lines =
            output.stdout.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{"));
        let messages = lines.map(serde_json::from_slice).collect::<Result<_, _>>()?;
        Ok((output.status.success(), messages))
    }

    /// Finds out which mutants an error of the compiler is about.
    fn blame(
        &self,
        message: &Value,
        files: &BTreeMap<&str, Written>,
        out: &mut BTreeMap<usize, Out>,
    ) {
        if message["level"] != "error" {
            return;
        }
        let mut spans = Vec::new();
        places(message, &mut spans);
        let spans = spans.iter();
        let spans: Vec<_> = spans
            .filter_map(|(name, range)| Some((files.get_key_value(&**name)?, range)))
            .collect();
        for (position, ((_, written), range)) in spans.iter().enumerate() {
            if let Some((number, itself)) = written.belongs_to(range) {
                let sure =
                    position == 0 && itself && self.is_sure(number, &message["code"]["code"]);
                let why = if sure { Out::Unviable } else { Out::Apart };
                out.entry(number).or_insert(why);
                return;
            }
        }
        if let Some(numbers) = spans.iter().find_map(|((_, written), range)| written.around(range))
        {
            out.extend(numbers.iter().map(|number| (*number, Out::Apart)));
        } else if let Some(((name, written), range)) = spans.first() {
            let at = written.origin(range);
            let source = &self.sources[**name];
            for (index, mutant) in self.mutants.iter().enumerate() {
                let function = mutant.function.as_ref().filter(|_| mutant.file == **name);
                let range = function.map(|function| source.range(&function.span));
                if range.is_some_and(|range| range.contains(&at.start)) {
                    out.entry(index + 1).or_insert(Out::Apart);
                }
            }
        }
    }

    /// Whether an error in the mutant itself says that it would not compile alone either.
    fn is_sure(&self, number: usize, code: &Value) -> bool {
        let mutant = &self.mutants[number - 1];
        match mutant.genre {
            // The type behind `impl Trait` may be another where the rest of the function is gone.
            Genre::FnValue => mutant
                .function
                .as_ref()
                .is_some_and(|function| !function.return_type.contains("impl ")),
            // An operator that the types do not have.
            Genre::BinaryOperator | Genre::UnaryOperator => {
                ["E0277", "E0368", "E0369", "E0600"].iter().any(|sure| code == sure)
            }
            _ => false,
        }
    }
}

/// Cargo builds anew what is newer.
fn write_changed(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path)? == text { Ok(()) } else { fs::write(path, text) }
}

/// Where a message points to, first of all with its main places, and out of macros.
fn places(message: &Value, found: &mut Vec<(String, Range<usize>)>) {
    let spans = message["spans"].as_array();
    let (main, other): (Vec<_>, Vec<_>) =
        spans.into_iter().flatten().partition(|span| span["is_primary"] == true);
    for span in main.into_iter().chain(other) {
        let mut span = span;
        while let (Some(name), Some(start), Some(end)) =
            (span["file_name"].as_str(), span["byte_start"].as_u64(), span["byte_end"].as_u64())
        {
            found.push((name.to_owned(), start as usize..end as usize));
            span = &span["expansion"]["span"];
        }
    }
    for child in message["children"].as_array().into_iter().flatten() {
        places(child, found);
    }
}

fn executables(messages: &[Value]) -> Vec<PathBuf> {
    let tests = messages.iter().filter(|message| message["profile"]["test"] == true);
    tests.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).collect()
}

fn texts(messages: &[Value]) -> String {
    messages.iter().filter_map(|message| message["message"]["rendered"].as_str()).collect()
}
