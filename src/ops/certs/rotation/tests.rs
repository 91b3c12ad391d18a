//! A change of the CA with engines that are only imagined, looked at after every single step: which client is let in where.

use std::collections::BTreeMap;

use super::{super::tests::Place, *};
use crate::{
    ops::certs::{Keep, issue_server, settle},
    tls::Identity,
};

/// What an engine has on its disk.
struct Engine {
    trusts: String,
    shows: Identity,
}

struct Fleet {
    place: Place,
    engines: BTreeMap<String, Engine>,
}

impl Fleet {
    async fn new(names: &[&str]) -> Self {
        let mut fleet = Self { place: Place::new(), engines: BTreeMap::new() };
        fleet.place.ensure().await.unwrap();
        for name in names {
            fleet.create(name).await;
        }
        fleet
    }

    /// A machine is made with whatever the store's files say at that moment.
    async fn create(&mut self, name: &str) {
        self.place.ensure().await.unwrap();
        drop(self.place.machine(name).await);
        self.provision(&name.parse().unwrap()).await;
    }

    async fn provision(&mut self, name: &MachineName) {
        let world = &self.place.world;
        let (lock, record) = (world.lock(name).await.unwrap(), world.store.load(name).unwrap());
        let authority = current(world, &record).await.unwrap();
        let names = ["10.0.0.5".parse().unwrap()];
        let server = issue_server(world, &lock, &record, &authority, &names, Keep::Fitting).unwrap();
        self.all_are_reached(&format!("{name} is about to change"));
        let engine = Engine { trusts: server.authority.clone(), shows: server.identity.clone() };
        self.engines.insert(name.to_string(), engine);
        self.all_are_reached(&format!("{name} has changed"));
        settle(world, &lock, &record, &authority, &server).unwrap();
        self.all_are_reached(&format!("{name} is settled"));
    }

    async fn bring(&mut self, name: &MachineName, phase: Phase) {
        if phase == Phase::Overlap {
            let world = &self.place.world;
            let (lock, record) = (world.lock(name).await.unwrap(), world.store.load(name).unwrap());
            let authority = current(world, &record).await.unwrap();
            server::put_client(&world.store, &lock, &authority).unwrap();
        } else {
            self.provision(name).await;
        }
        self.all_are_reached(&format!("{name} is through {phase:?}"));
    }

    /// Every client trusts what its engine shows, and every engine what its clients show; so do they with the store's own files, which
    /// docker-machine uses.
    #[track_caller]
    fn all_are_reached(&self, when: &str) {
        let certs = self.place.world.store.certs_dir();
        for (name, engine) in &self.engines {
            for folder in [&self.place.world.store.machines_dir().join(name), &certs] {
                let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
                let client = Identity { certificate: read("cert.pem"), key: read("key.pem").into() };
                assert!(
                    tls::is_trusted(&client, &engine.trusts).unwrap(),
                    "{when}: {name} refuses {}",
                    folder.display()
                );
                assert!(
                    tls::is_trusted(&engine.shows, &read("ca.pem")).unwrap(),
                    "{when}: {} refuses {name}",
                    folder.display()
                );
            }
        }
    }

    fn names(&self) -> Vec<MachineName> {
        self.engines.keys().map(|name| name.parse().unwrap()).collect()
    }
}

#[tokio::test]
async fn after_every_single_step_every_machine_is_reached() {
    let mut fleet = Fleet::new(&["n1", "n2", "n3"]).await;
    let world = fleet.place.world.clone();
    let files = world.store.authority_files();
    let old = std::fs::read_to_string(&files.ca_certificate).unwrap();
    let mut rotation = here::begin(&world, &files, &work(&world)).unwrap();
    let mut created = 0;
    loop {
        // Whoever begins again finds the files as they are, and the same to do.
        bring_here(&world, &files, &rotation).await.unwrap();
        bring_here(&world, &files, &rotation).await.unwrap();
        fleet.all_are_reached(&format!("the files are as {:?} wants them", rotation.phase));
        match rotation.next(&fleet.names(), false) {
            Next::Bring(names) => {
                // One at a time, the last first; each phase meets a machine that is made in its middle.
                let name = names.last().unwrap();
                fleet.bring(name, rotation.phase).await;
                rotation.is_through(name);
                if created == rotation.phase as usize {
                    created += 1;
                    fleet.create(&format!("made{created}")).await;
                }
            }
            Next::Begin(phase) => {
                rotation.phase = phase;
                rotation.save(&world.store).unwrap();
            }
            Next::End => {
                end_here(&world, &files).await.unwrap();
                fleet.all_are_reached("at the end");
                break;
            }
            Next::Rest => panic!("nobody wanted to rest"),
        }
    }
    assert_eq!((created, fleet.engines.len()), (3, 6));
    for engine in fleet.engines.values() {
        assert!(!tls::holds(&engine.trusts, &old).unwrap(), "the old CA is gone");
    }
    let kept = world.store.certs_dir().join(format!("{}.pem", rotation.kept_as));
    assert!(tls::begin_alike(&std::fs::read_to_string(kept).unwrap(), &old).unwrap());
}
