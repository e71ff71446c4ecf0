//! The office commits, and its answer never arrives.

use sampan_acceptance::line::{Cut, Fault, Line, Way};
use sampan_client_core::api::SyncOptions;

use crate::world::{World, stall, sync};

#[test]
fn a_response_lost_after_the_commit_doubles_and_loses_nothing() {
    let mut world = World::new();
    let line = Line::to(world.office.address()).expect("a line");
    let dara = world.device_over("dara", "dara-phone", &line.url());
    for (after_bytes, cut) in [
        (0, Cut::Rst),
        (0, Cut::Fin),
        (1, Cut::Rst),
        (90, Cut::Fin),
        (130, Cut::Rst),
    ] {
        stall(&dara, "Chan Dara", 1500 + after_bytes as i64);
        line.cut_next(Fault {
            way: Way::Down,
            after_bytes,
            cut,
        });
        let n_cut = line.n_cut();
        // The client may go on by itself after a cut; if it gives up, it is asked again.
        let _ = dara.sync(&SyncOptions::default());
        assert_eq!(
            line.n_cut(),
            n_cut + 1,
            "the answer was cut after {after_bytes} bytes"
        );
        sync(&dara);
        assert_eq!(dara.status().expect("a status").n_unsent, 0);
    }
    let rows = world.csv("stall");
    assert_eq!(rows.len(), 5, "five interviews are five rows");
}

#[test]
fn a_request_cut_at_any_point_is_simply_repeated() {
    let mut world = World::new();
    let line = Line::to(world.office.address()).expect("a line");
    let dara = world.device_over("dara", "dara-phone", &line.url());
    let mut n_stalls = 0;
    for after_bytes in [0, 1, 60, 200, 350, 420, 500] {
        stall(&dara, "Chan Dara", 1500);
        n_stalls += 1;
        line.cut_next(Fault {
            way: Way::Up,
            after_bytes,
            cut: Cut::Fin,
        });
        let _ = dara.sync(&SyncOptions::default());
        line.heal();
        sync(&dara);
        assert_eq!(dara.status().expect("a status").n_unsent, 0);
        assert_eq!(world.csv("stall").len(), n_stalls);
    }
    assert!(line.n_cut() >= 5, "the cuts really happened: {}", line.n_cut());
}
