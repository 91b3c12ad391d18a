//! A terminal's modes in SSH's terms (RFC 4254, section 8), so that the host's terminal behaves as the local one did.

use russh::Pty;
use rustix::termios::{InputModes, LocalModes, OutputModes, SpecialCodeIndex, Termios};

const CHARACTERS: [(Pty, SpecialCodeIndex); 12] = [
    (Pty::VINTR, SpecialCodeIndex::VINTR),
    (Pty::VQUIT, SpecialCodeIndex::VQUIT),
    (Pty::VERASE, SpecialCodeIndex::VERASE),
    (Pty::VKILL, SpecialCodeIndex::VKILL),
    (Pty::VEOF, SpecialCodeIndex::VEOF),
    (Pty::VEOL, SpecialCodeIndex::VEOL),
    (Pty::VSTART, SpecialCodeIndex::VSTART),
    (Pty::VSTOP, SpecialCodeIndex::VSTOP),
    (Pty::VSUSP, SpecialCodeIndex::VSUSP),
    (Pty::VREPRINT, SpecialCodeIndex::VREPRINT),
    (Pty::VWERASE, SpecialCodeIndex::VWERASE),
    (Pty::VLNEXT, SpecialCodeIndex::VLNEXT),
];

const INPUT: [(Pty, InputModes); 6] = [
    (Pty::ICRNL, InputModes::ICRNL),
    (Pty::INLCR, InputModes::INLCR),
    (Pty::IXON, InputModes::IXON),
    (Pty::IXANY, InputModes::IXANY),
    (Pty::IXOFF, InputModes::IXOFF),
    (Pty::IUTF8, InputModes::IUTF8),
];

const LOCAL: [(Pty, LocalModes); 8] = [
    (Pty::ISIG, LocalModes::ISIG),
    (Pty::ICANON, LocalModes::ICANON),
    (Pty::ECHO, LocalModes::ECHO),
    (Pty::ECHOE, LocalModes::ECHOE),
    (Pty::ECHOK, LocalModes::ECHOK),
    (Pty::ECHOCTL, LocalModes::ECHOCTL),
    (Pty::ECHOKE, LocalModes::ECHOKE),
    (Pty::IEXTEN, LocalModes::IEXTEN),
];

const OUTPUT: [(Pty, OutputModes); 2] = [(Pty::OPOST, OutputModes::OPOST), (Pty::ONLCR, OutputModes::ONLCR)];

/// The modes as a list for the host.
pub(super) fn of(termios: &Termios) -> Vec<(Pty, u32)> {
    let characters = CHARACTERS.map(|(pty, index)| (pty, u32::from(termios.special_codes[index])));
    let input = INPUT.map(|(pty, mode)| (pty, u32::from(termios.input_modes.contains(mode))));
    let local = LOCAL.map(|(pty, mode)| (pty, u32::from(termios.local_modes.contains(mode))));
    let output = OUTPUT.map(|(pty, mode)| (pty, u32::from(termios.output_modes.contains(mode))));
    let speeds = [(Pty::TTY_OP_ISPEED, termios.input_speed()), (Pty::TTY_OP_OSPEED, termios.output_speed())];
    [&characters[..], &input, &local, &output, &[(Pty::CS8, 1)], &speeds].concat()
}
