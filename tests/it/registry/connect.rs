//! The connector by itself: unix sockets, client certificates, and its errors.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use docker_auto::connect::{
    ClientIdentity, ConnectError, ConnectSettings, Connector, Protocols, Tls, TlsSettings,
};
use http::Uri;
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::support::certificates::{Authority, ClientFiles};
use crate::support::scripted::{Reply, ScriptedServer};

fn tls(authority: &Authority, client: Option<ClientFiles>, protocols: Protocols) -> Tls {
    let identity =
        client.map(|ClientFiles { certificate, key }| ClientIdentity { certificate, key });
    let authorities = Some(authority.file());
    Tls::new(&TlsSettings { authorities, identity, protocols, ..Default::default() }).unwrap()
}

async fn get(settings: ConnectSettings, uri: &str) -> Result<u16, Box<dyn Error + Send + Sync>> {
    let client =
        Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(Connector::new(settings));
    Ok(client.get(uri.parse()?).await?.status().as_u16())
}

fn cause<'a>(error: &'a (dyn Error + 'static)) -> &'a ConnectError {
    let mut error = error;
    loop {
        if let Some(found) = error.downcast_ref() {
            return found;
        }
        error = error.source().expect("the connector's error is a cause");
    }
}

#[tokio::test]
async fn a_socket_stands_for_every_address() {
    let dir = tempfile::TempDir::new().unwrap();
    let socket = dir.path().join("engine.sock");
    let settings = || ConnectSettings { socket: Some(socket.clone()), ..Default::default() };
    let error = get(settings(), "http://engine/_ping").await.unwrap_err();
    match cause(error.as_ref()) {
        ConnectError::Reach { address, source } => {
            assert_eq!(
                (address.as_str(), source.kind()),
                (socket.to_str().unwrap(), io::ErrorKind::NotFound)
            );
        }
        other => panic!("{other:?}"),
    }
    let listener = tokio::net::UnixListener::bind(&socket).unwrap();
    let answer = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = [0; 64];
        let length = tokio::io::AsyncReadExt::read(&mut stream, &mut seen).await.unwrap();
        assert!(seen[..length].starts_with(b"GET /_ping HTTP/1.1\r\n"));
        let text = b"HTTP/1.1 204 No Content\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, text).await.unwrap();
    };
    let (status, ()) = tokio::join!(get(settings(), "http://engine/_ping"), answer);
    assert_eq!(status.unwrap(), 204);
}

#[tokio::test]
async fn client_certificates_are_shown() {
    let (authority, foreign) = (Authority::new(), Authority::new());
    let engine =
        ScriptedServer::tls(authority.strict_server(&["127.0.0.1"]), |_| Reply::new(200).into());
    let uri = format!("https://{}/_ping", engine.address());
    for (client, admitted) in
        [(Some(authority.client()), true), (None, false), (Some(foreign.client()), false)]
    {
        let tls = Some(tls(&authority, client, Protocols::Http1));
        let result = get(ConnectSettings { tls, ..Default::default() }, &uri).await;
        assert_eq!(result.as_ref().ok(), admitted.then_some(&200), "{result:?}");
    }
}

#[tokio::test]
async fn http2_is_spoken_where_both_want_it() {
    let authority = Authority::new();
    let either = ["h2", "http/1.1"];
    for (offered, server, http2) in [
        (Protocols::Either, &either[..], true),
        (Protocols::Either, &either[1..], false),
        (Protocols::Http1, &either[..], false),
        (Protocols::Http2, &either[..], true),
    ] {
        let server = ScriptedServer::tls(authority.server(&["127.0.0.1"], server), |_| {
            Reply::new(200).into()
        });
        let tls = Some(tls(&authority, None, offered));
        let connector = Connector::new(ConnectSettings { tls, ..Default::default() });
        let uri: Uri = format!("https://{}/", server.address()).parse().unwrap();
        assert_eq!(connector.connect(&uri).await.unwrap().is_http2(), http2, "{offered:?}");
    }
}

#[tokio::test]
async fn errors_name_their_kind() {
    let authority = Authority::new();
    let plain = ScriptedServer::plain(|_| Reply::new(200).into());
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let tls = Some(tls(&authority, None, Protocols::Http1));
    let secure = || ConnectSettings { tls: tls.clone(), ..Default::default() };
    let impatient = || ConnectSettings { timeout: Duration::from_millis(500), ..secure() };
    let error = async |settings, uri: &str| {
        Connector::new(settings).connect(&uri.parse().unwrap()).await.unwrap_err()
    };
    let found = error(secure(), &format!("https://{}/", plain.address())).await;
    assert!(matches!(found, ConnectError::NotTls { .. }), "{found:?}");
    let found = error(impatient(), &format!("https://{}/", silent.local_addr().unwrap())).await;
    assert!(matches!(found, ConnectError::Timeout { .. }), "{found:?}");
    let found = error(ConnectSettings::default(), &format!("https://{}/", plain.address())).await;
    assert!(matches!(found, ConnectError::Address { .. }), "{found:?}");
    let found = error(secure(), "http://127.0.0.1:1/").await;
    assert!(matches!(found, ConnectError::Reach { .. }), "{found:?}");
    let found = error(secure(), &format!("http://{}.test/", "a".repeat(64))).await;
    assert!(matches!(found, ConnectError::Resolve { .. }), "{found:?}");
}
