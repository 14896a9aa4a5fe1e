//! The rules of the design, read off the sources: a change that breaks one fails here.
//!
//! Each rule is a function from a source file to what breaks it, and each is first shown to bite.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up. A file uses its own layer and those below it. An entry names a file or a
/// folder below `src`; the longest that fits decides.
const LAYERS: [&[&str]; 10] = [
    &["kind", "mode", "addr", "header", "icmp", "error", "sealed"],
    &["sys"],
    &["interface", "option"],
    &["socket"],
    &["tcp", "udp/socket", "udp/connected", "udp/send_error", "udp/queue"],
    &["udp", "error_queue", "flow_label", "multicast", "capabilities", "cancel"],
    &["icmp/echo"],
    &["connect"],
    &["builder"],
    &["guide", "fuzzing"],
];

/// Crates whose types only `sys` handles.
const FOREIGN: [&str; 3] = ["socket2", "libc", "windows_sys"];

struct SourceFile {
    /// Below `src`, with slashes: `socket/common.rs`.
    path: String,
    text: String,
    /// The text without comments, strings and tests; the lines keep their numbers.
    code: String,
    /// Like `code`, with the strings.
    code_and_strings: String,
}

impl SourceFile {
    fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
        let code = without_comments(&text[..tests], false);
        let code_and_strings = without_comments(&text[..tests], true);
        Self { path, text, code, code_and_strings }
    }

    /// The module directly below the root of the crate: `socket`.
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn breach(&self, offset: usize, what: impl std::fmt::Display) -> String {
        self.breach_in(&self.code, offset, what)
    }

    fn breach_in(&self, code: &str, offset: usize, what: impl std::fmt::Display) -> String {
        let line = 1 + code[..offset].matches('\n').count();
        format!("src/{}:{line}: {what}", self.path)
    }

    /// Where these words stand, as whole words of code.
    fn words<'a>(&'a self, words: &'a [&str]) -> impl Iterator<Item = (usize, &'a str)> {
        all_words(&self.code).filter(|(_, word)| words.contains(word))
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn all_words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.split(|c| !is_word(c))
        .map(|word| (word.as_ptr() as usize - code.as_ptr() as usize, word))
        .filter(|(_, word)| !word.is_empty())
}

/// Blanks comments, and strings unless they are wanted. House style has no block comments.
fn without_comments(text: &str, with_strings: bool) -> String {
    let (mut code, mut rest) = (String::new(), text);
    while let Some(next) = rest.chars().next() {
        let raw_quotes = rest.strip_prefix('r').and_then(|it| {
            let hashes = it.len() - it.trim_start_matches('#').len();
            it[hashes..].starts_with('"').then(|| format!("\"{}", "#".repeat(hashes)))
        });
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(end) = raw_quotes.filter(|_| !code.ends_with(is_word)) {
            let start = 1 + end.len();
            start + rest[start..].find(&end).map_or(0, |at| at + end.len())
        } else if next == '"' {
            1 + string_len(&rest[1..], '"')
        } else if rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'') && next == '\'' {
            1 + string_len(&rest[1..], '\'')
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        let kept = with_strings && !rest.starts_with("//");
        code.extend(rest[..skipped].chars().filter(|c| kept || *c == '\n'));
        rest = &rest[skipped..];
    }
    code
}

/// Up to and with the quote that ends it.
fn string_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// What stands from `start` up to the bracket that closes the first one.
fn bracketed(code: &str, start: usize) -> &str {
    let mut depth = 0;
    for (at, c) in code[start..].char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth <= 1 => return &code[start..start + at + 1],
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    &code[start..]
}

// The rules.

/// The file that each exported name is in: `Builder` in `builder`, `tcp/TcpInfo` in `tcp/info`. It
/// is read off `lib.rs` and every `mod.rs`.
fn exports(sources: &[SourceFile]) -> BTreeMap<String, String> {
    let mut exports = BTreeMap::new();
    for source in sources {
        let folder = match source.path.strip_suffix("mod.rs") {
            Some(folder) => folder,
            None if source.path == "lib.rs" => "",
            None => continue,
        };
        for (at, _) in source.code.match_indices("use self::") {
            let path = &source.code[at + "use self::".len()..];
            let path = &path[..path.find(';').unwrap_or(path.len())];
            for name in paths(path) {
                let (module, name) = name.rsplit_once('/').unwrap_or(("", &name));
                exports.insert(format!("{folder}{name}"), format!("{folder}{module}"));
            }
        }
    }
    exports
}

/// `lib.rs` and `mod.rs` have the path of their folder: `tcp/mod.rs` is `tcp`.
fn own_path(source: &SourceFile) -> &str {
    let path = source.path.strip_suffix(".rs").unwrap_or(&source.path);
    path.strip_suffix("/mod").unwrap_or(path)
}

fn layer(path: &str) -> Option<usize> {
    let entries = LAYERS
        .iter()
        .enumerate()
        .flat_map(|(layer, entries)| entries.iter().map(move |entry| (entry.len(), *entry, layer)));
    let fits = |entry: &str| {
        path.strip_prefix(entry).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    entries.filter(|(_, entry, _)| fits(entry)).max().map(|(_, _, layer)| layer)
}

/// The file of a path of modules that may end with a name, exported or not.
fn resolve(path: &str, exports: &BTreeMap<String, String>) -> String {
    let mut resolved = String::new();
    for part in path.split('/') {
        let separator = if resolved.is_empty() { "" } else { "/" };
        let next = format!("{resolved}{separator}{part}");
        // A name in a file ends the path: what follows it is in the same file.
        match exports.get(&next) {
            Some(file) if file == &resolved => return resolved,
            // A function that is named like its file.
            Some(file) if file == &next => return next,
            Some(file) => resolved = resolve(file, exports),
            None => resolved = next,
        }
    }
    resolved
}

fn upward_uses(source: &SourceFile, exports: &BTreeMap<String, String>) -> Vec<String> {
    // The files that only declare and export use what is in their folders.
    if source.path == "lib.rs" {
        return Vec::new();
    }
    let path = own_path(source);
    let Some(own) = layer(path) else {
        return vec![source.breach(0, format!("`{path}` has no layer in the design"))];
    };
    let mut breaches = Vec::new();
    for (at, _) in source.code.match_indices("crate::") {
        let rest = &source.code[at + "crate::".len()..];
        for name in paths(rest) {
            match layer(&resolve(&name, exports)) {
                Some(used) if used <= own => {}
                Some(_) => {
                    let name = name.replace('/', "::");
                    breaches.push(source.breach(at, format!("`{path}` uses `{name}` from above")));
                }
                None => breaches.push(source.breach(at, format!("`crate::{name}` has no layer"))),
            }
        }
    }
    // The other spellings of a path to another module.
    let top_level = !path.contains('/');
    let around = if top_level { "\nuse super::" } else { "super::super::" };
    let others = source.code.match_indices(around);
    breaches.extend(others.map(|(at, _)| source.breach(at + 1, "write `crate::`, not `super`")));
    breaches
}

/// The paths that a use starts with, with slashes: of `a::{b, c::{self, D}}` it is `a/b`, `a/c` and
/// `a/c/D`. It ends at the first character that belongs to no path.
fn paths(text: &str) -> Vec<String> {
    let text = text.trim_start();
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let mut paths = Vec::new();
    if let Some(group) = text.strip_prefix('{') {
        let mut rest = &group[..bracketed(text, 0).len().saturating_sub(2)];
        while !rest.trim().is_empty() {
            paths.extend(self::paths(rest));
            rest = after_comma(rest);
        }
    } else if let Some(below) = rest.strip_prefix("::") {
        let below = self::paths(below);
        let join = |name: &String| match name.as_str() {
            "self" => word.to_owned(),
            name => format!("{word}/{name}"),
        };
        paths.extend(below.iter().map(join));
        if below.is_empty() {
            paths.push(word.to_owned());
        }
    } else if !word.is_empty() {
        paths.push(word.to_owned());
    }
    paths
}

/// What follows the first comma outside brackets.
fn after_comma(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

fn unsafe_outside_sys(source: &SourceFile) -> Vec<String> {
    if source.module() == "sys" {
        return Vec::new();
    }
    let found = source.words(&["unsafe", "unsafe_code"]);
    found.map(|(at, word)| source.breach(at, format!("`{word}` outside sys"))).collect()
}

fn platform_outside_sys(source: &SourceFile) -> Vec<String> {
    if source.module() == "sys" {
        return Vec::new();
    }
    let is_platform = |word: &str| {
        matches!(word, "unix" | "windows" | "target_os" | "target_family" | "target_vendor")
            || word.starts_with("target_")
    };
    let mut breaches = Vec::new();
    for (at, _) in source.words(&["cfg", "cfg_attr"]) {
        let condition = bracketed(&source.code, at);
        let Some((_, word)) = all_words(condition).find(|(_, word)| is_platform(word)) else {
            continue;
        };
        // The descriptor impls name a trait or a type of std that only one system has.
        let after = source.code[at + condition.len()..].trim_start_matches([']', '\n', ' ']);
        let item = after.lines().next().unwrap_or_default();
        let is_descriptor_impl = item.starts_with("impl") && item.contains("std::os::");
        if source.path != "socket/common.rs" || !is_descriptor_impl {
            breaches.push(source.breach(at, format!("platform cfg `{word}` outside sys")));
        }
    }
    breaches
}

fn unsafe_in_macros(source: &SourceFile) -> Vec<String> {
    let macros = source.code.match_indices("macro_rules!");
    let bad = macros.filter(|(at, _)| {
        let body = bracketed(&source.code, *at);
        all_words(body).any(|(_, word)| word == "unsafe")
    });
    bad.map(|(at, _)| source.breach(at, "a macro contains `unsafe`")).collect()
}

/// Above `sys`, no code at all names them; in `sys`, no public item does.
fn foreign_types(source: &SourceFile) -> Vec<String> {
    let module = source.module();
    let mut breaches = Vec::new();
    for (at, name) in source.words(&FOREIGN) {
        let start = source.code[..at].rfind([';', '}', '{']).map_or(0, |end| end + 1);
        let public = source.code[start..at].contains("pub ");
        if module != "sys" || public {
            breaches.push(source.breach(at, format!("`{name}` outside sys, or public")));
        }
    }
    breaches
}

fn untested_options(source: &SourceFile, tests: &SourceFile) -> Vec<String> {
    if source.module() != "option" {
        return Vec::new();
    }
    let implemented = source.code.match_indices(" Setting for ");
    implemented
        .filter_map(|(at, matched)| {
            let (_, name) = all_words(&source.code[at + matched.len()..]).next()?;
            let tested = tests.words(&[name]).next().is_some();
            let what = format!("the option `{name}` is not in tests/it/option.rs");
            (!tested).then(|| source.breach(at, what))
        })
        .collect()
}

/// A result that nobody looks at: `let _ = f()`, `_ = f()`, and `f().ok();` as a statement.
fn ignored_results(source: &SourceFile) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut at = 0;
    for line in source.code.split_inclusive('\n') {
        let statement = line.trim();
        let unnamed = statement.strip_prefix("let _ =").or_else(|| statement.strip_prefix("_ ="));
        let unnamed = unnamed.filter(|value| !value.starts_with('>'));
        let dropped = statement.ends_with(".ok();") && !statement.contains(['=']);
        if unnamed.is_some_and(|value| value.contains('(') || value.is_empty()) || dropped {
            breaches.push(source.breach(at, "a result is ignored"));
        }
        at += line.len();
    }
    breaches
}

/// The one file that knows `::ffff:0:0/96`. Elsewhere an IPv4 address is in its own form.
const MAPPED: &str = "addr/mapped.rs";

/// The methods of std, the number and the bytes of the prefix, and its text.
fn mapped_elsewhere(source: &SourceFile) -> Vec<String> {
    if source.path == MAPPED {
        return Vec::new();
    }
    const METHODS: [&str; 4] = ["to_ipv6_mapped", "to_ipv4_mapped", "to_canonical", "to_ipv4"];
    let mut breaches: Vec<String> = source
        .words(&METHODS)
        .map(|(at, word)| source.breach(at, format!("`{word}` outside {MAPPED}")))
        .collect();
    let mut before = None;
    for (at, word) in all_words(&source.code) {
        let value = number(word);
        let bytes = value == Some(0xff)
            && before.is_some_and(|(start, value)| {
                value == Some(0xff) && source.code[start..at].ends_with([',', ' '])
            });
        if value == Some(0xffff) || bytes {
            breaches.push(source.breach(at, format!("the prefix by hand, outside {MAPPED}")));
        }
        before = Some((at, value));
    }
    let text = source.code_and_strings.to_ascii_lowercase();
    let texts = text.match_indices(":ffff:").filter(|_| !is_of_tests(source));
    breaches.extend(texts.map(|(at, _)| {
        source.breach_in(&text, at, format!("the prefix as text, outside {MAPPED}"))
    }));
    breaches
}

fn is_of_tests(source: &SourceFile) -> bool {
    source.path.ends_with("/tests.rs") || source.path.contains("/tests/")
}

/// The value of a literal such as `0xff_u8`.
fn number(word: &str) -> Option<u128> {
    let plain = word.replace('_', "").to_ascii_lowercase();
    let digits = ["u8", "u16", "u32", "u64", "u128", "usize", "i32", "i64"]
        .iter()
        .find_map(|suffix| plain.strip_suffix(suffix))
        .unwrap_or(&plain);
    match digits.strip_prefix("0x") {
        Some(digits) => u128::from_str_radix(digits, 16).ok(),
        None => digits.parse().ok(),
    }
}

/// A log line that captures an address by the name that the kernel's form has: it would show an
/// IPv4 peer in IPv6 notation.
fn logged_addresses(source: &SourceFile) -> Vec<String> {
    const NAMES: [&str; 6] = ["wire", "peer", "local", "address", "group", "source"];
    let code = &source.code_and_strings;
    let mut breaches = Vec::new();
    for (at, _) in code.match_indices("log::") {
        let statement = bracketed(code, at);
        let captured = |name: &&&str| {
            [format!("{{{name}}}"), format!("{{{name}:")].iter().any(|it| statement.contains(it))
        };
        if let Some(name) = NAMES.iter().find(captured) {
            let what = format!("a log line shows `{name}`: log `canonical({name})`");
            breaches.push(source.breach_in(code, at, what));
        }
    }
    breaches
}

/// An example that must not compile names the error, and one that compiles follows it: alone it
/// proves little, because a misspelt import does not compile either.
fn lone_compile_fail(source: &SourceFile) -> Vec<String> {
    let lines = source.text.lines().enumerate();
    let mut fences = lines.filter_map(|(number, line)| {
        let text = line.trim_start().trim_start_matches("///").trim_start_matches("//!");
        text.trim_start().strip_prefix("```").map(|fence| (number + 1, fence))
    });
    let mut breaches = Vec::new();
    let mut wrong = None;
    while let (Some((number, opening)), Some(_)) = (fences.next(), fences.next()) {
        let compiles = opening.is_empty() || opening == "no_run";
        if let Some(before) = wrong.take().filter(|_| !compiles) {
            breaches
                .push(format!("src/{}:{before}: no example that compiles follows", source.path));
        }
        if opening.starts_with("compile_fail") {
            wrong = Some(number);
            if !opening.starts_with("compile_fail,E") {
                breaches.push(format!("src/{}:{number}: without the code", source.path));
            }
        }
    }
    breaches.extend(wrong.map(|at| format!("src/{}:{at}: nothing follows", source.path)));
    breaches
}

/// System calls outside the two rooms for them.
fn calls_outside(source: &SourceFile) -> Vec<String> {
    let rooms = ["sys/unix/", "sys/windows/"];
    if rooms.iter().any(|room| source.path.starts_with(room)) || is_of_tests(source) {
        return Vec::new();
    }
    let calls = system_calls(source).into_iter();
    calls.map(|(offset, name)| source.breach(offset, format!("{name} is called"))).collect()
}

/// Calls of functions of libc and of Windows, with a path (`libc::poll(`) or imported by name.
fn system_calls(source: &SourceFile) -> Vec<(usize, &str)> {
    let code = &source.code;
    let imported = ["use libc::", "use windows_sys::"].into_iter().flat_map(|library| {
        let uses = code.match_indices(library).map(|(at, _)| &code[at..]);
        uses.flat_map(|text| all_words(&text[..text.find(';').unwrap_or(text.len())]))
    });
    let imported: Vec<&str> = imported.map(|(_, word)| word).collect();
    all_words(code)
        .filter(|(at, name)| {
            let path = code[..*at].trim_end();
            let of_system = ["libc::", "WinSock::"].iter().any(|library| path.ends_with(library));
            let bare = !path.ends_with([':', '.']) && !path.ends_with("fn");
            // C macros that compute have capitals alone.
            (of_system || bare && imported.contains(name))
                && name.contains(char::is_lowercase)
                && code[at + name.len()..].starts_with('(')
        })
        .collect()
}

/// Calls of socket2, such as `SockRef::from(&fd).listen(`.
fn socket2_calls(source: &SourceFile) -> Vec<(usize, &str)> {
    let code = &source.code;
    let starts = code.match_indices("SockRef::from(");
    starts
        .filter_map(|(at, start)| {
            let end = at + start.len() - 1;
            let method = end + bracketed(code, end).len() + 1;
            all_words(&code[method..]).next().map(|(skip, name)| (method + skip, name))
        })
        .collect()
}

/// Functions of the system that are called in two places. Each has one, which the others go
/// through.
fn called_twice(sources: &[SourceFile]) -> Vec<String> {
    // Each system that has it takes other arguments, so that each has a place.
    const SEVERAL: &str = "sendfile";
    let mut places: BTreeMap<(bool, &str), Vec<String>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !is_of_tests(source)) {
        let on_windows = source.path.starts_with("sys/windows/");
        for (offset, name) in system_calls(source).into_iter().chain(socket2_calls(source)) {
            places.entry((on_windows, name)).or_default().push(source.breach(offset, name));
        }
    }
    places.retain(|(_, name), places| places.len() > 1 && *name != SEVERAL);
    places.into_values().flatten().collect()
}

/// Types of one name in several files. The two of a pair for two families of systems may share it.
fn homonyms(sources: &[SourceFile]) -> Vec<String> {
    const PAIRS: [[&str; 2]; 2] =
        [["sys/unix/", "sys/windows/"], ["sys/unix/mmsg.rs", "sys/batch/one_by_one.rs"]];
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for source in sources {
        for line in source.code.lines() {
            let words = line.strip_prefix("pub").map_or(line, |line| match line.split_once(") ") {
                Some((scope, rest)) if scope.starts_with('(') => rest,
                _ => line.trim_start(),
            });
            let Some((keyword, rest)) = words.split_once(' ') else { continue };
            if ["struct", "enum", "trait", "union", "type"].contains(&keyword) {
                let name = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
                let paths = places.entry(name).or_default();
                if !paths.contains(&source.path.as_str()) {
                    paths.push(&source.path);
                }
            }
        }
    }
    let is_pair = |paths: &[&str]| {
        PAIRS.iter().any(|[one, other]| {
            let (starts, ends) = (paths[0], paths[1]);
            let fits = |a: &str, b: &str| starts.starts_with(a) && ends.starts_with(b);
            paths.len() == 2 && (fits(one, other) || fits(other, one))
        })
    };
    places.retain(|_, paths| paths.len() > 1 && !is_pair(paths));
    places.iter().map(|(name, paths)| format!("{name} is in {}", paths.join(" and "))).collect()
}

/// Sentences of errors outside the one file for them. (The names of ICMP types and codes are in
/// `icmp`, beside the numbers.)
fn sentences_elsewhere(source: &SourceFile) -> Vec<String> {
    let code = &source.code_and_strings;
    if source.path == "error/reason.rs" || is_of_tests(source) {
        return Vec::new();
    }
    let calls = ["Error::new(", "Error::other(", "#[error("].iter();
    let mut breaches = Vec::new();
    for (offset, call) in calls.flat_map(|call| code.match_indices(call)) {
        let arguments = bracketed(code, offset + call.len() - 1);
        // Of a frame, such as `{text} {reason}`, nothing is left.
        let mut words = arguments.split('"').skip(1).step_by(2).flat_map(|text| text.split(' '));
        let is_sentence = words.any(|word| word.starts_with(char::is_alphabetic));
        // Only `sys` wraps an error of the system; a text may come by a variable, too.
        let wraps = source.module() == "sys" || call == "#[error(" || !is_of_io(code, offset);
        if is_sentence || !wraps {
            breaches.push(source.breach_in(code, offset, "a sentence of an error"));
        }
    }
    breaches
}

fn is_of_io(code: &str, offset: usize) -> bool {
    code[..offset].ends_with("io::")
}

/// Files of the repository that a text names and that do not exist. Of a Rust file only comments
/// are searched. Scripts have no ending.
fn missing_files(root: &Path, path: &str, text: &str) -> Vec<String> {
    const ROOMS: [&str; 7] =
        ["src/", "tests/", "benches/", "examples/", "docs/", "scripts/", "fuzz/"];
    const ENDS: [&str; 5] = [".rs", ".md", ".txt", ".toml", ".svg"];
    let only_comments = path.ends_with(".rs");
    let in_path = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let lines = text.lines().zip(1..);
    lines
        .filter(|(line, _)| !only_comments || line.trim_start().starts_with("//"))
        .flat_map(|(line, number)| line.split(|c| !in_path(c)).map(move |word| (word, number)))
        .map(|(word, number)| (word.trim_end_matches(['.', '/']), number))
        .filter(|(word, _)| ROOMS.iter().any(|room| word.starts_with(room)))
        .filter(|(word, _)| {
            word.starts_with("scripts/") || ENDS.iter().any(|end| word.ends_with(end))
        })
        .filter(|(word, _)| !root.join(word).exists())
        .map(|(word, number)| format!("{path}:{number}: {word} does not exist"))
        .collect()
}

// Their application.

fn collect(dir: &Path, paths: &mut Vec<PathBuf>) {
    collect_if(dir, paths, |path| path.extension().is_some_and(|extension| extension == "rs"));
}

fn collect_if(dir: &Path, paths: &mut Vec<PathBuf>, wanted: fn(&Path) -> bool) {
    for entry in fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_if(&path, paths, wanted);
        } else if wanted(&path) {
            paths.push(path);
        }
    }
}

fn read(path: &Path, name: impl Into<String>) -> SourceFile {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    SourceFile::new(name, text.replace("\r\n", "\n"))
}

#[test]
fn sources_keep_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("src"), &mut paths);
    let sources: Vec<SourceFile> = paths
        .iter()
        .map(|path| {
            let below = path.strip_prefix(root.join("src")).unwrap();
            let name: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            read(path, name.join("/"))
        })
        .collect();
    assert!(sources.len() > 20, "only {} files found", sources.len());

    let exports = exports(&sources);
    assert!(exports.len() > 50, "only {} exports found", exports.len());
    let tests = read(&root.join("tests/it/option.rs"), "option.rs");
    let breaches: Vec<String> = sources
        .iter()
        .flat_map(|source| {
            let mut breaches = upward_uses(source, &exports);
            breaches.extend(unsafe_outside_sys(source));
            breaches.extend(platform_outside_sys(source));
            breaches.extend(unsafe_in_macros(source));
            breaches.extend(foreign_types(source));
            breaches.extend(untested_options(source, &tests));
            breaches.extend(ignored_results(source));
            breaches.extend(mapped_elsewhere(source));
            breaches.extend(logged_addresses(source));
            breaches.extend(sentences_elsewhere(source));
            breaches.extend(lone_compile_fail(source));
            breaches.extend(calls_outside(source));
            breaches
        })
        .chain(called_twice(&sources))
        .chain(homonyms(&sources))
        .collect();
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn named_files_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![root.join("CONTRIBUTING.md"), root.join("README.md")];
    // Build directories contain the packages of others.
    let own = |path: &Path| !path.components().any(|part| part.as_os_str() == "target");
    for room in ["src", "tests", "benches", "examples", "docs", "scripts", "fuzz"] {
        collect_if(&root.join(room), &mut paths, own);
    }
    let mut searched = 0;
    let mut missing = Vec::new();
    for path in paths {
        let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        if let Ok(text) = fs::read_to_string(&path) {
            searched += 1;
            missing.extend(missing_files(root, &name, &text));
        }
    }
    assert!(searched > 200, "only {searched} files searched");
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

#[test]
fn every_layer_exists() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = read(&src.join("lib.rs"), "lib.rs");
    for entry in LAYERS.iter().copied().flatten() {
        let inside_lib = lib.code.contains(&format!("mod {entry} {{"));
        let is_file = src.join(format!("{entry}.rs")).is_file();
        assert!(inside_lib || is_file || src.join(entry).is_dir(), "{entry} is no room");
    }
}

/// The names that a user meets first.
#[test]
fn root_has_few_names() {
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
    let names = exports(&[read(&lib, "lib.rs")]);
    assert!(names.len() <= 12, "{} names at the root: {names:?}", names.len());
    assert!(names.contains_key("Builder") && names.contains_key("UdpSocket"), "{names:?}");
}

// Each rule bites.

#[track_caller]
fn check(rule: impl Fn(&SourceFile) -> Vec<String>, path: &str, bad: &[&str], good: &[&str]) {
    for text in bad {
        assert_eq!(rule(&SourceFile::new(path, *text)).len(), 1, "passes, and must not:\n{text}");
    }
    for text in good {
        assert_eq!(rule(&SourceFile::new(path, *text)), [""; 0], "fails, and must not:\n{text}");
    }
}

#[test]
fn upward_use_is_found() {
    let exports = exports(&[
        SourceFile::new("lib.rs", "pub use self::builder::Builder;\npub use self::addr::{\nZone};"),
        SourceFile::new("icmp/mod.rs", "pub use self::echo::EchoSocket;"),
        SourceFile::new(
            "udp/mod.rs",
            "pub use self::socket::{UdpSocket, Other};\nuse self::guarded::G;",
        ),
    ]);
    let rule = |source: &SourceFile| upward_uses(source, &exports);
    check(
        rule,
        "udp/socket.rs",
        &[
            "use crate::builder::Builder;",
            "use crate::{sys, udp::received::Received};",
            "use crate::udp::{UdpSocket, G};",
            "use crate::udp::{self, UdpSocket};",
            "use crate::icmp::{Icmp, EchoSocket};",
            "use crate::icmp::{Icmp, echo::{EchoSocket}};",
            "fn f() { crate::Builder::stream() }",
            "macro_rules! m { () => { $crate::Builder } }",
            "use crate::unheard::Of;",
            "#[cfg(test)]\nmod tests;\nuse crate::builder::Builder;",
            "use super::super::builder;",
        ],
        &[
            "use crate::sys;\nuse super::socket;",
            "use crate::{option::NoDelay, addr::{Zone, builder}};",
            "use crate::udp::{UdpSocket, Other};",
            "use crate::icmp::Icmp;",
            "use crate::addr::Zone;",
            "/// As [`Builder`](crate::Builder).",
            "#[cfg(test)]\nmod tests { use crate::Builder; }",
        ],
    );
    check(rule, "kind.rs", &["use crate::sys;", "use a;\nuse super::sys;"], &["use crate::mode;"]);
    check(rule, "novelty.rs", &["use std::io;"], &[]);
}

#[test]
fn paths_of_a_use_are_found() {
    assert_eq!(paths("a::{self, b, c::{D, e::F}, G}::x"), ["a", "a/b", "a/c/D", "a/c/e/F", "a/G"]);
    assert_eq!(paths("a::B::new(c::D)"), ["a/B/new"]);
    assert_eq!(paths("a<T>"), ["a"]);
}

#[test]
fn misplaced_unsafe_and_cfg_are_found() {
    let unsafes = ["fn f() { unsafe { g() } }", "#![allow(unsafe_code)]"];
    let harmless = ["// unsafe", "fn f() { \"unsafe\" }"];
    check(unsafe_outside_sys, "addr.rs", &unsafes, &harmless);
    check(unsafe_outside_sys, "sys/unix/mod.rs", &[], &unsafes);

    let platforms = [
        "#[cfg(unix)]\nfn f() {}",
        "fn f() { if cfg!(windows) {} }",
        "#[cfg(any(\n    target_os = \"linux\",\n))]\nfn f() {}",
        "#[cfg_attr(target_vendor = \"apple\", doc(hidden))]\nfn f() {}",
    ];
    let features = ["#[cfg(feature = \"tokio\")]\nfn f() {}", "/// cfg(unix)", "fn unix() {}"];
    check(platform_outside_sys, "addr.rs", &platforms, &features);
    check(platform_outside_sys, "sys/mod.rs", &[], &platforms);
    let descriptor = "#[cfg(unix)]\nimpl std::os::fd::AsFd for X {}";
    check(platform_outside_sys, "socket/common.rs", &platforms, &[descriptor]);
    check(platform_outside_sys, "socket/stream.rs", &[descriptor], &[]);
}

#[test]
fn unsafe_in_a_macro_is_found() {
    let bad = ["macro_rules! m { () => { unsafe { f() } } }"];
    let good = ["macro_rules! m { () => { f() } }\nfn g() { unsafe { f() } }"];
    check(unsafe_in_macros, "sys/mod.rs", &bad, &good);
}

#[test]
fn foreign_type_is_found() {
    let bad = ["pub fn f(s: socket2::Socket) {}", "impl From<libc::in6_addr> for A {}"];
    check(foreign_types, "addr.rs", &bad, &["/// See socket2::Socket.", "fn libc_free() {}"]);
    let good = ["pub(crate) fn f(s: socket2::Socket) {}", "use libc::c_int;"];
    check(foreign_types, "sys/mod.rs", &bad[..1], &good);
}

#[test]
fn untested_option_is_found() {
    let tests = SourceFile::new("option.rs", "check(NoDelay(true)); // and Cork\n");
    let rule = |source: &SourceFile| untested_options(source, &tests);
    let bad = ["impl Setting for Cork {\n}"];
    check(rule, "option/tcp.rs", &bad, &["impl Setting for NoDelay {\n}"]);
    check(rule, "builder.rs", &[], &bad);
}

#[test]
fn ignored_result_is_found() {
    let bad = ["let _ = set();", "    _ = set();", "let _ =\n    set();", "sys::set_int(s).ok();"];
    let good = ["_ = fd;", "let local = address(fd).ok();", "// let _ = set();", "_ => set(),"];
    check(ignored_results, "builder.rs", &bad, &good);
}

#[test]
fn mapped_address_is_found() {
    let bad = [
        "fn f(ip: Ipv4Addr) -> Ipv6Addr { ip.to_ipv6_mapped() }",
        "fn f(ip: Ipv6Addr) -> bool { ip.to_ipv4_mapped().is_some() }",
        "fn f(ip: Ipv6Addr) -> IpAddr { Ipv6Addr::to_canonical(&ip) }",
        "fn f(ip: Ipv6Addr) -> Option<Ipv4Addr> { ip.to_ipv4() }",
        "fn f(a: u16) -> Ipv6Addr { Ipv6Addr::new(0, 0, 0, 0, 0, 0xFFFF, a, a) }",
        "fn f(ip: u128) -> bool { ip >> 32 == 0xff_ff_u128 }",
        "fn f(ip: Ipv6Addr) -> bool { ip.segments()[5] == 65535 }",
        "const PREFIX: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];",
        "const END: [u8; 2] = [255,255];",
        "fn f(ip: Ipv4Addr) -> String { format!(\"::FFFF:{ip}\") }",
    ];
    let good = [
        "/// `::ffff:192.0.2.1`, by `to_canonical`",
        "fn f(ip: Ipv6Addr) -> IpAddr { canonical_ip(ip) }",
        "const WORD: u32 = 0xffff_f024; const PAIR: [u32; 2] = [0xff, 0xf_ffff];",
        "fn f(a: u8) -> bool { a == 0xff || g(0xff) }",
    ];
    check(mapped_elsewhere, "sys/resolve.rs", &bad, &good);
    check(mapped_elsewhere, "addr/mapped.rs", &[], &bad);
    check(mapped_elsewhere, "addr/tests/property.rs", &bad[..9], &bad[9..]);
}

#[test]
fn logged_address_is_found() {
    let bad =
        ["log::trace!(\"connecting to {peer}\");", "log::debug!(\n    \"bound to {wire:?}\"\n);"];
    let good = [
        "log::trace!(\"connecting to {}\", canonical(peer));",
        "log::debug!(\"{error}\"); // {peer}",
        "format!(\"{peer}\");",
    ];
    check(logged_addresses, "builder.rs", &bad, &good);
}

#[test]
fn lone_compile_fail_is_found() {
    let (wrong, right) = ("/// ```compile_fail,E0277\n/// ```\n", "/// ```\n/// ```\n");
    let twins = wrong.to_owned() + right;
    let (alone, without_code) = (wrong.repeat(2) + right, twins.replace(",E0277", ""));
    check(lone_compile_fail, "addr.rs", &[wrong, &alone, &without_code], &[right, &twins]);
}

#[test]
fn call_outside_is_found() {
    let bad = ["unsafe { libc::poll(entries, 1, 0) }"];
    let good = ["socket.poll(1)", "libc::pollfd { fd }", "libc::FD_ISSET(fd, set)", "fn poll() {}"];
    let imported = "use libc::{pollfd, poll};\nunsafe { poll(entries, 1, 0) }";
    check(calls_outside, "sys/wait.rs", &[imported], &["unsafe { poll(entries, 1, 0) }"]);
    check(calls_outside, "sys/wait.rs", &bad, &good);
    check(calls_outside, "sys/unix/wait.rs", &[], &bad);
}

#[test]
fn second_call_is_found() {
    let source = |name: &str, text: &str| SourceFile::new(format!("sys/unix/{name}.rs"), text);
    let one = || source("wait", "libc::poll(a)");
    assert_eq!(called_twice(&[one(), source("data", "libc::send(b)")]), [""; 0]);
    assert_eq!(called_twice(&[one(), source("data", "libc::poll(b)")]).len(), 2);
    let windows = SourceFile::new("sys/windows/wait.rs", "WinSock::poll(b)");
    assert_eq!(called_twice(&[one(), windows]), [""; 0]);
    let listens = || source("create", "SockRef::from(&fd).listen(4)");
    assert_eq!(called_twice(&[listens(), one()]), [""; 0]);
    assert_eq!(called_twice(&[listens(), listens()]).len(), 2);
}

#[test]
fn homonym_is_found() {
    let found = |one: &str, other: &str| {
        let declares = "pub(crate) struct Report {\n}\npub enum Kind {}\ntype Room = u8;";
        let sources = [SourceFile::new(one, declares), SourceFile::new(other, "struct Report;")];
        homonyms(&sources).len()
    };
    assert_eq!(found("sys/mod.rs", "connect/report.rs"), 1);
    assert_eq!(found("sys/unix/resolve.rs", "sys/windows/resolve.rs"), 0);
    assert_eq!(found("sys/windows/mod.rs", "sys/unix/mod.rs"), 0);
    assert_eq!(found("sys/unix/mod.rs", "sys/mod.rs"), 1);
}

#[test]
fn sentence_elsewhere_is_found() {
    let bad = [
        "io::Error::new(io::ErrorKind::Other, \"no answer\")",
        "io::Error::other(format!(\"getaddrinfo: {code}\"))",
        "#[error(\"the name is empty\")]",
    ];
    let good = ["io::Error::new(kind, error)", "#[error(\"`{text}` {reason}\")]"];
    check(sentences_elsewhere, "sys/resolve.rs", &bad, &good);
    let (by_variable, ours) = ("io::Error::new(kind, why)", "Error::new(op, None, None, error)");
    check(sentences_elsewhere, "udp/socket.rs", &[by_variable], &[ours]);
    check(sentences_elsewhere, "error/reason.rs", &[], &bad);
}

#[test]
fn missing_file_is_found() {
    let missing = |path: &str, text: &str| {
        missing_files(Path::new(env!("CARGO_MANIFEST_DIR")), path, text).len()
    };
    assert_eq!(missing("src/a.rs", "// See src/no_such_file.rs."), 1);
    assert_eq!(missing("src/a.rs", "// See src/lib.rs."), 0);
    assert_eq!(missing("src/a.rs", "let path = \"src/no_such_file.rs\";"), 0);
    assert_eq!(missing("scripts/a", "grep -q x tests/it/no_such_file.rs"), 1);
    assert_eq!(missing("scripts/a", "grep -q x tests/it/main.rs"), 0);
    assert_eq!(missing("docs/a.md", "`scripts/no-such-script` checks it"), 1);
}

#[test]
fn comments_and_strings_are_not_code() {
    let text =
        "a /* */ \"//\" b // c\n'\"' d '\\'' r#\"e \" f\"# g::<'h>() \"\\\" i\" j\n\"k\nl\" m";
    let code = without_comments(text, false);
    let words: Vec<&str> = all_words(&code).map(|(_, word)| word).collect();
    assert_eq!(words, ["a", "b", "d", "g", "h", "j", "m"]);
    assert_eq!(code.lines().count(), text.lines().count());
}
