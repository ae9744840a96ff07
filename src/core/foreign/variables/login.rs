//! The registry credentials of other tools, whose parts are spread over several variables.

use std::collections::BTreeMap;

use crate::core::foreign::{Content, Meaning, Setting, Tool};
use crate::core::secret::Secret;

use super::{FoundVariable, Source, Variables};

/// Our variables of credentials begin so.
const OURS: &str = "DOCKER_AUTO_REGISTRY_AUTH_";

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
    let mut number = next_number(variables);
    let mut found = Vec::new();
    for group in groups(variables).into_values() {
        let login = group.login().and_then(|login| {
            if taken.contains(&login.host) {
                return Err("there are other credentials for this host, which count");
            }
            Ok(login)
        });
        let meaning = login.map(|login| {
            taken.push(login.host.clone());
            let settings = settings(&login, number);
            number += 1;
            settings
        });
        found.extend(group.found(&meaning));
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
        let username = self.username().ok_or(INCOMPLETE)?;
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

    /// Says of every part what it means; the secret one, or the first, stands for all.
    fn found(&self, meaning: &Result<Vec<Setting>, &'static str>) -> Vec<FoundVariable> {
        let secret =
            |part: &str| part.contains("PASS") || part.contains("TOKEN") || part.contains("SECRET");
        let chief = self.parts.keys().find(|part| secret(part)).or(self.parts.keys().next());
        let each = self.parts.iter().map(|(part, (name, value))| {
            let told = match meaning {
                Err(why) => Meaning::Nothing(why),
                Ok(settings) if Some(part) == chief => Meaning::Ours(settings.clone()),
                Ok(_) => Meaning::Already("it goes along with the credentials"),
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
                meaning: Ok(told),
                source: Source::Written,
            }
        });
        each.collect()
    }
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
    match host.as_str() {
        "index.docker.io/v1" | "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        _ => host,
    }
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

/// Numbers that nobody uses.
fn next_number(variables: &Variables) -> u32 {
    own(variables).map(|(number, ..)| number).max().map_or(1, |most| most.saturating_add(1))
}
