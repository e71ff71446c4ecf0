//! Certificates made for a test, byte by byte (X.509 in DER, Ed25519), and a TLS server that shows them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ed25519_dalek::{Signer, SigningKey};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a certificate says.
pub struct Says {
    /// The names it is for.
    pub names: &'static [&'static str],
    /// Years in which it begins and ends, on the first of January.
    pub years: (u16, u16),
}

/// Somebody who vouches.
pub struct Authority {
    name: String,
    key: SigningKey,
    /// Its own certificate.
    pub der: Vec<u8>,
}

impl Authority {
    /// A new one.
    pub fn new(seed: u8) -> Authority {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let constraint = extension(&[0x55, 0x1d, 0x13], &sequence(&[&[0x01, 0x01, 0xff]]));
        let name = format!("Authority {seed}");
        let der = certificate(&key, &key, (&name, &name), (2000, 2100), &constraint);
        Authority { name, key, der }
    }

    fn certify(&self, key: &SigningKey, says: &Says) -> Vec<u8> {
        let names: Vec<Vec<u8>> = says
            .names
            .iter()
            .map(|name| match name.parse::<std::net::Ipv4Addr>() {
                Ok(address) => element(0x87, &address.octets()),
                Err(_) => element(0x82, name.as_bytes()),
            })
            .collect();
        let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        let extensions = extension(&[0x55, 0x1d, 0x11], &sequence(&names));
        certificate(key, &self.key, ("Office", &self.name), says.years, &extensions)
    }

    /// Serves `answer` to every request over TLS with such a certificate; gives its address and a counter of requests
    /// that came through.
    pub fn serve(&self, says: &Says, answer: &'static [u8]) -> (SocketAddr, Arc<AtomicUsize>) {
        let key = SigningKey::from_bytes(&[77; 32]);
        let chain = vec![CertificateDer::from(self.certify(&key, says))];
        let mut pkcs8 = vec![
            0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
        ];
        pkcs8.extend(key.to_bytes());
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let n_requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&n_requests);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, socket.unwrap());
                let mut buffer = [0u8; 4096];
                if matches!(stream.read(&mut buffer), Ok(n_read) if n_read > 0) {
                    counter.fetch_add(1, Ordering::SeqCst);
                    let _ = stream.write_all(answer);
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
            }
        });
        (address, n_requests)
    }
}

/// A certificate of `key`, vouched for by `by`.
fn certificate(
    key: &SigningKey,
    by: &SigningKey,
    (subject, issuer): (&str, &str),
    (from, to): (u16, u16),
    extensions: &[u8],
) -> Vec<u8> {
    let algorithm = [0x30, 5, 6, 3, 0x2b, 0x65, 0x70];
    let year = |year: u16| element(0x18, format!("{year}0101000000Z").as_bytes());
    let mut bits = vec![0];
    bits.extend(key.verifying_key().as_bytes());
    let body = sequence(&[
        &[0xa0, 3, 2, 1, 2],
        &[2, 1, 7],
        &algorithm,
        &name(issuer),
        &sequence(&[&year(from), &year(to)]),
        &name(subject),
        &sequence(&[&algorithm, &element(3, &bits)]),
        &element(0xa3, &sequence(&[extensions])),
    ]);
    let mut signature = vec![0];
    signature.extend(by.sign(&body).to_bytes());
    sequence(&[&body, &algorithm, &element(3, &signature)])
}

fn name(common: &str) -> Vec<u8> {
    let text = element(0x0c, common.as_bytes());
    let pair = sequence(&[&[6, 3, 0x55, 4, 3], &text]);
    sequence(&[&element(0x31, &pair)])
}

fn extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
    sequence(&[&element(6, oid), &element(4, value)])
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match content.len() {
        length @ 0..=127 => bytes.push(length as u8),
        length @ 128..=255 => bytes.extend([0x81, length as u8]),
        length => bytes.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    bytes.extend(content);
    bytes
}
