//! A diagnostic drawn by miette: the place, the source line, the underline, the hint.

use super::{Diagnostic, Severity};
use crate::sql::ast::Span;
use crate::sql::source::SourceFile;
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};
use std::fmt;

/// For whom text is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderStyle {
    /// For a terminal: colours and line drawing characters.
    Fancy,
    /// For a pipe, a log or a test: ASCII without escape sequences, never wrapped.
    Plain,
}

/// The text of one finding, ended by a newline.
pub(super) fn render(files: &[SourceFile], diagnostic: &Diagnostic, style: RenderStyle) -> String {
    let report = Report::new(files, diagnostic);
    let handler = match style {
        RenderStyle::Fancy => GraphicalReportHandler::new_themed(GraphicalTheme::unicode()).with_width(110),
        RenderStyle::Plain => {
            GraphicalReportHandler::new_themed(GraphicalTheme::none()).with_wrap_lines(false)
        }
    };
    let handler = handler.with_links(false).without_syntax_highlighting();
    let mut text = String::new();
    // A String takes everything; what miette refuses to draw is still said in words.
    if handler.render_report(&mut text, &report).is_err() {
        text = report.in_words();
    }
    trimmed_lines(&text)
}

/// miette pads lines with spaces; golden files and logs do not want them.
fn trimmed_lines(text: &str) -> String {
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// A diagnostic in the form that miette draws; notes about other files are reports of their own.
#[derive(Debug)]
struct Report<'a> {
    severity: miette::Severity,
    code: Option<String>,
    message: &'a str,
    hint: Option<&'a str>,
    source: Option<Source<'a>>,
    labels: Vec<LabeledSpan>,
    elsewhere: Vec<Report<'a>>,
}

impl<'a> Report<'a> {
    fn new(files: &'a [SourceFile], diagnostic: &'a Diagnostic) -> Self {
        let mut report = Self::of_place(files, diagnostic.span, diagnostic.label.as_deref());
        report.severity = match diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        };
        report.code = Some(format!("{}[{}]", diagnostic.severity.as_str(), diagnostic.code));
        report.message = &diagnostic.message;
        report.hint = diagnostic.hint.as_deref();
        for (span, remark) in &diagnostic.notes {
            match files.get(span.file as usize) {
                Some(file) if span.file == diagnostic.span.file => {
                    let (offset, length) = place(file, *span);
                    report.labels.push(LabeledSpan::new(Some(remark.clone()), offset, length));
                }
                _ => report.elsewhere.push(Self { message: remark, ..Self::of_place(files, *span, None) }),
            }
        }
        report
    }

    fn of_place(files: &'a [SourceFile], span: Span, label: Option<&str>) -> Self {
        let file = files.get(span.file as usize);
        let labels = file.map(|file| {
            let (offset, length) = place(file, span);
            LabeledSpan::new_primary_with_span(label.map(str::to_owned), (offset, length))
        });
        Self {
            severity: miette::Severity::Advice,
            code: None,
            message: "",
            hint: None,
            source: file.map(Source),
            labels: labels.into_iter().collect(),
            elsewhere: Vec::new(),
        }
    }

    fn in_words(&self) -> String {
        let place = self.source.as_ref().zip(self.labels.first()).map(|(source, label)| {
            let position = source.0.position(u32::try_from(label.offset()).unwrap_or(u32::MAX));
            format!("{}:{}:{}: ", source.0.name, position.line, position.column)
        });
        let hint = self.hint.map(|hint| format!("\n  help: {hint}")).unwrap_or_default();
        format!("{}{}{hint}\n", place.unwrap_or_default(), self.message)
    }
}

/// Offset and length of `span` in whole characters inside the file.
fn place(file: &SourceFile, span: Span) -> (usize, usize) {
    let start = file.clamp(span.start);
    (start, file.slice(span).len())
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        let code = self.code.as_ref()?;
        Some(Box::new(code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        let hint = self.hint?;
        Some(Box::new(hint))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'b>(&'b self) -> Option<Box<dyn Iterator<Item = &'b dyn miette::Diagnostic> + 'b>> {
        if self.elsewhere.is_empty() {
            return None;
        }
        Some(Box::new(self.elsewhere.iter().map(|report| report as &dyn miette::Diagnostic)))
    }
}

/// A file as miette reads it: named, and with columns in characters, where miette counts bytes.
#[derive(Debug)]
struct Source<'a>(&'a SourceFile);

impl SourceCode for Source<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let text = self.0.text.as_str();
        let contents = text.read_span(span, lines_before, lines_after)?;
        let start = contents.span().offset();
        let column = self.0.position(u32::try_from(start).unwrap_or(u32::MAX)).column - 1;
        Ok(Box::new(MietteSpanContents::new_named(
            self.0.name.clone(),
            contents.data(),
            *contents.span(),
            contents.line(),
            column,
            contents.line_count(),
        )))
    }
}
