//! The server's half of SASL2 (XEP-0388), Bind 2 (XEP-0386) and FAST (XEP-0484), written from the standards and not from the
//! code under test.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use minidom::Element;
use sha2::Sha256;

use super::scram::ScramServer;
use super::{FULL_JID, Peer};

pub const SASL2: &str = "urn:xmpp:sasl:2";
pub const FAST: &str = "urn:xmpp:fast:0";
pub const BIND2: &str = "urn:xmpp:bind:0";
pub const SM: &str = "urn:xmpp:sm:3";

const TYPES: &str = "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/>\
     <channel-binding type='tls-server-end-point'/></sasl-channel-binding>";
const BIND: &str = "<bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/><feature var='urn:xmpp:carbons:2'/>\
     <feature var='urn:xmpp:csi:0'/></inline></bind>";
const RESUME: &str = "<sm xmlns='urn:xmpp:sm:3'/>";
const TOKENS: &str = "<fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-EXPR</mechanism>\
     <mechanism>HT-SHA-256-ENDP</mechanism><mechanism>HT-SHA-256-NONE</mechanism></fast>";

/// What a server with everything offers.
pub fn everything() -> String {
    format!(
        "<authentication xmlns='{SASL2}'><mechanism>SCRAM-SHA-256</mechanism>\
         <mechanism>SCRAM-SHA-256-PLUS</mechanism><inline>{BIND}{RESUME}{TOKENS}</inline></authentication>{TYPES}"
    )
}

/// [`everything`], when somebody took things out.
pub fn without(what: &[&str]) -> String {
    let parts = [
        ("resumption", RESUME),
        ("tokens", TOKENS),
        ("bind", BIND),
        ("plus", "<mechanism>SCRAM-SHA-256-PLUS</mechanism>"),
        ("types", TYPES),
    ];
    what.iter().fold(everything(), |offer, what| {
        let (_, part) = parts.iter().find(|(name, _)| name == what).unwrap();
        assert!(offer.contains(part));
        offer.replace(part, "")
    })
}

/// Features of a session, which follow the success.
pub const SESSION: &str = "<stream:features><csi xmlns='urn:xmpp:csi:0'/><sm xmlns='urn:xmpp:sm:3'/>\
     <limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>262144</max-bytes><idle-seconds>840</idle-seconds></limits>\
     </stream:features>";

/// `<bound/>` with a stream that can be resumed under `id`.
pub fn bound(id: &str) -> String {
    format!("<bound xmlns='{BIND2}'><enabled xmlns='{SM}' id='{id}' resume='true'/></bound>")
}

/// `<token/>`, valid until long after these tests.
pub fn token(secret: &str) -> String {
    format!("<token xmlns='{FAST}' token='{secret}' expiry='2100-01-01T00:00:00Z'/>")
}

/// What one side proves a token with.
pub fn token_proof(secret: &str, side: &str, binding: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(side.as_bytes());
    mac.update(binding);
    mac.finalize().into_bytes().to_vec()
}

/// The decoded `<initial-response/>`.
pub fn initial(authenticate: &Element) -> Vec<u8> {
    STANDARD.decode(authenticate.get_child("initial-response", SASL2).unwrap().text()).unwrap()
}

impl Peer {
    pub async fn authenticate(&mut self) -> Element {
        self.expect("authenticate", SASL2).await
    }

    /// Hears the sign-in together with the stream header, in one piece, and says nothing.
    pub async fn authenticate_ahead(&mut self) -> Element {
        self.header().await;
        assert!(self.has_heard("</authenticate>"), "in the same flight");
        self.authenticate().await
    }

    /// SCRAM-SHA-256 through SASL2 as a server that knows `password` and binds to `binding`. Answers with the server's proof.
    pub async fn scram2(
        &mut self,
        authenticate: &Element,
        password: &str,
        header: &str,
        binding: &[u8],
    ) -> Result<Vec<u8>, String> {
        let (scram, said, challenge) = ScramServer::start(&initial(authenticate));
        assert_eq!(said, header);
        self.say(&format!("<challenge xmlns='{SASL2}'>{}</challenge>", STANDARD.encode(challenge))).await;
        let response = self.expect("response", SASL2).await;
        let response = STANDARD.decode(response.text()).unwrap();
        scram.finish(&response, password, &[said.as_bytes(), binding].concat())
    }

    /// [`Self::scram2`] bound by `tls-exporter`, with the right password.
    pub async fn bound_scram2(&mut self, authenticate: &Element) -> Vec<u8> {
        let exporter = self.exporter.clone();
        self.scram2(authenticate, super::PASSWORD, "p=tls-exporter,,", &exporter).await.unwrap()
    }

    /// Checks a proof for a token bound by `tls-exporter`. Answers with the server's.
    pub fn check_token(&self, authenticate: &Element, secret: &str) -> Vec<u8> {
        assert_eq!(authenticate.attr("mechanism"), Some("HT-SHA-256-EXPR"));
        let expected = [b"ana\0".to_vec(), token_proof(secret, "Initiator", &self.exporter)].concat();
        assert_eq!(initial(authenticate), expected, "the proof for the token");
        token_proof(secret, "Responder", &self.exporter)
    }

    /// `<success/>` for the full address.
    pub async fn succeed(&mut self, proof: &[u8], inside: &str) {
        let proof = STANDARD.encode(proof);
        self.say(&format!(
            "<success xmlns='{SASL2}'><additional-data>{proof}</additional-data>\
             <authorization-identifier>{FULL_JID}</authorization-identifier>{inside}</success>"
        ))
        .await;
    }

    pub async fn refuse(&mut self, condition: &str) {
        self.say(&format!(
            "<failure xmlns='{SASL2}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>"
        ))
        .await;
    }
}
