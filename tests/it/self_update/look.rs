//! What is seen of docker-auto on its host, from outside.

use std::collections::BTreeSet;

use docker_auto::clock::Clock;
use serde_json::{Value, json};

use crate::support::http::{Question, ask_tcp, ask_unix};
use crate::support::wait::wait_for;

use super::house::{COUNTED, House, NAME, PATIENCE, PORT};

impl House {
    /// Says whether it answers on the port of the host.
    pub(super) fn serves(&self) -> bool {
        let address = format!("{}:{PORT}", self.host.address);
        ask_tcp(&address, Question::get("/healthz")).is_ok_and(|answer| answer.status == 200)
    }

    /// Waits for what it says, however often it is away meanwhile.
    pub(super) fn wait<T>(&self, what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
        let attempt = || {
            self.listen();
            attempt()
        };
        let waited = std::panic::AssertUnwindSafe(|| wait_for(what, PATIENCE, attempt));
        std::panic::catch_unwind(waited).unwrap_or_else(|_| panic!("{what}: {}", self.story()))
    }

    /// Returns its own history, the newest first; `None` while it cannot be asked.
    pub(super) fn history(&self) -> Option<Vec<Value>> {
        self.history_of(NAME)
    }

    /// The same of any container.
    pub(super) fn history_of(&self, name: &str) -> Option<Vec<Value>> {
        let (code, said) = self.try_run(&["history", name, "--json"])?;
        let records = serde_json::from_str::<Value>(&said).ok().filter(|_| code == 0)?;
        records.as_array().cloned()
    }

    /// Waits until so many operations are filed away; returns the last one.
    pub(super) fn recorded(&self, number: usize) -> Value {
        let what = format!("{number} operations are filed away");
        let record = self.wait(&what, || self.history().filter(|all| all.len() >= number));
        assert_eq!(record.len(), number, "{record:#?}");
        record[0].clone()
    }

    /// Waits until nothing but docker-auto is left, running.
    pub(super) fn settled(&self) {
        let alone = [(NAME.to_owned(), "running".to_owned())];
        self.wait("only docker-auto is left", || (self.host.names("") == alone).then_some(()));
        self.wait("it serves", || self.serves().then_some(()));
        self.nothing_is_open();
    }

    /// Waits until every operation has come to its end.
    pub(super) fn nothing_is_open(&self) {
        self.wait("nothing is open", || {
            let (code, files) = self.host.try_read_in(NAME, &["ls", "/data/operations"])?;
            (code == 0 && files.is_empty()).then_some(())
        });
    }

    /// Returns the version that docker-auto's image says it has; nothing between two of them.
    pub(super) fn version(&self) -> String {
        let (_, inspect) = self.host.request("GET", &format!("/containers/{NAME}/json"), None);
        let labels = &inspect["Config"]["Labels"];
        labels["org.opencontainers.image.version"].as_str().unwrap_or_default().to_owned()
    }

    /// Returns how many containers of docker-auto ran at once at the most, by what the engine told.
    pub(super) fn most_at_once(&self) -> usize {
        self.listen();
        let told = self.told.lock().unwrap();
        let (mut up, mut most) = (BTreeSet::new(), 0);
        for event in told.values() {
            let id = event["Actor"]["ID"].as_str().unwrap_or_default().to_owned();
            if event["Action"] == "start" {
                up.insert(id);
            } else {
                up.remove(&id);
            }
            most = most.max(up.len());
        }
        most
    }

    /// Notes what the engine tells of containers of docker-auto. It remembers a few hundred events, of
    /// which each look into a container makes some: one has to ask in time.
    fn listen(&self) {
        let filters = json!({
            "type": ["container"], "event": ["start", "die"], "label": [format!("{COUNTED}=yes")],
        });
        let encoded: String =
            url::form_urlencoded::byte_serialize(filters.to_string().as_bytes()).collect();
        let now = Clock::real().now().format("%s.%9f");
        let api = self.host.engine.api();
        let path = format!("/v{api}/events?since=0&until={now}&filters={encoded}");
        // It may be away meanwhile.
        let Ok(answer) = ask_unix(&self.host.socket, Question::get(&path)) else { return };
        let events = serde_json::Deserializer::from_slice(&answer.body).into_iter::<Value>();
        let mut told = self.told.lock().unwrap();
        for event in events.map_while(Result::ok) {
            told.insert(event["timeNano"].as_u64().unwrap_or_default(), event);
        }
    }

    /// Tells what there is, for the message of a failure.
    pub(super) fn story(&self) -> String {
        let names = self.host.names("");
        let logs = names.iter().map(|(name, state)| {
            let answer =
                self.host.ask("GET", &format!("/containers/{name}/logs?stdout=1&stderr=1"), None);
            format!("--- {name} ({state})\n{}\n", answer.text())
        });
        let calls = self.proxy.log().into_iter();
        let calls = calls.map(|call| format!("  {} → {}\n", call.line, call.outcome));
        format!("{}{}", logs.collect::<String>(), calls.collect::<String>())
    }
}
