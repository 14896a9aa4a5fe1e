//! What cargo-mutants lists, and where in the source it is.

use std::ops::Range;

use serde::Deserialize;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
    /// What a later version may come up with.
    #[serde(other)]
    Other,
}

/// A change of the library; its number is its place in the list, from 1.
#[derive(Debug, Deserialize)]
pub(crate) struct Mutant {
    pub(crate) file: String,
    pub(crate) genre: Genre,
    pub(crate) name: String,
    pub(crate) replacement: String,
    pub(crate) span: Span,
    pub(crate) function: Option<Function>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Function {
    pub(crate) return_type: String,
    pub(crate) span: Span,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Place,
    pub(crate) end: Place,
}

/// Lines and columns are counted from 1, and columns in characters.
#[derive(Debug, Deserialize)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// The text of a file, whose places are found by lines.
pub(crate) struct Source {
    pub(crate) text: String,
    lines: Vec<usize>,
}

impl Source {
    pub(crate) fn new(text: String) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        Self { text, lines }
    }

    /// The bytes of what cargo-mutants has found.
    pub(crate) fn range(&self, span: &Span) -> Range<usize> {
        let at = |place: &Place| self.at(place.line, place.column - 1);
        at(&span.start)..at(&span.end)
    }

    /// The bytes of what syn has parsed, whose columns count from 0.
    pub(crate) fn parsed(&self, span: proc_macro2::Span) -> Range<usize> {
        let (start, end) = (span.start(), span.end());
        self.at(start.line, start.column)..self.at(end.line, end.column)
    }

    fn at(&self, line: usize, column: usize) -> usize {
        let start = self.lines[line - 1];
        let mut columns = self.text[start..].char_indices();
        columns.nth(column).map_or(self.text.len(), |(at, _)| start + at)
    }
}
