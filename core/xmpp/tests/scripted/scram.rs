//! The server's half of SCRAM-SHA-256 (RFC 5802 §3), written from the RFC and not from the code under test.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// Few rounds keep tests fast.
const ITERATIONS: u32 = 2;
const SALT: &[u8] = b"salt of the test";

/// A login as the server sees it.
pub struct ScramServer {
    client_first_bare: String,
    server_first: String,
}

impl ScramServer {
    /// Takes the client's first message; answers with its GS2 header and the challenge.
    pub fn start(client_first: &[u8]) -> (Self, String, Vec<u8>) {
        let client_first = String::from_utf8(client_first.to_vec()).unwrap();
        let bare_at = client_first.find("n=").unwrap();
        let (header, bare) = client_first.split_at(bare_at);
        let nonce = bare.split("r=").nth(1).unwrap();
        let server_first = format!("r={nonce}server,s={},i={ITERATIONS}", STANDARD.encode(SALT));
        let server = Self { client_first_bare: bare.to_owned(), server_first: server_first.clone() };
        (server, header.to_owned(), server_first.into_bytes())
    }

    /// Takes the client's proof. `Ok` holds the server's own proof, `Err` says what was wrong. `binding` is what the client
    /// must have bound the login to: the GS2 header, then the channel's bytes.
    pub fn finish(&self, client_final: &[u8], password: &str, binding: &[u8]) -> Result<Vec<u8>, String> {
        let client_final = String::from_utf8(client_final.to_vec()).unwrap();
        let (without_proof, proof) = client_final.rsplit_once(",p=").unwrap();
        if without_proof.split(',').next() != Some(&format!("c={}", STANDARD.encode(binding))) {
            return Err("bound to another channel".to_owned());
        }
        let mut salted = [0; 32];
        pbkdf2::pbkdf2::<Hmac<Sha256>>(password.as_bytes(), SALT, ITERATIONS, &mut salted).unwrap();
        let message = format!("{},{},{without_proof}", self.client_first_bare, self.server_first);
        let client_key = hmac(&salted, b"Client Key");
        let stored_key = Sha256::digest(&client_key);
        let signature = hmac(&stored_key, message.as_bytes());
        let expected: Vec<u8> = client_key.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
        if STANDARD.decode(proof).unwrap() != expected {
            return Err("wrong password".to_owned());
        }
        let server_key = hmac(&salted, b"Server Key");
        let signature = hmac(&server_key, message.as_bytes());
        Ok(format!("v={}", STANDARD.encode(signature)).into_bytes())
    }
}

fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}
