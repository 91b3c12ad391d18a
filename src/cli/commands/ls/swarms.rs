//! Classic swarm, as far as the store knows it: machines with the same discovery belong together, and one of them is the master.

use std::collections::BTreeMap;

use crate::{
    ops::query::Row,
    store::{Record, SwarmOptions},
};

/// The masters by discovery; where there are several, the last one.
pub struct Swarms(BTreeMap<String, String>);

impl Swarms {
    /// Looks at every machine of the store, whatever is shown of them.
    pub fn of(rows: &[Row]) -> Self {
        let masters = rows.iter().filter_map(|row| row.record.as_ref().ok()).filter_map(|record| {
            let options = options(record);
            let is_master = options.master && !options.discovery.is_empty();
            is_master.then(|| (options.discovery.clone(), record.name.to_string()))
        });
        Self(masters.collect())
    }

    /// The name of the master of a machine's swarm.
    pub fn master_of<'a>(&'a self, record: &'a Record) -> Option<&'a str> {
        let options = options(record);
        if options.master && !options.discovery.is_empty() {
            return Some(record.name.as_str());
        }
        self.0.get(&options.discovery).map(String::as_str)
    }

    /// The cell of a machine: its master, marked where it is that itself.
    pub fn cell(&self, record: &Record) -> String {
        let master = self.master_of(record).unwrap_or_default();
        if options(record).master && !master.is_empty() {
            format!("{master} (master)")
        } else {
            master.to_owned()
        }
    }
}

fn options(record: &Record) -> &SwarmOptions {
    &record.config.host_options.swarm_options
}

/// The URL at which a master answers for its swarm: its engine's, with the port of `--swarm-host`.
pub fn url(record: &Record, engine: &str) -> Option<String> {
    let options = options(record);
    let port = |url: &str| url.rsplit(':').next().map(str::to_owned);
    let (own, swarms) = (port(engine)?, port(&options.host)?);
    options.master.then(|| engine.replacen(&format!(":{own}"), &format!(":{swarms}"), 1))
}
