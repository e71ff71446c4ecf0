use sampan_simulation::run;
use std::collections::BTreeMap;
fn main() {
    let n: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let mut t: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for s in 0..n {
        if let Some(v) = run::season(s, None).violation {
            let k: String = v.chars().filter(|c| !c.is_ascii_digit()).collect();
            t.entry(k).or_default().push(s);
        }
    }
    for (k, v) in t {
        println!("{} {k} {:?}", v.len(), &v[..v.len().min(6)]);
    }
}
