//! Credentials: from settings, from Docker's file, from its helpers, and for the engine's pulls.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docker_auto::core::reference::ImageRef;
use docker_auto::core::secret::Secret;
use docker_auto::registry::{Credential, Login, PullCredentials, Registry, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::run;
use crate::support::scripted::{Reaction, Reply, ScriptedServer, Seen};
use crate::support::wait::wait_until;

use super::door::Door;
use super::fake::{Fake, digest_of, outcome_of, settings};

/// A folder with Docker's file and the helpers it names.
struct Home(TempDir);

impl Home {
    fn new(config: &Value) -> Self {
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("config.json"), config.to_string()).unwrap();
        Self(dir)
    }

    /// Adds a helper that is asked for `$server`.
    fn helper(self, name: &str, script: &str) -> Self {
        let path = self.path().join(format!("docker-credential-{name}"));
        let text = self.path().join(name);
        std::fs::write(&text, format!("#!/bin/sh\nread -r server\n{script}\n")).unwrap();
        // By another process: a program that is being started shares our open files for a moment, and one
        // that somebody may write cannot be started.
        run(Command::new("install").args(["-m", "755"]).arg(&text).arg(&path));
        self
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn settings(&self) -> Settings {
        Settings {
            docker_config: Some(self.path().join("config.json")),
            credential_helpers: Some(self.path().to_owned()),
            ..settings()
        }
    }
}

fn auth(pair: &str) -> Value {
    json!({"auth": STANDARD.encode(pair)})
}

#[tokio::test]
async fn a_registry_with_passwords_is_let_in_to_by_whatever_knows_one() {
    let fake = Fake::new(Door::Basic);
    fake.put_image("app", "1");
    let host = fake.server.address();
    let own = |password: &str| Credential {
        host: host.clone(),
        login: Login::Password { username: "alice".into(), password: Secret::new(password) },
    };
    let answer = r#"printf '{"ServerURL":"%s","Username":"alice","Secret":"s3cret"}' "$server""#;
    let auths = |pair: &str| json!({"auths": {(host.clone()): auth(pair)}});
    let store = json!({"credsStore": "fake"});
    let both = json!({"auths": {(host.clone()): auth("alice:s3cret")}, "credsStore": "fake"});
    let silent = "echo 'credentials not found in native keychain'; exit 1";
    for (name, home, credentials, outcome) in [
        ("nothing", Home::new(&json!({})), vec![], "unauthorized"),
        ("settings", Home::new(&json!({})), vec![own("s3cret")], "ok"),
        ("wrong settings", Home::new(&auths("alice:s3cret")), vec![own("no")], "unauthorized"),
        ("file", Home::new(&auths("alice:s3cret")), vec![], "ok"),
        ("wrong file", Home::new(&auths("alice:no")), vec![], "unauthorized"),
        ("bad file", Home::new(&auths("alice")), vec![], "credentials"),
        ("helper", Home::new(&store).helper("fake", answer), vec![], "ok"),
        ("helper knows none", Home::new(&store).helper("fake", silent), vec![], "unauthorized"),
        ("helper knows none, file does", Home::new(&both).helper("fake", silent), vec![], "ok"),
        ("no helper, but file", Home::new(&both), vec![], "ok"),
        ("no helper", Home::new(&store), vec![], "credentials"),
        (
            "helper fails",
            Home::new(&store).helper("fake", "echo no; exit 3"),
            vec![],
            "credentials",
        ),
        ("helper babbles", Home::new(&store).helper("fake", "echo no"), vec![], "credentials"),
    ] {
        let registry = Registry::new(Settings { credentials, ..home.settings() }).unwrap();
        let reply = digest_of(&registry, &fake.wanted("app:1")).await;
        assert_eq!(outcome_of(&reply), outcome, "{name}: {reply:?}");
        let text = reply.map_or_else(|error| error.to_string(), |_| String::new());
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[tokio::test]
async fn a_missing_helper_hinders_nobody_who_needs_none() {
    let fake = Fake::open();
    fake.put_image("app", "1");
    let home = Home::new(&json!({"credsStore": "absent"}));
    let registry = Registry::new(home.settings()).unwrap();
    digest_of(&registry, &fake.wanted("app:1")).await.unwrap();
    let error = registry.credentials_for(&fake.reference("app:1")).await.unwrap_err();
    assert_eq!(error.code(), "credentials");
    assert!(error.to_string().contains("docker-credential-absent is not installed"), "{error}");
}

#[tokio::test]
async fn the_engine_gets_the_credentials_of_the_images_registry() {
    let login = |name: &str| Login::Password { username: name.into(), password: Secret::new("p") };
    let config = json!({"auths": {
        "https://index.docker.io/v1/": auth("hub:p"),
        "ghcr.io": {"identitytoken": "t"},
        "quay.io": {},
    }});
    let home = Home::new(&config);
    let credentials = vec![Credential { host: "own.test:5000".into(), login: login("own") }];
    let registry = Registry::new(Settings { credentials, ..home.settings() }).unwrap();
    for (reference, expected) in [
        ("nginx", Some(("https://index.docker.io/v1/", login("hub")))),
        ("ghcr.io/a/b", Some(("ghcr.io", Login::IdentityToken(Secret::new("t"))))),
        ("own.test:5000/a", Some(("own.test:5000", login("own")))),
        ("own.test/a", None),
        ("quay.io/a/b", None),
    ] {
        let found = registry.credentials_for(&ImageRef::parse(reference).unwrap()).await.unwrap();
        let expected = expected.map(|(server_address, login)| PullCredentials {
            server_address: server_address.into(),
            login,
        });
        assert_eq!(found, expected, "{reference}");
    }
}

#[tokio::test]
async fn a_file_that_never_ends_is_not_read() {
    let fake = Fake::open();
    fake.put_image("app", "1");
    let home = Home::new(&json!({}));
    let file = home.path().join("config.json");
    let path = file.to_str().unwrap();
    let long = "x".repeat((1 << 20) + 1);
    for (script, words) in [
        (format!("mkfifo {path}"), "no regular file"),
        (format!("ln -s /dev/zero {path}"), "no regular file"),
        (format!("echo '{{}}' > {path}"), ""),
    ] {
        std::fs::remove_file(&file).unwrap();
        let made = std::process::Command::new("sh").args(["-c", &script]).status();
        assert!(made.unwrap().success());
        if words.is_empty() {
            std::fs::write(&file, &long).unwrap();
        }
        let registry = Registry::new(home.settings()).unwrap();
        let error = registry.credentials_for(&fake.reference("app:1")).await.unwrap_err();
        let words = if words.is_empty() { "longer than 1 MiB" } else { words };
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_helper_is_asked_once_for_all_who_wait() {
    let home = Home::new(&json!({"credsStore": "slow"}));
    let asked = home.path().join("asked");
    let script = format!(
        "echo asked >> {}; sleep 0.3; printf '{{\"Username\":\"a\",\"Secret\":\"s3cret\"}}'",
        asked.display()
    );
    let home = home.helper("slow", &script);
    let registry = Registry::new(home.settings()).unwrap();
    let image = ImageRef::parse("own.test/a").unwrap();
    let questions = (0..20).map(|_| registry.credentials_for(&image));
    let found = futures_util::future::join_all(questions).await;
    assert!(found.iter().all(|found| matches!(found, Ok(Some(_)))), "{found:?}");
    assert_eq!(std::fs::read_to_string(asked).unwrap(), "asked\n");
}

#[tokio::test]
async fn a_helper_that_is_given_up_takes_its_children_along() {
    let home = Home::new(&json!({"credsStore": "stuck"}));
    let file = home.path().join("child");
    let script = format!("sleep 300 & echo $! > {}.new; mv {0}.new {0}; wait", file.display());
    let home = home.helper("stuck", &script);
    let registry = Registry::new(home.settings()).unwrap();
    let image = ImageRef::parse("own.test/a").unwrap();
    let started = async {
        while !file.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        found = registry.credentials_for(&image) => panic!("{found:?}"),
        () = started => {}
    }
    let child = std::fs::read_to_string(&file).unwrap();
    let stat = Path::new("/proc").join(child.trim()).join("stat");
    // One that has ended stays as a zombie until its new parent asks for it.
    let lives = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z"));
    wait_until("the child has ended", std::time::Duration::from_secs(10), || !lives());
}

/// What AWS answers to a request that is signed as its service wants it.
fn aws(seen: &Seen) -> Reaction {
    let authorization = seen.header("authorization").to_owned();
    let session = seen.header("x-amz-security-token");
    let scope = |key: &str| format!("Credential={key}/20261122/eu-west-1/ecr/aws4_request");
    let names = |more: &str| {
        format!("SignedHeaders=content-type;host;x-amz-date{more};x-amz-target, Signature=")
    };
    let is_signed = |key: &str, more: &str| {
        authorization.contains(&scope(key)) && authorization.contains(&names(more))
    };
    let lasting = session.is_empty() && is_signed("AKIAIOSFODNN7EXAMPLE", "");
    let temporary =
        session == "of-an-hour" && is_signed("ASIAIOSFODNN7EXAMPLE", ";x-amz-security-token");
    let target = seen.header("x-amz-target").ends_with(".GetAuthorizationToken");
    if !((lasting || temporary) && target) {
        return Reply::new(400).body(r#"{"message":"not signed"}"#).into();
    }
    let token = STANDARD.encode("AWS:of-twelve-hours");
    // Twelve hours after the clock of these tests.
    let data = json!([{"authorizationToken": token, "expiresAt": 1_795_384_800.0}]);
    Reply::new(200).body(json!({"authorizationData": data}).to_string()).into()
}

const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

#[tokio::test]
async fn keys_of_an_aws_account_are_changed_for_a_password() {
    let keys =
        |id: &str| Login::Password { username: id.into(), password: Secret::new("wJalrXUtnFEMI") };
    let session = |token: &str| Login::SessionKeys {
        id: "ASIAIOSFODNN7EXAMPLE".into(),
        secret: Secret::new("wJalrXUtnFEMI"),
        session: Secret::new(token),
    };
    for (host, login, expected, requests) in [
        (ECR, keys("AKIAIOSFODNN7EXAMPLE"), Ok("AWS"), 1),
        (ECR, keys("AWS"), Ok("AWS"), 0),
        (ECR, keys("AKIAANOTHEREXAMPLE00"), Err("unauthorized"), 2),
        (ECR, keys("ASIAIOSFODNN7EXAMPLE"), Err("credentials"), 0),
        (ECR, session("of-an-hour"), Ok("AWS"), 1),
        (ECR, session("of-yesterday"), Err("unauthorized"), 2),
        ("ghcr.io", keys("AKIAIOSFODNN7EXAMPLE"), Ok("AKIAIOSFODNN7EXAMPLE"), 0),
        ("ghcr.io", session("of-an-hour"), Err("credentials"), 0),
    ] {
        let server = ScriptedServer::plain(aws);
        let case = format!("{host} {login:?}");
        let settings = Settings {
            credentials: vec![Credential { host: host.to_owned(), login }],
            ecr_endpoint: Some(format!("http://{}/", server.address()).parse().unwrap()),
            ..settings()
        };
        let registry = Registry::new(settings).unwrap();
        let image = ImageRef::parse(&format!("{host}/team/app:1")).unwrap();
        for _ in 0..2 {
            let found = registry.credentials_for(&image).await;
            let found = found.map(|found| found.unwrap().login);
            match (found, expected) {
                (Ok(Login::Password { username, .. }), Ok(expected)) => {
                    assert_eq!(username, expected);
                }
                (Err(error), Err(code)) => {
                    let text = error.to_string();
                    assert_eq!(error.code(), code, "{text}");
                    let shown = ["wJalrXUtnFEMI", "of-an-hour", "of-yesterday"];
                    assert!(!shown.iter().any(|secret| text.contains(secret)), "{text}");
                }
                (found, expected) => panic!("{case}: {found:?} instead of {expected:?}"),
            }
        }
        assert_eq!(server.seen().len(), requests, "{case}: a password is kept while it lasts");
    }
}
