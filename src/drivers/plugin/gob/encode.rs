//! Writing: values of known types out, in the very bytes that Go would write.

use super::{Value, id};

/// The type of what is written. Names are Go's; nobody reads those of slices and maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bool`.
    Bool,
    /// Any signed integer.
    Int,
    /// Any unsigned integer.
    Uint,
    /// `[]byte`.
    Bytes,
    /// `string`.
    Text,
    /// An interface; the types that it may hold, by their registered names.
    Interface(&'static [(&'static str, Type)]),
    /// A struct.
    Struct {
        /// Its name, empty where it has none.
        name: &'static str,
        /// Its fields in order.
        fields: &'static [(&'static str, Type)],
    },
    /// A slice.
    Slice {
        /// Its name.
        name: &'static str,
        /// What it is made of.
        elem: &'static Type,
    },
    /// A map.
    Map {
        /// Its name.
        name: &'static str,
        /// The keys.
        key: &'static Type,
        /// The values.
        elem: &'static Type,
    },
}

/// Go's first id for a type of the user.
const FIRST_ID: i64 = id::FIRST_FREE + 1;

/// Writes the values of one stream, whose types it remembers.
#[derive(Debug, Default)]
pub struct Encoder {
    /// Types that have an id, in the order of their ids; a type has one before it is defined.
    known: Vec<Type>,
    sent: Vec<Type>,
}

impl Encoder {
    /// For a stream from its beginning.
    pub fn new() -> Self {
        Self::default()
    }

    /// The messages of one value, the definitions that it needs before it.
    ///
    /// # Panics
    /// When the value is not of the type: both are ours.
    pub fn encode(&mut self, value: &Value, of: Type) -> Vec<u8> {
        let (mut out, mut message) = (Vec::new(), Vec::new());
        self.define(&mut out, &mut message, of);
        put_int(&mut message, self.id(of));
        self.top_level(&mut out, &mut message, value, of);
        flush(&mut out, &mut message);
        out
    }

    fn top_level(&mut self, out: &mut Vec<u8>, message: &mut Vec<u8>, value: &Value, of: Type) {
        if !matches!(of, Type::Struct { .. }) {
            message.push(0);
        }
        self.value(out, message, value, of);
    }

    /// `out` is where definitions go, `message` what is being written.
    fn value(&mut self, out: &mut Vec<u8>, message: &mut Vec<u8>, value: &Value, of: Type) {
        match (of, value) {
            (Type::Bool, Value::Bool(is_on)) => put_uint(message, u64::from(*is_on)),
            (Type::Int, Value::Int(number)) => put_int(message, *number),
            (Type::Uint, Value::Uint(number)) => put_uint(message, *number),
            (Type::Bytes, Value::Bytes(bytes)) => put_bytes(message, bytes),
            (Type::Text, Value::Text(text)) => put_bytes(message, text.as_bytes()),
            (Type::Interface(_), Value::Nil) => message.push(0),
            (Type::Interface(types), Value::Interface(name, inner)) => {
                let (_, of) =
                    *types.iter().find(|(known, _)| known == name).expect("only registered names are used");
                put_bytes(message, name.as_bytes());
                self.define(out, message, of);
                put_int(message, self.id(of));
                let mut held = Vec::new();
                self.top_level(message, &mut held, inner, of);
                flush(message, &mut held);
            }
            (Type::Struct { fields, .. }, Value::Struct(values)) => {
                let mut last = 0;
                for (number, (name, of)) in (1..).zip(fields) {
                    let Some(value) = values.iter().find(|(field, _)| field == name).map(|(_, value)| value)
                    else {
                        continue;
                    };
                    if !is_zero(value) {
                        put_uint(message, number - last);
                        last = number;
                        self.value(out, message, value, *of);
                    }
                }
                message.push(0);
            }
            (Type::Slice { elem, .. }, Value::List(list)) => {
                put_uint(message, list.len() as u64);
                for value in list {
                    self.value(out, message, value, *elem);
                }
            }
            (Type::Map { key, elem, .. }, Value::Map(entries)) => {
                put_uint(message, entries.len() as u64);
                for (name, value) in entries {
                    self.value(out, message, name, *key);
                    self.value(out, message, value, *elem);
                }
            }
            (of, value) => panic!("{value:?} is no {of:?}"),
        }
    }

    fn id(&mut self, of: Type) -> i64 {
        let of = match of {
            Type::Bool => return id::BOOL,
            Type::Int => return id::INT,
            Type::Uint => return id::UINT,
            Type::Bytes => return id::BYTES,
            Type::Text => return id::TEXT,
            Type::Interface(_) => return id::INTERFACE,
            of @ (Type::Struct { .. } | Type::Slice { .. } | Type::Map { .. }) => of,
        };
        let place = self.known.iter().position(|known| *known == of).unwrap_or_else(|| {
            self.known.push(of);
            self.known.len() - 1
        });
        FIRST_ID + i64::try_from(place).expect("types are few")
    }

    /// Writes a type's definition, and those of the types it is made of, unless they are known over there. It is appended to the
    /// message that is being written, which then ends: so Go does, and its own reader counts on nothing else.
    fn define(&mut self, out: &mut Vec<u8>, message: &mut Vec<u8>, of: Type) {
        if self.sent.contains(&of) {
            return;
        }
        let id = self.id(of);
        if id < FIRST_ID {
            return;
        }
        put_int(message, -id);
        match of {
            Type::Struct { name, fields } => {
                put_head(message, 3, name, id);
                if !fields.is_empty() {
                    message.push(1);
                    put_uint(message, fields.len() as u64);
                }
                for (name, of) in fields {
                    message.push(1);
                    put_bytes(message, name.as_bytes());
                    message.push(1);
                    put_int(message, self.id(*of));
                    message.push(0);
                }
            }
            Type::Slice { name, elem } => {
                put_head(message, 2, name, id);
                message.push(1);
                put_int(message, self.id(*elem));
            }
            Type::Map { name, key, elem } => {
                put_head(message, 4, name, id);
                for of in [key, elem] {
                    message.push(1);
                    put_int(message, self.id(*of));
                }
            }
            Type::Bool | Type::Int | Type::Uint | Type::Bytes | Type::Text | Type::Interface(_) => {}
        }
        message.extend([0, 0]);
        flush(out, message);
        self.sent.push(of);
        match of {
            Type::Struct { fields, .. } => {
                for (_, of) in fields {
                    self.define(out, message, *of);
                }
            }
            Type::Slice { elem, .. } => self.define(out, message, *elem),
            Type::Map { key, elem, .. } => {
                self.define(out, message, *key);
                self.define(out, message, *elem);
            }
            Type::Bool | Type::Int | Type::Uint | Type::Bytes | Type::Text | Type::Interface(_) => {}
        }
    }
}

/// gob leaves fields out that are zero.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(is_on) => !is_on,
        Value::Int(number) => *number == 0,
        Value::Uint(number) => *number == 0,
        Value::Float(number) => *number == 0.0,
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::Text(text) => text.is_empty(),
        Value::List(list) => list.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        Value::Nil => true,
        Value::Complex(..) | Value::Struct(_) | Value::Interface(..) | Value::Opaque(_) => false,
    }
}

/// The kind of a type, then its name, if it has one, and its id.
fn put_head(message: &mut Vec<u8>, kind: u8, name: &str, id: i64) {
    message.extend([kind, 1]);
    if name.is_empty() {
        message.push(2);
    } else {
        message.push(1);
        put_bytes(message, name.as_bytes());
        message.push(1);
    }
    put_int(message, id);
    message.push(0);
}

/// Ends a message: its count and its bytes go out, and the next one begins.
fn flush(out: &mut Vec<u8>, message: &mut Vec<u8>) {
    put_uint(out, message.len() as u64);
    out.append(message);
}

fn put_bytes(message: &mut Vec<u8>, bytes: &[u8]) {
    put_uint(message, bytes.len() as u64);
    message.extend(bytes);
}

fn put_int(message: &mut Vec<u8>, number: i64) {
    put_uint(message, (number << 1 ^ number >> 63).cast_unsigned());
}

fn put_uint(message: &mut Vec<u8>, number: u64) {
    if let Some(small) = u8::try_from(number).ok().filter(|small| *small < 0x80) {
        message.push(small);
        return;
    }
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let count = u8::try_from(bytes.len() - zeros).expect("eight at most");
    message.push(count.wrapping_neg());
    message.extend(&bytes[zeros..]);
}
