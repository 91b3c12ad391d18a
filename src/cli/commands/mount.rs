//! `mount`: a folder of a host, mounted here by sshfs and unmounted by fusermount.

use std::{path::Path, time::Duration};

use crate::{
    cli::{
        app::App,
        classic::habits::Habit,
        error::{CliError, Outcome, code},
        location::Location,
        names,
    },
    ops::openssh,
    process::{Command, ProcessError},
    retry::Deadline,
};

/// How long another rmachine may hold the machine while we only want to write its configuration.
const LOCK: Duration = Duration::from_secs(10);

/// Options of `mount`.
#[derive(clap::Args)]
pub struct Args {
    /// The folder on the host: `[user@]machine:path`, or a path of the machine `default`; then where to mount it (default: the same path)
    #[arg(value_names = ["FOLDER", "MOUNTPOINT"], num_args = 0..)]
    places: Vec<String>,

    /// Unmount it
    #[arg(long, short)]
    unmount: bool,
}

/// Mounts, or unmounts.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { places, unmount } = args;
    let (folder, mountpoint) = match places.as_slice() {
        [folder] => (folder, folder.split_once(':').map_or(folder.as_str(), |(_, path)| path)),
        [folder, mountpoint] => (folder, mountpoint.as_str()),
        _ => return Err(wrong_number(app)),
    };
    if mountpoint.is_empty() {
        return Err(CliError::usage(
            "no mountpoint is named",
            format!("{} mount {folder} FOLDER", app.program()),
        ));
    }
    let mountpoint = &app.env.cwd.join(mountpoint);
    // The machine may be gone by now, its mount is not.
    let command = if *unmount {
        fusermount(app).arg("-u").arg("--").arg(mountpoint)
    } else {
        sshfs(app, folder, mountpoint)?
    };
    let program = command.name();
    let status = app.wait(async move { Ok(command.attached().await?) })?;
    if status.success() {
        return Ok(code::DONE);
    }
    Err(ProcessError::Failed { program, status, stderr: String::new() }.into())
}

fn wrong_number(app: &App) -> CliError {
    if app.has(Habit::HelpOnWrongNumber) {
        return CliError::NoNames { command: "mount" };
    }
    let line = format!("{} mount n1:/srv /mnt", app.program());
    CliError::usage("mount takes a folder of a host, and where to mount it", line)
}

fn fusermount(app: &App) -> Command {
    let old = app.env.find_program("fusermount3").is_none() && app.env.find_program("fusermount").is_some();
    Command::new(&app.env, if old { "fusermount" } else { "fusermount3" })
}

fn sshfs(app: &App, folder: &str, mountpoint: &Path) -> Result<Command, CliError> {
    let world = app.quiet_world()?;
    let place = match Location::parse(&world.store, folder)? {
        Location::Here(path) => {
            Location::There { user: None, machine: names::one(&world.store, None)?, path }
        }
        there @ Location::There { .. } => there,
    };
    if !mountpoint.is_dir() {
        return Err(CliError::Failed {
            message: format!("there is no folder {} here to mount it on", mountpoint.display()),
            hint: Some(format!("mkdir -p {}", mountpoint.display())),
        });
    }
    let name = place.machine().cloned();
    let way = app.wait(async move {
        let name = name.ok_or(CliError::NoDefault)?;
        let lock = world.store.lock(&name, Deadline::after(LOCK), &world.events).await?;
        let record = world.store.load(&name)?;
        Ok(openssh::for_a_mount(&world, &lock, &record)?)
    })?;
    // A connection that broke is made again: the files stay where they are.
    let sshfs = Command::new(&app.env, "sshfs").args(["-F", &way.display().to_string(), "-o", "reconnect"]);
    Ok(sshfs.arg(place.word()).arg(mountpoint))
}
