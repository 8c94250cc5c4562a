//! Where a domain's web server says that XMPP can be had through it (XEP-0156): its `host-meta`, as XML or as JSON.
//!
//! Only ever asked over HTTPS, and only `wss:` addresses count: what they name was vouched for by the domain's certificate
//! (XEP-0156 §2.2).

use std::pin::pin;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST, LOCATION, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::SessionError;
use crate::frame::Frame;

/// The relation of a link to WebSocket.
const WEB_SOCKET: &str = "urn:xmpp:alt-connections:websocket";

/// Namespace of XRD (RFC 6415).
const XRD: &str = "http://docs.oasis-open.org/ns/xri/xrd-1.0";

/// Where the two forms are, the one that every such domain has first.
pub(crate) const PLACES: [&str; 2] = ["/.well-known/host-meta", "/.well-known/host-meta.json"];

/// A `host-meta` has a few links. Servers of web pages answer with pages.
const DOCUMENT_BYTES: usize = 64 * 1024;

/// Links that are tried.
const LINKS: usize = 3;

/// What a web server answered.
pub(crate) enum Page {
    /// Links to WebSocket, perhaps none.
    Links(Vec<Uri>),
    /// To be asked for elsewhere.
    Elsewhere(Uri),
}

/// Asks for one page, over a connection that is under TLS already.
pub(crate) async fn get<Io>(io: Io, uri: &Uri) -> Result<Page, SessionError>
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    const NO_HTTP: SessionError = SessionError::NoWebSocket("the web server does not speak HTTP");
    let (mut sender, connection) =
        http1::handshake::<_, Empty<Bytes>>(TokioIo::new(io)).await.map_err(|_| NO_HTTP)?;
    let authority = uri.authority().map(hyper::http::uri::Authority::as_str).unwrap_or_default();
    let path = uri.path_and_query().map_or("/", hyper::http::uri::PathAndQuery::as_str);
    let request = Request::get(path)
        .header(HOST, authority)
        .header(ACCEPT, "application/xrd+xml, application/json")
        .header(USER_AGENT, "Heliograph")
        .body(Empty::new())
        .map_err(|_| SessionError::NoWebSocket("an address that no request can name"))?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|_| NO_HTTP)?;
        if response.status().is_redirection() {
            return elsewhere(response.headers().get(LOCATION).and_then(|at| at.to_str().ok()), uri);
        }
        if response.status() != StatusCode::OK {
            return Ok(Page::Links(Vec::new()));
        }
        let body = Limited::new(response.into_body(), DOCUMENT_BYTES).collect().await.map_err(|_| NO_HTTP)?;
        Ok(Page::Links(links(&body.to_bytes())))
    };
    let mut answer = pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        // The server may close behind its answer, whose rest is here already.
        _ = connection => answer.await,
    }
}

/// Only to HTTPS, here or on another host.
fn elsewhere(location: Option<&str>, from: &Uri) -> Result<Page, SessionError> {
    const NOWHERE: SessionError = SessionError::NoWebSocket("the web server sends us nowhere");
    let location: Uri = location.and_then(|text| text.parse().ok()).ok_or(NOWHERE)?;
    match (location.scheme_str(), location.authority()) {
        (Some("https"), Some(_)) => Ok(Page::Elsewhere(location)),
        (None, None) => {
            let mut parts = location.into_parts();
            parts.scheme = from.scheme().cloned();
            parts.authority = from.authority().cloned();
            Ok(Page::Elsewhere(Uri::from_parts(parts).map_err(|_| NOWHERE)?))
        }
        _ => Err(NOWHERE),
    }
}

/// The links in a document of either form.
fn links(document: &[u8]) -> Vec<Uri> {
    let links =
        if document.trim_ascii_start().starts_with(b"{") { in_json(document) } else { in_xml(document) };
    links
        .into_iter()
        .filter_map(|link| link.parse::<Uri>().ok())
        .filter(|link| link.scheme_str() == Some("wss") && link.host().is_some())
        .take(LINKS)
        .collect()
}

fn in_xml(document: &[u8]) -> Vec<String> {
    let Ok(Frame::Whole(root)) = xso::from_bytes::<Frame>(document) else { return Vec::new() };
    if !root.is("XRD", XRD) {
        return Vec::new();
    }
    root.children()
        .filter(|child| child.is("Link", XRD) && child.attr("rel") == Some(WEB_SOCKET))
        .filter_map(|child| child.attr("href").map(str::to_owned))
        .collect()
}

fn in_json(document: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(default)]
        links: Vec<Link>,
    }
    #[derive(Deserialize)]
    struct Link {
        rel: Option<String>,
        href: Option<String>,
    }
    let document: Option<Document> = serde_json::from_slice(document).ok();
    document
        .map(|document| document.links)
        .unwrap_or_default()
        .into_iter()
        .filter(|link| link.rel.as_deref() == Some(WEB_SOCKET))
        .filter_map(|link| link.href)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(document: &str) -> Vec<String> {
        links(document.as_bytes()).iter().map(Uri::to_string).collect()
    }

    #[test]
    fn both_forms_of_the_standards_example_name_the_same_place() {
        let xml = r#"<?xml version='1.0' encoding='utf-8'?>
            <XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>
              <Link rel="urn:xmpp:alt-connections:xbosh" href="https://web.example.com:5280/bosh" />
              <Link rel="urn:xmpp:alt-connections:websocket" href="wss://web.example.com:443/ws" />
            </XRD>"#;
        let json = r#"{ "subject": "x", "links": [
            { "rel": "urn:xmpp:alt-connections:xbosh", "href": "https://web.example.com:5280/bosh" },
            { "rel": "lrdd", "template": "x" },
            { "rel": "urn:xmpp:alt-connections:websocket", "href": "wss://web.example.com:443/ws" }
        ] }"#;
        for document in [xml, json] {
            assert_eq!(found(document), ["wss://web.example.com:443/ws"]);
        }
    }

    #[test]
    fn links_without_tls_and_documents_of_other_kinds_count_for_nothing() {
        let clear = r#"{ "links": [{ "rel": "urn:xmpp:alt-connections:websocket", "href": "ws://example.com/ws" }] }"#;
        for document in [clear, "<html><body>Welcome</body></html>", "", "{", "<XRD", "{\"links\": 7}"] {
            assert_eq!(found(document), Vec::<String>::new());
        }
        let deep = "<a>".repeat(20_000);
        assert_eq!(found(&deep), Vec::<String>::new());
    }

    #[test]
    fn a_redirection_never_leaves_https() {
        let from: Uri = "https://example.org/.well-known/host-meta".parse().unwrap();
        for (location, to) in [
            (Some("https://www.example.org/a"), Some("https://www.example.org/a")),
            (Some("/b"), Some("https://example.org/b")),
            (Some("http://example.org/"), None),
            (None, None),
        ] {
            let page = elsewhere(location, &from).ok().map(|page| match page {
                Page::Elsewhere(uri) => uri.to_string(),
                Page::Links(_) => panic!("links"),
            });
            assert_eq!(page.as_deref(), to);
        }
    }
}
