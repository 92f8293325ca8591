//! The coarse lexical pieces of SQL text: enough to find where statements end and where variables
//! stand, before anything can be tokenised.
//!
//! Enters: any text. Leaves: pieces that cover it without gaps. Invariant: every piece has at least
//! one byte and ends at a character boundary, so a loop over pieces ends.

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// White space.
    Space,
    /// `-- ...`, without the newline.
    LineComment,
    /// `/* ... */`; `closed` is false where the file ends inside it.
    BlockComment { closed: bool },
    /// `'...'`, `"..."` or `` `...` ``, the quote doubled inside it; `closed` as above.
    Quoted { quote: char, closed: bool },
    /// `${name}`
    Variable,
    /// `$${name}`, which stands for the text `${name}`.
    EscapedVariable,
    /// `;`
    Semicolon,
    /// One character of anything else.
    Other,
}

/// A piece of `text` from `start` to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// What it is.
    pub(super) kind: PieceKind,
    /// First byte.
    pub(super) start: usize,
    /// One past the last byte.
    pub(super) end: usize,
}

/// The pieces of `text` from byte `start` on.
pub(super) fn pieces(text: &str, start: usize) -> impl Iterator<Item = Piece> + '_ {
    let mut at = start;
    std::iter::from_fn(move || {
        let piece = piece_at(text, at)?;
        at = piece.end;
        Some(piece)
    })
}

/// The piece that begins at byte `start`; `None` at the end.
pub(super) fn piece_at(text: &str, start: usize) -> Option<Piece> {
    let rest = text.get(start..)?;
    let first = rest.chars().next()?;
    let (kind, length) = match first {
        // A byte order mark, which some editors put in front of a file.
        '\u{feff}' if start == 0 => (PieceKind::Space, first.len_utf8()),
        _ if first.is_whitespace() => (PieceKind::Space, first.len_utf8()),
        ';' => (PieceKind::Semicolon, 1),
        '\'' | '"' | '`' => quoted(rest, first),
        '-' if rest.starts_with("--") => (PieceKind::LineComment, rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => match rest[2..].find("*/") {
            Some(close) => (PieceKind::BlockComment { closed: true }, close + 4),
            None => (PieceKind::BlockComment { closed: false }, rest.len()),
        },
        '$' => dollar(rest),
        _ => (PieceKind::Other, first.len_utf8()),
    };
    Some(Piece { kind, start, end: start + length })
}

fn dollar(rest: &str) -> (PieceKind, usize) {
    if let Some(name) = variable_name(rest) {
        return (PieceKind::Variable, name.len() + 3);
    }
    match rest.strip_prefix('$').and_then(variable_name) {
        Some(name) => (PieceKind::EscapedVariable, name.len() + 4),
        None => (PieceKind::Other, 1),
    }
}

/// The name in a `${name}` at the start of `rest`: a letter or `_`, then letters, digits, `_`, `@`.
pub(super) fn variable_name(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix("${")?;
    let length = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '@'))?;
    let name = &inner[..length];
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (starts_well && inner[length..].starts_with('}')).then_some(name)
}

fn quoted(rest: &str, quote: char) -> (PieceKind, usize) {
    let mut at = 1;
    while let Some(close) = rest[at..].find(quote) {
        at += close + 1;
        if !rest[at..].starts_with(quote) {
            return (PieceKind::Quoted { quote, closed: true }, at);
        }
        at += 1;
    }
    (PieceKind::Quoted { quote, closed: false }, rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(PieceKind, &str)> {
        pieces(text, 0).map(|piece| (piece.kind, &text[piece.start..piece.end])).collect()
    }

    #[test]
    fn a_doubled_quote_does_not_close() {
        let closed = PieceKind::Quoted { quote: '\'', closed: true };
        assert_eq!(kinds("'it''s'"), [(closed, "'it''s'")]);
        assert_eq!(kinds("''"), [(closed, "''")]);
        assert_eq!(kinds("'''x'''"), [(closed, "'''x'''")]);
        assert_eq!(kinds("'a''"), [(PieceKind::Quoted { quote: '\'', closed: false }, "'a''")]);
    }

    #[test]
    fn quotes_and_semicolons_in_comments_are_text() {
        assert_eq!(kinds("-- it's; \n;").iter().filter(|(kind, _)| *kind == PieceKind::Semicolon).count(), 1);
        assert_eq!(kinds("/* ';' */").len(), 1);
        assert_eq!(
            kinds("/*/").first().map(|piece| piece.0),
            Some(PieceKind::BlockComment { closed: false })
        );
    }

    #[test]
    fn variables() {
        assert_eq!(kinds("${a_1}"), [(PieceKind::Variable, "${a_1}")]);
        assert_eq!(kinds("$${a}"), [(PieceKind::EscapedVariable, "$${a}")]);
        for not_one in ["${}", "${1a}", "${a b}", "${a", "$a", "${a.b}"] {
            assert_eq!(kinds(not_one)[0].0, PieceKind::Other, "{not_one}");
        }
    }
}
