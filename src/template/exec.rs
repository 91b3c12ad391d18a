//! A template at work: bodies walked, variables kept, and everything bounded.

mod call;
mod eval;

use super::{
    ast::{At, Branch, Call, Item, Pipe},
    parser::{Bodies, WHOLE},
    print::{quoted, shown},
    value::Value,
};

/// How many items and commands may be done: no list of machines needs a thousandth of it.
const MOST_STEPS: usize = 200_000;
/// How much may be written, and how long a text may become, in bytes.
const MOST_TEXT: usize = 16 << 20;
/// How much text functions may make in all, in bytes, printed or not.
const MOST_MADE: usize = 64 << 20;
/// How deep templates, bodies and commands may stand in each other while they are done.
const DEEPEST: usize = 250;

/// Fills in a template; `text` is what its places are counted in.
pub(super) fn render(text: &str, bodies: &Bodies, value: &Value) -> Result<String, String> {
    let main = bodies.get("").map(Vec::as_slice).unwrap_or_default();
    let whole = Got { value: value.clone(), is_boxed: false };
    let mut run = Run {
        text,
        bodies,
        name: "",
        at: At::Start,
        variables: vec![(WHOLE.to_owned(), whole.clone())],
        out: String::new(),
        steps: 0,
        made: 0,
        depth: 0,
    };
    run.list(&whole, main)?;
    Ok(run.out)
}

/// What went wrong, whole.
type Done<T> = Result<T, String>;

/// A value, and whether Go held it in an `interface{}`, as it does what it read from JSON.
#[derive(Clone, Debug)]
struct Got {
    value: Value,
    is_boxed: bool,
}

impl Got {
    fn plain(value: Value) -> Self {
        Self { value, is_boxed: false }
    }

    fn boxed(value: Value) -> Self {
        Self { value, is_boxed: true }
    }
}

/// What follows an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

struct Run<'a> {
    text: &'a str,
    bodies: &'a Bodies,
    /// The template that is being done.
    name: &'a str,
    at: At<'a>,
    variables: Vec<(String, Got)>,
    out: String,
    steps: usize,
    /// Bytes that functions made.
    made: usize,
    depth: usize,
}

impl<'a> Run<'a> {
    /// A complaint about the place where we are.
    fn wrong<T>(&self, what: impl AsRef<str>) -> Done<T> {
        let before = &self.text[..self.at.pos().min(self.text.len())];
        let line = 1 + before.matches('\n').count();
        let column = before.len() - before.rfind('\n').map_or(0, |place| place + 1);
        let (name, at) = (quoted(self.name), self.at);
        Err(format!("template: :{line}:{column}: executing {name} at <{at}>: {}", what.as_ref()))
    }

    fn step(&mut self) -> Done<()> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return self.wrong(format!("it does more than {MOST_STEPS} things"));
        }
        Ok(())
    }

    /// Does something one level deeper.
    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Done<T>) -> Done<T> {
        if self.depth == DEEPEST {
            return self.wrong(format!("exceeded maximum template depth ({DEEPEST})"));
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    /// A text that a function made.
    fn bounded(&mut self, text: String) -> Done<String> {
        self.made += text.len();
        if text.len() > MOST_TEXT || self.made > MOST_MADE {
            return self.wrong(format!("its texts are longer than {MOST_TEXT} bytes, or {MOST_MADE} in all"));
        }
        Ok(text)
    }

    fn write(&mut self, text: &str) -> Done<()> {
        self.out.push_str(text);
        if self.out.len() > MOST_TEXT {
            return self.wrong(format!("it writes more than {MOST_TEXT} bytes"));
        }
        Ok(())
    }

    fn list(&mut self, dot: &Got, list: &'a [Item]) -> Done<Flow> {
        for item in list {
            self.step()?;
            let flow = self.item(dot, item)?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn item(&mut self, dot: &Got, item: &'a Item) -> Done<Flow> {
        match item {
            Item::Text(text) => self.write(text)?,
            Item::Action(pipe) => {
                let got = self.pipe(dot, pipe)?;
                if pipe.variables.is_empty() {
                    self.write(&printed(&got.value))?;
                }
            }
            Item::If(branch) => return self.deeper(|run| run.branch(dot, branch, false)),
            Item::With(branch) => return self.deeper(|run| run.branch(dot, branch, true)),
            Item::Range(branch) => return self.deeper(|run| run.range(dot, branch)),
            Item::Template(call) => self.deeper(|run| run.template(dot, call))?,
            Item::Break => return Ok(Flow::Break),
            Item::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn branch(&mut self, dot: &Got, branch: &'a Branch, sets_dot: bool) -> Done<Flow> {
        let variables = self.variables.len();
        let got = self.pipe(dot, &branch.pipe)?;
        let flow = if got.value.is_true() {
            self.list(if sets_dot { &got } else { dot }, &branch.then)
        } else {
            self.list(dot, branch.otherwise.as_deref().unwrap_or_default())
        };
        self.variables.truncate(variables);
        flow
    }

    fn range(&mut self, dot: &Got, branch: &'a Branch) -> Done<Flow> {
        let variables = self.variables.len();
        let got = self.pipe(dot, &branch.pipe)?;
        let entries = self.entries(&got.value)?;
        let mut flow = Flow::On;
        if entries.is_empty() {
            flow = self.list(dot, branch.otherwise.as_deref().unwrap_or_default())?;
        }
        let inner = self.variables.len();
        for (key, element) in entries {
            self.declare_entry(&branch.pipe, key, &element)?;
            let ended = self.list(&element, &branch.then)?;
            self.variables.truncate(inner);
            if ended == Flow::Break {
                break;
            }
        }
        self.variables.truncate(variables);
        Ok(flow)
    }

    /// What a range goes over, in its order.
    fn entries(&self, value: &Value) -> Done<Vec<(Value, Got)>> {
        Ok(match value {
            Value::Nothing => Vec::new(),
            Value::List(list) => (0..)
                .zip(list.items())
                .map(|(place, item)| (Value::Int(place), list.element.got(item)))
                .collect(),
            Value::Map(map) => map
                .entries
                .iter()
                .map(|(key, item)| (Value::from(key.as_str()), map.element.got(item)))
                .collect(),
            Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Struct(_)
            | Value::NilPointer(_)
            | Value::Named(_) => {
                return self.wrong(format!("range can't iterate over {}", shown(value)));
            }
        })
    }

    /// The last variable takes the element, the one before it the key; a single one takes the element.
    fn declare_entry(&mut self, pipe: &Pipe, key: Value, element: &Got) -> Done<()> {
        let values = [Got::plain(key), element.clone()];
        let values = &values[values.len() - pipe.variables.len().min(values.len())..];
        if pipe.assigns {
            return pipe.variables.iter().zip(values).try_for_each(|(name, got)| self.assign(name, got));
        }
        // They are the last ones, because the pipeline has just declared them.
        let first = self.variables.len() - values.len();
        for ((_, variable), got) in self.variables[first..].iter_mut().zip(values) {
            *variable = got.clone();
        }
        Ok(())
    }

    fn template(&mut self, dot: &Got, call: &'a Call) -> Done<()> {
        self.at = At::Call(call);
        let Some((name, body)) = self.bodies.get_key_value(&call.name) else {
            return self.wrong(format!("template {} not defined", quoted(&call.name)));
        };
        let given = match &call.pipe {
            Some(pipe) => self.pipe(dot, pipe)?,
            None => Got::plain(Value::Nothing),
        };
        let outer = std::mem::replace(&mut self.variables, vec![(WHOLE.to_owned(), given.clone())]);
        let outer_name = std::mem::replace(&mut self.name, name);
        self.list(&given, body)?;
        self.variables = outer;
        self.name = outer_name;
        Ok(())
    }
}

/// A value where a template prints it: what is behind a pointer, and words for nothing.
fn printed(value: &Value) -> String {
    match value {
        Value::Nothing => "<no value>".into(),
        Value::Struct(object) if object.is_pointer => shown(value).split_off(1),
        value => shown(value),
    }
}
