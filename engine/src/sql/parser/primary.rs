//! Expressions that operators take as operands: literals, columns, calls, constructors, CASE, CAST,
//! brackets, and `[index]` and `->field` after them.

use super::cursor::Cursor;
use super::{Boxed, Parsed, hints};
use crate::sql::ast::{Expr, ExprKind, Ident, Span};
use crate::sql::diagnostic::Diagnostic;
use crate::sql::token::TokenKind;

/// Units of time that are reserved words, yet may be arguments: `DATEADD(DAYS, 1, d)`.
const UNITS: [&str; 6] = ["MILLISECOND", "MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS"];

impl Cursor<'_> {
    /// A primary expression with any number of `[index]` and `->field` after it.
    pub(super) fn postfix(&mut self) -> Boxed {
        let outer = self.open();
        let mut base = self.primary()?;
        loop {
            let start = base.span;
            let kind = if self.eat("[") {
                let index = self.bracketed_index()?;
                ExprKind::Subscript { base, index }
            } else if self.is_symbol("->") && !self.is_symbol_at(1, "*") {
                self.advance();
                ExprKind::Field { base, field: self.ident("a field name")? }
            } else {
                self.close(outer);
                return Ok(base);
            };
            self.grow()?;
            base = Box::new(Expr { kind, span: self.since(start) });
        }
    }

    fn bracketed_index(&mut self) -> Boxed {
        self.enter()?;
        let index = self.value_expression()?;
        self.leave();
        self.expect("]")?;
        Ok(index)
    }

    fn primary(&mut self) -> Boxed {
        let start = self.here();
        if self.eat("(") {
            let mut inner = self.expression()?;
            if self.is_symbol(",") {
                return Err(hints::list_in_brackets(self));
            }
            self.expect_close(&[")"])?;
            inner.span = self.since(start);
            return Ok(inner);
        }
        if let Some(number) = self.number()? {
            return Ok(Box::new(number));
        }
        let kind = self.primary_kind()?;
        self.grow()?;
        Ok(Box::new(Expr { kind, span: self.since(start) }))
    }

    fn primary_kind(&mut self) -> Parsed<ExprKind> {
        let keyword = match &self.peek(0).kind {
            TokenKind::String(text) => {
                let text = text.clone();
                self.advance();
                return Ok(ExprKind::String(text));
            }
            TokenKind::Word(word) => word.as_str(),
            TokenKind::Quoted(..) => "",
            _ => return Err(hints::no_expression(self)),
        };
        match keyword {
            "NULL" => self.keyword(ExprKind::Null),
            "TRUE" => self.keyword(ExprKind::Boolean(true)),
            "FALSE" => self.keyword(ExprKind::Boolean(false)),
            "CASE" => self.case(),
            "CAST" => self.cast(),
            "ARRAY" if self.is_symbol_at(1, "[") => self.array(),
            "MAP" if self.is_symbol_at(1, "(") => self.map(),
            "STRUCT" if self.is_symbol_at(1, "(") => self.structure(),
            "DECIMAL" if matches!(self.peek(1).kind, TokenKind::String(_)) => self.typed_literal(),
            word if UNITS.contains(&word) => {
                let name = Ident { name: word.to_owned(), quoted: false, span: self.here() };
                self.keyword(ExprKind::Column { qualifier: None, name })
            }
            _ => self.named(),
        }
    }

    fn keyword(&mut self, kind: ExprKind) -> Parsed<ExprKind> {
        self.advance();
        Ok(kind)
    }

    /// What begins with a name: a call, a column, or a literal with its type in front.
    fn named(&mut self) -> Parsed<ExprKind> {
        if !self.is_ident_at(0) {
            return Err(hints::no_expression(self));
        }
        if matches!(self.peek(1).kind, TokenKind::String(_)) {
            return self.typed_literal();
        }
        let name = self.ident("a column or function name")?;
        if self.is_symbol("(") {
            return self.call(name);
        }
        if !self.eat(".") {
            return Ok(ExprKind::Column { qualifier: None, name });
        }
        let column = self.ident("a column name")?;
        if self.is_symbol(".") {
            return Err(hints::two_dots(self, &name, &column));
        }
        Ok(ExprKind::Column { qualifier: Some(name), name: column })
    }

    /// `DECIMAL '1.50'`, the only type that ksqlDB takes in front of a text.
    fn typed_literal(&mut self) -> Parsed<ExprKind> {
        if !self.is_word("DECIMAL") {
            return Err(hints::typed_text(self));
        }
        self.advance();
        let literal = self.string("a text in single quotes")?;
        let digits = literal.text.strip_prefix(['-', '+']).unwrap_or(&literal.text);
        let is_number = digits.chars().all(|c| c.is_ascii_digit() || c == '.')
            && digits.chars().any(|c| c.is_ascii_digit())
            && digits.matches('.').count() < 2;
        if is_number {
            return Ok(ExprKind::Decimal(literal.text));
        }
        Err(Box::new(
            Diagnostic::error("syntax", literal.span, "this is not a decimal number")
                .label("expected digits"),
        ))
    }

    /// `name(arguments)`
    fn call(&mut self, name: Ident) -> Parsed<ExprKind> {
        self.expect("(")?;
        if self.is_symbol("*") && self.is_symbol_at(1, ")") {
            self.advance();
            self.advance();
            return Ok(ExprKind::Call { name, args: Vec::new(), star: true });
        }
        let mut args = Vec::new();
        if !self.is_symbol(")") {
            if self.is_word("DISTINCT") {
                return Err(hints::distinct_argument(self, &name));
            }
            args = self.list(Self::argument)?;
        }
        self.expect_close(&[",", ")"])?;
        Ok(ExprKind::Call { name, args, star: false })
    }

    /// An expression, or a lambda: `x => body`, `(x, y) => body`
    fn argument(&mut self) -> Parsed<Expr> {
        let Some(bracketed) = self.lambda_ahead() else { return self.expression_item() };
        let start = self.here();
        self.enter()?;
        let params = if bracketed {
            self.expect("(")?;
            let params = self.list(|cursor| cursor.ident("a parameter name"))?;
            self.expect(")")?;
            params
        } else {
            vec![self.ident("a parameter name")?]
        };
        self.expect("=>")?;
        let body = self.expression()?;
        self.grow()?;
        self.leave();
        Ok(Expr { kind: ExprKind::Lambda { params, body }, span: self.since(start) })
    }

    /// Does a lambda come next, and are its parameters in brackets?
    fn lambda_ahead(&self) -> Option<bool> {
        if !self.is_symbol("(") {
            return (self.is_ident_at(0) && self.is_symbol_at(1, "=>")).then_some(false);
        }
        let mut ahead = 1;
        while self.is_ident_at(ahead) {
            if self.is_symbol_at(ahead + 1, ",") {
                ahead += 2;
            } else {
                let ends = self.is_symbol_at(ahead + 1, ")") && self.is_symbol_at(ahead + 2, "=>");
                return ends.then_some(true);
            }
        }
        None
    }

    fn case(&mut self) -> Parsed<ExprKind> {
        self.advance();
        self.enter()?;
        let operand = if self.is_word("WHEN") { None } else { Some(self.value_expression()?) };
        let mut whens = Vec::new();
        while self.eat_word("WHEN") {
            let condition = self.expression_item()?;
            self.expect_word("THEN")?;
            whens.push((condition, self.expression_item()?));
        }
        if whens.is_empty() {
            return Err(self.expected(&["WHEN"]));
        }
        let otherwise = if self.eat_word("ELSE") { Some(self.expression()?) } else { None };
        if !self.eat_word("END") {
            return Err(self.expected(if otherwise.is_some() { &["END"] } else { &["WHEN", "ELSE", "END"] }));
        }
        self.leave();
        Ok(ExprKind::Case { operand, whens, otherwise })
    }

    fn cast(&mut self) -> Parsed<ExprKind> {
        self.advance();
        self.expect("(")?;
        let expr = self.expression()?;
        self.expect_word("AS")?;
        let to = self.data_type()?;
        self.expect(")")?;
        Ok(ExprKind::Cast { expr, to })
    }

    fn array(&mut self) -> Parsed<ExprKind> {
        self.advance();
        self.expect("[")?;
        let elements = if self.is_symbol("]") { Vec::new() } else { self.list(Self::expression_item)? };
        self.expect_close(&[",", "]"])?;
        Ok(ExprKind::Array(elements))
    }

    fn map(&mut self) -> Parsed<ExprKind> {
        self.advance();
        self.expect("(")?;
        let mut entries = Vec::new();
        if !self.is_symbol(")") {
            entries = self.list(|cursor| {
                let key = cursor.expression_item()?;
                cursor.assignment("MAP(key := value, ...)")?;
                Ok((key, cursor.expression_item()?))
            })?;
        }
        self.expect_close(&[",", ")"])?;
        Ok(ExprKind::Map(entries))
    }

    fn assignment(&mut self, form: &str) -> Parsed<()> {
        if self.eat(":=") { Ok(()) } else { Err(hints::no_assignment(self, form)) }
    }

    fn structure(&mut self) -> Parsed<ExprKind> {
        self.advance();
        self.expect("(")?;
        let mut fields = Vec::new();
        if !self.is_symbol(")") {
            fields = self.list(|cursor| {
                let name = cursor.ident("a field name")?;
                cursor.assignment("STRUCT(name := value, ...)")?;
                Ok((name, cursor.expression_item()?))
            })?;
        }
        self.expect_close(&[",", ")"])?;
        Ok(ExprKind::Struct(fields))
    }

    /// Does a number stand `ahead` places on?
    pub(super) fn is_number_at(&self, ahead: usize) -> bool {
        matches!(self.peek(ahead).kind, TokenKind::Integer(_) | TokenKind::Decimal(_) | TokenKind::Double(_))
    }

    /// A number with its sign, if one comes next.
    pub(super) fn number(&mut self) -> Parsed<Option<Expr>> {
        let start = self.here();
        let negative = self.is_symbol("-");
        if !self.is_number_at(usize::from(negative)) {
            return Ok(None);
        }
        if negative {
            self.advance();
        }
        let span = start.to(self.here());
        let signed = |digits: &str| if negative { format!("-{digits}") } else { digits.to_owned() };
        let kind = match &self.peek(0).kind {
            TokenKind::Integer(digits) => ExprKind::Integer(signed(digits)),
            TokenKind::Decimal(digits) => ExprKind::Decimal(signed(digits)),
            TokenKind::Double(digits) => ExprKind::Double(signed(digits)),
            _ => return Ok(None),
        };
        check_range(&kind, span)?;
        self.advance();
        self.grow()?;
        Ok(Some(Expr { kind, span }))
    }
}

/// An integer is a BIGINT at most, a double is finite.
fn check_range(kind: &ExprKind, span: Span) -> Parsed<()> {
    let (fits, what) = match kind {
        ExprKind::Integer(digits) => (digits.parse::<i64>().is_ok(), "BIGINT"),
        ExprKind::Double(digits) => (digits.parse::<f64>().is_ok_and(f64::is_finite), "DOUBLE"),
        _ => (true, ""),
    };
    if fits {
        return Ok(());
    }
    let error = Diagnostic::error("number_too_large", span, format!("the number does not fit a {what}"))
        .label("out of range");
    Err(Box::new(match kind {
        ExprKind::Integer(_) => error.hint("written with a point it is a DECIMAL, with an exponent a DOUBLE"),
        _ => error.hint("the largest DOUBLE is 1.7976931348623157E308"),
    }))
}
