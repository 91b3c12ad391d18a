//! The templates that people give to `inspect -f`: text with paths such as `{{.Driver.IPAddress}}`, and `json` of one.
//!
//! Whole Go templates (`range`, `if`, pipelines) are refused by name rather than half done.

use serde_json::Value;

use super::{error::CliError, json};

/// Fills in a template.
pub fn render(template: &str, root: &Value) -> Result<String, CliError> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (action, after) = after
            .split_once("}}")
            .ok_or_else(|| CliError::usage("template parsing error: {{ is never closed", EXAMPLE))?;
        text.push_str(before);
        text.push_str(&value_of(action.trim(), root)?);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

const EXAMPLE: &str = "a template such as '{{.Driver.IPAddress}}' or '{{json .HostOptions.EngineOptions}}'";

fn value_of(action: &str, root: &Value) -> Result<String, CliError> {
    let words: Vec<&str> = action.split_whitespace().collect();
    match words.as_slice() {
        [path] if path.starts_with('.') => Ok(plain(find(path, root))),
        ["json", path] if path.starts_with('.') => {
            Ok(json::compact(find(path, root).unwrap_or(&Value::Null)))
        }
        ["prettyjson", path] if path.starts_with('.') => {
            Ok(json::pretty(find(path, root).unwrap_or(&Value::Null)))
        }
        _ => Err(CliError::usage(format!("this template is not understood: {{{{{action}}}}}"), EXAMPLE)),
    }
}

fn find<'a>(path: &str, root: &'a Value) -> Option<&'a Value> {
    path.split('.').filter(|part| !part.is_empty()).try_fold(root, |value, part| value.get(part))
}

/// As Go prints it.
fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "<no value>".into(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(|item| plain(Some(item))).collect();
            format!("[{}]", items.join(" "))
        }
        Some(Value::Object(fields)) => {
            let mut fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("{key}:{}", plain(Some(value)))).collect();
            fields.sort();
            format!("map[{}]", fields.join(" "))
        }
        Some(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_and_json_of_paths_are_filled_in() {
        let root = json!({ "Name": "n1", "Driver": { "Port": 22, "Tags": ["a", "b"] } });
        let table = [
            ("{{.Name}}", "n1"),
            ("<{{ .Driver.Port }}>", "<22>"),
            ("{{.Driver.Tags}}", "[a b]"),
            ("{{json .Driver.Tags}}", "[\"a\",\"b\"]"),
            ("{{.Nothing}}", "<no value>"),
            ("plain", "plain"),
        ];
        for (template, text) in table {
            assert_eq!(render(template, &root).unwrap(), text, "{template}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for template in ["{{range .}}", "{{.Name", "{{if .Name}}x{{end}}", "{{len .Name}}"] {
            assert!(matches!(render(template, &json!({})), Err(CliError::Usage { .. })), "{template}");
        }
    }
}
