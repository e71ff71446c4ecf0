//! Every route of the server stands in the authorisation table.

use crate::tidy::Violation;
use crate::tidy::tree::Tree;

/// The file that holds the table and, built from it, the router.
const TABLE: &str = "server/src/http/routes.rs";

/// Routes are made in one file only, the one that says for each who may use it.
pub fn routes(tree: &Tree) -> Result<Vec<Violation>, String> {
    let mut violations = Vec::new();
    for file in tree
        .rust()
        .filter(|file| file.path.starts_with("server/src/") && file.path != TABLE)
    {
        for (number, line) in file.production_lines() {
            if [".route(", ".nest(", ".route_service(", ".fallback("]
                .iter()
                .any(|call| line.contains(call))
            {
                violations.push(Violation {
                    rule: "routes",
                    place: format!("{}:{number}", file.path),
                    message: format!(
                        "a route outside {TABLE}; add it to the table there, with who may use it"
                    ),
                });
            }
        }
    }
    Ok(violations)
}
