//! What is written into a file, and what of the new text belongs to which mutant.

use std::ops::Range;

/// A piece of the text of an insertion.
pub(crate) enum Piece {
    Plain(String),
    /// What asks for the mutant, by its number.
    Switch(usize, String),
    /// The mutant itself.
    Change(usize, String),
}

/// A changed piece of the source, and the mutants that change it.
struct Site {
    range: Range<usize>,
    mutants: Vec<usize>,
}

/// Insertions into one file. What is inserted at the same place stands in the order in which it came here.
#[derive(Default)]
pub(crate) struct Insertions {
    before: Vec<(usize, Vec<Piece>)>,
    after: Vec<(usize, &'static str)>,
    sites: Vec<Site>,
}

impl Insertions {
    /// Puts something before a piece of the source and something behind it; outer ones must come before inner ones.
    pub(crate) fn around(&mut self, range: Range<usize>, before: Vec<Piece>, after: &'static str) {
        let mutants = before.iter().filter_map(|piece| match piece {
            Piece::Change(mutant, _) => Some(*mutant),
            Piece::Switch(mutant, _) => Some(*mutant),
            Piece::Plain(_) => None,
        });
        let mut mutants: Vec<_> = mutants.collect();
        mutants.dedup();
        self.site(range.clone(), mutants);
        self.before.push((range.start, before));
        self.after.push((range.end, after));
    }

    /// A piece of the source that these mutants change.
    pub(crate) fn site(&mut self, range: Range<usize>, mutants: Vec<usize>) {
        if !mutants.is_empty() {
            self.sites.push(Site { range, mutants });
        }
    }

    pub(crate) fn write(mut self, source: &str) -> Written {
        self.before.sort_by_key(|(at, _)| *at);
        // The inner ones end first.
        self.after.reverse();
        self.after.sort_by_key(|(at, _)| *at);
        let mut before = self.before.into_iter().peekable();
        let mut after = self.after.into_iter().peekable();
        let mut written = Written { sites: self.sites, ..Written::default() };
        let mut done = 0;
        loop {
            let at = match (before.peek(), after.peek()) {
                (Some((before, _)), Some((after, _))) => *before.min(after),
                (Some((at, _)), None) | (None, Some((at, _))) => *at,
                (None, None) => break,
            };
            written.keep(done, &source[done..at]);
            done = at;
            while let Some((_, text)) = after.next_if(|(end, _)| *end == at) {
                written.text += text;
            }
            while let Some((_, pieces)) = before.next_if(|(start, _)| *start == at) {
                for piece in pieces {
                    written.insert(&piece);
                }
            }
        }
        written.keep(done, &source[done..]);
        written
    }
}

/// A file with its mutants.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) text: String,
    sites: Vec<Site>,
    /// What came from the source: where it stands now, where it stood, how long it is.
    kept: Vec<(usize, usize, usize)>,
    /// What belongs to one mutant, and whether it is the mutant itself.
    regions: Vec<(Range<usize>, usize, bool)>,
}

impl Written {
    fn keep(&mut self, at: usize, text: &str) {
        self.kept.push((self.text.len(), at, text.len()));
        self.text += text;
    }

    fn insert(&mut self, piece: &Piece) {
        let start = self.text.len();
        let (text, region) = match piece {
            Piece::Plain(text) => (text, None),
            Piece::Switch(mutant, text) => (text, Some((mutant, false))),
            Piece::Change(mutant, text) => (text, Some((mutant, true))),
        };
        self.text += text;
        if let Some((mutant, itself)) = region {
            self.regions.push((start..self.text.len(), *mutant, itself));
        }
    }

    /// The mutant to which a piece of the new text belongs, and whether it is the mutant itself.
    pub(crate) fn belongs_to(&self, piece: &Range<usize>) -> Option<(usize, bool)> {
        let within = |region: &Range<usize>| region.start <= piece.start && piece.end <= region.end;
        self.regions
            .iter()
            .find(|(region, ..)| within(region))
            .map(|(_, number, itself)| (*number, *itself))
    }

    /// The mutants of the smallest piece of the source that has them and this piece of the new text.
    pub(crate) fn around(&self, piece: &Range<usize>) -> Option<&[usize]> {
        let piece = self.origin(piece);
        let sites = self.sites.iter();
        let sites =
            sites.filter(|site| site.range.start <= piece.start && piece.end <= site.range.end);
        sites.min_by_key(|site| site.range.len()).map(|site| &*site.mutants)
    }

    /// Where a piece of the new text stood in the source.
    pub(crate) fn origin(&self, piece: &Range<usize>) -> Range<usize> {
        let at = |new: usize| {
            let next = self.kept.partition_point(|(start, ..)| *start <= new);
            let (start, old, len) = self.kept[next - 1];
            old + (new - start).min(len)
        };
        at(piece.start)..at(piece.end)
    }
}
