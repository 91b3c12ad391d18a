//! docker's contexts that lead to machines and swarms that are gone, wherever the store made them.

use super::{Fix, Found, Level};
use crate::{
    contexts::Contexts,
    ops::{OpsError, World},
};

pub(super) fn look(world: &World) -> Result<Vec<Found>, OpsError> {
    let store = &world.store;
    let mut found = Vec::new();
    for contexts in Contexts::everywhere(&world.env, store)? {
        for name in contexts.names(store) {
            if store.exists(&name) || store.has_swarm(&name) || store.holder(&name).is_some() {
                continue;
            }
            let what = format!(
                "docker has a context {name} in {}, and no such machine is here",
                contexts.folder().display()
            );
            let dangling = Found::new(None, "context", Level::Fault, what);
            found.push(dangling.mended_by("removes it", Fix::Context { contexts: contexts.clone(), name }));
        }
    }
    Ok(found)
}
