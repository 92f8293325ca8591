//! What a JSON value is to become: the declared columns, prepared for reading.

use super::names::Names;
use super::order::Order;
use crate::format::{Format, FormatError};
use crate::types::DataType;

/// The declared fields of an object.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) names: Names,
    pub(super) order: Order,
    pub(super) fields: Vec<Field>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) target: Target,
}

/// What a value is to become.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) data_type: DataType,
    pub(super) kind: Kind,
    /// Whether the value is needed, or only its being right.
    pub(super) wanted: bool,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar,
    Array(Box<Target>),
    Map(Box<Target>),
    Struct(Box<Shape>),
}

impl Target {
    pub(super) fn new(data_type: &DataType, wanted: bool, column: &str) -> Result<Self, FormatError> {
        let kind = match data_type {
            DataType::Array(element) => Kind::Array(Box::new(Self::new(element, wanted, column)?)),
            DataType::Map(key, value) if **key == DataType::String => {
                Kind::Map(Box::new(Self::new(value, wanted, column)?))
            }
            DataType::Map(..) => return Err(FormatError::unsupported(Format::Json, data_type, column)),
            DataType::Struct(fields) => Kind::Struct(Box::new(Shape::new(
                fields.iter().map(|f| (f.name.as_str(), &f.data_type, wanted)),
            )?)),
            _ => Kind::Scalar,
        };
        Ok(Self { data_type: data_type.clone(), kind, wanted })
    }
}

impl Shape {
    pub(super) fn new<'s>(
        fields: impl Iterator<Item = (&'s str, &'s DataType, bool)>,
    ) -> Result<Self, FormatError> {
        let fields = fields
            .map(|(name, data_type, wanted)| {
                Ok(Field { name: name.to_owned(), target: Target::new(data_type, wanted, name)? })
            })
            .collect::<Result<Vec<_>, FormatError>>()?;
        if fields.len() >= usize::from(u16::MAX) {
            return Err(FormatError(format!("{} fields are too many for a JSON object", fields.len())));
        }
        let names = Names::new(fields.iter().map(|f| f.name.as_str()));
        Ok(Self { names, order: Order::default(), fields })
    }
}
