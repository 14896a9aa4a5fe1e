//! The list of what Wine lacks (docs/platforms.md) is the list of the tests that ask for it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A test, and what it leaves out.
type Marks = BTreeSet<(String, String)>;

/// The rows of a table: "| `test` | what |".
fn listed(page: &str, heading: &str) -> Marks {
    let (_, section) = page.split_once(heading).unwrap_or_else(|| panic!("no `{heading}`"));
    let section = section.split("\n##").next().unwrap_or_default();
    let row = |line: &str| {
        let (test, what) = line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | ")?;
        Some((test.to_owned(), what.to_owned()))
    };
    section.lines().filter_map(row).collect()
}

/// Where a test of this file asks whether it runs under Wine, and what for.
fn marked(module: &str, text: &str) -> Marks {
    let mut marks = Marks::new();
    for call in ["under_wine()", "wine_lacks("] {
        for (at, _) in text.match_indices(call) {
            let (before, after) = text.split_at(at);
            let function = before.rsplit("\nfn ").next().unwrap_or_default();
            let name = function.split('(').next().unwrap_or_default();
            let what = after.split('"').nth(1).unwrap_or_default();
            marks.insert((format!("{module}::{name}"), what.to_owned()));
        }
    }
    marks
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let inside = |path: PathBuf| if path.is_dir() { sources(&path) } else { vec![path] };
    entries.flat_map(inside).collect()
}

#[test]
fn listed_gaps_match_tests() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = home.join("tests").join("it");
    let mut found = Marks::new();
    for path in sources(&directory) {
        let module = path.strip_prefix(&directory).unwrap().with_extension("");
        let module: Vec<_> = module.iter().map(|part| part.to_str().unwrap()).collect();
        let module = module.join("::");
        // Where the calls are defined, and here.
        if !["support", "windows::lacks"].contains(&&*module) {
            found.extend(marked(&module, &fs::read_to_string(path).unwrap()));
        }
    }
    let page = fs::read_to_string(home.join("docs/platforms.md")).unwrap();
    let listed = listed(&page, "### Tests that ask whether they run under Wine\n");
    assert!(!found.is_empty());
    let missing: Vec<_> = found.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&found).collect();
    assert!(missing.is_empty() && stale.is_empty(), "not listed: {missing:#?}, stale: {stale:#?}");
}

#[test]
fn mark_and_row_are_found() {
    let text = "\nfn one() {\n    require!(!under_wine(), \"Wine has no x\");\n}\n\n\
                fn two() -> Result {\n    if !wine_lacks(\n        \"y\",\n    ) {}\n}\n";
    let expected =
        [("a::b::one", "Wine has no x"), ("a::b::two", "y")].map(|(a, b)| (a.into(), b.into()));
    assert_eq!(marked("a::b", text), expected.clone().into());
    let page = "## A\n\n| test | what |\n| --- | --- |\n| `a::b::one` | Wine has no x |\n\
                | `a::b::two` | y |\n\n## B\n| `c` | z |\n";
    assert_eq!(listed(page, "## A\n"), expected.into());
}
