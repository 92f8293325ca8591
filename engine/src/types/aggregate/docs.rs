//! What each aggregate function is for: the source of its page and of messages.
//!
//! What holds: every name of [`super::NAMES`] has an entry, and every example gives what it says: tests run it.

/// What a function's page says.
#[derive(Debug)]
pub struct Doc {
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub signatures: &'static [&'static str],
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// What it does with NULL.
    pub nulls: &'static str,
    /// Whether it can be used on a table: whether a row that changes can be taken out of it again.
    pub on_tables: bool,
    /// A call over the columns of `rows`: `v` first, then `w`.
    pub example: Example,
}

/// A call and what it gives.
#[derive(Debug)]
pub struct Example {
    /// Values of the columns `v` and `w` as JSON, row by row.
    pub rows: &'static [&'static str],
    /// The call.
    pub call: &'static str,
    /// The result as JSON.
    pub gives: &'static str,
}

const fn example(rows: &'static [&'static str], call: &'static str, gives: &'static str) -> Example {
    Example { rows, call, gives }
}

/// By name.
pub const DOCS: &[Doc] = &[
    Doc {
        name: "ATTR",
        signatures: &["ATTR(any)"],
        summary: "The value that all records of the group have in common; NULL where they have different ones.",
        nulls: "NULL counts as a value of its own.",
        on_tables: true,
        example: example(&[r#"["EUR"]"#, r#"["EUR"]"#], "ATTR(v)", r#""EUR""#),
    },
    Doc {
        name: "AVG",
        signatures: &["AVG(number)"],
        summary: "The mean, a DOUBLE; 0.0 without values.",
        nulls: "NULLs do not count.",
        on_tables: true,
        example: example(&["[1]", "[null]", "[4]"], "AVG(v)", "2.5"),
    },
    Doc {
        name: "COLLECT_LIST",
        signatures: &["COLLECT_LIST(any)"],
        summary: "All values in the order of their records, as an ARRAY of at most \
                  ksql.functions.collect_list.limit elements; without a limit it grows with the group.",
        nulls: "NULLs are elements too.",
        on_tables: true,
        example: example(&["[3]", "[null]", "[3]"], "COLLECT_LIST(v)", "[3,null,3]"),
    },
    Doc {
        name: "COLLECT_SET",
        signatures: &["COLLECT_SET(any)"],
        summary: "The distinct values in the order in which they first occur, as an ARRAY of at most \
                  ksql.functions.collect_set.limit elements.",
        nulls: "NULL is a value too.",
        on_tables: false,
        example: example(&["[3]", "[1]", "[3]"], "COLLECT_SET(v)", "[3,1]"),
    },
    Doc {
        name: "CORRELATION",
        signatures: &["CORRELATION(number, number)"],
        summary: "Pearson's correlation coefficient of two columns, a DOUBLE; NaN where it is not defined.",
        nulls: "A record with a NULL in either column does not count.",
        on_tables: true,
        example: example(&["[1, 10]", "[2, 20]", "[3, 30]"], "CORRELATION(v, w)", "1.0"),
    },
    Doc {
        name: "COUNT",
        signatures: &["COUNT(*)", "COUNT(any)"],
        summary: "How many records there are, or how many have a value.",
        nulls: "COUNT(*) counts all records, COUNT(v) those where v is not NULL.",
        on_tables: true,
        example: example(&["[1]", "[null]", "[1]"], "COUNT(v)", "2"),
    },
    Doc {
        name: "COUNT_DISTINCT",
        signatures: &["COUNT_DISTINCT(any)"],
        summary: "How many distinct values there are: exact, at the price of keeping each of them.",
        nulls: "NULLs do not count.",
        on_tables: false,
        example: example(&["[3]", "[1]", "[3]", "[null]"], "COUNT_DISTINCT(v)", "2"),
    },
    Doc {
        name: "EARLIEST_BY_OFFSET",
        signatures: &[
            "EARLIEST_BY_OFFSET(any [, ignore nulls])",
            "EARLIEST_BY_OFFSET(any, n [, ignore nulls])",
        ],
        summary: "The value of the first record, or the values of the first n as an ARRAY.",
        nulls: "NULLs are passed over, unless the last argument is FALSE.",
        on_tables: false,
        example: example(&["[null]", "[4]", "[5]", "[6]"], "EARLIEST_BY_OFFSET(v, 2)", "[4,5]"),
    },
    Doc {
        name: "HISTOGRAM",
        signatures: &["HISTOGRAM(VARCHAR)"],
        summary: "How often each value occurs, as a MAP from VARCHAR to BIGINT. Values past the first 1000 are \
                  ignored.",
        nulls: "NULLs do not count.",
        on_tables: true,
        example: example(&[r#"["a"]"#, r#"["b"]"#, r#"["a"]"#], "HISTOGRAM(v)", r#"{"a":2,"b":1}"#),
    },
    Doc {
        name: "LATEST_BY_OFFSET",
        signatures: &["LATEST_BY_OFFSET(any [, ignore nulls])", "LATEST_BY_OFFSET(any, n [, ignore nulls])"],
        summary: "The value of the last record, or the values of the last n as an ARRAY, oldest first.",
        nulls: "NULLs are passed over, unless the last argument is FALSE.",
        on_tables: false,
        example: example(&["[4]", "[5]", "[6]", "[null]"], "LATEST_BY_OFFSET(v, 2)", "[5,6]"),
    },
    Doc {
        name: "MAX",
        signatures: &["MAX(number, VARCHAR, BYTES, DATE, TIME or TIMESTAMP)"],
        summary: "The greatest value.",
        nulls: "NULLs do not count; NULL without values.",
        on_tables: false,
        example: example(&["[4]", "[9]", "[null]"], "MAX(v)", "9"),
    },
    Doc {
        name: "MIN",
        signatures: &["MIN(number, VARCHAR, BYTES, DATE, TIME or TIMESTAMP)"],
        summary: "The lowest value.",
        nulls: "NULLs do not count; NULL without values.",
        on_tables: false,
        example: example(&["[4]", "[9]", "[null]"], "MIN(v)", "4"),
    },
    Doc {
        name: "STDDEV_SAMP",
        signatures: &["STDDEV_SAMP(number)"],
        summary: "The sample variance, a DOUBLE: the square of the deviation, as ksqlDB has it; 0.0 with fewer \
                  than two values.",
        nulls: "NULLs do not count.",
        on_tables: true,
        example: example(&["[1]", "[3]", "[5]"], "STDDEV_SAMP(v)", "4.0"),
    },
    Doc {
        name: "STDDEV_SAMPLE",
        signatures: &["STDDEV_SAMPLE(number)"],
        summary: "The sample standard deviation, a DOUBLE; 0.0 with fewer than two values.",
        nulls: "NULLs do not count.",
        on_tables: true,
        example: example(&["[1]", "[3]", "[5]"], "STDDEV_SAMPLE(v)", "2.0"),
    },
    Doc {
        name: "SUM",
        signatures: &["SUM(number)"],
        summary: "The sum, of the argument's type; 0 without values. One that does not fit is left out and \
                  counted as an error.",
        nulls: "NULLs do not count.",
        on_tables: true,
        example: example(&["[4]", "[null]", "[9]"], "SUM(v)", "13"),
    },
    Doc {
        name: "SUM_LIST",
        signatures: &["SUM_LIST(ARRAY<INT>)", "SUM_LIST(ARRAY<BIGINT>)", "SUM_LIST(ARRAY<DOUBLE>)"],
        summary: "The sum of all elements of the lists, of the elements' type; 0 without values. A list with which \
                  it does not fit is left out and counted as an error.",
        nulls: "NULLs do not count, as lists and as elements.",
        on_tables: true,
        example: example(&["[[4, 2]]", "[null]", "[[9, null]]"], "SUM_LIST(v)", "15"),
    },
    Doc {
        name: "TOPK",
        signatures: &["TOPK(v, k)", "TOPK(v, any, ..., k)"],
        summary: "The k greatest values, greatest first, as an ARRAY. With more columns the elements are structs \
                  of the column that is ranked by (sort_col) and the others (col0, col1 and so on).",
        nulls: "Records where the first column is NULL do not count.",
        on_tables: false,
        example: example(
            &[r#"[4, "a"]"#, r#"[9, "b"]"#, r#"[7, "c"]"#],
            "TOPK(v, w, 2)",
            r#"[{"sort_col":9,"col0":"b"},{"sort_col":7,"col0":"c"}]"#,
        ),
    },
    Doc {
        name: "TOPKDISTINCT",
        signatures: &["TOPKDISTINCT(v, k)"],
        summary: "The k greatest distinct values, greatest first, as an ARRAY.",
        nulls: "NULLs do not count.",
        on_tables: false,
        example: example(&["[4]", "[9]", "[9]", "[7]"], "TOPKDISTINCT(v, 2)", "[9,7]"),
    },
];
