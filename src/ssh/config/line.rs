//! One line of ssh_config: a keyword and its arguments.

/// A keyword in lower case, and its arguments with the quotes taken off.
#[derive(Debug, PartialEq, Eq)]
pub struct Directive {
    /// The keyword, in lower case.
    pub keyword: String,
    /// The arguments; at least one.
    pub args: Vec<String>,
    /// Everything after the keyword as it stands, for commands.
    pub rest: String,
}

/// Reads a line: nothing for empty lines and comments, a reason for broken ones.
pub fn parse(line: &str) -> Result<Option<Directive>, &'static str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let end = line.find(|c: char| c.is_whitespace() || c == '=' || c == '"').unwrap_or(line.len());
    let (keyword, rest) = line.split_at(end);
    if keyword.is_empty() {
        return Err("there is no keyword");
    }
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
    let args = split(rest)?;
    if args.is_empty() {
        return Err("the keyword has no argument");
    }
    Ok(Some(Directive { keyword: keyword.to_ascii_lowercase(), args, rest: rest.to_owned() }))
}

/// Splits at blanks outside of quotes; a `#` that begins a word ends the line.
fn split(text: &str) -> Result<Vec<String>, &'static str> {
    let mut args = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        match chars.peek() {
            None | Some('#') => return Ok(args),
            Some(_) => args.push(word(&mut chars)?),
        }
    }
}

fn word(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, &'static str> {
    let mut word = String::new();
    let mut quote = None;
    while let Some(&c) = chars.peek() {
        if quote.is_none() && c.is_whitespace() {
            return Ok(word);
        }
        chars.next();
        match c {
            '\\' => match chars.next_if(|&next| matches!(next, '"' | '\'' | '\\')) {
                Some(escaped) => word.push(escaped),
                None => word.push('\\'),
            },
            '"' | '\'' if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(c),
            _ => word.push(c),
        }
    }
    if quote.is_some() { Err("a quote is not closed") } else { Ok(word) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Vec<String> {
        parse(line).unwrap().unwrap().args
    }

    #[test]
    fn keyword_and_argument_are_parted_by_blanks_or_one_equals_sign() {
        for line in ["Port 22", "port=22", "PORT = 22", "\tPort\t22  ", "Port 22 # ssh"] {
            let directive = parse(line).unwrap().unwrap();
            assert_eq!(
                (directive.keyword.as_str(), directive.args),
                ("port", vec!["22".to_owned()]),
                "{line}"
            );
        }
    }

    #[test]
    fn quotes_hold_blanks_together() {
        assert_eq!(args(r#"IdentityFile "/a b/key""#), ["/a b/key"]);
        assert_eq!(args(r#"Host a "b c" 'd e'"#), ["a", "b c", "d e"]);
        assert_eq!(args(r#"Host a\"b"#), ["a\"b"]);
    }

    #[test]
    fn comments_and_empty_lines_say_nothing() {
        for line in ["", "   ", "# Host x", "  # y"] {
            assert_eq!(parse(line), Ok(None));
        }
    }

    #[test]
    fn broken_lines_are_told() {
        assert_eq!(parse("Host \"a"), Err("a quote is not closed"));
        assert_eq!(parse("Host"), Err("the keyword has no argument"));
        assert_eq!(parse("= 3"), Err("there is no keyword"));
    }

    #[test]
    fn a_command_is_kept_as_it_stands() {
        let directive = parse("ProxyCommand nc -X 'a b' %h %p").unwrap().unwrap();
        assert_eq!(directive.rest, "nc -X 'a b' %h %p");
    }
}
