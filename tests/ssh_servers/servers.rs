//! Real SSH servers on loopback: each started by its test on a port of its own, with a folder of its own, and ended with it.
//! dropbear and tinyssh look for keys in root's home, so they run in a mount namespace where that is the folder.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    os::{
        fd::OwnedFd,
        unix::{fs::PermissionsExt, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
    thread,
};

use rmachine::env::Env;

use crate::accounts;

/// What to start.
#[derive(Clone, Copy)]
pub enum Kind<'a> {
    /// OpenSSH, with lines added to its configuration.
    OpenSsh(&'a str),
    /// dropbear, with arguments added.
    Dropbear(&'a [&'a str]),
    /// tinyssh behind a listener.
    Tiny,
    /// OpenSSH with the accounts of [`crate::accounts`], which exist only in its mount namespace.
    Accounts,
}

/// A folder with our key in it, and the server's.
pub struct Server {
    pub folder: tempfile::TempDir,
    pub port: u16,
    process: Option<Child>,
    is_over: Arc<AtomicBool>,
}

impl Server {
    /// Starts a server; `None` when it cannot be started here, which was said.
    pub fn start(kind: Kind<'_>) -> Option<Self> {
        Self::start_prepared(kind, |_| {})
    }

    /// The same, doing something to the keys beforehand.
    pub fn start_prepared(kind: Kind<'_>, prepare: impl FnOnce(&Self)) -> Option<Self> {
        let program = match kind {
            Kind::OpenSsh(_) | Kind::Accounts => "sshd",
            Kind::Dropbear(_) => "dropbear",
            Kind::Tiny => "tinysshd",
        };
        let program = available(program)?;
        if !matches!(kind, Kind::OpenSsh(_)) && !can_unshare() {
            return skip("mount namespaces are not allowed");
        }
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home/.ssh");
        fs::create_dir_all(&home).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        keygen(&folder.path().join("key"), &["-t", "ed25519"]);
        fs::copy(folder.path().join("key.pub"), home.join("authorized_keys")).unwrap();
        for path in [folder.path().join("home"), home.clone()] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
        }
        let mut server = Self { folder, port: free_port(), process: None, is_over: Arc::default() };
        match kind {
            Kind::OpenSsh(lines) => {
                server.openssh_keys();
                prepare(&server);
                server.openssh(&program, lines);
            }
            Kind::Dropbear(arguments) => server.dropbear(&program, arguments),
            Kind::Tiny => server.tiny(&program),
            Kind::Accounts => {
                server.openssh_keys();
                let binds = accounts::make(server.folder.path());
                server.openssh_in(in_namespace(&binds), &program, "");
            }
        }
        Some(server)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The public host key in a file of the folder, without its comment.
    pub fn host_key(&self, name: &str) -> String {
        let text = fs::read_to_string(self.path(name)).unwrap();
        text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }

    /// Allows one more key to log in.
    pub fn allow(&self, public: &Path) {
        let line = fs::read(public).unwrap();
        let path = self.path("home/.ssh/authorized_keys");
        fs::File::options().append(true).open(path).unwrap().write_all(&line).unwrap();
    }

    /// Stops everything of it, without an end.
    pub fn freeze(&self) {
        self.signal(rustix::process::Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        // A connection's own processes are in sessions of their own.
        let mut family = vec![self.process.as_ref().expect("a process").id().cast_signed()];
        let mut next = 0;
        while let Some(parent) = family.get(next) {
            let children =
                Command::new("pgrep").args(["-P", &parent.to_string()]).output().expect("pgrep runs");
            let children = String::from_utf8_lossy(&children.stdout).into_owned();
            family.extend(children.lines().filter_map(|pid| pid.parse::<i32>().ok()));
            next += 1;
        }
        for pid in family.into_iter().filter_map(rustix::process::Pid::from_raw) {
            // One may have ended meanwhile.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    fn openssh_keys(&self) {
        // The smallest RSA keys that OpenSSH takes without a word: they are made for each test.
        for (kind, bits) in [("ed25519", "256"), ("ecdsa", "256"), ("rsa", "2048")] {
            keygen(&self.path(&format!("host_{kind}")), &["-t", kind, "-b", bits]);
        }
    }

    fn openssh(&mut self, program: &Path, lines: &str) {
        self.openssh_in(Command::new(program), program, lines);
    }

    /// Starts it by a command, which is either the program itself or takes it as its next argument.
    fn openssh_in(&mut self, mut command: Command, program: &Path, lines: &str) {
        // sshd insists on this folder, and on nothing else outside of ours.
        fs::create_dir_all("/run/sshd").unwrap();
        let folder = self.folder.path().display();
        let keys = if lines.contains("HostKey ") {
            String::new()
        } else {
            ["ed25519", "ecdsa", "rsa"].map(|kind| format!("HostKey {folder}/host_{kind}\n")).concat()
        };
        let config = format!(
            "{}\nListenAddress 127.0.0.1\nListenAddress ::1\nPort {}\n{keys}PidFile none\n\
             AuthorizedKeysFile {folder}/home/.ssh/authorized_keys\nStrictModes no\nUsePAM no\n\
             PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPrintMotd no\n\
             PrintLastLog no\nLogLevel VERBOSE\n",
            lines.replace("FOLDER", &folder.to_string()),
            self.port,
        );
        fs::write(self.path("sshd_config"), config).unwrap();
        if command.get_program() != program {
            command.arg(program);
        }
        command.args(["-D", "-e", "-f"]).arg(self.path("sshd_config"));
        self.run(command, "Server listening on 127.0.0.1");
    }

    fn dropbear(&mut self, program: &Path, arguments: &[&str]) {
        for kind in ["ed25519", "ecdsa", "rsa"] {
            let path = self.path(&format!("host_{kind}"));
            run_tool(Command::new("dropbearkey").args(["-t", kind, "-f"]).arg(path));
        }
        let mut command = in_home(&self.path("home"));
        command.arg(program).args(["-F", "-E", "-s", "-p"]).arg(format!("127.0.0.1:{}", self.port));
        command.arg("-P").arg(self.path("pid"));
        for kind in ["ed25519", "ecdsa", "rsa"] {
            command.arg("-r").arg(self.path(&format!("host_{kind}")));
        }
        command.args(arguments);
        self.run(command, "Not backgrounding");
    }

    fn tiny(&mut self, program: &Path) {
        let keys = self.path("tiny");
        let made = Command::new(available("tinysshd-makekey").unwrap()).arg(&keys).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let listener = TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        let (home, program, is_over) = (self.path("home"), program.to_owned(), Arc::clone(&self.is_over));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let socket = OwnedFd::from(stream.unwrap());
                let mut command = in_home(&home);
                command.arg(&program).arg("-l").arg(&keys);
                command.stdin(socket.try_clone().unwrap()).stdout(socket).stderr(Stdio::null());
                let mut child = command.spawn().unwrap();
                thread::spawn(move || child.wait());
            }
        });
    }

    /// Starts a process and waits for a line of its log; never by connecting, which servers count.
    fn run(&mut self, mut command: Command, ready: &'static str) {
        let mut child = command.process_group(0).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains(ready) {
            assert_ne!(log.read_line(&mut said).unwrap(), 0, "{command:?} ended: {said}");
        }
        let path = self.path("log");
        thread::spawn(move || {
            let mut file = fs::File::create(path).unwrap();
            let _ = std::io::copy(&mut log, &mut file);
        });
        self.process = Some(child);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(process) = &mut self.process {
            // Its whole group: a connection's own process outlives the listener.
            let group = rustix::process::Pid::from_child(process);
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            let _ = process.wait();
        } else {
            let _ = TcpStream::connect(("127.0.0.1", self.port));
        }
    }
}

/// A command that sees a folder as root's home.
fn in_home(home: &Path) -> Command {
    in_namespace(&[(home.to_owned(), "/root")])
}

/// A command that sees files of ours in the place of others, and is alone with that.
fn in_namespace(binds: &[(PathBuf, &str)]) -> Command {
    let mut command = Command::new("unshare");
    let script =
        "while [ \"$1\" != -- ]; do mount --bind \"$1\" \"$2\" && shift 2 || exit; done; shift; exec \"$@\"";
    command.args(["-m", "--propagation", "private", "sh", "-c", script, "sh"]);
    for (ours, theirs) in binds {
        command.arg(ours).arg(theirs);
    }
    command.arg("--");
    command
}

fn can_unshare() -> bool {
    in_home(Path::new("/tmp")).arg("true").output().is_ok_and(|output| output.status.success())
}

/// Finds a program; skips when it is not here, or when we are not root.
pub fn available(program: &str) -> Option<PathBuf> {
    if !rustix::process::getuid().is_root() {
        return skip(&format!("only root can start {program}"));
    }
    Env::from_process().find_program(program).or_else(|| skip(&format!("{program} is not installed")))
}

/// Says that something cannot run here and why, and counts it where `scripts/test.sh` counts.
fn skip<T>(reason: &str) -> Option<T> {
    let env = Env::from_process();
    assert!(env.var("RMACHINE_REQUIRE_HOSTS").is_none(), "{reason}, and hosts are required");
    let line = format!("SKIPPED: no SSH server here: {reason}");
    println!("{line}");
    if let Some(path) = env.var("RMACHINE_SKIPPED_FILE") {
        let mut file = fs::File::options().append(true).create(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
    None
}

/// Makes a key pair.
pub fn keygen(path: &Path, arguments: &[&str]) {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-N", "", "-C", "test", "-f"]).arg(path).args(arguments);
    run_tool(&mut command);
}

/// Runs a tool that must succeed.
pub fn run_tool(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

/// A port below those the system gives to outgoing connections, and never the same twice in this process.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 1_000).unwrap() * 10;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
