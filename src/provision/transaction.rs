//! Runs a transaction on a host and listens to it: `templates/receive.sh` takes the document, `templates/transaction` works.

use std::{fmt::Write as _, time::Duration};

use bytes::Bytes;

use super::{
    error::{After, ProvisionError},
    parcel::Parcel,
    state::sha256,
};
use crate::{
    engine::options::{self, Options},
    event::{Events, Phase},
    remote::{Document, Exit, Line, Remote, RemoteError, Script},
    retry::Deadline,
};

const RECEIVE: Script =
    Script { name: "receive.sh", text: concat!(include_str!("../../templates/receive.sh"), "main\n") };

const TAKE_UP: Script = Script {
    name: "take_up.sh",
    text: concat!(
        include_str!("../../templates/receive.sh"),
        include_str!("../../templates/take_up.sh"),
        "take_up\n"
    ),
};

/// What works on the host. It is kept beside its journal, so that what began a transaction can also undo it.
const PROGRAM: &str = concat!(
    include_str!("../../templates/engine_get.sh"),
    include_str!("../../templates/install/packages.sh"),
    include_str!("../../templates/install/apt.sh"),
    include_str!("../../templates/install/dnf.sh"),
    include_str!("../../templates/install/zypper.sh"),
    include_str!("../../templates/install/pacman.sh"),
    include_str!("../../templates/install/apk.sh"),
    include_str!("../../templates/install/script.sh"),
    include_str!("../../templates/install/static.sh"),
    include_str!("../../templates/install/way-back.sh"),
    include_str!("../../templates/transaction/main.sh"),
    include_str!("../../templates/transaction/files.sh"),
    include_str!("../../templates/init/systemd.sh"),
    include_str!("../../templates/init/openrc.sh"),
    include_str!("../../templates/transaction/engine.sh"),
    include_str!("../../templates/transaction/steps.sh"),
    include_str!("../../templates/transaction/ending.sh"),
    "main \"$2\" </dev/null\n"
);

/// Bytes of an archive that are sent as one entry: as much as a small host can take at once.
const PART: usize = 1024 * 1024;

/// How long undoing may take on the host, which its own deadline leaves out and ours leaves in.
const TO_UNDO: Duration = Duration::from_secs(120);

/// One transaction, as it goes over the wire.
pub(super) struct Transaction {
    parcel: Parcel,
    steps: Vec<&'static str>,
    index: String,
    count: usize,
    expect: String,
    sums: String,
    engine: Option<Bytes>,
}

impl Transaction {
    /// An empty one about this daemon.json.
    pub(super) fn new(config_path: &str, config_mode: u32) -> Self {
        let mut parcel = Parcel::default();
        parcel.put("program", PROGRAM);
        parcel.put("config-path", config_path);
        parcel.put("do/config-mode", format!("{config_mode:o}"));
        Self {
            parcel,
            steps: Vec::new(),
            index: String::new(),
            count: 0,
            expect: String::new(),
            sums: String::new(),
            engine: None,
        }
    }

    /// The steps so far.
    #[cfg(test)]
    pub(super) fn steps(&self) -> &[&'static str] {
        &self.steps
    }

    /// Adds a step.
    pub(super) fn step(&mut self, name: &'static str) {
        self.steps.push(name);
    }

    /// Adds an instruction for the steps.
    pub(super) fn tell(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.parcel.put(&format!("do/{name}"), value);
    }

    /// Wants a file with this content.
    pub(super) fn file(&mut self, path: &str, mode: u32, content: &[u8]) {
        self.count += 1;
        self.parcel.put_with_mode(&format!("want/{}", self.count), mode, content);
        // As sha256sum --check reads it; no path of ours has a character that it would want escaped.
        let _ = writeln!(self.sums, "{}  {path}", sha256(content));
        self.entry("file", &self.count.to_string(), &format!("{mode:o}"), path);
    }

    /// Wants a link.
    pub(super) fn link(&mut self, path: &str, target: &str) {
        self.count += 1;
        self.parcel.put(&format!("want/{}", self.count), target);
        self.entry("link", &self.count.to_string(), "-", path);
    }

    /// Gives installers these variables; they may hold a proxy's password, so they are no arguments of anything.
    pub(super) fn environment(&mut self, lines: &[String]) {
        self.parcel.put("environment", lines.join("\n") + "\n");
    }

    /// Sends an archive behind everything else.
    pub(super) fn send(&mut self, archive: &Bytes) {
        self.engine = Some(archive.clone());
    }

    /// Wants something that needs no content: `absent`, `dir`, `nodir`, `keep`.
    pub(super) fn other(&mut self, kind: &str, mode: Option<u32>, path: &str) {
        let mode = mode.map_or("-".to_owned(), |mode| format!("{mode:o}"));
        self.entry(kind, "-", &mode, path);
    }

    /// Whether this path is spoken of.
    pub(super) fn is_about(&self, path: &str) -> bool {
        self.index.lines().any(|line| line.ends_with(&format!(" {path}")))
    }

    fn entry(&mut self, kind: &str, number: &str, mode: &str, path: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.index, "{kind} {number} {mode} {path}");
    }

    /// Refuses to begin when this file is not as it was when the plan was made.
    pub(super) fn expect(&mut self, path: &str, sha256: Option<&str>) {
        let _ = writeln!(self.expect, "{} {path}", sha256.unwrap_or("absent"));
    }

    /// Keeps containers over a restart: live-restore is switched on by reload before it and put back after. The engine
    /// forgets a value only when it is told another one, so each file is needed with true and with false.
    pub(super) fn hold(&mut self, before: &Options, after: &Options) {
        self.tell("live-restore", "");
        self.variants(before, after);
    }

    /// The settings before and after, each with live-restore on and off.
    fn variants(&mut self, before: &Options, after: &Options) {
        for (name, options, value) in [
            ("before-on", before, true),
            ("before-off", before, false),
            ("after-on", after, true),
            ("after-off", after, false),
        ] {
            let mut options = options.clone();
            options.insert("live-restore".to_owned(), value.into());
            self.parcel.put(&format!("lr/{name}"), options::render(&options));
        }
    }

    /// Puts this into daemon.json, whatever the journal says was there.
    pub(super) fn keep_config(&mut self, options: &Options) {
        self.tell("keep-config", "");
        self.parcel.put("kept", options::render(options));
    }

    /// Lets the running containers go with the engine, although live-restore is on: they cannot be kept over this change.
    pub(super) fn let_go(&mut self, before: &Options) {
        let mut options = before.clone();
        options.insert("live-restore".to_owned(), false.into());
        self.parcel.put("lr/before-off", options::render(&options));
    }

    /// Has a reload take up what is no longer set, on the way there and on the way back.
    pub(super) fn forget(&mut self, before: &Options, after: &Options) {
        for (name, from, to) in [("told", before, after), ("told-back", after, before)] {
            let defaults = options::to_forget(from, to);
            if !defaults.is_empty() {
                self.tell(name, "");
                let told = options::merge(to.clone(), &defaults);
                self.parcel.put(&format!("lr/{name}"), options::render(&told));
            }
        }
    }

    /// Runs it. The host's own deadline ends before ours, so that there is time to hear how undoing went.
    pub(super) async fn run(
        mut self,
        remote: &dyn Remote,
        deadline: Deadline,
        events: &Events,
    ) -> Result<(), ProvisionError> {
        let left = deadline.remaining();
        let limit = left.saturating_sub(TO_UNDO).max(left / 2).as_secs().max(1);
        self.parcel.put("steps", self.steps.join(" ") + "\n");
        self.parcel.put("want/index", self.index);
        self.parcel.put("want/sums", self.sums);
        self.parcel.put("expect", self.expect);
        // Its folder is needed.
        self.parcel.put("before/index.new", "");
        self.parcel.put("seconds", limit.to_string());
        let archive = self.parcel.archive().map_err(ProvisionError::Parcel)?;
        let mut document = Document::new().with("parcel", archive);
        let engine = self.engine.unwrap_or_default();
        for (number, start) in (0..engine.len()).step_by(PART).enumerate() {
            let part = engine.slice(start..engine.len().min(start + PART));
            document = document.with_shared(&format!("archive/{number:06}"), part);
        }
        follow(remote, RECEIVE, &document, deadline, events).await
    }
}

/// Says that a transaction will probably follow what is run next.
pub fn foresee(remote: &dyn Remote) {
    remote.foresee(RECEIVE);
}

/// Takes up what an earlier run left: waits for a transaction that still works, undoes one that died.
pub async fn take_up(remote: &dyn Remote, deadline: Deadline, events: &Events) -> Result<(), ProvisionError> {
    events.waiting("the change that an earlier run began there", deadline.remaining());
    let mut ending = Ending::default();
    let mut take = |line: Line| ending.take(line, events);
    let exit = remote.run(TAKE_UP, &Document::new(), deadline, &mut take).await?;
    if ending.not_undone.is_some() || !exit.is_success() {
        return Err(ending.error(remote.host(), &exit));
    }
    Ok(())
}

async fn follow(
    remote: &dyn Remote,
    script: Script,
    document: &Document,
    deadline: Deadline,
    events: &Events,
) -> Result<(), ProvisionError> {
    let mut ending = Ending::default();
    let outcome = {
        let mut take = |line: Line| ending.take(line, events);
        remote.run(script, document, deadline, &mut take).await
    };
    match outcome {
        Ok(_) if ending.committed => Ok(()),
        Ok(exit) => Err(ending.error(remote.host(), &exit)),
        Err(source @ (RemoteError::Lost { .. } | RemoteError::TimedOut { .. })) if ending.began => {
            Err(ProvisionError::Left { host: remote.host().to_owned(), source })
        }
        Err(source) => Err(source.into()),
    }
}

/// What a transaction has said so far.
#[derive(Default)]
struct Ending {
    began: bool,
    committed: bool,
    failed: Option<(String, String)>,
    undone: bool,
    engine_down: Option<String>,
    not_undone: Option<String>,
    log: Vec<String>,
    complaint: Option<String>,
}

impl Ending {
    fn take(&mut self, line: Line, events: &Events) {
        let line = match line {
            Line::Out(line) => line,
            Line::Err(line) => {
                events.output(line.clone());
                self.complaint = Some(line);
                return;
            }
        };
        let Some(said) = line.strip_prefix("@rmachine ") else {
            events.output(line);
            return;
        };
        let (word, rest) = said.split_once(' ').unwrap_or((said, ""));
        match word {
            "step" => {
                self.began = true;
                match rest {
                    WRITING => events.phase(Phase::Writing),
                    RESTARTING => events.phase(Phase::RestartingEngine),
                    _ => {}
                }
                events.step(step_in_words(rest));
            }
            "waiting" => {
                let (limit, what) = rest.split_once(' ').unwrap_or(("0", rest));
                events.waiting(what, Duration::from_secs(limit.parse().unwrap_or_default()));
            }
            "failed" => {
                let (step, reason) = rest.split_once(' ').unwrap_or((rest, "it did not say why"));
                self.failed = Some((step.to_owned(), reason.to_owned()));
            }
            "log" => {
                events.output(rest);
                self.log.push(rest.to_owned());
            }
            "committed" => self.committed = true,
            "undone" => self.undone = true,
            "engine-down" => self.engine_down = Some(rest.to_owned()),
            "undo-failed" => self.not_undone = Some(rest.to_owned()),
            _ => events.output(line),
        }
    }

    fn error(self, host: &str, exit: &Exit) -> ProvisionError {
        let host = host.to_owned();
        let touched = self.failed.as_ref().is_some_and(|(step, _)| step != "begin");
        let after = match (&self.not_undone, &self.engine_down) {
            (Some(reason), _) => After::NotUndone(reason.clone()),
            (None, Some(reason)) => After::EngineDown(reason.clone()),
            (None, None) if self.undone && touched => After::Undone,
            (None, None) => After::Untouched,
        };
        match self.failed {
            Some((step, reason)) => {
                let step = step_in_words(&step).to_owned();
                ProvisionError::Failed { host, step, reason, log: self.log, after }
            }
            None if self.not_undone.is_some() => ProvisionError::Failed {
                host,
                step: "undoing an earlier change".to_owned(),
                reason: "it was cut off".to_owned(),
                log: self.log,
                after,
            },
            None => ProvisionError::Silent {
                host,
                ending: match self.complaint {
                    Some(complaint) => format!("{exit}, {complaint}"),
                    None => exit.to_string(),
                },
            },
        }
    }
}

/// The step in which settings and certificates take their place.
const WRITING: &str = "swap";
/// The step in which a running engine gives way to what was changed.
const RESTARTING: &str = "restart";

/// A step as people read it.
fn step_in_words(step: &str) -> &str {
    match step {
        "receive" => "sending the change",
        "begin" => "beginning the change",
        "wait" => "waiting for the package tool",
        "stage" => "looking for room on the disk",
        "validate" => "validating the engine's settings",
        "let_go" => "switching live-restore off for containers that cannot be kept",
        "hold" => "switching live-restore on for the running containers",
        "release" => "reading what was there before",
        WRITING => "writing settings and certificates",
        "keep" => "keeping the way back",
        "unpack" => "unpacking the engine",
        "forget" => "removing what came with the engine",
        "install" => "installing the engine",
        "start" => "starting the engine",
        "reload" => "reloading the engine's settings",
        RESTARTING => "restarting the engine",
        "health" => "waiting for the engine",
        "settle" => "putting live-restore back",
        "stop" => "stopping the engine",
        "commit" => "keeping the change",
        "undo" => "undoing the change",
        other => other,
    }
}
