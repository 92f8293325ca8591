//! CREATE STREAM, CREATE TABLE, CREATE TYPE and their parts.

use super::Parsed;
use super::cursor::Cursor;
use super::hints;
use crate::sql::ast::{
    ColumnDef, ColumnRole, CreateAs, CreateSource, Expr, ExprKind, Ident, Property, SourceKind, StatementKind,
};
use crate::sql::token::TokenKind;

impl Cursor<'_> {
    pub(super) fn create(&mut self) -> Parsed<StatementKind> {
        self.advance();
        if self.eat_word("TYPE") {
            return self.create_type();
        }
        self.refuse_connectors()?;
        let or_replace = self.eat_words(&["OR", "REPLACE"]);
        let read_only = self.eat_word("SOURCE");
        let kind = if self.eat_word("STREAM") {
            SourceKind::Stream
        } else if self.eat_word("TABLE") {
            SourceKind::Table
        } else {
            return Err(self.expected(match (or_replace, read_only) {
                (false, false) => &["STREAM", "TABLE", "OR REPLACE", "SOURCE", "TYPE"],
                (true, false) => &["STREAM", "TABLE", "SOURCE"],
                _ => &["STREAM", "TABLE"],
            }));
        };
        let source = self.source_definition(kind)?;
        let source = CreateSource { or_replace, read_only, ..source };
        if self.is_word("AS") && source.columns.is_empty() && !read_only {
            return self.create_as(source);
        }
        if self.is_word("AS") {
            return Err(hints::columns_and_select(self, &source));
        }
        if self.is_word("SELECT") {
            return Err(self.expected(&["AS"]));
        }
        Ok(StatementKind::CreateSource(source))
    }

    fn create_type(&mut self) -> Parsed<StatementKind> {
        let if_not_exists = self.eat_words(&["IF", "NOT", "EXISTS"]);
        let name = self.ident("a type name")?;
        self.expect_word("AS")?;
        Ok(StatementKind::CreateType { if_not_exists, name, data_type: self.data_type()? })
    }

    fn create_as(&mut self, source: CreateSource) -> Parsed<StatementKind> {
        let CreateSource { or_replace, if_not_exists, kind, name, properties, .. } = source;
        self.expect_word("AS")?;
        let query = self.query()?;
        Ok(StatementKind::CreateAs(CreateAs { or_replace, if_not_exists, kind, name, properties, query }))
    }

    /// `[IF NOT EXISTS] name [(columns)] [WITH (...)]`
    pub(super) fn source_definition(&mut self, kind: SourceKind) -> Parsed<CreateSource> {
        let if_not_exists = self.eat_words(&["IF", "NOT", "EXISTS"]);
        let name = self.source_name()?;
        let mut columns = Vec::new();
        if self.eat("(") {
            columns = self.list(Self::column)?;
            self.expect_close(&[",", ")"])?;
        }
        let properties = self.properties()?;
        Ok(CreateSource {
            or_replace: false,
            read_only: false,
            if_not_exists,
            kind,
            name,
            columns,
            properties,
        })
    }

    /// `name type [[PRIMARY] KEY | HEADERS | HEADER('name')]`
    fn column(&mut self) -> Parsed<ColumnDef> {
        let name = self.ident("a column name")?;
        let data_type = self.data_type()?;
        let role = if self.eat_word("KEY") {
            ColumnRole::Key
        } else if self.eat_word("PRIMARY") {
            self.expect_word("KEY")?;
            ColumnRole::PrimaryKey
        } else if self.eat_word("HEADERS") {
            ColumnRole::Headers(None)
        } else if self.eat_word("HEADER") {
            self.expect("(")?;
            let header = self.string("a header name in single quotes")?;
            self.expect(")")?;
            ColumnRole::Headers(Some(header.text))
        } else {
            ColumnRole::Value
        };
        let span = self.since(name.span);
        Ok(ColumnDef { name, data_type, role, span })
    }

    /// `WITH (name = literal, ...)`, or nothing.
    pub(super) fn properties(&mut self) -> Parsed<Vec<Property>> {
        if !self.eat_word("WITH") {
            return Ok(Vec::new());
        }
        self.expect("(")?;
        let properties = self.list(Self::property)?;
        self.expect_close(&[",", ")"])?;
        Ok(properties)
    }

    fn property(&mut self) -> Parsed<Property> {
        let name = match &self.peek(0).kind {
            TokenKind::String(text) => {
                let ident = Ident { name: text.clone(), quoted: true, span: self.here() };
                self.advance();
                ident
            }
            _ => self.ident("a property name")?,
        };
        self.expect("=")?;
        Ok(Property { name, value: self.literal()? })
    }

    /// NULL, a number, TRUE, FALSE or a string.
    fn literal(&mut self) -> Parsed<Expr> {
        let span = self.here();
        if let Some(number) = self.number()? {
            return Ok(number);
        }
        let kind = match &self.peek(0).kind {
            TokenKind::String(text) => ExprKind::String(text.clone()),
            TokenKind::Word(word) if word == "NULL" => ExprKind::Null,
            TokenKind::Word(word) if word == "TRUE" => ExprKind::Boolean(true),
            TokenKind::Word(word) if word == "FALSE" => ExprKind::Boolean(false),
            _ => return Err(hints::no_literal(self)),
        };
        self.advance();
        Ok(Expr { kind, span })
    }
}
