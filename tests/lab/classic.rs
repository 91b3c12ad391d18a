//! docker-machine's voice on real hosts, against what docker-machine printed (tests/fixtures/docker-machine): create line by line, what
//! programs read of a machine, what shells evaluate, and the verbs of a host's life.

use std::{fs, os::unix::fs::symlink, path::Path};

use crate::{
    host,
    support::{Host, Kind, Run, User, run},
};

/// A recorded text.
macro_rules! recorded {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/docker-machine/", $file))
    };
}

const SERVER: &str = "docker version --format '{{.Server.Version}}'";
const ADVICE: &str = "You may need to re-run the `docker-machine env` command.\n";

/// A user whose docker-machine is ours.
pub fn user() -> User {
    let user = User::new();
    let bin = user.home().join("bin");
    fs::create_dir_all(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_rmachine"), bin.join("docker-machine")).unwrap();
    user
}

pub fn docker_machine(user: &User, words: &[&str]) -> Run {
    run(user.command("docker-machine").args(words))
}

pub fn adopt(user: &User, host: &Host, before: &[&str], name: &str) -> Run {
    adopt_with(user, host, before, &[], name)
}

pub fn adopt_with(user: &User, host: &Host, before: &[&str], more: &[&str], name: &str) -> Run {
    let key = host.key().display().to_string();
    let words = ["create", "-d", "generic", "--generic-ip-address", host.ip(), "--generic-ssh-key", &key];
    docker_machine(user, &[before, &words, more, &[name]].concat())
}

/// A recorded text with the values of this machine.
fn of_machine(recorded: &str, store: &Path, host: &Host, name: &str) -> String {
    recorded
        .replace("<store>", &store.display().to_string())
        .replace("<ip>", host.ip())
        .replace("<name>", name)
}

/// Whether a failed create says that it ended at this wait, in the recorded words.
pub fn says_it_ended_at(failed: &Run, wait: &str) -> bool {
    let opening = format!("{wait}: ");
    let mut sentences = recorded!("create-errors.txt").lines().filter_map(|row| row.strip_prefix(&opening));
    let sentence = sentences.next().unwrap_or_else(|| panic!("{wait} is not recorded"));
    let is_told = |line: &str| match sentence.strip_suffix('…') {
        Some(before) => line.contains(before) && !line.ends_with(before),
        None => line == sentence,
    };
    failed.status == 1 && failed.stderr.lines().any(is_told)
}

/// The parts of a recorded text by the shell that they are for.
fn by_shell(recorded: &str) -> impl Iterator<Item = (&str, &str)> {
    recorded.split("== ").skip(1).filter_map(|part| part.split_once('\n'))
}

#[test]
fn create_and_what_is_read_of_the_machine_are_docker_machines_line_by_line() {
    let host = host!(Kind::Debian12Engine);
    let user = user();
    let made = adopt(&user, &host, &[], "g1");
    // The engine is there, so nothing is installed; the record is of an Ubuntu without one.
    let told = of_machine(recorded!("create.txt"), &user.store(), &host, "g1");
    let told = told.replace("ubuntu(systemd)", "debian").replace("Installing Docker...\n", "");
    assert_eq!((made.stdout, made.status), (told, 0), "{}", made.stderr);

    let is = |words: &[&str], wanted: &str| {
        let read = docker_machine(&user, words);
        let wanted = of_machine(wanted, &user.store(), &host, "g1");
        assert_eq!((read.stdout, read.stderr.as_str(), read.status), (wanted, "", 0), "{words:?}");
    };
    for (shell, wanted) in by_shell(recorded!("env.txt")) {
        is(&["env", "--shell", shell, "g1"], wanted);
    }
    for (shell, wanted) in by_shell(recorded!("env-unset.txt")) {
        is(&["env", "-u", "--shell", shell], wanted);
    }
    is(&["config", "g1"], recorded!("config.txt"));
    is(&["ip", "g1"], "<ip>\n");
    is(&["url", "g1"], "tcp://<ip>:2376\n");
    is(&["status", "g1"], "Running\n");
    is(&["version", "g1"], &format!("{}\n", host.sh(SERVER)));
    let user = a_master_of_classic_swarm_is_pointed_at(user, &host, "g1");
    let user = user.with("DOCKER_HOST", &format!("tcp://{}:2376", host.ip()));
    assert_eq!(docker_machine(&user, &["active"]).ok(), "g1");

    let boot = || host.sh("cat /proc/sys/kernel/random/boot_id");
    let before = boot();
    let restarted = docker_machine(&user, &["restart", "g1"]);
    let told = format!(
        "Restarting \"g1\"...\nWaiting for SSH to be available...\nDetecting the provisioner...\n\
         Restarted machines may have new IP addresses. {ADVICE}"
    );
    assert_eq!((restarted.stdout, restarted.status), (told, 0), "{}", restarted.stderr);
    assert_ne!(boot(), before);
    assert_eq!(docker_machine(&user, &["version", "g1"]).ok(), host.sh(SERVER));

    let again = docker_machine(&user, &["provision", "g1"]);
    assert!(
        again.stdout.starts_with("Waiting for SSH to be available...\nDetecting the provisioner...\n"),
        "{again:?}"
    );
    docker_machine(&user, &["ssh", "g1", "exit 7"]).fails(7, "");
    let taken = adopt(&user, &host, &[], "g1");
    assert_eq!((taken.stderr.as_str(), taken.status), ("Docker machine \"g1\" already exists\n", 1));
    let gone = docker_machine(&user, &["rm", "-y", "g1"]);
    let told = "About to remove g1\nWARNING: This action will delete both local reference and remote instance.\n\
                Successfully removed g1\n";
    assert_eq!((gone.stdout.as_str(), gone.status), (told, 0), "{}", gone.stderr);
}

/// As docker-machine left the master of a classic swarm; in place of the swarm's manager, whose port it is, the engine answers there.
fn a_master_of_classic_swarm_is_pointed_at(user: User, host: &Host, name: &str) -> User {
    let config = user.machine_file(name, "config.json");
    let text = fs::read_to_string(&config).unwrap();
    let mut record: serde_json::Value = serde_json::from_str(&text).unwrap();
    let swarm = &mut record["HostOptions"]["SwarmOptions"];
    (swarm["IsSwarm"], swarm["Master"], swarm["Discovery"]) = (true.into(), true.into(), "token://x".into());
    fs::write(&config, record.to_string()).unwrap();

    let silent =
        "Connection to Swarm cannot be checked but the certs are valid. Maybe swarm is not started\n";
    for (command, prefix) in
        [("env", "Error checking TLS connection: "), ("config", "Error running connection boilerplate: ")]
    {
        let failed = docker_machine(&user, &[command, "--swarm", name]);
        assert_eq!(
            (failed.stdout.as_str(), failed.stderr, failed.status),
            ("", format!("{prefix}{silent}"), 1)
        );
    }
    host.sh(&format!(
        "systemd-run --quiet systemd-socket-activate -l {ip}:3376 /lib/systemd/systemd-socket-proxyd {ip}:2376",
        ip = host.ip()
    ));
    host.sh("until ss -tlnH | grep -q :3376; do sleep 0.1; done");
    let at_swarm = |recorded: &str| of_machine(recorded, &user.store(), host, name).replace(":2376", ":3376");
    let (_, env) = by_shell(recorded!("env.txt")).find(|(shell, _)| *shell == "bash").unwrap();
    let words = ["env", "--swarm", "--shell", "bash", name];
    let wanted = at_swarm(env).replace("env --shell", "env --swarm --shell");
    assert_eq!(docker_machine(&user, &words).stdout, wanted);
    let config = docker_machine(&user, &["config", "--swarm", name]);
    assert_eq!((config.stdout.as_str(), config.status), (at_swarm(recorded!("config.txt")).as_str(), 0));
    let through = format!(
        "eval \"$(docker-machine env --swarm {name})\"; docker-machine active; docker-machine ls; {SERVER}"
    );
    let shown = run(user.command("bash").args(["-c", &through])).ok();
    let shown: Vec<&str> = shown.lines().collect();
    assert!(shown[0] == name && shown[2].contains(" * (swarm) "), "{shown:?}");
    assert_eq!(shown[3], host.sh(SERVER));
    fs::write(user.machine_file(name, "config.json"), text).unwrap();
    user
}

#[test]
fn the_real_shells_evaluate_what_env_prints_whatever_the_path_is() {
    let host = host!(Kind::Debian12Engine);
    let user = user();
    let version = host.sh(SERVER);
    for store in ["plain", "with space", "it's $HOME"] {
        let store = user.home().join(store);
        let option = store.display().to_string();
        adopt(&user, &host, &["-s", &option], "g-1.x").ok();
        let words = |shell: &str| format!("docker-machine -s \"$STORE\" env --shell {shell} g-1.x");
        let tcsh = format!("set noglob; eval `{}`; {SERVER}", words("tcsh"));
        let emacs = format!(
            "emacs -Q --batch --eval '(with-temp-buffer (call-process-shell-command \"{}\" nil (current-buffer)) (eval-buffer))' \
             --eval '(princ (shell-command-to-string \"docker version --format {{{{.Server.Version}}}}\"))'",
            words("emacs").replace('"', "\\\\\\\"").replace("\\\\\\\"", "\\\""),
        );
        let forms = [
            ("bash", "-c", format!("eval $({}); {SERVER}", words("bash"))),
            ("dash", "-c", format!("eval \"$({})\"; {SERVER}", words("sh"))),
            ("zsh", "-c", format!("eval $({}); {SERVER}", words("zsh"))),
            ("fish", "-c", format!("eval ({}); {SERVER}", words("fish"))),
            ("tcsh", "-fc", tcsh),
            ("bash", "-c", emacs),
        ];
        for (shell, flag, script) in forms {
            let evaluated = run(user.command(shell).env("STORE", &store).args([flag, &script]));
            assert_eq!(evaluated.ok(), version, "{shell} {script} in {}", store.display());
        }
        docker_machine(&user, &["-s", &option, "rm", "-y", "g-1.x"]).ok();
        fs::remove_dir_all(&store).unwrap();
    }
}

#[test]
fn the_life_of_a_host_is_told_as_docker_machine_told_it() {
    let user = user();
    let made = docker_machine(&user, &["create", "-d", "nspawn", "m1"]);
    if made.status != 0 && !rustix::process::geteuid().is_root() {
        crate::support::skip("the_life_of_a_host_is_told_as_docker_machine_told_it", "not root");
        return;
    }
    let ended = "Checking connection to Docker...\nDocker is up and running!\n\
                 To see how to connect your Docker Client to the Docker Engine running on this virtual machine, run: docker-machine env m1\n";
    assert!(made.status == 0 && made.stdout.ends_with(ended), "{made:?}");

    let told = |words: &[&str]| {
        let done = docker_machine(&user, words);
        // A driver's own lines, and what is waited for, stand between them with the machine's name.
        let others = |text: &str| {
            text.split_inclusive('\n').filter(|line| !line.starts_with("(m1) ")).collect::<String>()
        };
        (others(&done.stdout), others(&done.stderr), done.status)
    };
    let waited = "Waiting for SSH to be available...\nDetecting the provisioner...\n";
    let done = |lines: String| (lines, String::new(), 0);
    assert_eq!(told(&["stop", "m1"]), done("Stopping \"m1\"...\nMachine \"m1\" was stopped.\n".to_owned()));
    let already = |doing: &str, is: &str| {
        (format!("{doing} \"m1\"...\n"), format!("Machine \"m1\" is already {is}.\n"), 1)
    };
    assert_eq!(told(&["stop", "m1"]), already("Stopping", "stopped"));
    assert_eq!(told(&["kill", "m1"]), already("Killing", "stopped"));
    let down = docker_machine(&user, &["url", "m1"]);
    assert_eq!((down.stderr.as_str(), down.status), ("Host is not running\n", 1));
    let started = format!(
        "Starting \"m1\"...\nMachine \"m1\" was started.\n{waited}Started machines may have new IP addresses. {ADVICE}"
    );
    assert_eq!(told(&["start", "m1"]), done(started));
    assert_eq!(told(&["start", "m1"]), already("Starting", "running"));
    let restarted =
        format!("Restarting \"m1\"...\n{waited}Restarted machines may have new IP addresses. {ADVICE}");
    assert_eq!(told(&["restart", "m1"]), done(restarted));
    assert_eq!(told(&["kill", "m1"]), done("Killing \"m1\"...\nMachine \"m1\" was killed.\n".to_owned()));
    // A host that is down is started first; the engine is the newest there is, so it goes on running.
    let upgraded = format!(
        "Starting machine so machine can be upgraded...\nStarting \"m1\"...\nMachine \"m1\" was started.\n{waited}{waited}\
         Upgrading docker...\n"
    );
    assert_eq!(told(&["upgrade", "m1"]), done(upgraded));
    docker_machine(&user, &["rm", "-f", "m1"]).ok();
}

#[test]
fn a_create_that_fails_says_at_which_step_and_why() {
    let user = user();
    let create =
        ["create", "-d", "generic", "--generic-ip-address", "127.0.0.1", "--generic-ssh-port", "1", "g1"];
    let failed = docker_machine(&user, &create);
    assert!(says_it_ended_at(&failed, "ssh"), "{failed:?}");
    assert!(failed.stderr.ends_with("127.0.0.1 port 1 refused the connection\n"), "{failed:?}");
    assert!(!user.store().join("machines/g1").exists(), "nothing was changed, so nothing stays");

    let key = user.home().join("id");
    fs::write(&key, "no key\n").unwrap();
    let create =
        ["create", "-d", "generic", "--generic-ip-address", "127.0.0.1", "--generic-ssh-key", "id", "g1"];
    let refused = docker_machine(&user, &create);
    let told = format!("Error with pre-create check: \"{} is not a private key\"\n", key.display());
    assert_eq!((refused.stderr, refused.status), (told, 3));
    assert!(refused.stdout.ends_with("Running pre-create checks...\n"), "{}", refused.stdout);

    let create =
        ["create", "-d", "generic", "--generic-ip-address", "127.0.0.1", "--generic-ssh-port", "99999", "g1"];
    let refused = docker_machine(&user, &create);
    assert!(
        refused.stderr.starts_with("Error setting machine configuration from flags provided: ")
            && refused.status == 1,
        "{refused:?}"
    );
}
