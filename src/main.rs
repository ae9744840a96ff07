//! Reads the arguments, runs the program, prints the error chain, ends with the exit code.

use std::io::Write as _;
use std::process::ExitCode;

use docker_auto::app::{self, AppError};
use docker_auto::cli::arguments::{self, Read};
use docker_auto::logging::{Chain, printable_lines};

/// A usage error (the README's table of exit codes).
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Option<Vec<String>> =
        std::env::args_os().skip(1).map(|word| word.into_string().ok()).collect();
    match arguments.as_deref().map(arguments::read) {
        Some(Read::Command(command, file)) => end(app::run(command, file.as_deref())),
        Some(Read::Swap(operation)) => end(app::swap(&operation)),
        Some(Read::Help(text)) => {
            // A reader that went away has read enough.
            let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
            ExitCode::SUCCESS
        }
        Some(Read::Usage(text)) => fail(&text, USAGE),
        None => fail("an argument is not valid UTF-8", USAGE),
    }
}

fn end(ended: Result<u8, AppError>) -> ExitCode {
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) => fail(&Chain(&error).to_string(), error.exit_code()),
    }
}

fn fail(message: &str, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "docker-auto: {}", printable_lines(message.trim_end()));
    ExitCode::from(code)
}
