//! Where it could not come back it does not begin, and says why.

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::lab::needs;

use super::house::{DATA, House, NAME};

fn asked(house: &House, body: &Value) -> String {
    let id = house.host.create_and_start(NAME, body);
    house.wait("it listens", || house.host.logs(NAME).contains("listening on").then_some(()));
    let (code, said) = house.run(&["update", NAME]);
    assert_eq!(code, 1, "{said}");
    let (_, planned) = house.run(&["plan", NAME]);
    assert_eq!(house.host.inspect(NAME)["Id"], *id);
    house.host.delete(&format!("/containers/{NAME}?force=1"));
    format!("{said}\n{planned}")
}

#[test]
fn what_stands_against_it_is_said() {
    needs!(lab);
    let house = House::on(Engine::Old);
    house.push("2");
    let socket = format!("{}:/var/run/docker.sock", house.proxy.socket.display());
    let folder = house.proxy.socket.parent().unwrap().display().to_string();
    let removed = house.body(&[], &json!({"AutoRemove": true, "RestartPolicy": {"Name": "no"}}));
    let inside = house.body(&["DOCKER_AUTO_DATA=/inside"], &json!({}));
    let tmpfs = house.body(&[], &json!({"Binds": [socket], "Tmpfs": {"/data": ""}}));
    let whole = house.body(
        &["DOCKER_HOST=unix:///sockets/docker.sock"],
        &json!({"Binds": [format!("{folder}:/sockets"), format!("{DATA}:/data")]}),
    );
    for (body, words) in [
        (removed, "run it without --rm"),
        (inside, "put DOCKER_AUTO_DATA on a volume"),
        (tmpfs, "put DOCKER_AUTO_DATA on a volume"),
    ] {
        let said = asked(&house, &body);
        assert_eq!(said.matches(words).count(), 2, "{said}");
    }
    // The folder of the socket is as good as the socket itself.
    house.host.create_and_start(NAME, &whole);
    house.wait("it serves", || house.serves().then_some(()));
    house.begin("update");
    assert_eq!(house.recorded(1)["outcome"], "updated");
}

#[test]
fn whose_network_it_lives_in_is_infrastructure() {
    needs!(lab);
    let house = House::on(Engine::New);
    let parent = json!({"Image": house.reference(), "Entrypoint": ["sleep", "9999"]});
    house.host.create_and_start("vpn", &parent);
    house.push("2");
    let mode = json!({"NetworkMode": "container:vpn", "PortBindings": {}});
    let body = house.body(&["DOCKER_AUTO_HEALTH_TIMEOUT=20s"], &mode);
    house.host.create_and_start(NAME, &body);
    house.wait("it listens", || house.host.logs(NAME).contains("listening on").then_some(()));
    for verb in ["update", "rollback"] {
        let (code, said) = house.run(&[verb, "vpn"]);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("docker-auto lives in its network"), "{said}");
    }
    house.begin("update");
    let record = house.recorded(1);
    assert_eq!(record["outcome"], "updated", "{record:#}");

    // It is run like the one that it is to replace, and stays beside it, stopped.
    let now = house.host.inspect(NAME)["Id"].clone();
    house.push_with("3", &json!({"Env": ["DOCKER_AUTO_DATA=/elsewhere"]}));
    house.begin("update");
    let record = house.recorded(2);
    assert_eq!(record["outcome"], "rolled_back", "{record:#}");
    assert_eq!(house.host.inspect(NAME)["Id"], now);
}

/// What a container needs to run a program of this machine.
const PROGRAMS: [&str; 3] = ["/usr:/usr:ro", "/lib:/lib:ro", "/lib64:/lib64:ro"];

/// Relays the connections to its port to the engine's socket.
const RELAY: &str = "
import socket, socketserver, threading
class Relay(socketserver.BaseRequestHandler):
    def handle(self):
        engine = socket.socket(socket.AF_UNIX)
        engine.connect('/docker.sock')
        threading.Thread(target=self.copy, args=(engine, self.request), daemon=True).start()
        self.copy(self.request, engine)
    def copy(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
socketserver.ThreadingTCPServer.request_queue_size = 64
socketserver.ThreadingTCPServer(('', 2375), Relay).serve_forever()
";

#[test]
fn through_what_it_reaches_the_engine_is_infrastructure() {
    needs!(lab);
    let house = House::on(Engine::Old);
    house.host.post("/networks/create", &json!({"Name": "way"}));
    let mut binds = PROGRAMS.map(str::to_owned).to_vec();
    binds.push(format!("{}:/docker.sock", house.proxy.socket.display()));
    let relay = json!({
        "Image": house.reference(), "Entrypoint": ["/usr/bin/python3", "-c", RELAY], "Cmd": [],
        "HostConfig": {"Binds": binds, "NetworkMode": "way"}, "StopSignal": "SIGKILL",
        "Labels": {"docker-auto.depends-on": "base:restart"},
    });
    let base = json!({
        "Image": house.reference(), "Cmd": [], "StopSignal": "SIGKILL",
        "Entrypoint": ["/usr/bin/python3", "-c", "import time; time.sleep(1e6)"],
        "HostConfig": {"Binds": PROGRAMS, "NetworkMode": "none"},
    });
    house.host.create_and_start("base", &base);
    let proxy = house.host.create_and_start("proxy", &relay);
    house.push("2");
    let own = json!({"Binds": [format!("{DATA}:/data")], "NetworkMode": "way"});
    let body = house.body(&["DOCKER_HOST=tcp://proxy:2375"], &own);
    house.host.create_and_start(NAME, &body);
    house.wait("it serves", || house.serves().then_some(()));
    for verb in ["update", "rollback"] {
        let (code, said) = house.run(&[verb, "proxy"]);
        assert!(code == 1 && said.contains("reaches Docker through it"), "{code} {said}");
    }
    // Nor is it restarted with what it needs.
    let (code, said) = house.run(&["plan", "base"]);
    let stays = "proxy is not restarted with it: docker-auto reaches Docker through it";
    assert!(code == 0 && said.contains(stays), "{code} {said}");
    house.begin("update");
    let record = house.recorded(1);
    assert_eq!(record["outcome"], "updated", "{record:#}");
    house.wait("it serves", || house.serves().then_some(()));
    assert_eq!(house.version(), "2");
    assert_eq!(house.host.inspect("proxy")["Id"], *proxy, "nobody touched it");
}
