//! A device collects for ninety days without a line; then everything arrives, in one sync.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sampan_acceptance::acts::{self, PASSWORD};
use sampan_acceptance::desk::Desk;
use sampan_acceptance::enumerator::{in_words, link_over};
use sampan_client_core::api::SyncOptions;
use sampan_client_core::client::Client;
use sampan_client_core::platform::{Clock, Moment, Platform};
use sampan_server::config::Config;
use sampan_server::http::listen::{Limits, serve};
use sampan_server::http::{Site, routes};
use sampan_server::state::{Office, SystemChance};

use crate::world::{World, stall, sync};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// One time for the office and (with an error of its own) for the device.
#[derive(Clone)]
struct TestTime {
    now_ms: Arc<AtomicI64>,
    skew_ms: i64,
}

impl Clock for TestTime {
    fn now(&self) -> Moment {
        Moment {
            wall_time_ms: self.now_ms.load(Ordering::SeqCst) + self.skew_ms,
            utc_offset_min: 420,
        }
    }
}

impl sampan_server::state::Clock for TestTime {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }
}

/// The real office and its real HTTP in this process, with a clock that can be moved.
fn open_office(folder: &Path, time: &TestTime) -> (SocketAddr, tokio::runtime::Runtime) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("nonblocking");
    let address = listener.local_addr().expect("an address");
    let config = Config::new(folder.to_path_buf(), format!("http://{address}"));
    let office = Office::open(config, Arc::new(time.clone()), Arc::new(SystemChance)).expect("an office");
    let site = Arc::new(Site::new(Arc::new(office), Limits::default()).expect("keys"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        serve(
            listener,
            routes::router(&site),
            Limits::default(),
            std::future::pending(),
        )
        .await
    });
    (address, runtime)
}

#[test]
fn ninety_days_without_a_line_arrive_in_one_sync_whatever_the_clocks_say() {
    for skew_ms in [0, -3 * 365 * DAY_MS, 3 * 365 * DAY_MS] {
        // The accounts and the published form come from an office that is then stopped; this one goes on with its folder.
        let mut world = World::new();
        let folder = world.office.folder().to_path_buf();
        world.office.kill();
        let start_ms = 1_795_500_000_000;
        let time = TestTime {
            now_ms: Arc::new(AtomicI64::new(start_ms)),
            skew_ms,
        };
        let (address, runtime) = open_office(&folder, &time);
        let url = format!("http://{address}");
        let mut admin = Desk::sign_in(&url, "admin", PASSWORD).expect("the admin signs in");
        let link = acts::enrolment_link(&mut admin, "dara").expect("a link");
        let platform = Platform {
            clock: Arc::new(time.clone()),
            ..Platform::system()
        };
        let dara = Client::open(&world.place("phone"), platform)
            .map_err(in_words)
            .expect("a device");
        dara.enroll(&link_over(&url, &link).expect("a code"), "phone")
            .map_err(in_words)
            .expect("enrolled");
        sync(&dara);

        for day in 0..90 {
            time.now_ms.fetch_add(DAY_MS, Ordering::SeqCst);
            stall(&dara, &format!("day {day}"), 1000 + day);
        }
        let report = dara
            .sync(&SyncOptions::default())
            .map_err(in_words)
            .expect("synced after ninety days");
        assert_eq!(report.n_unsent, 0);
        assert!(report.quarantined.is_empty(), "{:?}", report.quarantined);
        if skew_ms != 0 {
            let ahead_ms = report
                .office_clock_ahead_ms
                .expect("the difference of the clocks is told");
            assert!(
                (ahead_ms + skew_ms).abs() < DAY_MS,
                "told {ahead_ms} for {skew_ms}"
            );
        }

        let mut admin = Desk::sign_in(&url, "admin", PASSWORD).expect("the admin signs in again");
        let page = admin.get("/interviews.csv?form=stall").expect("a CSV");
        let text = page.text.trim_start_matches('\u{feff}').to_string();
        assert_eq!(csv::Reader::from_reader(text.as_bytes()).records().count(), 90);
        runtime.shutdown_background();
    }
}
