//! Whose a host is that is not ours.

/// The machine that has a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its name.
    pub machine: String,
    /// Whether it is in our store.
    pub is_here: bool,
    /// Whether its driver made the host.
    pub is_made: bool,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let store = if self.is_here { "this" } else { "another" };
        let made = if self.is_made { ", which made it" } else { "" };
        write!(out, "the machine {} of {store} store{made}", self.machine)
    }
}
