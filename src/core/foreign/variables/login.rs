//! The registry credentials of other tools, whose parts are spread over several variables.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::core::foreign::{Content, Meaning, Setting, Tool, Understood, one};
use crate::core::reference::{DOCKER_HUB, is_docker_hub};
use crate::core::secret::Secret;
use crate::core::value::switch;

use super::{FoundVariable, OFF, Source, Variables};

/// Our variables of credentials begin so.
const OURS: &str = "DOCKER_AUTO_REGISTRY_AUTH_";

const NO_INSECURE_HOST: &str = "write the registry's host: DOCKER_AUTO_REGISTRY_INSECURE";
/// Watchtower sends them to every registry.
const HUB_ALONE: &str = "it goes along with the credentials, which are for Docker Hub alone; those of \
                         another registry are DOCKER_AUTO_REGISTRY_AUTH_<n>_HOST, _USERNAME and \
                         _PASSWORD";

/// The parts that credentials are put together from.
const USED: [&str; 18] = [
    "URL",
    "NAME",
    "REGION",
    "ACCOUNTID",
    "NAMESPACE",
    "ACCOUNT",
    "USERNAME",
    "LOGIN",
    "USER",
    "ACCESSKEYID",
    "PASSWORD",
    "PASS",
    "TOKEN",
    "SECRETACCESSKEY",
    "PASSWORDFILE",
    "TOKENFILE",
    "SECRETACCESSKEYFILE",
    "AUTH",
];
const UNUSED: &str = "credentials are made of the host, the account and the password alone";

/// What is said of a part that stands beside credentials and is none of them.
fn beside(kind: &str, part: &str) -> Option<Meaning> {
    Some(match (kind, part) {
        ("HUB", "WATCHDIGEST") => Meaning::Already("digests are always compared"),
        ("HUB", "SUPPRESSDIGESTWATCHWARNING") => Meaning::Already("there is no such warning"),
        ("GITLAB", "AUTHURL") => Meaning::Already("a registry says where its tokens come from"),
        ("ECR", "PUBLIC") => Meaning::Already("the public registry asks for no account"),
        ("REGOPTS", "SELECTOR") => Meaning::Already("the longest path below a host counts"),
        ("REGOPTS", "TIMEOUT") => Meaning::Nothing("each request has a time limit of its own"),
        _ => return None,
    })
}

/// The parts of one registry's credentials, by what they are.
struct Group<'a> {
    tool: Tool,
    kind: String,
    parts: BTreeMap<String, (&'a str, &'a str)>,
}

/// Whole credentials.
struct Login {
    host: String,
    username: String,
    password: Password,
}

enum Password {
    Text(String),
    File(String),
}

/// Returns what the variables of credentials mean.
pub(super) fn read(variables: &Variables) -> Vec<FoundVariable> {
    let mut taken: Vec<String> = own_hosts(variables);
    let mut numbers = free_numbers(variables);
    let mut found = Vec::new();
    let groups = groups(variables);
    let insecure: Vec<String> = groups.values().filter_map(Group::insecure).collect();
    for group in groups.into_values() {
        let meaning = group.login().and_then(|login| {
            if taken.contains(&login.host) {
                return Err("there are other credentials for this host, which count");
            }
            let number = numbers.next().ok_or("all numbers of credentials are taken")?;
            taken.push(login.host.clone());
            Ok(settings(&login, number))
        });
        found.extend(group.found(&meaning, &insecure));
    }
    found
}

/// Groups the variables that belong together.
fn groups(variables: &Variables) -> BTreeMap<String, Group<'_>> {
    let mut groups: BTreeMap<String, Group<'_>> = BTreeMap::new();
    for (name, value) in variables {
        let value = value.trim();
        let Some((key, tool, kind, part)) = place(name).filter(|_| !value.is_empty()) else {
            continue;
        };
        let group = groups.entry(key).or_insert(Group { tool, kind, parts: BTreeMap::new() });
        group.parts.insert(part, (name, value));
    }
    groups
}

/// Returns the group of a variable, its tool, the kind of registry and the part.
fn place(name: &str) -> Option<(String, Tool, String, String)> {
    if let Some(part @ ("USER" | "PASS")) = name.strip_prefix("REPO_") {
        return Some(("REPO".to_owned(), Tool::Watchtower, "REPO".to_owned(), part.to_owned()));
    }
    let bare = name.strip_suffix("__FILE");
    let (group, part) = bare.unwrap_or(name).rsplit_once('_')?;
    let part = if bare.is_some() { format!("{part}FILE") } else { part.to_owned() };
    let kinds = [
        ("WUD_REGISTRY_", Tool::Wud),
        ("DD_REGISTRY_", Tool::Drydock),
        ("DIUN_REGOPTS_", Tool::Diun),
    ];
    let (rest, tool) =
        kinds.iter().find_map(|(it, tool)| Some((group.strip_prefix(it)?, *tool)))?;
    let kind = if tool == Tool::Diun { "REGOPTS" } else { rest.split('_').next()? };
    Some((group.to_owned(), tool, kind.to_owned(), part))
}

impl Group<'_> {
    fn part(&self, name: &str) -> Option<&str> {
        self.parts.get(name).map(|(_, value)| *value)
    }

    fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.part(name))
    }

    /// Puts the parts together; the error says what cannot be had.
    fn login(&self) -> Result<Login, &'static str> {
        const INCOMPLETE: &str = "credentials need a host, an account and a password or token";
        let host = self.host()?;
        let Some(username) = self.username() else {
            let (username, password) = self.part("AUTH").ok_or(INCOMPLETE).and_then(pair)?;
            return Ok(Login { host, username, password: Password::Text(password) });
        };
        let secrets = ["PASSWORD", "TOKEN", "PASS", "SECRETACCESSKEY"];
        let text = self.first(&secrets).map(|text| Password::Text(text.to_owned()));
        let files = ["PASSWORDFILE", "TOKENFILE", "SECRETACCESSKEYFILE"];
        let file = || self.first(&files).map(|path| Password::File(path.to_owned()));
        let password = text.or_else(file).ok_or(INCOMPLETE)?;
        Ok(Login { host, username, password })
    }

    fn host(&self) -> Result<String, &'static str> {
        const NO_HOST: &str = "write the registry's host: DOCKER_AUTO_REGISTRY_AUTH_<n>_HOST";
        let fixed = match self.kind.as_str() {
            "REPO" | "HUB" => "docker.io",
            "GHCR" => "ghcr.io",
            "LSCR" => "lscr.io",
            "QUAY" => "quay.io",
            "CODEBERG" => "codeberg.org",
            "GITLAB" => self.part("URL").unwrap_or("registry.gitlab.com"),
            "ECR" => return self.elastic().ok_or(NO_HOST),
            "GCR" => {
                return Err("write _json_key as the account and the key's file as the password");
            }
            _ => self.first(&["URL", "NAME"]).ok_or(NO_HOST)?,
        };
        let host = bare(fixed);
        if host.contains(['.', ':']) { Ok(host) } else { Err(NO_HOST) }
    }

    fn elastic(&self) -> Option<String> {
        let (account, region) = (self.part("ACCOUNTID")?, self.part("REGION")?);
        Some(format!("{account}.dkr.ecr.{region}.amazonaws.com"))
    }

    fn username(&self) -> Option<String> {
        match self.kind.as_str() {
            "QUAY" => Some(format!("{}+{}", self.part("NAMESPACE")?, self.part("ACCOUNT")?)),
            "GITLAB" => Some(self.part("USERNAME").unwrap_or("oauth2").to_owned()),
            _ => self.first(&["USERNAME", "LOGIN", "USER", "ACCESSKEYID"]).map(ToOwned::to_owned),
        }
    }

    /// Returns the host, if it may be spoken to without TLS.
    fn insecure(&self) -> Option<String> {
        self.part("INSECURETLS").filter(|text| switch(text) == Ok(true))?;
        let host = self.host().ok()?;
        Some(host.split('/').next().unwrap_or(&host).to_owned())
    }

    /// Our variable holds the hosts of all of them.
    fn without_tls(&self, text: &str, insecure: &[String]) -> Understood {
        match (switch(text)?, self.insecure()) {
            (false, _) => Ok(OFF),
            (true, None) => Ok(Meaning::Nothing(NO_INSECURE_HOST)),
            (true, Some(_)) => one("DOCKER_AUTO_REGISTRY_INSECURE", insecure.join(",")),
        }
    }

    /// Says of every part what it means; the secret one, or the first, stands for all.
    fn found(
        &self,
        meaning: &Result<Vec<Setting>, &'static str>,
        insecure: &[String],
    ) -> Vec<FoundVariable> {
        let secret = |part: &str| {
            part == "AUTH"
                || part.contains("PASS")
                || part.contains("TOKEN")
                || part.contains("SECRET")
        };
        let chief = self.parts.keys().find(|part| secret(part)).or(self.parts.keys().next());
        let each = self.parts.iter().map(|(part, (name, value))| {
            let told = match meaning {
                Err(why) => Meaning::Nothing(why),
                Ok(settings) if Some(part) == chief => Meaning::Ours(settings.clone()),
                Ok(_) if !USED.contains(&part.as_str()) => Meaning::Nothing(UNUSED),
                Ok(_) if self.kind == "REPO" => Meaning::Already(HUB_ALONE),
                Ok(_) => Meaning::Already("it goes along with the credentials"),
            };
            let told = match (self.kind.as_str(), part.as_str()) {
                ("REGOPTS", "INSECURETLS") => self.without_tls(value, insecure),
                (kind, part) => Ok(beside(kind, part).unwrap_or(told)),
            };
            let address = ["URL", "NAME"].contains(&part.as_str()) && value.contains('@');
            let hidden = address || secret(part) || part.contains("AUTH") || part.contains("KEY");
            let value = if hidden && !part.ends_with("FILE") {
                Content::Secret(Secret::new(*value))
            } else {
                Content::Open((*value).to_owned())
            };
            FoundVariable {
                name: (*name).to_owned(),
                value,
                tool: self.tool,
                meaning: told,
                source: Source::Written,
            }
        });
        each.collect()
    }
}

/// Reads an account and its password as the header of Basic authentication holds them.
fn pair(text: &str) -> Result<(String, String), &'static str> {
    const UNREADABLE: &str = "write ACCOUNT:PASSWORD in base64, or the account and its password";
    let bytes = STANDARD.decode(text).map_err(|_| UNREADABLE)?;
    let text = String::from_utf8(bytes).map_err(|_| UNREADABLE)?;
    let (username, password) = text.split_once(':').ok_or(UNREADABLE)?;
    Ok((username.to_owned(), password.to_owned()))
}

fn settings(login: &Login, number: u32) -> Vec<Setting> {
    let name = |part: &str| format!("{OURS}{number}_{part}");
    let password = match &login.password {
        Password::Text(text) => Setting::secret(name("PASSWORD"), text),
        Password::File(path) => Setting::open(name("PASSWORD_FILE"), path.clone()),
    };
    let host = Setting::open(name("HOST"), login.host.clone());
    vec![host, Setting::open(name("USERNAME"), login.username.clone()), password]
}

/// An address may begin with an account and a password, which must not be told.
fn bare(host: &str) -> String {
    let host = host.split_once("://").map_or(host, |(_, rest)| rest);
    let host = host.rsplit_once('@').map_or(host, |(_, rest)| rest);
    let host = host.trim_end_matches('/').to_ascii_lowercase();
    let server = match host.as_str() {
        "index.docker.io/v1" | "index.docker.io/v2" => "index.docker.io",
        host => host,
    };
    if is_docker_hub(server) { DOCKER_HUB.to_owned() } else { host }
}

fn own(variables: &Variables) -> impl Iterator<Item = (u32, &str, &str)> {
    variables.iter().filter_map(|(name, value)| {
        let rest = name.strip_prefix(OURS).or_else(|| name.strip_prefix("WATCH_REGISTRY_AUTH_"))?;
        let (number, part) = rest.split_once('_')?;
        Some((number.parse().ok()?, part, value.as_str()))
    })
}

fn own_hosts(variables: &Variables) -> Vec<String> {
    own(variables).filter(|(_, part, _)| *part == "HOST").map(|(.., host)| bare(host)).collect()
}

/// Returns numbers that nobody uses, behind the others first.
fn free_numbers(variables: &Variables) -> impl Iterator<Item = u32> {
    let used: BTreeSet<u32> = own(variables).map(|(number, ..)| number).collect();
    let behind = used.last().map_or(1, |most| most.saturating_add(1));
    (behind..=u32::MAX).chain(1..behind).filter(move |number| !used.contains(number))
}
