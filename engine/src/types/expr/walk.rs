//! Over the parts of an expression: which columns it reads, and to move them; what needs no computing.

use super::{Expr, Like, Node};
use crate::types::Value;

impl Expr {
    /// Whether it is a column or constant.
    pub(crate) fn lies_in_place(&self) -> bool {
        matches!(self.node, Node::Column { .. } | Node::Literal(_))
    }

    /// The value of a column or constant, where it lies.
    pub(crate) fn in_place<'r>(&'r self, row: &'r [Value<'r>]) -> Option<&'r Value<'r>> {
        match &self.node {
            Node::Column { index, .. } => Some(&row[*index]),
            Node::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Calls `visit` for each column index in it.
    pub fn visit_columns(&self, visit: &mut impl FnMut(usize)) {
        if let Node::Column { index, .. } = &self.node {
            visit(*index);
        }
        self.children().into_iter().for_each(|child| child.visit_columns(visit));
    }

    /// Moves each column to where `map` says.
    pub fn map_columns(&mut self, map: &impl Fn(usize) -> usize) {
        if let Node::Column { index, .. } = &mut self.node {
            *index = map(*index);
        }
        self.children_mut().into_iter().for_each(|child| child.map_columns(map));
    }

    /// Names each column for which `name` knows one.
    pub fn name_columns(&mut self, new: &impl Fn(usize) -> Option<String>) {
        if let Node::Column { index, name } = &mut self.node
            && let Some(new) = new(*index)
        {
            *name = new;
        }
        self.children_mut().into_iter().for_each(|child| child.name_columns(new));
    }

    /// Its direct parts.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.node {
            Node::Column { .. } | Node::Literal(_) => Vec::new(),
            Node::And(v) | Node::Or(v) | Node::Array(v) | Node::Struct(v) | Node::Call { args: v, .. } => {
                v.iter().collect()
            }
            Node::Not(e)
            | Node::Negate(e)
            | Node::Cast(e)
            | Node::NotNull(e)
            | Node::IsNull { expr: e, .. }
            | Node::Field { base: e, .. } => {
                vec![e]
            }
            // A lambda's body is over a row of its own.
            Node::HigherOrder { args, lambdas, .. } => {
                args.iter().chain(lambdas.iter().flat_map(|l| &l.captures)).collect()
            }
            Node::Compare(_, a, b) | Node::Arithmetic(_, a, b) | Node::Subscript(a, b) => vec![a, b],
            Node::Distinct { sides, .. } => sides.iter().collect(),
            Node::Between { parts, .. } => parts.iter().collect(),
            Node::In { expr, list, .. } => std::iter::once(&**expr).chain(list).collect(),
            Node::Like { expr, pattern, .. } => match &**pattern {
                Like::Constant(_) => vec![expr],
                Like::Dynamic { pattern, .. } => vec![expr, pattern],
            },
            Node::Case { whens, otherwise } => {
                whens.iter().flat_map(|(a, b)| [a, b]).chain(otherwise.as_deref()).collect()
            }
            Node::Map(entries) => entries.iter().flat_map(|(a, b)| [a, b]).collect(),
        }
    }

    fn children_mut(&mut self) -> Vec<&mut Expr> {
        match &mut self.node {
            Node::Column { .. } | Node::Literal(_) => Vec::new(),
            Node::And(v) | Node::Or(v) | Node::Array(v) | Node::Struct(v) | Node::Call { args: v, .. } => {
                v.iter_mut().collect()
            }
            Node::Not(e)
            | Node::Negate(e)
            | Node::Cast(e)
            | Node::NotNull(e)
            | Node::IsNull { expr: e, .. }
            | Node::Field { base: e, .. } => {
                vec![e]
            }
            // A lambda's body is over a row of its own.
            Node::HigherOrder { args, lambdas, .. } => {
                args.iter_mut().chain(lambdas.iter_mut().flat_map(|l| &mut l.captures)).collect()
            }
            Node::Compare(_, a, b) | Node::Arithmetic(_, a, b) | Node::Subscript(a, b) => vec![a, b],
            Node::Distinct { sides, .. } => sides.iter_mut().collect(),
            Node::Between { parts, .. } => parts.iter_mut().collect(),
            Node::In { expr, list, .. } => std::iter::once(&mut **expr).chain(list).collect(),
            Node::Like { expr, pattern, .. } => match &mut **pattern {
                Like::Constant(_) => vec![expr],
                Like::Dynamic { pattern, .. } => vec![expr, pattern],
            },
            Node::Case { whens, otherwise } => {
                whens.iter_mut().flat_map(|(a, b)| [a, b]).chain(otherwise.as_deref_mut()).collect()
            }
            Node::Map(entries) => entries.iter_mut().flat_map(|(a, b)| [a, b]).collect(),
        }
    }
}
