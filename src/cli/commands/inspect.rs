//! `inspect`: everything that is stored about a machine, as JSON; what is secret only when asked for.

use serde_json::Value;

use crate::cli::{
    app::App,
    error::{CliError, Outcome, code},
    go_template, json, names,
};

/// What a secret is shown as.
const MASK: &str = "********";
/// Parts of the names of fields whose texts are secret.
const SECRET: [&str; 7] = ["accesskey", "apikey", "credential", "passphrase", "password", "secret", "token"];

/// Options of `inspect`.
#[derive(clap::Args)]
pub struct Args {
    /// The machine (default: the machine `default`)
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Print this template instead, such as {{.Driver.IPAddress}}
    #[arg(long, short, value_name = "TEMPLATE")]
    format: Option<String>,

    /// Show tokens, keys of APIs and passwords
    #[arg(long)]
    show_secrets: bool,

    /// Print JSON, as is done anyway
    #[arg(long, hide = true)]
    json: bool,
}

/// Prints `config.json` as it is stored.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref name, ref format, show_secrets, json: _ } = args;
    let store = app.store()?;
    let name = names::one(&store, name.as_deref())?;
    let record = store.load(&name)?;
    let mut value = serde_json::to_value(&record.config).map_err(|error| CliError::Failed {
        message: format!("the record of {name} cannot be shown: {error}"),
        hint: None,
    })?;
    if !show_secrets {
        mask(&mut value);
    }
    match format {
        Some(template) => app.ui.data(go_template::render(template, &value)?),
        None => app.ui.data(json::pretty(&value)),
    }
    Ok(code::DONE)
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if is_secret(name) && !text.is_empty() => MASK.clone_into(text),
                    value => mask(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_secret(field: &str) -> bool {
    let plain: String = field.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    SECRET.iter().any(|word| plain.contains(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_of_every_cloud_that_hold_secrets_are_masked_and_paths_are_not() {
        let mut value = json!({
            "AccessToken": "a", "ClientSecret": "b", "Password": "c", "ApiKey": "d", "api-key": "e", "SecretKey": "f",
            "SSHKeyPath": "/k", "KeyName": "k", "Token": "", "Nested": [{ "SSHPassword": "g" }],
        });
        mask(&mut value);
        let shown = value.to_string();
        assert_eq!(shown.matches(MASK).count(), 7, "{shown}");
        assert_eq!((value["SSHKeyPath"].as_str(), value["Token"].as_str()), (Some("/k"), Some("")));
    }
}
