//! `ls --format`: a Go template for each machine, or with `table` before it a table with a header.

use super::{headers, item::Item, value};
use crate::{
    cli::{error::CliError, format, table},
    template::Template,
};

/// What to type instead of a template that is wrong.
const EXAMPLE: &str = "a template such as '{{.Name}} {{.State}}', or 'table {{.Name}}\\t{{.DockerVersion}}'; the fields are Name, Active, \
    ActiveHost, ActiveSwarm, DriverName, State, URL, SwarmOptions, Swarm, EngineOptions, Error, DockerVersion and ResponseTime";

/// The word that asks for a table.
const TABLE: &str = "table";

/// What was asked for.
pub struct Format {
    template: Template,
    is_table: bool,
}

impl Format {
    /// Reads what was typed; `\t` and `\n` are a tab and a line end, and a line end follows each machine.
    pub fn parse(typed: &str) -> Result<Self, CliError> {
        let (text, is_table) = typed.strip_prefix(TABLE).map_or((typed, false), |text| (text, true));
        let text = unescaped(text.trim_matches(' ')) + "\n";
        Ok(Self { template: format::parse(&text, "", EXAMPLE)?, is_table })
    }

    /// Fills it in for each machine.
    pub fn render(&self, items: &[Item<'_>]) -> Result<String, CliError> {
        let mut text = String::new();
        if self.is_table {
            text.push_str(&format::render(&self.template, &headers::headers(), EXAMPLE)?);
        }
        for item in items {
            text.push_str(&format::render(&self.template, &value::item(item), EXAMPLE)?);
        }
        Ok(if self.is_table { table::tabbed(&text) } else { text })
    }
}

/// In an action `\n` is left to the quotes it stands in, which a line end would break.
fn unescaped(text: &str) -> String {
    let text = text.replace("\\t", "\t");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(open) = rest.find("{{") {
        let end = rest[open..].find("}}").map_or(rest.len(), |length| open + length);
        out.push_str(&rest[..open].replace("\\n", "\n"));
        out.push_str(&rest[open..end]);
        rest = &rest[end..];
    }
    out + &rest.replace("\\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_and_line_ends_are_written_as_docker_machine_took_them() {
        let table = [
            (r"{{.Name}}\t{{.State}}\n-", "{{.Name}}\t{{.State}}\n-"),
            (r#"{{printf "%s\t\n" .Name}}\n"#, "{{printf \"%s\t\\n\" .Name}}\n"),
            (r"{{.Name\n", r"{{.Name\n"),
        ];
        for (typed, read) in table {
            assert_eq!(unescaped(typed), read);
        }
    }
}
