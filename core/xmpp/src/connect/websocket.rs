//! A stream of bytes inside WebSocket (RFC 7395), so that a session does not notice.
//!
//! What the session writes is cut into one message per element, `<stream:stream>` becomes `<open/>` and `</stream:stream>`
//! becomes `<close/>`; what comes in is turned back. Cutting needs no parser: it is our own writer's output, in which `<` and
//! `>` stand for nothing but tags, attributes are in single quotes, and there are neither comments nor CDATA.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::{Sink, Stream};
use hyper::Uri;
use hyper::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use minidom::Element;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_websockets::{ClientBuilder, Error as WebSocketError, Limits, Message, WebSocketStream};
use xmpp_parsers::ns as xns;

use crate::error::SessionError;
use crate::frame::Frame;

/// Namespace of `<open/>` and `<close/>` (RFC 7395 §3.3.2).
const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";

/// The name of XMPP in the handshake (RFC 7395 §3.1).
const SUBPROTOCOL: HeaderValue = HeaderValue::from_static("xmpp");

/// One message: what bounds memory before [`Frame`] bounds the stanza. Four times as much, because what is too large for a
/// stanza must still be read and counted where possible.
const MESSAGE_BYTES: usize = 8 * 1024 * 1024;

/// Bytes of a message that is `<open/>` or `<close/>`; more attributes than that have no meaning.
const FRAMING_BYTES: usize = 8 * 1024;

/// Asks a web server to switch to WebSocket, over a connection that is under TLS already.
pub(crate) async fn open<Io: AsyncRead + AsyncWrite + Unpin>(
    io: Io,
    uri: Uri,
) -> Result<WebSocket<Io>, SessionError> {
    const OTHER: SessionError = SessionError::NoWebSocket("the web server speaks something else");
    let builder = ClientBuilder::from_uri(uri)
        .limits(Limits::default().max_payload_len(Some(MESSAGE_BYTES)))
        .add_header(SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)
        .map_err(|_| SessionError::Internal("a header of WebSocket"))?;
    let (stream, response) = builder.connect_on(io).await.map_err(|error| match error {
        WebSocketError::Io(error) => SessionError::from(error),
        _ => OTHER,
    })?;
    if response.headers().get(SEC_WEBSOCKET_PROTOCOL) != Some(&SUBPROTOCOL) {
        return Err(OTHER);
    }
    Ok(WebSocket { stream, cutter: Cutter::default(), outgoing: VecDeque::new(), incoming: VecDeque::new() })
}

/// See the module.
pub(crate) struct WebSocket<Io> {
    stream: WebSocketStream<Io>,
    cutter: Cutter,
    /// Messages for which the socket had no room yet.
    outgoing: VecDeque<String>,
    /// Bytes that the session has not read yet.
    incoming: VecDeque<u8>,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> WebSocket<Io> {
    /// Hands messages on until none is left.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_ready(context)).map_err(into_io)?;
            if let Some(message) = self.outgoing.pop_front() {
                Pin::new(&mut self.stream).start_send(Message::text(message)).map_err(into_io)?;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.incoming.is_empty() {
            let message = match ready!(Pin::new(&mut self.stream).poll_next(context)) {
                Some(Ok(message)) if message.is_close() => return Poll::Ready(Ok(())),
                Some(Ok(message)) => message,
                Some(Err(error)) => return Poll::Ready(Err(into_io(error))),
                None => return Poll::Ready(Ok(())),
            };
            if let Some(text) = message.as_text() {
                self.incoming.extend(received(text)?.into_bytes());
            } else if message.is_binary() {
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
        }
        let (front, _) = self.incoming.as_slices();
        let length = front.len().min(buffer.remaining());
        buffer.put_slice(front.get(..length).unwrap_or_default());
        self.incoming.drain(..length);
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocket<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_send(context))?;
        let messages = self.cutter.write(bytes)?;
        self.outgoing.extend(messages);
        // What finds no room now goes with the next write or flush.
        let _ = self.poll_send(context)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.stream).poll_flush(context).map_err(into_io)
    }

    /// `<close/>` has gone out before; the server closes the WebSocket when it has answered (RFC 7395 §3.6).
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

fn into_io(error: WebSocketError) -> io::Error {
    match error {
        WebSocketError::Io(error) => error,
        WebSocketError::AlreadyClosed => io::ErrorKind::BrokenPipe.into(),
        _ => io::ErrorKind::InvalidData.into(),
    }
}

/// One message of the server, as the stream would have it.
fn received(message: &str) -> io::Result<String> {
    let text = message.trim_start();
    if !text.starts_with("<open") && !text.starts_with("<close") {
        return Ok(message.to_owned());
    }
    if text.len() > FRAMING_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    match xso::from_bytes::<Frame>(text.as_bytes()) {
        Ok(Frame::Whole(element)) if element.is("open", FRAMING) => Ok(header(&element)),
        Ok(Frame::Whole(element)) if element.is("close", FRAMING) => Ok("</stream:stream>".to_owned()),
        _ => Ok(message.to_owned()),
    }
}

/// The stream header that says what `<open/>` says.
fn header(open: &Element) -> String {
    let mut header = format!(
        "<?xml version='1.0'?><stream:stream xmlns='{}' xmlns:stream='{}'",
        xns::JABBER_CLIENT,
        xns::STREAM
    );
    for name in ["from", "to", "id", "version"] {
        if let Some(value) = open.attr(name) {
            let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&#39;");
            header = header + " " + name + "='" + &value + "'";
        }
    }
    header + ">"
}

/// Cuts what the session writes into messages.
#[derive(Default)]
struct Cutter {
    /// The beginning of an element that is not complete.
    text: Vec<u8>,
    /// How much of it was looked at.
    seen: usize,
    /// Where the tag begins that is not complete.
    tag: Option<usize>,
    /// Length of the element's first tag, once complete.
    first: usize,
    depth: usize,
}

impl Cutter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<Vec<String>> {
        let mut messages = Vec::new();
        self.text.extend_from_slice(bytes);
        while let Some(byte) = self.text.get(self.seen).copied() {
            self.seen += 1;
            match (byte, self.tag) {
                (b'<', _) => self.tag = Some(self.seen - 1),
                (b'>', Some(start)) => {
                    self.tag = None;
                    if self.tag_is_complete(start)? {
                        messages.push(self.message()?);
                    }
                }
                // Nothing is said between elements.
                (_, None) if self.depth == 0 => self.forget(),
                _ => {}
            }
        }
        Ok(messages)
    }

    /// Whether the element is, too.
    fn tag_is_complete(&mut self, start: usize) -> io::Result<bool> {
        let tag = self.text.get(start..self.seen).unwrap_or_default();
        if self.depth == 0 {
            self.first = tag.len();
            if tag.starts_with(b"<?") {
                self.forget();
                return Ok(false);
            }
            if tag.starts_with(b"<stream:stream") || tag.starts_with(b"</stream:stream") {
                return Ok(true);
            }
        }
        if tag.starts_with(b"</") {
            self.depth = self.depth.checked_sub(1).ok_or(io::ErrorKind::InvalidInput)?;
        } else if !tag.ends_with(b"/>") {
            self.depth += 1;
        }
        Ok(self.depth == 0)
    }

    fn message(&mut self) -> io::Result<String> {
        let element = self.text.get(..self.seen).unwrap_or_default();
        let element = String::from_utf8(element.to_vec()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let first = element.get(..self.first).unwrap_or_default().to_owned();
        self.forget();
        if first.starts_with("</") {
            return Ok(format!("<close xmlns='{FRAMING}'/>"));
        }
        let name = first.find([' ', '/', '>']).unwrap_or(first.len());
        let (name, rest) = (first.get(1..name).unwrap_or_default(), element.get(name..).unwrap_or_default());
        if name == "stream:stream" {
            let attributes = rest.trim_end_matches('>').to_owned();
            let attributes = without(&without(&attributes, " xmlns='"), " xmlns:stream='");
            return Ok(format!("<open xmlns='{FRAMING}'{attributes}/>"));
        }
        // Each message is a document of its own (RFC 7395 §3.3.3): what the header declared is declared again.
        if first.contains(" xmlns='") {
            Ok(element)
        } else {
            Ok(format!("<{name} xmlns='{}'{rest}", xns::JABBER_CLIENT))
        }
    }

    fn forget(&mut self) {
        self.text.drain(..self.seen);
        (self.seen, self.first) = (0, 0);
    }
}

/// Attributes without the one that begins so. Quotes inside of values are escaped.
fn without(attributes: &str, beginning: &str) -> String {
    let Some((before, behind)) = attributes.split_once(beginning) else { return attributes.to_owned() };
    let (_, after) = behind.split_once('\'').unwrap_or_default();
    format!("{before}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(texts: &[&str]) -> Vec<String> {
        let mut cutter = Cutter::default();
        texts.iter().flat_map(|text| cutter.write(text.as_bytes()).unwrap()).collect()
    }

    const HEADER: &str = "<?xml version='1.0' encoding='utf-8'?>\n<stream:stream xmlns='jabber:client' \
         xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>";

    #[test]
    fn a_stream_becomes_one_message_per_element() {
        let stream = format!(
            "{HEADER}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>eA==</auth>{HEADER}\
             <message to='a@b'><body>&lt;x/&gt; &#39;</body><x xmlns='urn:x'><y/></x></message>\n<presence/>\
             <r xmlns='urn:xmpp:sm:3'/></stream:stream>"
        );
        let expected = [
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>",
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>eA==</auth>",
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>",
            "<message xmlns='jabber:client' to='a@b'><body>&lt;x/&gt; &#39;</body>\
             <x xmlns='urn:x'><y/></x></message>",
            "<presence xmlns='jabber:client'/>",
            "<r xmlns='urn:xmpp:sm:3'/>",
            "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
        ];
        assert_eq!(cut(&[&stream]), expected);
        let pieces: Vec<String> = stream.chars().map(String::from).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        assert_eq!(cut(&pieces), expected, "wherever the writer stops");
    }

    #[test]
    fn an_element_is_held_back_until_it_is_whole() {
        let mut cutter = Cutter::default();
        assert_eq!(cutter.write(b"<message to='a@b'><body>half").unwrap(), Vec::<String>::new());
        assert_eq!(cutter.write(b"</body></message>").unwrap().len(), 1);
    }

    #[test]
    fn what_the_server_says_becomes_a_stream_again() {
        let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='example.org' id='a&amp;b' \
             xml:lang='en' version='1.0'/>";
        assert_eq!(
            received(open).unwrap(),
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams' from='example.org' id='a&amp;b' version='1.0'>"
        );
        let close = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
        assert_eq!(received(close).unwrap(), "</stream:stream>");
        for other in ["<open xmlns='urn:x'/>", "<message xmlns='jabber:client'/>", "<opened/>"] {
            assert_eq!(received(other).unwrap(), other);
        }
    }
}
