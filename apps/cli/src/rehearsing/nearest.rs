//! What a path that is nowhere most likely means.

use sampan_form::problem::similar;

/// Longest path that is looked into, in bytes.
const PATH_BYTES: usize = 4096;

/// Why a path is nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nowhere {
    /// What is missing, a sentence.
    pub message: String,
    /// The place that is most likely meant; None when nothing is near.
    pub nearest: Option<String>,
}

/// Looks for what a path means among all places that there are (`/data/person[2]/age`).
pub fn nearest(path: &str, places: &[String]) -> Nowhere {
    let shown: String = path.chars().take(200).collect();
    let plain = |nearest: Option<&String>| Nowhere {
        message: format!("there is nothing at {shown}"),
        nearest: nearest.cloned(),
    };
    if path.len() > PATH_BYTES {
        return plain(None);
    }
    let is_there = |place: &str| places.iter().any(|own| own == place);
    let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
    let mut known = String::new();
    for (depth, step) in steps.iter().enumerate() {
        let next = format!("{known}/{step}");
        let is_last = depth + 1 == steps.len();
        // A repeat in the middle without a number means its first row.
        let first_row = format!("{next}[1]");
        if !is_last && is_there(&first_row) {
            known = first_row;
            continue;
        }
        if is_there(&next) {
            known = next;
            continue;
        }
        let base = step.split_once('[').map_or(*step, |(name, _)| name);
        let repeat = format!("{known}/{base}");
        let row = format!("{repeat}[");
        if is_there(&repeat) {
            let n_rows = places
                .iter()
                .filter_map(|place| place.strip_prefix(&row))
                .filter(|rest| rest.ends_with(']') && !rest.contains('/'))
                .count();
            let last = format!("{repeat}[{n_rows}]");
            let message = match n_rows {
                0 if is_last && base == *step => return plain(Some(&repeat)),
                0 => format!("there is nothing at {shown}: {repeat} has no rows or is none"),
                1 => format!("there is nothing at {shown}: {repeat} has 1 row"),
                n => format!("there is nothing at {shown}: {repeat} has {n} rows"),
            };
            let nearest = if n_rows == 0 { repeat } else { last };
            return Nowhere {
                message,
                nearest: Some(nearest),
            };
        }
        let around = format!("{known}/");
        let siblings = places
            .iter()
            .filter_map(|place| place.strip_prefix(&around))
            .filter(|rest| !rest.contains(['/', '[']));
        if let Some(name) = similar(base, siblings) {
            let rest = steps.get(depth + 1..).unwrap_or_default();
            let whole: String = std::iter::once(step.replacen(base, name, 1).as_str())
                .chain(rest.iter().copied())
                .fold(known.clone(), |path, step| format!("{path}/{step}"));
            let only = format!("{known}/{name}");
            return plain(Some(if is_there(&whole) { &whole } else { &only }));
        }
        break;
    }
    // The same name elsewhere, else one like it.
    let name_of = |place: &str| {
        let last = place.rsplit('/').next().unwrap_or(place);
        last.split_once('[').map_or(last, |(name, _)| name).to_string()
    };
    let wanted = name_of(path.trim_end_matches('/'));
    if wanted.is_empty() {
        return plain(None);
    }
    let names: Vec<String> = places.iter().map(|place| name_of(place)).collect();
    let likely = match names.contains(&wanted) {
        true => Some(wanted.as_str()),
        false => similar(&wanted, names.iter().map(String::as_str)),
    };
    let place = likely.and_then(|likely| names.iter().position(|name| name == likely));
    plain(place.and_then(|place| places.get(place)))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_path_that_is_nowhere_names_what_it_most_likely_means() {
        let places: Vec<String> = [
            "/data",
            "/data/age",
            "/data/home",
            "/data/home/street",
            "/data/person",
            "/data/person[1]",
            "/data/person[1]/name",
            "/data/person[2]",
            "/data/person[2]/name",
        ]
        .map(str::to_string)
        .to_vec();
        for (path, near) in [
            ("/data/agee", "/data/age"),
            ("/data/person[7]/name", "/data/person[2]"),
            ("/data/person[0]", "/data/person[2]"),
            ("/data/persn[1]/name", "/data/person[1]/name"),
            ("/data/person/nmae", "/data/person[1]/name"),
            ("/data/street", "/data/home/street"),
            ("street", "/data/home/street"),
            ("/date/age", "/data/age"),
            ("/data/age[3]", "/data/age"),
        ] {
            let found = nearest(path, &places);
            assert_eq!(found.nearest.as_deref(), Some(near), "{path}: {}", found.message);
        }
        for path in ["/data/quite_another_thing", "", "/", "//[[", "/data/[]"] {
            let _ = nearest(path, &places);
        }
        assert_eq!(nearest("/data/quite_another_thing", &places).nearest, None);
        assert_eq!(nearest(&"/x".repeat(10_000), &places).nearest, None);
    }
}
