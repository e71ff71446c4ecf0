//! The office's disk fills up while devices sync: they are told so, nothing is half kept, and it goes on when there is
//! space again.

use std::path::{Path, PathBuf};
use std::process::Command;

use sampan_acceptance::acts;
use sampan_acceptance::enumerator;
use sampan_acceptance::office::Office;
use sampan_client_core::api::SyncOptions;

use crate::world::{SETTINGS, STALL, World, stall, sync};

/// A small disk of its own; None where this user may not mount one.
struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    fn new(at: &Path) -> Option<SmallDisk> {
        std::fs::create_dir_all(at).expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"])
            .arg(at)
            .output();
        let is_mounted = mounted.is_ok_and(|output| output.status.success());
        is_mounted.then(|| SmallDisk { at: at.to_path_buf() })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

#[test]
fn a_full_office_disk_is_said_and_nothing_is_half_kept_and_it_recovers() {
    let outside = tempfile::tempdir().expect("a temporary folder");
    let Some(disk) = SmallDisk::new(&outside.path().join("disk")) else {
        println!("skipped: this user may not mount a small disk");
        return;
    };
    let mut world = World::bare_in(tempfile::tempdir_in(&disk.at).expect("a folder on the small disk"));
    world.publish(STALL, SETTINGS);
    let client = enumerator::device(&outside.path().join("phone")).expect("a device");
    let link = acts::enrolment_link(&mut world.admin, "dara").expect("a link");
    client.enroll(&link, "phone").expect("enrolled");
    sync(&client);
    stall(&client, "while there was space", 1);
    sync(&client);

    let filler = disk.at.join("filler");
    let _ = std::fs::write(&filler, vec![7u8; 12 * 1024 * 1024]);
    let mut n_written = 1;
    let refused = (0..200).find_map(|number| {
        stall(
            &client,
            &format!("interview {number} {}", "x".repeat(4000)),
            number,
        );
        n_written += 1;
        client.sync(&SyncOptions::default()).err()
    });
    let refused = refused.expect("a disk of 12 MB is full before 200 interviews");
    let words = format!("{refused} {refused:?}");
    assert!(words.contains("disk"), "{words}");
    assert!(words.contains("507"), "{words}");
    assert!(
        client.status().expect("a status").n_unsent > 0,
        "it is still to be sent"
    );

    std::fs::remove_file(&filler).expect("space again");
    sync(&client);
    assert_eq!(client.status().expect("a status").n_unsent, 0);
    assert_eq!(world.csv("stall").len(), n_written, "all are there, each once");
    Office::command(world.office.folder(), &["verify"]).expect("the office's database is sound");
    world.office.restart().expect("it starts again");
}
