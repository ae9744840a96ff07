//! Everything that can be asked for when a container is made, on each engine, and what becomes of it
//! in an update.

mod compare;
mod cook;
mod dishes;
mod fate;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::on_each_engine;

use compare::{ALLOWED, CHOICE, changes};
use cook::{Results, known_flags, serve};
use dishes::{DISHES, OTHER_FLAGS, Wish};

#[test]
fn everything_that_was_asked_for_is_there_after_an_update() {
    needs!(lab);
    let results = Mutex::new(BTreeMap::new());
    on_each_engine(|engine| {
        let position = Engine::ALL.iter().position(|one| *one == engine);
        let served = serve(engine);
        results.lock().unwrap().insert(position, served);
    });
    let results: Vec<_> = results.into_inner().unwrap().into_values().collect();
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    for Results { engine, served, .. } in &results {
        for one in served {
            for change in changes(&one.before, &one.after) {
                match change.explained() {
                    Some(pattern) => drop(used.insert(pattern)),
                    None => problems.push(format!("{engine:?} {}: {}", one.dish, change.text())),
                }
            }
        }
    }
    let unused = ALLOWED.iter().filter(|(pattern, why)| *why != CHOICE && !used.contains(pattern));
    problems.extend(unused.map(|(pattern, _)| format!("{pattern:?} never differs")));
    let fates = fate::of_fields(&results, &mut problems);
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    let titles: Vec<_> = results.into_iter().map(|results| results.title).collect();
    table::check(&titles, &fates);
}

#[test]
fn every_flag_of_docker_run_is_asked_for() {
    needs!(lab);
    let mut asked: BTreeSet<_> = OTHER_FLAGS.iter().map(|(flag, _)| (*flag).to_owned()).collect();
    for dish in DISHES {
        if let Wish::Flags(flags) = dish.wish {
            asked.extend(flags.iter().map(|(flag, _)| (*flag).to_owned()));
        }
    }
    let known: BTreeSet<_> = [Engine::Old, Engine::New].into_iter().flat_map(known_flags).collect();
    assert!(known.len() > 90, "the help is read: {known:?}");
    assert_eq!(asked, known);
}
