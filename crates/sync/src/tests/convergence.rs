//! Whatever is written, whoever syncs when, whatever the line does: all see the same in the end, each change once.

use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;

use crate::memory::device::MemoryDevice;
use crate::memory::line::Fault;
use crate::memory::office::MemoryOffice;
use crate::receipt::{Generation, Verdict};
use crate::tests::world::{assert_same, device, office, person, record, sync, sync_through, write};

const N_DEVICES: usize = 3;
const N_RECORDS: u8 = 4;

#[derive(Debug, Clone)]
enum Event {
    Write {
        by: usize,
        record: u8,
        question: u8,
        text: u8,
    },
    Sync {
        by: usize,
        faults: Vec<u8>,
    },
    Copy {
        of: usize,
    },
    Backup,
    Restore,
}

fn event() -> impl Strategy<Value = Event> {
    let by = 0..N_DEVICES;
    prop_oneof![
        8 => (by.clone(), 0..N_RECORDS, 0u8..3, any::<u8>())
            .prop_map(|(by, record, question, text)| Event::Write { by, record, question, text }),
        5 => (by.clone(), proptest::collection::vec(0u8..5, 0..4))
            .prop_map(|(by, faults)| Event::Sync { by, faults }),
        1 => by.prop_map(|of| Event::Copy { of }),
        1 => (0..1u8).prop_map(|_| Event::Backup),
        1 => (0..1u8).prop_map(|_| Event::Restore),
    ]
}

fn fault(number: u8) -> Fault {
    match number {
        1 => Fault::RequestLost,
        2 => Fault::ResponseLost,
        3 => Fault::Twice,
        4 => Fault::Gone,
        _ => Fault::None,
    }
}

struct World {
    office: MemoryOffice,
    backup: MemoryOffice,
    devices: Vec<MemoryDevice>,
    n_lives: u64,
    /// Each text written, unique: what must be found exactly once in the end.
    written: Vec<String>,
}

impl World {
    fn new() -> World {
        let mut office = office();
        // The first person sees everything, the others what they wrote; all may be shown more.
        office.overseers.insert(person(1));
        World {
            backup: office.clone(),
            office,
            devices: (1..=N_DEVICES as u8).map(device).collect(),
            n_lives: 1,
            written: Vec::new(),
        }
    }

    fn run(&mut self, event: &Event) {
        match event {
            Event::Write {
                by,
                record,
                question,
                text,
            } => {
                let text = format!("{} {text}", self.written.len());
                write(&mut self.devices[*by], *record, &format!("q{question}"), &text);
                self.written.push(text);
            }
            Event::Sync { by, faults } => {
                sync_through(&mut self.devices[*by], &mut self.office, &mut |round| {
                    faults
                        .get(round as usize)
                        .map_or(Fault::None, |number| fault(*number))
                });
            }
            Event::Copy { of } => {
                if self.devices.len() < 6 {
                    let mut copy = self.devices[*of].clone();
                    let n = self.devices.len() as u64;
                    copy.incarnations = (0..50).map(|life| 1_000_000 * n + life).collect();
                    self.devices.push(copy);
                }
            }
            Event::Backup => self.backup = self.office.clone(),
            Event::Restore => {
                self.n_lives += 1;
                self.office = self.backup.clone().restore(Generation(self.n_lives));
            }
        }
    }

    /// The line is good again: everybody syncs until nobody has news.
    fn settle(&mut self) {
        for _ in 0..4 {
            for device in &mut self.devices {
                sync(device, &mut self.office);
            }
        }
    }

    fn check(&self) {
        let mut texts: Vec<String> = Vec::new();
        for (change, verdict) in &self.office.data.log {
            assert_eq!(*verdict, Verdict::Kept);
            let state = crate::memory::merge(change.header.record, [change]);
            texts.extend((0..3).filter_map(|n| crate::tests::world::shown(&state, &format!("q{n}"))));
        }
        texts.sort();
        let mut expected = self.written.clone();
        expected.sort();
        assert_eq!(texts, expected, "nothing lost, nothing doubled");
        for device in &self.devices {
            for id in device.records() {
                let here = device.record(id).state_bytes();
                assert_eq!(here, self.office.record(id).state_bytes());
            }
        }
        let overseer = &self.devices[0];
        assert_eq!(overseer.records(), self.office.records());
        for n in 0..N_RECORDS {
            if self.office.records().contains(&record(n)) {
                assert_same(overseer, &self.office, n);
            }
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 3000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_schedule_converges(events in proptest::collection::vec(event(), 1..40)) {
        let mut world = World::new();
        for event in &events {
            world.run(event);
        }
        world.settle();
        world.check();
    }
}
