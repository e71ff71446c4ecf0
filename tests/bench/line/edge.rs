//! A line that is computed: bandwidth, latency, seeded losses, TCP and TLS 1.3 around what HTTP sends.

use sampan_acceptance::chance::Chance;

use super::tapped::Exchange;

const UP_BITS_S: f64 = 20_000.0;
const DOWN_BITS_S: f64 = 60_000.0;
const ROUND_TRIP_S: f64 = 0.8;
const LOSS_PERCENT: u64 = 5;
/// IPv4 and TCP with timestamps.
const HEADER_BYTES: f64 = 52.0;
/// What a packet carries at most.
const SEGMENT_BYTES: f64 = 1_348.0;
/// First wait for an acknowledgement; doubled with each further loss of the same packet (RFC 6298).
const PATIENCE_S: f64 = 1.2;
/// Record header and tag of TLS 1.3, for each 16 KiB.
const RECORD_BYTES: f64 = 22.0;
/// ClientHello with X25519; ServerHello, certificates of two links and Finished; the client's Finished.
const HELLO_BYTES: f64 = 330.0;
const CERTIFICATES_BYTES: f64 = 2_900.0;
const FINISHED_BYTES: f64 = 80.0;

/// What a day cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Total {
    /// HTTP from the device, bytes.
    pub http_up: f64,
    /// HTTP to the device, bytes.
    pub http_down: f64,
    /// All packets in both directions, bytes.
    pub wire: f64,
    /// Virtual time.
    pub seconds: f64,
}

/// The line.
pub struct Edge {
    chance: Chance,
    /// So far.
    pub total: Total,
}

impl Edge {
    /// A line with these losses.
    pub fn new(seed: u64) -> Edge {
        Edge {
            chance: Chance::new(seed),
            total: Total::default(),
        }
    }

    /// One connection, with all its exchanges one after another.
    pub fn session(&mut self, exchanges: &[Exchange]) {
        if exchanges.is_empty() {
            return;
        }
        // TCP: the device's SYN and the answer; its acknowledgement travels with what follows.
        self.flight(0.0, UP_BITS_S);
        self.flight(0.0, DOWN_BITS_S);
        self.flight(HELLO_BYTES, UP_BITS_S);
        self.flight(CERTIFICATES_BYTES, DOWN_BITS_S);
        self.total.wire += FINISHED_BYTES;
        self.total.seconds += FINISHED_BYTES * 8.0 / UP_BITS_S;
        for exchange in exchanges {
            let (up, down) = (exchange.up as f64, exchange.down as f64);
            self.total.http_up += up;
            self.total.http_down += down;
            self.flight(sealed(up), UP_BITS_S);
            self.flight(sealed(down), DOWN_BITS_S);
        }
    }

    /// Bytes in one direction, until the last has arrived. Each lost packet is sent again: after a round trip when three
    /// that follow arrive, otherwise after the wait.
    fn flight(&mut self, bytes: f64, bits_s: f64) {
        let n_packets = (bytes / SEGMENT_BYTES).ceil().max(1.0) as u64;
        let mut left = bytes;
        self.total.seconds += ROUND_TRIP_S / 2.0;
        for number in 0..n_packets {
            let packet = left.min(SEGMENT_BYTES) + HEADER_BYTES;
            left -= left.min(SEGMENT_BYTES);
            let takes_s = packet * 8.0 / bits_s;
            self.total.wire += packet;
            self.total.seconds += takes_s;
            let mut wait_s = match number + 3 < n_packets {
                true => ROUND_TRIP_S,
                false => PATIENCE_S,
            };
            while self.chance.below(100) < LOSS_PERCENT {
                self.total.wire += packet;
                self.total.seconds += wait_s + takes_s;
                wait_s = (wait_s * 2.0).max(PATIENCE_S);
            }
        }
        // Acknowledgements of every other packet, in the other direction.
        self.total.wire += HEADER_BYTES * (n_packets as f64 / 2.0).ceil();
    }
}

fn sealed(bytes: f64) -> f64 {
    bytes + RECORD_BYTES * (bytes / 16_384.0).ceil().max(1.0)
}
