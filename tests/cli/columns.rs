//! `ls` in docker-machine's columns and with its templates and filters: both voices, to the byte where it is data.

use std::fs;

use serde_json::{Value, json};

use crate::home::{Ended, Home, config};

/// Nothing answers there.
const CLOSED: &str = "tcp://127.0.0.1:2376";

/// An adopted host that is down.
fn down(name: &str) -> Value {
    let state = json!({ "IPAddress": "127.0.0.1", "EnginePort": 1, "SSHPort": 1, "SSHUser": "root" });
    let mut config = config(name, &state);
    config["DriverName"] = "generic".into();
    config
}

fn with_swarm(mut config: Value, discovery: &str, is_master: bool) -> Value {
    let options =
        json!({ "IsSwarm": true, "Discovery": discovery, "Master": is_master, "Host": "tcp://0.0.0.0:3376" });
    config["HostOptions"]["SwarmOptions"] = options;
    config
}

fn with_labels(mut config: Value, labels: &[&str]) -> Value {
    config["HostOptions"]["EngineOptions"]["Labels"] = json!(labels);
    config
}

fn pointed(name: &str, url: &str) -> Value {
    config(name, &json!({ "IPAddress": url.trim_start_matches("tcp://"), "URL": url }))
}

impl Home {
    fn with(self, config: &Value) -> Self {
        let name = config["Name"].as_str().unwrap().to_owned();
        self.with_config(&name, &config.to_string())
    }
}

/// The machines of the recorded table.
fn recorded(home: Home) -> Home {
    let home = home
        .with(&down("arch"))
        .with(&with_swarm(down("q1"), "token://x", true))
        .with_machine("n1", CLOSED)
        .with_certificates("n1");
    fs::create_dir_all(home.machine("empty")).unwrap();
    home
}

/// The recorded lines are some of a table whose longest name and longest driver were one longer than those of these rows.
fn narrowed(line: &str) -> String {
    let (name, rest) = line.split_at(9);
    let (driver, rest) = rest.split_at(22);
    [name, driver].map(|cells| cells.strip_suffix(' ').unwrap()).concat() + rest + "\n"
}

#[test]
fn the_table_is_the_one_that_docker_machine_printed() {
    let home = recorded(Home::classic());
    let table: String = include_str!("../fixtures/docker-machine/ls.txt").lines().map(narrowed).collect();
    let table = table.replace("<store>", home.store().to_str().unwrap());
    home.run(&["ls"]).with_code(0).printing(&table);
    let format = r"table {{ .Name }}\t{{ .Active }}\t{{ .DriverName}}\t{{ .State }}\t{{ .URL }}\t{{ .Swarm }}\t{{ .DockerVersion }}\t{{ .Error}}";
    home.run(&["ls", "--format", format]).with_code(0).printing(&table);
    home.run(&["ls", "-format", ""]).with_code(0).printing(&table);
}

#[test]
fn members_of_a_swarm_name_their_master_even_where_it_is_not_shown() {
    let home = Home::new()
        .with(&with_swarm(pointed("m1", CLOSED), "token://x", true))
        .with(&with_swarm(pointed("w1", CLOSED), "token://x", false))
        .with(&with_swarm(pointed("w2", CLOSED), "token://y", false))
        .with_machine("alone", CLOSED);
    let swarms = |home: &Home, words: &[&str]| -> Ended {
        let words = [&["ls", "--offline", "--format", "{{.Name}}={{.Swarm}}"], words].concat();
        home.run(&words).with_code(0)
    };
    swarms(&home, &[]).printing("alone=\nm1=m1 (master)\nw1=m1\nw2=\n");
    swarms(&home, &["--filter", "name=^w1"]).printing("w1=m1\n");
    swarms(&home, &["--filter", "swarm=M1"]).printing("m1=m1 (master)\nw1=m1\n");
    swarms(&home, &["--filter", "swarm=m1", "--filter", "name=w"]).printing("w1=m1\n");
    swarms(&home, &["--filter", "swarm=other"]).printing("");
}

#[test]
fn the_active_column_tells_the_engine_from_its_swarm() {
    let url = "tcp://127.0.0.1:1";
    let home = |target: &str| {
        Home::classic()
            .with(&with_swarm(pointed("m1", url), "token://x", true))
            .with_machine("n1", "tcp://127.0.0.1:2")
            .with_var("DOCKER_HOST", target)
    };
    let format = "{{.Name}} {{.Active}} {{.ActiveHost}} {{.ActiveSwarm}}";
    for (target, shown) in [
        (url, "m1 * true false\nn1 - false false\n"),
        ("tcp://127.0.0.1:3376", "m1 * (swarm) false true\nn1 - false false\n"),
        ("tcp://127.0.0.1:2", "m1 - false false\nn1 * true false\n"),
        ("", "m1 - false false\nn1 - false false\n"),
    ] {
        home(target).run(&["ls", "--format", format]).with_code(0).printing(shown);
    }
}

#[test]
fn active_names_the_first_as_people_count_and_the_master_of_a_swarm() {
    let homes = |target: &str| {
        [Home::classic(), Home::new()].map(|home| {
            home.with(&with_swarm(pointed("m1", CLOSED), "token://x", true))
                .with_machine("n10", "tcp://127.0.0.1:1")
                .with_machine("n9", "tcp://127.0.0.1:1")
                .with_config("broken", "{")
                .with_var("DOCKER_HOST", target)
        })
    };
    for (target, name) in [(CLOSED, "m1\n"), ("tcp://127.0.0.1:3376", "m1\n"), ("tcp://127.0.0.1:1", "n9\n")]
    {
        for home in homes(target) {
            home.run(&["active"]).with_code(0).printing(name);
        }
    }
    for home in homes("tcp://127.0.0.1:2") {
        home.run(&["active"]).with_code(1).printing("").saying("No active host found");
    }
    let [classic, _] = homes(CLOSED);
    let ended = classic.run(&["active", "-t", "0"]).with_code(1).printing("");
    assert_eq!(ended.err, "Error getting active host: timeout\n");
}

/// The expected texts are Go's, worked out from its documentation; src/template has Go's own answers by the hundred.
#[test]
fn formats_are_gos_templates_over_every_field() {
    let machine = with_labels(with_swarm(pointed("n1", CLOSED), "token://x", true), &["env=test", "zone=1"]);
    let table = [
        ("{{.Name}}", "n1\n"),
        (r"{{.Name}}\t{{.DriverName}}\n-", "n1\tnone\n-\n"),
        (" {{.Name}} ", "n1\n"),
        ("{{.URL}} {{.DockerVersion}}", "tcp://127.0.0.1:2376 Unknown\n"),
        ("{{.SwarmOptions.Discovery}} {{.SwarmOptions.Master}} {{.Swarm}}", "token://x true n1 (master)\n"),
        ("{{range .EngineOptions.Labels}}{{.}};{{end}}", "env=test;zone=1;\n"),
        ("{{index .EngineOptions.Labels 1}} {{len .EngineOptions.Labels}}", "zone=1 2\n"),
        ("{{json .EngineOptions.Labels}} {{json .Name}}", "[\"env=test\",\"zone=1\"] \"n1\"\n"),
        ("{{prettyjson .EngineOptions.Labels}}", "[\n    \"env=test\",\n    \"zone=1\"\n]\n"),
        ("{{if eq .DriverName \"none\"}}pointed{{else}}made{{end}}", "pointed\n"),
        ("{{printf \"%-5s|%5s|\" .Name .DriverName}}", "n1   | none|\n"),
        (r#"{{printf "%s\n" .Name}}"#, "n1\n\n"),
        ("{{printf \"%T %T\" .State .ResponseTime}}", "state.State time.Duration\n"),
        ("{{with .Error}}{{.}}{{else}}well{{end}}", "well\n"),
        ("{{.ResponseTime}}", "0s\n"),
        (
            "",
            "NAME   ACTIVE   DRIVER   STATE   URL                    SWARM         DOCKER    ERRORS\n\
              n1     -        none             tcp://127.0.0.1:2376   n1 (master)   Unknown   \n",
        ),
        ("table {{.Name}}\\t{{.DriverName}}", "NAME   DRIVER\nn1     none\n"),
        ("tablefoo {{.Name}}", "foo NAME\nfoo n1\n"),
        (
            "table {{.Name}}\\t{{.Active}}\\t{{.ActiveHost}}\\t{{.ActiveSwarm}}\\t{{.Swarm}}\\t{{.ResponseTime}}\\t",
            "NAME   ACTIVE   ACTIVE_HOST   ACTIVE_SWARM   SWARM         RESPONSE   \n\
             n1     -        false         false          n1 (master)   0s         \n",
        ),
        (
            "table {{.SwarmOptions.Discovery}}\\t{{range .EngineOptions.Labels}}{{.}} {{end}}\\t{{.State.String}}-{{.ResponseTime.Seconds}}",
            "DISCOVERY   LABELS             STATE-SECONDS\ntoken://x   env=test zone=1    -0\n",
        ),
    ];
    for home in [Home::classic(), Home::new()] {
        let home = home.with(&machine);
        for (format, text) in table {
            home.run(&["ls", "--offline", "-f", format]).with_code(0).printing(text);
        }
    }
}

#[test]
fn a_wrong_format_is_refused_before_any_host_is_asked() {
    let home = Home::classic().with_machine("n1", CLOSED);
    for (format, error) in [
        ("{{.Name", "template: :1: bad character U+007D '}'\n"),
        ("{{foo}}", "template: :1: function \"foo\" not defined\n"),
        ("{{range .Name}}", "template: :2: unexpected EOF\n"),
        (
            "{{.Foo}}",
            "template: :1:2: executing \"\" at <.Foo>: can't evaluate field Foo in type commands.HostListItem\n",
        ),
        (
            "{{.Name.Foo}}",
            "template: :1:7: executing \"\" at <.Name.Foo>: can't evaluate field Foo in type string\n",
        ),
        (
            "{{eq .State \"Running\"}}",
            "template: :1:2: executing \"\" at <eq .State \"Running\">: error calling eq: incompatible types for comparison\n",
        ),
        (
            "{{.SwarmOptions.Foo}}",
            "template: :1:15: executing \"\" at <.SwarmOptions.Foo>: can't evaluate field Foo in type *swarm.Options\n",
        ),
    ] {
        let format = if format == "{{.Name" { "{{.Name}x" } else { format };
        let ended = home.run(&["ls", "--offline", "--format", format]).with_code(1).printing("");
        assert_eq!(ended.err, error, "{format}");
    }
    Home::new()
        .with_machine("n1", CLOSED)
        .run(&["ls", "--offline", "--format", "{{.Foo}}"])
        .with_code(2)
        .printing("")
        .saying("the fields are Name, Active, ");
}

#[test]
fn names_are_filtered_by_expressions() {
    let mut home = Home::new();
    for name in ["fire", "ice", "air", "water", "web-1", "web-10", "db.prod"] {
        home = home.with_machine(name, CLOSED);
    }
    for (filters, names) in [
        (&["name=fire", "name=ice", "name=earth", "name=a.?r"][..], "air\nfire\nice\n"),
        (&["name=^web-[0-9]$"], "web-1\n"),
        (&["name=^(web|db)"], "db.prod\nweb-1\nweb-10\n"),
        (&["NAME=(?i)ICE"], "ice\n"),
        (&["name=\\d{2}"], "web-10\n"),
        (&["name=\\.prod$"], "db.prod\n"),
        (&["name=^.{3}$"], "air\nice\n"),
        (&["name=e", "driver=none", "state=running"], "fire\nice\nwater\nweb-1\nweb-10\n"),
        (&["name=e", "driver=generic"], ""),
    ] {
        let words: Vec<&str> =
            ["ls", "-q"].into_iter().chain(filters.iter().flat_map(|filter| ["--filter", filter])).collect();
        home.run(&words).with_code(0).printing(names);
    }
}

#[test]
fn an_expression_that_is_none_is_told_on_one_line() {
    let ended = Home::classic().run(&["ls", "--filter", "name=a("]).with_code(1).printing("");
    assert_eq!(ended.err, "error parsing regexp: unclosed group: `a(`\n");
    Home::new()
        .run(&["ls", "--filter", "name=[a"])
        .with_code(2)
        .saying("error: error parsing regexp: unclosed character class: `[a`")
        .saying("hint: an expression such as");
}

#[test]
fn labels_are_filtered_by_key_and_value_or_by_key_alone() {
    let home = Home::classic()
        .with(&with_labels(pointed("a", CLOSED), &["env=Test", "zone=1"]))
        .with(&with_labels(pointed("b", CLOSED), &["env=live"]))
        .with(&with_labels(pointed("c", CLOSED), &["odd", "env=live", "env=test"]))
        .with(&with_labels(pointed("d", CLOSED), &[]));
    for (filter, names) in [
        ("label=env=test", "a\nc\n"),
        ("label=ENV=test", ""),
        ("label=env=live", "b\n"),
        ("label=env", "a\nb\nc\n"),
        ("label=odd", "c\n"),
        ("label=odd=", "c\n"),
        ("label=zone=1", "a\n"),
    ] {
        home.run(&["ls", "-q", "--filter", filter]).with_code(0).printing(names);
    }
}

#[test]
fn what_cannot_be_loaded_stays_in_docker_machines_table_and_never_among_its_names() {
    let machines = |home: Home| home.with_machine("good", CLOSED).with_config("broken", "{");
    let home = machines(Home::classic());
    let listed = home.run(&["ls", "--filter", "driver=generic"]).with_code(0);
    assert!(
        listed.out.contains("\nbroken            not found   Error") && !listed.out.contains("good"),
        "{}",
        listed.out
    );
    home.run(&["ls", "-q"]).with_code(0).printing("good\n");
    home.run(&["ls", "-q", "--filter", "name=b"]).with_code(0).printing("");
    let home = machines(Home::new());
    home.run(&["ls", "-q", "--filter", "name=b"]).with_code(0).printing("broken\n");
    let listed =
        home.run(&["ls", "--filter", "driver=none", "--format", "{{.Name}}", "--offline"]).with_code(0);
    listed.printing("good\n");
}

#[test]
fn a_machine_of_a_driver_that_is_not_here_has_docker_machines_row() {
    let text = pointed("k1", CLOSED).to_string().replace("\"none\"", "\"kvm\"");
    let home = Home::classic().with_config("k1", &text);
    home.run(&["ls"]).with_code(0).printing(
        "NAME   ACTIVE   DRIVER      STATE   URL   SWARM   DOCKER    ERRORS\n\
         k1     -        not-found   Error                 Unknown   Driver \"kvm\" not found. Do you have the plugin binary accessible in your PATH?\n",
    );
    home.run(&["ls", "-q", "--filter", "driver=KVM"]).with_code(0).printing("k1\n");
}

#[test]
fn without_any_time_every_machine_is_late() {
    let home = Home::classic().with(&with_swarm(pointed("n1", CLOSED), "token://x", true));
    home.run(&["ls", "-t", "0"]).with_code(0).printing(
        "NAME   ACTIVE   DRIVER   STATE     URL   SWARM   DOCKER   ERRORS\n\
         n1              none     Timeout                          \n",
    );
    let format = "{{.State}} [{{.Active}}] [{{.DockerVersion}}] {{.ResponseTime}} {{.SwarmOptions}}";
    home.run(&["ls", "-t", "0", "--format", format]).with_code(0).printing("Timeout [] [] 0s <nil>\n");
    // The engine takes the connection and says nothing.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let home = Home::classic().with_machine("n1", &url).with_certificates("n1");
    home.run(&["ls", "-t", "1", "--format", format]).with_code(0).printing("Timeout [] [] 1s <nil>\n");
    home.run(&["ls", "-q", "--filter", "state=running"]).with_code(0).printing("n1\n");
}

#[test]
fn names_that_differ_only_in_case_are_two_machines() {
    let home = Home::classic()
        .with_machine("N1", CLOSED)
        .with_machine("n1", CLOSED)
        .with_machine("n10", CLOSED)
        .with_machine("n2", CLOSED);
    home.run(&["ls", "--format", "{{.Name}}"]).with_code(0).printing("N1\nn1\nn2\nn10\n");
    home.run(&["ls", "-q"]).with_code(0).printing("N1\nn1\nn10\nn2\n");
}

#[test]
fn a_stopped_machine_is_listed_with_its_url() {
    let format = "{{.Name}} {{.State}} {{.URL}}";
    let home = Home::new().with(&down("g1")).with_machine("n1", CLOSED);
    home.run(&["url", "g1", "n1"]).with_code(0).printing(&format!("tcp://127.0.0.1:1\n{CLOSED}\n"));
    home.run(&["ip", "g1"]).with_code(0).printing("127.0.0.1\n");
    home.run(&["rm", "-y", "n1"]).with_code(0);
    home.run(&["ls", "--format", format]).with_code(0).printing("g1 Stopped tcp://127.0.0.1:1\n");
    let home = Home::classic().with(&down("g1"));
    home.run(&["ls", "--format", format]).with_code(0).printing("g1 Stopped \n");
}
