//! Strings with escapes, which are seldom: what stands behind a backslash.

use super::{Scan, Scanner};

impl Scanner<'_> {
    /// The rest of a string from its first escape on.
    #[cold]
    pub(super) fn escaped(&mut self, mut text: Option<&mut String>) -> Scan<()> {
        loop {
            match self.byte() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.position += 1;
                    let character = self.escape()?;
                    if let Some(text) = &mut text {
                        text.push(character);
                    }
                }
                Some(_) => return self.error("a control character in a string"),
                None => return self.error("the text ends inside of a string"),
            }
            let start = self.position;
            self.plain();
            if let Some(text) = &mut text {
                text.push_str(self.since(start));
            }
        }
    }

    /// What stands after a backslash.
    fn escape(&mut self) -> Scan<char> {
        let character = match self.byte() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.position += 1;
                return self.unicode();
            }
            _ => return self.error("an unknown escape in a string"),
        };
        self.position += 1;
        Ok(character)
    }

    /// The four digits of `\u`, and the second half of a surrogate pair.
    fn unicode(&mut self) -> Scan<char> {
        let first = self.hex4()?;
        let code = match first {
            0xD800..0xDC00 => {
                if self.text.as_bytes().get(self.position..self.position + 2) != Some(b"\\u") {
                    return self.error("half of a surrogate pair");
                }
                self.position += 2;
                let second = self.hex4()?;
                if !(0xDC00..0xE000).contains(&second) {
                    return self.error("half of a surrogate pair");
                }
                0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            code => code,
        };
        char::from_u32(code).map_or_else(|| self.error("half of a surrogate pair"), Ok)
    }

    fn hex4(&mut self) -> Scan<u32> {
        let digits = self.text.as_bytes().get(self.position..self.position + 4);
        let code = digits.and_then(|digits| {
            digits.iter().try_fold(0, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?))
        });
        match code {
            Some(code) => {
                self.position += 4;
                Ok(code)
            }
            None => self.error("four hexadecimal digits are missing after \\u"),
        }
    }
}
