//! Makes the environment value and turns the result into an exit code; everything else is the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(rmachine::cli::run(&rmachine::env::Env::from_process()))
}
