use std::os::unix::fs::PermissionsExt;

use super::*;

fn contexts(folder: &Path) -> Contexts {
    let mut env = Env::for_tests(folder);
    env.vars.insert(FOLDER.into(), "docker".into());
    Contexts::locate(&env).unwrap()
}

fn name() -> MachineName {
    "n1".parse().unwrap()
}

fn wanted<'a>(name: &'a MachineName, host: &'a str, has_tls: bool) -> Wanted<'a> {
    let tls = has_tls.then(|| Tls { ca: "ca".into(), certificate: "cert".into(), key: Secret::new("key") });
    Wanted { name, store: Path::new("/store"), description: "machine n1", host, tls }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// `printf n1 | sha256sum`
const ID: &str = "676b8bb84ce7267dd520deca4811c8f10a53e636352f06987f42fe425acedd80";

#[test]
fn a_context_lies_where_docker_looks_with_the_modes_docker_gives() {
    let folder = tempfile::tempdir().unwrap();
    let contexts = contexts(folder.path());
    contexts.write(&wanted(&name(), "tcp://10.0.0.5:2376", true)).unwrap();
    let root = folder.path().join("docker");
    let meta = root.join("contexts/meta").join(ID).join("meta.json");
    let expected = r#"{"Name":"n1","Metadata":{"Description":"machine n1","rmachine":{"Machine":"n1","Store":"/store"}},"Endpoints":{"docker":{"Host":"tcp://10.0.0.5:2376","SkipTLSVerify":false}}}"#;
    assert_eq!(fs::read_to_string(&meta).unwrap(), expected);
    let tls = root.join("contexts/tls").join(ID).join("docker");
    assert_eq!(fs::read_to_string(tls.join("key.pem")).unwrap(), "key");
    for (path, wanted) in [
        (root.clone(), 0o700),
        (root.join("contexts"), 0o755),
        (meta, 0o644),
        (tls.clone(), 0o700),
        (tls.join("key.pem"), 0o600),
        (tls.join("ca.pem"), 0o600),
    ] {
        assert_eq!(mode(&path), wanted, "{}", path.display());
    }
}

#[test]
fn what_a_user_changed_stays_and_tls_goes_when_it_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let contexts = contexts(folder.path());
    contexts.write(&wanted(&name(), "tcp://10.0.0.5:2376", true)).unwrap();
    let path = contexts.meta_dir(&name()).join("meta.json");
    let edited = fs::read_to_string(&path).unwrap().replace("machine n1", "mine");
    fs::write(&path, edited.replace("\"Endpoints\":{", "\"Endpoints\":{\"other\":{},")).unwrap();
    contexts.write(&wanted(&name(), "ssh://root@10.0.0.5", false)).unwrap();
    let meta: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(meta["Metadata"]["Description"], "mine");
    assert_eq!(meta["Endpoints"]["other"], json!({}));
    assert_eq!(meta["Endpoints"]["docker"]["Host"], "ssh://root@10.0.0.5");
    assert!(!contexts.tls_dir(&name()).exists());
}

#[test]
fn contexts_of_others_are_neither_written_nor_removed() {
    let folder = tempfile::tempdir().unwrap();
    let contexts = contexts(folder.path());
    let meta = contexts.meta_dir(&name());
    fs::create_dir_all(&meta).unwrap();
    let of_another_store = r#"{"Name":"n1","Metadata":{"rmachine":{"Store":"/other"}},"Endpoints":{}}"#;
    for text in [r#"{"Name":"n1","Metadata":{},"Endpoints":{}}"#, of_another_store, "broken"] {
        fs::write(meta.join("meta.json"), text).unwrap();
        let refused = contexts.write(&wanted(&name(), "tcp://10.0.0.5:2376", true));
        assert!(matches!(refused, Err(ContextError::Taken { .. })), "{text}");
        assert!(!contexts.remove(&name(), Path::new("/store")).unwrap());
        assert_eq!(fs::read_to_string(meta.join("meta.json")).unwrap(), text);
        assert!(!contexts.tls_dir(&name()).exists());
    }
}

#[test]
fn a_removed_context_is_not_current_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let contexts = contexts(folder.path());
    assert!(!contexts.remove(&name(), Path::new("/store")).unwrap(), "there is none");
    for is_current in [true, false] {
        contexts.write(&wanted(&name(), "tcp://10.0.0.5:2376", true)).unwrap();
        contexts.select(is_current.then(name).as_ref()).unwrap();
        assert_eq!(contexts.remove(&name(), Path::new("/store")).unwrap(), is_current);
        assert_eq!(contexts.current().unwrap(), None);
        assert!(!contexts.has(&name(), Path::new("/store")).unwrap());
        assert!(!contexts.tls_dir(&name()).exists());
    }
}

#[test]
fn names_that_docker_does_not_take_are_told() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["default", "a"] {
        let refused = contexts(folder.path()).write(&wanted(&name.parse().unwrap(), "tcp://h:1", false));
        assert!(matches!(refused, Err(ContextError::BadName { .. })), "{name}");
    }
}
