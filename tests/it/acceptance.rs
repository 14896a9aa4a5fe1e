//! `docs/acceptance.md` says which test states each acceptance case; here it is shown that all of
//! them are there, and that the check would notice if they were not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// How many cases there are.
const CASES: usize = 52;

/// The number, the statement, what this kernel gives, what differs elsewhere, the tests, the
/// source.
const COLUMNS: usize = 6;

/// What is wrong with the table; `exists` knows the tests.
fn breaches(text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut next = 1;
    for row in rows(text) {
        let number = row[0].parse().unwrap_or(0);
        if number != next {
            breaches.push(format!("case {next} is wanted, and here stands `{}`", row[0]));
        }
        next = number + 1;
        if row.len() != COLUMNS {
            breaches.push(format!("case {number}: {} columns, and {COLUMNS} must be", row.len()));
            continue;
        }
        if row.iter().any(|cell| cell.is_empty()) {
            breaches.push(format!("case {number}: an empty cell"));
        }
        let tests = quoted(row[4]);
        if tests.is_empty() {
            breaches.push(format!("case {number}: no test"));
        }
        let missing = tests.iter().filter(|test| !exists(test));
        breaches.extend(missing.map(|test| format!("case {number}: there is no test `{test}`")));
        let distinct: BTreeSet<_> = tests.iter().collect();
        if distinct.len() != tests.len() {
            breaches.push(format!("case {number}: a test stands twice"));
        }
    }
    if next != CASES + 1 {
        breaches.push(format!("the last case is {}, and {CASES} must be", next - 1));
    }
    breaches
}

/// The cells of each row of the table that begins with a number.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    let rows = lines.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    rows.filter(|row| row[0].starts_with(|c: char| c.is_ascii_digit())).collect()
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// A name in the table:
///
/// * `datagram::port_0_is_no_destination`: a test of this program, as the program itself lists it;
/// * `src/mode/mod.rs::name`: a unit test;
/// * `tests/ui/*.rs`: a program that must not compile, with its message and its twin.
#[cfg(target_os = "linux")]
fn exists(root: &Path, here: &BTreeSet<String>, test: &str) -> bool {
    if let Some(name) = test.strip_prefix("tests/ui/") {
        let ui = root.join("tests/ui");
        let message = ui.join(name).with_extension("stderr");
        return [ui.join(name), ui.join("pass").join(name), message].iter().all(|it| it.exists());
    }
    if test.starts_with("src/") {
        let Some((file, name)) = test.split_once("::") else { return false };
        return fs::read_to_string(root.join(file)).is_ok_and(|text| is_test(&text, name));
    }
    here.contains(test)
}

/// Whether a file has a test of this name: a function right after `#[test]` and other attributes.
fn is_test(text: &str, name: &str) -> bool {
    let mut after_test = false;
    for line in text.lines().map(str::trim) {
        if line == "#[test]" {
            after_test = true;
        } else if !line.starts_with("#[") && !line.starts_with("///") {
            let is_it = line.strip_prefix("fn ").is_some_and(|rest| {
                rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('('))
            });
            if after_test && is_it {
                return true;
            }
            after_test = false;
        }
    }
    false
}

fn table() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/acceptance.md");
    fs::read_to_string(path).unwrap().replace("\r\n", "\n")
}

/// Only Linux has all of the tests.
#[cfg(target_os = "linux")]
#[test]
fn every_case_has_tests() {
    let program = std::env::current_exe().unwrap();
    let output = std::process::Command::new(program).args(["--list", "--format=terse"]).output();
    let listing = String::from_utf8(output.unwrap().stdout).unwrap();
    let here: BTreeSet<_> =
        listing.lines().filter_map(|line| line.strip_suffix(": test")).map(Into::into).collect();
    assert!(here.contains("acceptance::every_case_has_tests"), "{listing}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let breaches = breaches(&table(), |test| exists(root, &here, test));
    assert!(breaches.is_empty(), "\ndocs/acceptance.md:\n{}\n", breaches.join("\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn missing_name_is_no_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let here = BTreeSet::from(["a::b".to_owned()]);
    let unit = "src/sys/cmsg/tests.rs::all_of_a_departure_has_room";
    for test in ["a::b", "tests/ui/listen_before_bind.rs", unit] {
        assert!(exists(root, &here, test), "{test}");
    }
    for test in [
        "b",
        "a::b::c",
        "tests/ui/never.rs",
        "tests/ui/listen_before_bind.stderr",
        "src/never.rs::all_of_a_departure_has_room",
        "src/sys/cmsg/tests.rs",
        "src/sys/cmsg/tests.rs::all_of_a_departure",
        "src/sys/cmsg/tests.rs::messages",
    ] {
        assert!(!exists(root, &here, test), "{test}");
    }
}

#[test]
fn test_needs_its_attribute() {
    let text = "#[test]\n#[cfg(unix)]\n/// Why.\nfn one() {}\n\n#[test]\nstruct S;\nfn two() {}";
    assert!(is_test(text, "one"));
    assert!(!is_test(text, "two") && !is_test(text, "on") && !is_test(text, "ones"));
}

/// A table in order, of which each test here breaks one thing.
fn good() -> Vec<String> {
    (1..=CASES).map(|number| format!("| {number} | a | b | - | `x::y`, `x::z` | c |")).collect()
}

/// Breaks a table in order, and expects these breaches.
#[track_caller]
fn assert_breaches(broken: impl Fn(&mut Vec<String>), expected: &[&str]) {
    let mut lines = good();
    let head = "# A title\n\n| no. | is |\n| --- | --- |\n";
    let known = |test: &str| ["x::y", "x::z"].contains(&test);
    assert_eq!(breaches(&format!("{head}{}\n", lines.join("\n")), known), [""; 0]);
    broken(&mut lines);
    assert_eq!(breaches(&format!("{head}{}\n", lines.join("\n")), known), expected);
}

#[test]
fn malformed_case_list_is_found() {
    assert_breaches(|lines| drop(lines.remove(6)), &["case 7 is wanted, and here stands `8`"]);
    assert_breaches(|lines| drop(lines.pop()), &["the last case is 51, and 52 must be"]);
    assert_breaches(Vec::clear, &["the last case is 0, and 52 must be"]);
    assert_breaches(
        |lines| lines.insert(7, lines[6].clone()),
        &["case 8 is wanted, and here stands `7`"],
    );
    assert_breaches(
        |lines| lines.swap(0, 1),
        &[
            "case 1 is wanted, and here stands `2`",
            "case 3 is wanted, and here stands `1`",
            "case 2 is wanted, and here stands `3`",
        ],
    );
    let beyond = "| 53 | a | b | - | `x::y` | c |".to_owned();
    assert_breaches(|lines| lines.push(beyond.clone()), &["the last case is 53, and 52 must be"]);
    let no_number = |lines: &mut Vec<String>| lines[51] = lines[51].replace("52", "5x");
    assert_breaches(
        no_number,
        &["case 52 is wanted, and here stands `5x`", "the last case is 0, and 52 must be"],
    );
}

#[test]
fn row_without_test_is_found() {
    let replace = |from: &'static str, to: &'static str| {
        move |lines: &mut Vec<String>| lines[4] = lines[4].replace(from, to)
    };
    assert_breaches(replace("`x::y`, `x::z`", "not yet"), &["case 5: no test"]);
    assert_breaches(replace("x::y", "x::gone"), &["case 5: there is no test `x::gone`"]);
    assert_breaches(replace("x::y", "x::z"), &["case 5: a test stands twice"]);
    assert_breaches(replace("| - |", "|  |"), &["case 5: an empty cell"]);
    assert_breaches(replace("| - |", "|"), &["case 5: 5 columns, and 6 must be"]);
    assert_breaches(replace("`x::y`, `x::z`", ""), &["case 5: an empty cell", "case 5: no test"]);
}
