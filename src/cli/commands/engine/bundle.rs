//! `engine bundle`: one file with an engine in it, to be sent to hosts with no way out.

use std::path::PathBuf;

use crate::{
    cli::{
        app::App,
        engine_source,
        error::{Outcome, code},
        json,
    },
    engine::archive::{Built, build},
    ops::OpsError,
};

/// Options of `engine bundle`.
#[derive(clap::Args)]
pub struct Args {
    /// Write the bundle here
    #[arg(value_name = "FILE")]
    target: PathBuf,

    /// Take the engine from the vendor's tarball, or from a folder with its programs at any depth, such as one that packages were unpacked into
    #[arg(value_name = "SOURCE")]
    source: PathBuf,

    /// Name the version; a tarball says it by its name
    #[arg(long, value_name = "VERSION", value_parser = engine_source::version)]
    engine_version: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Makes it, and says how it is used.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { target, source, engine_version, json } = args;
    let (source, target) = (app.env.cwd.join(source), app.env.cwd.join(target));
    let built = build(&source, engine_version.as_deref(), &target).map_err(OpsError::from)?;
    let Built { version, arch, sha256, size } = &built;
    if *json {
        app.ui.data(json::pretty(
            &serde_json::json!({ "version": version, "arch": arch, "sha256": sha256, "size": size }),
        ));
        return Ok(code::DONE);
    }
    app.ui.data(format_args!("{sha256}  {}", args.target.display()));
    app.ui.say(format_args!("engine {version} for {arch}, {} MiB", size.div_ceil(1024 * 1024)));
    app.ui.say(format_args!(
        "use it: {} create --engine-bundle {} --engine-sha256 {sha256} ...",
        app.program(),
        args.target.display()
    ));
    Ok(code::DONE)
}
