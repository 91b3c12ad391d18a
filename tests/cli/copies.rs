//! `scp` and `mount` before anything is run: places, numbers of arguments, missing programs, and what those programs are told.

use std::fs;

use crate::home::{Home, config, put_program};

/// A home with a machine that logs in as ann on port 2222, by a key of the store, and with these programs alone on PATH.
fn home(programs: &[&str], classic: bool) -> Home {
    let home = if classic { Home::classic() } else { Home::new() };
    let key = home.machine("n1").join("id_rsa").display().to_string();
    let driver = serde_json::json!({
        "IPAddress": "192.0.2.7", "SSHUser": "ann", "SSHPort": 2222, "SSHKeyPath": key, "EnginePort": 2376,
    });
    let mut text = config("n1", &driver);
    text["DriverName"] = "generic".into();
    let home = home.with_config("n1", &text.to_string());
    fs::write(home.machine("n1").join("rmachine.json"), r#"{"version":1,"host_keys":["ssh-ed25519 AAAA"]}"#)
        .unwrap();
    let bin = home.path("bin");
    fs::create_dir(&bin).unwrap();
    for program in programs {
        // Shows what it was told: the words, and the configuration.
        let script = "#!/bin/sh\nfor word; do echo \"<$word>\"; case $word in */*_config) /bin/cat \"$word\";; esac; done\n";
        put_program(&bin.join(program), script);
    }
    let bin = bin.display().to_string();
    home.with_var("PATH", &bin)
}

#[test]
fn scp_is_told_everything_by_a_configuration_of_its_own() {
    let ended = home(&["scp"], false).run(&["scp", "-r", "-q", "a b", "bob@n1:/x y"]).with_code(0);
    assert!(ended.out.starts_with("<-3>\n<-F>\n</"), "{}", ended.out);
    assert!(
        ended.out.contains("Host rmachine.n1\n  HostName 192.0.2.7\n  Port 2222\n  User ann\n"),
        "{}",
        ended.out
    );
    assert!(ended.out.contains("  StrictHostKeyChecking yes\n"), "{}", ended.out);
    assert!(ended.out.ends_with("<-q>\n<-r>\n<-->\n<a b>\n<bob@rmachine.n1:/x y>\n"), "{}", ended.out);
    let file = ended.out.lines().nth(2).unwrap().trim_matches(['<', '>']).to_owned();
    assert!(!std::path::Path::new(&file).exists(), "{file} is left");
}

#[test]
fn rsync_shows_progress_unless_told_not_to() {
    for (words, is_shown) in
        [(&["scp", "-d", "a", "n1:b"][..], true), (&["scp", "-q", "-d", "a", "n1:b"], false)]
    {
        let ended = home(&["rsync"], true).run(words).with_code(0);
        assert!(ended.out.starts_with("<-s>\n<-e>\n<ssh -F '"), "{}", ended.out);
        assert_eq!(ended.out.contains("<--progress>"), is_shown, "{}", ended.out);
    }
}

#[test]
fn sshfs_mounts_and_fusermount_unmounts() {
    let home = home(&["sshfs", "fusermount"], true);
    fs::create_dir(home.path("here")).unwrap();
    let here = home.path("here").display().to_string();
    let ended = home.run(&["mount", "n1:/srv", "here"]).with_code(0);
    assert!(
        ended.out.ends_with(&format!("<-o>\n<reconnect>\n<rmachine.n1:/srv>\n<{here}>\n")),
        "{}",
        ended.out
    );
    home.run(&["mount", "-u", "n1:/srv", "here"]).with_code(0).printing(&format!("<-u>\n<-->\n<{here}>\n"));
    home.run(&["mount", "-u", "n1:/srv"]).with_code(0).printing("<-u>\n<-->\n</srv>\n");
}

#[test]
fn a_missing_program_is_named_with_its_package() {
    let home = home(&[], false);
    for (words, program, package) in [
        (&["scp", "a", "n1:b"][..], "scp", "openssh-client"),
        (&["scp", "-d", "a", "n1:b"], "rsync", "rsync"),
        (&["mount", "n1:/srv", "/"], "sshfs", "sshfs"),
        (&["mount", "-u", "n1:/srv", "/"], "fusermount3", "fuse3"),
    ] {
        home.run(words)
            .with_code(1)
            .saying(&format!("error: {program} is not installed\n"))
            .saying(&format!("hint: apt install {package}\n"));
    }
}

#[test]
fn a_wrong_number_of_places_is_a_wrong_command_line() {
    for words in [&["scp", "a"][..], &["scp", "a", "b", "c"], &["mount"], &["mount", "a", "b", "c"]] {
        home(&[], false).run(words).with_code(2).saying("hint: rmachine ");
        let ended = home(&[], true).run(words).with_code(1);
        assert_eq!(ended.err, "Improper number of arguments\n");
        assert!(ended.out.contains(&format!("Usage: docker-machine {}", words[0])), "{}", ended.out);
    }
}

#[test]
fn a_copy_that_concerns_no_machine_is_a_forgotten_colon() {
    let home = home(&["scp"], false);
    home.run(&["scp", "site", "n1"])
        .with_code(2)
        .saying("a machine's name ends in a colon: rmachine scp site n1:");
}

#[test]
fn a_mountpoint_that_is_not_there_is_told_before_anything() {
    let home = home(&["sshfs"], false);
    let ended = home.run(&["mount", "n1:/srv", "nowhere"]).with_code(1);
    let place = home.path("nowhere").display().to_string();
    ended.saying(&format!("there is no folder {place} here to mount it on")).saying("hint: mkdir -p ");
    home.run(&["mount", "n1:"]).with_code(2).saying("no mountpoint is named");
}
