//! Every reason why no VM could be made here, as far as it can be known without making one, each with its cure.

use super::{
    Boxed,
    manage::{Call, Manage, PROGRAM},
    network,
    parse::{self, Version},
    vm,
};
use crate::{
    driver::{Context, DriverError, Result},
    drivers::local::source::Source,
    env::Env,
    machine::State,
};

/// The first version whose commands are known.
const OLDEST: Version = Version(6, 0, 0);
/// The first version that was tried.
const PROVEN: Version = Version(7, 2, 0);

/// What can be told at once.
pub(super) fn available(env: &Env) -> std::result::Result<(), String> {
    if !cfg!(target_arch = "x86_64") {
        return Err("it knows machines with x86_64 processors only".to_owned());
    }
    match env.find_program(PROGRAM) {
        Some(_) => Ok(()),
        None => Err(format!("{PROGRAM} is not installed")),
    }
}

/// Where VirtualBox comes from.
const INSTALL: &str = "https://www.virtualbox.org/wiki/Downloads";

/// The program is not there.
pub(super) fn missing() -> DriverError {
    DriverError::Preflight {
        message: format!("{PROGRAM} is not installed, or not on PATH"),
        hint: Some(format!("install VirtualBox: {INSTALL}")),
    }
}

/// All of them.
pub(super) async fn preflight(context: &Context, state: &Boxed) -> Result<()> {
    if context.env.find_program(PROGRAM).is_none() {
        return Err(missing());
    }
    available(&context.env).map_err(|reason| DriverError::Preflight {
        message: format!("the virtualbox driver cannot be used here: {reason}"),
        hint: None,
    })?;
    let manage = Manage::of(context);
    let version = version(manage).await?;
    if version < PROVEN {
        context.events.note(format!(
            "VirtualBox {version} is used by its documentation; it was never tried, {PROVEN} was"
        ));
    }
    virtualization(manage, state).await?;
    files(state)?;
    import(manage, state).await?;
    let wanted = network::settle(state.host_only, version)?;
    network::judge(manage, version, wanted).await
}

/// The version, once it is known that it can be used.
pub(super) async fn version(manage: Manage<'_>) -> Result<Version> {
    let text = manage.call("ask VirtualBox for its version", Call::new(["--version"])).await?;
    judge(&text)
}

fn judge(text: &str) -> Result<Version> {
    let refused =
        |message: String, hint: &str| Err(DriverError::Preflight { message, hint: Some(hint.to_owned()) });
    let Some(version) = parse::version(text) else {
        let said = text.lines().last().unwrap_or_default();
        return refused(format!("{PROGRAM} does not say which version it is: {said:?}"), INSTALL);
    };
    if version < OLDEST {
        let message = format!("VirtualBox {version} is too old: {OLDEST} is the oldest that is known");
        return refused(message, &format!("install a newer one: {INSTALL}"));
    }
    if parse::lacks_module(text) {
        return refused(
            "VirtualBox lacks its kernel module vboxdrv, without which no VM starts".to_owned(),
            "Debian and Ubuntu: sudo apt install virtualbox-dkms linux-headers-$(uname -r); VirtualBox's own package: sudo /sbin/vboxconfig",
        );
    }
    Ok(version)
}

async fn virtualization(manage: Manage<'_>, state: &Boxed) -> Result<()> {
    if state.no_vtx_check {
        return Ok(());
    }
    let text = manage.call("look at this computer", Call::new(["list", "hostinfo"])).await?;
    match parse::has_virtualization(&text) {
        Some(false) => Err(without_virtualization()),
        Some(true) | None => Ok(()),
    }
}

/// The processor does not run guests.
pub(super) fn without_virtualization() -> DriverError {
    DriverError::Preflight {
        message:
            "this computer's processor runs no guests: VT-x or AMD-V is missing, or is off in its firmware"
                .to_owned(),
        hint: Some(
            "switch it on in the firmware's settings; where you know better: --virtualbox-no-vtx-check"
                .to_owned(),
        ),
    }
}

fn files(state: &Boxed) -> Result<()> {
    if state.has_iso() {
        Source::of(&state.boot2docker_url, "").judge()?;
    } else if state.cached_image.is_empty() {
        Source::of(&state.image, &state.sha256).judge()?;
    }
    match state.share()? {
        Some(share) if !share.is_default && !share.folder.is_dir() => Err(DriverError::Preflight {
            message: format!("the folder {} to be shared is not there", share.folder.display()),
            hint: Some("--virtualbox-share-folder with one that is, or --virtualbox-no-share".to_owned()),
        }),
        Some(_) | None => Ok(()),
    }
}

/// A disk can be copied only while nobody writes to it, and whose VM it is must shut it down.
async fn import(manage: Manage<'_>, state: &Boxed) -> Result<()> {
    let name = &state.import_vm;
    if name.is_empty() {
        return Ok(());
    }
    let refused = |message: String, hint: String| Err(DriverError::Preflight { message, hint: Some(hint) });
    let Some(info) = vm::look(manage, name).await? else {
        let message = format!("there is no VM {name:?} to import from");
        return refused(message, "VBoxManage list vms shows them".to_owned());
    };
    if info.state() != State::Stopped {
        let message = format!("the VM {name:?} to import from is not shut down: it is {}", info.state());
        return refused(message, format!("shut it down first: VBoxManage controlvm {name} acpipowerbutton"));
    }
    let key = super::import_key(manage.context)?;
    if !key.is_file() {
        let message = format!("the key of the VM to import, {}, is not there", key.display());
        return refused(
            message,
            "without it nobody can log in; leave --virtualbox-import-boot2docker-vm out".to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_too_old_is_told_with_its_cure() {
        let recorded = include_str!("../../../tests/fixtures/virtualbox/without-kernel-module.jsonl");
        let first: serde_json::Value = serde_json::from_str(recorded.lines().next().unwrap()).unwrap();
        for (said, message, cure) in [
            (first["stdout"].as_str().unwrap(), "lacks its kernel module", "virtualbox-dkms"),
            ("5.2.44r139111\n", "5.2.44 is too old: 6.0.0", "install a newer one"),
            ("VBoxManage, but not really\n", "does not say which version", "virtualbox.org"),
        ] {
            let DriverError::Preflight { message: told, hint } = judge(said).unwrap_err() else {
                panic!("{said}")
            };
            assert!(told.contains(message) && hint.as_ref().unwrap().contains(cure), "{told}: {hint:?}");
        }
        assert_eq!(judge("7.2.22_Debianr175245\n").unwrap(), Version(7, 2, 22));
        assert_eq!(judge("6.0.24r139119\n").unwrap(), Version(6, 0, 24));
    }
}
