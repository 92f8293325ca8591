//! LIKE patterns: `%` any text, `_` any character, an escape character takes the next one as it is.

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LikePattern {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Char(char),
}

impl LikePattern {
    /// Compiles a pattern. Without an escape character there is none, as in ksqlDB.
    pub fn new(pattern: &str, escape: Option<char>) -> Self {
        let mut parts = Vec::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            let part = match c {
                c if Some(c) == escape => Part::Char(chars.next().unwrap_or(c)),
                '%' => Part::Any,
                '_' => Part::One,
                c => Part::Char(c),
            };
            if part != Part::Any || parts.last() != Some(&Part::Any) {
                parts.push(part);
            }
        }
        Self { parts }
    }

    /// Whether the whole text matches. Linear but for backtracking to the last `%`.
    pub fn matches(&self, text: &str) -> bool {
        let (mut rest, mut at) = (text.chars(), 0);
        let mut last_any: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            match self.parts.get(at) {
                Some(Part::Any) => {
                    at += 1;
                    last_any = Some((at, rest.clone()));
                    continue;
                }
                None if rest.as_str().is_empty() => return true,
                Some(part) => {
                    let mut ahead = rest.clone();
                    if ahead.next().is_some_and(|c| *part == Part::One || *part == Part::Char(c)) {
                        rest = ahead;
                        at += 1;
                        continue;
                    }
                }
                None => {}
            }
            // Let the last % take one character more.
            let Some((after, from)) = &mut last_any else { return false };
            if from.next().is_none() {
                return false;
            }
            at = *after;
            rest = from.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LikePattern;

    #[test]
    fn matches_as_sql_does() {
        for (pattern, text, expected) in [
            ("abc", "abc", true),
            ("a%", "abc", true),
            ("%c", "abcc", true),
            ("a_c", "abc", true),
            ("a_c", "ac", false),
            ("%b%d", "abcbd", true),
            ("%", "", true),
            ("_", "", false),
            ("é%", "éa", true),
            ("abc", "abcd", false),
        ] {
            assert_eq!(LikePattern::new(pattern, None).matches(text), expected, "{text} LIKE {pattern}");
        }
        assert!(LikePattern::new("10!%", Some('!')).matches("10%"));
        assert!(!LikePattern::new("10!%", Some('!')).matches("10x"));
    }
}
