//! Expressions, from OR down to signs. From loosest to tightest: OR, AND, NOT, one predicate
//! (comparison, BETWEEN, IN, LIKE, IS), `||`, `+ -`, `* / %`, sign, then the primary expressions.

use super::cursor::Cursor;
use super::{Boxed, Parsed};
use crate::sql::ast::{BinaryOp, Expr, ExprKind, Span};
use crate::sql::diagnostic::Diagnostic;
use crate::sql::token::TokenKind;

impl Cursor<'_> {
    /// Any expression as an item of a list.
    pub(super) fn expression_item(&mut self) -> Parsed<Expr> {
        Ok(*self.expression()?)
    }

    /// An expression without AND, OR, NOT and predicates as an item of a list.
    pub(super) fn value_item(&mut self) -> Parsed<Expr> {
        Ok(*self.value_expression()?)
    }

    /// Any expression.
    pub(super) fn expression(&mut self) -> Boxed {
        self.enter()?;
        let expr = self.chain("OR", BinaryOp::Or, Self::conjunction)?;
        self.leave();
        Ok(expr)
    }

    fn conjunction(&mut self) -> Boxed {
        self.chain("AND", BinaryOp::And, Self::negation)
    }

    /// Operands with `word` between them, as a balanced tree: AND and OR are associative, and a rule may
    /// have hundreds of conditions in a row.
    fn chain(&mut self, word: &str, op: BinaryOp, operand: fn(&mut Self) -> Boxed) -> Boxed {
        let outer = self.open();
        let first = operand(self)?;
        if !self.is_word(word) {
            self.close(outer);
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.eat_word(word) {
            operands.push(operand(self)?);
        }
        while operands.len() > 1 {
            self.grow()?;
            let mut pairs = Vec::with_capacity(operands.len().div_ceil(2));
            let mut rest = operands.into_iter();
            while let Some(left) = rest.next() {
                pairs.push(match rest.next() {
                    Some(right) => binary(op, left, right),
                    None => left,
                });
            }
            operands = pairs;
        }
        self.close(outer);
        operands.pop().ok_or_else(|| self.expected(&["an expression"]))
    }

    fn negation(&mut self) -> Boxed {
        if !self.is_word("NOT") {
            return self.predicated();
        }
        let outer = self.open();
        let mut nots = Vec::new();
        while self.is_word("NOT") {
            nots.push(self.here());
            self.advance();
        }
        let mut expr = self.predicated()?;
        for span in nots.into_iter().rev() {
            self.grow()?;
            let span = span.to(expr.span);
            expr = Box::new(Expr { kind: ExprKind::Not(expr), span });
        }
        self.close(outer);
        Ok(expr)
    }

    /// A value with at most one predicate after it.
    fn predicated(&mut self) -> Boxed {
        let outer = self.open();
        let left = self.value_expression()?;
        let expr = match self.comparison_operator() {
            Some(op) => {
                self.advance();
                let right = self.value_expression()?;
                self.grow()?;
                binary(op, left, right)
            }
            None => self.word_predicate(left)?,
        };
        self.close(outer);
        Ok(expr)
    }

    fn comparison_operator(&self) -> Option<BinaryOp> {
        let TokenKind::Symbol(symbol) = self.peek(0).kind else { return None };
        Some(match symbol {
            "=" => BinaryOp::Equal,
            "<>" | "!=" => BinaryOp::NotEqual,
            "<" => BinaryOp::Less,
            "<=" => BinaryOp::LessOrEqual,
            ">" => BinaryOp::Greater,
            ">=" => BinaryOp::GreaterOrEqual,
            _ => return None,
        })
    }

    /// `[NOT] BETWEEN`, `[NOT] IN`, `[NOT] LIKE`, `IS [NOT] ...`, or nothing.
    fn word_predicate(&mut self, expr: Box<Expr>) -> Boxed {
        if self.eat_word("IS") {
            return self.is_predicate(expr);
        }
        let negated = self.eat_word("NOT");
        let start = expr.span;
        let kind = if self.eat_word("BETWEEN") {
            let low = self.value_expression()?;
            self.expect_word("AND")?;
            let high = self.value_expression()?;
            ExprKind::Between { expr, low, high, negated }
        } else if self.eat_word("IN") {
            self.expect("(")?;
            let list = self.list(Self::expression_item)?;
            self.expect_close(&[",", ")"])?;
            ExprKind::In { expr, list, negated }
        } else if self.eat_word("LIKE") {
            self.like(expr, negated)?
        } else if negated {
            return Err(self.expected(&["BETWEEN", "IN", "LIKE"]));
        } else {
            return Ok(expr);
        };
        self.grow()?;
        Ok(Box::new(Expr { kind, span: self.since(start) }))
    }

    fn like(&mut self, expr: Box<Expr>, negated: bool) -> Parsed<ExprKind> {
        let pattern = self.value_expression()?;
        let mut escape = None;
        if self.eat_word("ESCAPE") {
            let literal = self.string("an escape character in single quotes")?;
            // ksqlDB counts in UTF-16, so that a character outside the basic plane is refused.
            if literal.text.encode_utf16().count() != 1 {
                return Err(Box::new(
                    Diagnostic::error("syntax", literal.span, "ESCAPE takes one character")
                        .label("not one character"),
                ));
            }
            escape = Some(literal);
        }
        Ok(ExprKind::Like { expr, pattern, escape, negated })
    }

    /// What follows IS: `[NOT] NULL` or `[NOT] DISTINCT FROM value`
    fn is_predicate(&mut self, expr: Box<Expr>) -> Boxed {
        let negated = self.eat_word("NOT");
        self.grow()?;
        if self.eat_word("NULL") {
            let span = self.since(expr.span);
            return Ok(Box::new(Expr { kind: ExprKind::IsNull { expr, negated }, span }));
        }
        if !self.eat_words(&["DISTINCT", "FROM"]) {
            return Err(self.expected(if negated {
                &["NULL", "DISTINCT FROM"]
            } else {
                &["NULL", "NOT NULL", "DISTINCT FROM", "NOT DISTINCT FROM"]
            }));
        }
        let right = self.value_expression()?;
        self.grow()?;
        let op = if negated { BinaryOp::IsNotDistinctFrom } else { BinaryOp::IsDistinctFrom };
        Ok(binary(op, expr, right))
    }

    /// An expression without AND, OR, NOT and predicates.
    pub(super) fn value_expression(&mut self) -> Boxed {
        self.climb(1)
    }

    /// Operators of at least level `least`, the left operand first.
    fn climb(&mut self, least: u8) -> Boxed {
        let outer = self.open();
        let mut left = self.signed()?;
        while let Some((op, level)) = self.arithmetic_operator().filter(|(_, level)| *level >= least) {
            self.advance();
            let right = self.climb(level + 1)?;
            self.grow()?;
            left = binary(op, left, right);
        }
        self.close(outer);
        Ok(left)
    }

    fn arithmetic_operator(&self) -> Option<(BinaryOp, u8)> {
        let TokenKind::Symbol(symbol) = self.peek(0).kind else { return None };
        Some(match symbol {
            "||" => (BinaryOp::Concat, 1),
            "+" => (BinaryOp::Add, 2),
            "-" => (BinaryOp::Subtract, 2),
            "*" => (BinaryOp::Multiply, 3),
            "/" => (BinaryOp::Divide, 3),
            "%" => (BinaryOp::Modulo, 3),
            _ => return None,
        })
    }

    /// Signs bind tighter than `*`; one before digits belongs to the number.
    fn signed(&mut self) -> Boxed {
        let is_sign = self.is_symbol("-") && !self.is_number_at(1) || self.is_symbol("+");
        if !is_sign {
            return self.postfix();
        }
        let outer = self.open();
        let mut signs: Vec<(bool, Span)> = Vec::new();
        while self.is_symbol("-") && !self.is_number_at(1) || self.is_symbol("+") {
            signs.push((self.is_symbol("-"), self.here()));
            self.advance();
        }
        let mut expr = self.postfix()?;
        for (minus, span) in signs.into_iter().rev() {
            self.grow()?;
            let span = span.to(expr.span);
            let kind = if minus { ExprKind::Negate(expr) } else { ExprKind::Plus(expr) };
            expr = Box::new(Expr { kind, span });
        }
        self.close(outer);
        Ok(expr)
    }
}

/// `left op right`
fn binary(op: BinaryOp, left: Box<Expr>, right: Box<Expr>) -> Box<Expr> {
    let span = left.span.to(right.span);
    Box::new(Expr { kind: ExprKind::Binary { op, left, right }, span })
}
