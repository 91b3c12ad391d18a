//! Bytes to lines: split on bytes, because a character may come in two packets.

/// The longest line that is kept whole; more of it is left out, so that a host cannot fill our memory.
const LONGEST: usize = 64 * 1024;

/// Collects bytes until a line is whole.
#[derive(Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
    is_cut: bool,
}

impl Lines {
    /// Takes bytes, hands on every line that ends in them.
    pub fn push(&mut self, bytes: &[u8], mut line: impl FnMut(String)) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            self.add(&rest[..end]);
            rest = &rest[end + 1..];
            line(self.take());
        }
        self.add(rest);
    }

    /// What came after the last line end.
    pub fn partial(&self) -> &[u8] {
        &self.partial
    }

    /// Hands on what came after the last line end, if anything did.
    pub fn finish(&mut self) -> Option<String> {
        (!self.partial.is_empty()).then(|| self.take())
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = LONGEST - self.partial.len();
        self.is_cut |= bytes.len() > room;
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The line without its end, which is CR LF where a terminal made it.
    fn take(&mut self) -> String {
        let bytes = std::mem::take(&mut self.partial);
        let mut text = String::from_utf8_lossy(bytes.strip_suffix(b"\r").unwrap_or(&bytes)).into_owned();
        if std::mem::take(&mut self.is_cut) {
            text.push('…');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(packets: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut out) = (Lines::default(), Vec::new());
        for packet in packets {
            lines.push(packet, |line| out.push(line));
        }
        out.extend(lines.finish());
        out
    }

    #[test]
    fn lines_are_whole_however_the_packets_are_cut() {
        assert_eq!(lines(&[b"a\nb", b"c\n", b"\nd"]), ["a", "bc", "", "d"]);
        assert_eq!(lines(&["ä".as_bytes().split_at(1).0, "ä\n".as_bytes().split_at(1).1]), ["ä"]);
    }

    #[test]
    fn line_ends_of_terminals_are_taken_off() {
        assert_eq!(lines(&[b"a\r\nb\r", b"\nc\rd\n"]), ["a", "b", "c\rd"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(lines(&[b"a\xffb\n"]), ["a\u{fffd}b"]);
    }

    #[test]
    fn a_line_without_end_cannot_fill_the_memory() {
        let long = vec![b'x'; 3 * LONGEST];
        let out = lines(&[&long, &long, b"\nnext\n"]);
        assert_eq!(out.len(), 2);
        assert_eq!(out[0].chars().count(), LONGEST + 1);
        assert!(out[0].ends_with('…'));
        assert_eq!(out[1], "next");
    }
}
