//! Every host tries every other on the swarm's ports, all at once: a table, before the first engine is told anything.

use std::{net::IpAddr, sync::Arc, time::Duration};

use super::{SwarmError, muster::Present};
use crate::{
    engine::api::swarm::Role,
    machine::MachineName,
    ops::OpsError,
    retry::Deadline,
    swarm::{
        addresses::Addresses,
        check::Problem,
        reach::{self, Listening, Mark, Outcome, Port},
    },
};

/// Opening listeners, trying them, and ending them takes this long each at most; a port that does not answer costs about 6 s.
const TRY_WAIT: Duration = Duration::from_secs(45);

/// A host in the table.
pub struct Place {
    /// The host.
    pub present: Arc<Present>,
    /// What it is to be.
    pub role: Role,
    /// Where it will be dialled.
    pub addresses: Addresses,
    /// Whether its kernel listens for VXLANs already, so that nobody else can.
    pub has_vxlan: bool,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who tried.
    pub from: MachineName,
    /// Who was tried.
    pub to: MachineName,
    /// Which port.
    pub port: Port,
    /// What came of it.
    pub outcome: Outcome,
}

impl Line {
    /// What would go wrong because of it.
    pub fn problem(&self) -> Option<Problem> {
        match self.outcome {
            Outcome::Open | Outcome::Untried => None,
            Outcome::Refused | Outcome::Silent | Outcome::Stranger => Some(Problem::Unreached {
                from: self.from.clone(),
                to: self.to.clone(),
                port: self.port,
                outcome: self.outcome,
            }),
        }
    }
}

/// Tries all pairs. Listeners are ended whatever happens; those that cannot be reached any more end by themselves.
pub async fn table(places: &[Place], data_path_port: u16) -> Result<Vec<Line>, OpsError> {
    let mark = Mark::new();
    let ports = reach::ports(if data_path_port == 0 { reach::DATA_PATH_PORT } else { data_path_port });
    let listening = listen(places, &mark, &ports).await;
    let outcome = match &listening {
        Ok(listening) => attempt(places, listening, &mark, &ports).await,
        Err(_) => Ok(Vec::new()),
    };
    let stops = places.iter().map(|place| reach::stop(&place.present.session, &mark, deadline()));
    let _ = futures_util::future::join_all(stops).await;
    listening?;
    outcome
}

fn deadline() -> Deadline {
    Deadline::after(TRY_WAIT)
}

async fn listen(places: &[Place], mark: &Mark, ports: &[Port]) -> Result<Vec<Listening>, OpsError> {
    let all = places.iter().map(|place| async move {
        // Overlay traffic may come to another address than the rest.
        let session = &place.present.session;
        let data = place.addresses.data_path.unwrap_or(place.addresses.listen);
        let (overlay, others): (Vec<Port>, Vec<Port>) =
            ports.iter().copied().partition(|port| matches!(port, Port::DataPath(_)));
        if data == place.addresses.listen {
            return reach::listen(session, mark, data, ports, deadline()).await;
        }
        let first = reach::listen(session, mark, place.addresses.listen, &others, deadline()).await?;
        let second = reach::listen(session, mark, data, &overlay, deadline()).await?;
        Ok(match (first, second) {
            (Listening::On(one), Listening::On(other)) => Listening::On([one, other].concat()),
            _ => Listening::Unable,
        })
    });
    Ok(futures_util::future::try_join_all(all).await.map_err(SwarmError::from)?)
}

async fn attempt(
    places: &[Place],
    listening: &[Listening],
    mark: &Mark,
    ports: &[Port],
) -> Result<Vec<Line>, OpsError> {
    let all = places.iter().enumerate().map(|(from, place)| async move {
        let others: Vec<usize> = (0..places.len()).filter(|to| *to != from).collect();
        let dialled: Vec<IpAddr> = others.iter().map(|to| places[*to].addresses.advertise).collect();
        let trials = reach::attempt(&place.present.session, mark, &dialled, ports, deadline()).await?;
        let line = |trial: reach::Trial| {
            let to = others.iter().copied().find(|to| places[*to].addresses.advertise == trial.other)?;
            let is_shared = matches!(trial.port, Port::DataPath(_)) && places[to].has_vxlan;
            let is_node = is_shared || places[to].present.seen().node().is_some();
            Some(Line {
                from: place.present.machine.clone(),
                to: places[to].present.machine.clone(),
                port: trial.port,
                outcome: reach::judged(trial, &listening[to], is_node),
            })
        };
        // Nobody needs a worker's management port.
        let matters = |line: &Line| {
            let to = places.iter().find(|place| place.present.machine == line.to);
            line.port != Port::Management || to.is_some_and(|to| to.role == Role::Manager)
        };
        Ok::<_, SwarmError>(trials.into_iter().filter_map(line).filter(matters).collect::<Vec<_>>())
    });
    Ok(futures_util::future::try_join_all(all).await?.concat())
}
