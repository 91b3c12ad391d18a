//! Judged by openssl, and by rustls through a real handshake.

use std::{fs, path::Path, process::Command};

use super::*;

const NOW: UnixTime = 1_800_000_000;
const DAY: i64 = 24 * 3600;

/// Key and certificate of a CA as docker-machine made it, in one of the forms that old stores hold.
fn old_authority(folder: &Path, key_args: &[&str], convert: &[&str]) -> Identity {
    let file = |name: &str| folder.join(name).display().to_string();
    openssl(&[key_args, &["-out", &file("raw.pem")]].concat());
    if convert.is_empty() {
        fs::copy(file("raw.pem"), file("ca-key.pem")).unwrap();
    } else {
        openssl(&[convert, &["-in", &file("raw.pem"), "-out", &file("ca-key.pem")]].concat());
    }
    fs::write(
        folder.join("ca.cnf"),
        "[req]\nprompt=no\ndistinguished_name=dn\nx509_extensions=v3\nstring_mask=default\n[dn]\nO=me\n[v3]\n\
         basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,keyEncipherment,keyAgreement,keyCertSign\n\
         subjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n",
    )
    .unwrap();
    openssl(&[
        "req",
        "-x509",
        "-new",
        "-sha256",
        "-days",
        "1080",
        "-config",
        &file("ca.cnf"),
        "-key",
        &file("ca-key.pem"),
        "-out",
        &file("ca.pem"),
    ]);
    let read = |name| fs::read_to_string(folder.join(name)).unwrap();
    Identity { certificate: read("ca.pem"), key: Secret::new(read("ca-key.pem")) }
}

fn openssl(args: &[&str]) -> String {
    let output = Command::new("openssl").args(args).output().expect("openssl is needed for this test");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {args:?}: {said}");
    said
}

/// Lets openssl verify a certificate at a time, for a purpose and perhaps a name.
fn verify(folder: &Path, authority: &Identity, identity: &Identity, at: UnixTime, extra: &[&str]) -> String {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let ca = write("verify-ca.pem", &authority.certificate);
    let certificate = write("verify.pem", &identity.certificate);
    let at = at.to_string();
    let args = [&["verify", "-x509_strict", "-attime", &at, "-CAfile", &ca], extra, &[&certificate]].concat();
    openssl(&args)
}

fn names() -> Vec<San> {
    ["10.0.0.5", "localhost", "LOCALHOST", "fd00::1", "10.0.0.5"].map(|name| name.parse().unwrap()).to_vec()
}

#[test]
fn our_certificates_satisfy_a_strict_openssl() {
    let folder = tempfile::tempdir().unwrap();
    let ca = make_authority("me", NOW).unwrap();
    let client = make_client(&ca, "me.<bootstrap>", NOW).unwrap();
    let server = make_server(&ca, "me.n1", &names(), NOW).unwrap();
    verify(folder.path(), &ca, &client, NOW, &["-purpose", "sslclient"]);
    for name in [["-verify_ip", "10.0.0.5"], ["-verify_ip", "fd00::1"], ["-verify_hostname", "localhost"]] {
        verify(folder.path(), &ca, &server, NOW, &[&["-purpose", "sslserver"][..], &name].concat());
    }
    assert_eq!(
        read(&server.certificate).unwrap().names,
        [names()[0].clone(), names()[1].clone(), names()[3].clone()]
    );
}

#[test]
fn the_authorities_of_old_stores_sign_in_every_form_their_keys_have() {
    let rsa: &[&str] = &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    let ec: &[&str] = &["ecparam", "-name", "prime256v1", "-genkey"];
    let forms: [(&str, &[&str], &[&str]); 5] = [
        ("BEGIN RSA PRIVATE KEY", rsa, &["rsa", "-traditional"]),
        ("BEGIN PRIVATE KEY", rsa, &["pkcs8", "-topk8", "-nocrypt"]),
        ("BEGIN EC PRIVATE KEY", ec, &["ec"]),
        ("BEGIN EC PARAMETERS", ec, &[]),
        ("BEGIN PRIVATE KEY", ec, &["pkcs8", "-topk8", "-nocrypt"]),
    ];
    for (begin, make, convert) in forms {
        let folder = tempfile::tempdir().unwrap();
        let ca = old_authority(folder.path(), make, convert);
        assert!(ca.key.expose().contains(begin), "{convert:?}");
        let now = read(&ca.certificate).unwrap().not_before + DAY;
        let server = make_server(&ca, "me.n1", &names(), now).unwrap();
        let client = make_client(&ca, "me.<bootstrap>", now).unwrap();
        // An old CA has no key identifier, which -x509_strict wants of it; docker and Go do not.
        let at = now.to_string();
        let file = |name: &str| folder.path().join(name).display().to_string();
        for (identity, purpose) in [(&server, "sslserver"), (&client, "sslclient")] {
            fs::write(folder.path().join("leaf.pem"), &identity.certificate).unwrap();
            openssl(&[
                "verify",
                "-attime",
                &at,
                "-purpose",
                purpose,
                "-CAfile",
                &file("ca.pem"),
                &file("leaf.pem"),
            ]);
            check(identity, &ca.certificate).unwrap();
        }
    }
}

#[test]
fn nothing_outlives_its_authority_or_begins_before_it() {
    let ca = make_authority("me", NOW).unwrap();
    let about_ca = read(&ca.certificate).unwrap();
    assert_eq!((about_ca.not_before, about_ca.not_after), (NOW - 3600, NOW + 1080 * DAY));
    let late = read(&make_client(&ca, "me", NOW + 1000 * DAY).unwrap().certificate).unwrap();
    assert_eq!((late.not_before, late.not_after), (NOW + 1000 * DAY - 3600, about_ca.not_after));
    let early = read(&make_client(&ca, "me", NOW - 1800).unwrap().certificate).unwrap();
    assert_eq!(early.not_before, about_ca.not_before);
    assert_eq!(make_client(&ca, "me", about_ca.not_after), Err(TlsError::AuthorityExpired));
}

#[test]
fn what_does_not_fit_is_told_apart() {
    let (ca, other) = (make_authority("me", NOW).unwrap(), make_authority("me", NOW).unwrap());
    let client = make_client(&ca, "me.client", NOW).unwrap();
    assert_eq!(check(&client, &ca.certificate), Ok(()));
    assert_eq!(check(&client, &other.certificate), Err(TlsError::NotSignedByAuthority));
    assert_eq!(check(&client, &client.certificate), Err(TlsError::NotAnAuthority));
    let mixed = Identity { key: other.key.clone(), ..client.clone() };
    assert_eq!(check(&mixed, &ca.certificate), Err(TlsError::KeyMismatch));
    assert_eq!(make_client(&client, "me", NOW), Err(TlsError::NotAnAuthority));
    let locked = Identity { key: Secret::new("-----BEGIN ENCRYPTED PRIVATE KEY-----"), ..ca.clone() };
    assert_eq!(make_client(&locked, "me", NOW), Err(TlsError::EncryptedKey));
    let broken = Identity { certificate: "nothing".into(), ..ca };
    assert!(matches!(make_client(&broken, "me", NOW), Err(TlsError::Unreadable { what: "certificate", .. })));
}

#[test]
fn a_certificate_is_good_for_its_names_and_days_only() {
    let ca = make_authority("me", NOW).unwrap();
    let about = read(&make_server(&ca, "me.n1", &names(), NOW).unwrap().certificate).unwrap();
    assert!(server_names_cover(&about, &names()));
    assert!(!server_names_cover(&about, &["10.0.0.6".parse().unwrap()]));
    assert_eq!([days_left(&about, NOW), days_left(&about, NOW + 1081 * DAY)], [1080, -1]);
}

#[test]
fn only_addresses_and_host_names_are_names() {
    assert_eq!("[fd00::1]".parse(), Ok(San::Ip("fd00::1".parse().unwrap())));
    assert_eq!("*.example.org".parse(), Ok(San::Dns("*.example.org".into())));
    for wrong in ["", "a b", "ä.example", "n1\n"] {
        assert_eq!(wrong.parse::<San>(), Err(TlsError::BadName(wrong.into())));
    }
}

#[test]
fn a_client_is_made_of_ours_and_of_old_keys() {
    let ca = make_authority("me", NOW).unwrap();
    let client = make_client(&ca, "me.client", NOW).unwrap();
    assert!(client_config(&ca.certificate, &client).is_ok());
    let folder = tempfile::tempdir().unwrap();
    let old = old_authority(
        folder.path(),
        &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        &["rsa", "-traditional"],
    );
    assert!(client_config(&old.certificate, &old).is_ok());
    assert!(client_config("", &client).is_err());
}
