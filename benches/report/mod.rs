//! Measures everything, and says it as a table, as CSV and as charts.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::operations::{CURVES, Case, Curve, Operation, Prepare, TIMED, cases};
use crate::paired::{Samples, Spread, measure, stay_on_one_processor};

mod chart;

/// Copies of each case, so that no case owes its figure to where its buffers happen to lie.
const COPIES: usize = 8;

/// An operation in all its ways.
struct Rows {
    operation: &'static Operation,
    ways: Vec<&'static str>,
    samples: Samples,
}

impl Rows {
    fn index(&self, way: &str) -> Option<usize> {
        self.ways.iter().position(|it| *it == way)
    }

    fn ratio(&self, way: &str, base: &str) -> Option<Spread> {
        Some(self.samples.ratio(self.index(way)?, self.index(base)?))
    }

    /// Of one datagram, or of the operation.
    fn nanoseconds(&self, way: usize) -> f64 {
        self.samples.quiet(way) / self.operation.datagrams.unwrap_or(1) as f64
    }
}

/// A line of a curve: what each point costs in units of the base.
struct Line {
    curve: &'static Curve,
    way: &'static str,
    points: Vec<(usize, Spread)>,
}

/// What a ratio has to be.
enum Bound {
    AtMost(f64),
    /// Of the other way to inet6: how many times cheaper inet6 is.
    Cheaper(f64),
}

/// An operation, another way, and the ratio that is wanted.
const WANTED: &[(&str, &str, Bound)] = &[
    ("host-literal", "std", Bound::AtMost(1.08)),
    ("host-name", "std", Bound::AtMost(1.3)),
    ("batch-64", "libc", Bound::AtMost(1.02)),
    ("batch-1200", "libc", Bound::AtMost(1.02)),
    ("segments-64", "libc", Bound::AtMost(1.06)),
    ("segments-1200", "libc", Bound::AtMost(1.03)),
    ("segments-64", "std", Bound::Cheaper(75.0)),
    ("segments-512", "std", Bound::Cheaper(28.0)),
    ("segments-1200", "std", Bound::Cheaper(12.0)),
    ("segments-64", "quinn-udp", Bound::Cheaper(1.7)),
    ("segments-1200", "quinn-udp", Bound::Cheaper(1.04)),
];

/// What is measured, and what becomes of it.
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// Only the ends of the curves.
    pub(crate) quick: bool,
    /// How the operations and curves begin that are wanted; all do with nothing.
    pub(crate) only: String,
    /// Whether `docs` is to show it.
    pub(crate) publish: bool,
}

/// Measures, prints the table, and writes the files.
pub(crate) fn run(plan: &Plan) {
    stay_on_one_processor();
    let wanted = |name: &str| name.starts_with(&plan.only);
    let all: Vec<Rows> = TIMED
        .iter()
        .filter(|operation| wanted(operation.name))
        .map(|operation| {
            let cases = cases().filter(|case| case.operation == operation.name);
            (operation, cases.collect::<Vec<&Case>>())
        })
        .filter(|(_, cases)| !cases.is_empty())
        .map(|(operation, cases)| {
            let copies = if plan.quick { 1 } else { COPIES };
            let copies = |case: &&Case| (0..copies).map(|_| (case.prepare)()).collect();
            let runs = cases.iter().map(copies).collect();
            let ways = cases.iter().map(|case| case.way).collect();
            Rows { operation, ways, samples: measure(runs, plan.rounds) }
        })
        .collect();
    let curves = CURVES.iter().filter(|curve| wanted(curve.name));
    let lines: Vec<Line> = curves.flat_map(|curve| lines(curve, plan)).collect();
    let text = table(&all, &lines, plan.rounds);
    print!("{text}");

    let (csv, svg) = (csv(&all, &lines), chart::draw(&all, &lines));
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    write(&target.join("performance.csv"), &csv);
    write(&target.join("performance.svg"), &svg);
    if plan.publish {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        write(&docs.join("performance.csv"), &csv);
        write(&docs.join("performance.svg"), &svg);
        let page = docs.join("performance.md");
        write(&page, &with_table(&fs::read_to_string(&page).expect("the page"), &text));
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    println!("written: {}", path.display());
}

/// The page with another table.
fn with_table(page: &str, text: &str) -> String {
    const BEGIN: &str = "```text\noperation ";
    let begin = page.find(BEGIN).expect("the page has a table") + "```text\n".len();
    let end = begin + page[begin..].find("```").expect("the table ends");
    format!("{}{text}{}", &page[..begin], &page[end..])
}

/// Measures a curve: at each point a way and the base take turns. Other ways have closed their
/// sockets by then.
fn lines(curve: &'static Curve, plan: &Plan) -> Vec<Line> {
    let ends = [curve.points[0], curve.points[curve.points.len() - 1]];
    let points = if plan.quick { &ends } else { curve.points };
    let rounds = plan.rounds.div_ceil(2);
    let at_point = |point: usize, prepare: Prepare| {
        let (run, datagrams) = prepare(point);
        let Spread { p25, median, p75 } =
            measure(vec![vec![(curve.base)()], vec![run]], rounds).ratio(1, 0);
        let each = datagrams as f64;
        (point, Spread { p25: p25 / each, median: median / each, p75: p75 / each })
    };
    let ways = curve.ways.iter();
    ways.map(|(way, prepare)| {
        let points = points.iter().map(|point| at_point(*point, *prepare)).collect();
        Line { curve, way, points }
    })
    .collect()
}

fn table(all: &[Rows], lines: &[Line], rounds: usize) -> String {
    let mut text = String::new();
    put(&mut text, &["operation", "way", "ns", "÷ libc", "p25", "p75", "quiet", "std ÷"]);
    for rows in all {
        for (at, way) in rows.ways.iter().enumerate() {
            let Spread { p25, median, p75 } = rows.samples.ratio(at, 0);
            let quiet = rows.samples.quiet(at) / rows.samples.quiet(0);
            let std = rows.ratio("std", way).map_or(String::new(), |it| number(it.median));
            let ns = rows.nanoseconds(at);
            let ns = if ns < 100.0 { format!("{ns:.1}") } else { format!("{ns:.0}") };
            let [median, p25, p75, quiet] = [median, p25, p75, quiet].map(number);
            put(&mut text, &[rows.operation.name, way, &ns, &median, &p25, &p75, &quiet, &std]);
        }
    }

    text.push('\n');
    put(&mut text, &["operation", "ratio", "", "median", "p25", "p75", "", "wanted"]);
    for (name, other, bound) in WANTED {
        let Some(rows) = all.iter().find(|rows| rows.operation.name == *name) else { continue };
        let (what, ratio, wanted) = match bound {
            Bound::AtMost(most) => {
                (format!("inet6 ÷ {other}"), rows.ratio("inet6", other), format!("<= {most}"))
            }
            Bound::Cheaper(least) => {
                (format!("{other} ÷ inet6"), rows.ratio(other, "inet6"), format!(">= {least}"))
            }
        };
        let Spread { p25, median, p75 } = ratio.expect("both ways");
        let [median, p25, p75] = [median, p25, p75].map(number);
        put(&mut text, &[name, &what, "", &median, &p25, &p75, "", &wanted]);
    }

    text.push('\n');
    put(&mut text, &["curve", "way", "at", "÷ unit", "p25", "p75", "", ""]);
    for line in lines {
        for (point, Spread { p25, median, p75 }) in &line.points {
            let [median, p25, p75] = [*median, *p25, *p75].map(number);
            let at = point.to_string();
            put(&mut text, &[line.curve.name, line.way, &at, &median, &p25, &p75, "", ""]);
        }
    }
    let sum = |of: fn(&Samples) -> usize| all.iter().map(|rows| of(&rows.samples)).sum::<usize>();
    let (retaken, kept) = (sum(|it| it.retaken), sum(|it| it.kept));
    writeln!(text, "\n{rounds} rounds; preempted samples: {retaken} taken again, {kept} kept")
        .expect("a string takes all");
    text
}

/// Four significant digits or so.
fn number(value: f64) -> String {
    if value < 10.0 { format!("{value:.3}") } else { format!("{value:.1}") }
}

fn put(text: &mut String, cells: &[&str; 8]) {
    let [first, second, rest @ ..] = cells;
    let mut line = format!("{first:<14} {second:<16}");
    for cell in rest {
        write!(line, " {cell:>8}").expect("a string takes all");
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

/// Every ratio with what it is a ratio to.
fn csv(all: &[Rows], lines: &[Line]) -> String {
    let mut text = "operation,way,at,nanoseconds,ratio_to,median,p25,p75\n".to_owned();
    for rows in all {
        let name = rows.operation.name;
        for (at, way) in rows.ways.iter().enumerate() {
            let ns = rows.nanoseconds(at);
            for base in ["libc", "std", "quinn-udp"] {
                let Some(spread) = rows.ratio(way, base) else { continue };
                let Spread { p25, median, p75 } = spread;
                writeln!(text, "{name},{way},,{ns:.1},{base},{median:.4},{p25:.4},{p75:.4}")
                    .expect("a string takes all");
            }
        }
    }
    for Line { curve, way, points } in lines {
        for (point, Spread { p25, median, p75 }) in points {
            let (name, unit) = (curve.name, curve.unit);
            writeln!(text, "{name},{way},{point},,{unit},{median:.4},{p25:.4},{p75:.4}")
                .expect("a string takes all");
        }
    }
    text
}
