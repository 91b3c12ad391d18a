//! What is known against an accelerator of this computer, so that only the first machine has to find it out.
//!
//! It counts until the next boot: by then a module may be loaded, or a setting of the firmware changed.

use std::{fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::arch::Accel;
use crate::{driver::Context, drivers::local::keys::replace};

#[derive(Serialize, Deserialize)]
struct Verdict {
    boot: String,
    accel: Accel,
    reason: String,
}

/// Why an accelerator is known not to work since this computer's start.
pub(super) fn against(context: &Context, accel: Accel) -> Option<String> {
    let text = fs::read_to_string(path(context)).ok()?;
    let verdict: Verdict = serde_json::from_str(&text).ok()?;
    (verdict.accel == accel && Some(verdict.boot) == boot()).then_some(verdict.reason)
}

/// Remembers it. Where that fails the next machine finds out by itself.
pub(super) fn keep(context: &Context, accel: Accel, reason: &str) {
    let Some(boot) = boot() else { return };
    let verdict = Verdict { boot, accel, reason: reason.to_owned() };
    let text = serde_json::to_string(&verdict).unwrap_or_default();
    let path = path(context);
    let _ = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| replace(&path, text.as_bytes(), 0o600));
}

fn path(context: &Context) -> PathBuf {
    context.cache.join("qemu/accelerator.json")
}

/// Names this start of this computer, where Linux tells.
fn boot() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|id| id.trim().to_owned())
}
