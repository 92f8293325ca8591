//! Tests of the formats; see the files beside this one for those of their parts.
