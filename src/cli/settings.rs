//! `~/.config/rmachine/config.toml`: defaults of flags, in sections named after commands.
//!
//! ```toml
//! [global]              # options that every command takes
//! storage-path = "/srv/machines"
//!
//! [create]              # keys are the command's flags without dashes
//! driver = "generic"
//! engine-label = ["env=test"]
//!
//! [create.generic]      # a driver's flags without its name in front
//! ssh-user = "admin"
//! ```
//!
//! What is typed wins, then variables, then this file. A key that no flag has is an error with its line: a default that is
//! silently ignored is worse than none.

use std::{collections::BTreeMap, fs, io, ops::Range, path::PathBuf};

use toml::de::{DeTable, DeValue};

use crate::{env::Env, store::nearest};

/// The section of options that every command takes.
pub const GLOBAL: &str = "global";

/// The file, flattened: `[create.generic] ssh-user` is in section `create.generic`.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    path: PathBuf,
    sections: BTreeMap<String, Section>,
}

#[derive(Clone, Debug, Default)]
struct Section {
    line: usize,
    keys: BTreeMap<String, Setting>,
}

#[derive(Clone, Debug)]
struct Setting {
    line: usize,
    values: Vec<String>,
}

/// What is wrong with the file.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It cannot be read.
    #[error("cannot read {path}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is not TOML.
    #[error("{path}:{line}: {reason}", path = path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the parser said.
        reason: String,
    },
    /// A section or key that nothing has.
    #[error("{path}:{line}: there is no {what}", path = path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Such as `flag "drivr" of create`.
        what: String,
        /// Names that are near it.
        nearest: Vec<String>,
    },
}

impl Settings {
    /// Reads the file; where there is none, nothing is set.
    pub fn load(env: &Env) -> Result<Self, SettingsError> {
        let Some(path) = env.config_dir.as_ref().map(|dir| dir.join("rmachine/config.toml")) else {
            return Ok(Self::default());
        };
        match fs::read_to_string(&path) {
            Ok(text) => Self::read(path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(SettingsError::Unreadable { path, source }),
        }
    }

    fn read(path: PathBuf, text: &str) -> Result<Self, SettingsError> {
        let table = DeTable::parse(text).map_err(|error| SettingsError::Syntax {
            path: path.clone(),
            line: error.span().map_or(1, |span| line_of(text, &span)),
            reason: error.message().to_owned(),
        })?;
        let mut settings = Self { path, sections: BTreeMap::new() };
        for (name, value) in table.get_ref() {
            let line = line_of(text, &name.span());
            match value.get_ref() {
                DeValue::Table(table) => settings.add(text, name.get_ref(), line, table)?,
                _ => return Err(settings.syntax(line, format!("{} must stand in a section", name.get_ref()))),
            }
        }
        Ok(settings)
    }

    fn add(&mut self, text: &str, name: &str, line: usize, table: &DeTable<'_>) -> Result<(), SettingsError> {
        let mut section = Section { line, keys: BTreeMap::new() };
        for (key, value) in table {
            let (key, line) = (key.get_ref(), line_of(text, &key.span()));
            if let DeValue::Table(inner) = value.get_ref() {
                self.add(text, &format!("{name}.{key}"), line, inner)?;
                continue;
            }
            let values = texts(value.get_ref()).ok_or_else(|| {
                self.syntax(
                    line,
                    format!("{key} must be a text, a whole number, true, false, or a list of texts"),
                )
            })?;
            section.keys.insert(key.to_string(), Setting { line, values });
        }
        self.sections.insert(name.to_owned(), section);
        Ok(())
    }

    fn syntax(&self, line: usize, reason: String) -> SettingsError {
        SettingsError::Syntax { path: self.path.clone(), line, reason }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// What is set for a flag.
    pub fn get(&self, section: &str, key: &str) -> Option<&[String]> {
        self.sections.get(section)?.keys.get(key).map(|setting| setting.values.as_slice())
    }

    /// The keys of a section, if there is one.
    pub fn keys(&self, section: &str) -> Option<Vec<String>> {
        Some(self.sections.get(section)?.keys.keys().cloned().collect())
    }

    /// Refuses what no flag answers to; `known` lists the flags of each section.
    pub fn check(&self, known: &BTreeMap<String, Vec<String>>) -> Result<(), SettingsError> {
        for (name, section) in &self.sections {
            let Some(flags) = known.get(name) else {
                let nearest = nearest(name, known.keys().cloned().collect());
                return Err(self.unknown(section.line, format!("section [{name}]"), nearest));
            };
            for (key, setting) in &section.keys {
                if !flags.contains(key) {
                    let what = format!("flag {key:?} in section [{name}]");
                    return Err(self.unknown(setting.line, what, nearest(key, flags.clone())));
                }
            }
        }
        Ok(())
    }

    fn unknown(&self, line: usize, what: String, nearest: Vec<String>) -> SettingsError {
        SettingsError::Unknown { path: self.path.clone(), line, what, nearest }
    }
}

/// A value as the texts one would type.
fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::Array(items) => {
            items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
        }
        DeValue::String(text) => Some(vec![text.to_string()]),
        DeValue::Boolean(is_on) => Some(vec![is_on.to_string()]),
        DeValue::Integer(number) => Some(vec![number.to_string()]),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    text.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, SettingsError> {
        Settings::read("c.toml".into(), text)
    }

    fn known() -> BTreeMap<String, Vec<String>> {
        BTreeMap::from([
            ("global".into(), vec!["storage-path".into()]),
            ("create".into(), vec!["driver".into(), "engine-label".into()]),
            ("create.generic".into(), vec!["ssh-user".into()]),
        ])
    }

    #[test]
    fn sections_hold_flags_of_commands_and_of_drivers() {
        let settings = read(
            "[global]\nstorage-path='/s'\n[create]\ndriver='generic'\nengine-label=['a=b','c=d']\n[create.generic]\nssh-user='admin'\n",
        )
        .unwrap();
        assert_eq!(settings.get("global", "storage-path"), Some(["/s".to_owned()].as_slice()));
        assert_eq!(settings.get("create", "engine-label").unwrap().len(), 2);
        assert_eq!(settings.get("create.generic", "ssh-user"), Some(["admin".to_owned()].as_slice()));
        settings.check(&known()).unwrap();
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let table = [
            ("[create]\ndrivr='generic'\n", "c.toml:2: there is no flag \"drivr\" in section [create]"),
            ("\n[creat]\n", "c.toml:2: there is no section [creat]"),
            (
                "[create]\n\n[create.generic]\nuser='a'\n",
                "c.toml:4: there is no flag \"user\" in section [create.generic]",
            ),
            ("driver='generic'\n", "c.toml:1: driver must stand in a section"),
            (
                "[create]\ndriver=1.5\n",
                "c.toml:2: driver must be a text, a whole number, true, false, or a list of texts",
            ),
        ];
        for (text, message) in table {
            let error = read(text).and_then(|settings| settings.check(&known())).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn the_nearest_flag_is_suggested() {
        let error = read("[create]\ndrivr='x'\n").unwrap().check(&known()).unwrap_err();
        assert!(matches!(error, SettingsError::Unknown { nearest, .. } if nearest == ["driver"]));
    }
}
