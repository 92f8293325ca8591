//! Functions that choose among their arguments: NULLs, extremes, and AS_VALUE.

use std::cmp::Ordering;

use super::{Bound, Call, Function, Overload, Param, fixed, variadic};
use crate::types::{DataType, Value, compare, equal};

const T: Param = Param::Generic('T');

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "AS_VALUE",
        aliases: &[],
        overloads: &[fixed(&[T], as_value)],
        summary: "The argument itself: copies a key column into the value.",
        examples: &[("AS_VALUE('a')", "'a'")],
    },
    Function {
        name: "COALESCE",
        aliases: &[],
        overloads: &[variadic(&[T, T], coalesce)],
        summary: "The first argument that is not NULL.",
        examples: &[("COALESCE(NULL, 2, 3)", "2"), ("COALESCE('a', 'b')", "'a'")],
    },
    Function {
        name: "IFNULL",
        aliases: &[],
        overloads: &[fixed(&[T, T], coalesce)],
        summary: "The first argument, or the second where that is NULL.",
        examples: &[("IFNULL(NULL, 'none')", "'none'"), ("IFNULL('a', 'b')", "'a'")],
    },
    Function {
        name: "NULLIF",
        aliases: &[],
        overloads: &[fixed(&[T, T], null_if)],
        summary: "NULL where both arguments are equal, else the first.",
        examples: &[("NULLIF('a', 'a')", "NULL"), ("NULLIF(1, 2)", "1")],
    },
    Function {
        name: "GREATEST",
        aliases: &[],
        overloads: GREATEST,
        summary: "The highest of the arguments, NULLs left out.",
        examples: &[("GREATEST(1, NULL, 5, 3)", "5"), ("GREATEST('a', 'c', 'b')", "'c'")],
    },
    Function {
        name: "LEAST",
        aliases: &[],
        overloads: LEAST,
        summary: "The lowest of the arguments, NULLs left out.",
        examples: &[("LEAST(4, NULL, 2)", "2"), ("LEAST(1.5, 0.5)", "0.5")],
    },
];

const GREATEST: &[Overload] = &[
    variadic(&[Param::Integer, Param::Integer], greatest),
    variadic(&[Param::Bigint, Param::Bigint], greatest),
    variadic(&[Param::Decimal, Param::Decimal], greatest),
    variadic(&[Param::Double, Param::Double], greatest),
    variadic(&[Param::String, Param::String], greatest),
    variadic(&[Param::Bytes, Param::Bytes], greatest),
    variadic(&[Param::Date, Param::Date], greatest),
    variadic(&[Param::Time, Param::Time], greatest),
    variadic(&[Param::Timestamp, Param::Timestamp], greatest),
];

const LEAST: &[Overload] = &[
    variadic(&[Param::Integer, Param::Integer], least),
    variadic(&[Param::Bigint, Param::Bigint], least),
    variadic(&[Param::Decimal, Param::Decimal], least),
    variadic(&[Param::Double, Param::Double], least),
    variadic(&[Param::String, Param::String], least),
    variadic(&[Param::Bytes, Param::Bytes], least),
    variadic(&[Param::Date, Param::Date], least),
    variadic(&[Param::Time, Param::Time], least),
    variadic(&[Param::Timestamp, Param::Timestamp], least),
];

/// The type that all typed arguments share.
fn shared(call: &Call<'_>) -> Result<DataType, String> {
    let mut types = call.types.iter().flatten();
    let first = types.next().ok_or("all arguments are NULL, so it has no type")?;
    types
        .try_fold(first.clone(), |a, b| a.common(b))
        .ok_or_else(|| "the arguments have no common type".to_owned())
}

fn as_value(call: &Call<'_>) -> Result<Bound, String> {
    Bound::of(shared(call)?, |args| Ok(std::mem::take(&mut args[0])))
}

fn coalesce(call: &Call<'_>) -> Result<Bound, String> {
    Bound::of(shared(call)?, |args| {
        Ok(args.iter_mut().find(|v| !v.is_null()).map(std::mem::take).unwrap_or_default())
    })
}

fn null_if(call: &Call<'_>) -> Result<Bound, String> {
    Bound::of(shared(call)?, |args| {
        let same = !args[0].is_null() && !args[1].is_null() && equal(&args[0], &args[1]);
        Ok(if same { Value::Null } else { std::mem::take(&mut args[0]) })
    })
}

fn greatest(call: &Call<'_>) -> Result<Bound, String> {
    extreme(call, Ordering::Greater)
}

fn least(call: &Call<'_>) -> Result<Bound, String> {
    extreme(call, Ordering::Less)
}

fn extreme(call: &Call<'_>, wanted: Ordering) -> Result<Bound, String> {
    let returns = shared(call)?;
    let coerce = call.types.iter().map(|t| t.as_ref().map(|_| returns.clone())).collect();
    let bound = Bound::of(returns, move |args| {
        let mut best = Value::Null;
        for arg in args {
            if !arg.is_null() && (best.is_null() || compare(arg, &best) == Some(wanted)) {
                best = std::mem::take(arg);
            }
        }
        Ok(best)
    })?;
    Ok(Bound { coerce, ..bound })
}
