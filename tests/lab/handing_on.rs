//! A machine that is exported from one store and imported into another: the client there works in one step.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::{
    host,
    support::{Kind, User},
};

#[test]
fn a_colleagues_client_works_in_one_step() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    host.keep_running();
    let began = host.engine_start();
    let (file, words) = (user.home().join("n1.age"), user.home().join("words"));
    fs::write(&words, "correct horse battery\n").unwrap();
    fs::set_permissions(&words, fs::Permissions::from_mode(0o600)).unwrap();
    let (file, words) = (file.to_str().unwrap(), words.to_str().unwrap());
    user.rmachine(&["export", "--passphrase-file", words, file, "n1"]).ok();

    let colleague = User::new();
    colleague.rmachine(&["import", "--passphrase-file", words, file]).ok();
    let sees_it = |who: &User, name: &str| {
        assert_eq!(who.docker(name, "ps --format '{{.Names}}'").ok(), "keep", "{name}");
        who.uses_context_of(name);
    };
    sees_it(&colleague, "n1");
    assert_eq!(
        colleague.rmachine(&["ssh", "n1", "--", "cat", "/etc/hostname"]).ok(),
        host.sh("cat /etc/hostname")
    );
    colleague.rmachine(&["store", "check"]).ok();
    // Its certificates are renewed where it comes from; a client of the colleague's own is of another CA.
    colleague.rmachine(&["provision", "n1"]).fails(1, "n1 came without its CA's key");
    colleague.rmachine(&["release", "-y", "n1"]).fails(3, "its host belongs to the store that it comes from");
    colleague.rmachine(&["regenerate-certs", "-f", "n1"]).fails(1, "n1 came without its CA's key");

    user.rmachine(&["export", "--with-ca-key", "--force", "--passphrase-file", words, file, "n1"]).ok();
    let other = User::new();
    other.rmachine(&["import", "--passphrase-file", words, file]).ok();
    other.rmachine(&["provision", "n1"]).ok();
    assert_eq!(host.engine_start(), began, "nothing was to be done");
    other.rmachine(&["regenerate-certs", "-f", "n1"]).ok();
    for who in [&user, &colleague, &other] {
        sees_it(who, "n1");
    }
}
