//! Networks: the same ones in the same way, with the addresses that were asked for and no others.

use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::lab::needs;
use crate::support::scene::{PATIENCE, Scene, on_each_engine};
use crate::support::wait::wait_until;

use super::update;

/// What an engine gives to each endpoint anew.
const GIVEN: [&str; 3] = ["DNSNames", "EndpointID", "MacAddress"];

/// Makes a network with addresses of its own; returns its name.
fn network(scene: &Scene, short: &str, subnet: &str, more: &Value) -> String {
    let name = scene.name(short);
    let mut body = json!({"Name": name, "IPAM": {"Config": [{"Subnet": subnet}]}});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    scene.host.post("/networks/create", &body);
    name
}

fn connect(scene: &Scene, network: &str, short: &str, endpoint: &Value) {
    let body = json!({"Container": scene.name(short), "EndpointConfig": endpoint});
    let path = format!("/networks/{network}/connect");
    let answer = scene.host.ask_by(newest(scene.host.engine), "POST", &path, Some(&body));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Returns a version of the API that knows all that an engine can do with networks.
fn newest(engine: Engine) -> &'static str {
    match engine {
        Engine::Old => "1.41",
        Engine::New | Engine::Containerd => "1.48",
    }
}

fn endpoint<'a>(inspect: &'a Value, network: &str) -> &'a Value {
    &inspect["NetworkSettings"]["Networks"][network]
}

/// Returns a container's endpoints as they are asked for, without what carries its ID.
fn endpoints(scene: &Scene, short: &str) -> Value {
    let path = format!("/containers/{}/json", scene.name(short));
    let shown = scene.host.ask_by(newest(scene.host.engine), "GET", &path, None).text();
    let inspect: Value = serde_json::from_str(&shown).unwrap();
    let id = inspect["Id"].as_str().unwrap();
    let mut endpoints = inspect["NetworkSettings"]["Networks"].clone();
    for endpoint in endpoints.as_object_mut().unwrap().values_mut() {
        let is_asked = !endpoint["IPAMConfig"]["IPv4Address"].is_null();
        let keeps = |field: &str| !GIVEN.contains(&field) && (field != "IPAddress" || is_asked);
        endpoint.as_object_mut().unwrap().retain(|field, _| keeps(field));
        let aliases = endpoint["Aliases"].as_array_mut().into_iter().flatten();
        aliases.filter(|alias| **alias == id[..12]).for_each(|alias| *alias = "(its ID)".into());
    }
    endpoints
}

/// Returns where packets go.
fn default_route(scene: &Scene, short: &str) -> String {
    let routes = scene.host.read_in(&scene.name(short), &["ip", "route"]);
    let default = routes.lines().find(|route| route.starts_with("default")).expect("a way out");
    default.split(" dev ").next().unwrap_or_default().to_owned()
}

/// Returns the values of a kernel setting; the names of interfaces change from start to start.
fn martians(scene: &Scene, short: &str) -> String {
    let show = "cat /proc/sys/net/ipv4/conf/eth*/log_martians | sort";
    scene.host.read_in(&scene.name(short), &["sh", "-c", show])
}

#[test]
fn several_networks_stay_with_addresses_names_and_the_way_out() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let address = |last: u8| format!("192.0.2.{last}");
        let zulu = network(&scene, "zulu", "192.0.2.0/27", &json!({}));
        let alpha = network(&scene, "alpha", "192.0.2.32/27", &json!({}));
        let mike = network(&scene, "mike", "192.0.2.64/27", &json!({}));
        // The last by name is the main one, and has the way out where nothing says otherwise.
        scene.start_outdated(
            "web",
            &json!({"HostConfig": {"NetworkMode": zulu}, "NetworkingConfig": {"EndpointsConfig": {
                &zulu: {"IPAMConfig": {"IPv4Address": address(9)}, "Aliases": ["last", "end"]}}}}),
        );
        connect(
            &scene,
            &alpha,
            "web",
            &json!({"IPAMConfig": {"IPv4Address": address(41)}, "Aliases": ["first"]}),
        );
        let sysctl = "com.docker.network.endpoint.sysctls";
        connect(
            &scene,
            &mike,
            "web",
            &json!({"GwPriority": 7, "IPAMConfig": {"LinkLocalIPs": ["169.254.7.7"]},
                    "DriverOpts": {sysctl: "net.ipv4.conf.IFNAME.log_martians=1"}}),
        );
        let name = scene.name("web");
        scene.host.post(&format!("/containers/{name}/restart?t=0"), &json!({}));
        let seen = |short| {
            (endpoints(&scene, short), default_route(&scene, short), martians(&scene, short))
        };
        let before = seen("web");
        let program = scene.program();
        for version in ["2", "3"] {
            scene.push("web", version);
            let (was, is) = update(&scene, &program, "web");
            assert_eq!(seen("web"), before, "{engine:?}");
            assert_eq!(is["HostConfig"]["NetworkMode"], was["HostConfig"]["NetworkMode"]);
            let old_id = was["Id"].as_str().unwrap()[..12].to_owned();
            assert!(!is["NetworkSettings"].to_string().contains(&old_id), "{is}");
        }
        if engine != Engine::Old {
            assert!(before.1.ends_with(&address(65)), "priority decides: {}", before.1);
            assert!(before.2.contains('1'), "the setting of one endpoint is there");
        }
        // It is found by its names.
        let peer = json!({"HostConfig": {"NetworkMode": alpha}});
        scene.start_like("web", "peer", &peer);
        let found = scene.host.read_in(&scene.name("peer"), &["nslookup", "first"]);
        assert!(found.contains(&address(41)), "{found}");
    });
}

#[test]
fn hardware_addresses_stay_if_they_were_asked_for_and_only_then() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let main = network(&scene, "main", "192.0.2.128/27", &json!({}));
        let other = network(&scene, "other", "192.0.2.160/27", &json!({}));
        let asked = "02:de:ad:be:ef:07";
        let mut body = json!({
            "Labels": {"scene": scene.prefix, format!("docker-auto.mac.{other}"): "keep"},
            "HostConfig": {"NetworkMode": main},
        });
        if engine == Engine::Old {
            body["MacAddress"] = asked.into();
        } else {
            body["NetworkingConfig"]["EndpointsConfig"][&main]["MacAddress"] = asked.into();
        }
        scene.start("web", &body);
        connect(&scene, &other, "web", &json!({}));
        let generated = json!({"HostConfig": {"NetworkMode": main}});
        for short in ["one", "two"] {
            scene.start_like("web", short, &generated);
        }
        // Their addresses change hands.
        let address = |short: &str| {
            let inspect = scene.host.inspect(&scene.name(short));
            endpoint(&inspect, &main)["IPAddress"].clone()
        };
        let before = [address("one"), address("two")];
        let do_to_each = |verb: &str, names: [&str; 2]| {
            for short in names {
                scene.host.post(&format!("/containers/{}/{verb}", scene.name(short)), &json!({}));
            }
        };
        wait_until("they have changed hands", PATIENCE, || {
            do_to_each("stop?t=0", ["one", "two"]);
            // An old engine answers before it has taken them out of the network.
            wait_until("both have left the network", PATIENCE, || {
                let left = scene.host.get(&format!("/networks/{main}"))["Containers"].to_string();
                ["one", "two"].iter().all(|short| !left.contains(&scene.name(short)))
            });
            do_to_each("start", ["two", "one"]);
            [address("two"), address("one")] == before
        });
        scene.push("web", "2");
        let program = scene.program();
        let (before, after) = update(&scene, &program, "web");
        assert_eq!(endpoint(&after, &main)["MacAddress"], asked, "{engine:?}");
        // An engine of that age sets no other address than the main one.
        if engine != Engine::Old {
            let kept = &endpoint(&before, &other)["MacAddress"];
            assert_eq!(&endpoint(&after, &other)["MacAddress"], kept);
        }
        let shown = ["one", "two"].map(|short| {
            let (_, after) = update(&scene, &program, short);
            assert!(
                after["Config"]["MacAddress"].as_str().unwrap_or_default().is_empty(),
                "{after}"
            );
            endpoint(&after, &main)["MacAddress"].clone()
        });
        assert_ne!(shown[0], shown[1], "{engine:?}");
    });
}

#[test]
fn a_place_in_the_hosts_own_network_stays() {
    needs!(lab);
    on_each_engine(|engine| {
        let scene = Scene::on(engine);
        let driver = json!({"Driver": "macvlan", "Options": {"parent": "eth0"}});
        let lan = network(&scene, "lan", "192.0.2.192/27", &driver);
        let asked = "02:de:ad:be:ef:08";
        let address = "192.0.2.200";
        let mut body = json!({"HostConfig": {"NetworkMode": lan}, "NetworkingConfig": {
            "EndpointsConfig": {&lan: {"IPAMConfig": {"IPv4Address": address}}}}});
        match engine {
            Engine::Old => body["MacAddress"] = asked.into(),
            _ => body["NetworkingConfig"]["EndpointsConfig"][&lan]["MacAddress"] = asked.into(),
        }
        scene.start_outdated("web", &body);
        let before = endpoints(&scene, "web");
        let (_, after) = update(&scene, &scene.program(), "web");
        assert_eq!(endpoints(&scene, "web"), before, "{engine:?}");
        assert_eq!(endpoint(&after, &lan)["IPAddress"], address);
        assert_eq!(endpoint(&after, &lan)["MacAddress"], asked);
        let link = scene.host.read_in(&scene.name("web"), &["ip", "address"]);
        assert!(link.contains(asked) && link.contains(address), "{link}");
    });
}
