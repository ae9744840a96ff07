//! Tables of edges, companions and orders.

use serde_json::json;

use super::*;

struct World(Vec<(ContainerName, ContainerId, Labels, Value)>);

/// Reads lines of `name key=value …`, where a key is a label's or a path below `HostConfig`.
fn world(text: &str) -> World {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let read = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap();
        let (mut labels, mut host) = (Labels::new(), json!({}));
        for (key, value) in words.filter_map(|word| word.split_once('=')) {
            match key {
                "Links" | "VolumesFrom" => host[key] = value.split(';').collect(),
                "NetworkMode" | "PidMode" | "IpcMode" => host[key] = value.into(),
                "service" => {
                    labels.insert("com.docker.compose.project".into(), "shop".into());
                    labels.insert("com.docker.compose.service".into(), value.into());
                }
                "project" => drop(labels.insert("com.docker.compose.project".into(), value.into())),
                "oneoff" => drop(labels.insert("com.docker.compose.oneoff".into(), value.into())),
                "compose" => {
                    labels.insert("com.docker.compose.depends_on".into(), value.into());
                }
                "own" => drop(labels.insert(DEPENDS_ON.into(), value.into())),
                _ => panic!("{key}"),
            }
        }
        let id = ContainerId::new(format!("{name:0<64}"));
        (ContainerName::new(name), id, labels, json!({"HostConfig": host}))
    };
    World(lines.map(read).collect())
}

impl World {
    fn edges(&self) -> BTreeSet<Edge> {
        // The containers before those that are there, whose IDs begin with the same letters.
        let id = |name: &ContainerName| ContainerId::new(format!("{:9<64}", name.as_str()));
        let remembered = &self.0.iter().map(|(name, ..)| (id(name), name.clone())).collect();
        let node = |(name, id, labels, inspect)| Node { name, id, labels, inspect, remembered };
        let nodes: Vec<_> = self.0.iter().map(|(n, i, l, v)| node((n, i, l, v))).collect();
        edges(&nodes)
    }
}

fn shown(edge: &Edge) -> String {
    let bond = match edge.bond {
        Bond::Namespace => "namespace".to_owned(),
        Bond::Link => "link".to_owned(),
        Bond::Volumes => "volumes".to_owned(),
        Bond::Order { until, restart } => {
            let restart = if restart { "+restart" } else { "" };
            format!("{}{restart}", format!("{until:?}").to_lowercase())
        }
    };
    format!("{}>{}:{bond}", edge.from, edge.to)
}

#[test]
fn every_kind_of_edge_is_read() {
    let id = format!("{:0<64}", "vpn");
    let short = &id[..12];
    for (text, expected) in [
        (format!("vpn\napp NetworkMode=container:{id}"), "app>vpn:namespace"),
        (format!("vpn\napp PidMode=container:{short}"), "app>vpn:namespace"),
        ("vpn\napp IpcMode=container:vpn".into(), "app>vpn:namespace"),
        ("vpn\napp NetworkMode=container:gone".into(), ""),
        ("app NetworkMode=container:app".into(), ""),
        ("app NetworkMode=bridge".into(), ""),
        ("db\nweb Links=/db:/web/database;/gone:/web/x".into(), "web>db:link"),
        ("data\nweb VolumesFrom=data:ro;gone".into(), "web>data:volumes"),
        // It was made together with the other one, which had that name then.
        ("data\nweb VolumesFrom=data.da-new-0a1b2c:ro".into(), "web>data:volumes"),
        ("web VolumesFrom=data.da-new-0a1b2c".into(), ""),
        ("data\nweb VolumesFrom=data.da-old-0a1b2c".into(), ""),
        (format!("data\nweb VolumesFrom={:0<64}", "data"), "web>data:volumes"),
        // The other one was replaced since.
        (format!("data\nweb VolumesFrom={:9<64}:ro", "data"), "web>data:volumes"),
        (format!("data\nweb VolumesFrom={:9<12}", "data"), "web>data:volumes"),
        (format!("data\nweb NetworkMode=container:{:9<64}", "data"), ""),
        ("d service=db\nw service=web compose=db:service_healthy:false".into(), "w>d:healthy"),
        (
            "d service=db\nw service=web compose=db:service_started:true".into(),
            "w>d:started+restart",
        ),
        (
            "m service=migrate\nw service=web compose=migrate:service_completed_successfully:false"
                .into(),
            "w>m:completed",
        ),
        // What older versions wrote.
        (
            "c service=cache\nd service=db\nw service=web compose=db,cache".into(),
            "w>c:healthy+restart w>d:healthy+restart",
        ),
        ("d service=db\nw service=web compose=".into(), ""),
        ("d service=db\nw service=web compose=unknown:service_started:false".into(), ""),
        // A service of the same name in another project, and one-off containers, are not meant.
        ("d service=db project=other\nw service=web compose=db".into(), ""),
        ("d service=db oneoff=True\nw service=web compose=db".into(), ""),
        // All replicas are.
        (
            "d1 service=db\nd2 service=db\nw service=web compose=db:service_started:false".into(),
            "w>d1:started w>d2:started",
        ),
        ("db\nweb own=db".into(), "web>db:started"),
        ("db\nweb own=db:healthy:restart,gone".into(), "web>db:healthy+restart"),
        ("d service=db\nw service=web own=db:restart".into(), "w>d:started+restart"),
        // One source does not hide another.
        (
            "vpn service=vpn\napp service=app compose=vpn:service_healthy:false NetworkMode=container:vpn"
                .into(),
            "app>vpn:namespace app>vpn:healthy",
        ),
    ] {
        let edges: Vec<_> = world(&text).edges().iter().map(shown).collect();
        assert_eq!(edges.join(" "), expected, "{text}");
    }
}

#[test]
fn what_goes_along_is_found_in_order() {
    let chain = "c service=c\nb service=b compose=c:service_healthy:true\n\
                 a service=a compose=b:service_healthy:true";
    for (text, target, mounts, sharers, dependents) in [
        ("vpn\napp NetworkMode=container:vpn", "vpn", Mounts::Same, "app", ""),
        ("vpn\napp NetworkMode=container:vpn", "app", Mounts::Same, "", ""),
        ("vpn\nz NetworkMode=container:vpn\na PidMode=container:z", "vpn", Mounts::Same, "z a", ""),
        ("data\nweb VolumesFrom=data", "data", Mounts::Same, "", ""),
        ("data\nweb VolumesFrom=data", "data", Mounts::Changed, "web", ""),
        ("db\nweb Links=/db:/web/db", "db", Mounts::Same, "web", ""),
        (chain, "c", Mounts::Same, "", "b a"),
        (chain, "b", Mounts::Same, "", "a"),
        (chain, "a", Mounts::Same, "", ""),
        ("db\nweb own=db", "db", Mounts::Same, "", ""),
        // Who is made anew is not restarted as well; who needs one that is made anew is.
        (
            "vpn\napp NetworkMode=container:vpn own=vpn:restart\nui own=app:restart",
            "vpn",
            Mounts::Same,
            "app",
            "ui",
        ),
        // A circle ends.
        ("a own=b:restart\nb own=a:restart", "a", Mounts::Same, "", "b"),
        // Who lives with one that is restarted is restarted after it.
        (
            "db\nui own=db:restart\nlog NetworkMode=container:ui\ndeep PidMode=container:log",
            "db",
            Mounts::Same,
            "",
            "ui log deep",
        ),
        ("db\nui own=db:restart\nlog VolumesFrom=ui own=ui", "db", Mounts::Changed, "", "ui"),
        ("db\nui own=db:restart\nlog IpcMode=container:db own=ui", "db", Mounts::Same, "log", "ui"),
    ] {
        let stays = BTreeSet::new();
        let found = companions(&world(text).edges(), &ContainerName::new(target), mounts, &stays);
        let words = |names: &[ContainerName]| {
            let names: Vec<_> = names.iter().map(ContainerName::as_str).collect();
            names.join(" ")
        };
        let found = (words(&found.sharers), words(&found.dependents));
        assert_eq!(found, (sharers.to_owned(), dependents.to_owned()), "{text} for {target}");
    }
}

#[test]
fn who_is_to_stay_up_is_not_restarted() {
    let chain = "db\napi own=db:restart\nui own=api:restart";
    let home = "db\napi own=db:restart\nlog NetworkMode=container:api\nui own=db:restart";
    for (text, stays, sharers, dependents) in [
        (chain, "", "", "api ui"),
        (chain, "ui", "", "api"),
        // What needs another one for it alone stays up as well.
        (chain, "api", "", ""),
        ("db\napi own=db:restart\nui own=api:restart,db:restart", "api", "", "ui"),
        // It would lose the namespace in which it lives.
        (home, "log", "", "ui"),
        (home, "api", "", "ui"),
        ("db\napi own=db:restart\na PidMode=container:api\nb IpcMode=container:a", "b", "", ""),
        // Who has to be made anew is not asked here.
        ("db\nside NetworkMode=container:db\nui own=side:restart", "side", "side", "ui"),
    ] {
        let stays = stays.split_whitespace().map(ContainerName::new).collect();
        let edges = world(text).edges();
        let found = companions(&edges, &ContainerName::new("db"), Mounts::Same, &stays);
        let words = |names: &[ContainerName]| {
            let names: Vec<_> = names.iter().map(ContainerName::as_str).collect();
            names.join(" ")
        };
        let found = (words(&found.sharers), words(&found.dependents));
        assert_eq!(found, (sharers.to_owned(), dependents.to_owned()), "{text} but {stays:?}");
    }
}

#[test]
fn who_is_needed_starts_first() {
    for (text, wanted, expected) in [
        ("a own=b\nb own=c\nc", "a b c", "c b a"),
        ("a own=b\nb own=c\nc", "a c", "c a"),
        ("a\nb\nc", "c a b", "a b c"),
        ("a own=b\nb own=a\nc own=a", "a b c", "b a c"),
        ("a own=c\nb own=c\nc", "a b c", "c a b"),
    ] {
        let wanted = wanted.split(' ').map(ContainerName::new).collect();
        let order = starting_order(&world(text).edges(), &wanted);
        let order: Vec<_> = order.iter().map(ContainerName::as_str).collect();
        assert_eq!(order.join(" "), expected, "{text}");
    }
}

#[test]
fn who_must_have_ended_comes_first() {
    for (text, target, expected) in [
        ("a own=b:completed\nb\nc", "a", "b"),
        ("a own=b:completed\nb own=c:completed\nc", "a", "c b"),
        ("a own=b:completed,c\nb\nc", "a", "b"),
        // Whom it only needs started decides the order all the same.
        ("a own=b:completed,c:completed\nb own=d\nd own=c\nc", "a", "c b"),
        ("a own=b:completed\nb own=a:completed", "a", "b"),
        ("a own=b:healthy\nb own=c:completed\nc", "a", ""),
        ("a own=b:completed\nb", "b", ""),
    ] {
        let found = completed(&world(text).edges(), &ContainerName::new(target));
        let found: Vec<_> = found.iter().map(ContainerName::as_str).collect();
        assert_eq!(found.join(" "), expected, "{text}");
    }
}

#[test]
fn what_no_edge_connects_stands_alone() {
    for (text, wanted, expected) in [
        ("a own=b\nb\nc", "a b c", "b a | c"),
        // The one between them is not wanted, and connects them all the same.
        ("a own=b\nb own=c\nc\nd own=b", "a c d", "c a d"),
        ("a\nb", "a b", "a | b"),
    ] {
        let wanted = wanted.split(' ').map(ContainerName::new).collect();
        let groups = components(&world(text).edges(), &wanted).into_iter().map(|group| {
            let names: Vec<_> = group.iter().map(ContainerName::as_str).collect();
            names.join(" ")
        });
        assert_eq!(groups.collect::<Vec<_>>().join(" | "), expected, "{text}");
    }
}

#[test]
fn a_label_that_cannot_be_read_is_named() {
    for (text, wrong) in [
        ("db", None),
        ("db:healthy, cache:restart", None),
        ("db:service_healthy:restart", None),
        ("db:helthy", Some("helthy")),
        ("db::", Some("\"\"")),
    ] {
        let problem = edge::problem(text);
        assert_eq!(problem.is_some(), wrong.is_some(), "{text}: {problem:?}");
        assert!(problem.unwrap_or_default().contains(wrong.unwrap_or_default()), "{text}");
    }
}
