//! Values of `daemon.json` held against their form.

use std::net::SocketAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::{Family, Form, Item, Mistake, net};

impl Form {
    /// Whether a value of `daemon.json` is of this form.
    pub fn check(self, value: &Value) -> Result<(), Mistake> {
        let text = || value.as_str().ok_or_else(|| self.wrong());
        let demand = |holds: bool| if holds { Ok(()) } else { Err(self.wrong()) };
        match self {
            Self::Switch => demand(value.is_boolean()),
            Self::Number { least, most } => {
                demand(value.as_i64().is_some_and(|number| (least..=most).contains(&number)))
            }
            Self::Text => demand(is_line(text()?)),
            Self::Choice(words) => demand(words.contains(&text()?)),
            Self::Path => demand(is_path(text()?)),
            Self::Size => demand(is_size(text()?)),
            Self::Network(family) => net::network(family, text()?),
            Self::Interface(family) => net::interface(family, text()?),
            Self::Address(family) => net::address(family, text()?),
            Self::Endpoint => demand(text()?.parse::<SocketAddr>().is_ok()),
            Self::List(item) => {
                let list = value.as_array().ok_or_else(|| self.wrong())?;
                list.iter().try_for_each(|value| self.item(item, value))
            }
            Self::Map(item) => {
                let map = value.as_object().ok_or_else(|| self.wrong())?;
                map.values().try_for_each(|value| self.item(item, value))
            }
            Self::Pools => {
                let pools = value.as_array().ok_or_else(|| self.wrong())?;
                pools.iter().try_for_each(pool)
            }
            Self::Ulimits => demand(value.as_object().is_some_and(|map| map.values().all(is_ulimit))),
            Self::Runtimes => demand(value.as_object().is_some_and(|map| map.values().all(is_runtime))),
            Self::NetworkOptions => {
                demand(value.as_object().is_some_and(|map| map.values().all(is_text_map)))
            }
            Self::Proxies => demand(is_proxies(value)),
            Self::Object => demand(value.is_object()),
        }
    }

    fn item(self, item: Item, value: &Value) -> Result<(), Mistake> {
        let text = value.as_str();
        let holds = match item {
            Item::Text => text.is_some_and(is_line),
            Item::Pair => text.is_some_and(|text| {
                is_line(text) && text.split_once('=').is_some_and(|(key, _)| !key.is_empty())
            }),
            Item::Address => text.is_some_and(|text| net::address(None, text).is_ok()),
            Item::Domain => text.is_some_and(net::is_domain),
            Item::Url => text.is_some_and(net::is_url),
            Item::Registry => text.is_some_and(net::is_registry),
            Item::Path => text.is_some_and(is_path),
            Item::Switch => value.is_boolean(),
        };
        if holds { Ok(()) } else { Err(self.wrong()) }
    }
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && is_line(text)
}

/// A text, as the engine reads it: a number, perhaps a unit, perhaps `b` or `ib` behind it. It takes no bare numbers there.
fn is_size(text: &str) -> bool {
    const UNITS: [&str; 14] =
        ["", "b", "k", "kb", "kib", "m", "mb", "mib", "g", "gb", "gib", "t", "tb", "tib"];
    let text = text.to_ascii_lowercase();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    number.parse::<f64>().is_ok_and(|number| number > 0.0) && UNITS.contains(&unit.trim())
}

/// `size` is the length of the networks that are cut from `base`.
fn pool(value: &Value) -> Result<(), Mistake> {
    let wrong = || Form::Pools.wrong();
    let base = value["base"].as_str().ok_or_else(wrong)?;
    let family = if base.contains(':') { Family::V6 } else { Family::V4 };
    net::network(family, base)
        .map_err(|mistake| Mistake { meant: mistake.meant.map(|net| format!("base={net}")), ..wrong() })?;
    let net: IpNet = base.parse().map_err(|_| wrong())?;
    let size = value["size"].as_i64().ok_or_else(wrong)?;
    let sizes = i64::from(net.prefix_len())..=i64::from(net.max_prefix_len());
    if sizes.contains(&size) {
        return Ok(());
    }
    let (least, most) = (sizes.start(), sizes.end());
    Err(Mistake::expected(format!(
        "of networks whose size is from {least} to {most}, as their base is {base}"
    )))
}

fn is_ulimit(value: &Value) -> bool {
    let number = |key: &str| value[key].as_i64().filter(|number| *number >= -1);
    let (soft, hard) = (number("Soft"), number("Hard"));
    match (soft, hard) {
        (Some(soft), Some(hard)) => hard == -1 || (soft != -1 && soft <= hard),
        (None, _) | (_, None) => false,
    }
}

fn is_runtime(value: &Value) -> bool {
    value.is_object() && (value["path"].as_str().is_some_and(is_line) || value["runtimeType"].is_string())
}

fn is_text_map(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.values().all(Value::is_string))
}

fn is_proxies(value: &Value) -> bool {
    value.as_object().is_some_and(|map| {
        map.iter().all(|(name, value)| match (name.as_str(), value.as_str()) {
            ("http-proxy" | "https-proxy", Some(url)) => url.is_empty() || net::is_url(url),
            ("no-proxy", Some(hosts)) => !hosts.chars().any(char::is_control),
            _ => false,
        })
    })
}
