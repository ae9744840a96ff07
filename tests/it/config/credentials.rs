//! The credentials for registries: several variables that count together.

use docker_auto::core::secret::Secret;

use super::{load, texts};

/// The lines of one credential, without their common beginning → what comes of them.
const LOGINS: [(&str, &str); 19] = [
    ("HOST=ghcr.io\nUSERNAME=me\nPASSWORD=s3cret", "ghcr.io me s3cret -"),
    ("HOST=ghcr.io\nUSERNAME=me\nPASSWORD_FILE=/secret", "ghcr.io me s3cret -"),
    ("HOST=ghcr.io\nTOKEN_FILE=/secret", "ghcr.io - - s3cret"),
    ("HOST=ghcr.io\nUSERNAME=me\nTOKEN=s3cret", "ghcr.io me - s3cret"),
    ("HOST=https://index.docker.io/v1/\nTOKEN=t", "docker.io - - t"),
    ("HOST=registry-1.docker.io\nTOKEN=t", "docker.io - - t"),
    ("HOST=https://GHCR.io/team/\nTOKEN=t", "ghcr.io/team - - t"),
    ("HOST=index.docker.io/team\nTOKEN=t", "docker.io/team - - t"),
    ("HOST=R.example.com:5000\nTOKEN=t", "r.example.com:5000 - - t"),
    ("HOST=[::1]:5000\nTOKEN=t", "[::1]:5000 - - t"),
    ("HOST=ghcr.io\nUSERNAME=me\nPASSWORD= a b ", "ghcr.io me  a b  -"),
    ("USERNAME=me\nPASSWORD=p", "AUTH_3_HOST: it is missing"),
    ("HOST=ghcr.io", "AUTH_3_PASSWORD: it is missing: set it, or a token"),
    ("HOST=ghcr.io\nPASSWORD=p", "AUTH_3_USERNAME: it is missing"),
    (
        "HOST=1.dkr.ecr.eu-west-1.amazonaws.com\nUSERNAME=ASIAX\nPASSWORD=p\nTOKEN=t",
        "1.dkr.ecr.eu-west-1.amazonaws.com ASIAX p t",
    ),
    ("HOST=ghcr.io\nPASSWORD=p\nTOKEN=t", "AUTH_3_TOKEN: there is a password as well"),
    (
        "HOST=ghcr.io\nTOKEN=a\nTOKEN_FILE=/secret",
        "AUTH_3_TOKEN and the variable DOCKER_AUTO_REGISTRY_AUTH_3_TOKEN_FILE are both set",
    ),
    (
        "HOST=ghcr.io\nTOKEN_FILE=/missing",
        "AUTH_3_TOKEN_FILE names the file /missing, which cannot be read",
    ),
    (
        "HOST=ghcr.io\nTOKEN_FILE=/empty",
        "AUTH_3_TOKEN_FILE names the file /empty, which cannot be read",
    ),
];

#[test]
fn credentials_are_read_together() {
    for (lines, expected) in LOGINS {
        for prefix in ["DOCKER_AUTO_REGISTRY_AUTH_3_", "WATCH_REGISTRY_AUTH_3_"] {
            let lines: Vec<String> = lines.lines().map(|line| format!("{prefix}{line}")).collect();
            let (config, problems) = load(&lines.join("\n"));
            let mut shown = config.registry.logins.values().map(|login| {
                let secret = |s: &Option<Secret>| {
                    s.as_ref().map_or("-".to_owned(), |s| s.expose().to_owned())
                };
                let username = login.username.as_deref().unwrap_or("-");
                let (password, token) = (secret(&login.password), secret(&login.token));
                format!("{} {username} {password} {token}", login.host)
            });
            let problem = problems.iter().find(|problem| problem.is_fatal());
            let found = problem.map(ToString::to_string).or(shown.next_back()).unwrap();
            let expected = expected.replace("DOCKER_AUTO_REGISTRY_AUTH_3_", prefix);
            assert!(found.contains(&expected), "{lines:?}: {found}");
        }
    }
}

#[test]
fn credentials_are_told_apart_by_their_numbers() {
    let line = |n: &str, host: &str| {
        format!(
            "DOCKER_AUTO_REGISTRY_AUTH_{n}_HOST={host}\nDOCKER_AUTO_REGISTRY_AUTH_{n}_TOKEN=t\n"
        )
    };
    let (config, problems) = load(&(line("0", "a.io") + &line("12", "b.io")));
    assert!(problems.is_empty(), "{problems:?}");
    let hosts: Vec<_> = config.registry.logins.iter().map(|(n, l)| (*n, &*l.host)).collect();
    assert_eq!(hosts, [(0, "a.io"), (12, "b.io")]);
    let (config, problems) = load(&(line("1", "a.io") + &line("2", "A.io")));
    assert_eq!(config.registry.logins.len(), 1);
    assert!(
        texts(&problems)[0].contains("AUTH_2_HOST: number 1 is for a.io already"),
        "{problems:?}"
    );
    for strange in ["01", "x", "", "99999999999"] {
        let (config, problems) = load(&line(strange, "a.io"));
        assert!(
            config.registry.logins.is_empty() && problems.len() == 2,
            "{strange}: {problems:?}"
        );
    }
}
