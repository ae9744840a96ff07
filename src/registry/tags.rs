//! Lists the tags of a repository, page by page, however many pages there are.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use http::header;
use serde::Deserialize;
use tokio::time::timeout;
use url::Url;

use super::client::{Answer, Request};
use super::error::RegistryError;
use super::host::scope_of;
use super::image::RemoteReference;

/// The tags of a repository, in the registry's order.
pub type Tags = Arc<[Box<str>]>;

/// How many tags are asked for at a time; registries give fewer where that is too many.
const AT_A_TIME: usize = 1000;

/// The longest page that is read.
const LONGEST_PAGE: usize = 16 * 1024 * 1024;

/// The most pages that are read, and the most tags.
const MOST_PAGES: usize = 1000;
const MOST_TAGS: usize = 100_000;

/// The longest that all pages may take.
const PATIENCE: Duration = Duration::from_mins(3);

/// The longest tag that there is.
const LONGEST_TAG: usize = 128;

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    tags: Option<Vec<Box<str>>>,
}

impl RemoteReference {
    /// Lists the tags of the repository: all of them, or none and why.
    pub(super) async fn tags(&self) -> Result<Tags, RegistryError> {
        let doing = || self.listing().into();
        let patient = timeout(PATIENCE, self.pages()).await;
        patient.unwrap_or_else(|_| Err(RegistryError::Timeout { doing: doing(), after: PATIENCE }))
    }

    async fn pages(&self) -> Result<Tags, RegistryError> {
        let mut tags = Vec::new();
        let mut asked = HashSet::new();
        let mut path = format!("{}?n={AT_A_TIME}", self.path("tags", "list"));
        for _ in 0..MOST_PAGES {
            let answer = self.page(&path).await?;
            tags.extend(self.read(&answer)?);
            if tags.len() > MOST_TAGS {
                return Err(self.odd(&format!("it lists more than {MOST_TAGS} tags")));
            }
            let Some(next) = self.next(&answer, &path)? else { return Ok(tags.into()) };
            asked.insert(path);
            if asked.contains(&next) {
                return Err(self.odd("its list of tags goes in circles"));
            }
            path = next;
        }
        Err(self.odd(&format!("its list of tags has more than {MOST_PAGES} pages")))
    }

    async fn page(&self, path: &str) -> Result<Answer, RegistryError> {
        let doing = self.listing();
        let path = path.to_owned();
        let request =
            Request::json(&doing, path, LONGEST_PAGE, self.access.client.timing().download);
        let scope = scope_of(self.reference.repository());
        let answer = self.access.call(&self.host, &request, &scope).await?;
        if answer.status.is_success() { Ok(answer) } else { Err(self.refusal(&answer).await) }
    }

    fn read(
        &self,
        answer: &Answer,
    ) -> Result<impl Iterator<Item = Box<str>> + use<>, RegistryError> {
        let page: Page = serde_json::from_slice(&answer.body)
            .map_err(|error| self.odd(&format!("its list of tags is not valid JSON ({error})")))?;
        let tags = page.tags.unwrap_or_default().into_iter();
        Ok(tags.filter(|tag| !tag.is_empty() && tag.len() <= LONGEST_TAG))
    }

    /// Returns the path of the next page: on this registry, wherever the link points.
    fn next(&self, answer: &Answer, path: &str) -> Result<Option<String>, RegistryError> {
        let links = answer.headers.get_all(header::LINK).iter();
        let links = links.filter_map(|link| link.to_str().ok());
        let Some(target) = links.flat_map(|link| link.split(',')).find_map(next_of) else {
            return Ok(None);
        };
        let base = format!("https://{}{path}", self.host.peer.key.authority);
        let base = Url::parse(&base).map_err(|_| self.odd("its address is none"))?;
        let next = base.join(target).map_err(|_| self.odd("the link to its next page is none"))?;
        if !is_same_host(&next, &base) {
            return Err(self.odd("the link to its next page leads to another host"));
        }
        Ok(Some(next[url::Position::BeforePath..url::Position::AfterQuery].to_owned()))
    }

    fn listing(&self) -> String {
        format!("asking {} for the tags of {}", self.host.name, self.reference.repository())
    }

    fn odd(&self, reason: &str) -> RegistryError {
        RegistryError::bad_answer(&self.listing(), reason)
    }
}

/// Reads `</v2/…?last=x>; rel="next"`.
fn next_of(link: &str) -> Option<&str> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let next = parameters.split(';').filter_map(|one| one.trim().split_once('='));
    let mut next = next.filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"));
    next.any(|(_, value)| value.trim().trim_matches('"').eq_ignore_ascii_case("next"))
        .then_some(target)
}

/// The scheme is not looked at: only the path is used, on the connection that there is.
fn is_same_host(next: &Url, base: &Url) -> bool {
    let port = |url: &Url| url.port().or_else(|| base.port().is_none().then_some(0));
    next.host() == base.host() && port(next) == port(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_the_next_page_are_read() {
        for (link, expected) in [
            (r#"</v2/a/tags/list?last=b&n=2>; rel="next""#, Some("/v2/a/tags/list?last=b&n=2")),
            ("</v2/a>; rel=next", Some("/v2/a")),
            (r#" <?last=b>;title="x"; REL = "Next" "#, Some("?last=b")),
            (r#"</v2/a>; rel="prev""#, None),
            ("</v2/a>", None),
            ("/v2/a; rel=next", None),
            ("</v2/a; rel=next", None),
            ("", None),
        ] {
            assert_eq!(next_of(link), expected, "{link}");
        }
    }

    #[test]
    fn a_link_stays_on_its_host() {
        for (base, next, same) in [
            ("https://a.io/v2/", "https://a.io/v2/x", true),
            ("https://a.io/v2/", "http://a.io/v2/x", true),
            ("https://a.io/v2/", "http://a.io:80/v2/x", true),
            ("https://a.io:5000/v2/", "http://a.io:5000/v2/x", true),
            ("https://a.io:5000/v2/", "https://a.io/v2/x", false),
            ("https://a.io/v2/", "https://a.io:5000/v2/x", false),
            ("https://a.io/v2/", "https://b.io/v2/x", false),
        ] {
            let (base, next) = (Url::parse(base).unwrap(), Url::parse(next).unwrap());
            assert_eq!(is_same_host(&next, &base), same, "{base} {next}");
        }
    }
}
