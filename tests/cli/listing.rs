//! `ls`: the table to the space, broken machines in rows of their own, and the store alone where that is enough.

use crate::home::Home;

#[test]
fn the_table_is_docker_machines_to_the_space() {
    let home = Home::new()
        .with_machine("n1", "tcp://127.0.0.1:2376")
        .with_var("DOCKER_HOST", "tcp://127.0.0.1:2376");
    home.run(&["ls", "--offline"]).with_code(0).printing(
        "NAME   ACTIVE   DRIVER   STATE   URL                    SWARM   DOCKER    ERRORS\n\
         n1     *        none             tcp://127.0.0.1:2376           Unknown   \n",
    );
}

#[test]
fn an_empty_store_is_a_table_with_no_rows() {
    let header = "NAME   ACTIVE   DRIVER   STATE   URL   SWARM   DOCKER   ERRORS\n";
    Home::new().run(&["ls"]).with_code(0).printing(header);
    Home::classic().run(&["ls"]).with_code(0).printing(header);
    Home::new().run(&["ls", "-q"]).with_code(0).printing("");
}

#[test]
fn a_broken_machine_is_a_row_of_its_own_and_hides_no_other() {
    let home = Home::new()
        .with_machine("good", "tcp://127.0.0.1:2376")
        .with_config("broken", "{ not json")
        .with_config("empty", "")
        .with_config("future", r#"{ "ConfigVersion": 4 }"#);
    std::fs::create_dir_all(home.machine("hollow")).unwrap();
    let ended = home.run(&["ls", "--offline"]).with_code(0);
    let row = |name: &str| {
        ended
            .out
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("{name}: {}", ended.out))
            .to_owned()
    };
    assert!(row("good").contains("tcp://127.0.0.1:2376"));
    for (name, error) in [
        ("broken", "cannot be understood"),
        ("empty", "is empty"),
        ("future", "is from the future"),
        ("hollow", "config.json is missing"),
    ] {
        let row = row(name);
        assert!(row.contains("not found   Error") && row.contains(error), "{row}");
    }
    // The others still work.
    home.run(&["url", "good"]).with_code(0).printing("tcp://127.0.0.1:2376\n");
    home.run(&["env", "future"])
        .with_code(1)
        .saying("is from the future")
        .saying("hint: use the newest rmachine");
    home.run(&["inspect", "broken"])
        .with_code(1)
        .saying("cannot be understood")
        .saying("rmachine rm -f broken");
}

#[test]
fn twenty_machines_are_listed_as_people_count() {
    let mut home = Home::new();
    for n in 1..=20 {
        home = home.with_machine(&format!("n{n}"), &format!("tcp://10.0.0.{n}:2376"));
    }
    let ended = home.run(&["ls", "--offline"]).with_code(0);
    let names: Vec<&str> = ended.out.lines().skip(1).filter_map(|line| line.split(' ').next()).collect();
    let wanted: Vec<String> = (1..=20).map(|n| format!("n{n}")).collect();
    assert_eq!(names, wanted);
    assert_eq!(home.run(&["ls", "-q"]).with_code(0).out.lines().count(), 20);
}

#[test]
fn filters_of_one_key_are_alternatives_and_keys_must_all_match() {
    let home =
        Home::new().with_machine("web-1", "tcp://10.0.0.1:2376").with_machine("db-1", "tcp://10.0.0.2:2376");
    let table: &[(&[&str], &str)] = &[
        (&["--filter", "name=web"], "web-1\n"),
        (&["--filter", "name=web", "--filter", "name=db"], "db-1\nweb-1\n"),
        (&["--filter", "driver=NONE"], "db-1\nweb-1\n"),
        (&["--filter", "driver=generic"], ""),
        (&["--filter", "label=env=test", "--filter", "name=^db"], "db-1\n"),
        (&["--filter", "label=env=live"], ""),
        (&["--filter", "state=running"], "db-1\nweb-1\n"),
        (&["--filter", "state=stopped"], ""),
    ];
    for (filters, names) in table {
        let words: Vec<&str> = ["ls", "-q"].iter().chain(*filters).copied().collect();
        home.run(&words).with_code(0).printing(names);
    }
}

#[test]
fn json_is_for_programs() {
    let home = Home::new().with_machine("n1", "tcp://10.0.0.1:2376").with_config("broken", "{");
    let ended = home.run(&["ls", "--offline", "--json"]).with_code(0);
    let rows: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&rows[1]["name"], &rows[1]["url"]), (&"n1".into(), &"tcp://10.0.0.1:2376".into()));
    assert!(rows[0]["error"].as_str().unwrap().contains("cannot be understood"));
}

#[test]
fn a_dead_engine_costs_no_more_than_the_deadline() {
    // A listener that never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let mut home = Home::new();
    for name in ["a", "b", "c"] {
        home = home.with_machine(name, &url).with_certificates(name);
    }
    let began = std::time::Instant::now();
    let ended = home.run(&["ls", "--timeout", "1"]).with_code(0);
    assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
    assert_eq!(ended.out.matches("no answer from").count(), 3, "{}", ended.out);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = Home::new().with_machine("n1", "tcp://10.0.0.1:2376");
    let ended = home.run_in_shell("bash", "rmachine ls --offline | true; echo ${PIPESTATUS[0]}");
    ended.with_code(0).printing("0\n");
}

#[test]
fn data_that_cannot_be_written_is_a_failure() {
    let home = Home::new().with_machine("n1", "tcp://10.0.0.1:2376");
    home.run_in_shell("sh", "rmachine ls -q > /dev/full").with_code(1).saying("cannot write to stdout");
}
