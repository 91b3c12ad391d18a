//! Versions on offer, and the one that is meant: `26.1` is the newest of its patches, and what does not exist has neighbours.

use std::cmp::Ordering;

/// The version of the engine in a version of its package: no epoch, nothing of the packager's. `5:26.1.4-1~debian.12~bookworm`
/// is 26.1.4, and `20.10.24+dfsg1-1` is 20.10.24.
pub fn upstream(offer: &str) -> &str {
    let plain = offer.split_once(':').map_or(offer, |(_epoch, rest)| rest);
    let end = plain.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(plain.len());
    plain[..end].trim_end_matches('.')
}

/// Whether an offer is what is asked for: the same text, or the same first numbers.
pub fn is_meant(offer: &str, pin: &str) -> bool {
    let pin = pin.trim_start_matches('v');
    let numbers = upstream(offer);
    pin.is_empty()
        || offer == pin
        || numbers == pin
        || numbers.strip_prefix(pin).is_some_and(|rest| rest.starts_with('.'))
}

/// The newest offer that is meant.
pub fn choose<'a>(offers: &'a [String], pin: &str) -> Option<&'a str> {
    offers.iter().map(String::as_str).filter(|offer| is_meant(offer, pin)).max_by(|a, b| compare(a, b))
}

/// The newest offer.
pub fn newest(offers: &[String]) -> Option<&str> {
    offers.iter().map(String::as_str).max_by(|a, b| compare(a, b))
}

/// The offers next to what does not exist, two on each side, newest first.
pub fn nearest(offers: &[String], pin: &str) -> Vec<String> {
    let mut all: Vec<&str> = offers.iter().map(|offer| shown(offer)).collect();
    all.sort_by(|a, b| compare(b, a));
    all.dedup();
    let below = all.iter().position(|offer| compare(offer, pin) == Ordering::Less).unwrap_or(all.len());
    let (newer, older) = all.split_at(below);
    newer.iter().rev().take(2).rev().chain(older.iter().take(2)).map(|&offer| offer.to_owned()).collect()
}

/// Whether two versions differ in nothing but their patch.
pub fn are_near(a: &str, b: &str) -> bool {
    numbers(a).iter().take(2).eq(numbers(b).iter().take(2))
}

/// Whether an engine of this version can judge a daemon.json by itself.
pub fn is_at_least_23(version: &str) -> bool {
    numbers(version).first().is_some_and(|major| *major >= 23)
}

/// By the numbers, then by what follows them.
pub fn compare(a: &str, b: &str) -> Ordering {
    numbers(a).cmp(&numbers(b)).then_with(|| a.cmp(b))
}

/// Packagers' additions say nothing to people, a build's own name does.
pub fn shown(offer: &str) -> &str {
    if offer.contains([':', '+', '~']) { upstream(offer) } else { offer }
}

fn numbers(offer: &str) -> Vec<u64> {
    upstream(offer.trim_start_matches('v')).split('.').filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(words: &str) -> Vec<String> {
        words.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_packagers_words_are_no_part_of_the_engines_version() {
        let cases = [
            ("5:26.1.4-1~debian.12~bookworm", "26.1.4"),
            ("20.10.24+dfsg1-1+deb12u1+b6", "20.10.24"),
            ("3:27.3.1-1.fc41", "27.3.1"),
            ("26.1.5-a", "26.1.5"),
            ("28.0.0-rc.1", "28.0.0"),
        ];
        for (offer, expected) in cases {
            assert_eq!(upstream(offer), expected);
        }
    }

    #[test]
    fn a_pin_is_the_newest_of_what_it_begins() {
        let all = offers("26.0.2 26.1.0 26.1.10 26.1.4 27.0.1 5:26.1.9-1~debian.12");
        assert_eq!(choose(&all, "26.1"), Some("26.1.10"));
        assert_eq!(choose(&all, "v26"), Some("26.1.10"));
        assert_eq!(choose(&all, "26.1.9"), Some("5:26.1.9-1~debian.12"));
        assert_eq!(choose(&all, "26.1.1"), None, "26.1.10 is another version");
        assert_eq!(newest(&all), Some("27.0.1"));
    }

    #[test]
    fn what_does_not_exist_has_neighbours_on_both_sides() {
        let all = offers("24.0.9 25.0.5 26.0.2 26.1.0 26.1.4 27.0.1 28.1.0");
        assert_eq!(nearest(&all, "26.1.3"), offers("27.0.1 26.1.4 26.1.0 26.0.2"));
        assert_eq!(nearest(&all, "29"), offers("28.1.0 27.0.1"));
        assert_eq!(nearest(&all, "1.13"), offers("25.0.5 24.0.9"));
        assert_eq!(nearest(&offers("20.10.24+dfsg1-1+deb12u1"), "26.1"), offers("20.10.24"));
        assert_eq!(nearest(&[], "26.1"), Vec::<String>::new());
    }
}
