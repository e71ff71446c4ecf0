//! The line as HTTP over TCP or TLS.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::transport::{LineError, Reply, Request, Transport};

mod faults;

/// The line that apps use.
pub struct Http {
    agent: Agent,
}

impl Http {
    /// A line with times that fit a bad mobile network: what moves may take minutes, what does not move is given up.
    pub fn new() -> Http {
        Http::with(TlsConfig::builder().build())
    }

    /// As [`Http::new`], for an office whose certificate is vouched for by these and nobody else (each a certificate
    /// in DER): a study with an authority of its own.
    pub fn trusting(authorities: &[&[u8]]) -> Http {
        let roots = authorities
            .iter()
            .map(|authority| Certificate::from_der(authority).to_owned())
            .collect();
        let roots = RootCerts::Specific(Arc::new(roots));
        Http::with(TlsConfig::builder().root_certs(roots).build())
    }

    fn with(tls: TlsConfig) -> Http {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .tls_config(tls)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_resolve(Some(Duration::from_secs(20)))
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_per_read(Some(Duration::from_secs(60)))
            .timeout_per_write(Some(Duration::from_secs(60)))
            .timeout_send_body(Some(Duration::from_secs(600)))
            .timeout_recv_response(Some(Duration::from_secs(120)))
            .timeout_recv_body(Some(Duration::from_secs(600)))
            .user_agent(concat!("sampan/", env!("CARGO_PKG_VERSION")))
            .build();
        Http {
            agent: config.new_agent(),
        }
    }
}

impl Default for Http {
    fn default() -> Http {
        Http::new()
    }
}

impl Transport for Http {
    fn post(&self, request: Request<'_>) -> Result<Reply, LineError> {
        let mut builder = self
            .agent
            .post(request.url)
            .header("content-type", request.content_type);
        if let Some(token) = request.bearer {
            builder = builder.header("authorization", format!("Bearer {token}"));
        }
        let mut response = builder
            .send(request.body)
            .map_err(|error| faults::of(error, &request))?;
        let status = response.status().as_u16();
        if (300..400).contains(&status) {
            let location = response.headers().get("location");
            let location = location.and_then(|value| value.to_str().ok()).unwrap_or_default();
            return Err(faults::led_to(request.url, location));
        }
        let retry_after_s = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.trim().parse().ok());
        let content_type = response
            .body()
            .mime_type()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let body = response
            .body_mut()
            .with_config()
            .limit(request.max_reply_bytes)
            .read_to_vec()
            .map_err(|error| faults::of(error, &request))?;
        Ok(Reply {
            status,
            content_type,
            retry_after_s,
            body,
        })
    }
}
