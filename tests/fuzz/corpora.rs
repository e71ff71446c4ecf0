//! Every input that fuzzing kept runs through its target without a finding.

use std::path::Path;

#[test]
fn every_kept_input_passes_its_target() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in sampan_fuzz::TARGETS {
        let folder = corpora.join(target.name);
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert!(!files.is_empty(), "{} has no inputs", folder.display());
        for file in files {
            let data = std::fs::read(&file).unwrap();
            // So that a finding says which input it was.
            println!("{}", file.display());
            (target.run)(&data);
        }
    }
}
