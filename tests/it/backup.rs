//! Data that is saved before an update: on real engines, with an image that destroys it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::engine::{Engine, Host};
use crate::support::program::Program;
use crate::support::registry::Registry;
use crate::support::scene::Scene;

mod data;
mod ends;
mod room;
mod ways;

/// Makes what an image could destroy: owners, modes, links, holes, a folder in a folder.
const FILL: &str = "mkdir -p /data/sub/empty && printf rows >/data/rows && \
    chown 1000:1001 /data/rows && chmod 640 /data/rows && : >/data/zero && ln -s rows /data/link && \
    ln /data/rows /data/hard && mkfifo /data/pipe && \
    dd if=/dev/zero of=/data/large bs=1048576 count=0 seek=70 2>/dev/null && \
    printf end >>/data/large && chmod 2750 /data/sub && chown 7:8 /data && chmod 1775 /data && \
    printf anon >/anon/file && chown 9:9 /anon && printf inner >/data/inner/file && \
    printf bound >/shared/file && mkdir /shared/more && chown 5:5 /shared";

/// Shows all of it.
const SHOW: &str = "find /data /anon /shared | sort | while read -r f; do \
    stat -c '%n %F %u %g %a %h %Y' \"$f\"; done; readlink /data/link; \
    cat /data/rows /data/hard /anon/file /data/inner/file /shared/file; md5sum /data/large; true";

/// What a bad version does when it starts.
const DESTROY: &str = "rm -rf /data/rows /data/sub /data/large; for f in /data/rows \
    /data/inner/file /anon/file /shared/file; do echo destroyed >$f; done; chown 0:0 /data /anon";

/// Returns a scene whose images no other scene has.
fn scene(engine: Engine) -> Scene {
    Scene::with(Host::shared(engine), Registry::faulty(&json!({})))
}

/// Returns the program for a scene, which looks after backups.
fn saving(scene: &Scene) -> Program {
    scene.program().env("DOCKER_AUTO_BACKUP_KEEP", "2")
}

/// Returns the body of a container with volumes that have names and one that has none, one within the
/// other, a folder of the host, and one that it cannot write to.
fn body(scene: &Scene, folder: &Path) -> Value {
    let (data, inner) = (scene.name("data"), scene.name("inner"));
    json!({
        "Labels": {"scene": scene.prefix, "docker-auto.backup": "volumes"},
        "HostConfig": {
            "Binds": [format!("{data}:/data"), format!("{}:/shared", folder.display()), "/etc:/etc-of-host:ro"],
            "Mounts": [{"Type": "volume", "Source": inner, "Target": "/data/inner"}],
        },
    })
}

/// Pushes version 1 with a volume of its own and starts it with everything in place.
#[track_caller]
fn start(scene: &Scene, body: &Value) {
    let anonymous = json!({"Volumes": {"/anon": {}}});
    scene.registry.push(&scene.image("web", "1").config(&anonymous));
    scene.start_pushed("web", body);
    scene.host.exec(&scene.name("web"), &["sh", "-c", FILL]);
}

/// Pushes a version that destroys the data and then does `more`.
#[track_caller]
fn push_destroyer(scene: &Scene, version: &str, more: &str) {
    let config = json!({
        "Volumes": {"/anon": {}},
        "Entrypoint": ["/bin/sh", "-c", format!("{DESTROY}; {more}")],
    });
    scene.registry.push(&scene.image("web", version).config(&config));
}

/// Returns everything that can be told of the data.
#[track_caller]
fn shown(scene: &Scene) -> String {
    scene.host.read_in(&scene.name("web"), &["sh", "-c", SHOW])
}

/// Returns the folders in a folder of backups, by name.
fn folders(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// Returns where a program saves data.
fn backups(program: &Program) -> PathBuf {
    program.data_dir().join("backups")
}

/// Returns the newest record of the scene's container.
#[track_caller]
fn last_record(program: &Program, scene: &Scene) -> Value {
    program.run(&["history", &scene.name("web"), "--json"]).expect(0).json()[0].clone()
}
