use super::*;

const ED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
const EC: &str = concat!(
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMrWhD1SpOpN1t64YBD0ecDahTwW",
    "12pBSSooG9a52yiJAydEOULLwCxMpXDFEM7u4KC8K4p/gfpy2H+98cj22S0="
);
/// What `ssh-keygen -H` made of the name 192.0.2.1.
const HASHED: &str = "|1|jZd0I2DGApjhD1SzQkGcihLE/Ao=|C7gxts+EM5QVQ+enF5dN9rFLrZs=";

fn lines_about(text: &str, host: &str, port: u16) -> Vec<usize> {
    let known = KnownHosts(Entry::parse_all("known_hosts".as_ref(), text));
    known.about(&name_of(host, port)).map(|entry| entry.line).collect()
}

#[test]
fn names_lists_wildcards_and_negations_are_matched() {
    let text = format!("n1,10.0.0.5 {ED}\n*.lab,!bad.lab {ED}\n10.0.?.7 {ED} a comment\n");
    for (host, lines) in [
        ("n1", vec![1]),
        ("N1", vec![1]),
        ("10.0.0.5", vec![1]),
        ("a.lab", vec![2]),
        ("bad.lab", vec![]),
        ("10.0.3.7", vec![3]),
        ("n11", vec![]),
    ] {
        assert_eq!(lines_about(&text, host, 22), lines, "{host}");
    }
}

#[test]
fn another_port_is_another_name() {
    let text = format!("n1 {ED}\n[n1]:2222 {ED}\n[*]:23 {ED}\n");
    assert_eq!(lines_about(&text, "n1", 22), [1]);
    assert_eq!(lines_about(&text, "n1", 2222), [2]);
    assert_eq!(lines_about(&text, "n9", 23), [3]);
}

#[test]
fn one_host_may_have_several_keys_and_markers() {
    let text = format!("n1 {ED}\nn1 {EC}\n@revoked * {EC}\n@cert-authority n? {ED}\n");
    let known = KnownHosts(Entry::parse_all("known_hosts".as_ref(), &text));
    let markers: Vec<_> = known.about("n1").map(|entry| entry.marker).collect();
    assert_eq!(markers, [Marker::Key, Marker::Key, Marker::Revoked, Marker::Authority]);
}

#[test]
fn lines_nobody_can_read_are_passed_over() {
    let text = format!(
        "# n1\n\nn1\nn1 ssh-ed25519\nn1 ssh-ed25519 AAAA\n@new n1 {ED}\n|2|a|b {ED}\nn1 1024 35 123\nn1 {ED}"
    );
    assert_eq!(lines_about(&text, "n1", 22), [9]);
}

#[test]
fn a_name_hashed_by_ssh_keygen_is_found() {
    let text = format!("{HASHED} {ED}\n");
    assert_eq!(lines_about(&text, "192.0.2.1", 22), [1]);
    assert_eq!(lines_about(&text, "192.0.2.2", 22), [] as [usize; 0]);
    assert_eq!(lines_about(&text, "192.0.2.1", 23), [] as [usize; 0], "the port is part of what was hashed");
}

#[test]
fn files_that_are_not_there_hold_nothing() {
    let known = KnownHosts::load(&["/nonexistent/known_hosts".into()]).unwrap();
    assert_eq!(known.about("n1").count(), 0);
}
