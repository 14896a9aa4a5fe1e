//! Prints the public API as rustdoc's JSON has it, an item a line, so that two compilers give one text:
//!
//!     public-api-list inet6.json
//!
//! Left out is what says nothing: the methods of a foreign trait's impl, which the trait dictates, blanket impls,
//! and the compiler's own marker traits. What std re-exports of core and alloc is named by its path in std.

use std::collections::{BTreeSet, HashSet};
use std::env;
use std::process::ExitCode;

/// The compiler's own traits: nobody else names or implements them, and they come and go with its versions.
const COMPILERS: [&str; 4] = [
    "std::clone::TrivialClone",
    "std::marker::Freeze",
    "std::marker::StructuralPartialEq",
    "std::marker::UnsafeUnpin",
];

fn main() -> ExitCode {
    let Some(path) = env::args().nth(1) else {
        eprintln!("public-api-list: no file is named");
        return ExitCode::FAILURE;
    };
    match public_api::Builder::from_rustdoc_json(path).omit_blanket_impls(true).build() {
        Ok(api) => print(&api),
        // The form of the JSON changes with the compiler.
        Err(error @ public_api::Error::SerdeJsonError(_)) => {
            eprintln!(
                "not available: this compiler's JSON is another than public-api reads: {error}"
            );
            return ExitCode::from(75);
        }
        Err(error) => {
            eprintln!("public-api-list: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn print(api: &public_api::PublicApi) {
    let lines: Vec<_> = api.items().map(|item| (item, in_std(&item.to_string()))).collect();
    let trait_impls: HashSet<_> = lines
        .iter()
        .filter(|(_, line)| line.starts_with("impl") && line.contains(" for "))
        .map(|(item, _)| item.id())
        .collect();
    let mut seen = BTreeSet::new();
    for (item, line) in &lines {
        let dictated =
            line.contains("fn ") && item.parent_id().is_some_and(|id| trait_impls.contains(&id));
        let compilers = COMPILERS.iter().any(|name| line.contains(name));
        // The groups stand in the order of their paths; a line twice says no more than once.
        if !dictated && !compilers && seen.insert(line) {
            println!("{line}");
        }
    }
}

/// `core::net::…` as `std::net::…`.
fn in_std(line: &str) -> String {
    let mut text = line.to_owned();
    for root in ["core::", "alloc::"] {
        let mut from = 0;
        while let Some(at) = text[from..].find(root).map(|at| from + at) {
            let starts =
                !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            if starts {
                text.replace_range(at..at + root.len(), "std::");
            }
            from = at + 1;
        }
    }
    text
}
