//! Several findings in one statement: a binder that goes on after the first mistake reports all of them.

use super::Diagnostic;
use crate::sql::ast::Span;

impl Diagnostic {
    /// The same finding about another place.
    #[must_use]
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.span = span;
        self
    }

    /// This finding and another one of the same statement.
    #[must_use]
    pub(crate) fn and(mut self, other: Diagnostic) -> Self {
        let mut last = &mut self.also;
        while let Some(next) = last {
            last = &mut next.also;
        }
        *last = Some(Box::new(other));
        self
    }

    /// All values, or all that is wrong with them.
    pub(crate) fn all<T>(
        results: impl IntoIterator<Item = Result<T, Diagnostic>>,
    ) -> Result<Vec<T>, Diagnostic> {
        let (mut values, mut wrong) = (Vec::new(), None::<Diagnostic>);
        for result in results {
            match result {
                Ok(value) => values.push(value),
                Err(other) => {
                    wrong = Some(match wrong {
                        Some(first) => first.and(other),
                        None => other,
                    });
                }
            }
        }
        wrong.map_or(Ok(values), Err)
    }

    /// Both values, or all that is wrong with them.
    pub(crate) fn both<A, B>(
        a: Result<A, Diagnostic>,
        b: Result<B, Diagnostic>,
    ) -> Result<(A, B), Diagnostic> {
        match (a, b) {
            (Ok(a), Ok(b)) => Ok((a, b)),
            (Err(a), Err(b)) => Err(a.and(b)),
            (Err(one), Ok(_)) | (Ok(_), Err(one)) => Err(one),
        }
    }

    /// The findings one by one, in the order of their places, each once.
    pub(crate) fn into_list(self) -> Vec<Diagnostic> {
        let mut list = Vec::new();
        let mut next = Some(Box::new(self));
        while let Some(mut one) = next {
            next = one.also.take();
            if !list.contains(&*one) {
                list.push(*one);
            }
        }
        list.sort_by_key(|one| (one.span.file, one.span.start));
        list
    }

    /// Each finding changed by `change`.
    pub(crate) fn map_each(mut self, change: &mut dyn FnMut(Diagnostic) -> Diagnostic) -> Diagnostic {
        let next = self.also.take();
        let changed = change(self);
        match next {
            Some(next) => changed.and(next.map_each(change)),
            None => changed,
        }
    }
}
