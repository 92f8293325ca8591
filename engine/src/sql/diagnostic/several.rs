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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: u32, message: &str) -> Diagnostic {
        Diagnostic::error("test", Span { file: 0, start, end: start + 1 }, message)
    }

    fn messages(one: Diagnostic) -> Vec<(u32, String)> {
        one.into_list().into_iter().map(|d| (d.span.start, d.message.into())).collect()
    }

    #[test]
    fn all_that_is_wrong_is_listed_by_place_and_once() {
        let results = [Err(at(7, "c")), Ok(1), Err(at(3, "b").and(at(1, "a"))), Err(at(3, "b"))];
        let wrong = Diagnostic::all(results).unwrap_err();
        assert_eq!(messages(wrong), [(1, "a".into()), (3, "b".into()), (7, "c".into())]);
        assert_eq!(Diagnostic::all([Ok(1), Ok(2)]), Ok(vec![1, 2]));
    }

    #[test]
    fn one_of_two_that_is_right_hides_nothing() {
        assert_eq!(
            messages(Diagnostic::both(Ok(1), Err::<(), _>(at(2, "b"))).unwrap_err()),
            [(2, "b".into())]
        );
        let both = Diagnostic::both(Err::<(), _>(at(2, "b")), Err::<(), _>(at(1, "a"))).unwrap_err();
        assert_eq!(messages(both), [(1, "a".into()), (2, "b".into())]);
        assert_eq!(Diagnostic::both(Ok(1), Ok('x')), Ok((1, 'x')));
    }

    #[test]
    fn a_change_reaches_each() {
        let changed = at(1, "a").and(at(2, "b")).map_each(&mut |d| d.hint("look here"));
        assert!(changed.into_list().iter().all(|d| d.hint.as_deref() == Some("look here")));
    }
}
