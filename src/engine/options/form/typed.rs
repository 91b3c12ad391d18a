//! Values as they are typed, made into those of `daemon.json`. What they hold is checked afterwards, as a file's is.

use serde_json::{Map, Value, json};

use super::{Form, Item, Mistake};

impl Form {
    /// A typed value as `daemon.json` has it. Lists, maps and objects may be typed as JSON too.
    pub fn typed(self, text: &str) -> Result<Value, Mistake> {
        match self {
            Self::Switch => truth(text).map(Value::Bool).ok_or_else(|| self.wrong()),
            Self::Number { .. } => text.parse::<i64>().map(Value::from).map_err(|_| self.wrong()),
            Self::Text
            | Self::Choice(_)
            | Self::Path
            | Self::Size
            | Self::Network(_)
            | Self::Interface(_)
            | Self::Address(_)
            | Self::Endpoint => Ok(text.into()),
            Self::List(_)
            | Self::Map(_)
            | Self::Pools
            | Self::Ulimits
            | Self::Runtimes
            | Self::NetworkOptions
            | Self::Proxies
            | Self::Object => {
                if text.starts_with(['[', '{']) {
                    serde_json::from_str(text).map_err(|_| self.wrong())
                } else {
                    self.several(text)
                }
            }
        }
    }

    fn several(self, text: &str) -> Result<Value, Mistake> {
        let pair = || text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| self.wrong());
        match self {
            Self::List(item) if item.is_split() => {
                Ok(text.split(',').map(|text| Value::from(text.trim())).collect())
            }
            Self::List(_) => Ok(json!([text])),
            Self::Map(Item::Switch) => {
                let (name, value) = pair()?;
                Ok(one(name, truth(value).map(Value::Bool).ok_or_else(|| self.wrong())?))
            }
            Self::Map(_) | Self::Proxies => {
                let (name, value) = pair()?;
                Ok(one(name, value.into()))
            }
            Self::Runtimes => {
                let (name, path) = pair()?;
                Ok(one(name, json!({ "path": path })))
            }
            Self::NetworkOptions => {
                let (driver, rest) = pair()?;
                let (option, value) = rest.split_once('=').ok_or_else(|| self.wrong())?;
                Ok(one(driver, one(option, value.into())))
            }
            Self::Ulimits => {
                let (name, limits) = pair()?;
                let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
                let number = |text: &str| text.parse::<i64>().map_err(|_| self.wrong());
                Ok(one(name, json!({ "Name": name, "Hard": number(hard)?, "Soft": number(soft)? })))
            }
            Self::Pools => pool(text).ok_or_else(|| self.wrong()),
            Self::Switch
            | Self::Number { .. }
            | Self::Text
            | Self::Choice(_)
            | Self::Path
            | Self::Size
            | Self::Network(_)
            | Self::Interface(_)
            | Self::Address(_)
            | Self::Endpoint
            | Self::Object => Err(self.wrong()),
        }
    }
}

fn one(name: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value)]))
}

/// The words that Go takes for true and false.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// `base=10.10.0.0/16,size=24`, in either order.
fn pool(text: &str) -> Option<Value> {
    let (mut base, mut size) = (None, None);
    for part in text.split(',') {
        match part.split_once('=')? {
            ("base", value) => base = Some(value),
            ("size", value) => size = Some(value.parse::<i64>().ok()?),
            _ => return None,
        }
    }
    Some(json!([{ "base": base?, "size": size? }]))
}
