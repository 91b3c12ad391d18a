//! Certificates that end soon, in words, with what renews them.

use serde_json::{Value, json};

use crate::{
    machine::MachineName,
    ops::certs::{Life, Lives},
};

/// What a list says of a machine's certificates, when there is something to say: of the one that ends first.
pub fn mark(lives: &Lives) -> Option<String> {
    let (whose, life) = lives.first_to_end().filter(|(_, life)| life.ends_soon())?;
    let what = match whose {
        "CA" => "its CA",
        "client" => "its client certificate",
        _ => "its certificate",
    };
    Some(format!("{what} {}", when(life)))
}

/// One line per certificate that ends soon, with the command that renews it. A new CA brings new certificates of everything.
pub fn warnings(program: &str, name: &MachineName, lives: &Lives) -> Vec<String> {
    let warning = |what: &str, life: Life, command: &str| {
        format!(
            "{what} {} ({}); to renew it: {program} regenerate-certs {command}",
            when(life),
            life.last_day()
        )
    };
    if let Some(life) = lives.ca.filter(|life| life.ends_soon()) {
        return vec![warning(&format!("the CA of {name}"), life, "--ca")];
    }
    let client = lives.client.filter(|life| life.ends_soon());
    let client =
        client.map(|life| warning(&format!("the client certificate for {name}"), life, "--client-certs"));
    let server = lives.server.filter(|life| life.ends_soon());
    let server = server.map(|life| warning(&format!("the certificate of {name}"), life, name.as_str()));
    client.into_iter().chain(server).collect()
}

fn when(life: Life) -> String {
    match life.days_left {
        ..0 => "has expired".to_owned(),
        0 => "expires today".to_owned(),
        1 => "expires in a day".to_owned(),
        days => format!("expires in {days} days"),
    }
}

/// For programs: each certificate's end and the whole days until then; null where there is none.
pub fn json(lives: &Lives) -> Value {
    let life = |life: Option<Life>| {
        life.map(|life| json!({ "expires": life.ends_at(), "days_left": life.days_left }))
    };
    json!({ "ca": life(lives.ca), "client": life(lives.client), "server": life(lives.server) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lives(ca: i64, client: i64, server: i64) -> Lives {
        let life = |days_left| Some(Life { ends: 1_800_000_000 + days_left * 86400, days_left });
        Lives { ca: life(ca), client: life(client), server: life(server) }
    }

    #[test]
    fn each_is_named_with_the_command_that_renews_it() {
        let name = "n1".parse().unwrap();
        let say = |lives| warnings("rmachine", &name, &lives);
        assert!(say(lives(900, 30, 30)).is_empty());
        assert_eq!(
            say(lives(900, 12, -1)),
            [
                "the client certificate for n1 expires in 12 days (2027-01-27); to renew it: rmachine regenerate-certs --client-certs",
                "the certificate of n1 has expired (2027-01-14); to renew it: rmachine regenerate-certs n1",
            ]
        );
        assert_eq!(
            say(lives(3, 3, 3)),
            ["the CA of n1 expires in 3 days (2027-01-18); to renew it: rmachine regenerate-certs --ca"]
        );
    }

    #[test]
    fn a_list_names_the_one_that_ends_first() {
        assert_eq!(mark(&lives(900, 900, 900)), None);
        assert_eq!(mark(&lives(900, 1, 5)).unwrap(), "its client certificate expires in a day");
        assert_eq!(mark(&lives(900, 900, 0)).unwrap(), "its certificate expires today");
        assert_eq!(mark(&Lives::default()), None);
    }
}
