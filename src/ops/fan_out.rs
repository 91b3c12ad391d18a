//! The same work on many machines at once: bounded, each on its own task, results in the order of the names.

use std::{collections::VecDeque, future::Future, sync::Arc};

use tokio::{sync::Semaphore, task::JoinSet};

use crate::machine::MachineName;

/// How many machines are worked on at once: enough that a fleet costs its slowest machine, few enough for one uplink.
pub const AT_ONCE: usize = 32;

/// Runs `work` for every name; one that fails stops no other. Dropping the future ends them all.
///
/// # Panics
/// When a task panicked, with its panic.
pub async fn fan_out<T, F, Fut>(names: Vec<MachineName>, at_once: usize, work: F) -> Vec<(MachineName, T)>
where
    T: Send + 'static,
    F: Fn(MachineName) -> Fut,
    Fut: Future<Output = T> + Send + 'static,
{
    let gate = Arc::new(Semaphore::new(at_once.max(1)));
    let mut tasks = JoinSet::new();
    for (place, name) in names.iter().enumerate() {
        let (gate, job) = (Arc::clone(&gate), work(name.clone()));
        tasks.spawn(async move {
            // The gate is never closed, so there is always a permit to wait for.
            let _permit = gate.acquire_owned().await;
            (place, job.await)
        });
    }
    let mut results: Vec<Option<T>> = names.iter().map(|_| None).collect();
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok((place, result)) => results[place] = Some(result),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // Tasks are cancelled only by dropping the set.
            Err(_) => {}
        }
    }
    names.into_iter().zip(results).filter_map(|(name, result)| Some((name, result?))).collect()
}

/// The same, but no further work begins once one has failed: what has begun ends. Results come in the order of the names,
/// and beside them the names whose work was never begun.
///
/// # Panics
/// When a task panicked, with its panic.
pub async fn fan_out_while<T, E, F, Fut>(
    names: Vec<MachineName>,
    at_once: usize,
    work: F,
) -> (Vec<(MachineName, Result<T, E>)>, Vec<MachineName>)
where
    T: Send + 'static,
    E: Send + 'static,
    F: Fn(MachineName) -> Fut,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
{
    let mut waiting = names.into_iter().enumerate().collect::<VecDeque<_>>();
    let mut tasks = JoinSet::new();
    let mut results = Vec::new();
    let mut is_well = true;
    loop {
        while is_well && tasks.len() < at_once.max(1) {
            let Some((place, name)) = waiting.pop_front() else { break };
            let job = work(name.clone());
            tasks.spawn(async move { (place, name, job.await) });
        }
        match tasks.join_next().await {
            Some(Ok((place, name, result))) => {
                is_well &= result.is_ok();
                results.push((place, name, result));
            }
            Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // Tasks are cancelled only by dropping the set.
            Some(Err(_)) => {}
            None => break,
        }
    }
    results.sort_by_key(|(place, ..)| *place);
    let results = results.into_iter().map(|(_, name, result)| (name, result)).collect();
    (results, waiting.into_iter().map(|(_, name)| name).collect())
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    fn names(count: usize) -> Vec<MachineName> {
        (0..count).map(|n| format!("n{n}").parse().unwrap()).collect()
    }

    #[tokio::test]
    async fn results_come_in_the_order_of_the_names_whoever_is_first() {
        let results = fan_out(names(3), 3, |name| async move {
            let rest = if name.as_str() == "n0" { 30 } else { 0 };
            tokio::time::sleep(Duration::from_millis(rest)).await;
            name.to_string()
        })
        .await;
        assert_eq!(results.into_iter().map(|(_, result)| result).collect::<Vec<_>>(), ["n0", "n1", "n2"]);
    }

    #[tokio::test]
    async fn never_more_at_once_than_allowed() {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        fan_out(names(8), 2, |_| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(5)).await;
                now.fetch_sub(1, Ordering::SeqCst);
            }
        })
        .await;
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn nothing_begins_after_the_first_failure_and_what_has_begun_ends() {
        let (ended, waiting) = fan_out_while(names(6), 2, |name| async move {
            match name.as_str() {
                "n0" => {
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    Ok(())
                }
                "n2" => Err("no"),
                _ => Ok(()),
            }
        })
        .await;
        let ended: Vec<_> = ended.iter().map(|(name, result)| (name.as_str(), result.is_ok())).collect();
        assert_eq!(ended, [("n0", true), ("n1", true), ("n2", false)]);
        assert_eq!(waiting, names(6)[3..]);
    }
}
