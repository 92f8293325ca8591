//! SELECT: its items, sources and clauses.

use super::Parsed;
use super::cursor::Cursor;
use crate::sql::ast::{Emit, Expr, From, Ident, Join, JoinKind, Query, Relation, SelectItem};
use crate::sql::token::TokenKind;

impl Cursor<'_> {
    /// The clauses stand in this order only.
    pub(super) fn query(&mut self) -> Parsed<Query> {
        let start = self.here();
        self.expect_word("SELECT")?;
        let items = self.list(Self::select_item)?;
        if !self.is_word("FROM") {
            return Err(self.expected(&[",", "FROM"]));
        }
        let from = self.from()?;
        let window = if self.is_word("WINDOW") { Some(self.window()?) } else { None };
        let filter = if self.eat_word("WHERE") { Some(self.expression_item()?) } else { None };
        let group_by = self.keys("GROUP")?;
        let partition_by = self.keys("PARTITION")?;
        let having = if self.eat_word("HAVING") { Some(self.expression_item()?) } else { None };
        let emit = self.emit()?;
        let limit = self.limit()?;
        let span = self.since(start);
        Ok(Query { items, from, window, filter, group_by, partition_by, having, emit, limit, span })
    }

    fn select_item(&mut self) -> Parsed<SelectItem> {
        let start = self.here();
        if self.eat("*") {
            return Ok(SelectItem::All { qualifier: None, span: start });
        }
        if self.is_ident_at(0) && self.is_symbol_at(1, ".") && self.is_symbol_at(2, "*") {
            let qualifier = Some(self.ident("a stream or table name")?);
            self.advance();
            self.advance();
            return Ok(SelectItem::All { qualifier, span: self.since(start) });
        }
        let expr = self.expression_item()?;
        if self.is_symbol("->") && self.is_symbol_at(1, "*") {
            self.advance();
            self.advance();
            return Ok(SelectItem::StructAll { expr, span: self.since(start) });
        }
        let alias = self.alias("a column name", Self::ident)?;
        Ok(SelectItem::Expr { expr, alias })
    }

    /// `[AS] name`; a name that begins the next clause is none.
    fn alias(
        &mut self,
        what: &'static str,
        name: impl Fn(&mut Self, &'static str) -> Parsed<Ident>,
    ) -> Parsed<Option<Ident>> {
        let stated = self.eat_word("AS");
        let next_clause = self.is_word("EMIT") && self.is_ident_at(1)
            || self.is_word("PARTITION") && self.is_word_at(1, "BY");
        if stated || self.is_ident_at(0) && !next_clause { name(self, what).map(Some) } else { Ok(None) }
    }

    fn from(&mut self) -> Parsed<From> {
        self.expect_word("FROM")?;
        let first = self.relation()?;
        let mut joins = Vec::new();
        while let Some(join) = self.join()? {
            joins.push(join);
        }
        Ok(From { first, joins })
    }

    fn relation(&mut self) -> Parsed<Relation> {
        let name = self.source_name()?;
        let alias = self.alias("an alias", |cursor, _| cursor.source_name())?;
        Ok(Relation { name, alias })
    }

    fn join(&mut self) -> Parsed<Option<Join>> {
        let start = self.here();
        let Some(kind) = self.join_kind()? else { return Ok(None) };
        let right = self.relation()?;
        let within = if self.is_word("WITHIN") { Some(self.within()?) } else { None };
        if !self.eat_word("ON") {
            return Err(self.expected(if within.is_some() { &["ON"] } else { &["ON", "WITHIN"] }));
        }
        let on = self.expression_item()?;
        Ok(Some(Join { kind, right, within, on, span: self.since(start) }))
    }

    fn join_kind(&mut self) -> Parsed<Option<JoinKind>> {
        let kind = if self.eat_word("JOIN") {
            return Ok(Some(JoinKind::Inner));
        } else if self.eat_word("INNER") {
            JoinKind::Inner
        } else if self.eat_word("LEFT") {
            JoinKind::Left
        } else if self.eat_word("RIGHT") {
            JoinKind::Right
        } else if self.eat_word("FULL") {
            JoinKind::Full
        } else {
            return Ok(None);
        };
        if kind != JoinKind::Inner {
            self.eat_word("OUTER");
        }
        self.expect_word("JOIN")?;
        Ok(Some(kind))
    }

    /// `GROUP BY` or `PARTITION BY`: a list, in brackets or not.
    fn keys(&mut self, word: &'static str) -> Parsed<Vec<Expr>> {
        if !self.is_word(word) {
            return Ok(Vec::new());
        }
        self.advance();
        self.expect_word("BY")?;
        if !self.is_bracketed_list() {
            return self.list(Self::value_item);
        }
        self.advance();
        if word == "PARTITION" && self.is_symbol(")") {
            let error = self.expected(&["an expression"]);
            return Err(Box::new(error.hint("PARTITION BY NULL makes a stream without a key")));
        }
        let keys = self.list(Self::value_item)?;
        self.expect_close(&[",", ")"])?;
        Ok(keys)
    }

    /// `()` or `(a, b)`, which no expression begins with; `(a) + b` is one expression.
    fn is_bracketed_list(&self) -> bool {
        if !self.is_symbol("(") {
            return false;
        }
        let mut depth = 0usize;
        for ahead in 0.. {
            match self.peek(ahead).kind {
                TokenKind::Symbol("(" | "[") => depth += 1,
                TokenKind::Symbol(")" | "]") if depth == 1 => return ahead == 1,
                TokenKind::Symbol(")" | "]") => depth = depth.saturating_sub(1),
                TokenKind::Symbol(",") if depth == 1 => return true,
                TokenKind::End => return false,
                _ => {}
            }
        }
        false
    }

    fn emit(&mut self) -> Parsed<Option<Emit>> {
        let start = self.here();
        if !self.eat_word("EMIT") {
            return Ok(None);
        }
        let is_final = self.eat_word("FINAL");
        if !is_final && !self.eat_word("CHANGES") {
            return Err(self.expected(&["CHANGES", "FINAL"]));
        }
        Ok(Some(Emit { is_final, span: self.since(start) }))
    }

    fn limit(&mut self) -> Parsed<Option<crate::sql::ast::Span>> {
        let start = self.here();
        if !self.eat_word("LIMIT") {
            return Ok(None);
        }
        let TokenKind::Integer(_) = self.peek(0).kind else { return Err(self.expected(&["a whole number"])) };
        self.advance();
        Ok(Some(self.since(start)))
    }
}
