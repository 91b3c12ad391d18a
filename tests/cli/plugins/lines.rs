//! Plugins of the protocol of our own, in lines: the two examples, and small ones that do wrong.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::home::{Home, put_program};

/// A home with the examples on its PATH, and with a program of this text as the driver `odd`.
fn home_with(odd: &str) -> Home {
    let home = Home::new();
    let bin = home.path("bin");
    fs::create_dir(&bin).unwrap();
    put_program(&bin.join("rmachine-driver-odd"), odd);
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/plugins");
    home.with_var("PATH", &format!("{}:{examples}:/usr/bin:/bin", bin.display()))
}

fn state(home: &Home, name: &str) -> Value {
    let text = fs::read_to_string(home.machine(name).join("config.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["Driver"].clone()
}

#[test]
fn hosts_of_a_pool_are_taken_once_and_given_back() {
    let home = home_with("");
    let list = home.path("hosts");
    fs::write(&list, "127.0.0.1\n127.0.0.2\n").unwrap();
    let hosts = list.to_string_lossy();
    let create = |name| {
        home.run(&[
            "create",
            "-d",
            "pool",
            "--pool-hosts",
            &hosts,
            "--pool-ssh-port",
            "1",
            "--timeout",
            "1",
            name,
        ])
    };
    create("m1")
        .with_code(1)
        .saying("m1: taking 127.0.0.1 out of the pool")
        .saying("machine m1 is not finished");
    create("m2").with_code(1).saying("m2: taking 127.0.0.2 out of the pool");
    create("m3").with_code(1).saying("all 2 hosts of the pool are taken");
    home.run(&["url", "m1"]).with_code(0).printing("tcp://127.0.0.1:2376\n");
    home.run(&["status", "m1"]).with_code(0).printing("Stopped\n");
    home.run(&["start", "m1"]).with_code(1).saying("hosts of a pool have no switch to start them");
    home.run(&["rm", "-y", "m1"]).with_code(0);
    create("m3").with_code(1).saying("m3: taking 127.0.0.1 out of the pool");
    create("m4").with_code(1).saying("all 2 hosts of the pool are taken");
    home.run(&["create", "-d", "pool", "m5"]).with_code(2).saying("--pool-hosts must be given");
}

#[test]
fn a_host_by_commands_is_told_by_how_they_end_and_what_was_never_made_is_removed() {
    let home = home_with("");
    let create = |command: &str, name: &str| {
        home.run(&["create", "-d", "command", "--command-create", command, "--timeout", "1", name])
    };
    create("exit 3", "m1").with_code(1).saying("the command of --command-create ended with exit status 3");
    create("true", "m2").with_code(1).saying("the command of --command-create printed no address");
    home.run(&["rm", "-y", "m1", "m2"]).with_code(0);
    // Whether it runs nobody knows: its engine is asked all the same.
    create("echo 127.0.0.1", "m3").with_code(1);
    let listed = home.run(&["ls"]).with_code(0).out;
    assert!(listed.contains("its create did not finish"), "{listed}");
    home.run(&["rm", "-y", "m3"]).with_code(1).saying("--command-remove was not given");
    home.run(&["rm", "-f", "m3"]).with_code(1);
}

#[test]
fn a_program_that_speaks_otherwise_is_told_by_what_it_says() {
    for (odd, says) in [
        ("#!/bin/sh\necho hello; cat", "rmachine-driver-odd sent the line \"hello\", which is no JSON-RPC"),
        (
            "#!/bin/sh\necho oh no >&2; exit 3",
            "ended with exit status 3 during describe; its last words: oh no",
        ),
        (
            "#!/bin/sh\nread -r l; echo '{\"id\":0,\"result\":{\"protocol\":2}}'; cat",
            "speaks version 2 of the protocol",
        ),
        (
            "#!/bin/sh\nread -r l; echo '{\"id\":0,\"error\":{\"message\":\"not today\"}}'; read -r l; echo '{\"id\":1,\"error\":{\"message\":\"not today\"}}'; cat",
            "not today",
        ),
        (
            "#!/bin/sh\nread -r l; echo '{\"id\":0,\"result\":{\"protocol\":1,\"flags\":[{\"name\":\"odd-size\",\"kind\":\"nubmer\"}]}}'; cat",
            "sent the flag \"odd-size\" of the kind \"nubmer\"; it may be text, number, switch, list",
        ),
        (
            "#!/bin/sh\nread -r l; echo '{\"id\":0,\"result\":{\"protocol\":1,\"flags\":[{\"name\":\"size\",\"kind\":\"number\"}]}}'; cat",
            "sent the flag \"size\", whose name does not begin with odd-",
        ),
    ] {
        home_with(odd).run(&["create", "-d", "odd", "m1"]).with_code(1).saying(says);
    }
}

/// Makes a host for ever, and tells at once what it has made; a word to cancel ends it.
const ENDLESS: &str = r#"#!/bin/sh
while read -r line; do
    id=$(printf %s "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
    case $line in
    *'"cancel"'*) echo cancelled >>"$HOME/odd.log"; echo '{"id":'$making',"error":{"message":"cancelled"}}' ;;
    *'"describe"'*) echo '{"id":'$id',"result":{"protocol":1,"flags":[{"name":"odd-token","kind":"text","secret":true}]}}' ;;
    *'"create"'*)
        making=$id
        echo '{"method":"save","params":{"state":{"MachineName":"m1","HostID":"half"}}}'
        echo making $$ >>"$HOME/odd.log" ;;
    *) echo '{"id":'$id',"result":{}}' ;;
    esac
done
"#;

fn log(home: &Home) -> String {
    fs::read_to_string(home.path("odd.log")).unwrap_or_default()
}

/// Begins a create that never ends; gives the process of the plugin once it makes a host.
fn begin(home: &Home) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rmachine"));
    command.args(["create", "-d", "odd", "--odd-token", "t", "m1"]).env_clear().envs(home.vars());
    command.env("HOME", home.path("")).env("MACHINE_STORAGE_PATH", home.store());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while !log(home).contains("making") {
        assert!(Instant::now() < end, "it makes no host: {}", log(home));
        std::thread::sleep(Duration::from_millis(20));
    }
    (child, log(home).split_whitespace().nth(1).unwrap().to_owned())
}

fn ends(id: &str) {
    let end = Instant::now() + Duration::from_secs(3);
    while fs::metadata(format!("/proc/{id}/exe")).is_ok() {
        assert!(Instant::now() < end, "the program still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_a_program_says_must_be_saved_is_in_the_record_when_all_of_us_are_killed() {
    let home = home_with(ENDLESS);
    let (mut child, id) = begin(&home);
    let end = Instant::now() + Duration::from_secs(5);
    while state(&home, "m1")["HostID"] != json!("half") {
        assert!(Instant::now() < end, "{}", state(&home, "m1"));
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    ends(&id);
}

#[test]
fn an_interrupted_create_is_cancelled_and_what_it_saved_is_in_the_record() {
    let home = home_with(ENDLESS);
    let (mut child, id) = begin(&home);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(state(&home, "m1")["HostID"], json!("half"));
    let log = log(&home);
    assert!(log.contains("cancelled"), "{log}");
    ends(&id);
}

#[test]
fn what_a_program_marks_as_secret_is_one() {
    let out = home_with(ENDLESS).run(&["driver", "show", "odd", "--json"]).with_code(0).out;
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&shown["flags"][0]["name"], &shown["flags"][0]["secret"]),
        (&json!("odd-token"), &json!(true))
    );
}
