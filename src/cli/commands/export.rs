//! `export`: machines with their keys and certificates in one encrypted file.

use std::path::{Path, PathBuf};

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
        names,
        secrets::PassphraseArgs,
    },
    ops::exchange,
    parcel,
    store::{self, Store},
};

/// Options of `export`.
#[derive(clap::Args)]
pub struct Args {
    /// Write them here
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The machines
    #[arg(value_name = "NAME", required_unless_present = "all")]
    names: Vec<String>,

    /// Take all machines
    #[arg(long, conflicts_with = "names")]
    all: bool,

    /// Take the CA's key along: whoever has it can renew the certificates, and be let in by every machine of this store
    #[arg(long)]
    with_ca_key: bool,

    /// Write over a file that is there
    #[arg(long, short)]
    force: bool,

    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Packs them.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { file, names, all, with_ca_key, force, passphrase } = args;
    let store = app.store()?;
    let path = app.env.cwd.join(file);
    not_turned(app, &store, file, names)?;
    if path.exists() && !force {
        return Err(CliError::refused(
            format!("{} is there already", file.display()),
            format!("write over it with --force, or name another file: {} export FILE", app.program()),
        ));
    }
    let names = if *all { names::all(app)? } else { names::several(app, &store, names)? };
    let world = app.world("export", &names)?;
    let packed = app.wait({
        let (world, names, with_ca) = (world, names.clone(), *with_ca_key);
        async move { Ok(exchange::export(&world, &names, with_ca).await?) }
    })?;
    let passphrase = passphrase.new_one(app)?;
    let sealed = parcel::seal(&packed, &passphrase).map_err(|error| failed(file, &error))?;
    store::write_atomically(&path, 0o600, &sealed)?;
    let several = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    app.ui.say(format_args!(
        "{several} in {}: whoever has it and the passphrase is root on the hosts",
        file.display()
    ));
    app.ui.say(format_args!("take it in elsewhere: {} import {}", app.program(), file.display()));
    Ok(code::DONE)
}

/// The file comes first; where a machine's name stands there, it does not.
fn not_turned(app: &App, store: &Store, file: &Path, names: &[String]) -> Result<(), CliError> {
    let known = store.names()?;
    let is_known = |name: &str| known.iter().any(|known| known == name);
    match (file.to_str(), names) {
        (Some(first), [second]) if is_known(first) && !is_known(second) => Err(CliError::usage(
            format!("there is no machine {second:?}, but one {first:?}"),
            format!("the file comes first: {} export {second} {first}", app.program()),
        )),
        _ => Ok(()),
    }
}

/// Trouble with the file, by its name.
pub(super) fn failed(file: &Path, error: &parcel::ParcelError) -> CliError {
    CliError::Failed { message: format!("{}: {error}", file.display()), hint: None }
}
