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
    home.run(&["inspect", "n1", "-f", "{{.Driver.URL}} {{.Name}}"])
        .with_code(0)
        .printing("tcp://10.0.0.5:2376 n1\n");
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
    home.run(&["ssh", "n1", "--", "true"]).with_code(1).saying("machine n1 has no login");
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
