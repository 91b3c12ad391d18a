//! Listening to a root shell: which of the bytes are noise of profiles, which are marks, which are the script's lines.

use super::{
    lines::Lines,
    way::{PASSWORD, ROOT},
};
use crate::remote::{Line, READY};

/// The line the script prints on both streams before anything else; what comes before it is noise.
const BEGIN: &str = "@rmachine begin";
/// How much noise is kept for an error message.
const NOISE: usize = 8 * 1024;

/// Something that was heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// sudo asks for the password.
    Password,
    /// A root shell reads stdin.
    Root,
    /// The script runs.
    Begin,
    /// The script reads its document.
    Ready,
    /// The script says something.
    Said(Line),
}

/// The two streams of the host.
#[derive(Default)]
pub(super) struct Hearing {
    out: Stream,
    err: Stream,
    noise: String,
}

#[derive(Default)]
struct Stream {
    lines: Lines,
    has_begun: bool,
}

/// The text a script is wrapped in: a group, which the shell reads to its end before it runs any of it, so that a script
/// cut off by a lost connection never runs in part; `exit` keeps the shell from reading what the script left.
///
/// The marks are put together on the host, so that a terminal's echo of this text is no mark. On a terminal both streams are
/// one, and one mark is enough.
pub(super) fn wrapped(script: &str, on_pty: bool) -> Vec<u8> {
    const MARK: &str = "printf '\\n@rmachine %s\\n' begin";
    let marks = if on_pty { MARK.to_owned() } else { format!("{MARK}\n{MARK} >&2") };
    format!("{{\n{marks}\n{script}\nexit\n}}\n").into()
}

impl Hearing {
    /// Takes bytes of standard output.
    pub fn out(&mut self, bytes: &[u8]) -> Vec<Heard> {
        self.out.hear(bytes, &mut self.noise, Line::Out)
    }

    /// Takes bytes of standard error.
    pub fn err(&mut self, bytes: &[u8]) -> Vec<Heard> {
        self.err.hear(bytes, &mut self.noise, Line::Err)
    }

    /// Whether the script has begun.
    pub fn has_begun(&self) -> bool {
        self.out.has_begun
    }

    /// What was left without a line end when the host went silent.
    pub fn finish(&mut self) -> Vec<Heard> {
        let mut heard = Vec::new();
        if let Some(text) = self.out.lines.finish() {
            self.out.classify(text, &mut self.noise, Line::Out, &mut heard);
        }
        if let Some(text) = self.err.lines.finish() {
            self.err.classify(text, &mut self.noise, Line::Err, &mut heard);
        }
        heard
    }

    /// What was said before the script began.
    pub fn noise(&self) -> &str {
        self.noise.trim()
    }
}

impl Stream {
    fn hear(&mut self, bytes: &[u8], noise: &mut String, line: fn(String) -> Line) -> Vec<Heard> {
        let mut texts = Vec::new();
        self.lines.push(bytes, |text| texts.push(text));
        let mut heard = Vec::new();
        for text in texts {
            self.classify(text, noise, line, &mut heard);
        }
        // A prompt has no line end. Once seen it is taken away, so that a second one is seen as well.
        if !self.has_begun && self.lines.partial().ends_with(PASSWORD) {
            self.lines = Lines::default();
            heard.push(Heard::Password);
        }
        heard
    }

    fn classify(
        &mut self,
        text: String,
        noise: &mut String,
        line: fn(String) -> Line,
        heard: &mut Vec<Heard>,
    ) {
        if self.has_begun {
            heard.push(if text == READY { Heard::Ready } else { Heard::Said(line(text)) });
        } else if text == BEGIN {
            self.has_begun = true;
            heard.push(Heard::Begin);
        } else if text == ROOT {
            heard.push(Heard::Root);
        } else if noise.len() + text.len() < NOISE {
            noise.push_str(&text);
            noise.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Heard {
        Heard::Said(Line::Out(text.to_owned()))
    }

    #[test]
    fn noise_of_profiles_is_dropped_and_kept_for_errors() {
        let mut hearing = Hearing::default();
        assert_eq!(hearing.out(b"Welcome!\nno line end"), []);
        assert_eq!(hearing.out(b"\n@rmachine begin\nhello\n"), [Heard::Begin, said("hello")]);
        assert_eq!(hearing.noise(), "Welcome!\nno line end");
    }

    #[test]
    fn each_stream_begins_on_its_own() {
        let mut hearing = Hearing::default();
        assert_eq!(hearing.out(b"@rmachine begin\n"), [Heard::Begin]);
        assert_eq!(hearing.err(b"stale\n"), []);
        assert_eq!(
            hearing.err(b"@rmachine begin\nboo\n"),
            [Heard::Begin, Heard::Said(Line::Err("boo".into()))]
        );
    }

    #[test]
    fn a_second_prompt_for_the_password_is_heard_as_well() {
        let mut hearing = Hearing::default();
        assert_eq!(hearing.err(b"lecture\n@rmachine pass"), []);
        assert_eq!(hearing.err(b"word:"), [Heard::Password]);
        assert_eq!(hearing.err(b"Sorry, try again.\n@rmachine password:"), [Heard::Password]);
    }

    #[test]
    fn marks_mean_nothing_where_they_do_not_belong() {
        let mut hearing = Hearing::default();
        assert_eq!(hearing.out(b"printf '@rmachine begin'\n@rmachine ready\n"), [], "echo of a terminal");
        hearing.out(b"@rmachine begin\n");
        assert_eq!(hearing.out(b"@rmachine root\n@rmachine password:"), [said("@rmachine root")]);
        assert_eq!(hearing.out(b"\n@rmachine ready\n"), [said("@rmachine password:"), Heard::Ready]);
    }

    #[test]
    fn the_last_line_needs_no_end() {
        let mut hearing = Hearing::default();
        hearing.out(b"@rmachine begin\nbye");
        assert_eq!(hearing.finish(), [said("bye")]);
    }
}
