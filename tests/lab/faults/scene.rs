//! One host, adopted again and again while something goes wrong, and looked at afterwards.

use std::{
    fmt,
    time::{Duration, Instant},
};

use super::fault::{Fault, heal};
use crate::support::{Host, Run, User};

/// How long a change may take to end after its client has gone.
const ENDS_WITHIN: Duration = Duration::from_secs(240);
/// How long the engine may take to be there again after it was killed.
const BACK_WITHIN: Duration = Duration::from_secs(60);
const CONFIG: &str = "/etc/docker/daemon.json";

/// How it ended.
pub enum Ending {
    /// The machine works.
    Works,
    /// The host is as it was before, and the next create made the machine.
    AsBefore,
    /// What must not be.
    Third(String),
}

impl fmt::Display for Ending {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works => out.write_str("works"),
            Self::AsBefore => out.write_str("as before"),
            Self::Third(what) => write!(out, "WRONG, {what}"),
        }
    }
}

/// A host with a container, without live-restore and with a `daemon.json` of its own.
pub struct Scene<'a> {
    host: &'a Host,
    config: String,
}

/// What must stay.
#[derive(Debug, PartialEq, Eq)]
struct State {
    etc: String,
    units: String,
}

impl<'a> Scene<'a> {
    pub fn set(host: &'a Host) -> Self {
        host.import_busybox();
        host.sh(&format!(
            "printf '{{\\n  \"log-driver\": \"json-file\"\\n}}\\n' >{CONFIG}; systemctl reload docker"
        ));
        host.sh("docker run -d --name keep busybox sh -c 'while :; do busybox sleep 1; done'");
        Self { host, config: host.sh(&format!("base64 -w0 {CONFIG}")) }
    }

    /// Releases the adopted host while this goes wrong at that step.
    pub fn play_release(&self, step: &str, fault: Fault) -> Ending {
        self.host.sh("docker start keep");
        let (before, user) = (self.state(), User::new());
        let adopted = user.adopt(self.host, "n1", &[]);
        let container = self.container();
        fault.arm(self.host, step);
        let first = user.rmachine(&["release", "n1", "-y"]);
        let ending = match adopted.status {
            0 => self.judge_release(step, fault, &user, &first, &before),
            _ => Err(format!("it was not adopted at all: {}", adopted.stderr)),
        };
        let ending = match ending {
            Ok(_) if fault.spares_containers(step) && self.container() != container => {
                Err("the container was stopped".to_owned())
            }
            other => other,
        };
        ending.unwrap_or_else(|what| Ending::Third(format!("{what}\nfirst release: {}", first.stderr)))
    }

    /// Either it was released, or the machine still works and can be released.
    fn judge_release(
        &self,
        step: &str,
        fault: Fault,
        user: &User,
        first: &Run,
        before: &State,
    ) -> Result<Ending, String> {
        self.wait_until_ended()?;
        if !heal(self.host) {
            return Err("nothing went wrong".to_owned());
        }
        self.mend_config(step)?;
        self.wait_for_engine(fault)?;
        if first.status == 0 {
            let after = self.state();
            return if after == *before {
                Ok(Ending::AsBefore)
            } else {
                Err(format!("release left {after:?} of {before:?}"))
            };
        }
        // The connection may have ended before the change did.
        let is_released = self.state() == *before;
        if is_released {
            user.rmachine(&["rm", "-y", "n1"]);
            return Ok(Ending::AsBefore);
        }
        // On a full disk an engine is rather left as it is than restarted, which is told; the next release goes on.
        if !first.stderr.contains("did not come back (the disk is full") {
            works(user)?;
        }
        self.put_back(user, before)?;
        Ok(Ending::Works)
    }

    /// Adopts the host while this goes wrong at that step, and puts it back.
    pub fn play(&self, step: &str, fault: Fault) -> Ending {
        self.host.sh("docker start keep");
        let (before, container) = (self.state(), self.container());
        let user = User::new();
        fault.arm(self.host, step);
        let first = user.adopt(self.host, "n1", &[]);
        let ending = self.judge(step, fault, &user, &first, &before);
        let ending = match ending {
            Ok(_) if fault.spares_containers(step) && self.container() != container => {
                Err("the container was stopped".to_owned())
            }
            other => other,
        };
        let ending = ending.and_then(|ending| self.put_back(&user, &before).map(|()| ending));
        ending.unwrap_or_else(|what| Ending::Third(format!("{what}\nfirst create: {}", first.stderr)))
    }

    fn judge(
        &self,
        step: &str,
        fault: Fault,
        user: &User,
        first: &Run,
        before: &State,
    ) -> Result<Ending, String> {
        self.wait_until_ended()?;
        if !heal(self.host) {
            return Err("nothing went wrong".to_owned());
        }
        self.mend_config(step)?;
        self.wait_for_engine(fault)?;
        let works = || works(user);
        if first.status == 0 {
            return works().map(|()| Ending::Works);
        }
        let after = self.state();
        let again = user.adopt(self.host, "n1", &[]);
        if again.status != 0 {
            return Err(format!("the second create failed: {}", again.stderr));
        }
        works()?;
        Ok(if after == *before { Ending::AsBefore } else { Ending::Works })
    }

    fn put_back(&self, user: &User, before: &State) -> Result<(), String> {
        let released = user.rmachine(&["release", "n1", "-y"]);
        if released.status != 0 {
            return Err(format!("release failed: {}", released.stderr));
        }
        let after = self.state();
        if after == *before { Ok(()) } else { Err(format!("release left {after:?} of {before:?}")) }
    }

    /// The transaction holds the lock as long as it works. SSH may be silent for some time.
    pub fn wait_until_ended(&self) -> Result<(), String> {
        let ended = "cd /var/lib/rmachine 2>/dev/null || exit 0; [ ! -e lock ] || flock -n lock true";
        until(ENDS_WITHIN, || self.host.run(ended).status.success())
            .then_some(())
            .ok_or_else(|| format!("the change did not end within {ENDS_WITHIN:?}"))
    }

    /// What somebody breaks before a change looks at it is not the change's to mend.
    fn mend_config(&self, step: &str) -> Result<(), String> {
        let is_broken = !self.host.run(&format!("grep -q '}}' {CONFIG}")).status.success();
        if is_broken && step != "begin" {
            return Err("daemon.json is still broken".to_owned());
        }
        if is_broken {
            self.host.sh(&format!("echo {} | base64 -d >{CONFIG}", self.config));
        }
        Ok(())
    }

    /// systemd starts an engine that was killed again, after a while.
    fn wait_for_engine(&self, fault: Fault) -> Result<(), String> {
        let back = || self.host.run("systemctl is-active -q docker && docker version").status.success();
        let within = if fault == Fault::EngineKilled { BACK_WITHIN } else { Duration::from_secs(5) };
        until(within, back).then_some(()).ok_or_else(|| "the engine is down".to_owned())
    }

    fn state(&self) -> State {
        let units = self.host.sh(
            "systemctl show docker.service docker.socket -p Id,FragmentPath,DropInPaths,UnitFileState,ActiveState,NeedDaemonReload; \
             systemctl list-unit-files --no-legend 'docker*' 'rmachine*'; ss -tlnH | awk '{ print $4 }' | sort; uname -n",
        );
        State { etc: self.host.hash_of_etc(), units }
    }

    /// Which run of the container this is.
    pub fn container(&self) -> String {
        self.host.sh("docker inspect -f '{{.State.Pid}} {{.State.StartedAt}} {{.State.Running}}' keep")
    }
}

/// Adopts a host without an engine while this goes wrong at that step. What was installed stays, so the host is as before when
/// nothing else of ours is there.
pub fn install(host: &Host, step: &str, fault: Fault) -> Ending {
    let user = User::new();
    let create = || user.adopt(host, "n1", &["--engine-install", "distro"]);
    fault.arm(host, step);
    let first = create();
    let judged = || -> Result<Ending, String> {
        let scene = Scene { host, config: String::new() };
        scene.wait_until_ended()?;
        if !heal(host) {
            return Err("nothing went wrong".to_owned());
        }
        let ours = "ls -d /var/lib/rmachine /etc/docker/rmachine /etc/systemd/system/*rmachine* 2>/dev/null";
        let is_clean = !host.run(ours).status.success() || host.sh(&format!("{ours} || true")).is_empty();
        if first.status != 0 {
            if !is_clean && !first.stderr.contains("was lost while") {
                return Err(format!("{} stays", host.sh(&format!("{ours} || true"))));
            }
            if fault == Fault::ConfigBroken {
                // Somebody's file that was there before the engine; whoever wrote it takes it away.
                host.sh(&format!("rm -f {CONFIG}"));
            }
            let again = create();
            if again.status != 0 {
                return Err(format!("the second create failed: {}", again.stderr));
            }
        }
        let version = user.docker("n1", "version --format '{{.Server.Version}}'");
        if version.status != 0 {
            return Err(format!("docker does not work: {version:?}"));
        }
        Ok(if first.status == 0 { Ending::Works } else { Ending::AsBefore })
    };
    judged().unwrap_or_else(|what| Ending::Third(format!("{what}\nfirst create: {}", first.stderr)))
}

fn works(user: &User) -> Result<(), String> {
    let shown = user.docker("n1", "ps -a --format '{{.Names}}'");
    match shown.status {
        0 if shown.stdout.trim() == "keep" => Ok(()),
        _ => Err(format!("docker does not work: {shown:?}")),
    }
}

fn until(within: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while !condition() {
        if began.elapsed() > within {
            return false;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    true
}
