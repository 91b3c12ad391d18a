use std::{fs, path::Path};

use super::*;
use crate::env::Env;

fn endpoint(host: &str) -> SshEndpoint {
    SshEndpoint {
        host: host.to_owned(),
        port: None,
        user: None,
        identity: None,
        host_keys: Vec::new(),
        fingerprint: None,
        use_ssh_config: true,
    }
}

/// Settles an endpoint under a home with this ssh_config.
fn resolve(config: &str, endpoint: &SshEndpoint) -> Result<Target, SshError> {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".ssh")).unwrap();
    fs::write(home.path().join(".ssh/config"), config).unwrap();
    let mut env = Env::for_tests(home.path());
    env.vars.insert("SSH_AUTH_SOCK".into(), "/agent".into());
    env.vars.insert("USER".into(), "ann".into());
    env.home = Some("/home/ann".into());
    let settled = |env: &Env| Target::resolve(endpoint, env, DEFAULT_USER);
    if config.is_empty() {
        return settled(&env);
    }
    env.home = Some(home.path().to_owned());
    settled(&env)
}

#[test]
fn without_a_word_it_is_root_on_port_22_with_the_default_keys() {
    let target = resolve("", &endpoint("10.0.0.5")).unwrap();
    assert_eq!((target.host.as_str(), target.port, target.user.as_str()), ("10.0.0.5", 22, "root"));
    assert_eq!(target.route, Route::Direct);
    assert_eq!(target.identities.defaults[0], Path::new("/home/ann/.ssh/id_ed25519"));
    assert_eq!(target.identities.agent.as_deref(), Some(Path::new("/agent")));
    assert_eq!(target.known_hosts[0], Path::new("/home/ann/.ssh/known_hosts"));
}

#[test]
fn the_file_fills_what_the_endpoint_leaves_open() {
    let config = "Host n1\n HostName %h.lab\n Port 2222\n User bob\n HostKeyAlias alias\n";
    let open = resolve(config, &endpoint("n1")).unwrap();
    assert_eq!((open.host.as_str(), open.port, open.user.as_str()), ("n1.lab", 2222, "bob"));
    assert_eq!((open.key_name.as_str(), open.key_port), ("alias", 22));
    let said = SshEndpoint { port: Some(22), user: Some("root".into()), ..endpoint("n1") };
    let target = resolve(config, &said).unwrap();
    assert_eq!((target.port, target.user.as_str()), (22, "root"));
}

#[test]
fn a_host_that_a_driver_made_is_none_of_the_users_files_business() {
    let made = SshEndpoint { use_ssh_config: false, ..endpoint("n1") };
    let target = resolve("Host *\n Port 2222\n ProxyJump bastion\n", &made).unwrap();
    assert_eq!((target.port, target.route), (22, Route::Direct));
    assert_eq!(target.identities, Identities { only: true, ..Identities::default() });
    assert!(target.known_hosts.is_empty());
}

#[test]
fn an_explicit_key_shuts_the_others_out() {
    let said = SshEndpoint { identity: Some("/k".into()), ..endpoint("n1") };
    let identities = resolve("IdentityFile ~/x\n", &said).unwrap().identities;
    assert!(identities.only);
    assert_eq!(identities.explicit.as_deref(), Some(Path::new("/k")));
}

#[test]
fn tokens_in_paths_and_commands_are_filled_in() {
    let config = "IdentityFile /keys/%r@%h\nProxyCommand nc -X connect %h %p\nUserKnownHostsFile /known/%n\n\
                  IdentityAgent none\nUser bob\nPort 99\n";
    let target = resolve(config, &endpoint("n1")).unwrap();
    assert_eq!(target.identities.configured, [Path::new("/keys/bob@n1")]);
    assert_eq!(target.identities.agent, None);
    assert_eq!(target.known_hosts[0], Path::new("/known/n1"));
    assert_eq!(target.route, Route::Command("nc -X connect n1 99".into()));
}

#[test]
fn a_value_that_a_shell_would_act_on_never_reaches_a_proxy_command() {
    for host in ["n1;id", "$(id)", "-oProxyCommand=id", "a b"] {
        let error = resolve("ProxyCommand nc %h %p\n", &endpoint(host)).unwrap_err();
        assert!(matches!(error, SshError::UnsafeValue { .. }), "{host}: {error}");
    }
}

#[test]
fn jump_hosts_are_read_in_all_their_forms() {
    let hop = |user: Option<&str>, host: &str, port| {
        Ok(Hop { user: user.map(str::to_owned), host: host.to_owned(), port })
    };
    for (text, expected) in [
        ("bastion", hop(None, "bastion", None)),
        ("bob@bastion:23", hop(Some("bob"), "bastion", Some(23))),
        ("ssh://bob@bastion:23/", hop(Some("bob"), "bastion", Some(23))),
        ("[2001:db8::1]:23", hop(None, "2001:db8::1", Some(23))),
        ("2001:db8::1", hop(None, "2001:db8::1", None)),
    ] {
        assert_eq!(Hop::parse(text), expected, "{text}");
    }
    for wrong in ["", "@bastion", "bastion:x", "bob@"] {
        assert!(Hop::parse(wrong).is_err(), "{wrong}");
    }
}
