//! The order of a list: by name as people count, n2 before n10, capitals beside small letters.

use crate::ops::query::Row;

/// Sorts machines by their names.
pub fn sort(rows: &mut [Row]) {
    rows.sort_by_cached_key(|row| (natural(&row.name.to_lowercase()), row.name.clone()));
}

/// A name cut into texts and numbers.
fn natural(name: &str) -> Vec<(String, Number)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (number, tail) = tail.split_at(end);
        parts.push((text.to_owned(), Number::of(number)));
        rest = tail;
    }
    parts
}

/// A number of any length, by its length first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Number {
    length: usize,
    digits: String,
}

impl Number {
    fn of(digits: &str) -> Self {
        let digits = digits.trim_start_matches('0');
        Self { length: digits.len(), digits: digits.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_as_people_count() {
        let mut names =
            ["n10", "N1", "a", "n2", "n1b", "n99999999999999999999", "n007", "1a", "n100000000000000000000"];
        names.sort_by_cached_key(|name| (natural(&name.to_lowercase()), (*name).to_owned()));
        let sorted =
            ["1a", "a", "N1", "n1b", "n2", "n007", "n10", "n99999999999999999999", "n100000000000000000000"];
        assert_eq!(names, sorted);
    }
}
