use sampan_simulation::run::*;
use sampan_simulation::{chance::Chance, world::World};
fn main() {
    let seed: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let mut w = World::new(&mut Chance::new(seed ^ 0x77), None, true);
    for e in shrink(seed, None) {
        happen(&mut w, e);
    }
    w.settle_and_check();
    for (c, v) in &w.desk.office.data.log {
        println!(
            "{:?} seq {} {v:?} {:?}",
            c.header.replica.incarnation,
            c.header.seq,
            World::texts(c)
        );
    }
    for (i, f) in w.facts.iter().enumerate() {
        println!("{i} poison {}", f.is_poison);
    }
    for (d, k) in &w.desk.office.data.receipts {
        println!("{d:?} {:?}", k.verdict);
    }
}
