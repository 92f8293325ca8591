//! Functions of sums and sums of squares: CORRELATION, STDDEV_SAMP and STDDEV_SAMPLE.
//!
//! The formulas are ksqlDB's, in the same order of operations, so that the results are the same to the last
//! digit: the one-pass Pearson coefficient, and the Youngs-Cramer update of a sum of squared deviations.

use super::Function;
use crate::types::Value;

/// What is summed up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moments {
    /// How many values or pairs.
    pub count: f64,
    /// Of the values, or of x.
    pub sum: f64,
    /// Of the squared deviations from the mean, or of x squared.
    pub squares: f64,
    /// CORRELATION: of y.
    pub other_sum: f64,
    /// CORRELATION: of y squared.
    pub other_squares: f64,
    /// CORRELATION: of x times y.
    pub products: f64,
}

impl Moments {
    /// Takes a value, or with a `sign` of -1 takes it out again. A NULL, also in a pair, counts for nothing.
    pub(super) fn take(&mut self, value: &Value<'_>, sign: f64) {
        match value {
            Value::Struct(pair) => {
                if let [x, y] = pair.as_slice()
                    && let (Some(x), Some(y)) = (x.as_f64(), y.as_f64())
                {
                    self.take_pair(x, y, sign);
                }
            }
            value => {
                if let Some(x) = value.as_f64() {
                    self.take_one(x, sign);
                }
            }
        }
    }

    fn take_pair(&mut self, x: f64, y: f64, sign: f64) {
        self.count += sign;
        self.sum += sign * x;
        self.other_sum += sign * y;
        self.squares += sign * (x * x);
        self.other_squares += sign * (y * y);
        self.products += sign * (x * y);
    }

    fn take_one(&mut self, x: f64, sign: f64) {
        let count = self.count + sign;
        if count > 0.0 && self.count > 0.0 {
            let delta = x * (self.count + 1.0) - (self.sum + x);
            self.squares += sign * (delta * delta / (count * self.count));
        }
        self.count = count;
        self.sum += sign * x;
    }

    /// Adds another accumulator's sums.
    pub(super) fn merge(&mut self, function: Function, later: &Self) {
        if function != Function::Correlation && self.count > 0.0 && later.count > 0.0 {
            let apart = self.sum / self.count - later.sum / later.count;
            self.squares += self.count * later.count * apart * apart / (self.count + later.count);
        }
        self.count += later.count;
        self.sum += later.sum;
        self.squares += later.squares;
        self.other_sum += later.other_sum;
        self.other_squares += later.other_squares;
        self.products += later.products;
    }

    /// The result so far.
    pub(super) fn result(&self, function: Function) -> f64 {
        let variance = if self.count < 2.0 { 0.0 } else { self.squares / (self.count - 1.0) };
        match function {
            Function::Correlation => self.correlation(),
            Function::Deviation => variance.sqrt(),
            _ => variance,
        }
    }

    fn correlation(&self) -> f64 {
        let n = self.count;
        let together = n * self.products - self.sum * self.other_sum;
        let (x, y) = (
            n * self.squares - self.sum * self.sum,
            n * self.other_squares - self.other_sum * self.other_sum,
        );
        together / (x * y).sqrt()
    }

    /// The numbers in their order in a changelog.
    pub(super) fn numbers(&self) -> [f64; 6] {
        [self.count, self.sum, self.squares, self.other_sum, self.other_squares, self.products]
    }

    /// As [`Moments::numbers`] gave them.
    pub(super) fn of([count, sum, squares, other_sum, other_squares, products]: [f64; 6]) -> Self {
        Self { count, sum, squares, other_sum, other_squares, products }
    }
}
