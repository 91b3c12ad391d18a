//! `swarm` without hosts: what its commands explain, and what they answer to what cannot be.

use serde_json::json;

use crate::home::{Ended, Home};

/// Nobody listens there.
const URL: &str = "tcp://127.0.0.1:1";

const COMMANDS: [&str; 19] = [
    "create",
    "add",
    "ls",
    "status",
    "ps",
    "graph",
    "deploy",
    "promote",
    "demote",
    "activate",
    "pause",
    "drain",
    "label",
    "rm-node",
    "rotate-tokens",
    "rotate-ca",
    "autolock",
    "unlock",
    "rm",
];

impl Home {
    /// With any text as a swarm's record.
    fn with_swarm(self, name: &str, text: &str) -> Self {
        let folder = self.store().join(".rmachine/swarms");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.json")), text).unwrap();
        self
    }
}

/// A formed swarm whose managers are these machines.
fn record(machines: &[&str]) -> String {
    let node = |machine: &&str| json!({"machine": machine, "role": "manager", "origin": "existing", "id": format!("id-{machine}")});
    let nodes: Vec<_> = machines.iter().map(node).collect();
    json!({"version": 1, "stage": "formed", "cluster": "c", "nodes": nodes}).to_string()
}

fn run(home: &Home, line: &str) -> Ended {
    home.run(&line.split(' ').collect::<Vec<_>>())
}

#[test]
fn every_command_on_swarms_explains_itself() {
    let home = Home::new();
    insta::assert_snapshot!("help_swarm", run(&home, "swarm -h").with_code(0).out);
    insta::assert_snapshot!("help_swarm_create", run(&home, "swarm create -h").with_code(0).out);
    for command in COMMANDS {
        let ended = run(&home, &format!("swarm {command} --help")).with_code(0);
        assert!(ended.out.contains("Usage: rmachine swarm"), "{command}: {}", ended.out);
        assert!(command == "ls" || ended.out.contains("SWARM"), "{command}: {}", ended.out);
    }
}

#[test]
fn what_is_no_swarm_is_refused_with_the_reason_and_something_to_type() {
    let home =
        Home::new().with_machine("n1", URL).with_machine("n2", URL).with_swarm("taken", &record(&["n2"]));
    let before = home.snapshot();
    let table = [
        ("create", 2, "swarm create", "hint: "),
        ("create a b", 2, "unexpected argument 'b'", "Usage: "),
        ("create web", 2, "a swarm needs a manager", "--managers 3, or --managers n1,n2,n3"),
        ("create --managers 2 web", 2, "2 managers need 2 to agree", "take 1 or 3, or insist with --force"),
        ("create --managers n1 --workers n1 web", 2, "n1 is named twice", ""),
        ("create --managers n1/x web", 2, "is not a machine name", "hint: "),
        ("create --managers n9 web", 1, "n9", "hint: "),
        ("create --managers n1 n1", 3, "there is a machine called n1", "take another name"),
        ("create --managers n1 taken", 3, "was begun with other members: n2 (manager)", "swarm create taken"),
        ("create --managers n2 web", 3, "n2 is a member of swarm taken", "swarm rm-node taken n2"),
        ("create --hosts token://abc web", 2, "token", "--hosts nodes://10.0.0.[10:20]"),
        ("create --hosts etcd://h/x web", 2, "etcd", "--hosts nodes://10.0.0.[10:20]"),
        ("create --hosts nodes://10.0.0.[9:1] web", 2, "10.0.0.[9:1]", "hint: "),
        ("create --hosts nodes://h1,h1 web", 2, "h1", ""),
        ("create --hosts file://missing web", 2, "missing", ""),
        ("create --hosts nodes://h1,h2 --managers 3 web", 2, "the list has 2 hosts", "at most --managers 2"),
        ("create --managers n1 --node-label zone web", 2, "\"zone\" is no label", "zone=east"),
        (
            "create --managers n1 --strategy best web",
            2,
            "there is no strategy \"best\"",
            "spread is the engine's own",
        ),
        ("create --managers n1 --data-path-port 80 web", 2, "80 is not in 1024..=49151", ""),
        ("create --managers n1 --address-pool ten web", 2, "ten", ""),
        ("create --managers n1 --advertise == web", 2, "==", ""),
        ("create --rollback web", 1, "web", ""),
        ("add taken", 2, "nobody is to be added", "--workers 2"),
        ("add --workers n1 web", 1, "web", ""),
        ("rm-node taken n1/x -y", 2, "is not a machine name", "hint: "),
        ("rm-node taken -y", 2, "required", "Usage: "),
        ("autolock taken maybe", 2, "maybe", "on, off"),
        ("rotate-tokens --worker --manager taken", 2, "cannot be used with", "Usage: "),
        ("status takn", 1, "takn", "taken"),
        ("deploy taken shop", 2, "--compose-file", "Usage: "),
    ];
    for (words, code, message, hint) in table {
        let ended = run(&home, &format!("swarm {words}"));
        assert_eq!(ended.code, code, "{words}: {ended:#?}");
        assert!(ended.err.contains(message) && ended.err.contains(hint), "{words}: {ended:#?}");
        assert_eq!(ended.out, "", "{words}");
    }
    let planned = run(&home, "swarm create --dry-run --managers 1 --workers 2 -d none --url tcp://h:1 web")
        .with_code(0);
    let plan =
        "web-m1: a new machine, manager\nweb-w1: a new machine, worker\nweb-w2: a new machine, worker\n";
    assert_eq!(planned.out, plan, "{planned:#?}");
    run(&home, "create -d none --url tcp://h:1 taken").with_code(3).saying("taken");
    assert_eq!(home.snapshot(), before);
}

#[test]
fn a_record_of_another_version_or_a_broken_one_is_told_and_left_alone() {
    let home = Home::new()
        .with_swarm("new", r#"{"version":9,"shape":"other"}"#)
        .with_swarm("broken", r#"{"version":1,"nodes":"#);
    let before = home.snapshot();
    for words in ["status", "ps", "rm -y", "create", "unlock", "rotate-ca"] {
        run(&home, &format!("swarm {words} new")).with_code(1).saying("version 9").printing("");
        run(&home, &format!("swarm {words} broken")).with_code(1).saying("broken.json").printing("");
    }
    assert_eq!(run(&home, "swarm ls -q").with_code(0).out, "broken\nnew\n");
    let listed = run(&home, "swarm ls").with_code(0).out;
    assert!(listed.contains("version 9") && listed.contains("broken.json"), "{listed}");
    assert_eq!(home.snapshot(), before);
}

#[test]
fn a_swarm_whose_machines_are_gone_is_told_and_can_be_forgotten() {
    let home = Home::new().with_swarm("web", &record(&["m1", "m2", "m3"]));
    let shown = run(&home, "swarm status web").with_code(1);
    for words in [
        "none of 3 managers",
        "the store has no such machine",
        "hint: make m1 anew: rmachine swarm create web",
    ] {
        assert!(shown.out.contains(words), "{words}: {shown:#?}");
    }
    run(&home, "swarm create web").with_code(1).saying("m1");
    run(&home, "env --swarm web").with_code(1).saying("no manager of swarm web can decide").printing("");
    run(&home, "use web").with_code(1).saying("no manager of swarm web can decide").printing("");
    run(&home, "swarm rm web -y").with_code(0).saying("swarm web is gone");
    assert_eq!(run(&home, "swarm ls -q").with_code(0).out, "");
}

#[test]
fn managers_that_do_not_answer_are_each_told_with_why() {
    let home =
        Home::new().with_machine("n1", URL).with_certificates("n1").with_swarm("web", &record(&["n1"]));
    let shown = run(&home, "swarm status web").with_code(1);
    assert!(shown.out.contains("127.0.0.1:1 refuses connections"), "{shown:#?}");
    for words in ["env --swarm web", "swarm ps web", "swarm promote web n1", "swarm deploy web -c x.yml shop"]
    {
        let ended = run(&home, words).with_code(1).saying("n1: ").saying("hint: what each says: ");
        assert_eq!(ended.out, "", "{words}");
    }
    run(&home, "swarm rm web -y").with_code(1);
    run(&home, "swarm rm web --force").with_code(0).saying("swarm web is gone");
}

#[test]
fn a_node_is_no_machine_to_remove() {
    let mut home = Home::new().with_swarm("web", &record(&["m1", "m2", "m3"]));
    for name in ["m1", "m2", "m3", "free"] {
        home = home.with_machine(name, "tcp://127.0.0.1:1");
    }
    let refused = run(&home, "rm -y m1").with_code(3).saying("m1 is a manager of swarm web");
    assert!(refused.err.contains("rmachine swarm rm-node --machine web m1"), "{}", refused.err);
    run(&home, "rm -y free m2").with_code(3);
    assert!(home.machine("free").exists(), "nothing was begun");
    run(&home, "rm -y free").with_code(0);
    run(&home, "rm -f m1").with_code(0);
}

#[test]
fn a_swarm_where_a_machine_is_meant_is_told_as_one() {
    let home = Home::new().with_swarm("web", &record(&["m1"]));
    run(&home, "env web").with_code(1).saying("web is a swarm, not a machine").saying("env --swarm web");
    run(&home, "ip web").with_code(1);
}
