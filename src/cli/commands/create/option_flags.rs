//! Options of the engine that people look for under their own name, as flags: `--engine-mtu 1450` is `--engine-opt mtu=1450`.
//!
//! They are made from the table of options, so that a flag and an option can never differ in what they take.

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

use crate::engine::options::{
    Form, OptionSpec,
    table::{self, CHAPTERS},
};

/// What was typed, as words of `--engine-opt`.
#[derive(Clone, Debug, Default)]
pub struct OptionFlags {
    /// Such as `mtu=1450`.
    pub words: Vec<String>,
}

/// The flags of an option: its own, or one for each of its parts.
fn names(spec: &OptionSpec) -> Vec<&'static str> {
    if spec.parts.is_empty() { vec![spec.flag] } else { spec.parts.to_vec() }
}

fn arg(spec: &OptionSpec, name: &'static str) -> Arg {
    let flag = format!("engine-{name}");
    let arg = Arg::new(flag.clone()).long(flag).help(help(spec, name)).hide_short_help(true);
    let arg = if spec.key == name || !spec.parts.is_empty() {
        arg
    } else {
        arg.alias(format!("engine-{}", spec.key))
    };
    match spec.form {
        // With `=` only, so that a switch does not take the machine's name for its value.
        Form::Switch => arg
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_name("BOOL"),
        form if form.is_many() && spec.parts.is_empty() => {
            arg.action(ArgAction::Append).value_name(value_name(spec))
        }
        _ => arg.action(ArgAction::Set).value_name(value_name(spec)),
    }
}

/// Parts of an option share its help, so each says which part it is.
fn help(spec: &OptionSpec, name: &str) -> String {
    match name {
        "no-proxy" => "Have the engine itself go directly to these hosts".to_owned(),
        "http-proxy" | "https-proxy" => format!("{}, for {}", spec.help, name.trim_end_matches("-proxy")),
        _ => spec.help.to_owned(),
    }
}

fn value_name(spec: &OptionSpec) -> &'static str {
    match spec.form {
        Form::Number { .. } => "N",
        Form::Path => "PATH",
        Form::Network(_) | Form::Interface(_) => "CIDR",
        Form::Address(_) => "IP",
        Form::Map(_) | Form::Ulimits | Form::Runtimes | Form::Pools => "KEY=VALUE",
        Form::Switch
        | Form::Text
        | Form::Choice(_)
        | Form::Size
        | Form::Endpoint
        | Form::List(_)
        | Form::NetworkOptions
        | Form::Proxies
        | Form::Object => "VALUE",
    }
}

impl clap::Args for OptionFlags {
    fn augment_args(mut command: Command) -> Command {
        for chapter in CHAPTERS {
            // Of each argument, so that those of other commands' parts keep the heading they have.
            let heading = format!("The engine's options: {}", chapter.title.to_lowercase());
            let flags = chapter.options.iter().filter(|spec| spec.has_flag);
            let args = flags.flat_map(|spec| names(spec).into_iter().map(|name| arg(spec, name)));
            command = command.args(args.map(|arg| arg.help_heading(heading.clone())));
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for OptionFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let specs = table::all().filter(|spec| spec.has_flag);
        let words = specs.flat_map(names).flat_map(|name| {
            let values = matches.get_many::<String>(&format!("engine-{name}")).into_iter().flatten();
            values.map(move |value| format!("{name}={value}"))
        });
        Ok(Self { words: words.collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
