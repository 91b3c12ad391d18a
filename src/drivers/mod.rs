//! The list of built-in drivers: the one place that names them.

use crate::driver::Driver;

/// All built-in drivers, in the order in which a default is looked for.
pub fn all() -> Vec<Box<dyn Driver>> {
    vec![]
}

/// A driver by its name.
pub fn find(name: &str) -> Option<Box<dyn Driver>> {
    all().into_iter().find(|driver| driver.name() == name)
}
