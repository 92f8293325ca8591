//! A dead letter for a person, and for a program.

use std::fmt::Write;

use engine::letters::Letter;
use events::{DateTime, Utc};
use serde_json::{Value, json};

/// A time in milliseconds as RFC 3339.
pub(super) fn time(millis: i64) -> String {
    match DateTime::<Utc>::from_timestamp_millis(millis) {
        Some(time) => time.to_rfc3339_opts(events::SecondsFormat::Millis, true),
        None => format!("{millis} ms"),
    }
}

/// Text as text, other bytes in hexadecimal.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|c| c.is_control() && !c.is_whitespace()) => text.to_owned(),
        _ => format!("0x{}", hex(bytes)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text as a string, byte by byte as it came; other bytes as `{"hex": ...}`.
fn value(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({ "hex": hex(bytes) }),
    }
}

/// JSON over several lines; order and numbers stay as they came.
fn indented(json: &str) -> String {
    let (mut text, mut depth, mut in_string, mut escaped) = (String::new(), 0_usize, false, false);
    let line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.push_str(&"  ".repeat(depth.min(40)));
    };
    for c in json.chars() {
        match c {
            _ if in_string => {
                text.push(c);
                in_string = escaped || c != '"';
                escaped = !escaped && c == '\\';
            }
            '{' | '[' => {
                text.push(c);
                depth += 1;
                line(&mut text, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut text, depth);
                text.push(c);
            }
            ',' => {
                text.push(c);
                line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => {
                in_string = c == '"';
                text.push(c);
            }
        }
    }
    text
}

/// A letter over several lines, with an empty one at its end.
pub(super) fn as_text(letter: &Letter, topic: &str, replayed: bool) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {name:<12} {value}");
    };
    let source = &letter.source;
    line("refused by", &format!("{}, {}", letter.stage, letter.code));
    line("reason", &letter.reason);
    if let Some(declaration) = &letter.declaration {
        line("does not fit", declaration);
    }
    let offsets = match letter.count {
        1 => format!("offset {}", source.offset),
        count => format!("{count} records from offset {} to {}", source.offset, source.last),
    };
    line("record", &format!("topic {}, partition {}, {offsets}", source.topic, source.partition));
    if let Some(at) = source.timestamp {
        line("time", &time(at));
    }
    if let Some(key) = &letter.key {
        line("key", &readable(key));
    }
    for (name, value) in &letter.headers {
        line("header", &format!("{name}: {}", readable(value)));
    }
    for (what, words) in [("masked", &letter.masked), ("cut", &letter.cut)] {
        if let Some(words) = words {
            line(what, words);
        }
    }
    for (name, value) in &letter.digests {
        line(name.trim_start_matches("dlq."), value);
    }
    if let Some(why) = letter.hindrance() {
        line("no replay", why);
    }
    if replayed {
        line("replayed", "yes");
    }
    if !letter.runs.is_empty() {
        let runs = letter.runs.iter().map(|(first, count)| match count {
            1 => first.to_string(),
            _ => format!("{first}..{}", first.saturating_add_unsigned(count - 1)),
        });
        line("offsets", &runs.collect::<Vec<_>>().join(" "));
    }
    if let Some(bytes) = &letter.value {
        let pretty = match serde_json::from_slice::<&serde_json::value::RawValue>(bytes) {
            Ok(json) => indented(json.get()),
            Err(_) => readable(bytes),
        };
        line("value", "");
        for part in pretty.lines() {
            let _ = writeln!(text, "    {part}");
        }
    }
    format!("{}\n{text}\n", letter.id(topic))
}

/// A letter as one object.
pub(super) fn as_json(letter: &Letter, topic: &str, replayed: bool) -> Value {
    let source = &letter.source;
    let headers: Vec<Value> =
        letter.headers.iter().map(|(name, bytes)| json!({ "name": name, "value": value(bytes) })).collect();
    let digests = letter.digests.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "letter": { "topic": topic, "partition": letter.partition, "offset": letter.offset },
        "stage": letter.stage, "code": letter.code, "reason": letter.reason, "declaration": letter.declaration,
        "source": { "topic": source.topic, "partition": source.partition, "offset": source.offset,
            "last": source.last, "timestamp": source.timestamp },
        "count": letter.count, "runs": letter.runs,
        "key": letter.key.as_deref().map(value), "value": letter.value.as_deref().map(value), "headers": headers,
        "masked": letter.masked, "cut": letter.cut, "digests": Value::Object(digests),
        "replayed": replayed, "hindrance": letter.hindrance(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_and_otherwise_as_it_came() {
        let json = r#"{"b":1.10,"a":["x, \\\"{y}\"", 2]}"#;
        let want = "{\n  \"b\": 1.10,\n  \"a\": [\n    \"x, \\\\\\\"{y}\\\"\",\n    2\n  ]\n}";
        assert_eq!(indented(json), want);
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_in_hexadecimal() {
        assert_eq!(readable(b"A1"), "A1");
        assert_eq!(readable(&[0, 1, 255]), "0x0001ff");
        assert_eq!(value(&[255]), json!({ "hex": "ff" }));
    }
}
