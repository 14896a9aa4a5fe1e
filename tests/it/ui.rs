//! The messages of the compiler for the calls that must not compile.
//!
//! `tests/ui/*.rs` does not compile, and `NAME.stderr` is the message. A file of the same name
//! in `tests/ui/pass` differs in the one thing and compiles: a misspelt import would not compile
//! either. Messages change with the compiler, so they are compared on one; after a change,
//! `TRYBUILD=overwrite cargo test --test it ui` writes them anew, to be read before they are kept.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::skip;

/// The compiler whose messages are kept in `tests/ui`.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn wrong_call_has_expected_message() {
    let output = Command::new("rustc").arg("--version").output();
    let version = match &output {
        Ok(output) => String::from_utf8_lossy(&output.stdout),
        Err(error) => return skip(&format!("rustc does not run: {error}")),
    };
    if !version.starts_with(COMPILER) {
        return skip(&format!("the messages are those of {COMPILER}x, and this is {version}"));
    }
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    cases.pass("tests/ui/pass/*.rs");
}

#[test]
fn wrong_call_has_twin_and_message() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut count = 0;
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_name().unwrap();
            assert!(path.with_extension("stderr").exists(), "{name:?} has no message");
            assert!(dir.join("pass").join(name).exists(), "{name:?} has no twin");
            count += 1;
        }
    }
    assert!(count >= 9, "only {count} wrong calls");
}

/// `docs/guide/refused.md` shows each message down to where rustc begins to list implementors.
#[test]
fn guide_shows_compiler_messages() {
    let guide = fs::read_to_string("docs/guide/refused.md").unwrap();
    let shown: Vec<_> = guide.split("```text\n").skip(1).collect();
    let shown: Vec<_> = shown.iter().map(|text| text.split("\n```").next().unwrap()).collect();
    let mut messages = 0;
    for entry in fs::read_dir("tests/ui").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "stderr") {
            let message = fs::read_to_string(&path).unwrap();
            let found =
                shown.iter().any(|text| text.contains("error[") && message.starts_with(text));
            assert!(found, "the guide does not show {}", path.display());
            messages += 1;
        }
    }
    assert_eq!(messages, shown.len(), "the guide shows a message that nobody gets");
}
