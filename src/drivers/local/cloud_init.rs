//! What a guest is told before its first boot, in cloud-init's words: its name, who may log in, and its own host key, which was made
//! here, so that even the first login is verified.

use serde_json::{Value, json};

/// What it is told.
#[derive(Debug)]
pub(in crate::drivers) struct Guest<'a> {
    /// Tells its boots from those of another machine of its name.
    pub(in crate::drivers) id: &'a str,
    /// Its host name.
    pub(in crate::drivers) name: &'a str,
    /// Who may log in and use sudo.
    pub(in crate::drivers) user: &'a str,
    /// Public key of the login.
    pub(in crate::drivers) login_key: &'a str,
    /// The host key, in OpenSSH's form.
    pub(in crate::drivers) private: &'a str,
    /// Its public half.
    pub(in crate::drivers) public: &'a str,
}

impl Guest<'_> {
    /// The file `meta-data`.
    pub(in crate::drivers) fn meta_data(&self) -> String {
        let id = format!("rmachine-{}", self.id);
        format!("{}\n", json!({ "instance-id": id, "local-hostname": self.name }))
    }

    /// The file `user-data`, with further modules' settings. JSON is YAML, and needs no quoting of ours.
    pub(in crate::drivers) fn user_data(&self, further: &[(&str, Value)]) -> String {
        let login = json!({
            "name": self.user,
            // An image with an engine has a group `docker`, and then no user of that name is made unless told so.
            "primary_group": self.user,
            "sudo": "ALL=(ALL) NOPASSWD:ALL",
            "shell": "/bin/bash",
            "lock_passwd": true,
            "ssh_authorized_keys": [self.login_key],
        });
        let mut config = json!({
            "hostname": self.name,
            "preserve_hostname": false,
            "manage_etc_hosts": true,
            "disable_root": self.user != "root",
            "users": [login],
            "ssh_deletekeys": true,
            "ssh_genkeytypes": [],
            "ssh_keys": { "ed25519_private": self.private, "ed25519_public": self.public },
            "ssh_pwauth": false,
        });
        for (module, setting) in further {
            config[*module] = setting.clone();
        }
        format!("#cloud-config\n{config:#}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloud_inits_file_is_its_own_kind_of_yaml() {
        let guest = Guest {
            id: "0a",
            name: "n1",
            user: "root",
            login_key: "ssh-ed25519 AAAA me",
            private: "-----BEGIN\nX\n-----END\n",
            public: "ssh-ed25519 BBBB n1",
        };
        let text = guest.user_data(&[("runcmd", json!([["true"]]))]);
        let (first, rest) = text.split_once('\n').unwrap();
        assert_eq!(first, "#cloud-config");
        let value: Value = serde_json::from_str(rest).unwrap();
        assert_eq!(value["ssh_keys"]["ed25519_private"], "-----BEGIN\nX\n-----END\n");
        assert_eq!(value["users"][0]["ssh_authorized_keys"][0], "ssh-ed25519 AAAA me");
        assert_eq!(value["users"][0]["primary_group"], "root");
        assert_eq!(value["disable_root"], false);
        assert_eq!(value["runcmd"][0][0], "true");
        assert!(guest.meta_data().contains("\"rmachine-0a\""));
    }
}
