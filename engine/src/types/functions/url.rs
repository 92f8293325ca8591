//! URLs, taken apart as RFC 3986 says (appendix B), and their parameters.

use super::{Bound, Call, Function, Param, fixed, function, text};
use crate::types::{DataType, EvalError, Value};

const S: Param = Param::String;

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "URL_DECODE_PARAM",
        &[fixed(&[S], decode)],
        "A parameter's value without its escapes.",
        &[("URL_DECODE_PARAM('%3Ffoo+%24bar')", "'?foo $bar'")],
    ),
    function(
        "URL_ENCODE_PARAM",
        &[fixed(&[S], encode)],
        "A text with escapes, so that it can be a parameter's value.",
        &[("URL_ENCODE_PARAM('url é&x')", "'url+%C3%A9%26x'")],
    ),
    function(
        "URL_EXTRACT_PROTOCOL",
        &[fixed(&[S], protocol)],
        "The protocol of a URL.",
        &[("URL_EXTRACT_PROTOCOL('https://a.b/c')", "'https'"), ("URL_EXTRACT_PROTOCOL('a.b/c')", "NULL")],
    ),
    function(
        "URL_EXTRACT_HOST",
        &[fixed(&[S], host)],
        "The host of a URL.",
        &[("URL_EXTRACT_HOST('http://u:p@a.b:80/c')", "'a.b'")],
    ),
    function(
        "URL_EXTRACT_PORT",
        &[fixed(&[S], port)],
        "The port of a URL.",
        &[("URL_EXTRACT_PORT('http://a.b:8080/c')", "8080"), ("URL_EXTRACT_PORT('http://a.b')", "NULL")],
    ),
    function(
        "URL_EXTRACT_PATH",
        &[fixed(&[S], path)],
        "The path of a URL.",
        &[("URL_EXTRACT_PATH('http://a.b/c%20d?e#f')", "'/c d'"), ("URL_EXTRACT_PATH('http://a.b?e')", "''")],
    ),
    function(
        "URL_EXTRACT_QUERY",
        &[fixed(&[S], query)],
        "The query of a URL.",
        &[("URL_EXTRACT_QUERY('http://a.b/c?d=e#f')", "'d=e'")],
    ),
    function(
        "URL_EXTRACT_FRAGMENT",
        &[fixed(&[S], fragment)],
        "The fragment of a URL.",
        &[("URL_EXTRACT_FRAGMENT('http://a.b/c#d')", "'d'"), ("URL_EXTRACT_FRAGMENT('http://a.b')", "NULL")],
    ),
    function(
        "URL_EXTRACT_PARAMETER",
        &[fixed(&[S, S], parameter)],
        "The value of a parameter in a URL's query.",
        &[("URL_EXTRACT_PARAMETER('http://a.b/?x=1&y=2', 'y')", "'2'")],
    ),
];

/// The parts of a URL, still escaped.
struct Url<'u> {
    protocol: Option<&'u str>,
    authority: Option<&'u str>,
    /// None where nothing is known of it but the protocol's own text, as in `mailto:someone@example.org`.
    path: Option<&'u str>,
    query: Option<&'u str>,
    fragment: Option<&'u str>,
}

impl<'u> Url<'u> {
    fn parse(url: &'u str) -> Result<Self, EvalError> {
        if url.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c)) {
            return Err(EvalError::new(format!("'{url}' is no URL")));
        }
        let (rest, fragment) = cut(url, '#');
        let (rest, query) = cut(rest, '?');
        let is_protocol = |p: &str| {
            p.starts_with(|c: char| c.is_ascii_alphabetic())
                && p.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        };
        let (protocol, rest) = match rest.split_once(':') {
            Some((protocol, rest)) if is_protocol(protocol) => (Some(protocol), rest),
            _ => (None, rest),
        };
        if protocol.is_some() && !rest.starts_with('/') {
            return Ok(Self { protocol, authority: None, path: None, query: None, fragment });
        }
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                (Some(&rest[..end]), Some(&rest[end..]))
            }
            None => (None, Some(rest)),
        };
        Ok(Self { protocol, authority, path, query, fragment })
    }

    /// Host and port.
    fn host(&self) -> (Option<&'u str>, Option<i32>) {
        let Some(authority) = self.authority else { return (None, None) };
        let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
        match address.rsplit_once(':') {
            Some((host, port)) if port.chars().all(|c| c.is_ascii_digit()) => (Some(host), port.parse().ok()),
            _ => (Some(address), None),
        }
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// Replaces `%hh` by the byte that it stands for; where that is no text, by the replacement character.
fn unescaped(text: &str, plus_is_space: bool) -> Result<String, EvalError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' if plus_is_space => bytes.push(b' '),
            b'%' => {
                let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
                let code = digit().and_then(|high| Some(high << 4 | digit()?));
                let code = code.ok_or_else(|| EvalError::new("a % without two hexadecimal digits"))?;
                bytes.push(code as u8);
            }
            other => bytes.push(other),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn decode(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| unescaped(text(args, 0), true).map(Value::string))
}

fn encode(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| {
        let mut out = String::new();
        for byte in text(args, 0).bytes() {
            match byte {
                b' ' => out.push('+'),
                b'-' | b'_' | b'.' | b'*' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                    out.push(char::from(byte))
                }
                other => out.push_str(&format!("%{other:02X}")),
            }
        }
        Ok(Value::string(out))
    })
}

/// A function that gives one part of a URL, without escapes.
fn part(select: for<'u> fn(&Url<'u>) -> Option<&'u str>) -> Result<Bound, String> {
    Bound::strict(DataType::String, move |args| {
        let url = Url::parse(text(args, 0))?;
        select(&url).map_or(Ok(Value::Null), |part| unescaped(part, false).map(Value::string))
    })
}

fn protocol(_: &Call<'_>) -> Result<Bound, String> {
    part(|url| url.protocol)
}

fn host(_: &Call<'_>) -> Result<Bound, String> {
    part(|url| url.host().0)
}

fn path(_: &Call<'_>) -> Result<Bound, String> {
    part(|url| url.path)
}

fn query(_: &Call<'_>) -> Result<Bound, String> {
    part(|url| url.query)
}

fn fragment(_: &Call<'_>) -> Result<Bound, String> {
    part(|url| url.fragment)
}

fn port(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Integer, |args| {
        Ok(Url::parse(text(args, 0))?.host().1.map_or(Value::Null, Value::Integer))
    })
}

fn parameter(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| {
        let url = Url::parse(text(args, 0))?;
        for pair in url.query.unwrap_or_default().split('&') {
            let (name, value) = cut(pair, '=');
            if unescaped(name, false)? == text(args, 1) {
                return unescaped(value.unwrap_or_default(), false).map(Value::string);
            }
        }
        Ok(Value::Null)
    })
}
