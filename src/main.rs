//! The process: arguments in, exit code out. Everything else is in the library, where tests reach it.

use std::process::ExitCode;

use barkeep::cli::{self, World};

fn main() -> ExitCode {
    cli::run(std::env::args_os(), &World::of_process()).into()
}
