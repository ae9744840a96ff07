//! A story: what it says, read into facts, and how it is judged.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use docker_auto::config::{Config, Environment};
use docker_auto::core::candidate::{Mark, Reject};
use docker_auto::core::comparison::{Identity, LocalImages, Remembered, Running};
use docker_auto::core::decision::{
    Decision, Facts, Request, Role, decide, explain, question, version_question,
};
use docker_auto::core::digest::{Digest, Platform};
use docker_auto::core::foreign::{Idiom, labels as foreign};
use docker_auto::core::id::{ContainerId, ContainerName, HostId, ImageId, Timestamp};
use docker_auto::core::inventory::{Container, Image, ImageStore, RunState};
use docker_auto::core::plan::RejectKey;
use docker_auto::core::policy::{Policy, PolicyPatch};
use docker_auto::core::remote::{RemoteAnswer, RemoteDigest, RemoteImage};
use docker_auto::core::rule::{self, Rule};
use docker_auto::core::text::{self, Language};
use docker_auto::core::verdict::{Pause, Said, Verdict};
use docker_auto::core::version::{NoImage, Offer, Offered, VERSION_LABEL, VersionAnswer};
use docker_auto::core::waiting::{Sighting, Turn, Waiting};
use docker_auto::engine::command::Assessment;

use super::words::{
    self, GOOD, failure, fields, identity, pair, pause, platform, request, role, word_of,
};

/// Everything that a story says.
pub(crate) struct Story {
    title: String,
    environment: Vec<(String, String)>,
    container: Container,
    store: ImageStore,
    platform: Platform,
    manifest: Option<Digest>,
    identity: Identity,
    images: BTreeMap<ImageId, Image>,
    remembered: Remembered,
    answer: Option<RemoteAnswer>,
    versions: Option<VersionAnswer>,
    rejects: Vec<Reject>,
    verdicts: Vec<Verdict>,
    pause: Option<Pause>,
    rules: Vec<Rule>,
    waiting: Waiting,
    role: Role,
    request: Request,
    patch: PolicyPatch,
    now: Timestamp,
    symbols: Vec<String>,
}

impl Story {
    pub(crate) fn read(title: &str, lines: &[&str]) -> Self {
        let mut story = Self::new(title);
        for line in lines {
            let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            story.line(word, rest);
        }
        let idiom = Idiom::of(&story.environment.iter().cloned().collect());
        story.container.labels = foreign::understood(&story.container.labels, &idiom);
        story
    }

    /// A container `web` that runs the image A of `nginx:1.27`, pulled as D1, at noon.
    fn new(title: &str) -> Self {
        let mut story = Self {
            title: title.to_owned(),
            environment: Vec::new(),
            container: Container {
                id: ContainerId::new("c0ffee"),
                name: ContainerName::new("web"),
                image: "nginx:1.27".to_owned(),
                image_id: ImageId::new(""),
                labels: BTreeMap::new(),
                state: RunState::Running,
                created_at: Timestamp::default(),
                published_ports: Vec::new(),
                addresses: Vec::new(),
            },
            store: ImageStore::GraphDriver,
            platform: Platform::new("linux", "amd64", None),
            manifest: None,
            identity: Identity::Unknown,
            images: BTreeMap::new(),
            remembered: Remembered::default(),
            answer: None,
            versions: None,
            rejects: Vec::new(),
            verdicts: Vec::new(),
            pause: None,
            rules: Vec::new(),
            waiting: Waiting::default(),
            role: Role::Ordinary,
            request: Request::Check,
            patch: PolicyPatch::default(),
            now: "2026-05-04T12:00:00Z".parse().expect(GOOD),
            symbols: Vec::new(),
        };
        story.line("runs", "A");
        story.line("local", "A tags nginx:1.27 digests nginx@D1");
        story
    }

    fn line(&mut self, word: &str, rest: &str) {
        match word {
            "env" => self.environment.push(pair(rest)),
            "label" => drop(self.container.labels.insert(pair(rest).0, pair(rest).1)),
            "name" => self.container.name = ContainerName::new(rest),
            "image" => self.container.image = self.written(rest),
            "state" => self.container.state = RunState::parse(rest),
            "runs" => self.container.image_id = self.image_id(rest),
            "local" => self.local(rest),
            "forgets" => drop(self.images.remove(&self.container.image_id)),
            "store" if rest == "containerd" => self.store = ImageStore::Containerd,
            "platform" => self.platform = platform(rest),
            "manifest" => self.manifest = Some(self.digest(rest)),
            "identity" => self.identity = identity(rest),
            "remembers" => self.remembers(rest),
            "says" => self.says(rest),
            "tags" => self.versions = Some(self.tags(rest)),
            "registry" => self.answer = Some(self.answer(rest)),
            "rejected" => self.rejected(rest),
            "said" => self.said(rest),
            "paused" => self.pause = Some(pause(rest)),
            "rule" => self.rules.push(words::rule(rest)),
            "seen" => self.seen(rest),
            "turn" => self.turn(rest),
            "role" => self.role = role(rest),
            "asked" => self.request = request(rest),
            "forced" => self.patch = PolicyPatch::force(),
            "at" => self.now = rest.parse().expect(GOOD),
            _ => panic!("{}: {word} {rest} means nothing", self.title),
        }
    }

    fn digest(&mut self, symbol: &str) -> Digest {
        self.symbols.push(symbol.to_owned());
        Digest::of(symbol.as_bytes())
    }

    fn image_id(&mut self, symbol: &str) -> ImageId {
        ImageId::new(self.digest(symbol).as_str())
    }

    /// `nginx@D1`, `id:A` and `short:A` with the digests that they stand for.
    fn written(&mut self, text: &str) -> String {
        if let Some(symbol) = text.strip_prefix("id:") {
            return self.digest(symbol).to_string();
        }
        if let Some(symbol) = text.strip_prefix("short:") {
            return self.digest(symbol).short().to_owned();
        }
        match text.split_once('@') {
            Some((name, symbol)) => format!("{name}@{}", self.digest(symbol)),
            None => text.to_owned(),
        }
    }

    /// `A tags a:1,b:2 digests a@D1,b@D2`.
    fn local(&mut self, rest: &str) {
        let (id, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let fields = fields(rest);
        let list = |name: &str| fields.get(name).map_or("", |list| *list).split(',');
        let (tags, digests) = (list("tags"), list("digests"));
        let filled = |text: &&str| !text.is_empty();
        let tags: Vec<String> = tags.filter(filled).map(ToOwned::to_owned).collect();
        // A name leads to one image: a pull or a build takes it from the one before.
        for other in self.images.values_mut() {
            other.repo_tags.retain(|tag| !tags.contains(tag));
        }
        let image = Image {
            id: self.image_id(id),
            repo_tags: tags,
            repo_digests: digests.filter(filled).map(|text| self.written(text)).collect(),
            keep_tags: Vec::new(),
            labels: BTreeMap::new(),
            size_bytes: 0,
            created_at: Timestamp::default(),
        };
        self.images.insert(image.id.clone(), image);
    }

    fn remembers(&mut self, rest: &str) {
        match rest.split_once(' ') {
            Some(("reference", text)) => {
                self.remembered.reference = Some(text.parse().expect(GOOD));
            }
            Some(("equivalent", symbol)) => {
                let digest = self.digest(symbol);
                self.remembered.equivalents.insert(digest);
            }
            Some(("config", symbol)) => self.remembered.config = Some(self.digest(symbol)),
            _ if rest == "image" => {
                self.remembered.image = self.images.remove(&self.container.image_id);
            }
            _ => panic!("{}: remembers {rest}", self.title),
        }
    }

    /// `digest D1`, `image D1 manifest M1 …` or `fails CODE [until TIME] MESSAGE`.
    fn answer(&mut self, rest: &str) -> RemoteAnswer {
        let (kind, rest) = rest.split_once(' ').expect(GOOD);
        if kind == "fails" {
            return RemoteAnswer::Failed(failure(rest));
        }
        let (symbol, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let fields = fields(rest);
        let text = |name: &str| fields.get(name).map(|text| (*text).to_owned());
        let digest = self.digest(symbol);
        let resolved = RemoteDigest { digest: digest.clone(), mirror: text("mirror") };
        if kind == "digest" {
            return RemoteAnswer::Digest(resolved);
        }
        RemoteAnswer::Image(RemoteImage {
            resolved,
            manifest: text("manifest").map_or(digest, |symbol| self.digest(&symbol)),
            config: text("config").map(|symbol| self.digest(&symbol)),
            platform: text("platform").map(|text| platform(&text)),
            created_at: text("built").map(|at| at.parse().expect(GOOD)),
            size_bytes: None,
            version: text("version"),
            revision: None,
        })
    }

    /// The version that the image which runs says it has.
    fn says(&mut self, version: &str) {
        let image = self.images.get_mut(&self.container.image_id).expect(GOOD);
        image.labels.insert(VERSION_LABEL.to_owned(), version.to_owned());
    }

    /// `[TAG D2 manifest M2 … | TAG none | TAG artifact] … [unseen NUMBER] [beyond TAG]`, the versions with `, `
    /// between them, or `fails CODE [until TIME] MESSAGE`.
    fn tags(&mut self, rest: &str) -> VersionAnswer {
        if let Some(failed) = rest.strip_prefix("fails ") {
            return VersionAnswer::Failed(failure(failed));
        }
        let cut = |text: &str, word: &str| match text.split_once(word) {
            Some((before, value)) => (before.to_owned(), Some(value.to_owned())),
            None => (text.to_owned(), None),
        };
        let (rest, beyond) = cut(rest, "beyond ");
        let (rest, unseen) = cut(&rest, "unseen ");
        let mut offers = Vec::new();
        for offer in rest.split(", ").map(str::trim).filter(|offer| !offer.is_empty()) {
            let (tag, image) = offer.split_once(' ').expect(GOOD);
            let image = match image {
                "none" => Err(NoImage::NoPlatform),
                "artifact" => Err(NoImage::NotAnImage),
                image => match self.answer(&format!("image {image}")) {
                    RemoteAnswer::Image(image) => Ok(Box::new(image)),
                    other => panic!("{}: {other:?}", self.title),
                },
            };
            offers.push(Offer { tag: tag.to_owned(), image });
        }
        let unseen = unseen.map_or(0, |unseen| unseen.trim().parse().expect(GOOD));
        VersionAnswer::Known(Offered { offers, unseen, beyond })
    }

    /// `key M2 [image B] [digest D2] [beside NAME]`.
    fn rejected(&mut self, rest: &str) {
        let fields = fields(rest);
        let key = RejectKey::manifest(&self.digest(fields["key"]));
        let image = fields.get("image").map(|symbol| self.image_id(symbol));
        let digest = fields.get("digest").map(|symbol| self.digest(symbol));
        let at = "2026-05-01T03:00:07Z".parse().expect(GOOD);
        let beside = fields.get("beside").map(|name| ContainerName::new(*name));
        let reason = "exit code 1".to_owned();
        self.rejects.push(Reject { key, image, digest, at, reason, beside });
    }

    /// `approved key M2 [digest D2] [at TIME] [until TIME]`.
    fn said(&mut self, rest: &str) {
        let (word, rest) = rest.split_once(' ').expect(GOOD);
        let fields = fields(rest);
        let key = RejectKey::manifest(&self.digest(fields["key"]));
        let digest = fields.get("digest").map(|symbol| self.digest(symbol));
        let at = fields.get("at").map_or("2026-05-03T08:00:00Z", |at| *at).parse().expect(GOOD);
        let until = fields.get("until").map(|until| until.parse().expect(GOOD));
        let word = word_of(word, until);
        let said = Said { by: "alice".to_owned(), at };
        self.verdicts.push(Verdict { word, mark: Mark { key, image: None, digest }, said });
    }

    /// `M2 TIME`: since when a candidate is known.
    fn seen(&mut self, rest: &str) {
        let (symbol, at) = rest.split_once(' ').expect(GOOD);
        let key = RejectKey::manifest(&self.digest(symbol));
        let first_seen = at.parse().expect(GOOD);
        self.waiting.sighting = Some(Sighting { key, first_seen, built_at: None });
    }

    /// `TIME SCHEDULE (ZONE)`: when the container's own schedule had its last turn.
    fn turn(&mut self, rest: &str) {
        let (last, schedule) = rest.split_once(' ').expect(GOOD);
        let (last, schedule) = (last.parse().expect(GOOD), schedule.to_owned());
        self.waiting.turn = Some(Turn { schedule, last });
    }

    fn policy(&self) -> (Policy, String) {
        let unreadable = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
        let environment = Environment::new(self.environment.iter().cloned(), &unreadable);
        let (config, problems) = Config::load(&environment);
        let mut rules = self.rules.clone();
        rule::sort(&mut rules);
        let host = HostId::default();
        let (policy, bad_labels) = rule::policy(&config.policy, &rules, &host, &self.container);
        let mut said = String::new();
        for problem in problems.iter().map(ToString::to_string) {
            let _ = write!(said, "\n= problem: {problem}");
        }
        for problem in bad_labels.iter().map(ToString::to_string) {
            let _ = write!(said, "\n= problem: {problem}");
        }
        (policy.with(self.patch.clone()), said)
    }

    /// Hands the facts of the story to whoever judges them.
    fn with_facts<T>(&self, policy: &Policy, judge: impl FnOnce(&Facts<'_>) -> T) -> T {
        let images = LocalImages::new(self.store, &self.images);
        judge(&Facts {
            running: Running {
                container: &self.container,
                platform: &self.platform,
                manifest: self.manifest.as_ref(),
                identity: self.identity,
                images: &images,
                remembered: &self.remembered,
            },
            answer: self.answer.as_ref(),
            versions: self.versions.as_ref(),
            policy,
            rejects: &self.rejects,
            verdicts: &self.verdicts,
            pause: self.pause.as_ref(),
            waiting: &self.waiting,
            role: self.role,
            request: self.request,
            now: self.now,
        })
    }

    /// Returns the judgement as `why` is given it.
    pub(crate) fn assessed(&self) -> Assessment {
        let (policy, _) = self.policy();
        let (decision, chain) = self.with_facts(&policy, explain);
        Assessment {
            container: self.container.clone(),
            current: None,
            remote: None,
            decision,
            chain,
            manifest: None,
            policy,
            problems: Vec::new(),
            beyond: Vec::new(),
            checked_at: self.now,
        }
    }

    pub(super) fn judged(&self) -> String {
        let (policy, problems) = self.policy();
        self.with_facts(&policy, |facts| self.judged_by(facts, &problems))
    }

    fn judged_by(&self, facts: &Facts<'_>, problems: &str) -> String {
        let question = question(facts);
        let asks = question.as_ref().map_or("nothing".to_owned(), |reference| {
            let runs = facts.running.current_digest(reference, facts.answer);
            let runs = runs.map_or("nothing known".to_owned(), |digest| digest.to_string());
            let tags = version_question(facts).map_or("", |_| ", and for all tags");
            format!("{reference}, for {runs} that runs{tags}")
        });
        let decision = decide(facts);
        self.is_explained(facts, &decision);
        let status = decision.status().as_str();
        let mut said = format!("{problems}\n= asks {asks}\n= {} ({status})", decision.code());
        if let Some(candidate) = decision.candidate() {
            let key = candidate.reject_key();
            let _ = write!(said, "\n= candidate {}, key {}", candidate.reference, key.as_str());
        }
        let _ = write!(said, "\n= {decision}");
        self.with_symbols(said, &decision)
    }

    /// The chain comes from the same judgement, and its last word is the decision's.
    fn is_explained(&self, facts: &Facts<'_>, decision: &Decision) {
        let (explained, chain) = explain(facts);
        assert_eq!(explained, *decision, "{}", self.title);
        let (last, before) = chain.split_last().expect(GOOD);
        let ends = !matches!(decision, Decision::Update { .. });
        assert_eq!(last.ended, ends.then(|| decision.code()), "{}: {chain:?}", self.title);
        assert!(before.iter().all(|asked| asked.ended.is_none()), "{}: {chain:?}", self.title);
        assert!(chain.is_sorted_by(|a, b| a.question < b.question), "{}: {chain:?}", self.title);
        for language in [Language::English, Language::Chinese] {
            let told = text::of(decision, language);
            assert!(!told.what.is_empty(), "{}", self.title);
        }
        assert_eq!(text::of(decision, Language::English).to_string(), decision.to_string());
    }

    fn with_symbols(&self, mut text: String, decision: &Decision) -> String {
        for symbol in &self.symbols {
            let digest = Digest::of(symbol.as_bytes());
            text = text.replace(digest.as_str(), &format!("<{symbol}>"));
            text = text.replace(digest.short(), &format!("<{symbol}>"));
        }
        let skipped = decision.status().as_str() == "Skipped";
        assert_eq!(decision.skip_reason().is_some(), skipped, "{}", self.title);
        text
    }
}
