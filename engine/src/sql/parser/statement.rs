//! Statements other than CREATE, and which rule a statement follows.

use super::cursor::Cursor;
use super::{Parsed, hints};
use crate::sql::ast::{Assert, Ident, InsertSelect, InsertValues, SourceKind, Statement, StatementKind};
use crate::sql::diagnostic::Diagnostic;
use crate::sql::token::TokenKind;

/// The words that statements begin with; those that are refused with a reason of their own included.
pub(super) const FIRST_WORDS: [&str; 20] = [
    "CREATE",
    "INSERT",
    "SELECT",
    "SET",
    "UNSET",
    "DEFINE",
    "UNDEFINE",
    "DROP",
    "SHOW",
    "LIST",
    "DESCRIBE",
    "EXPLAIN",
    "ASSERT",
    "PRINT",
    "TERMINATE",
    "ALTER",
    "RUN",
    "PAUSE",
    "RESUME",
    "WITH",
];

impl Cursor<'_> {
    /// A statement that takes all tokens.
    pub(super) fn whole_statement(&mut self) -> Parsed<Statement> {
        let statement = self.statement()?;
        if self.is_end() { Ok(statement) } else { Err(hints::leftover(self)) }
    }

    fn statement(&mut self) -> Parsed<Statement> {
        self.enter()?;
        let directives = std::mem::take(&mut self.directives);
        let (span, start) = (self.here(), self.peek(0).start);
        let kind = self.statement_kind()?;
        self.leave();
        let text = self.text_since(start).to_owned();
        Ok(Statement { kind, directives, span: self.since(span), text })
    }

    fn statement_kind(&mut self) -> Parsed<StatementKind> {
        let TokenKind::Word(word) = &self.peek(0).kind else { return Err(hints::no_statement(self)) };
        match word.as_str() {
            "CREATE" => self.create(),
            "INSERT" => self.insert(),
            "SET" => self.set(),
            "UNSET" => self.unset(),
            "DEFINE" => self.define(),
            "UNDEFINE" => {
                self.advance();
                Ok(StatementKind::Undefine { name: self.variable()? })
            }
            "DROP" => self.drop_statement(),
            "SHOW" | "LIST" => self.show(),
            "DESCRIBE" => self.describe(),
            "EXPLAIN" => self.explain(),
            "ASSERT" => self.assert(),
            _ => Err(hints::no_statement(self)),
        }
    }

    /// `INSERT INTO name [WITH (...)] SELECT ...` or `INSERT INTO name [(columns)] VALUES (...)`
    fn insert(&mut self) -> Parsed<StatementKind> {
        self.advance();
        self.expect_word("INTO")?;
        let target = self.source_name()?;
        if self.is_symbol("(") || self.is_word("VALUES") {
            return Ok(StatementKind::InsertValues(self.insert_values(target, "VALUES")?));
        }
        let properties = self.properties()?;
        if !self.is_word("SELECT") {
            return Err(self.expected(if properties.is_empty() {
                &["SELECT", "VALUES", "WITH", "("]
            } else {
                &["SELECT"]
            }));
        }
        let query = self.query()?;
        Ok(StatementKind::InsertSelect(InsertSelect { target, properties, query }))
    }

    /// `[(columns)] VALUES (expressions)`, or KEY instead of VALUES.
    fn insert_values(&mut self, target: Ident, word: &'static str) -> Parsed<InsertValues> {
        let mut columns = Vec::new();
        if self.eat("(") {
            columns = self.list(|cursor| cursor.ident("a column name"))?;
            self.expect_close(&[",", ")"])?;
        }
        self.expect_word(word)?;
        self.expect("(")?;
        let mut values = Vec::new();
        if !self.is_symbol(")") {
            values = self.list(Self::value_item)?;
        }
        self.expect_close(&[",", ")"])?;
        Ok(InsertValues { target, columns, values })
    }

    /// A closing bracket, where `expected` could have come.
    pub(super) fn expect_close(&mut self, expected: &[&str]) -> Parsed<()> {
        let Some(close) = expected.last() else { return Ok(()) };
        if self.eat(close) { Ok(()) } else { Err(self.expected(expected)) }
    }

    fn set(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let name = self.string("a property name in single quotes")?;
        self.expect("=")?;
        Ok(StatementKind::Set { name, value: self.string("a value in single quotes")? })
    }

    fn unset(&mut self) -> Parsed<StatementKind> {
        self.advance();
        Ok(StatementKind::Unset { name: self.string("a property name in single quotes")? })
    }

    fn define(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let name = self.variable()?;
        self.expect("=")?;
        Ok(StatementKind::Define { name, value: self.string("a value in single quotes")?.text })
    }

    /// A variable's name, in the case in which it is written; reserved words will do.
    fn variable(&mut self) -> Parsed<Ident> {
        let (span, start) = (self.here(), self.peek(0).start);
        let TokenKind::Word(word) = &self.peek(0).kind else {
            return Err(self.expected(&["a variable name without quotes"]));
        };
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.expected(&["a variable name, which begins with a letter"]));
        }
        self.advance();
        Ok(Ident { name: self.text_since(start).to_owned(), quoted: false, span })
    }

    fn source_kind(&mut self) -> Option<SourceKind> {
        if self.eat_word("STREAM") {
            Some(SourceKind::Stream)
        } else if self.eat_word("TABLE") {
            Some(SourceKind::Table)
        } else {
            None
        }
    }

    fn drop_statement(&mut self) -> Parsed<StatementKind> {
        self.advance();
        if self.eat_word("TYPE") {
            let if_exists = self.eat_words(&["IF", "EXISTS"]);
            return Ok(StatementKind::DropType { if_exists, name: self.ident("a type name")? });
        }
        self.refuse_connectors()?;
        let Some(kind) = self.source_kind() else { return Err(self.expected(&["STREAM", "TABLE", "TYPE"])) };
        let if_exists = self.eat_words(&["IF", "EXISTS"]);
        let name = self.source_name()?;
        let delete_topic = self.eat_words(&["DELETE", "TOPIC"]);
        Ok(StatementKind::Drop { kind, if_exists, name, delete_topic })
    }

    /// Connectors are ksqlDB's, but not this engine's.
    pub(super) fn refuse_connectors(&self) -> Parsed<()> {
        if !self.is_word("CONNECTOR") && !self.is_word_at(1, "CONNECTOR") {
            return Ok(());
        }
        Err(Box::new(
            Diagnostic::error("unsupported", self.here(), "connectors are not supported")
                .label("not supported")
                .hint("read and write topics; run Kafka Connect beside this program where it is needed"),
        ))
    }

    /// `SHOW STREAMS EXTENDED` and the like: words up to the end.
    fn show(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let mut what = Vec::new();
        while let TokenKind::Word(word) = &self.peek(0).kind {
            what.push(Ident { name: word.clone(), quoted: false, span: self.here() });
            self.advance();
        }
        if what.is_empty() {
            return Err(self.expected(&[
                "STREAMS",
                "TABLES",
                "TOPICS",
                "QUERIES",
                "FUNCTIONS",
                "TYPES",
                "VARIABLES",
            ]));
        }
        Ok(StatementKind::Show { what })
    }

    fn describe(&mut self) -> Parsed<StatementKind> {
        self.advance();
        // DESCRIBE FUNCTION name and DESCRIBE STREAMS print lists, as SHOW does.
        let listing = self.is_word("STREAMS") || self.is_word("FUNCTION") && !self.is_word_at(1, "EXTENDED");
        if listing && self.peek(1).kind != TokenKind::End || self.is_word("STREAMS") {
            return self.describe_list();
        }
        let name = self.source_name()?;
        Ok(StatementKind::Describe { name, extended: self.eat_word("EXTENDED") })
    }

    fn describe_list(&mut self) -> Parsed<StatementKind> {
        let word = |cursor: &Self| match &cursor.peek(0).kind {
            TokenKind::Word(name) | TokenKind::Quoted(name, _) => {
                Some(Ident { name: name.clone(), quoted: false, span: cursor.here() })
            }
            _ => None,
        };
        let mut what = Vec::new();
        while let Some(ident) = word(self) {
            what.push(ident);
            self.advance();
        }
        Ok(StatementKind::Show { what })
    }

    fn explain(&mut self) -> Parsed<StatementKind> {
        self.advance();
        if self.is_word("SELECT") {
            return Err(hints::lone_select(self));
        }
        let names_query = self.is_ident_at(0) && matches!(self.peek(1).kind, TokenKind::End);
        if names_query {
            let query = Some(self.ident("a query id")?);
            return Ok(StatementKind::Explain { query, statement: None });
        }
        let statement = Some(Box::new(self.statement()?));
        Ok(StatementKind::Explain { query: None, statement })
    }

    fn assert(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let null = self.eat_word("NULL");
        if null || self.is_word("VALUES") {
            self.expect_word("VALUES")?;
            let target = self.source_name()?;
            let word = if null && self.assert_key() { "KEY" } else { "VALUES" };
            let insert = self.insert_values(target, word)?;
            return Ok(StatementKind::Assert(Assert::Values { null, insert }));
        }
        let absent = self.eat_words(&["NOT", "EXISTS"]);
        if self.is_word("TOPIC") {
            return self.assert_topic(absent);
        }
        let kind = if absent { None } else { self.source_kind() };
        let Some(kind) = kind else {
            return Err(self.expected(if absent {
                &["TOPIC"]
            } else {
                &["VALUES", "NULL VALUES", "STREAM", "TABLE", "TOPIC", "NOT EXISTS TOPIC"]
            }));
        };
        let source = self.source_definition(kind)?;
        Ok(StatementKind::Assert(Assert::Source(source)))
    }

    fn assert_topic(&mut self, absent: bool) -> Parsed<StatementKind> {
        self.advance();
        let span = self.here();
        let name = match &self.peek(0).kind {
            TokenKind::String(text) => Ident { name: text.clone(), quoted: true, span },
            _ => self.ident("a topic name")?,
        };
        if matches!(self.peek(0).kind, TokenKind::String(_)) {
            self.advance();
        }
        let properties = self.properties()?;
        if self.eat_word("TIMEOUT") {
            self.duration()?;
        }
        Ok(StatementKind::Assert(Assert::Topic { absent, name, properties }))
    }

    /// Does KEY follow, after a list of columns in brackets or at once?
    fn assert_key(&self) -> bool {
        let mut ahead = 0;
        if self.is_symbol("(") {
            while !self.is_symbol_at(ahead, ")") && self.peek(ahead).kind != TokenKind::End {
                ahead += 1;
            }
            ahead += 1;
        }
        self.is_word_at(ahead, "KEY")
    }
}
