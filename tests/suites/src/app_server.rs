//! An app server: the push service of an app as an XMPP component (XEP-0114), as far as XEP-0357 asks for one. It writes down
//! what servers announce, where a real one would pass it on to FCM, APNs or a UnifiedPush distributor.
//!
//! The stream is read by hand: tokio-xmpp's component is a feature that changes the namespace of every stanza in the same
//! build, and without it no stream is accepted whose header has no version, as those of components have none.

use std::collections::BTreeMap;

use heliograph_lab::Server;
use heliograph_lab::policy::NETWORK;
use heliograph_lab::server::COMPONENT_SECRET;
use minidom::Element;
use minidom::rxml::NcName;
use minidom::tree_builder::TreeBuilder;
use rxml::AsyncRawReader;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use xmpp_parsers::component::Handshake;
use xmpp_parsers::ns;

const PUBSUB: &str = "http://jabber.org/protocol/pubsub";

/// Something came for somebody (XEP-0357 §7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// For whom, as the app server knows it.
    pub node: String,
    /// What the server had to show.
    pub options: BTreeMap<String, String>,
    /// The summary: what the announcing server put in of its own.
    pub summary: BTreeMap<String, String>,
    /// The whole of it as it came over the wire.
    pub xml: String,
}

/// See the module. Ends with it.
pub struct AppServer {
    announcements: watch::Receiver<Vec<Announcement>>,
    serving: JoinHandle<()>,
}

impl AppServer {
    /// Signs in at the server, which must have been started with [`heliograph_lab::Options::app_server`].
    pub async fn sign_in(server: &Server) -> Self {
        let socket = TcpStream::connect(server.component_address()).await.unwrap();
        let mut stream = Stream::open(socket, &server.push_service()).await;
        let id = stream.id().await;
        stream.say(&Handshake::from_stream_id_and_password(id, COMPONENT_SECRET).into()).await;
        let answer = timeout(NETWORK, stream.hear()).await.expect("an answer").expect("an answer");
        assert!(answer.is("handshake", ns::COMPONENT_ACCEPT), "{}", String::from(&answer));
        let (told, announcements) = watch::channel(Vec::new());
        let serving = tokio::spawn(async move {
            while let Some(stanza) = stream.hear().await {
                if let Some(announcement) = announcement(&stanza) {
                    stream.say(&received(&stanza)).await;
                    told.send_modify(|all| all.push(announcement));
                }
            }
        });
        Self { announcements, serving }
    }

    /// What was announced so far, once there is at least so much of it.
    pub async fn announced(&mut self, at_least: usize) -> Vec<Announcement> {
        let enough = self.announcements.wait_for(|all| all.len() >= at_least);
        let all = timeout(NETWORK, enough).await.unwrap_or_else(|_| panic!("{at_least} announcements"));
        all.unwrap().clone()
    }
}

impl Drop for AppServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The stream of a component (XEP-0114 §3).
struct Stream {
    incoming: AsyncRawReader<BufReader<OwnedReadHalf>>,
    outgoing: OwnedWriteHalf,
    tree: TreeBuilder,
}

impl Stream {
    async fn open(socket: TcpStream, address: &str) -> Self {
        let (incoming, mut outgoing) = socket.into_split();
        let (own, streams) = (ns::COMPONENT_ACCEPT, ns::STREAM);
        let header = format!("<stream:stream xmlns='{own}' xmlns:stream='{streams}' to='{address}'>");
        outgoing.write_all(header.as_bytes()).await.unwrap();
        Self { incoming: AsyncRawReader::new(BufReader::new(incoming)), outgoing, tree: TreeBuilder::new() }
    }

    /// What the server calls the stream.
    async fn id(&mut self) -> String {
        while self.tree.depth() == 0 {
            assert!(timeout(NETWORK, self.read_on()).await.expect("the server's header"), "no stream");
        }
        self.tree.top().unwrap().attr("id").expect("a stream id").to_owned()
    }

    /// The next stanza; `None` at the end of the stream.
    async fn hear(&mut self) -> Option<Element> {
        loop {
            if self.tree.depth() == 1
                && let Some(stanza) = self.tree.unshift_child()
            {
                return Some(stanza);
            }
            if !self.read_on().await {
                return None;
            }
        }
    }

    async fn read_on(&mut self) -> bool {
        match self.incoming.read().await {
            Ok(Some(event)) => {
                self.tree.process_event(event).unwrap();
                true
            }
            Ok(None) | Err(_) => false,
        }
    }

    async fn say(&mut self, stanza: &Element) {
        // An error means that the stream has ended, which is heard, too.
        let _ = self.outgoing.write_all(String::from(stanza).as_bytes()).await;
    }
}

/// What a stanza announces; `None` for anything else.
fn announcement(stanza: &Element) -> Option<Announcement> {
    let pubsub = stanza.get_child("pubsub", PUBSUB)?;
    let publish = pubsub.get_child("publish", PUBSUB)?;
    let notification = publish.get_child("item", PUBSUB)?.get_child("notification", ns::PUSH)?;
    let options = pubsub.get_child("publish-options", PUBSUB);
    Some(Announcement {
        node: publish.attr("node").unwrap_or_default().to_owned(),
        options: options.map(fields).unwrap_or_default(),
        summary: fields(notification),
        xml: String::from(stanza),
    })
}

/// The fields of the form in an element, without what it is for.
fn fields(of: &Element) -> BTreeMap<String, String> {
    let form = of.get_child("x", ns::DATA_FORMS);
    let fields = form.into_iter().flat_map(Element::children).filter_map(|field| {
        let value = field.get_child("value", ns::DATA_FORMS).map(Element::text).unwrap_or_default();
        Some((field.attr("var")?.to_owned(), value))
    });
    fields.filter(|(name, _)| name != "FORM_TYPE").collect()
}

/// The answer that keeps the server announcing (XEP-0357 §7.1).
fn received(stanza: &Element) -> Element {
    let name = |name: &str| NcName::try_from(name).expect("a name");
    Element::builder("iq", ns::COMPONENT_ACCEPT)
        .attr(name("type"), "result")
        .attr(name("id"), stanza.attr("id"))
        .attr(name("from"), stanza.attr("to"))
        .attr(name("to"), stanza.attr("from"))
        .build()
}
