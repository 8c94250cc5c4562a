use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{Proxy, Traffic};

/// Bounds a failure; on success nothing waits for it.
const DEADLINE: Duration = Duration::from_secs(20);

/// A server that sends everything back, until it is told `bye`.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 1024];
                while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                    if stream.write_all(&bytes[..count]).await.is_err() || bytes.starts_with(b"bye") {
                        break;
                    }
                }
            });
        }
    });
    address
}

async fn proxied() -> (Proxy, TcpStream) {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let stream = TcpStream::connect(proxy.address()).await.unwrap();
    (proxy, stream)
}

async fn round_trip(stream: &mut TcpStream, text: &[u8]) {
    stream.write_all(text).await.unwrap();
    hear(stream, text).await;
}

async fn hear(stream: &mut TcpStream, text: &[u8]) {
    let mut heard = vec![0; text.len()];
    timeout(DEADLINE, stream.read_exact(&mut heard)).await.expect("an answer").unwrap();
    assert_eq!(heard, text);
}

#[tokio::test]
async fn bytes_pass_and_are_counted() {
    let (proxy, mut stream) = proxied().await;
    round_trip(&mut stream, b"hello").await;
    round_trip(&mut stream, b"again").await;
    let expected = Traffic { bytes_up: 10, bytes_down: 10, flights: 2, accepted: 1 };
    assert_eq!(proxy.traffic(), expected);
    let second = TcpStream::connect(proxy.address()).await;
    round_trip(&mut second.unwrap(), b"x").await;
    let more = proxy.traffic() - expected;
    assert_eq!(more, Traffic { bytes_up: 1, bytes_down: 1, flights: 1, accepted: 1 });
}

#[tokio::test]
async fn the_last_words_before_an_orderly_close_arrive() {
    let (_proxy, mut stream) = proxied().await;
    stream.write_all(b"bye").await.unwrap();
    let mut heard = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut heard)).await.expect("the end").unwrap();
    assert_eq!(heard, b"bye");
}

#[tokio::test]
async fn a_cut_resets_and_healing_lets_new_connections_in() {
    let (proxy, mut stream) = proxied().await;
    round_trip(&mut stream, b"hello").await;
    proxy.cut();
    let lost = timeout(DEADLINE, stream.read(&mut [0; 8])).await.expect("a reset");
    assert_eq!(lost.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);

    let mut refused = TcpStream::connect(proxy.address()).await.unwrap();
    let nothing = timeout(DEADLINE, refused.read(&mut [0; 8])).await.expect("a reset");
    assert!(matches!(nothing, Err(_) | Ok(0)), "a cut wire carried something");

    proxy.heal();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    round_trip(&mut stream, b"back").await;
    assert_eq!(proxy.traffic().accepted, 3);
}

#[tokio::test]
async fn a_connection_does_not_survive_a_cut_that_is_healed_at_once() {
    let (proxy, mut stream) = proxied().await;
    round_trip(&mut stream, b"hello").await;
    proxy.cut();
    proxy.heal();
    let lost = timeout(DEADLINE, stream.read(&mut [0; 8])).await.expect("a reset");
    assert!(lost.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_black_hole_keeps_connections_and_moves_nothing_until_it_is_healed() {
    let (proxy, mut stream) = proxied().await;
    round_trip(&mut stream, b"hello").await;
    proxy.black_hole();
    let before = proxy.traffic();
    stream.write_all(b"anybody?").await.unwrap();
    let mut late = TcpStream::connect(proxy.address()).await.unwrap();
    late.write_all(b"me too").await.unwrap();
    // Time is the test's own here: the hour passes once nothing else is left to do.
    assert!(timeout(Duration::from_hours(1), stream.read(&mut [0; 8])).await.is_err());
    assert_eq!((proxy.traffic() - before).bytes_up, 0);
    tokio::time::resume();

    proxy.heal();
    hear(&mut stream, b"anybody?").await;
    hear(&mut late, b"me too").await;
}

#[tokio::test]
async fn latency_delays_each_way_and_keeps_order() {
    let (proxy, mut stream) = proxied().await;
    let each_way = Duration::from_millis(40);
    proxy.latency(each_way);
    // The first byte may have been asked for before the change.
    round_trip(&mut stream, b"0").await;
    let start = Instant::now();
    for byte in b"12345" {
        stream.write_all(&[*byte]).await.unwrap();
    }
    hear(&mut stream, b"12345").await;
    assert!(start.elapsed() >= each_way * 2, "{:?}", start.elapsed());
}
