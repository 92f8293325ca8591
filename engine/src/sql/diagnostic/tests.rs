use super::*;

fn span(file: u32, start: u32, end: u32) -> Span {
    Span { file, start, end }
}

fn files() -> Vec<SourceFile> {
    vec![
        SourceFile::new("rules/00_sources.sql", "CREATE STREAM TRANSACTIONS (\n  AMOUNT DECIMAL(18,4)\n);\n"),
        SourceFile::new("rules/a.sql", "SELECT 'é', AMUNT\nFROM TRANSACTIONS;\n"),
    ]
}

fn sample() -> Diagnostic {
    Diagnostic::error("unknown_column", span(1, 13, 18), "TRANSACTIONS has no column AMUNT")
        .label("not a column")
        .did_you_mean("AMUNT", ["ID", "AMOUNT"])
        .note(span(1, 24, 36), "of this stream")
        .note(span(0, 31, 37), "AMOUNT is declared here")
}

#[test]
fn plain_has_place_line_underline_label_and_hint() {
    let all = Diagnostics::new(files(), vec![sample()]);
    insta::assert_snapshot!(all.render(RenderStyle::Plain));
}

#[test]
fn fancy_is_coloured() {
    let text = Diagnostics::new(files(), vec![sample()]).render(RenderStyle::Fancy);
    assert!(text.contains("\u{1b}["), "{text}");
    assert!(text.contains("did you mean AMOUNT?"), "{text}");
}

#[test]
fn json_counts_characters() {
    let all = Diagnostics::new(files(), vec![sample()]).to_json();
    assert_eq!(all[0]["file"], "rules/a.sql");
    assert_eq!((all[0]["line"].as_u64(), all[0]["column"].as_u64()), (Some(1), Some(13)));
    assert_eq!(all[0]["end"], json!({ "line": 1, "column": 18 }));
    assert_eq!(all[0]["hint"], "did you mean AMOUNT?");
    assert_eq!(all[0]["code"], "unknown_column");
    assert_eq!(all[0]["severity"], "error");
    assert_eq!(all[0]["notes"][1]["file"], "rules/00_sources.sql");
    assert_eq!(all[0]["notes"][1]["line"], 2);
}

#[test]
fn any_span_renders() {
    let odd = [(0, 0), (9, 10), (10, 9), (9, 9), (400, 500), (0, u32::MAX), (37, 37)];
    for (start, end) in odd {
        for file in 0..3 {
            let one = Diagnostic::warning("odd", span(file, start, end), "odd place")
                .note(span(7, 1, 2), "no file");
            let all = Diagnostics::new(files(), vec![one]);
            assert!(all.render(RenderStyle::Plain).contains("odd place"));
            assert!(all.render(RenderStyle::Fancy).contains("odd place"));
            assert_eq!(all.to_json()[0]["message"], "odd place");
            assert!(!all.has_errors());
        }
    }
}

#[test]
fn a_diagnostic_is_small_enough_to_return() {
    assert!(size_of::<Diagnostic>() < 128, "{}", size_of::<Diagnostic>());
}
