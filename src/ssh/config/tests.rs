use std::fs;

use super::*;

/// A home with `.ssh/config`, and more files beside it.
struct Home(tempfile::TempDir);

impl Home {
    fn with(config: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.file("config", config)
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.0.path().join(".ssh").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn load(&self, host: &str) -> Result<Settings, ConfigError> {
        let folder = self.0.path().join(".ssh");
        let query = Query { host, user: None, local_user: "ann", home: Some(self.0.path()) };
        let mut reading = evaluate::Reading::new(query);
        reading.file_if_there(&folder.join("config"), &folder)?;
        Ok(reading.settings)
    }

    fn port(&self, host: &str) -> Option<u16> {
        self.load(host).unwrap().port
    }
}

#[test]
fn the_first_value_wins_and_identity_files_collect() {
    let home = Home::with(
        "User early\nIdentityFile ~/a\nHost n1\n  User late\n  Port 2222\n  IdentityFile ~/b\nHost *\n  Port 22\n",
    );
    let settings = home.load("n1").unwrap();
    assert_eq!(settings.user.as_deref(), Some("early"));
    assert_eq!(settings.port, Some(2222));
    assert_eq!(settings.identity_files, ["~/a", "~/b"]);
}

#[test]
fn host_patterns_and_their_negations_choose_the_block() {
    let home = Home::with("Host *.lab !bad.lab\n Port 1\nHost bad.lab other\n Port 2\n");
    assert_eq!(home.port("good.lab"), Some(1));
    assert_eq!(home.port("bad.lab"), Some(2));
    assert_eq!(home.port("other"), Some(2));
    assert_eq!(home.port("n1"), None);
}

#[test]
fn match_blocks_take_what_costs_nothing_and_pass_over_the_rest() {
    let home = Home::with(
        "Host n1\n HostName 10.0.0.5\nMatch exec \"true\"\n Port 1\nMatch host 10.0.* !user root\n Port 2\n\
         Match all\n Port 3\n",
    );
    assert_eq!(home.port("n1"), Some(2));
    assert_eq!(home.port("n2"), Some(3));
}

#[test]
fn included_files_are_read_in_place() {
    let home = Home::with("Include conf.d/*.conf\nHost n1\n Port 9\n Include inner\nPort 7\n")
        .file("conf.d/b.conf", "Host n1\n User b\n")
        .file("conf.d/a.conf", "Host n1\n User a\n")
        .file("conf.d/.hidden.conf", "User hidden\n")
        .file("inner", "HostKeyAlias inner\n");
    let settings = home.load("n1").unwrap();
    assert_eq!(settings.user.as_deref(), Some("a"));
    assert_eq!(settings.port, Some(9));
    assert_eq!(settings.host_key_alias.as_deref(), Some("inner"));
    assert_eq!(
        home.load("n2").unwrap().host_key_alias,
        None,
        "an include inside of a Host block belongs to it"
    );
}

#[test]
fn files_that_include_themselves_end_with_an_error() {
    let error = Home::with("Include config\n").load("n1").unwrap_err();
    assert!(error.to_string().contains("line 1: files include each other too deeply"), "{error}");
}

#[test]
fn whichever_proxy_comes_first_counts() {
    for (config, proxy) in [
        ("ProxyJump a,b@c:23\nProxyCommand nc %h %p\n", Proxy::Jump(vec!["a".into(), "b@c:23".into()])),
        ("ProxyCommand nc %h %p\nProxyJump a\n", Proxy::Command("nc %h %p".into())),
        ("ProxyCommand none\nProxyJump a\n", Proxy::None),
        ("ProxyJump none\n", Proxy::None),
    ] {
        assert_eq!(Home::with(config).load("n1").unwrap().proxy, Some(proxy), "{config}");
    }
}

#[test]
fn every_keyword_of_ours_is_read() {
    let settings = Home::with(
        "hostname=10.0.0.5\nidentitiesonly=yes\nIdentityAgent ~/agent.sock\nUserKnownHostsFile ~/k1 ~/k2\n\
         GlobalKnownHostsFile /k3\nStrictHostKeyChecking accept-new\nHostKeyAlias n1.lab\nConnectTimeout 7\n\
         ForwardAgent yes\n",
    )
    .load("n1")
    .unwrap();
    assert_eq!(
        settings,
        Settings {
            host_name: Some("10.0.0.5".into()),
            identities_only: Some(true),
            identity_agent: Some("~/agent.sock".into()),
            user_known_hosts: Some(vec!["~/k1".into(), "~/k2".into()]),
            global_known_hosts: Some(vec!["/k3".into()]),
            strict: Some(Strict::AcceptNew),
            host_key_alias: Some("n1.lab".into()),
            connect_timeout: Some(Duration::from_secs(7)),
            ..Settings::default()
        }
    );
}

#[test]
fn a_broken_line_is_named_with_its_file() {
    for (config, said) in [
        ("Host a\nPort x\nHost *\nPort y\n", "line 4: \"y\" is not a port"),
        ("Host *\nUser \"a\n", "line 2: a quote is not closed"),
        ("IdentitiesOnly maybe\n", "line 1: \"maybe\" is neither yes nor no"),
        ("Port\n", "line 1: the keyword has no argument"),
        ("Match host\n", "line 1: host has no argument"),
    ] {
        let error = Home::with(config).load("n1").unwrap_err().to_string();
        assert!(error.contains(".ssh/config") && error.ends_with(said), "{error}");
    }
}

#[test]
fn a_file_that_is_not_there_says_nothing() {
    let home = Home(tempfile::tempdir().unwrap());
    assert_eq!(home.load("n1").unwrap(), Settings::default());
}
