//! A host as it was found, beside what the record wishes of it: from these two come the plan, the names in the certificate and the URL.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

use super::{Converge, Scope, stored_wishes};
use crate::{
    driver::{Driver, Origin},
    engine::archive::Archive,
    event::Events,
    machine::SshEndpoint,
    ops::{
        OpsError, World,
        certs::{self, CertsError},
        connect, ownership,
    },
    provision::{self, Access, Facts, Holder, Materials, Plan, ProvisionError, Refusal, Wishes},
    ssh::Session,
    store::Record,
    tls::San,
};

/// A host as it was found, and what is wished of it.
pub(super) struct Host {
    pub(super) facts: Facts,
    /// The other machine that has it, where it may be taken from that.
    taken_from: Option<Holder>,
    /// Why it may not.
    refusal: Option<Refusal>,
    /// The id of our store.
    store: String,
    is_made: bool,
    pub(super) wishes: Wishes,
    reached: Option<IpAddr>,
    /// Where the driver that made the host says its engine is: SSH may come another way, such as by a forwarded port.
    told: Option<String>,
    pub(super) names: Vec<San>,
    /// The engine's port as clients know it.
    port: u16,
    /// The engine that is to be sent, where one is.
    archive: Option<Archive>,
}

impl Host {
    pub(super) async fn look(
        world: &World,
        driver: &dyn Driver,
        record: &Record,
        session: &Session,
        options: Converge,
        events: &Events,
    ) -> Result<Self, OpsError> {
        let mut wishes = stored_wishes(record)?;
        if wishes.port == 0 {
            wishes.port = connect::port(world, driver, record)?.unwrap_or_default();
        }
        let facts = provision::look(session, &wishes, options.deadline, events).await?;
        let archive = if facts.engine.is_none() { world.archives.wanted(&wishes)? } else { None };
        let reached = connect::reached(driver, session);
        let names = server_names(world, driver, record, reached, &wishes)?;
        let known = connect::url(world, driver, record).ok().as_deref().and_then(connect::host_and_port);
        let port = known.map_or_else(|| wishes.port(), |(_, port)| port);
        let holder = ownership::holder(world, record, session, &facts)?;
        let (taken_from, refusal) = match holder {
            Some(holder) if !options.may.take_over => {
                (None, Some(ownership::refusal(driver, record, holder)))
            }
            taken_from => (taken_from, None),
        };
        let store = world.store.id()?;
        let is_made = driver.profile().origin == Origin::Made;
        let told =
            if is_made { driver.url(&world.context(&record.name), &record.config.driver)? } else { None };
        let told = told.as_deref().and_then(connect::host_and_port).map(|(host, _)| host);
        Ok(Self { facts, taken_from, refusal, store, is_made, wishes, reached, told, names, port, archive })
    }

    pub(super) fn materials<'a>(&'a self, record: &'a Record, server: &'a certs::Server) -> Materials<'a> {
        Materials {
            machine: record.name.as_str(),
            store: &self.store,
            is_made: self.is_made,
            provider: &record.config.driver_name,
            reached: self.reached,
            authority: &server.authority,
            server: &server.identity,
            archive: self.archive.as_ref(),
            environment: self.wishes.installer_environment(),
        }
    }

    pub(super) fn plan(&self, materials: &Materials<'_>, scope: Scope) -> Result<Plan, OpsError> {
        if let Some(refusal) = &self.refusal {
            return Err(ProvisionError::Refused(refusal.clone()).into());
        }
        let plan = match scope {
            Scope::Everything => provision::plan(&self.facts, &self.wishes, materials),
            Scope::Certificates(_) => {
                let address = self.reached.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
                let listen = vec![SocketAddr::new(address, self.port)];
                provision::renewal(&self.facts, materials, listen)
            }
        };
        let mut plan = plan.map_err(ProvisionError::from)?;
        let taken = |from: &Holder| format!("the host is taken over from {from}, which loses it");
        plan.notes.extend(self.taken_from.iter().map(taken));
        Ok(plan)
    }

    /// Where clients will find the engine: where its driver says, else where SSH found the host, or SSH itself.
    pub(super) fn url(&self, plan: &Plan, session: &Session, endpoint: &SshEndpoint) -> String {
        match self.wishes.access {
            Access::Ssh => connect::ssh_url(session.user(), &endpoint.host, endpoint.port),
            Access::Tls => connect::tcp_url(&self.name_for_clients(plan, &endpoint.host), self.wishes.port()),
        }
    }

    /// What the driver says of a host it made. Of an adopted one, the name or address as it was typed, if it means something outside
    /// of the user's ssh_config; else the address that SSH reached; else, behind a jump host, the first one the engine listens on.
    fn name_for_clients(&self, plan: &Plan, typed: &str) -> String {
        if let Some(host) = &self.told {
            return host.clone();
        }
        let resolves = || (typed, 0).to_socket_addrs().is_ok_and(|mut addresses| addresses.next().is_some());
        if typed.parse::<IpAddr>().is_ok() || resolves() {
            return typed.to_owned();
        }
        let listening = plan.listen.iter().map(SocketAddr::ip).find(|address| !address.is_unspecified());
        self.reached.or(listening).map_or_else(|| typed.to_owned(), |address| address.to_string())
    }
}

/// Every name a client may use for the engine: what the user added, the addresses, the machine's and the host's names.
fn server_names(
    world: &World,
    driver: &dyn Driver,
    record: &Record,
    reached: Option<IpAddr>,
    wishes: &Wishes,
) -> Result<Vec<San>, OpsError> {
    let context = world.context(&record.name);
    let asked = record.config.host_options.auth_options.server_cert_sans.clone().unwrap_or_default();
    let address = driver.ip(&context, &record.config.driver)?;
    let fixed = ["localhost".to_owned(), "127.0.0.1".to_owned(), record.name.to_string()];
    let mut names: Vec<San> = Vec::new();
    let listen = wishes.listen.iter().filter(|address| !address.is_unspecified()).map(ToString::to_string);
    for name in
        asked.into_iter().chain(address).chain(reached.map(|a| a.to_string())).chain(listen).chain(fixed)
    {
        let name: San = name.parse().map_err(CertsError::from)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}
