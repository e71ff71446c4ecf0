//! What a document carries beside the answers of its form: its own id and its name.

use sampan_interview::interview::Interview;
use serde_json::{Value, json};

use crate::rehearsing::shape::{Shown, State};

/// How a document is called.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Its own id.
    pub instance_id: String,
    /// The id of the document that it replaces.
    pub deprecated_id: Option<String>,
}

/// Adds the group `meta` with what stands in it. A form without one of its own gets one in the namespace of OpenRosa, as
/// ODK's clients do.
pub fn add(interview: &Interview, names: &Names, shown: Shown, state: &mut State) {
    let def = interview.form().def();
    let setting = |name: &str| def.settings.get(name).map(|value| value.to_lowercase());
    let omits =
        setting("omit_instanceid").is_some_and(|omits| ["yes", "true", "true()"].contains(&omits.as_str()));
    let prefix = if omits { "orx:" } else { "" };
    let root = interview.root_name();
    let group = format!("/{root}/{prefix}meta");
    let label = |mut item: Value| {
        if let (true, Some(fields)) = (shown.texts, item.as_object_mut()) {
            fields.insert("label".into(), Value::Null);
        }
        item
    };
    // A form may ask in a group of that name.
    let mut insert = |place: String, item: Value| {
        state.entry(place).or_insert_with(|| label(item));
    };
    insert(group.clone(), json!({"type": "group", "relevant": true}));
    let mut leaf = |prefix: &str, name: &str, value: &str, is_read_only: bool| {
        insert(
            format!("{group}/{prefix}{name}"),
            json!({
                "type": "model-value",
                "relevant": true,
                "value": value,
                "required": false,
                "readonly": is_read_only,
                "valid": true,
                "violation": null,
            }),
        );
    };
    if def.audit.is_some() {
        leaf("", "audit", "", false);
    }
    leaf(prefix, "instanceID", &names.instance_id, !omits);
    if let Some(id) = &names.deprecated_id {
        leaf(prefix, "deprecatedID", id, true);
    }
    if def.instance_name.is_some() {
        leaf("", "instanceName", &interview.name().unwrap_or_default(), false);
    }
}
