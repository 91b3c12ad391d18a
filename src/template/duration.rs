//! Durations as Go's `time.Duration` prints and counts them.

use std::{rc::Rc, time::Duration};

use super::value::{Method, Named, Value};

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// What a duration can be asked for.
const METHODS: [Method; 6] = [
    ("Hours", |number| in_units(number, HOUR).into()),
    ("Minutes", |number| in_units(number, MINUTE).into()),
    ("Seconds", |number| in_units(number, SECOND).into()),
    ("Milliseconds", |number| (number / MILLISECOND.cast_signed()).into()),
    ("Microseconds", |number| (number / MICROSECOND.cast_signed()).into()),
    ("Nanoseconds", |number| number.into()),
];

/// A duration as a value.
pub fn duration(duration: Duration) -> Value {
    let number = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    Value::Named(Rc::new(Named {
        type_name: "time.Duration",
        number,
        text: shown(number.unsigned_abs()),
        methods: &METHODS,
    }))
}

/// The whole units and the rest apart, as Go does it, so that the last digit is the same.
#[expect(clippy::cast_precision_loss, reason = "a float64 is what Go gives")]
fn in_units(number: i64, unit: u64) -> f64 {
    let unit = unit.cast_signed();
    (number / unit) as f64 + (number % unit) as f64 / unit as f64
}

/// `1h2m3.5s`; below a second the largest unit that is not zero, such as `1.5ms`.
fn shown(nanoseconds: u64) -> String {
    match nanoseconds {
        0 => "0s".into(),
        1..MICROSECOND => format!("{nanoseconds}ns"),
        MICROSECOND..MILLISECOND => format!("{}µs", decimal(nanoseconds, MICROSECOND)),
        MILLISECOND..SECOND => format!("{}ms", decimal(nanoseconds, MILLISECOND)),
        SECOND.. => {
            let seconds = decimal(nanoseconds % MINUTE, SECOND);
            let (hours, minutes) = (nanoseconds / HOUR, nanoseconds % HOUR / MINUTE);
            match (hours, minutes) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

/// A number of units without zeros at its end.
fn decimal(number: u64, unit: u64) -> String {
    let places = unit.ilog10() as usize;
    let fraction = format!("{:0places$}", number % unit);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction}", number / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the documentation of Go's `time.Duration.String` and its own examples.
    #[test]
    fn durations_are_printed_as_go_prints_them() {
        let table = [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (480_000_000_001, "8m0.000000001s"),
            (10_000_000_000, "10s"),
            (21_000_000, "21ms"),
        ];
        for (nanoseconds, text) in table {
            assert_eq!(shown(nanoseconds), text);
        }
    }
}
