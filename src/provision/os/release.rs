//! `/etc/os-release`: os-release(5), shell assignments, with or without quotes.

/// What it says, as far as we look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsRelease {
    /// `ID`, such as `debian`.
    pub id: String,
    /// `ID_LIKE`, nearest first.
    pub id_like: Vec<String>,
    /// `VERSION_ID`, such as `12`; empty for rolling ones.
    pub version: String,
    /// `PRETTY_NAME`, for messages.
    pub pretty: String,
}

impl OsRelease {
    /// Reads it.
    pub fn parse(text: &str) -> Self {
        let mut os = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let Some((key, value)) = line.split_once('=') else { continue };
            let value = unquote(value);
            match key {
                "ID" => os.id = value,
                "ID_LIKE" => os.id_like = value.split_whitespace().map(str::to_owned).collect(),
                "VERSION_ID" => os.version = value,
                "PRETTY_NAME" => os.pretty = value,
                _other_keys_do_not_matter => {}
            }
        }
        os
    }

    /// The name for messages.
    pub fn name(&self) -> &str {
        if self.pretty.is_empty() { &self.id } else { &self.pretty }
    }
}

fn unquote(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner.replace("\\\"", "\"").replace("\\$", "$").replace("\\\\", "\\");
        }
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_with_equals_signs_and_quotes_are_whole() {
        let os = OsRelease::parse("PRETTY_NAME=\"A=B \\\"C\\\"\"\nBUG_REPORT_URL=\"https://x/?a=b\"");
        assert_eq!(os.name(), "A=B \"C\"");
    }
}
