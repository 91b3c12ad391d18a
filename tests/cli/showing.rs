//! Commands that print what is known of one machine.

use serde_json::json;

use crate::home::{Home, config};

const URL: &str = "tcp://10.0.0.5:2376";

#[test]
fn addresses_come_in_the_order_of_the_arguments() {
    let home = Home::new().with_machine("a", "tcp://10.0.0.1:1").with_machine("b", "tcp://10.0.0.2:2");
    home.run(&["url", "b", "a"]).with_code(0).printing("tcp://10.0.0.2:2\ntcp://10.0.0.1:1\n");
    home.run(&["ip", "b", "a"]).with_code(0).printing("10.0.0.2:2\n10.0.0.1:1\n");
    home.run(&["url", "--json", "a"])
        .with_code(0)
        .printing("{\"name\":\"a\",\"url\":\"tcp://10.0.0.1:1\"}\n");
}

#[test]
fn when_some_of_several_fail_the_others_are_printed_and_the_code_says_so() {
    let home = Home::new().with_machine("good", URL).with_config("broken", "{");
    home.run(&["url", "broken", "good"])
        .with_code(4)
        .saying("error: broken: ")
        .printing("tcp://10.0.0.5:2376\n");
    home.run(&["url", "broken"]).with_code(1);
}

#[test]
fn inspect_shows_the_record_and_hides_what_is_secret() {
    let state = json!({ "URL": URL, "AccessToken": "hunter2", "Tags": "<a&b>" });
    let home = Home::new().with_config("n1", &config("n1", &state).to_string());
    let ended = home.run(&["inspect", "n1"]).with_code(0);
    assert!(
        ended.out.starts_with("{\n    \"ConfigVersion\": 3,\n    \"Driver\": {\n        "),
        "{}",
        ended.out
    );
    assert!(ended.out.contains("\"AccessToken\": \"********\"") && !ended.out.contains("hunter2"));
    assert!(ended.out.contains(r"\u003ca\u0026b\u003e"), "{}", ended.out);
    assert!(home.run(&["inspect", "--show-secrets", "n1"]).with_code(0).out.contains("hunter2"));
    home.run(&["inspect", "n1", "-f", "{{.Driver.URL}} {{.Name}} {{.Driver.AccessToken}}"])
        .with_code(0)
        .printing("tcp://10.0.0.5:2376 n1 ********\n");
}

#[test]
fn called_docker_machine_inspect_shows_the_file_with_its_secrets() {
    let state = json!({ "URL": URL, "AccessToken": "hunter2" });
    let home = Home::classic().with_config("n1", &config("n1", &state).to_string());
    home.run(&["inspect", "n1", "-f", "{{.Driver.AccessToken}}"]).with_code(0).printing("hunter2\n");
    assert!(home.run(&["inspect", "n1"]).with_code(0).out.contains("\"AccessToken\": \"hunter2\""));
}

/// The file is one that docker-machine wrote, with numbers no program of ours would write so.
#[test]
fn inspect_prints_docker_machines_file_byte_for_byte() {
    let file = include_str!("../fixtures/store/generic.json");
    for home in [Home::classic(), Home::new()] {
        let home = home.with_config("g1", file);
        home.run(&["inspect", "g1"]).with_code(0).printing(&format!("{}\n", file.trim_end()));
    }
}

#[test]
fn templates_of_inspect_are_gos() {
    let file = include_str!("../fixtures/store/generic.json");
    let table = [
        ("{{.HostOptions.AuthOptions.StorePath}}", "/store/machines/g1"),
        ("{{.Driver.SSHPort}}", "22"),
        ("{{.Missing}} {{.Driver.Missing}}", "<no value> <no value>"),
        ("{{range .HostOptions.EngineOptions.Env}}<{{.}}>{{end}}", "<A=<B>>"),
        ("{{index .HostOptions.EngineOptions.Env 0 | printf \"%q\"}}", "\"A=<B>\""),
        ("{{json .HostOptions.EngineOptions.Env}}", "[\"A=\\u003cB\\u003e\"]"),
        ("{{prettyjson .HostOptions.EngineOptions.Env}}", "[\n    \"A=\\u003cB\\u003e\"\n]"),
        (
            "{{if eq .DriverName \"generic\"}}{{.Driver.SSHUser}}@{{.Driver.IPAddress}}{{end}}",
            "root@10.0.0.5",
        ),
        ("{{len .HostOptions.EngineOptions.Env}}", "1"),
        ("{{printf \"%s:%v\" .Driver.IPAddress .Driver.EnginePort}}", "10.0.0.5:2376"),
        ("{{printf \"%.0f\" .Driver.SSHPort}}", "22"),
    ];
    for home in [Home::classic(), Home::new()] {
        let home = home.with_config("g1", file);
        for (template, text) in table {
            home.run(&["inspect", "--format", template, "g1"]).with_code(0).printing(&format!("{text}\n"));
        }
    }
}

/// What is wrong is said in Go's words, and nothing is printed of a template that fails halfway.
#[test]
fn a_wrong_template_is_refused_in_gos_words() {
    let table = [
        ("{{.Name", 1, "template parsing error: template: :1: unclosed action\n"),
        ("{{foo .Name}}", 1, "template parsing error: template: :1: function \"foo\" not defined\n"),
        ("{{end}}", 1, "template parsing error: template: :1: unexpected {{end}}\n"),
        (
            "x{{index .Driver \"a\" 1}}",
            1,
            "template: :1:3: executing \"\" at <index .Driver \"a\" 1>: error calling index: index of nil pointer\n",
        ),
        (
            "x{{.Name.First}}",
            1,
            "template: :1:8: executing \"\" at <.Name.First>: can't evaluate field First in type interface {}\n",
        ),
    ];
    let file = include_str!("../fixtures/store/generic.json");
    let home = Home::classic().with_config("g1", file);
    for (template, code, error) in table {
        let ended = home.run(&["inspect", "-f", template, "g1"]).with_code(code).printing("");
        assert_eq!(ended.err, error, "{template}");
    }
    Home::new()
        .with_config("g1", file)
        .run(&["inspect", "-f", "{{.Name", "g1"])
        .with_code(2)
        .printing("")
        .saying("error: template: :1: unclosed action")
        .saying("hint: a template such as '{{.Driver.IPAddress}}'");
    Home::new()
        .with_config("g1", file)
        .run(&["inspect", "-f", "{{eq .Driver.SSHPort 22}}", "g1"])
        .with_code(2)
        .saying("error calling eq: incompatible types for comparison")
        .saying("hint: numbers of a record are floats");
}

#[test]
fn active_is_the_machine_that_docker_host_points_at() {
    let home = Home::new().with_machine("a", "tcp://10.0.0.1:1").with_machine("b", URL);
    home.run(&["active"]).with_code(1).saying("No active host found");
    let home = home.with_var("DOCKER_HOST", URL);
    home.run(&["active"]).with_code(0).printing("b\n");
    let home = home.with_var("DOCKER_HOST", "tcp://elsewhere:1");
    home.run(&["active"]).with_code(1).saying("No active host found").printing("");
}

#[test]
fn status_is_one_word() {
    let home = Home::new().with_machine("n1", URL);
    home.run(&["status", "n1"]).with_code(0).printing("Running\n");
    home.run(&["status", "n1", "--json"]).with_code(0).printing("{\"name\":\"n1\",\"state\":\"Running\"}\n");
}

#[test]
fn there_is_no_login_to_an_engine_that_is_only_pointed_at() {
    let home = Home::new().with_machine("n1", URL);
    home.run(&["ssh", "n1", "--", "true"]).with_code(255).saying("machine n1 has no login");
}

#[test]
fn a_stored_machine_of_an_unknown_driver_is_listed_and_says_so() {
    let text = config("n1", &json!({})).to_string().replace("\"none\"", "\"kvm\"");
    let home = Home::new().with_config("n1", &text);
    home.run(&["status", "n1"]).saying("made by the driver \"kvm\", which is not here");
    assert!(home.run(&["ls", "--offline"]).with_code(0).out.contains("kvm"));
}

#[test]
fn the_version_is_in_the_form_that_callers_parse() {
    let version = env!("CARGO_PKG_VERSION");
    for words in [&["version"][..], &["-v"], &["--version"]] {
        let ended = Home::new().run(words).with_code(0);
        assert!(ended.out.starts_with(&format!("rmachine version {version}, build ")), "{}", ended.out);
    }
}
