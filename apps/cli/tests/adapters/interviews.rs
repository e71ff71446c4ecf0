//! Recorded interviews through `form run --rpc`.

use serde_json::{Map, Value, json};

use crate::driver::{Driver, folder, recorded};
use crate::state::{Count, compare, merge};

#[test]
fn recorded_interviews_go_the_same_way_through_the_adapter() {
    let Some(traces) = recorded("interview_traces.jsonl") else {
        return;
    };
    let mut driver = Driver::start(&["form", "run", "--rpc"]);
    let mut count = Count::default();
    let mut n_forms = 0;
    for line in traces.lines() {
        let trace: Value = serde_json::from_str(line).expect("JSON");
        let Some(steps) = trace["steps"].as_array() else {
            continue;
        };
        let form = folder()
            .join("forms")
            .join(trace["form"].as_str().expect("a name"));
        let Some(path) = ["xlsx", "xls"]
            .into_iter()
            .map(|ending| form.with_extension(ending))
            .find(|path| path.exists())
        else {
            continue;
        };
        let began = trace["init"]
            .as_object()
            .into_iter()
            .flatten()
            .find_map(|(_, item)| {
                let value = item["value"].as_str()?;
                (item["type"] == json!("model-value") && value.starts_with("2026-11-24T")).then_some(value)
            });
        let load = |lenient: bool| {
            json!({
                "op": "load", "path": path, "lenient": lenient, "texts": false, "max_choices": 0,
                "now": began.unwrap_or("2026-11-24T00:05:00Z"),
            })
        };
        let mut loaded = driver.ask(&load(false));
        if loaded["ok"] != json!(true) {
            loaded = driver.ask(&load(true));
        }
        if loaded["ok"] != json!(true) {
            continue;
        }
        n_forms += 1;
        let (mut expected, mut found) = (Map::new(), Map::new());
        merge(&mut expected, &trace["init"]);
        merge(&mut found, &loaded["state"]);
        compare(&expected, &found, &mut count);
        for step in steps {
            // A step is a request as it stands, but for what the other engine answered.
            let mut request = step.clone();
            request.as_object_mut().expect("an object").remove("diff");
            let reply = driver.ask(&request);
            if reply["ok"] != json!(true) {
                break;
            }
            merge(&mut expected, &step["diff"]);
            merge(&mut found, &reply["diff"]);
            compare(&expected, &found, &mut count);
        }
    }
    driver.end();
    let n_all = count.n_same + count.n_other;
    eprintln!(
        "fields through form run --rpc in {n_forms} interviews: {} passed, 0 known different, {} failed",
        count.n_same, count.n_other
    );
    assert!(n_forms >= 70, "only {n_forms} forms");
    assert!(count.n_same * 1000 >= n_all * 997, "{} of {n_all}", count.n_same);
}
