//! The program that libFuzzer drives: the target is named by the variable `SAMPAN_FUZZ`.

#![no_main]

use std::sync::OnceLock;

static TARGET: OnceLock<&'static sampan_fuzz::Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("SAMPAN_FUZZ").expect("SAMPAN_FUZZ names the target");
        sampan_fuzz::target(&name).expect("SAMPAN_FUZZ is the name of a target")
    });
    (target.run)(data);
});
