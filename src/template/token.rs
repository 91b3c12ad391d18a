//! The words of a template, with the names Go gives them in its complaints.

use super::print::quoted;

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it begins, in bytes.
    pub pos: usize,
    /// As it is written; of an error, what is wrong.
    pub text: String,
    /// On which line it begins, from 1.
    pub line: usize,
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The reading ended here.
    Error,
    /// Text outside of actions.
    Text,
    /// `{{`
    Open,
    /// `}}`
    Close,
    /// Blanks inside an action.
    Space,
    /// `true` or `false`.
    Bool,
    /// `'a'`
    Char,
    /// `42`
    Number,
    /// `"a"`
    Quoted,
    /// A function's name.
    Name,
    /// `.Name`
    Field,
    /// `$x`
    Variable,
    /// `.`
    Dot,
    /// `|`
    Pipe,
    /// `(`
    OpenParen,
    /// `)`
    CloseParen,
    /// `=`
    Assign,
    /// `:=`
    Declare,
    /// Any other printable character.
    Other,
    /// `if`, `range` and the like.
    Word(Word),
    /// The end of the template.
    End,
}

/// The words that are no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// `block`
    Block,
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// `define`
    Define,
    /// `else`
    Else,
    /// `end`
    End,
    /// `if`
    If,
    /// `nil`
    Nil,
    /// `range`
    Range,
    /// `template`
    Template,
    /// `with`
    With,
}

impl Word {
    /// The word of this spelling.
    pub(super) fn named(text: &str) -> Option<Self> {
        Some(match text {
            "block" => Self::Block,
            "break" => Self::Break,
            "continue" => Self::Continue,
            "define" => Self::Define,
            "else" => Self::Else,
            "end" => Self::End,
            "if" => Self::If,
            "nil" => Self::Nil,
            "range" => Self::Range,
            "template" => Self::Template,
            "with" => Self::With,
            _ => return None,
        })
    }
}

/// From how many bytes on a word is cut in a complaint.
const LONG: usize = 10;

impl Token {
    /// As a complaint names it.
    pub(super) fn named(&self) -> String {
        match self.kind {
            Kind::End => "EOF".into(),
            Kind::Error => self.text.clone(),
            Kind::Word(_) | Kind::Dot => format!("<{}>", self.text),
            _ if self.text.len() > LONG => {
                let head: String = self.text.chars().take(LONG).collect();
                format!("{}...", quoted(&head))
            }
            _ => quoted(&self.text),
        }
    }
}
