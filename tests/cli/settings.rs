//! `~/.config/rmachine/config.toml`: defaults of flags.

use crate::home::Home;

#[test]
fn a_mistake_in_the_file_is_told_with_its_line_and_help_still_works() {
    let home = Home::new().with_settings("[create]\ndrivr = \"generic\"\n");
    let ended = home.run(&["ls"]).with_code(2);
    ended
        .saying("config.toml:2: there is no flag \"drivr\" in section [create]")
        .saying("hint: did you mean driver?");
    home.run(&["--help"]).with_code(0);
    home.run(&["--version"]).with_code(0);
    home.run(&["version"]).with_code(0);
    home.run(&["version", "n1"]).with_code(2);
    let home = home.with_settings("[create\n");
    home.run(&["ls"]).with_code(2).saying("config.toml:1: ");
}

#[test]
fn what_is_typed_wins_then_the_variable_then_the_file() {
    let home = Home::new()
        .with_settings("[ls]\nquiet = true\n[create]\ndriver = \"fromfile\"\n")
        .with_machine("n1", "tcp://10.0.0.1:1");
    home.run(&["ls"]).with_code(0).printing("n1\n");
    home.run(&["create", "n2"]).with_code(2).saying("\"fromfile\"");
    let home = home.with_var("MACHINE_DRIVER", "fromvar");
    home.run(&["create", "n2"]).with_code(2).saying("\"fromvar\"");
    home.run(&["create", "-d", "typed", "n2"]).with_code(2).saying("\"typed\"");
}

#[test]
fn the_flags_of_a_driver_have_a_section_of_their_own() {
    let home = Home::new().with_settings("[create.generic]\nssh-user = \"admin\"\n");
    let ended = home.run(&["create", "-d", "generic", "-h"]).with_code(0);
    assert!(ended.out.contains("[default: admin]"), "{}", ended.out);
    let home = home.with_settings("[create.generic]\nuser = \"admin\"\n");
    home.run(&["ls"]).with_code(2).saying("there is no flag \"user\" in section [create.generic]");
}
