//! Names of types.

use super::Parsed;
use super::cursor::Cursor;
use crate::sql::ast::{Ident, Span, TypeKind, TypeName};
use crate::sql::diagnostic::Diagnostic;
use crate::sql::token::TokenKind;

/// All types, for hints.
pub(in crate::sql) const TYPES: &str = "the types are BOOLEAN, INT, BIGINT, DOUBLE, DECIMAL(precision, scale), VARCHAR, \
    BYTES, DATE, TIME, TIMESTAMP, ARRAY<...>, MAP<..., ...> and STRUCT<name ..., ...>";

impl Cursor<'_> {
    /// `INT`, `DECIMAL(18, 4)`, `ARRAY<...>`, `MAP<..., ...>`, `STRUCT<name type, ...>`, `INT ARRAY`.
    pub(super) fn data_type(&mut self) -> Parsed<TypeName> {
        self.enter()?;
        let start = self.here();
        let kind = if self.is_word("ARRAY") && self.is_symbol_at(1, "<") {
            self.array_type()?
        } else if self.is_word("MAP") && self.is_symbol_at(1, "<") {
            self.map_type()?
        } else if self.is_word("STRUCT") && (self.is_symbol_at(1, "<") || self.is_symbol_at(1, "<>")) {
            self.struct_type()?
        } else if self.is_word("DECIMAL") {
            self.decimal_type()?
        } else {
            self.named_type()?
        };
        let mut data_type = TypeName { kind, span: self.since(start) };
        let mut nested = 0;
        while self.eat_word("ARRAY") {
            nested += 1;
            self.enter()?;
            let kind = TypeKind::Array(Box::new(data_type));
            data_type = TypeName { kind, span: self.since(start) };
        }
        for _ in 0..=nested {
            self.leave();
        }
        Ok(data_type)
    }

    fn array_type(&mut self) -> Parsed<TypeKind> {
        self.advance();
        self.expect("<")?;
        let element = self.data_type()?;
        self.expect(">")?;
        Ok(TypeKind::Array(Box::new(element)))
    }

    fn map_type(&mut self) -> Parsed<TypeKind> {
        self.advance();
        self.expect("<")?;
        let key = self.data_type()?;
        self.expect(",")?;
        let value = self.data_type()?;
        self.expect(">")?;
        Ok(TypeKind::Map(Box::new(key), Box::new(value)))
    }

    fn struct_type(&mut self) -> Parsed<TypeKind> {
        self.advance();
        if self.eat("<>") {
            return Ok(TypeKind::Struct(Vec::new()));
        }
        self.expect("<")?;
        if self.eat(">") {
            return Ok(TypeKind::Struct(Vec::new()));
        }
        let fields = self.list(Self::struct_field)?;
        self.expect_close(&[",", ">"])?;
        for (i, (name, _)) in fields.iter().enumerate() {
            if let Some((first, _)) = fields[..i].iter().find(|(known, _)| known.name == name.name) {
                let message = format!("the field {} is there twice", name.name);
                let twice = Diagnostic::error("duplicate_column", name.span, message);
                return Err(Box::new(twice.note(first.span, "first here")));
            }
        }
        Ok(TypeKind::Struct(fields))
    }

    fn struct_field(&mut self) -> Parsed<(Ident, TypeName)> {
        let name = self.ident("a field name")?;
        Ok((name, self.data_type()?))
    }

    fn decimal_type(&mut self) -> Parsed<TypeKind> {
        let start = self.here();
        self.advance();
        if !self.eat("(") {
            return Err(Box::new(
                Diagnostic::error("syntax", start, "DECIMAL needs its precision and scale")
                    .label("write DECIMAL(precision, scale)")
                    .hint("DECIMAL(18, 4) holds 18 digits, 4 of them after the point"),
            ));
        }
        let precision = self.small_number("the precision, a whole number")?;
        self.expect(",")?;
        let scale = self.small_number("the scale, a whole number")?;
        self.expect(")")?;
        Ok(TypeKind::Decimal(precision, scale))
    }

    fn small_number(&mut self, what: &'static str) -> Parsed<u32> {
        let TokenKind::Integer(digits) = &self.peek(0).kind else { return Err(self.expected(&[what])) };
        let Ok(number) = digits.parse() else { return Err(self.number_too_large(self.here())) };
        self.advance();
        Ok(number)
    }

    pub(super) fn number_too_large(&self, span: Span) -> Box<Diagnostic> {
        Box::new(Diagnostic::error("number_too_large", span, "the number is too large").label("out of range"))
    }

    /// A word, with parameters that mean nothing: `VARCHAR(32)` is VARCHAR.
    fn named_type(&mut self) -> Parsed<TypeKind> {
        let name = self.ident("a type")?;
        if self.eat("(") {
            self.list(Self::type_parameter)?;
            self.expect_close(&[",", ")"])?;
        }
        Ok(TypeKind::Named(name.name))
    }
    fn type_parameter(&mut self) -> Parsed<()> {
        if matches!(self.peek(0).kind, TokenKind::Integer(_)) {
            self.advance();
            Ok(())
        } else if self.eat_word("STRING") {
            Ok(())
        } else {
            let error = self.expected(&["a length"]);
            Err(Box::new(error.hint("leave the parentheses out: a VARCHAR has any length")))
        }
    }
}
