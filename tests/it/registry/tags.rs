//! Lists of tags: page by page, however a registry links its pages, and never half of one.

use std::time::Duration;

use docker_auto::registry::{Freshness, Registry, RegistryError, Tags, Wanted};
use serde_json::json;

use super::door::{Door, TokenRules};
use super::fake::{Fake, outcome_of, settings};
use crate::support::scripted::{Reaction, Reply};

const PATH: &str = "/v2/app/tags/list";

fn page(tags: &[&str], link: &str) -> Reaction {
    let reply = Reply::new(200).body(json!({"name": "app", "tags": tags}).to_string());
    if link.is_empty() { reply.into() } else { reply.header("link", link).into() }
}

async fn listed(registry: &Registry, wanted: &Wanted) -> Result<Tags, RegistryError> {
    registry.tags(wanted.clone(), Freshness::Forced).await
}

/// What a registry answers, page by page, what that comes to, and how many requests it takes.
async fn check(name: &str, pages: Vec<Reaction>, expected: Result<&[&str], &str>, requests: usize) {
    let fake = Fake::open();
    fake.script("GET", PATH, pages);
    let registry = Registry::new(settings()).unwrap();
    let found = listed(&registry, &fake.wanted("app:1")).await;
    match (&found, expected) {
        (Ok(tags), Ok(expected)) => {
            let tags: Vec<&str> = tags.iter().map(AsRef::as_ref).collect();
            assert_eq!(tags, expected, "{name}");
        }
        (Err(error), Err(code)) => assert_eq!(error.code(), code, "{name}: {error}"),
        _ => panic!("{name}: {found:?} instead of {expected:?}"),
    }
    assert_eq!(fake.server.count("GET", PATH), requests, "{name}");
}

#[tokio::test]
async fn pages_are_read_to_the_last() {
    let relative = r#"</v2/app/tags/list?last=b&n=2>; rel="next""#;
    let bare = "<?last=d&n=2>; rel=next";
    check("one page", vec![page(&["1", "2"], "")], Ok(&["1", "2"]), 1).await;
    check("no tags", vec![page(&[], "")], Ok(&[]), 1).await;
    let null = Reply::new(200).body(r#"{"name":"app","tags":null}"#);
    check("tags of null", vec![null.into()], Ok(&[]), 1).await;
    let pages = vec![page(&["a", "b"], relative), page(&["c", "d"], bare), page(&["e"], "")];
    check("relative links", pages, Ok(&["a", "b", "c", "d", "e"]), 3).await;
    let pages = vec![page(&[], relative), page(&["c"], "")];
    check("an empty page between", pages, Ok(&["c"]), 2).await;
    let prev = r#"</v2/app/tags/list?n=2>; rel="prev""#;
    check("a link back", vec![page(&["a"], prev)], Ok(&["a"]), 1).await;
    let long = "t".repeat(129);
    check("a tag that is none", vec![page(&["a", &long, ""], "")], Ok(&["a"]), 1).await;
}

#[tokio::test]
async fn a_list_that_is_not_whole_is_an_error() {
    let next = r#"</v2/app/tags/list?last=b&n=2>; rel="next""#;
    let same = r#"</v2/app/tags/list?n=1000>; rel="next""#;
    let foreign = r#"<http://198.51.100.1/v2/app/tags/list?last=b>; rel="next""#;
    let again = || page(&["a", "b"], next);
    check("a circle of one", vec![page(&["a"], same)], Err("bad_answer"), 1).await;
    check("a circle of two", vec![again(), again(), again()], Err("bad_answer"), 2).await;
    check("another host", vec![page(&["a"], foreign)], Err("bad_answer"), 1).await;
    let babble = Reply::new(200).body("<html>");
    check("no JSON", vec![babble.into()], Err("bad_answer"), 1).await;
    check("not found", vec![Reply::new(404).into()], Err("not_found"), 1).await;
    check("forbidden", vec![Reply::new(403).into()], Err("forbidden"), 1).await;
    let refused = vec![again(), Reply::new(404).into()];
    check("the second page is missing", refused, Err("not_found"), 2).await;
    let limited = || Reaction::from(Reply::new(429).header("retry-after", "3600"));
    check("limited", vec![limited()], Err("rate_limited"), 1).await;
    check("limited on the second page", vec![again(), limited()], Err("rate_limited"), 2).await;
    let failing = vec![Reply::new(500).into(), page(&["a"], "")];
    check("broken once", failing, Ok(&["a"]), 2).await;
}

#[tokio::test]
async fn links_may_name_their_own_host() {
    let fake = Fake::open();
    let link = format!("<http://{}/v2/app/tags/list?last=a>; rel=\"next\"", fake.server.address());
    fake.script("GET", PATH, [page(&["a"], &link), page(&["b"], "")]);
    let registry = Registry::new(settings()).unwrap();
    let tags = listed(&registry, &fake.wanted("app:1")).await.unwrap();
    assert_eq!(tags.len(), 2);
    let queries: Vec<_> = fake.server.seen().into_iter().map(|seen| seen.query).collect();
    assert_eq!(queries, ["n=1000", "last=a"]);
}

#[tokio::test]
async fn thousands_of_tags_are_listed() {
    let fake = Fake::open();
    let names: Vec<String> = (0..9000).map(|number| format!("1.{}.{number}", number % 7)).collect();
    let chunks: Vec<Vec<&str>> =
        names.chunks(1000).map(|chunk| chunk.iter().map(String::as_str).collect()).collect();
    let last = chunks.len() - 1;
    let pages = chunks.iter().enumerate().map(|(number, tags)| {
        let link = format!("</v2/app/tags/list?last={number}&n=1000>; rel=\"next\"");
        page(tags, if number == last { "" } else { &link })
    });
    fake.script("GET", PATH, pages);
    let registry = Registry::new(settings()).unwrap();
    let tags = listed(&registry, &fake.wanted("app:1")).await.unwrap();
    assert_eq!((tags.len(), fake.server.count("GET", PATH)), (9000, 9));
}

#[tokio::test]
async fn a_list_is_asked_for_once_and_kept_for_its_time() {
    let fake = Fake::open();
    fake.put_tags("app", &["1", "2"]);
    let registry = Registry::new(settings()).unwrap();
    let (wanted, other) = (fake.wanted("app:1"), fake.wanted("app:2"));
    let hour = Freshness::Within(Duration::from_hours(1));
    let (one, two) =
        tokio::join!(registry.tags(wanted.clone(), hour), registry.tags(other.clone(), hour));
    assert_eq!((&one, outcome_of(&one)), (&two, "ok"));
    assert_eq!(fake.server.seen().len(), 1, "two tags of a repository share its list");
    registry.tags(wanted.clone(), hour).await.unwrap();
    assert_eq!(fake.server.seen().len(), 1, "the list is still fresh");
    registry.tags(wanted, Freshness::Forced).await.unwrap();
    assert_eq!(fake.server.seen().len(), 2, "forced");
    let absent = fake.wanted("absent:1");
    for _ in 0..2 {
        assert_eq!(outcome_of(&registry.tags(absent.clone(), hour).await), "not_found");
    }
    assert_eq!(fake.server.seen().len(), 3, "an error is kept for a moment");
}

#[tokio::test]
async fn lists_need_the_same_token_as_manifests() {
    let fake = Fake::new(Door::Bearer(TokenRules::default()));
    fake.put_tags("app", &["1"]);
    let registry = Registry::new(settings()).unwrap();
    let tags = listed(&registry, &fake.wanted("app:1")).await.unwrap();
    assert_eq!((tags.len(), fake.server.count("GET", "/token")), (1, 1));
    fake.put_image("app", "1");
    super::fake::digest_of(&registry, &fake.wanted("app:1")).await.unwrap();
    assert_eq!(fake.server.count("GET", "/token"), 1);
}
