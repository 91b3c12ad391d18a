//! What docker-machine's parser made of words, beyond the forms that `argv.rs` reads in either voice.

use super::surface;
use crate::{
    cli::{defaults::truth, error::CliError},
    env::{Env, Voice},
};

/// The variable that switches debugging on and off, whatever is typed.
const DEBUG: &str = "MACHINE_DEBUG";

/// A flag under both of its names is refused, with the words of that parser.
pub fn one_form_each(command: Option<&str>, typed: &[&str]) -> Result<(), CliError> {
    for names in surface::flags(command) {
        let mut forms = names.iter().filter(|name| typed.contains(*name));
        if let (Some(first), Some(second)) = (forms.next(), forms.next()) {
            let message = format!("Cannot use two forms of the same flag: {second} {first}");
            return Err(CliError::Misused { message });
        }
    }
    Ok(())
}

/// What the variable says of debugging; in docker-machine's voice it outweighs the flag.
pub fn debug(env: &Env) -> Result<Option<bool>, CliError> {
    let Some(text) = env.var(DEBUG).filter(|_| env.voice() == Voice::DockerMachine) else { return Ok(None) };
    let said = truth(text).ok_or_else(|| CliError::Failed {
        message: format!(
            "Error parsing boolean value from {DEBUG}: strconv.ParseBool: parsing {text:?}: invalid syntax"
        ),
        hint: None,
    })?;
    Ok(Some(said))
}
