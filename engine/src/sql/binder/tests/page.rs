//! `docs/sql/functions.md` is what the registry says. `UPDATE_DOCS=1 cargo test -p engine --lib page` writes
//! it anew.

use std::fmt::Write as _;

use super::{eval, gives, parse};
use crate::sql::ast::{Expr as AstExpr, ExprKind};
use crate::sql::binder::expr::bind;
use crate::sql::binder::scope::{Constants, children};
use crate::types::aggregate::{DOCS, Doc};
use crate::types::expr::{HigherOrder, cast};
use crate::types::functions::tests::sql;
use crate::types::functions::{Call, Function, TableFunction, families, resolve};
use crate::types::{DataType, Value};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sql/functions.md");

/// The arguments of the first call of this name in an expression.
fn find_call<'e>(expr: &'e AstExpr, function: &Function) -> Option<&'e [AstExpr]> {
    match &expr.kind {
        ExprKind::Call { name, args, .. } if name.name == function.name && !args.is_empty() => Some(args),
        _ => children(expr).into_iter().find_map(|child| find_call(child, function)),
    }
}

/// For each argument of an example whether a NULL there makes the result NULL; None where the example gives
/// NULL anyway.
fn nulls_of(function: &Function, example: &str) -> Option<Vec<bool>> {
    let expr = parse(example);
    let bound: Vec<_> = find_call(&expr, function)?
        .iter()
        .map(|arg| bind(&mut Constants::default(), arg))
        .collect::<Result<_, _>>()
        .ok()?;
    let types: Vec<Option<DataType>> = bound.iter().map(|arg| arg.data_type.clone()).collect();
    let values: Vec<Value<'static>> =
        bound.iter().map(|arg| arg.eval(&[]).unwrap_or_default().into_owned()).collect();
    if values.iter().any(Value::is_null) {
        return None;
    }
    let literals = vec![None; types.len()];
    let call = resolve(function.name, &Call { types: &types, literals: &literals }).ok()?;
    let is_null = |values: &[Value<'static>]| {
        let coerce = call.coerce.iter().chain(std::iter::repeat(&None));
        let args = values.iter().zip(coerce).map(|(value, to)| match to {
            Some(to) => cast(value.clone(), to).unwrap_or_default(),
            None => value.clone(),
        });
        (call.eval)(&mut args.collect::<Vec<_>>()).unwrap_or_default().is_null()
    };
    if is_null(&values) {
        return None;
    }
    let with_null = |at: usize| {
        let mut values = values.clone();
        values[at] = Value::Null;
        is_null(&values)
    };
    Some((0..values.len()).map(with_null).collect())
}

/// What a NULL does, as the function itself shows with its examples.
fn null_rule(function: &Function) -> String {
    if function.overloads.iter().all(|overload| overload.params.is_empty()) {
        return "It takes no argument.".into();
    }
    let nulls = function.examples.iter().find_map(|(example, _)| nulls_of(function, example));
    let nulls = nulls.unwrap_or_else(|| panic!("{}: an example without NULL is missing", function.name));
    match nulls.iter().filter(|null| **null).count() {
        0 => "A NULL argument does not make it NULL.".into(),
        count if count == nulls.len() => "NULL where an argument is NULL.".into(),
        _ => {
            let places: Vec<_> = nulls
                .iter()
                .enumerate()
                .filter(|(_, null)| **null)
                .map(|(i, _)| (i + 1).to_string())
                .collect();
            format!("NULL where argument {} is NULL.", places.join(" or "))
        }
    }
}

fn entry(page: &mut String, name: &str, summary: &str, signatures: &[String], null: &str) {
    let _ = write!(page, "### {name}\n\n{summary}\n\n");
    for signature in signatures {
        let _ = writeln!(page, "- `{signature}`");
    }
    let _ = write!(page, "\n{null}\n\n");
}

/// The type of an example's result, by the name by which it is declared.
fn type_of(call: &str) -> Option<String> {
    let bound = bind(&mut Constants::default(), &parse(call)).ok()?;
    Some(bound.data_type?.to_string().replace("STRING", "VARCHAR").replace("INTEGER", "INT"))
}

fn examples(page: &mut String, examples: &[(&str, &str)]) {
    for (call, result) in examples {
        let of = type_of(call).map_or(String::new(), |data_type| format!(", `{data_type}`"));
        let _ = writeln!(page, "- `` {call} `` gives `` {result} ``{of}");
    }
    page.push('\n');
}

fn scalar(page: &mut String, function: &Function) {
    let signatures: Vec<_> = function.overloads.iter().map(|o| o.signature(function.name)).collect();
    let also = match function.aliases {
        [] => String::new(),
        names => format!(" Also called {}.", names.join(", ")),
    };
    let summary = format!("{}{also}", function.summary);
    entry(page, function.name, &summary, &signatures, &null_rule(function));
    examples(page, function.examples);
}

/// What looks like a function and is syntax: name, summary, form, what NULL does, examples.
type Form = (&'static str, &'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const FORMS: &[Form] = &[
    (
        "ARRAY",
        "An array of its elements, which are brought to one type.",
        "ARRAY[T, ...]",
        "NULLs are elements too; not all may be NULL.",
        &[("ARRAY[1, NULL, 3]", "ARRAY[1,NULL,3]")],
    ),
    (
        "CASE",
        "The first result whose condition is TRUE, else that of ELSE. Results are of one type.",
        "CASE WHEN condition THEN T ... [ELSE T] END",
        "A condition with NULL is FALSE; without ELSE it is NULL where nothing fits.",
        &[
            ("CASE WHEN 1 > 2 THEN 'more' ELSE 'less' END", "'less'"),
            ("CASE 'FR' WHEN 'FR' THEN 'near' END", "'near'"),
        ],
    ),
    (
        "CAST",
        "The value as another type, see [casts](types.md#casts).",
        "CAST(value AS type)",
        "NULL where the value is NULL or cannot be converted.",
        &[("CAST('7' AS INT)", "7"), ("CAST(2.75 AS DECIMAL(3, 1))", "2.8"), ("CAST('x' AS INT)", "NULL")],
    ),
    (
        "MAP",
        "A map of its entries; keys and values are each brought to one type.",
        "MAP(key := value, ...)",
        "NULLs are values too; not all may be NULL.",
        &[("MAP('a' := 1, 'b' := 2)", "MAP('a':=1,'b':=2)")],
    ),
    (
        "STRUCT",
        "A struct of its fields; `->` takes one out.",
        "STRUCT(name := value, ...)",
        "A field that is NULL needs a type: `CAST(NULL AS INT)`.",
        &[("STRUCT(a := 1, b := 'x')->b", "'x'")],
    ),
];

fn forms(page: &mut String) {
    page.push_str("## Forms that look like functions\n\n");
    for (name, summary, form, null, calls) in FORMS {
        entry(page, name, summary, &[(*form).to_owned()], null);
        examples(page, calls);
    }
}

fn page() -> String {
    let mut page = String::from(
        "# Functions\n\nThis page is written from the engine's table of functions: a test fails where they \
         differ, and runs every example.\nWhat a function does with a value that it cannot use (text that is \
         no date, say) is NULL at its place.\n\n",
    );
    for (title, family) in families() {
        let _ = write!(page, "## {title}\n\n");
        family.iter().for_each(|function| scalar(&mut page, function));
    }
    forms(&mut page);
    page.push_str("## Functions that take lambdas\n\n");
    for function in HigherOrder::ALL {
        let signatures: Vec<_> = function.signatures().iter().map(ToString::to_string).collect();
        entry(&mut page, function.name(), function.summary(), &signatures, function.null());
        examples(&mut page, function.examples());
    }
    page.push_str(
        "## Table functions\n\nThey stand in the SELECT of a stream's query and give one row per value.\n\n",
    );
    for function in TableFunction::ALL {
        let signature = format!("{}(ARRAY<T>)", function.name());
        entry(&mut page, function.name(), function.summary(), &[signature], "No row for NULL.");
        let (call, rows) = function.example();
        let rows: Vec<_> = rows.iter().map(|row| format!("`` {row} ``")).collect();
        let _ = write!(page, "- `` {call} `` gives the rows {}\n\n", rows.join(", "));
    }
    page.push_str(
        "## Aggregate functions\n\nThey stand in SELECT and HAVING of a query with GROUP BY. The examples are over \
         the records of one group, with the columns v and w.\n\n",
    );
    DOCS.iter().for_each(|doc| aggregate(&mut page, doc));
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn aggregate(page: &mut String, doc: &Doc) {
    let signatures: Vec<_> = doc.signatures.iter().map(ToString::to_string).collect();
    let on_tables = if doc.on_tables { "" } else { " Not over a table, whose rows change." };
    entry(page, doc.name, &format!("{}{on_tables}", doc.summary), &signatures, doc.nulls);
    let rows: Vec<_> = doc.example.rows.iter().map(|row| format!("`{row}`")).collect();
    let _ =
        write!(page, "- `{}` over {} gives `{}`\n\n", doc.example.call, rows.join(", "), doc.example.gives);
}

#[test]
fn examples_of_table_functions_hold() {
    for function in TableFunction::ALL {
        let (call, rows) = function.example();
        let expr = parse(call);
        let ExprKind::Call { args, .. } = &expr.kind else { panic!("{call}") };
        let argument = bind(&mut Constants::default(), &args[0]).unwrap();
        let given = function.rows(argument.eval(&[]).unwrap());
        assert_eq!(given.iter().map(sql).collect::<Vec<_>>(), rows, "{call}");
    }
}

#[test]
fn the_page_of_functions_is_what_the_registry_says() {
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(written == page, "docs/sql/functions.md differs: UPDATE_DOCS=1 cargo test -p engine --lib page");
}

#[test]
fn examples_of_forms_hold() {
    for (_, _, _, _, calls) in FORMS {
        gives(calls);
    }
}

#[test]
fn examples_of_lambdas_hold() {
    for function in HigherOrder::ALL {
        assert!(!function.examples().is_empty());
        for (call, result) in function.examples() {
            assert_eq!(eval(call).as_deref(), Ok(*result), "{call}");
        }
    }
}
