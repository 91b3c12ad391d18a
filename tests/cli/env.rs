//! `env`: what each shell gets, and that nothing is printed when anything is wrong.

use crate::home::Home;

fn home() -> Home {
    Home::new().with_machine("n1", "tcp://10.0.0.5:2376")
}

#[test]
fn every_shell_gets_its_own_statements_and_how_to_have_them_evaluated() {
    let home = home().with_certificates("n1");
    let folder = home.machine("n1").display().to_string();
    let table = [
        (
            "bash",
            "export DOCKER_CERT_PATH=\"FOLDER\"\n",
            "\"\n# Run this command to configure your shell: \n# eval \"$(",
        ),
        ("zsh", "export DOCKER_HOST=\"tcp://10.0.0.5:2376\"\n", "# eval \"$("),
        ("fish", "set -gx DOCKER_HOST \"tcp://10.0.0.5:2376\";\n", " | source\n"),
        ("powershell", "$Env:DOCKER_HOST = \"tcp://10.0.0.5:2376\"\n", "| Invoke-Expression\n"),
        ("cmd", "SET DOCKER_HOST=tcp://10.0.0.5:2376\n", "REM \t@FOR /f \"tokens=*\" %i IN ("),
        ("tcsh", "setenv DOCKER_HOST \"tcp://10.0.0.5:2376\";\n", ": eval `"),
        ("emacs", "(setenv \"DOCKER_HOST\" \"tcp://10.0.0.5:2376\")\n", "(eval-buffer))\n"),
        ("nushell", "$env.DOCKER_HOST = \"tcp://10.0.0.5:2376\"\n", "| load-env\n"),
        ("dotenv", "DOCKER_TLS_VERIFY=", ""),
        ("json", "\"DOCKER_MACHINE_NAME\": \"n1\"", ""),
    ];
    for (shell, statement, hint) in table {
        let ended = home.run(&["env", "--shell", shell, "n1"]).with_code(0);
        assert!(ended.out.contains(&statement.replace("FOLDER", &folder)), "{shell}: {}", ended.out);
        assert!(ended.out.contains(hint), "{shell}: {}", ended.out);
        assert_eq!(ended.err, "", "{shell}");
    }
}

#[test]
fn docker_machines_output_is_the_same_to_the_byte() {
    let home = Home::classic().with_machine("n1", "tcp://10.0.0.5:2376");
    let ended = home.run(&["env", "-u", "--shell", "bash"]).with_code(0);
    let program = home.path("docker-machine").display().to_string();
    ended.printing(&format!(
        "unset DOCKER_TLS_VERIFY\nunset DOCKER_HOST\nunset DOCKER_CERT_PATH\nunset DOCKER_MACHINE_NAME\n\
         # Run this command to configure your shell: \n# eval $({program} env -u --shell bash)\n"
    ));
}

#[test]
fn a_shells_eval_takes_what_env_prints() {
    let home = home().with_certificates("n1");
    for shell in ["sh", "bash", "dash"] {
        let ended = home.run_in_shell(
            shell,
            "eval \"$(rmachine env n1)\" && echo $DOCKER_HOST $DOCKER_TLS_VERIFY $DOCKER_MACHINE_NAME",
        );
        ended.with_code(0).printing("tcp://10.0.0.5:2376 1 n1\n");
    }
}

#[test]
fn the_variables_of_the_machine_before_are_unset_by_eval() {
    let home = home().with_var("DOCKER_HOST", "tcp://old:1").with_var("DOCKER_CONTEXT", "old");
    let ended = home.run_in_shell("sh", "eval \"$(rmachine env -u)\"; echo \"<$DOCKER_HOST>\"");
    ended.with_code(0).printing("<>\n");
    // docker itself would ignore it and warn.
    let ended = home.run_in_shell("sh", "eval \"$(rmachine env n1)\"; echo \"<$DOCKER_CONTEXT>\"");
    ended.with_code(0).printing("<>\n");
}

#[test]
fn when_env_fails_there_is_nothing_to_evaluate() {
    let home = home().with_config("broken", "{");
    for name in ["broken", "nosuch", ".."] {
        let ended = home.run(&["env", name]);
        assert_eq!((ended.out.as_str(), ended.code == 0), ("", false), "{name}");
    }
}

#[test]
fn no_proxy_gets_the_address_once_under_the_name_in_use() {
    let home = Home::new().with_machine("n1", "tcp://10.0.0.1").with_var("no_proxy", "10.0.0.11");
    let ended = home.run(&["env", "--no-proxy", "--shell", "bash", "n1"]).with_code(0);
    assert!(ended.out.contains("export no_proxy=\"10.0.0.11,10.0.0.1\"\n"), "{}", ended.out);
    let ended = home.run(&["env", "-u", "--no-proxy", "--shell", "bash"]).with_code(0);
    assert!(ended.out.contains("unset no_proxy\n"), "{}", ended.out);
}

#[test]
fn check_asks_the_engine_and_says_at_which_link_it_ends() {
    // Port 1 of this machine: nobody listens there.
    let home = Home::new().with_machine("n1", "tcp://127.0.0.1:1").with_certificates("n1");
    let ended = home.run(&["env", "--check", "n1"]).with_code(1).printing("");
    ended.saying("the engine of n1 does not answer").saying("because 127.0.0.1:1 refuses connections");
}

#[test]
fn a_machine_without_certificates_is_told_by_the_missing_file() {
    home()
        .run(&["config", "n1"])
        .with_code(1)
        .saying("n1/ca.pem")
        .saying("because No such file or directory\n")
        .saying("hint: rmachine provision n1")
        .printing("");
}

#[test]
fn the_default_machine_is_meant_when_none_is_named() {
    let home = Home::new().with_machine("default", "tcp://10.0.0.9:2376");
    home.run(&["url"]).with_code(0).printing("tcp://10.0.0.9:2376\n");
}

/// Its address without its certificates would have the client talk to an engine that nobody set up.
#[test]
fn a_machine_whose_create_did_not_finish_has_no_variables() {
    let home = Home::new();
    home.run_killed_at("recorded", &["create", "-d", "generic", "--ip", "192.0.2.5", "n1"]);
    let ended = home.run(&["env", "n1"]).with_code(1);
    assert_eq!(ended.out, "");
    assert!(ended.err.contains("n1 has no engine to point at: its create did not finish"), "{}", ended.err);
    assert!(ended.err.contains("rm n1 removes what there is"), "{}", ended.err);
}
