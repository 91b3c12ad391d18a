//! What real shells make of it where they are installed; tables for the others.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::*;
use crate::env::Env;

/// Everything that some shell has ideas about.
const NASTY: [&str; 12] = [
    "tcp://10.0.0.5:2376",
    "/home/a b/two  spaces",
    r#"say "hi""#,
    "it's",
    "$HOME ${HOME} $(id)",
    "`id`",
    "wow!! !1",
    r"back\slash\",
    r#"\"'$`!\'"#,
    "é ü 日本 “quoted”",
    "* ? [a] ~ {a,b} # ; & | < > ( )",
    "",
];

fn program(name: &str) -> Option<PathBuf> {
    let mut env = Env::for_tests(Path::new("/"));
    env.vars.insert("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into());
    let found = env.find_program(name);
    if found.is_none() {
        eprintln!("skipped: {name} is not installed");
    }
    found
}

/// The values as a child of the shell sees them after it has evaluated the statements.
fn evaluated(program: &Path, args: &[&str], shell: Shell, evaluate: &str, values: &[&str]) -> Vec<String> {
    let keys: Vec<String> = (0..values.len()).map(|index| format!("K{index}")).collect();
    let variables: Vec<Variable> =
        keys.iter().zip(values).map(|(key, value)| (key.as_str(), Some(*value))).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("statements");
    std::fs::write(&file, shell.statements(&variables).unwrap()).unwrap();
    let printed = keys.join(" ");
    let script =
        format!("{}\nenv printenv {printed}\n", evaluate.replace("FILE", &file.display().to_string()));
    // Where nothing matches a wildcard by chance.
    let output =
        Command::new(program).args(args).args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", program.display());
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn every_posix_shell_reads_back_any_value() {
    for name in ["sh", "dash", "bash", "zsh"] {
        let Some(program) = program(name) else { continue };
        for evaluate in ["eval \"$(cat FILE)\"", ". FILE"] {
            assert_eq!(evaluated(&program, &[], Shell::Sh, evaluate, &NASTY), NASTY, "{name}: {evaluate}");
        }
    }
}

#[test]
fn plain_values_survive_the_eval_without_quotes_that_people_type() {
    let plain = ["1", "tcp://10.0.0.5:2376", "/home/me/.docker/machine/machines/n1", "n1", "with space"];
    for name in ["sh", "bash", "zsh"] {
        let Some(program) = program(name) else { continue };
        assert_eq!(evaluated(&program, &[], Shell::Sh, "eval $(cat FILE)", &plain), plain, "{name}");
    }
}

#[test]
fn fish_reads_back_any_value() {
    let Some(program) = program("fish") else { return };
    for evaluate in ["cat FILE | source", "eval (cat FILE)"] {
        assert_eq!(evaluated(&program, &["--no-config"], Shell::Fish, evaluate, &NASTY), NASTY, "{evaluate}");
    }
}

#[test]
fn tcsh_reads_back_any_value() {
    let Some(program) = program("tcsh") else { return };
    assert_eq!(evaluated(&program, &["-f"], Shell::Tcsh, "source FILE", &NASTY), NASTY);
    let single: Vec<&str> = NASTY.into_iter().filter(|value| !value.contains("  ")).collect();
    assert_eq!(evaluated(&program, &["-f"], Shell::Tcsh, "set noglob\neval `cat FILE`", &single), single);
}

/// Emacs has a language of its own: the children see what `setenv` set.
fn evaluated_by_emacs(statements: &str, print: &str) -> Option<String> {
    let program = program("emacs")?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("statements.el");
    std::fs::write(&file, statements).unwrap();
    let print = format!("(princ (shell-command-to-string {print:?}))");
    let output = Command::new(program)
        .args(["-Q", "--batch", "--eval"])
        .arg(format!("(with-temp-buffer (insert-file-contents {file:?}) (eval-buffer))"))
        .args(["--eval", &print])
        .env("LC_ALL", "C.UTF-8")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn emacs_reads_back_any_value() {
    let keys: Vec<String> = (0..NASTY.len()).map(|index| format!("K{index}")).collect();
    let variables: Vec<Variable> =
        keys.iter().zip(NASTY).map(|(key, value)| (key.as_str(), Some(value))).collect();
    let statements = Shell::Emacs.statements(&variables).unwrap();
    let Some(printed) = evaluated_by_emacs(&statements, &format!("printenv {}", keys.join(" "))) else {
        return;
    };
    assert_eq!(printed.lines().collect::<Vec<_>>(), NASTY);
    let unset = Shell::Emacs.statements(&[("K0", None)]).unwrap();
    let gone = evaluated_by_emacs(&(statements + &unset), "printenv K0 || echo gone");
    assert_eq!(gone.as_deref(), Some("gone\n"));
}

#[test]
fn every_shell_unsets_what_is_set() {
    let forms = [
        ("sh", "", Shell::Sh, "eval \"$(cat FILE)\""),
        ("bash", "", Shell::Sh, "eval $(cat FILE)"),
        ("zsh", "", Shell::Sh, "eval $(cat FILE)"),
        ("dash", "", Shell::Sh, "eval \"$(cat FILE)\""),
        ("fish", "--no-config", Shell::Fish, "eval (cat FILE)"),
        ("fish", "--no-config", Shell::Fish, "cat FILE | source"),
        ("tcsh", "-f", Shell::Tcsh, "eval `cat FILE`"),
    ];
    for (name, flag, shell, evaluate) in forms {
        let Some(program) = program(name) else { continue };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("statements");
        std::fs::write(&file, shell.statements(&[("K0", None), ("K1", None)]).unwrap()).unwrap();
        let script = format!("{}\nenv\n", evaluate.replace("FILE", &file.display().to_string()));
        let output = Command::new(program)
            .args(Some(flag).filter(|flag| !flag.is_empty()))
            .args(["-c", &script])
            .envs([("K0", "old"), ("K1", "a b"), ("K2", "stays")])
            .output()
            .unwrap();
        let left = String::from_utf8_lossy(&output.stdout);
        let left: Vec<&str> = left.lines().filter(|line| line.starts_with('K')).collect();
        assert_eq!(left, ["K2=stays"], "{name}: {evaluate}: {output:?}");
    }
}

#[test]
fn a_dotenv_file_can_be_sourced_too() {
    let values: Vec<&str> = NASTY
        .into_iter()
        .filter(|value| Shell::Dotenv.set("K", value).is_ok() && !value.is_empty())
        .collect();
    assert_eq!(values.len(), NASTY.len() - 2);
    let Some(program) = program("sh") else { return };
    assert_eq!(evaluated(&program, &[], Shell::Dotenv, "set -a\n. FILE", &values), values);
}

#[test]
fn plain_values_look_as_docker_machine_prints_them() {
    let argv = ["docker-machine", "env", "n1"].map(String::from);
    let table = [
        (Shell::Sh, "export K=\"v\"", "unset K", "# ", "# eval $(docker-machine env n1)"),
        (Shell::Fish, "set -gx K \"v\";", "set -e K;", "# ", "# eval (docker-machine env n1)"),
        (
            Shell::PowerShell,
            "$Env:K = \"v\"",
            r"Remove-Item Env:\\K",
            "# ",
            "# & docker-machine env n1 | Invoke-Expression",
        ),
        (
            Shell::Cmd,
            "SET K=v",
            "SET K=",
            "REM ",
            "REM \t@FOR /f \"tokens=*\" %i IN ('docker-machine env n1') DO @%i",
        ),
        (Shell::Tcsh, "setenv K \"v\";", "unsetenv K;", ": ", ": eval `docker-machine env n1`"),
        (
            Shell::Emacs,
            "(setenv \"K\" \"v\")",
            "(setenv \"K\" nil)",
            ";; ",
            ";; (with-temp-buffer (shell-command \"docker-machine env n1\" (current-buffer)) (eval-buffer))",
        ),
    ];
    for (shell, set, unset, comment, command) in table {
        assert_eq!(shell.set("K", "v").unwrap(), set);
        assert_eq!(shell.unset("K"), unset);
        let hint = format!("{comment}Run this command to configure your shell: \n{command}\n");
        assert_eq!(shell.hint(Voice::DockerMachine, &argv), hint);
    }
    let spaced = [r"C:\Program Files\docker-machine.exe", "env"].map(String::from);
    assert!(
        Shell::Sh
            .hint(Voice::DockerMachine, &spaced)
            .ends_with("# eval $(\"C:\\Program Files\\docker-machine.exe\" env)\n")
    );
}

#[test]
fn shells_that_are_not_here_follow_their_own_books() {
    let table = [
        (Shell::PowerShell, r#"a"$`b\"#, r#"$Env:K = "a`"`$``b\""#),
        (Shell::PowerShell, "“x”", "$Env:K = \"`“x`”\""),
        (Shell::Cmd, "a & b", "SET \"K=a & b\""),
        (Shell::Emacs, r#"a\"$"#, r#"(setenv "K" "a\\\"$")"#),
        (Shell::Nushell, r#"a\"$x"#, r#"$env.K = "a\\\"$x""#),
        (Shell::Dotenv, "tcp://10.0.0.5:2376", "K=tcp://10.0.0.5:2376"),
        (Shell::Dotenv, "a $b", "K='a $b'"),
        (Shell::Dotenv, r"it's \ $5", r#"K="it's \\ \$5""#),
    ];
    for (shell, value, statement) in table {
        assert_eq!(shell.set("K", value).unwrap(), statement, "{shell}");
    }
}

#[test]
fn what_a_shell_cannot_be_told_is_refused() {
    for (_, shell) in Shell::ALL {
        assert!(shell.set("K", "a\nb").is_err(), "{shell}");
    }
    let said = Shell::Cmd.set("DOCKER_CERT_PATH", "%PATH%").unwrap_err().to_string();
    assert_eq!(said, "the value of DOCKER_CERT_PATH holds a percent sign, which cmd cannot be told");
    assert!(Shell::Dotenv.set("K", "`'").is_err());
}

#[test]
fn json_is_one_object() {
    let text = Shell::Json.statements(&[("A", Some("\"x\n")), ("B", None)]).unwrap();
    assert_eq!(text, "{\n  \"A\": \"\\\"x\\n\",\n  \"B\": null\n}\n");
}

#[test]
fn the_shell_is_the_one_that_called_else_the_login_shell() {
    let mut env = Env::for_tests(Path::new("/"));
    assert_eq!(detect(&env, Some("make")), Err(UnknownShell));
    env.vars.insert("SHELL".into(), "/usr/bin/zsh".into());
    assert_eq!(detect(&env, Some("fish")), Ok(Shell::Fish));
    assert_eq!(detect(&env, Some("make")), Ok(Shell::Sh));
    assert_eq!(detect(&env, None), Ok(Shell::Sh));
    env.vars.insert("NU_VERSION".into(), "0.100".into());
    assert_eq!(detect(&env, None), Ok(Shell::Nushell));
}

#[test]
fn docker_machines_voice_believes_the_variable() {
    let mut env = Env::for_tests(Path::new("/"));
    env.args = vec!["docker-machine".into()];
    assert_eq!(detect(&env, Some("fish")), Err(UnknownShell));
    env.vars.insert("SHELL".into(), "/bin/odd".into());
    assert_eq!(detect(&env, Some("fish")), Ok(Shell::Sh));
    env.vars.insert("__fish_bin_dir".into(), "/usr/bin".into());
    assert_eq!(detect(&env, None), Ok(Shell::Fish));
}

#[test]
fn names_of_shells_are_known_with_their_variants() {
    for (name, shell) in
        [("bash", Shell::Sh), ("PWSH.exe", Shell::PowerShell), ("nu", Shell::Nushell), ("json", Shell::Json)]
    {
        assert_eq!(Shell::parse(name), Some(shell));
    }
    assert_eq!(Shell::parse("bogus"), None);
    assert!(parent_name().is_some());
}
