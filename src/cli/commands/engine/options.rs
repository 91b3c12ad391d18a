//! `engine options`: every option that an engine has, with its form, its default and what a change of it takes.

use serde_json::{Value, json};

use crate::{
    cli::{
        app::App,
        engine_words,
        error::{CliError, Outcome, code},
        json, table,
    },
    engine::options::{
        OptionError, OptionSpec, nearest_word, spec_of_word,
        table::{CHAPTERS, Chapter},
    },
    machine::EngineVersion,
};

/// Options of `engine options`.
#[derive(clap::Args)]
pub struct Args {
    /// Explain these options
    #[arg(value_name = "OPTION")]
    options: Vec<String>,

    /// Show what an engine of this version has
    #[arg(long, value_name = "VERSION")]
    engine_version: Option<EngineVersion>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Lists or explains.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref options, ref engine_version, json } = args;
    let is_there =
        |spec: &&OptionSpec| engine_version.as_ref().is_none_or(|version| spec.is_known_to(version));
    let asked: Vec<&OptionSpec> =
        options.iter().map(|word| find(app, word)).collect::<Result<_, CliError>>()?;
    if json {
        let all = CHAPTERS.iter().flat_map(|chapter| chapter.options).filter(is_there);
        let chosen = all.filter(|spec| asked.is_empty() || asked.iter().any(|one| one.key == spec.key));
        app.ui.data(json::pretty(&chosen.map(as_json).collect::<Vec<_>>().into()));
    } else if asked.is_empty() {
        for chapter in CHAPTERS {
            list(app, chapter, is_there);
        }
        app.ui.say(format_args!("explain some: {} engine options mtu dns", app.program()));
    } else {
        for spec in asked {
            explain(app, spec);
        }
    }
    Ok(code::DONE)
}

fn find(app: &App, word: &str) -> Result<&'static OptionSpec, CliError> {
    spec_of_word(word).ok_or_else(|| {
        let error = OptionError::Unknown { key: word.to_owned(), nearest: nearest_word(word) };
        engine_words::wrong(app.program(), &error)
    })
}

fn list(app: &App, chapter: &Chapter, is_there: impl Fn(&&OptionSpec) -> bool) {
    let header = [["OPTION", "DEFAULT", "CHANGE", "WHAT IT DOES"].map(str::to_owned)];
    let rows = chapter.options.iter().filter(|spec| spec.managed.is_none() && is_there(spec)).map(|spec| {
        [spec.key.to_owned(), default(spec).to_owned(), effect(spec).to_owned(), spec.help.to_owned()]
    });
    app.ui.data(format_args!("{}\n", chapter.title));
    app.ui.data(table::aligned(&header.into_iter().chain(rows).collect::<Vec<_>>()));
}

fn default(spec: &OptionSpec) -> &str {
    if spec.default.is_empty() { "-" } else { spec.default }
}

fn effect(spec: &OptionSpec) -> &'static str {
    if spec.effect.is_reload() { "reload" } else { "restart" }
}

fn explain(app: &App, spec: &OptionSpec) {
    let program = app.program();
    let mut lines = vec![format!("{}: {}", spec.key, spec.help)];
    lines.push(format!("  takes    {}", spec.form.in_words()));
    if spec.form.is_many() {
        lines.push("           and may be given several times".to_owned());
    }
    lines.push(format!("  default  {}", default(spec)));
    let change = if spec.effect.is_reload() {
        "the engine reads it again without a restart"
    } else {
        "the engine has to be restarted"
    };
    lines.push(format!("  change   {change}"));
    if spec.flag != spec.key {
        lines.push(format!("  dockerd  --{}", spec.flag));
    }
    lines.extend(spec.since.map(|since| format!("  since    engine {since}")));
    lines.extend(spec.until.map(|until| format!("  until    engine {until} dropped it")));
    lines.push(spec.managed.map_or_else(
        || {
            let example = if spec.example.is_empty() { "VALUE" } else { spec.example };
            format!("  example  {program} engine set n1 {}={example}", spec.key)
        },
        |reason| format!("  not set by hand: {reason}"),
    ));
    app.ui.data(lines.join("\n"));
}

fn as_json(spec: &OptionSpec) -> Value {
    let release = |release: Option<crate::engine::options::Release>| release.map(|it| it.to_string());
    json!({
        "key": spec.key,
        "flag": spec.flag,
        "takes": spec.form.in_words(),
        "severalTimes": spec.form.is_many(),
        "default": spec.default,
        "example": spec.example,
        "change": effect(spec),
        "since": release(spec.since),
        "until": release(spec.until),
        "managed": spec.managed,
        "help": spec.help,
    })
}
