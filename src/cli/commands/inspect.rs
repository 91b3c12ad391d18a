//! `inspect`: everything that is stored about a machine, as JSON; what is secret only when asked for.

use crate::{
    cli::{
        app::App,
        classic::habits::Habit,
        error::{CliError, Outcome, code},
        expiry, format, names,
    },
    machine::MachineName,
    ops::certs::{self, Lives},
    store::Node,
    template::Value,
};

/// What a secret is shown as, as JSON.
const MASK: &str = "\"********\"";
/// Parts of the names of fields whose texts are secret.
const SECRET: [&str; 7] = ["accesskey", "apikey", "credential", "passphrase", "password", "secret", "token"];

/// Options of `inspect`.
#[derive(clap::Args)]
pub struct Args {
    /// The machine (default: the machine `default`)
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Print this Go template instead, such as {{.Driver.IPAddress}} or {{json .HostOptions}}
    #[arg(long, short, value_name = "TEMPLATE")]
    format: Option<String>,

    /// Show tokens, keys of APIs and passwords; called docker-machine, they always are
    #[arg(long)]
    show_secrets: bool,

    /// Print JSON, as is done anyway
    #[arg(long, hide = true)]
    json: bool,
}

/// What to type instead of a template that is wrong.
const EXAMPLE: &str = "a template such as '{{.Driver.IPAddress}}' or '{{json .HostOptions.EngineOptions}}'";

/// Prints `config.json` as it is stored. docker-machine showed secrets, and scripts read them from there.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref name, ref format, show_secrets, json: _ } = args;
    let template = format.as_deref().filter(|text| !text.is_empty());
    let template =
        template.map(|text| format::parse(text, "template parsing error: ", EXAMPLE)).transpose()?;
    let store = app.store()?;
    let name = names::one(&store, name.as_deref())?;
    let record = store.load(&name)?;
    let mut document = store.document(&record)?;
    // A folder that was renamed by hand gives the machine its name, whatever the file says.
    if let Some(stored) = document.member_mut("Name") {
        *stored = Node::text(name.as_str());
    }
    if !app.has(Habit::ShowsTheFile) {
        if !show_secrets {
            mask(&mut document);
        }
        add_certificates(&mut document, &certs::lives(&app.quiet_world()?, &record));
    }
    let text = document.to_text();
    match template {
        Some(template) => app.ui.data(format::render(&template, &value(&name, &text)?, EXAMPLE)?),
        None => app.ui.data(text),
    }
    Ok(code::DONE)
}

/// What is no part of `config.json` and people look for here: how long the machine's certificates hold.
fn add_certificates(document: &mut Node, lives: &Lives) {
    if let Node::Object(fields) = document
        && lives.named().next().is_some()
    {
        fields.push(("Certificates".to_owned(), Node::from(&expiry::json(lives))));
    }
}

fn value(name: &MachineName, document: &str) -> Result<Value, CliError> {
    let read: serde_json::Value = serde_json::from_str(document).map_err(|error| CliError::Failed {
        message: format!("the record of {name} cannot be shown: {error}"),
        hint: None,
    })?;
    Ok(Value::from(&read))
}

fn mask(document: &mut Node) {
    match document {
        Node::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Node::Literal(text) if is_secret(name) && is_text(text) => MASK.clone_into(text),
                    value => mask(value),
                }
            }
        }
        Node::List(items) => items.iter_mut().for_each(mask),
        Node::Literal(_) => {}
    }
}

/// A text with something in it.
fn is_text(literal: &str) -> bool {
    literal.starts_with('"') && literal != "\"\""
}

fn is_secret(field: &str) -> bool {
    let plain: String = field.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    SECRET.iter().any(|word| plain.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_cloud_that_hold_secrets_are_masked_and_paths_are_not() {
        let mut document = Node::parse(
            r#"{"AccessToken": "a", "ClientSecret": "b", "Password": "c", "ApiKey": "d", "api-key": "e", "SecretKey": "f",
                "SSHKeyPath": "/k", "KeyName": "k", "Token": "", "Nested": [{"SSHPassword": "g"}], "Id": 1.50}"#,
        )
        .unwrap();
        mask(&mut document);
        let shown = document.to_text();
        assert_eq!(shown.matches(MASK).count(), 7, "{shown}");
        for kept in [r#""SSHKeyPath": "/k""#, r#""Token": """#, r#""KeyName": "k""#, r#""Id": 1.50"#] {
            assert!(shown.contains(kept), "{kept} in {shown}");
        }
    }
}
