//! The benchmark: docker-auto as a black box, beside a limit and peer-like baselines, all in one run.
//!
//! ```text
//! cargo bench                                          everything; takes about ten minutes
//! cargo bench -- --quick                               a look: fewer containers, runs and seconds
//! cargo bench -- --part check,memory --markdown        some parts, as a table for the README
//! cargo bench -- --part limits --raw runs.jsonl        the clients alone, with every run written down
//! cargo bench -- --help
//! ```
//!
//! The program is what cargo built with this benchmark, or `DOCKER_AUTO_BIN`. Nothing is asked of the network: an
//! engine on a unix socket and a registry (plain, or TLS with HTTP/2 and Bearer tokens, near or 50 ms away) are played
//! by a process of the harness. Only the part `update` needs a real engine, named by `DOCKER_HOST` (or `LAB_HOST_NEW`).
//!
//! # How to read the table
//!
//! Every line is a figure: the median of several runs with the least and the most, then what it is beside the others
//! *of the same run* as `×ratio (their value)`, then its goal. Below 1 is better than the other. Ratios hold on any
//! machine; the values do not, and move with the load that is printed below the table, so they are never compared
//! across days. `~` marks a value that was extrapolated from fewer containers instead of waited for.
//!
//! * `lan` is the plain loopback, `wan` the same with a round trip of 50 ms, `tls` is TLS 1.3 with HTTP/2 offered,
//!   tokens and 50 ms. The delay is at the level of TCP and charges the handshake, so connections have their price.
//! * `limit`: the requests without which there is no check (two lists of the engine, one HEAD for each image and, where
//!   wanted, one challenge and tokens for 25 repositories each), over as many connections as the product may have: 16 in
//!   `lan`, 64 in `wan`, one HTTP/2 connection with 250 streams in `tls`. It is a process, too, and timed from exec to
//!   exit. For memory and start the limit is a server of one page; for outages it is `docker restart`.
//! * `burst`, `chatty`, `pool10`, `seq`: the requests of known tools as they were measured, in the same order and on as
//!   many connections, but by this harness's client; so they are a little kinder than the tools. They stand for a ping,
//!   one token and a connection for each image (`burst`), five requests in a chain for each image (`chatty`), ten workers
//!   with new connections (`pool10`), and one image after the other (`seq`).
//! * Lines of counts are exact and hard gates: one HEAD for each image that is up to date, at most one challenge and
//!   ⌈N/25⌉ tokens, no GET, at most 2 connections with HTTP/2 and 64 with HTTP/1.1. Only they make the benchmark fail.
//!
//! Processor time is that of all threads, from the kernel's accounts of ended children. Memory is read from `/proc` of
//! the running server (1 MB is a million bytes); wake-ups are how often any of its threads got a processor.
#![recursion_limit = "256"]

mod client;
mod clock;
mod count;
mod elf;
mod fault;
mod figure;
mod floor;
mod harness;
mod image;
mod mock;
mod mocks;
mod options;
mod part;
mod plain_http;
mod product;
mod report;
mod resident;
mod run;
mod scene;
mod server;

use argh::FromArgs as _;
use fault::Fault;
use harness::Harness;
use mocks::Mocks;
use options::Options;
use product::Product;
use report::{Report, Style, progress};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["mock", folder, outer] => mock::run(Path::new(folder), outer).map(|()| ExitCode::SUCCESS),
        ["client", task] => client::run(task).and_then(|said| {
            report::say(&said)?;
            Ok(ExitCode::SUCCESS)
        }),
        ["page", address] => floor::page(address).map(|()| ExitCode::SUCCESS),
        _ => benchmark(&arguments),
    };
    outcome.unwrap_or_else(|fault| {
        progress(&format!("bench: {fault}"));
        ExitCode::FAILURE
    })
}

fn benchmark(arguments: &[&str]) -> Result<ExitCode, Fault> {
    let options = match Options::from_args(&["cargo bench --"], arguments) {
        Ok(options) => options,
        Err(early) if early.status.is_ok() => {
            report::say(&early.output)?;
            return Ok(ExitCode::SUCCESS);
        }
        Err(early) => return Err(early.output.into()),
    };
    let product = Product::find();
    if options.wants_product() {
        product.path()?;
    }
    let scratch = tempfile::tempdir()?;
    let mut harness = Harness {
        mocks: Mocks::start(scratch.path())?,
        product,
        report: Report::new(options.raw.as_deref())?,
        options,
        scratch,
    };
    part::run(&mut harness);
    let subject = harness.product.describe();
    let style = if harness.options.markdown { Style::Markdown } else { Style::Text };
    let holds = harness.report.print(style, &subject)?;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
