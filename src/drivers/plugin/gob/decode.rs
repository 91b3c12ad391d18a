//! Reading: messages in, values out.

use std::{collections::HashMap, io::Read};

use super::{DEEPEST, GobError, MOST_BYTES, MOST_TYPES, MOST_VALUES, Result, Value, id};

/// A type as the stream defines it; other types are named by their ids, and may be defined later.
#[derive(Clone, Debug)]
enum Wire {
    Array { elem: i64, len: usize },
    Slice { elem: i64 },
    Struct { fields: Vec<(String, i64)> },
    Map { key: i64, elem: i64 },
    Opaque,
}

/// Reads the values of one stream, whose types it remembers.
pub struct Decoder<R> {
    source: R,
    types: HashMap<i64, Wire>,
    message: Message,
    /// What is left of the bounds for the value being read.
    bytes_left: usize,
    values_left: usize,
}

impl<R: Read> Decoder<R> {
    /// For a stream from its beginning.
    pub fn new(source: R) -> Self {
        Self {
            source,
            types: HashMap::new(),
            message: Message::default(),
            bytes_left: MOST_BYTES,
            values_left: MOST_VALUES,
        }
    }

    /// The next value; the definitions before it are taken in.
    ///
    /// After an error the place in the stream is lost: nothing more can be read from it.
    pub fn decode(&mut self) -> Result<Value> {
        (self.bytes_left, self.values_left) = (MOST_BYTES, MOST_VALUES);
        let id = loop {
            self.next_message()?;
            let id = self.message.int()?;
            if id >= 0 {
                break id;
            }
            self.define(id)?;
            self.message.end()?;
        };
        let value = self.top_level(id, DEEPEST)?;
        self.message.end()?;
        Ok(value)
    }

    /// A value that has a message, or an interface, for itself: what is no struct comes after a zero.
    fn top_level(&mut self, id: i64, depth: usize) -> Result<Value> {
        let is_struct = matches!(self.types.get(&id), Some(Wire::Struct { .. }));
        if !is_struct && self.message.uint()? != 0 {
            return Err(GobError::BadValue("a value that is no struct does not begin with a zero"));
        }
        self.value(id, depth)
    }

    fn value(&mut self, id: i64, depth: usize) -> Result<Value> {
        let too_much =
            |what, most| Err(GobError::TooMuch { what, count: (most as u64).saturating_add(1), most });
        let Some(depth) = depth.checked_sub(1) else { return too_much("a nesting", DEEPEST) };
        let Some(left) = self.values_left.checked_sub(1) else {
            return too_much("a number of values", MOST_VALUES);
        };
        self.values_left = left;
        Ok(match id {
            id::BOOL => Value::Bool(match self.message.uint()? {
                0 => false,
                1 => true,
                _ => return Err(GobError::BadValue("a bool is neither 0 nor 1")),
            }),
            id::INT => Value::Int(self.message.int()?),
            id::UINT => Value::Uint(self.message.uint()?),
            id::FLOAT => Value::Float(self.message.float()?),
            id::BYTES => Value::Bytes(self.message.counted()?.to_vec()),
            id::TEXT => Value::Text(self.message.text()?),
            id::COMPLEX => Value::Complex(self.message.float()?, self.message.float()?),
            id::INTERFACE => self.interface(depth)?,
            _ => match self.types.get(&id).cloned().ok_or(GobError::UnknownType(id))? {
                Wire::Array { elem, len } => {
                    let list = self.list(elem, depth)?;
                    if list.len() != len {
                        return Err(GobError::BadValue("an array is not as long as its type says"));
                    }
                    Value::List(list)
                }
                Wire::Slice { elem } => Value::List(self.list(elem, depth)?),
                Wire::Map { key, elem } => self.map(key, elem, depth)?,
                Wire::Struct { fields } => self.fields(&fields, depth)?,
                Wire::Opaque => Value::Opaque(self.message.counted()?.to_vec()),
            },
        })
    }

    fn list(&mut self, elem: i64, depth: usize) -> Result<Vec<Value>> {
        // Nothing is set aside by a count that may be a lie: every element takes a byte at least, and the bytes are counted.
        (0..self.message.uint()?).map(|_| self.value(elem, depth)).collect::<Result<_>>()
    }

    fn map(&mut self, key: i64, elem: i64, depth: usize) -> Result<Value> {
        let count = self.message.uint()?;
        let entries = (0..count).map(|_| Ok((self.value(key, depth)?, self.value(elem, depth)?)));
        Ok(Value::Map(entries.collect::<Result<_>>()?))
    }

    fn fields(&mut self, fields: &[(String, i64)], depth: usize) -> Result<Value> {
        let mut values = Vec::new();
        let mut numbers = Numbers::default();
        while let Some(number) = numbers.next(&mut self.message)? {
            let (name, id) =
                fields.get(number).ok_or(GobError::BadValue("a struct has a field that its type has not"))?;
            values.push((name.clone(), self.value(*id, depth)?));
        }
        Ok(Value::Struct(values))
    }

    /// The name of a type, its definition where it is the first of its kind, its id, a count of bytes, the value.
    ///
    /// Go writes a definition into whatever it is writing at that moment and ends that there: at the outside the message ends, and
    /// what follows is a message of its own; within another interface a count follows in line. The outer interface's count then says
    /// less than there is, so counts are read and not believed.
    fn interface(&mut self, depth: usize) -> Result<Value> {
        let name = self.message.text()?;
        if name.is_empty() {
            return Ok(Value::Nil);
        }
        let id = loop {
            if self.message.is_over() {
                self.next_message()?;
            }
            let id = self.message.int()?;
            if id >= 0 {
                break id;
            }
            self.define(id)?;
            if !self.message.is_over() {
                self.message.uint()?;
            }
        };
        self.message.uint()?;
        Ok(Value::Interface(name, Box::new(self.top_level(id, depth)?)))
    }

    /// Takes in the definition of a type, whose id is written negative.
    fn define(&mut self, negative: i64) -> Result<()> {
        let id = negative.checked_neg().ok_or(GobError::UnknownType(negative))?;
        if id < id::FIRST_FREE {
            return Err(GobError::BadType { id, reason: "the id is one of gob's own" });
        }
        if self.types.len() >= MOST_TYPES {
            return Err(too_many_types(self.types.len() as u64 + 1));
        }
        let wire = self.message.wire(id)?;
        match self.types.insert(id, wire) {
            None => Ok(()),
            Some(_) => Err(GobError::BadType { id, reason: "it was defined before" }),
        }
    }

    fn next_message(&mut self) -> Result<()> {
        let mut length = [0; 9];
        let mut first = true;
        let count = read_uint(|| {
            let got = self.source.read_exact(&mut length[..1]);
            match got {
                Err(error) if first && error.kind() == std::io::ErrorKind::UnexpectedEof => {
                    Err(GobError::Ended)
                }
                got => {
                    first = false;
                    got.map(|()| length[0]).map_err(GobError::Io)
                }
            }
        })?;
        let left = self.bytes_left;
        let count = usize::try_from(count).ok().filter(|count| *count <= left).ok_or(GobError::TooMuch {
            what: "a message",
            count,
            most: MOST_BYTES,
        })?;
        self.bytes_left -= count;
        self.message = Message::default();
        // Grows as bytes come, not as they are announced.
        let got = (&mut self.source).take(count as u64).read_to_end(&mut self.message.bytes)?;
        if got < count {
            return Err(GobError::Io(std::io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(())
    }
}

fn too_many_types(count: u64) -> GobError {
    GobError::TooMuch { what: "a number of types or fields", count, most: MOST_TYPES }
}

/// Numbers of fields, which are written as what they are more than the last one.
#[derive(Default)]
struct Numbers(usize);

impl Numbers {
    fn next(&mut self, message: &mut Message) -> Result<Option<usize>> {
        let delta = message.uint()?;
        if delta == 0 {
            return Ok(None);
        }
        let next = usize::try_from(delta).ok().and_then(|delta| self.0.checked_add(delta));
        self.0 = next.ok_or(GobError::BadValue("the number of a field is no number"))?;
        Ok(Some(self.0 - 1))
    }
}

/// The bytes of one message, and how far they are read.
#[derive(Default)]
struct Message {
    bytes: Vec<u8>,
    at: usize,
}

impl Message {
    fn is_over(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn end(&self) -> Result<()> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            surplus => Err(GobError::Surplus(surplus)),
        }
    }

    fn byte(&mut self) -> Result<u8> {
        let byte = *self.bytes.get(self.at).ok_or(GobError::Short)?;
        self.at += 1;
        Ok(byte)
    }

    fn uint(&mut self) -> Result<u64> {
        read_uint(|| self.byte())
    }

    fn int(&mut self) -> Result<i64> {
        let bits = self.uint()?;
        let half = i64::try_from(bits >> 1).unwrap_or_default();
        Ok(if bits & 1 == 0 { half } else { !half })
    }

    /// A number's bytes are sent reversed: its last ones are mostly zero.
    fn float(&mut self) -> Result<f64> {
        Ok(f64::from_bits(self.uint()?.swap_bytes()))
    }

    fn counted(&mut self) -> Result<&[u8]> {
        let count = usize::try_from(self.uint()?).map_err(|_| GobError::Short)?;
        let end = self.at.checked_add(count).ok_or(GobError::Short)?;
        let bytes = self.bytes.get(self.at..end).ok_or(GobError::Short)?;
        self.at = end;
        Ok(bytes)
    }

    fn text(&mut self) -> Result<String> {
        Ok(String::from_utf8_lossy(self.counted()?).into_owned())
    }

    /// The definition of a type: a struct with one of seven fields.
    fn wire(&mut self, id: i64) -> Result<Wire> {
        let mut wire = None;
        let mut numbers = Numbers::default();
        while let Some(number) = numbers.next(self)? {
            wire = Some(match number {
                0 => self.array(id)?,
                1 => {
                    let [elem] = self.parts(|_, _| Ok(()))?;
                    Wire::Slice { elem }
                }
                2 => self.structure(id)?,
                3 => {
                    let [key, elem] = self.parts(|_, _| Ok(()))?;
                    Wire::Map { key, elem }
                }
                4..=6 => {
                    let [] = self.parts(|_, _| Ok(()))?;
                    Wire::Opaque
                }
                _ => return Err(GobError::BadType { id, reason: "it is of no known kind" }),
            });
        }
        wire.ok_or(GobError::BadType { id, reason: "it is empty" })
    }

    /// A struct that begins with the name and id of a type, and goes on with ids; `N` of them are wanted. Others are handed on.
    fn parts<const N: usize>(
        &mut self,
        mut other: impl FnMut(&mut Self, usize) -> Result<()>,
    ) -> Result<[i64; N]> {
        let mut ids = [0; N];
        let mut numbers = Numbers::default();
        while let Some(number) = numbers.next(self)? {
            match number {
                0 => self.common()?,
                number if number <= N => ids[number - 1] = self.int()?,
                number => other(self, number)?,
            }
        }
        Ok(ids)
    }

    /// A type's own name and id, which tell us nothing.
    fn common(&mut self) -> Result<()> {
        let mut numbers = Numbers::default();
        while let Some(number) = numbers.next(self)? {
            match number {
                0 => drop(self.counted()?),
                1 => drop(self.int()?),
                _ => return Err(GobError::BadValue("the head of a type has more than a name and an id")),
            }
        }
        Ok(())
    }

    fn array(&mut self, id: i64) -> Result<Wire> {
        let [elem, len] = self.parts(|_, _| Ok(()))?;
        let len = usize::try_from(len).ok().filter(|len| *len <= MOST_VALUES);
        let len = len.ok_or(GobError::BadType { id, reason: "the length of the array is out of bounds" })?;
        Ok(Wire::Array { elem, len })
    }

    fn structure(&mut self, id: i64) -> Result<Wire> {
        let mut fields = Vec::new();
        let [] = self.parts(|message, _| {
            let count = message.uint()?;
            if count > MOST_TYPES as u64 {
                return Err(too_many_types(count));
            }
            for _ in 0..count {
                fields.push(message.field()?);
            }
            Ok(())
        })?;
        if fields.len() > MOST_TYPES {
            return Err(GobError::BadType { id, reason: "its fields are listed more than once" });
        }
        Ok(Wire::Struct { fields })
    }

    fn field(&mut self) -> Result<(String, i64)> {
        let mut field = (String::new(), 0);
        let mut numbers = Numbers::default();
        while let Some(number) = numbers.next(self)? {
            match number {
                0 => field.0 = self.text()?,
                1 => field.1 = self.int()?,
                _ => return Err(GobError::BadValue("a field has more than a name and a type")),
            }
        }
        Ok(field)
    }
}

/// One byte below 128 is the number; else it is the negated count of the bytes that are.
fn read_uint(mut byte: impl FnMut() -> Result<u8>) -> Result<u64> {
    let first = byte()?;
    if first < 0x80 {
        return Ok(u64::from(first));
    }
    let count = first.wrapping_neg();
    if count > 8 {
        return Err(GobError::BadValue("a number has more than eight bytes"));
    }
    let mut number = 0;
    for _ in 0..count {
        number = number << 8 | u64::from(byte()?);
    }
    Ok(number)
}
