//! Words to bodies: the grammar of Go's templates, and its complaints.

mod pipe;

use std::collections::BTreeMap;

use super::{
    ast::{Branch, Call, Item, List},
    lexer, literal,
    print::quoted,
    token::{Kind, Token, Word},
};

/// How deep actions and parentheses may stand in each other: far more than anybody writes, and no stack runs out.
const DEEPEST: usize = 100;

/// What Go's parser says, without `template: ` and the line.
type Parsed<T> = Result<T, String>;

/// The bodies by name, the template's own under the empty one.
pub(super) type Bodies = BTreeMap<String, List>;

/// Reads a template. The functions are those that may be called.
pub(super) fn parse(text: &str, is_function: fn(&str) -> bool) -> Result<Bodies, String> {
    let mut parser = Parser {
        tokens: lexer::tokens(text),
        at: 0,
        line: 1,
        action_line: None,
        variables: vec![WHOLE.to_owned()],
        ranges: 0,
        depth: 0,
        bodies: Bodies::new(),
        is_function,
    };
    match parser.whole() {
        Ok(()) => Ok(parser.bodies),
        Err(problem) => Err(format!("template: :{}: {problem}", parser.line)),
    }
}

/// The variable that is what the template was given.
pub(super) const WHOLE: &str = "$";

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    /// The line of the last word that was looked at.
    line: usize,
    action_line: Option<usize>,
    variables: Vec<String>,
    /// How many ranges stand around.
    ranges: usize,
    depth: usize,
    bodies: Bodies,
    is_function: fn(&str) -> bool,
}

/// How a body ended.
enum Ending {
    End,
    Else,
    ElseIf,
}

impl Ending {
    fn named(&self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else | Self::ElseIf => "{{else}}",
        }
    }
}

/// An item, or the end of a body.
enum Piece {
    Item(Item),
    Ending(Ending),
}

impl Parser {
    fn peek(&mut self) -> Kind {
        // The last token is an end or an error, and neither is passed.
        let token = &self.tokens[self.at.min(self.tokens.len() - 1)];
        self.line = token.line;
        token.kind
    }

    fn next(&mut self) -> Token {
        self.peek();
        let token = self.tokens[self.at.min(self.tokens.len() - 1)].clone();
        self.at += 1;
        token
    }

    fn skip_space(&mut self) {
        while self.peek() == Kind::Space {
            self.at += 1;
        }
    }

    fn peek_word(&mut self) -> Kind {
        self.skip_space();
        self.peek()
    }

    fn next_word(&mut self) -> Token {
        self.skip_space();
        self.next()
    }

    fn pos(&mut self) -> usize {
        self.peek();
        self.tokens[self.at.min(self.tokens.len() - 1)].pos
    }

    fn unexpected(&self, token: &Token, context: &str) -> String {
        if token.kind != Kind::Error {
            return format!("unexpected {} in {context}", token.named());
        }
        let began = match self.action_line.filter(|line| *line != token.line) {
            Some(line) if token.text.ends_with(" action") => format!(" started at :{line}"),
            Some(line) => format!(" in action started at :{line}"),
            None => String::new(),
        };
        format!("{}{began}", token.text)
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Parsed<Token> {
        let token = self.next_word();
        if token.kind == kind { Ok(token) } else { Err(self.unexpected(&token, context)) }
    }

    /// Does something one level deeper.
    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEEPEST {
            return Err(format!("nested more than {DEEPEST} levels deep"));
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    fn whole(&mut self) -> Parsed<()> {
        let mut list = List::new();
        while self.peek() != Kind::End {
            if self.is_definition() {
                self.definition()?;
                continue;
            }
            match self.piece()? {
                Piece::Item(item) => list.push(item),
                Piece::Ending(ending) => return Err(format!("unexpected {}", ending.named())),
            }
        }
        self.add(String::new(), list)
    }

    /// Passes `{{define` where it stands.
    fn is_definition(&mut self) -> bool {
        let start = self.at;
        if self.peek() == Kind::Open {
            self.at += 1;
            if self.next_word().kind == Kind::Word(Word::Define) {
                return true;
            }
        }
        self.at = start;
        false
    }

    fn definition(&mut self) -> Parsed<()> {
        const CONTEXT: &str = "define clause";
        let name = literal::text(&self.expect(Kind::Quoted, CONTEXT)?.text)?;
        self.expect(Kind::Close, CONTEXT)?;
        let list = self.body_of_its_own(CONTEXT)?;
        self.add(name, list)
    }

    /// A body that sees no variables but what it is given, and no range around it.
    fn body_of_its_own(&mut self, context: &str) -> Parsed<List> {
        let variables = std::mem::replace(&mut self.variables, vec![WHOLE.to_owned()]);
        let ranges = std::mem::take(&mut self.ranges);
        let (list, ending) = self.deeper(Self::list)?;
        self.variables = variables;
        self.ranges = ranges;
        match ending {
            Ending::End => Ok(list),
            Ending::Else | Ending::ElseIf => Err(format!("unexpected {} in {context}", ending.named())),
        }
    }

    /// A body that says nothing gives way to one that does.
    fn add(&mut self, name: String, list: List) -> Parsed<()> {
        match self.bodies.get(&name) {
            Some(old) if !says_nothing(old) && !says_nothing(&list) => {
                return Err(format!("template: multiple definition of template {}", quoted(&name)));
            }
            Some(old) if !says_nothing(old) => {}
            Some(_) | None => {
                self.bodies.insert(name, list);
            }
        }
        Ok(())
    }

    fn list(&mut self) -> Parsed<(List, Ending)> {
        let mut list = List::new();
        while self.peek_word() != Kind::End {
            match self.piece()? {
                Piece::Item(item) => list.push(item),
                Piece::Ending(ending) => return Ok((list, ending)),
            }
        }
        Err("unexpected EOF".into())
    }

    fn piece(&mut self) -> Parsed<Piece> {
        let token = self.next_word();
        match token.kind {
            Kind::Text => Ok(Piece::Item(Item::Text(token.text))),
            Kind::Open => {
                self.action_line = Some(token.line);
                let piece = self.action()?;
                self.action_line = None;
                Ok(piece)
            }
            _ => Err(self.unexpected(&token, "input")),
        }
    }

    fn action(&mut self) -> Parsed<Piece> {
        let Kind::Word(word) = self.peek_word() else { return self.plain_action() };
        let item = match word {
            Word::Nil | Word::Define => return self.plain_action(),
            Word::End => {
                self.at += 1;
                self.expect(Kind::Close, "end")?;
                return Ok(Piece::Ending(Ending::End));
            }
            Word::Else => {
                self.at += 1;
                return self.otherwise().map(Piece::Ending);
            }
            Word::Block => self.after_word(Self::block)?,
            Word::Break => self.leaves("{{break}}", Item::Break)?,
            Word::Continue => self.leaves("{{continue}}", Item::Continue)?,
            Word::If => Item::If(self.after_word(|parser| parser.branch("if"))?),
            Word::Range => Item::Range(self.after_word(|parser| parser.branch("range"))?),
            Word::With => Item::With(self.after_word(|parser| parser.branch("with"))?),
            Word::Template => self.after_word(Self::template)?,
        };
        Ok(Piece::Item(item))
    }

    fn after_word<T>(&mut self, work: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.at += 1;
        self.deeper(work)
    }

    fn plain_action(&mut self) -> Parsed<Piece> {
        // Variables of an action hold to the end of what it stands in.
        Ok(Piece::Item(Item::Action(self.pipe("command", Kind::Close)?)))
    }

    fn leaves(&mut self, named: &str, item: Item) -> Parsed<Item> {
        self.at += 1;
        self.expect(Kind::Close, named)?;
        if self.ranges == 0 { Err(format!("{named} outside {{{{range}}}}")) } else { Ok(item) }
    }

    fn otherwise(&mut self) -> Parsed<Ending> {
        if self.peek_word() == Kind::Word(Word::If) {
            return Ok(Ending::ElseIf);
        }
        self.expect(Kind::Close, "else")?;
        Ok(Ending::Else)
    }

    fn branch(&mut self, context: &'static str) -> Parsed<Branch> {
        let variables = self.variables.len();
        let pipe = self.pipe(context, Kind::Close)?;
        let in_range = usize::from(context == "range");
        self.ranges += in_range;
        let (then, ending) = self.list()?;
        self.ranges -= in_range;
        let otherwise = match ending {
            Ending::End => None,
            // `{{else if}}` is an `{{if}}` of its own in the other branch, and one `{{end}}` ends both.
            Ending::ElseIf if context == "if" => {
                Some(vec![Item::If(self.after_word(|parser| parser.branch("if"))?)])
            }
            Ending::Else | Ending::ElseIf => {
                let (list, ending) = self.list()?;
                if !matches!(ending, Ending::End) {
                    return Err(format!("expected end; found {}", ending.named()));
                }
                Some(list)
            }
        };
        self.variables.truncate(variables);
        Ok(Branch { pipe, then, otherwise })
    }

    fn block(&mut self) -> Parsed<Item> {
        const CONTEXT: &str = "block clause";
        let (pos, name) = self.template_name(CONTEXT)?;
        let pipe = self.pipe(CONTEXT, Kind::Close)?;
        let list = self.body_of_its_own(CONTEXT)?;
        self.add(name.clone(), list)?;
        Ok(Item::Template(Call { pos, name, pipe: Some(pipe) }))
    }

    fn template(&mut self) -> Parsed<Item> {
        const CONTEXT: &str = "template clause";
        let (pos, name) = self.template_name(CONTEXT)?;
        let pipe = if self.peek_word() == Kind::Close {
            self.at += 1;
            None
        } else {
            Some(self.pipe(CONTEXT, Kind::Close)?)
        };
        Ok(Item::Template(Call { pos, name, pipe }))
    }

    fn template_name(&mut self, context: &str) -> Parsed<(usize, String)> {
        let token = self.expect(Kind::Quoted, context)?;
        Ok((token.pos, literal::text(&token.text)?))
    }
}

fn says_nothing(list: &List) -> bool {
    list.iter().all(|item| matches!(item, Item::Text(text) if text.trim().is_empty()))
}
