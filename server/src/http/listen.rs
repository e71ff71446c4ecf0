//! The accept loop: how many may come at once, how long they may take, and how to stop without cutting anybody off.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Sleep;
use tower::Service;

/// Timeouts and sizes of the server. The defaults are for the field; tests use shorter ones.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For a request's head to arrive; also how long an unused connection stays open.
    pub head_ms: u64,
    /// In each such stretch a body must bring [`Limits::body_progress_bytes`] or its end. No total deadline: a slow
    /// line may take as long as it moves.
    pub body_idle_ms: u64,
    /// See [`Limits::body_idle_ms`].
    pub body_progress_bytes: u64,
    /// How long a client may take nothing of an answer.
    pub write_idle_ms: u64,
    /// Connections at once; one more is told to come back.
    pub max_connections: usize,
    /// Syncs of all devices at once; one more is told when to come back.
    pub syncs_at_once: usize,
    /// Memory for all bodies being read.
    pub bodies_bytes: usize,
    /// How long a stop waits for requests that run.
    pub stop_ms: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head_ms: 10_000,
            body_idle_ms: 30_000,
            body_progress_bytes: 256,
            write_idle_ms: 60_000,
            max_connections: 512,
            syncs_at_once: 32,
            bodies_bytes: 256 * 1024 * 1024,
            stop_ms: 30_000,
        }
    }
}

/// The caller's address, put into each request.
#[derive(Debug, Clone, Copy)]
pub struct Caller(pub SocketAddr);

/// At most so many refusals are written at once; beyond that a connection is just closed.
const MAX_REFUSALS: usize = 64;

/// Serves until `stop` is ready, then lets running requests finish. Returns true when all did.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> bool {
    let places = Arc::new(Semaphore::new(limits.max_connections));
    let refusals = Arc::new(Semaphore::new(MAX_REFUSALS));
    let graceful = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits.head_ms))
        .max_headers(64)
        .max_buf_size(64 * 1024)
        .half_close(true);
    let mut stop = std::pin::pin!(stop);
    let mut n_refused = 0u32;
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, address)) = accepted else {
            // Out of file descriptors, or a client that left: take a breath instead of spinning.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            n_refused = n_refused.wrapping_add(1);
            if let Ok(permit) = Arc::clone(&refusals).try_acquire_owned() {
                let retry_after_s = 2 + n_refused % 29;
                tokio::spawn(async move {
                    refuse(stream, retry_after_s).await;
                    drop(permit);
                });
            }
            continue;
        };
        let _ = stream.set_nodelay(true);
        let stream = Patient::new(stream, Duration::from_millis(limits.write_idle_ms));
        let router = router.clone();
        let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(Caller(address));
            let request: Request = request.map(axum::body::Body::new);
            router.clone().call(request)
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A connection that fails has told its client; there is nothing to add.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    tokio::time::timeout(Duration::from_millis(limits.stop_ms), graceful.shutdown())
        .await
        .is_ok()
}

/// Says "come back in a moment" to one connection too many, different moments to different ones.
async fn refuse(mut stream: TcpStream, retry_after_s: u32) {
    let body = r#"{"code":"busy","message":"The office has too many visitors at once.","advice":"Nothing is lost. Try again in a moment."}"#;
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: {retry_after_s}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let talk = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // What it is sending is read away for a moment, or the answer would be lost in a reset.
        let mut bin = [0u8; 4096];
        while stream.read(&mut bin).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), talk).await;
}

/// A connection whose client must take what it is sent: a write that makes no progress for too long fails.
struct Patient {
    stream: TcpStream,
    idle: Duration,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn new(stream: TcpStream, idle: Duration) -> Patient {
        Patient {
            stream,
            idle,
            alarm: None,
        }
    }

    /// Passes a result on; sets the alarm while a write waits, and fails it when the alarm rings.
    fn watch<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.alarm = None;
            return outcome;
        }
        let idle = self.idle;
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
        match alarm.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::Error::from(io::ErrorKind::TimedOut))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(cx, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Ready when the process is asked to stop (SIGTERM, or Ctrl-C).
pub async fn asked_to_stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
