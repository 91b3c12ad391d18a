//! `rmachine ssh`: commands with their streams and exit codes, a terminal, and the system's ssh for forwards.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use crate::{
    host,
    support::{Kind, User, run},
};

#[test]
fn a_command_keeps_its_streams_apart_and_passes_its_exit_code_on() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();

    let both = user.rmachine(&["ssh", "n1", "--", "echo out; echo err >&2; exit 7"]);
    assert_eq!((both.status, both.stdout.as_str(), both.stderr.as_str()), (7, "out\n", "err\n"));
    assert_eq!(user.rmachine(&["ssh", "n1", "hostname"]).ok(), host.sh("hostname"));
    assert_eq!(user.rmachine(&["ssh", "n1", "--", "no-such-program"]).status, 127);
    assert_eq!(user.rmachine(&["ssh", "n1", "--", "kill -TERM $$"]).status, 255, "as OpenSSH");

    // More than any window or pipe holds, both ways.
    let through = "head -c 20000000 /dev/zero | rmachine ssh n1 -- cat | sha256sum";
    let plain = "head -c 20000000 /dev/zero | sha256sum";
    let shell = |script: &str| run(user.command("bash").args(["-c", script])).ok();
    assert_eq!(shell(through), shell(plain));
    let cut = shell("rmachine ssh n1 -- cat /dev/zero | head -c 5 | wc -c");
    assert_eq!(cut, "5", "a reader that goes away ends it");
}

#[test]
fn without_a_command_there_is_a_terminal_of_the_size_of_ours() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let shown = user.at_terminal("stty cols 91 rows 33; rmachine ssh n1", "stty size; tty; exit 5\n");
    assert_eq!(shown.status, 5, "{}", shown.stdout);
    assert!(shown.stdout.contains("33 91"), "{}", shown.stdout);
    assert!(shown.stdout.contains("/dev/pts/"), "{}", shown.stdout);
    let after = user.at_terminal("rmachine ssh n1; stty -a | grep -o ' -\\?icanon'", "exit\n");
    assert!(after.stdout.trim_end().ends_with(" icanon"), "the terminal is put back: {}", after.stdout);
    // A command needs no terminal on the host, even where there is one here.
    let plain = user.at_terminal("rmachine ssh n1 -- tty", "");
    assert!(plain.stdout.contains("not a tty"), "{}", plain.stdout);
}

/// A running program that is ended when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn options_of_openssh_go_to_the_systems_ssh_with_our_key_and_the_pinned_host_key() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let port = free_port();
    let forward = format!("{port}:localhost:22");
    let mut ssh = user.command("rmachine");
    ssh.args(["ssh", "n1", "-L", &forward, "-N"]).stderr(Stdio::piped());
    let mut ssh = Running(ssh.spawn().unwrap());
    assert!(banner(port).starts_with("SSH-2.0-"), "nothing came through the forward");
    ssh.0.kill().unwrap();

    let known = user.machine_file("n1", "known_hosts");
    let pinned = std::fs::read_to_string(&known).unwrap();
    assert!(pinned.contains(&host.sh("cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub")), "{pinned}");
    host.sh("rm /etc/ssh/ssh_host_ed25519_key*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key; systemctl restart ssh");
    let refused = user.rmachine(&["ssh", "n1", "-T", "true"]);
    assert_eq!(refused.status, 255, "{refused:?}");
    assert!(refused.stderr.contains("Host key verification failed"), "{refused:?}");
}

#[test]
fn a_terminal_of_openssh_has_our_size_and_its_forward_beside_it() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let port = free_port();
    let line = format!("stty cols 91 rows 33; rmachine ssh n1 -L {port}:localhost:22");
    let until_seen =
        "stty size; tty; timeout 20 sh -c 'until [ -e /run/seen ]; do sleep 0.1; done' && exit 6\n";
    let (shown, first) = std::thread::scope(|scope| {
        let shown = scope.spawn(|| user.at_terminal(&line, until_seen));
        let first = banner(port);
        host.sh("touch /run/seen");
        (shown.join().unwrap(), first)
    });
    assert!(first.starts_with("SSH-2.0-"), "nothing came through the forward: {}", shown.stdout);
    assert_eq!(shown.status, 6, "{}", shown.stdout);
    assert!(shown.stdout.contains("33 91") && shown.stdout.contains("/dev/pts/"), "{}", shown.stdout);
}

#[test]
fn a_proxy_of_openssh_leads_to_the_engine() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    // Only through the host itself.
    host.sh("iptables -I INPUT -p tcp --dport 2376 ! -s $(hostname -I | cut -d' ' -f1) -j DROP");
    let port = free_port();
    let mut ssh = user.command("rmachine");
    let _ssh = Running(ssh.args(["ssh", "n1", "-N", "-D", &port.to_string()]).spawn().unwrap());
    let file = |name: &str| user.machine_file("n1", name).display().to_string();
    let (ca, cert, key) = (file("ca.pem"), file("cert.pem"), file("key.pem"));
    let (proxy, url) = (format!("127.0.0.1:{port}"), format!("https://{}:2376/_ping", host.ip()));
    let patience = ["-sS", "--max-time", "30", "--retry", "20", "--retry-delay", "1", "--retry-connrefused"];
    let words = ["--socks5-hostname", &proxy, "--cacert", &ca, "--cert", &cert, "--key", &key, &url];
    assert_eq!(run(user.command("curl").args(patience).args(words)).ok(), "OK");
}

#[test]
fn the_users_agent_goes_along_where_that_is_asked_for_to_made_hosts_too() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let socket = user.home().join("agent").display().to_string();
    let key = user.new_key("of-mine", "");
    let _agent =
        Running(user.command("ssh-agent").args(["-D", "-a", &socket]).stdout(Stdio::null()).spawn().unwrap());
    let user = user.with("SSH_AUTH_SOCK", &socket);
    let began = Instant::now();
    while run(user.command("ssh-add").args(["-q", &key])).status != 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "the agent does not answer");
    }
    user.adopt(&host, "adopted", &[]).ok();
    user.rmachine(&["create", "--driver", "nspawn", "made"]).ok();
    let print = run(user.command("ssh-keygen").args(["-lf", &key])).ok();
    let print = print.split(' ').nth(1).expect("a fingerprint");
    for name in ["adopted", "made"] {
        let held = user.rmachine(&["ssh", name, "-A", "ssh-add -l"]).ok();
        assert!(held.contains(print), "{name}: {held}");
        assert_eq!(user.rmachine(&["ssh", name, "-T", "echo ${SSH_AUTH_SOCK:-none}"]).ok(), "none");
    }
}

/// A port of this computer's that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What the server behind a local port says first, once the forward stands.
fn banner(port: u16) -> String {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) {
        let mut first = [0; 8];
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
            let _ = stream.flush();
            if stream.read_exact(&mut first).is_ok() {
                return String::from_utf8_lossy(&first).into_owned();
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    String::new()
}
