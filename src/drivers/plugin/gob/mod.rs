//! gob, the encoding of Go's net/rpc, as far as a peer of driver plugins needs it: every self-describing stream can be read, and the
//! types of requests can be written, byte for byte as Go writes them.
//!
//! The format is described in the documentation of Go's `encoding/gob`. A stream is a row of counted messages; a message defines a
//! type or holds a value of one. What is read is judged by nobody before us, so sizes, depth and counts are bounded, and no input
//! makes the reader panic.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

pub use decode::Decoder;
pub use encode::{Encoder, Type};

/// The largest message, and the most bytes of one value over all its messages.
const MOST_BYTES: usize = 16 << 20;
/// The most values within one value.
const MOST_VALUES: usize = 1 << 20;
/// The deepest nesting of values.
const DEEPEST: usize = 64;
/// The most types a stream may define, and the most fields one of them may have.
const MOST_TYPES: usize = 1024;

/// Ids of the types that every stream knows.
mod id {
    pub(super) const BOOL: i64 = 1;
    pub(super) const INT: i64 = 2;
    pub(super) const UINT: i64 = 3;
    pub(super) const FLOAT: i64 = 4;
    pub(super) const BYTES: i64 = 5;
    pub(super) const TEXT: i64 = 6;
    pub(super) const COMPLEX: i64 = 7;
    pub(super) const INTERFACE: i64 = 8;
    /// Ids below are gob's own.
    pub(super) const FIRST_FREE: i64 = 64;
}

/// Any value of a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `bool`.
    Bool(bool),
    /// Any signed integer.
    Int(i64),
    /// Any unsigned integer.
    Uint(u64),
    /// Any floating-point number.
    Float(f64),
    /// A complex number: its real and its imaginary part.
    Complex(f64, f64),
    /// `[]byte`.
    Bytes(Vec<u8>),
    /// `string`; bytes that are no UTF-8 are replaced.
    Text(String),
    /// A slice or an array.
    List(Vec<Value>),
    /// A map in the stream's order, which in Go is random.
    Map(Vec<(Value, Value)>),
    /// A struct: the fields that are not zero, which are all that gob sends.
    Struct(Vec<(String, Value)>),
    /// An interface that holds nothing.
    Nil,
    /// An interface: the registered name of the type that it holds, and the value.
    Interface(String, Box<Value>),
    /// What a type wrote by a method of its own: its bytes, uninterpreted.
    Opaque(Vec<u8>),
}

impl Value {
    /// A struct without fields, which stands for no argument.
    pub const EMPTY: Self = Self::Struct(Vec::new());

    /// A field of a struct; one that is zero is not there.
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Struct(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// A text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number, of whatever sign.
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Uint(number) => i64::try_from(*number).ok(),
            _ => None,
        }
    }
}

/// Why a stream cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GobError {
    /// The stream ended between two values.
    #[error("the stream ended")]
    Ended,
    /// The stream ended in the middle, or could not be read.
    #[error("the stream broke off")]
    Io(#[from] std::io::Error),
    /// A message ended within a value.
    #[error("a message is shorter than what it holds")]
    Short,
    /// A message goes on after its value.
    #[error("a message has {0} bytes more than it should")]
    Surplus(usize),
    /// Something is larger than anything a plugin has to say.
    #[error("{what} of {count} is more than the {most} that are taken")]
    TooMuch {
        /// What is too large.
        what: &'static str,
        /// How large it is said to be.
        count: u64,
        /// The bound.
        most: usize,
    },
    /// A value is of a type that was never defined.
    #[error("the type {0} was never defined")]
    UnknownType(i64),
    /// A type's definition is wrong.
    #[error("the definition of the type {id} is wrong: {reason}")]
    BadType {
        /// The type.
        id: i64,
        /// What is wrong.
        reason: &'static str,
    },
    /// A value does not fit its type.
    #[error("{0}")]
    BadValue(&'static str),
}

type Result<T> = std::result::Result<T, GobError>;
