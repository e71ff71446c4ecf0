//! What documents carry beside answers: identity, name, log and entities.

use std::collections::BTreeMap;

use crate::def::{Entity, Expression};
use crate::xform::choices;
use crate::xform::tree::{Action, FIRST_LOAD, NEW_REPEAT, Node, NodeKind, Tree, typed};

impl<'a> Tree<'a> {
    /// What every document carries.
    pub(super) fn meta(&mut self, root: usize) {
        let own = self
            .get(root)
            .children
            .iter()
            .copied()
            .find(|child| self.get(*child).name == "meta" && self.kind(*child) == NodeKind::Group);
        let entity = self.form.entities.iter().find(|entity| entity.inside.is_empty());
        let setting = |name: &str| self.form.settings.get(name).map(String::as_str);
        let omits = setting("omit_instanceid")
            .is_some_and(|omit| ["yes", "true", "true()"].contains(&omit.to_lowercase().as_str()));
        let preload = setting("instance_id").unwrap_or("uid").to_string();
        let own_ways: Vec<(&str, &str)> = self
            .form
            .settings
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix("meta::")?, value.as_str())))
            .collect();
        let is_usual = own_ways.is_empty();
        if is_usual
            && omits
            && entity.is_none()
            && self.form.audit.is_none()
            && self.form.instance_name.is_none()
        {
            return;
        }
        let meta = own.unwrap_or_else(|| self.add(Some(root), "meta".into(), NodeKind::Meta));
        if let Some(entity) = entity {
            self.entity(meta, entity, false);
        }
        if let Some(audit) = &self.form.audit {
            let place = self.add(Some(meta), "audit".into(), NodeKind::Question);
            let node = self.edit(place);
            node.type_name = "audit";
            node.bind = typed("audit");
            node.bind.extend(audit.clone());
        }
        if !omits {
            let place = self.add(Some(meta), "instanceID".into(), NodeKind::Question);
            let node = self.edit(place);
            node.type_name = "calculate";
            node.bind = typed("calculate");
            node.bind.insert("readonly".into(), "true()".into());
            node.bind.insert("jr:preload".into(), preload);
            if own_ways.iter().any(|(key, _)| *key == "instanceID") {
                own_way(node, &own_ways);
            }
        }
        for (name, _) in &own_ways {
            if !matches!(*name, "instanceID" | "instanceName" | "audit" | "entity") && is_plain_tag(name) {
                let place = self.add(Some(meta), (*name).to_string(), NodeKind::EntityLabel);
                own_way(self.edit(place), &own_ways);
            }
        }
        if let Some(name) = &self.form.instance_name {
            let place = self.add(Some(meta), "instanceName".into(), NodeKind::Question);
            let node = self.edit(place);
            node.type_name = "calculate";
            node.bind = typed("calculate");
            node.bind.insert("calculate".into(), name.source.clone());
        }
    }

    /// The entities of a group or repeat, at its end.
    pub(super) fn entities(&mut self, place: usize, inside: &[&str]) {
        let form = self.form;
        for entity in form
            .entities
            .iter()
            .filter(|entity| !entity.inside.is_empty() && entity.inside == inside)
        {
            let in_repeat =
                self.is_repeat(place) || self.ancestors(place).any(|around| self.is_repeat(around));
            let meta = self.add(Some(place), "meta".into(), NodeKind::Meta);
            self.entity(meta, entity, in_repeat);
        }
    }

    fn entity(&mut self, meta: usize, entity: &'a Entity, in_repeat: bool) {
        let place = self.add(Some(meta), "entity".into(), NodeKind::Entity);
        let computed = |source: &str| {
            BTreeMap::from([
                ("calculate".to_string(), source.to_string()),
                ("readonly".to_string(), "true()".to_string()),
                ("type".to_string(), "string".to_string()),
            ])
        };
        let attribute = |tree: &mut Tree<'a>, name: &str, value: &str, bind: BTreeMap<String, String>| {
            let place = tree.add(Some(place), name.into(), NodeKind::Attribute);
            let node = tree.edit(place);
            node.value = value.into();
            node.bind = bind;
            place
        };
        attribute(self, "dataset", &entity.list, BTreeMap::new());
        let condition = |expression: &Option<Expression>| {
            expression
                .as_ref()
                .map(|expression| computed(&expression.source))
                .unwrap_or_default()
        };
        if entity.id.is_none() || entity.create_if.is_some() {
            attribute(self, "create", "1", condition(&entity.create_if));
        }
        if let Some(id) = &entity.id {
            attribute(self, "update", "1", condition(&entity.update_if));
            let row = format!("{}[name={}]", choices::items(&entity.list), id.source);
            for (name, column) in [
                ("baseVersion", "__version"),
                ("trunkVersion", "__trunkVersion"),
                ("branchId", "__branchId"),
            ] {
                attribute(self, name, "", computed(&format!("{row}/{column}")));
            }
            attribute(self, "id", "", computed(&id.source));
        } else {
            let bind = BTreeMap::from([
                ("readonly".to_string(), "true()".to_string()),
                ("type".to_string(), "string".to_string()),
            ]);
            let id = attribute(self, "id", "", bind);
            let events: &[&'static str] = if in_repeat {
                &[FIRST_LOAD, NEW_REPEAT]
            } else {
                &[FIRST_LOAD]
            };
            self.edit(id).actions = events
                .iter()
                .map(|event| Action {
                    tag: "setvalue",
                    event,
                    value: Some("uuid()".into()),
                    at: None,
                    attributes: Vec::new(),
                })
                .collect();
        }
        if let Some(label) = &entity.label {
            let place = self.add(Some(place), "label".into(), NodeKind::EntityLabel);
            self.edit(place).bind = computed(&label.source);
        }
    }
}

/// Gives an element of the meta block the value and bind that the form said.
fn own_way(node: &mut Node<'_>, said: &[(&str, &str)]) {
    node.bind.clear();
    for (key, value) in said {
        let Some(what) = key
            .strip_prefix(node.name.as_str())
            .and_then(|rest| rest.strip_prefix("::"))
        else {
            continue;
        };
        match what.strip_prefix("bind::") {
            Some(name) if choices::is_tag(name) => {
                node.bind.insert(name.to_string(), (*value).to_string());
            }
            None if what == "value" => node.value = (*value).to_string(),
            Some(_) | None => {}
        }
    }
}

fn is_plain_tag(name: &str) -> bool {
    choices::is_tag(name) && !name.contains(':')
}
