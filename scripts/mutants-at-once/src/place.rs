//! Puts all mutants of a file into it, each behind a switch.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::insert::{Insertions, Piece, Written};
use crate::list::{Genre, Mutant, Source};

/// A mutant and its number.
type Numbered<'a> = (usize, &'a Mutant);

/// A file with the mutants that can stand in it.
pub(crate) struct Placed {
    pub(crate) written: Written,
    /// Those of which the compiler must know what they are.
    pub(crate) fixed: Vec<usize>,
    /// Those which the compiler may evaluate: what it does then is not changed.
    pub(crate) evaluated: BTreeSet<usize>,
}

pub(crate) fn place(source: &Source, mutants: &[Numbered<'_>]) -> Result<Placed, syn::Error> {
    let mut wanted = BTreeMap::<_, Vec<_>>::new();
    for &(number, mutant) in mutants {
        let key = (source.range(&mutant.span).start, mutant.genre);
        wanted.entry(key).or_default().push((number, mutant));
    }
    let mut places = Places {
        source,
        wanted,
        insertions: Insertions::default(),
        constant: Constant::No,
        fixed: Vec::new(),
        evaluated: BTreeSet::new(),
    };
    places.visit_file(&syn::parse_file(&source.text)?);
    let Places { wanted, insertions, mut fixed, evaluated, .. } = places;
    // What was not found where it should be is left to cargo-mutants as well.
    fixed.extend(wanted.into_values().flatten().map(|(number, _)| number));
    Ok(Placed { written: insertions.write(&source.text), fixed, evaluated })
}

/// When code runs.
#[derive(Clone, Copy, PartialEq)]
enum Constant {
    No,
    /// In a `const fn`: at either time.
    Maybe,
    Yes,
}

struct Places<'a> {
    source: &'a Source,
    wanted: BTreeMap<(usize, Genre), Vec<Numbered<'a>>>,
    insertions: Insertions,
    constant: Constant,
    fixed: Vec<usize>,
    evaluated: BTreeSet<usize>,
}

fn active(number: usize) -> String {
    format!("crate::mutant::active({number})")
}

fn plain(text: impl Into<String>) -> Piece {
    Piece::Plain(text.into())
}

impl<'a> Places<'a> {
    fn range(&self, part: &impl Spanned) -> Range<usize> {
        self.source.parsed(part.span())
    }

    /// The mutants of a kind that begin at a place.
    fn take(&mut self, genre: Genre, at: usize) -> Vec<Numbered<'a>> {
        let found = self.wanted.remove(&(at, genre)).unwrap_or_default();
        let numbers = found.iter().map(|(number, _)| *number);
        match self.constant {
            Constant::Yes => {
                self.fixed.extend(numbers);
                return Vec::new();
            }
            Constant::Maybe => self.evaluated.extend(numbers),
            Constant::No => {}
        }
        found
    }

    fn within(&mut self, constant: Constant, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.constant, constant);
        visit(self);
        self.constant = outer;
    }

    /// The body of a function, and whether it is a `const fn`.
    fn function(
        &mut self,
        constness: Option<syn::Token![const]>,
        body: &syn::Block,
        visit: impl FnOnce(&mut Self),
    ) {
        let constant = if constness.is_some() { Constant::Maybe } else { Constant::No };
        self.within(constant, |places| {
            if let (Some(first), Some(last)) = (body.stmts.first(), body.stmts.last()) {
                let range = places.range(first).start..places.range(last).end;
                let mut before = Vec::new();
                for (number, mutant) in places.take(Genre::FnValue, range.start) {
                    before.extend([
                        Piece::Switch(number, format!("if {} {{ return ", active(number))),
                        Piece::Change(number, mutant.replacement.clone()),
                        plain("; }\n"),
                    ]);
                }
                if !before.is_empty() {
                    places.insertions.around(range, before, "");
                }
            }
            visit(places);
        });
    }

    /// An expression as it is or, with a mutant at work, as the text for that mutant.
    fn either(&mut self, whole: Range<usize>, changes: Vec<(usize, String)>) {
        if changes.is_empty() {
            return;
        }
        let mut before = vec![plain("(")];
        for (number, text) in changes {
            before.extend([
                // In parentheses, because what begins with a block would end with it.
                Piece::Switch(number, format!("if {} {{ (", active(number))),
                Piece::Change(number, text),
                plain(") } else "),
            ]);
        }
        before.push(plain("{ ("));
        self.insertions.around(whole, before, ") })");
    }

    /// The text of `whole` without `part`, which is replaced.
    fn replaced(&self, whole: &Range<usize>, part: Range<usize>, with: &str) -> String {
        let text = &self.source.text;
        format!("{}{with}{}", &text[whole.start..part.start], &text[part.end..whole.end])
    }

    /// Mutants of an operator, whose text is replaced in that of the expression.
    fn operator(&mut self, genre: Genre, whole: Range<usize>, operator: usize) {
        let found = self.take(genre, operator);
        let changes = found.into_iter().map(|(number, mutant)| {
            let part = self.source.range(&mutant.span);
            (number, self.replaced(&whole, part, &mutant.replacement))
        });
        let changes = changes.collect();
        self.either(whole, changes);
    }
}

impl<'ast> Visit<'ast> for Places<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let visit = |places: &mut Self| visit::visit_item_fn(places, item);
        self.function(item.sig.constness, &item.block, visit);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let visit = |places: &mut Self| visit::visit_impl_item_fn(places, item);
        self.function(item.sig.constness, &item.block, visit);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            let visit = |places: &mut Self| visit::visit_trait_item_fn(places, item);
            self.function(item.sig.constness, body, visit);
        }
    }

    fn visit_expr_binary(&mut self, expr: &'ast syn::ExprBinary) {
        let operator = self.range(&expr.op).start;
        self.operator(Genre::BinaryOperator, self.range(expr), operator);
        visit::visit_expr_binary(self, expr);
    }

    fn visit_expr_unary(&mut self, expr: &'ast syn::ExprUnary) {
        let operator = self.range(&expr.op).start;
        self.operator(Genre::UnaryOperator, self.range(expr), operator);
        visit::visit_expr_unary(self, expr);
    }

    fn visit_expr_struct(&mut self, expr: &'ast syn::ExprStruct) {
        let whole = self.range(expr);
        let mut changes = Vec::new();
        for field in expr.fields.pairs() {
            let part = self.range(&field);
            for (number, _) in self.take(Genre::StructField, part.start) {
                changes.push((number, self.replaced(&whole, part.clone(), "")));
            }
        }
        self.either(whole, changes);
        visit::visit_expr_struct(self, expr);
    }

    fn visit_expr_match(&mut self, expr: &'ast syn::ExprMatch) {
        let starts = expr.arms.iter().map(|arm| (self.range(arm).start, Genre::MatchArm));
        let arms = starts.filter_map(|key| self.wanted.get(&key)).flatten();
        let numbers = arms.map(|(number, _)| *number).collect();
        self.insertions.site(self.range(expr), numbers);
        visit::visit_expr_match(self, expr);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let start = self.range(arm).start;
        let mut before = Vec::new();
        for (number, _) in self.take(Genre::MatchArm, start) {
            before.push(Piece::Change(number, format!("!{} ", active(number))));
        }
        if let Some((_, guard)) = &arm.guard {
            let guard = self.range(&**guard);
            if !before.is_empty() {
                before.push(plain("&& "));
            }
            before.push(plain("("));
            let found = self.take(Genre::MatchArmGuard, guard.start);
            let changed = !found.is_empty() || before.len() > 1;
            for (number, mutant) in found {
                before.extend([
                    Piece::Switch(number, format!("if {} {{ ", active(number))),
                    Piece::Change(number, mutant.replacement.clone()),
                    plain(" } else "),
                ]);
            }
            before.push(plain("{ ("));
            if changed {
                self.insertions.around(guard, before, ") })");
            }
        } else if !before.is_empty() {
            let end = self.range(&arm.pat).end;
            before.insert(0, plain(" if "));
            self.insertions.around(end..end, before, "");
        }
        visit::visit_arm(self, arm);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.within(Constant::Yes, |places| visit::visit_item_const(places, item));
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.within(Constant::Yes, |places| visit::visit_impl_item_const(places, item));
    }

    fn visit_trait_item_const(&mut self, item: &'ast syn::TraitItemConst) {
        self.within(Constant::Yes, |places| visit::visit_trait_item_const(places, item));
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.within(Constant::Yes, |places| visit::visit_item_static(places, item));
    }

    fn visit_expr_const(&mut self, expr: &'ast syn::ExprConst) {
        self.within(Constant::Yes, |places| visit::visit_expr_const(places, expr));
    }

    fn visit_expr_repeat(&mut self, expr: &'ast syn::ExprRepeat) {
        self.visit_expr(&expr.expr);
        self.within(Constant::Yes, |places| places.visit_expr(&expr.len));
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.within(Constant::Yes, |places| visit::visit_variant(places, variant));
    }

    fn visit_type(&mut self, kind: &'ast syn::Type) {
        self.within(Constant::Yes, |places| visit::visit_type(places, kind));
    }

    fn visit_generic_argument(&mut self, argument: &'ast syn::GenericArgument) {
        self.within(Constant::Yes, |places| visit::visit_generic_argument(places, argument));
    }

    fn visit_pat(&mut self, pattern: &'ast syn::Pat) {
        self.within(Constant::Yes, |places| visit::visit_pat(places, pattern));
    }
}
