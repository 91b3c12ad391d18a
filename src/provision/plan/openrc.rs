//! What OpenRC needs to be told of an engine: its variables, in the shell's file that its script reads, and for an engine out of an
//! archive the script itself.

use super::{Content, files::taken_apart};
use crate::{
    provision::{
        facts::Facts,
        refusal::Refusal,
        state::{ENGINES, OPENRC_SETTINGS},
    },
    shell::Shell,
};

/// Our lines stand between these, in a file that is not ours alone.
const BEGIN: &str = "# Made by rmachine: the engine's variables. Do not edit between here and the end.\n";
const END: &str = "# The end of what rmachine made.\n";

/// The script of an engine out of an archive.
pub(super) fn service() -> Content {
    Content::Text(include_str!("../../../templates/openrc/static-docker").replace("@HOME@", ENGINES))
}

/// The file with these variables in it, its mode and its path; nothing where no file is needed.
pub(super) fn settings(
    facts: &Facts,
    variables: &[String],
) -> Result<Option<(String, u32, Content)>, Refusal> {
    let service = facts.engine.as_ref().map(|engine| &engine.service);
    let path = service.and_then(|service| service.drop_ins.first()).map_or(OPENRC_SETTINGS, String::as_str);
    let known = facts.texts.iter().find(|file| file.path == path).map(|file| file.text.as_str());
    let mode = facts.files.get(path).map_or(0o644, |file| file.mode);
    let others = known.map(without_ours).unwrap_or_default();
    if variables.is_empty() {
        let is_ours = known.is_some_and(|text| text != others);
        return Ok(is_ours.then(|| (path.to_owned(), mode, Content::Text(others))));
    }
    let mut text = others + BEGIN;
    for variable in variables {
        let (name, value) = taken_apart(variable)?;
        let bad = |_| Refusal::BadVariable { text: variable.clone() };
        text += &(Shell::Sh.set(name, value).map_err(bad)? + "\n");
    }
    // Variables may hold a proxy's password.
    Ok(Some((path.to_owned(), mode & 0o600, Content::Text(text + END))))
}

fn without_ours(text: &str) -> String {
    match (text.split_once(BEGIN), text.split_once(END)) {
        (Some((before, _)), Some((_, after))) => format!("{before}{after}"),
        _ => text.to_owned(),
    }
}
