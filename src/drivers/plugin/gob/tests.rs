//! The recorded conversations, read, written again, and spoilt in every way that a seeded generator thinks of.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value as Json, json};

use super::{super::protocol, Decoder, Encoder, GobError, Type, Value};

/// One direction of a connection: its name, the bytes after HTTP's words, the values.
struct Recorded {
    name: String,
    bytes: Vec<u8>,
    values: Vec<Json>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gob")
}

fn recorded(direction: &str) -> Vec<Recorded> {
    let ending = format!(".{direction}.bin");
    let mut all: Vec<Recorded> = fs::read_dir(fixtures())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap().strip_suffix(&ending)?.to_owned();
            let bytes = fs::read(fixtures().join(format!("{name}{ending}"))).unwrap();
            let values = fs::read_to_string(fixtures().join(format!("{name}.json"))).unwrap();
            let values =
                serde_json::from_str::<Json>(&values).unwrap()[direction].as_array().unwrap().clone();
            let preface = bytes.windows(2).position(|two| two == b"\n\n").unwrap() + 2;
            Some(Recorded { name, bytes: bytes[preface..].to_vec(), values })
        })
        .collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(all.len() >= 25, "{} conversations", all.len());
    all
}

fn values(bytes: &[u8]) -> Result<Vec<Value>, GobError> {
    let mut decoder = Decoder::new(bytes);
    let mut values = Vec::new();
    loop {
        match decoder.decode() {
            Ok(value) => values.push(value),
            Err(GobError::Ended) => return Ok(values),
            Err(error) => return Err(error),
        }
    }
}

/// A value as the recordings have it beside the bytes.
fn json(value: &Value) -> Json {
    match value {
        Value::Bool(is_on) => json!(is_on),
        Value::Int(number) => json!(number),
        Value::Uint(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Complex(real, imaginary) => json!([real, imaginary]),
        Value::Bytes(bytes) | Value::Opaque(bytes) => json!({"$bytes_utf8": String::from_utf8_lossy(bytes)}),
        Value::Text(text) => json!(text),
        Value::List(list) => list.iter().map(json).collect(),
        Value::Map(entries) => Json::Object(
            entries.iter().map(|(key, value)| (key.text().unwrap().to_owned(), json(value))).collect(),
        ),
        Value::Struct(fields) => {
            Json::Object(fields.iter().map(|(name, value)| (name.clone(), json(value))).collect())
        }
        Value::Nil => Json::Null,
        Value::Interface(name, value) => json!({"$iface": name, "v": json(value)}),
    }
}

#[test]
fn recorded_conversations_decode_to_the_values_written_beside_them() {
    for direction in ["c2s", "s2c"] {
        for Recorded { name, bytes, values: expected } in recorded(direction) {
            let values = values(&bytes).unwrap_or_else(|error| panic!("{name} {direction}: {error}"));
            let got: Vec<Json> = values.iter().map(json).collect();
            assert_eq!(got, expected, "{name} {direction}");
        }
    }
}

/// What a method takes.
fn argument(method: &str) -> Type {
    match method.rsplit('.').next().unwrap() {
        "SetConfigRaw" => protocol::STATE,
        "SetConfigFromFlags" => protocol::FLAGS,
        _ => protocol::NOTHING,
    }
}

#[test]
fn requests_encode_to_the_recorded_bytes() {
    let mut seen = 0;
    // Those that begin with e were not said by Go.
    for Recorded { name, bytes, .. } in recorded("c2s").into_iter().filter(|one| !one.name.starts_with('e')) {
        let (mut encoder, mut again) = (Encoder::new(), Vec::new());
        for pair in values(&bytes).unwrap().chunks(2) {
            let [request, given] = pair else { panic!("{name}: a request without an argument") };
            again.extend(encoder.encode(request, protocol::REQUEST));
            let method = request.field("ServiceMethod").and_then(Value::text).unwrap();
            again.extend(encoder.encode(given, argument(method)));
            seen += 1;
        }
        assert_eq!(again, bytes, "{name}");
    }
    assert!(seen > 100, "{seen} requests");
}

#[test]
fn numbers_of_every_size_come_back_as_they_went() {
    let numbers = [0, 1, -1, 63, 64, -64, -65, 127, 128, 255, 256, 65535, i64::MAX, i64::MIN];
    for number in numbers {
        let bytes = Encoder::new().encode(&Value::Int(number), Type::Int);
        assert_eq!(values(&bytes).unwrap(), [Value::Int(number)], "{bytes:02x?}");
    }
    for number in [0, 127, 128, u64::MAX] {
        let bytes = Encoder::new().encode(&Value::Uint(number), Type::Uint);
        assert_eq!(values(&bytes).unwrap(), [Value::Uint(number)], "{bytes:02x?}");
    }
}

/// An array of floats, a complex number, and a type that writes itself (Go's `GobEncoder`).
#[test]
fn what_no_recording_has_is_read_too() {
    let float = Value::Float;
    for (bytes, value) in [
        (
            "0e ff81 01 01 02 ff82 00 01 08 01 04 00 00  09 ff82 00 02 fe f83f ff c0",
            Value::List(vec![float(1.5), float(-2.0)]),
        ),
        ("06 0e 00 fe f03f 40", Value::Complex(1.0, 2.0)),
        ("0a ff81 05 01 02 ff82 00 00 00  06 ff82 00 02 6869", Value::Opaque(b"hi".to_vec())),
    ] {
        assert_eq!(values(&hex(bytes)).unwrap(), [value]);
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// The definition of the type 65 as a list of itself, then a thousand lists within each other.
fn a_thousand_lists() -> Vec<u8> {
    let mut bytes = hex("0d ff81 02 01 02 ff82 00 01 ff82 00 00  fe 03eb ff82 00");
    bytes.extend([1; 1000]);
    bytes
}

#[test]
fn a_spoilt_stream_is_an_error_that_says_what_is_wrong() {
    for (what, bytes, says) in [
        ("four gigabytes", hex("fc ffffffff 00"), "a message of 4294967295 is more than"),
        ("eighteen exabytes", hex("f8 ffffffffffffffff"), "is more than"),
        ("a number of nine bytes", hex("f7 00"), "more than eight bytes"),
        ("a broken message", hex("05 04 00"), "broke off"),
        ("a short message", hex("03 0c 00 09"), "shorter than what it holds"),
        ("a long message", hex("05 04 00 02 00 00"), "2 bytes more"),
        ("a type that was never defined", hex("04 ff90 00 02"), "the type 72 was never defined"),
        ("a type of gob's own", hex("03 0f 02 00"), "one of gob's own"),
        (
            "a list of 2^60 numbers",
            hex("0c ff81 02 01 02 ff82 00 01 04 00 00  0d ff82 00 f8 1000000000000000 02"),
            "shorter than what it holds",
        ),
        ("a thousand lists within each other", a_thousand_lists(), "a nesting"),
    ] {
        let error = values(&bytes).unwrap_err().to_string();
        assert!(error.contains(says), "{what}: {error}");
    }
}

/// A stream that is wrong in one or several places.
fn spoilt(random: &mut StdRng, corpus: &[Recorded]) -> Vec<u8> {
    let mut bytes = corpus[random.random_range(0..corpus.len())].bytes.clone();
    for _ in 0..random.random_range(1..8) {
        if bytes.is_empty() {
            break;
        }
        let at = random.random_range(0..bytes.len());
        match random.random_range(0..7) {
            0 => bytes[at] = random.random(),
            1 => bytes[at] ^= 1 << random.random_range(0..8),
            2 => bytes.truncate(at),
            3 => bytes.insert(at, random.random()),
            4 => drop(bytes.remove(at)),
            // Numbers that are large, or that are counted wrong.
            5 => bytes[at] = 0xff - random.random_range(0..10),
            _ => {
                let other = &corpus[random.random_range(0..corpus.len())].bytes;
                let end = random.random_range(0..=other.len().min(64));
                bytes.splice(at..at, other[..end].iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn streams_that_were_once_too_much_for_the_reader_no_longer_are() {
    for entry in fs::read_dir(fixtures().join("found")).into_iter().flatten() {
        let _ = values(&fs::read(entry.unwrap().path()).unwrap());
    }
}

/// `RMACHINE_FUZZ_SECONDS` makes it longer, `RMACHINE_SEED` another one. What was once found is kept in `tests/fixtures/gob/found`.
#[test]
fn no_spoilt_stream_makes_the_reader_panic_or_take_more_than_it_was_given() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seed = number("RMACHINE_SEED").unwrap_or(7);
    let long = number("RMACHINE_FUZZ_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut random = StdRng::seed_from_u64(seed);
    let corpus: Vec<Recorded> = recorded("c2s").into_iter().chain(recorded("s2c")).collect();
    let mut rounds = 0_u64;
    let mut readable = 0_u64;
    while long.map_or(rounds < 20_000, |end| Instant::now() < end) {
        let bytes = spoilt(&mut random, &corpus);
        let began = Instant::now();
        let outcome = std::panic::catch_unwind(|| values(&bytes).is_ok());
        let took = began.elapsed();
        let Ok(is_readable) = outcome else {
            let kept = fixtures().join("found").join(format!("{seed}-{rounds}.bin"));
            fs::create_dir_all(kept.parent().unwrap()).unwrap();
            fs::write(&kept, &bytes).unwrap();
            panic!("the reader panicked; the stream is kept in {}", kept.display());
        };
        readable += u64::from(is_readable);
        assert!(took < Duration::from_secs(5), "seed {seed}, round {rounds} took {took:?}");
        rounds += 1;
    }
    println!("{rounds} spoilt streams, {readable} of them readable all the same");
    assert!(readable > 0 && readable < rounds, "{readable} of {rounds} spoilt streams are readable");
}

/// Values of any shape, written and read again.
#[test]
fn what_is_written_is_read_as_it_was() {
    let mut random = StdRng::seed_from_u64(11);
    let mut encoder = Encoder::new();
    let (mut bytes, mut expected) = (Vec::new(), Vec::new());
    for _ in 0..500 {
        let entries =
            (0..random.random_range(0..6)).map(|at| (Value::Text(format!("key-{at}")), held(&mut random)));
        let value = Value::Interface(
            protocol::FLAGS_NAME.to_owned(),
            Box::new(Value::Struct(vec![("Values".to_owned(), Value::Map(entries.collect()))])),
        );
        bytes.extend(encoder.encode(&value, protocol::FLAGS));
        expected.push(value);
    }
    let read = values(&bytes).unwrap();
    assert_eq!(read.len(), expected.len());
    for (read, written) in read.iter().zip(&expected) {
        // An empty map is zero, and what is zero is not sent.
        let none = Value::Interface(protocol::FLAGS_NAME.to_owned(), Box::new(Value::EMPTY));
        assert!(read == written || *read == none && json(written)["v"]["Values"] == json!({}), "{written:?}");
    }
}

fn held(random: &mut StdRng) -> Value {
    let (name, value) = match random.random_range(0..4) {
        0 => ("string", Value::Text("x".repeat(random.random_range(0..300)))),
        1 => ("int", Value::Int(random.random())),
        2 => ("bool", Value::Bool(random.random())),
        _ => (
            "[]string",
            Value::List((0..random.random_range(0..5)).map(|at| Value::Text(at.to_string())).collect()),
        ),
    };
    Value::Interface(name.to_owned(), Box::new(value))
}
