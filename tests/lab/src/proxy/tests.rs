use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{Direction, Failure, Proxy, Traffic};

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

#[tokio::test(start_paused = true)]
async fn half_a_wire_carries_one_way_only() {
    for blocked in [Direction::Up, Direction::Down] {
        let (proxy, mut stream) = proxied().await;
        round_trip(&mut stream, b"hello").await;
        proxy.fail(Failure::HalfOpen(blocked));
        let before = proxy.traffic();
        stream.write_all(b"anybody?").await.unwrap();
        assert!(timeout(Duration::from_hours(1), stream.read(&mut [0; 8])).await.is_err());
        let carried = proxy.traffic() - before;
        // What a blocked answer has reached is the wire, not the phone.
        let up = if blocked == Direction::Up { 0 } else { 8 };
        assert_eq!((carried.bytes_up, carried.bytes_down), (up, 0), "{blocked:?}");
        tokio::time::resume();
        proxy.heal();
        hear(&mut stream, b"anybody?").await;
        tokio::time::pause();
    }
}

#[tokio::test]
async fn an_orderly_close_is_told_to_both_ends_and_new_connections_pass() {
    let (proxy, mut stream) = proxied().await;
    round_trip(&mut stream, b"hello").await;
    proxy.fail(Failure::Close);
    assert_eq!(timeout(DEADLINE, stream.read(&mut [0; 8])).await.expect("the end").unwrap(), 0);
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    round_trip(&mut stream, b"again").await;
}

#[tokio::test]
async fn a_planned_failure_comes_in_the_middle_of_what_is_said() {
    let (proxy, mut stream) = proxied().await;
    proxy.fail_after(8, Failure::Reset);
    // Five bytes there, three of their echo.
    stream.write_all(b"hello").await.unwrap();
    timeout(DEADLINE, proxy.failed()).await.expect("the failure");
    let carried = proxy.traffic();
    assert_eq!((carried.bytes_up, carried.bytes_down), (5, 3));
    let mut heard = Vec::new();
    let lost = timeout(DEADLINE, stream.read_to_end(&mut heard)).await.expect("a reset");
    assert!(lost.is_err() && heard.len() <= 3, "{lost:?} {heard:?}");
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    round_trip(&mut stream, b"again").await;
    timeout(DEADLINE, proxy.failed()).await.expect("nothing is planned any more");
}

#[tokio::test]
async fn a_planned_black_hole_keeps_what_it_holds() {
    let (proxy, mut stream) = proxied().await;
    proxy.fail_after(2, Failure::BlackHole);
    stream.write_all(b"hello").await.unwrap();
    timeout(DEADLINE, proxy.failed()).await.expect("the failure");
    assert_eq!(proxy.traffic().bytes_up, 2);
    proxy.heal();
    hear(&mut stream, b"hello").await;
}

#[tokio::test]
async fn latency_also_delays_the_opening_of_a_connection() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let each_way = Duration::from_millis(30);
    proxy.latency(each_way);
    let start = Instant::now();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    round_trip(&mut stream, b"hello").await;
    // One round trip to open it, one to speak.
    assert!(start.elapsed() >= each_way * 4, "{:?}", start.elapsed());
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
