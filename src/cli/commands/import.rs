//! `import`: machines out of a file of `export`, usable at once.

use std::{fs, path::PathBuf};

use super::export::failed;
use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome},
        many,
        secrets::PassphraseArgs,
    },
    machine::MachineName,
    ops::exchange,
    parcel::{self, Parcel},
};

/// Options of `import`.
#[derive(clap::Args)]
pub struct Args {
    /// A file of `export`; take in only what comes from somebody you trust
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Only these machines of it (default: all)
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Call the machine so here
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,

    /// Make no docker contexts of the machines' names
    #[arg(long)]
    no_context: bool,

    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Takes them in; all names are looked at before anything is written.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { file, names, name, no_context, passphrase } = args;
    let reading = |source| CliError::Io { doing: format!("read {}", file.display()), source };
    let sealed = fs::read(app.env.cwd.join(file)).map_err(reading)?;
    let passphrase = passphrase.read(app, "Passphrase of the file: ")?;
    let parcel = parcel::open(&sealed, &passphrase).map_err(|error| failed(file, &error))?;
    let wanted = wanted(app, &parcel, names, name.as_deref())?;
    let world = app.world("import", &wanted.iter().map(|(_, name)| name.clone()).collect::<Vec<_>>())?;
    for (packed, name) in &wanted {
        if world.store.exists(name) {
            return Err(CliError::refused(
                format!("machine \"{name}\" already exists; nothing was taken in"),
                format!("{} import --as OTHER {} {packed}", app.program(), file.display()),
            ));
        }
    }
    let context = !no_context;
    let results = app.wait(async move {
        let mut results: many::Results<()> = Vec::new();
        for (packed, name) in wanted {
            let outcome = exchange::import(&world, &parcel, &packed, &name, context).await;
            results.push((name, outcome.map_err(CliError::from)));
        }
        Ok(results)
    })?;
    for (name, _) in results.iter().filter(|(_, result)| result.is_ok()) {
        app.ui.say(format_args!("{name} is here: eval \"$({} env {name})\"", app.program()));
    }
    many::ended(results)
}

/// Which machines of the file, and how they are called here.
fn wanted(
    app: &App,
    parcel: &Parcel,
    names: &[String],
    other: Option<&str>,
) -> Result<Vec<(MachineName, MachineName)>, CliError> {
    let names: Result<Vec<MachineName>, _> = names.iter().map(|name| name.parse()).collect();
    let names = match names? {
        names if names.is_empty() => parcel.machines.keys().cloned().collect(),
        names => names,
    };
    let inside = || parcel.machines.keys().map(MachineName::as_str).collect::<Vec<_>>().join(", ");
    if let Some(name) = names.iter().find(|name| !parcel.machines.contains_key(*name)) {
        return Err(CliError::usage(
            format!("there is no machine \"{name}\" in the file"),
            format!("there are: {}", inside()),
        ));
    }
    match (other, names.as_slice()) {
        (None, _) => Ok(names.into_iter().map(|name| (name.clone(), name)).collect()),
        (Some(other), [name]) => Ok(vec![(name.clone(), other.parse()?)]),
        (Some(other), _) => Err(CliError::usage(
            format!("--as {other} is for one machine, and there are {}", names.len()),
            format!("name the one: {} import --as {other} FILE NAME, out of {}", app.program(), inside()),
        )),
    }
}
