//! What differs between processors: the program, the machine type, the console, the firmware, the accelerators.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

/// Where packages put the firmware of an aarch64 machine: Debian and Ubuntu, Fedora, Homebrew on ARM and Intel.
const FIRMWARE: [&str; 5] = [
    "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd",
    "/usr/share/AAVMF/AAVMF_CODE.fd",
    "/usr/share/edk2/aarch64/QEMU_EFI.fd",
    "/opt/homebrew/share/qemu/edk2-aarch64-code.fd",
    "/usr/local/share/qemu/edk2-aarch64-code.fd",
];

/// A processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arch {
    X86,
    Arm,
}

impl Arch {
    /// This computer's.
    pub(super) fn own() -> Option<Self> {
        if cfg!(target_arch = "x86_64") {
            Some(Self::X86)
        } else if cfg!(target_arch = "aarch64") {
            Some(Self::Arm)
        } else {
            None
        }
    }

    /// The program that is such a machine.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::X86 => "qemu-system-x86_64",
            Self::Arm => "qemu-system-aarch64",
        }
    }

    /// Debian's package of it.
    pub(super) fn package(self) -> &'static str {
        match self {
            Self::X86 => "qemu-system-x86",
            Self::Arm => "qemu-system-arm",
        }
    }

    /// The machine type.
    pub(super) fn machine(self) -> &'static str {
        match self {
            Self::X86 => "q35",
            Self::Arm => "virt",
        }
    }

    /// The kernel's name of the first serial line.
    pub(super) fn console(self) -> &'static str {
        match self {
            Self::X86 => "ttyS0",
            Self::Arm => "ttyAMA0",
        }
    }

    /// How Debian calls it.
    pub(super) fn debian(self) -> &'static str {
        match self {
            Self::X86 => "amd64",
            Self::Arm => "arm64",
        }
    }

    /// The firmware that has to be named for an image to boot by itself; `Err` when there is none on this computer.
    pub(super) fn firmware(self) -> Result<Option<PathBuf>, String> {
        match self {
            Self::X86 => Ok(None),
            Self::Arm => {
                FIRMWARE.iter().map(PathBuf::from).find(|path| path.exists()).map(Some).ok_or_else(|| {
                    "the firmware of aarch64 machines is not installed (apt install qemu-efi-aarch64)"
                        .to_owned()
                })
            }
        }
    }
}

/// How a guest's instructions are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Accel {
    /// By the processor, through Linux.
    Kvm,
    /// By the processor, through macOS.
    Hvf,
    /// By QEMU itself.
    Tcg,
}

impl Accel {
    /// The one of this system's that could work, looked at cheaply; it is proved by a guest that makes progress.
    pub(super) fn candidate() -> Option<Self> {
        if cfg!(target_os = "macos") {
            return Some(Self::Hvf);
        }
        let kvm = Path::new("/dev/kvm");
        fs::OpenOptions::new().read(true).write(true).open(kvm).is_ok().then_some(Self::Kvm)
    }

    /// The processor that a guest sees.
    pub(super) fn cpu(self) -> &'static str {
        match self {
            Self::Kvm | Self::Hvf => "host",
            Self::Tcg => "max",
        }
    }

    /// What follows `-accel`.
    pub(super) fn argument(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Hvf => "hvf",
            Self::Tcg => "tcg,thread=multi",
        }
    }
}

impl fmt::Display for Accel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Kvm => "kvm",
            Self::Hvf => "hvf",
            Self::Tcg => "tcg",
        })
    }
}

/// What the user wants of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Wish {
    /// The first that works.
    #[default]
    Auto,
    Kvm,
    Hvf,
    Tcg,
}

impl FromStr for Wish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "kvm" => Ok(Self::Kvm),
            "hvf" => Ok(Self::Hvf),
            "tcg" => Ok(Self::Tcg),
            other => Err(format!("--qemu-accel {other:?} must be auto, kvm, hvf or tcg")),
        }
    }
}
