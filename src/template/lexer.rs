//! A template's text cut into words, by Go's rules: trim markers, comments, quotes and what may follow a name.
//!
//! The reading ends at the first thing that is no word; what is wrong is the last token, because the parser may find an earlier
//! mistake.

use super::{
    print::char_named,
    token::{Kind, Token, Word},
};

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Cuts a template into words; the last is an end or an error.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0, start: 0, line: 1, depth: 0, tokens: Vec::new() };
    let mut place = Place::Outside;
    while let Some(next) = lexer.read(place) {
        place = next;
    }
    lexer.tokens
}

/// Where the reading is.
#[derive(Clone, Copy)]
enum Place {
    Outside,
    Inside,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    start: usize,
    /// The line of `start`.
    line: usize,
    /// Open parentheses.
    depth: usize,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn read(&mut self, place: Place) -> Option<Place> {
        match place {
            Place::Outside => self.outside(),
            Place::Inside => self.inside(),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn accept(&mut self, wanted: impl Fn(char) -> bool) -> bool {
        self.peek().filter(|c| wanted(*c)).map(|c| self.at += c.len_utf8()).is_some()
    }

    fn accept_all(&mut self, wanted: impl Fn(char) -> bool) {
        while self.accept(&wanted) {}
    }

    fn emit(&mut self, kind: Kind) {
        let text = self.text[self.start..self.at].to_owned();
        self.tokens.push(Token { kind, pos: self.start, text, line: self.line });
        self.skip();
    }

    /// Forgets what was read since the last word.
    fn skip(&mut self) {
        self.line += self.text[self.start..self.at].matches('\n').count();
        self.start = self.at;
    }

    fn wrong(&mut self, what: impl Into<String>) -> Option<Place> {
        self.tokens.push(Token { kind: Kind::Error, pos: self.start, text: what.into(), line: self.line });
        None
    }

    fn outside(&mut self) -> Option<Place> {
        let Some(length) = self.rest().find(OPEN) else {
            self.at = self.text.len();
            if self.at > self.start {
                self.emit(Kind::Text);
            }
            self.emit(Kind::End);
            return None;
        };
        let (before, from_open) = self.rest().split_at(length);
        let is_trimmed = trims_before(&from_open[OPEN.len()..]);
        let kept = if is_trimmed { before.trim_end_matches(BLANKS) } else { before };
        let open = self.at + length;
        self.at += kept.len();
        if self.at > self.start {
            self.emit(Kind::Text);
        }
        self.at = open;
        self.skip();
        self.open(is_trimmed)
    }

    fn open(&mut self, is_trimmed: bool) -> Option<Place> {
        self.at += OPEN.len();
        let marker = if is_trimmed { "- ".len() } else { 0 };
        if self.rest()[marker..].starts_with("/*") {
            self.at += marker;
            self.skip();
            return self.comment();
        }
        self.emit(Kind::Open);
        self.at += marker;
        self.skip();
        self.depth = 0;
        Some(Place::Inside)
    }

    fn comment(&mut self) -> Option<Place> {
        let Some(length) = self.rest()["/*".len()..].find("*/") else {
            return self.wrong("unclosed comment");
        };
        self.at += "/*".len() + length + "*/".len();
        let Some(is_trimmed) = self.closing() else {
            return self.wrong("comment ends before closing delimiter");
        };
        self.pass_close(is_trimmed);
        self.skip();
        Some(Place::Outside)
    }

    /// Whether a closing delimiter stands here, and if so whether it trims what follows.
    fn closing(&self) -> Option<bool> {
        let rest = self.rest();
        let is_trimmed = trims_after(rest) && rest[" -".len()..].starts_with(CLOSE);
        (is_trimmed || rest.starts_with(CLOSE)).then_some(is_trimmed)
    }

    fn pass_close(&mut self, is_trimmed: bool) {
        self.at += if is_trimmed { " -".len() } else { 0 } + CLOSE.len();
        if is_trimmed {
            self.accept_all(|c| BLANKS.contains(&c));
        }
    }

    fn close(&mut self, is_trimmed: bool) -> Place {
        if is_trimmed {
            self.at += " -".len();
            self.skip();
        }
        self.at += CLOSE.len();
        self.emit(Kind::Close);
        if is_trimmed {
            self.accept_all(|c| BLANKS.contains(&c));
            self.skip();
        }
        Place::Outside
    }

    fn inside(&mut self) -> Option<Place> {
        if let Some(is_trimmed) = self.closing() {
            let is_balanced = self.depth == 0;
            return if is_balanced {
                Some(self.close(is_trimmed))
            } else {
                self.wrong("unclosed left paren")
            };
        }
        let Some(first) = self.next() else { return self.wrong("unclosed action") };
        match first {
            c if BLANKS.contains(&c) => Some(self.space()),
            '=' => Some(self.word(Kind::Assign)),
            ':' if self.accept(|c| c == '=') => Some(self.word(Kind::Declare)),
            ':' => self.wrong("expected :="),
            '|' => Some(self.word(Kind::Pipe)),
            '"' => self.quoted('"', Kind::Quoted, "unterminated quoted string"),
            '\'' => self.quoted('\'', Kind::Char, "unterminated character constant"),
            '`' => self.raw(),
            '$' => self.name_after(Kind::Variable, Kind::Variable),
            '.' if !self.peek().is_some_and(|c| c.is_ascii_digit()) && !self.rest().is_empty() => {
                self.name_after(Kind::Field, Kind::Dot)
            }
            '.' | '+' | '-' | '0'..='9' => self.number(),
            c if is_word(c) => self.name(),
            '(' => {
                self.depth += 1;
                Some(self.word(Kind::OpenParen))
            }
            ')' => self.close_paren(),
            ' '..='~' => Some(self.word(Kind::Other)),
            c => self.wrong(format!("unrecognized character in action: {}", char_named(c))),
        }
    }

    fn word(&mut self, kind: Kind) -> Place {
        self.emit(kind);
        Place::Inside
    }

    /// One too many is a word all the same: the parser may have its own complaint about it.
    fn close_paren(&mut self) -> Option<Place> {
        let inside = self.word(Kind::CloseParen);
        match self.depth.checked_sub(1) {
            None => self.wrong(format!("unexpected right paren {}", char_named(')'))),
            Some(depth) => {
                self.depth = depth;
                Some(inside)
            }
        }
    }

    /// Blanks; the last of them may belong to a trim marker.
    fn space(&mut self) -> Place {
        self.accept_all(|c| BLANKS.contains(&c));
        let last = &self.text[self.at - 1..];
        if trims_after(last) && last[" -".len()..].starts_with(CLOSE) {
            self.at -= 1;
            if self.at == self.start {
                return self.close(true);
            }
        }
        self.word(Kind::Space)
    }

    fn name(&mut self) -> Option<Place> {
        self.accept_all(is_word);
        if let Some(problem) = self.bad_end() {
            return self.wrong(problem);
        }
        let text = &self.text[self.start..self.at];
        let kind = match Word::named(text) {
            Some(word) => Kind::Word(word),
            None if matches!(text, "true" | "false") => Kind::Bool,
            None => Kind::Name,
        };
        Some(self.word(kind))
    }

    /// What follows `.` or `$`, or that alone.
    fn name_after(&mut self, kind: Kind, alone: Kind) -> Option<Place> {
        if self.is_at_end_of_name() {
            return Some(self.word(alone));
        }
        self.accept_all(is_word);
        match self.bad_end() {
            Some(problem) => self.wrong(problem),
            None => Some(self.word(kind)),
        }
    }

    fn is_at_end_of_name(&self) -> bool {
        let is_end = |c: char| BLANKS.contains(&c) || matches!(c, '.' | ',' | '|' | ':' | ')' | '(');
        self.peek().is_none_or(is_end) || self.rest().starts_with(CLOSE)
    }

    fn bad_end(&self) -> Option<String> {
        let next = self.peek().filter(|_| !self.is_at_end_of_name())?;
        Some(format!("bad character {}", char_named(next)))
    }

    fn quoted(&mut self, mark: char, kind: Kind, unterminated: &str) -> Option<Place> {
        loop {
            match self.next() {
                None | Some('\n') => return self.wrong(unterminated),
                Some('\\') if self.peek().is_none_or(|c| c == '\n') => return self.wrong(unterminated),
                Some('\\') => {
                    self.next();
                }
                Some(c) if c == mark => return Some(self.word(kind)),
                Some(_) => {}
            }
        }
    }

    fn raw(&mut self) -> Option<Place> {
        match self.rest().find('`') {
            None => self.wrong("unterminated raw quoted string"),
            Some(length) => {
                self.at += length + 1;
                Some(self.word(Kind::Quoted))
            }
        }
    }

    fn number(&mut self) -> Option<Place> {
        self.at = self.start;
        let is_number = self.scan_number() && !self.peek().is_some_and(|c| matches!(c, '+' | '-'));
        if is_number {
            return Some(self.word(Kind::Number));
        }
        self.next();
        let text = super::print::quoted(&self.text[self.start..self.at]);
        self.wrong(format!("bad number syntax: {text}"))
    }

    /// No perfect scan: what it lets through is looked at again when the number is made.
    fn scan_number(&mut self) -> bool {
        self.accept(|c| matches!(c, '+' | '-'));
        let mut radix = 10;
        if self.accept(|c| c == '0') {
            radix = match self.peek() {
                Some('x' | 'X') => 16,
                Some('o' | 'O') => 8,
                Some('b' | 'B') => 2,
                _ => 10,
            };
            if radix != 10 {
                self.next();
            }
        }
        let is_digit = move |c: char| c.is_digit(radix) || c == '_';
        self.accept_all(is_digit);
        if self.accept(|c| c == '.') {
            self.accept_all(is_digit);
        }
        let has_exponent = match radix {
            10 => self.accept(|c| matches!(c, 'e' | 'E')),
            16 => self.accept(|c| matches!(c, 'p' | 'P')),
            _ => false,
        };
        if has_exponent {
            self.accept(|c| matches!(c, '+' | '-'));
            self.accept_all(|c| c.is_ascii_digit() || c == '_');
        }
        self.accept(|c| c == 'i');
        !self.peek().is_some_and(is_word)
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// `- ` after an opening delimiter.
fn trims_before(rest: &str) -> bool {
    rest.strip_prefix('-').is_some_and(|rest| rest.starts_with(BLANKS))
}

/// ` -` before a closing delimiter.
fn trims_after(rest: &str) -> bool {
    rest.strip_prefix(BLANKS).is_some_and(|rest| rest.starts_with('-'))
}
